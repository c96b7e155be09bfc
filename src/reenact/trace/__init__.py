"""What a command reads and writes beyond what is declared, and whom it speaks to: watched where that was asked for.

Python tells of it by itself, by an audit hook that every interpreter of the command loads (:mod:`reenact.trace.hook`).
It sees what Python opens, in this process and every one that it starts; not what other programs open, nor libraries
that open files by themselves (HDF5, Arrow), nor a Python that was told to ignore its environment (``-I``, ``-E``,
``-S``). ``strace`` sees all of it, and costs more.
"""
