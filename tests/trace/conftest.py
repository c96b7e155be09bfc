"""A command that is traced without a run around it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from reenact.trace import hook as hook_module
from reenact.trace.events import Event, read_hook_events

Watch = Callable[..., "Watched"]


class Watched:
    """What a program did and what was seen of it."""

    def __init__(self, done: subprocess.CompletedProcess[str], events: list[Event]) -> None:
        self.code = done.returncode
        self.out = done.stdout
        self.err = done.stderr
        self.events = events

    def of(self, kind: str) -> list[str]:
        return [event.fields[0] for event in self.events if event.kind == kind]

    def below(self, folder: Path, kind: str) -> list[str]:
        return [os.path.relpath(path, folder) for path in self.of(kind) if path.startswith(f"{folder}/")]


@pytest.fixture
def traces(tmp_path: Path) -> Path:
    folder = tmp_path / "trace"
    (folder / "hook").mkdir(parents=True)
    shutil.copy(hook_module.__file__, folder / "hook" / "sitecustomize.py")
    return folder


@pytest.fixture
def watch(tmp_path: Path, traces: Path) -> Watch:
    """Run a script under the hook, in a folder of its own."""
    work = tmp_path / "work"
    work.mkdir()

    def run(script: str, *, python: str = sys.executable, environ: Mapping[str, str] = {}, path: str = "") -> Watched:
        variables = {**os.environ, "PYTHONPATH": f"{traces}/hook" + (f":{path}" if path else ""), **environ}
        done = subprocess.run([python, "-c", script], cwd=work, env=variables, capture_output=True, text=True)
        return Watched(done, read_hook_events(traces))

    return run
