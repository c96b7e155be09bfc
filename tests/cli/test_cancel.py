from __future__ import annotations

import json
from collections.abc import Callable

from reenact.world import World
from tests.recorded import record_run


def test_one_that_is_over_is_no_mistake(reenact: Callable[..., tuple[int, str, str]], world: World) -> None:
    folder = record_run(world)
    assert reenact("cancel", folder.id) == (0, "", f"run {folder.id[:8]} is over: finished\n")
    code, out, _ = reenact("cancel", "--json", "@")
    assert code == 0
    assert [run["state"] for run in json.loads(out)] == ["finished"]


def test_one_that_never_was_is(reenact: Callable[..., tuple[int, str, str]]) -> None:
    assert reenact("cancel", "nothing")[0] == 68
