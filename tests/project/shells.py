"""Real shells for tests: what does a program receive when a rendered command runs?"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence

SHELLS = tuple({os.path.realpath(found): s for s in ("sh", "dash", "bash") if (found := shutil.which(s))}.values())
"""The shells of this machine, each once."""

MARK = b"\x01\x02=\x02\x01"


def received(shell: str, commands: Sequence[str], environ: Mapping[str, str] | None = None) -> list[list[bytes]]:
    """The arguments that ``args`` got in each of the commands, run one after the other by one shell.

    ``args`` prints its arguments with a NUL after each. Every command is evaluated by itself, so that one that breaks
    the shell's syntax cannot hide the others.
    """
    prelude = "args() { for each; do printf '%s\\0' \"$each\"; done; }\nunset x\n"
    script = prelude + "".join(f"eval {_quoted(c)}\nprintf '%s' {_quoted(MARK.decode())}\n" for c in commands)
    source = script.encode("utf-8", "surrogateescape")
    done = subprocess.run(
        [shell, "/dev/stdin"],
        input=source,
        capture_output=True,
        env={"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8", **(environ or {})},
        timeout=60,
    )
    if done.stderr:
        sys.stdout.write(done.stderr.decode(errors="replace"))
    return [part.split(b"\0")[:-1] for part in done.stdout.split(MARK)[:-1]]


def _quoted(text: str) -> str:
    return "'" + text.replace("'", "'\\''") + "'"
