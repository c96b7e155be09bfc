"""Runs whose environment cannot be made, as a person starts them: what is told, and what is kept."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path


class Failed:
    """A run whose environment could not be made: what the user was told, and what the run folder keeps."""

    def __init__(self, home: Path, code: int, said: str) -> None:
        self.code = code
        self.said = said
        (self.folder,) = (home / "runs").iterdir()
        self.reason = json.loads((self.folder / "result.json").read_text())["reason"]

    @property
    def first(self) -> str:
        return next(line for line in self.said.splitlines() if line.startswith("error: "))

    @property
    def log(self) -> str:
        return (self.folder / "build.log").read_text()

    def expect(self, cause: str, tail: str, step: str = "cd ") -> None:
        """The cause first, the tool's own lines, the log's place, the step to repeat; the same in the record."""
        assert cause in self.first, self.said
        assert tail in self.said
        assert f"the whole build log: {self.folder / 'build.log'}" in self.said
        assert f"to repeat the step: {step}" in self.said
        assert tail in self.log
        assert cause in self.reason.splitlines()[0]
        assert self.code == 70

    def repeat(self, home: Path, **environ: str) -> str:
        """What the step says when it is repeated as the hint has it."""
        step = self.said.partition("to repeat the step: ")[2].partition("\n")[0]
        around = {**os.environ, "REENACT_HOME": str(home), **environ}
        step = step.replace("reenact ", f"{sys.executable} -m reenact ", 1)
        return subprocess.run(step, shell=True, env=around, capture_output=True, text=True, check=False).stderr


def run_to_fail(project: Path, home: Path, *options: str, limit: str = "", **environ: str) -> Failed:
    """``reenact run PROJECT OPTIONS``; ``limit`` is how much memory it may have, in KiB."""
    dropped = ("PIP_", "UV_", "PYTHONDONTWRITE")
    around = {name: value for name, value in os.environ.items() if not name.startswith(dropped)}
    around |= {"REENACT_HOME": str(home), "UV_HTTP_RETRIES": "0", **environ}
    argv = [sys.executable, "-m", "reenact", "run", str(project), *options]
    if limit:
        argv = ["sh", "-c", f'ulimit -v {limit}; exec "$@"', "sh", *argv]
    done = subprocess.run(argv, env=around, capture_output=True, text=True, check=False)
    return Failed(home, done.returncode, done.stderr)
