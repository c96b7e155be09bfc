"""The installed command in a process of its own, as a user has it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from tests.process.running import eventually, find_marked

REENACT = str(Path(sys.executable).with_name("reenact"))
PATIENCE = 60.0


class Said(NamedTuple):
    """What a process answered."""

    code: int
    out: str
    err: str


class User:
    """Somebody with a home for runs, a directory and an environment, who types commands.

    Everything that is started carries a mark in its environment, by which what survives is found.
    """

    def __init__(self, folder: Path, home: Path, **environ: str | None) -> None:
        self.folder = folder
        self.home = home
        self.mark = f"REENACT_TEST={os.urandom(8).hex()}"
        own = {"REENACT_HOME": str(home), "REENACT_TEST": self.mark.partition("=")[2], **environ}
        inherited = {
            name: value
            for name, value in os.environ.items()
            if not name.startswith(("MLFLOW_", "REENACT_", "COVERAGE", "PYTEST"))
        }
        # Where nothing else is needed, a project runs on the Python of the tests.
        inherited["PATH"] = f"{Path(sys.executable).parent}:{inherited['PATH']}"
        self.environ = {name: value for name, value in {**inherited, **own}.items() if value is not None}

    def call(
        self,
        *argv: str,
        cwd: Path | None = None,
        stdin: str = "",
        environ: Mapping[str, str] | None = None,
        patience: float = PATIENCE,
    ) -> Said:
        """Type a command and wait."""
        done = subprocess.run(
            [REENACT, *argv],
            cwd=cwd or self.folder,
            env=self.environ | dict(environ or {}),
            input=stdin,
            capture_output=True,
            text=True,
            timeout=patience,
        )
        return Said(done.returncode, done.stdout, done.stderr)

    def run(self, *argv: str, **more: Any) -> Said:
        """Run a project without an environment of its own, saying little."""
        return self.call("run", "--quiet", "--env-manager", "system", *argv, **more)

    def runs(self, *argv: str, environ: Mapping[str, str] | None = None) -> list[dict[str, Any]]:
        """What ``ls --json`` lists."""
        said = self.call("ls", "--json", *argv, environ=environ)
        assert (said.code, said.err) == (0, ""), said
        listed: list[dict[str, Any]] = json.loads(said.out)
        return listed

    @contextmanager
    def starts(
        self, *argv: str, cwd: Path | None = None, environ: Mapping[str, str] | None = None, **more: Any
    ) -> Iterator[subprocess.Popen[bytes]]:
        """Type a command and go on; what is left of it at the end is killed."""
        streams: Any = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
        environ = self.environ | dict(environ or {})
        process: subprocess.Popen[bytes] = subprocess.Popen(
            [REENACT, *argv], cwd=cwd or self.folder, env=environ, **streams | more
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    def left(self) -> list[int]:
        """The processes that anything started and that still live."""
        return find_marked(self.mark)

    def is_alone(self) -> bool:
        """Whether nothing that was started lives, or soon does not."""
        return eventually(lambda: not self.left())


def write_project(folder: Path, mlproject: str, **files: str) -> Path:
    """A folder with an MLproject and other files, a double underscore in a name standing for the dot."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "MLproject").write_text(mlproject)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)
    return folder
