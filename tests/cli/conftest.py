"""The command line in this process, with real runs in the test's own home."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import pytest

from reenact.cli import main
from reenact.home import Home
from reenact.world import World
from tests.recorded import make_world


class Said(NamedTuple):
    code: int
    out: str
    err: str


@pytest.fixture
def reenact(capfdbinary: pytest.CaptureFixture[bytes]) -> Callable[..., Said]:
    """Run a command line and say what came of it."""

    def call(*argv: str) -> Said:
        capfdbinary.readouterr()
        code = main(argv)
        out, err = capfdbinary.readouterr()
        return Said(code, out.decode(), err.decode())

    return call


@pytest.fixture
def world(home: Home) -> World:
    """The world in which the runs are made."""
    return make_world(home)
