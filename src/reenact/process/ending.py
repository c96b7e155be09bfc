"""What ends the part of a command that is no process of ours: a container, whose engine started it.

It is an argument list, and run twice, for the engine may still be making what the command asked for when the command
is ended; again is harmless.
"""

from __future__ import annotations

import subprocess
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress

PAUSE = 0.3
"""Seconds between the two times."""

_TIMEOUT = 20.0


def end_elsewhere(argv: Sequence[str], environ: Mapping[str, str] | None, *, pause: float = PAUSE) -> None:
    """Run ``argv`` twice with ``pause`` seconds between; what it says and how it ends does not matter.

    ``environ`` is all of its environment, None for ours.
    """
    for wait in (0.0, pause):
        time.sleep(wait)
        with suppress(OSError, subprocess.TimeoutExpired):  # Nothing is left that could be done.
            subprocess.run(
                argv,
                env=environ,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                timeout=_TIMEOUT,
                start_new_session=True,
                check=False,
            )
