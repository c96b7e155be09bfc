"""Start a runner (a process that supervises a command) and see what becomes of everything it started."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from reenact.records.log import Entry, read_entries

ROOT = Path(__file__).parents[2]
PATIENCE = 15.0


def eventually(holds: Callable[[], bool], patience: float = PATIENCE) -> bool:
    deadline = time.monotonic() + patience
    while not holds():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.01)
    return True


def find_marked(mark: str) -> list[int]:
    """Every living process with the mark in its environment, found without the code under test."""
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                environ = Path("/proc", name, "environ").read_bytes()
                state = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()[0]
            except OSError:
                continue
            if mark.encode() in environ.split(b"\0") and state != b"Z":
                found.append(int(name))
    return found


def find_children(pid: int) -> list[int]:
    found = []
    for name in os.listdir("/proc"):
        if name.isdigit():
            try:
                fields = Path("/proc", name, "stat").read_bytes().rpartition(b")")[2].split()
            except OSError:
                continue
            if int(fields[1]) == pid:
                found.append(int(name))
    return found


def read_log(path: Path) -> Iterator[Entry]:
    """The entries of a log as it is now; nothing where there is none."""
    with suppress(FileNotFoundError), path.open("rb") as file:
        yield from filter(None, read_entries(file))


class Runner:
    """A process of its own that supervises ``script``; ``outcome`` is what it says at the end."""

    def __init__(self, folder: Path, script: str, *, streams: dict[str, Any] | None = None, **spawn: Any) -> None:
        self.folder = folder
        self.id = os.urandom(8).hex()
        self.mark = f"REENACT_RUN_ID={self.id}"
        config = {"argv": ["bash", "-c", script], "mark": self.mark, **spawn}
        (folder / "config.json").write_text(json.dumps(config))
        self.process = subprocess.Popen(
            [sys.executable, "-m", "tests.process.runner", str(folder)],
            cwd=ROOT,
            **(streams or {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE}),
        )

    def outcome(self) -> Any:
        return json.loads((self.folder / "outcome.json").read_text())

    def wait(self) -> Any:
        self.process.wait(PATIENCE * 2)
        return self.outcome()

    def log(self) -> list[Entry]:
        return list(read_log(self.folder / "log"))

    def logged(self, stream: str = "stdout") -> bytes:
        return b"".join(entry.printed for entry in self.log() if entry.stream == stream)

    def says(self, text: bytes, stream: str = "stdout") -> None:
        """Wait until the command has printed it."""
        assert eventually(lambda: text in self.logged(stream)), (text, self.log())

    def gone(self, patience: float = PATIENCE) -> bool:
        return eventually(lambda: not find_marked(self.mark), patience)

    def end(self) -> None:
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGCONT)
            self.process.kill()
        self.process.wait()
        for file in (self.process.stdin, self.process.stdout, self.process.stderr):
            if file is not None:
                file.close()
        for pid in find_marked(self.mark):
            os.kill(pid, signal.SIGKILL)


@contextmanager
def running(folder: Path, script: str, **more: Any) -> Iterator[Runner]:
    runner = Runner(folder, script, **more)
    try:
        yield runner
    finally:
        runner.end()


class Screen:
    """Somebody at a terminal: a pseudo-terminal whose other end is a runner's."""

    def __init__(self) -> None:
        self.master, self.slave = pty.openpty()
        self.shown = b""

    def read(self) -> None:
        while select.select([self.master], [], [], 0)[0]:
            try:
                self.shown += os.read(self.master, 65536)
            except OSError:
                return

    def shows(self, text: bytes) -> None:
        def there() -> bool:
            self.read()
            return text in self.shown

        assert eventually(there), (text, self.shown)

    def ends(self, text: bytes) -> None:
        def there() -> bool:
            self.read()
            return self.shown.endswith(text)

        assert eventually(there), (text, self.shown)

    def types(self, text: bytes) -> None:
        os.write(self.master, text)

    def close(self) -> None:
        os.close(self.master)
        os.close(self.slave)
