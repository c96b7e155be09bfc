"""What watches a command, and what in it cannot be watched."""

from __future__ import annotations

import pytest

from reenact.errors import UnsupportedError, UsageError
from reenact.home import Home
from reenact.plan import Command, DockerSpec, SystemSpec
from reenact.trace.choice import choose, find_doubts
from reenact.world import World
from tests.recorded import make_world


@pytest.fixture
def world(home: Home) -> World:

    return make_world(home)._replace(environ={"PATH": "/nowhere"})


def test_what_is_possible_is_chosen(world: World) -> None:
    assert choose("python", SystemSpec(), world) == "python"
    assert choose("python", DockerSpec(), world) == "python"
    with pytest.raises(UsageError, match="by 'magic'"):
        choose("magic", SystemSpec(), world)
    with pytest.raises(UnsupportedError, match="in a container"):
        choose("strace", DockerSpec(), world)
    with pytest.raises(UnsupportedError, match="takes Linux and the program strace"):
        choose("strace", SystemSpec(), world)


@pytest.mark.parametrize(
    ("text", "doubtful"),
    [
        ("python a.py", False),
        ("PYTHONPATH=src python a.py", True),
        ("export PYTHONPATH=. && python a.py", True),
        ("PYTHONPATH=src:$PYTHONPATH python a.py", False),
        ("PYTHONPATH=${PYTHONPATH}:src python a.py", False),
        ("MYPYTHONPATH=x python a.py", False),
        ("python -I a.py", True),
        ("python3.11 -u -S a.py", True),
        ("python -c 'print(1)' -S", False),
        ("python -um a -E", False),
    ],
)
def test_what_hides_a_python_is_told(text: str, doubtful: bool) -> None:
    assert bool(find_doubts("python", Command(text))) is doubtful
    assert not find_doubts("strace", Command(text))
