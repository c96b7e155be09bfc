"""What is kept of the runs: their folders as values, their life, the index over them.

``types``: what the files in a run's folder hold. ``files``, ``events``: how these are read, added to. ``log``: the
format of its log. ``life``: a run from its first moment to its last. ``lookup``: which run a name means. ``filter``:
which runs a list means. ``history``: what is done with those there have been. ``owed``, ``index`` and ``store``: what
the index does not know yet, the index over the folders, and its rows.
"""
