from __future__ import annotations

import json
from collections.abc import Callable

from reenact.world import World
from tests.recorded import record_run


def test_damaged_folders_are_named_and_the_rest_is_indexed(
    reenact: Callable[..., tuple[int, str, str]], world: World
) -> None:
    good, bad = record_run(world), record_run(world)
    bad.result.write_text("not json")
    (world.home.runs / "stray").mkdir()
    code, out, err = reenact("reindex")
    assert (code, out) == (0, "1 run in the index\n")
    assert f"{bad.id} is not in the index: " in err
    assert "stray is not in the index: " in err
    found = json.loads(reenact("reindex", "--json")[1])
    assert found["runs"] == 1
    assert set(found["damaged"]) == {bad.id, "stray"}
    assert reenact("ls", "-q")[1] == f"{good.id}\n"
