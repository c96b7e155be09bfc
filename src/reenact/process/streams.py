"""The three standard streams of this process."""

from __future__ import annotations

import os
import sys


def is_open(descriptor: int) -> bool:
    """Whether something is open under this number."""
    try:
        os.fstat(descriptor)
    except OSError:
        return False
    return True


def open_closed_streams() -> None:
    """Open each standard stream that whoever started us has closed, leading nowhere.

    Otherwise the next file that we open gets its number, and the command's output goes into a file of ours. To be
    called before anything is opened.
    """
    for descriptor, name, mode in ((0, "stdin", "r"), (1, "stdout", "w"), (2, "stderr", "w")):
        # Python itself has looked, and gives no file to a closed stream.
        if getattr(sys, name) is None:
            # The lowest number that is free is given, which is this one.
            setattr(sys, name, open(os.devnull, mode, encoding="utf-8"))  # noqa: SIM115
            os.set_inheritable(descriptor, True)
