"""Everything that effects need from outside, handed to them as one value; tests hand them another."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from reenact.errors import UsageError
from reenact.home import Home, find_home
from reenact.report import Report
from reenact.values import NamedTuple


class World(NamedTuple):
    """The home, the caller's variables and directory, who listens, and the clock (seconds since the epoch)."""

    home: Home
    environ: Mapping[str, str]
    cwd: Path
    report: Report
    now: Callable[[], float] = time.time

    def timestamp(self) -> str:
        """This moment as RFC 3339 in UTC with microseconds: ``2026-11-23T06:02:34.123456Z``."""
        return render_timestamp(self.now())

    def find_program(self, name: str) -> str | None:
        """The path of the program that the caller's ``PATH`` leads to."""
        for folder in self.environ.get("PATH", os.defpath).split(os.pathsep):
            path = os.path.join(folder, name)
            if folder and os.path.isfile(path) and os.access(path, os.X_OK):
                return path
        return None


def make_world(report: Report, environ: Mapping[str, str] = os.environ) -> World:
    """The world that this process was started in, or one with other variables.

    Raises:
        UsageError: its directory has been deleted.
    """
    try:
        cwd = Path.cwd()
    except FileNotFoundError as problem:
        raise UsageError("the current directory does not exist any more", hint="change to one that does") from problem
    return World(find_home(environ), dict(environ), cwd, report)


def render_timestamp(seconds: float) -> str:
    """RFC 3339 in UTC with microseconds; texts sort as the moments do."""
    micros = round(seconds * 1_000_000)
    whole, part = divmod(micros, 1_000_000)
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(whole)) + f".{part:06d}Z"
