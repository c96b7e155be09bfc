"""A want of memory or disk, whichever of our own steps it came to."""

from __future__ import annotations

import errno
import re

from reenact.errors import BuildError

_WANTS = r"can't start new thread|failed to map segment|allocate memory"


def find_want(problem: Exception) -> BuildError | None:
    """The failure that a want of memory or disk is; None for all else."""
    number = getattr(problem, "errno", None)
    if number in (errno.ENOSPC, errno.EDQUOT):
        cause, hint = "the disk is full", "make room, and run again"
    elif isinstance(problem, MemoryError) or number in (errno.ENOMEM, errno.EAGAIN) or re.search(_WANTS, str(problem)):
        cause, hint = "there was not enough memory", "see: ulimit -a"
    else:
        return None
    said = f"{type(problem).__name__}: {problem}".removesuffix(": ")
    return BuildError(f"making the environment failed: {cause}\n  {said}", hint=hint)
