from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from reenact.records.filter import RunFilter
from reenact.records.history import list_runs
from reenact.runs import Result, State
from reenact.world import World
from tests.recorded import make_plan, record_run, start

FAILED = Result(State.FAILED, 1)

Reenact = Callable[..., tuple[int, str, str]]


def left(world: World) -> list[str]:
    return [run.id for run in list_runs(RunFilter(), None, world)]


def test_named_runs_go(reenact: Reenact, world: World) -> None:
    first, second, third = (record_run(world) for _ in range(3))
    assert reenact("rm", first.id, third.id[:10], third.id) == (0, f"{first.id}\n{third.id}\n", "")
    assert left(world) == [second.id]


def test_nothing_goes_when_one_of_the_names_is_wrong(reenact: Reenact, world: World) -> None:
    folder = record_run(world)
    code, _, err = reenact("rm", folder.id, "nothing")
    assert code == 68
    assert "no run 'nothing'" in err
    assert left(world) == [folder.id]


@pytest.mark.parametrize("known", [True, False])
def test_a_damaged_run_goes(known: bool, reenact: Reenact, world: World) -> None:
    kept, bad = record_run(world), record_run(world)
    if known:
        assert left(world) == [bad.id, kept.id]
    bad.plan.write_bytes(b"{")
    if not known:
        assert reenact("reindex")[0] == 0
    code, _, err = reenact("show", bad.id)
    assert code == 68
    assert "reenact rm with its whole id deletes it" in err
    assert reenact("rm", bad.id)[:2] == (0, f"{bad.id}\n")
    assert not bad.path.exists()
    assert left(world) == [kept.id]
    assert reenact("ls")[2] == ""


def test_a_damaged_run_stays_while_it_is_carried_out(reenact: Reenact, world: World) -> None:
    folder, alive = start(world, make_plan("busy"))
    folder.plan.write_bytes(b"{")
    code, _, err = reenact("rm", "--force", folder.id)
    assert code == 68
    assert "is under way" in err
    os.close(alive)
    assert reenact("rm", folder.id)[:2] == (0, f"{folder.id}\n")


def test_many_by_filter_need_a_yes_where_nobody_can_be_asked(reenact: Reenact, world: World) -> None:
    kept = record_run(world)
    failed = [record_run(world, result=FAILED).id for _ in range(2)]
    code, _, err = reenact("rm", "--state", "failed")
    assert code == 2
    assert "would delete 2 runs" in err
    assert len(left(world)) == 3
    assert json.loads(reenact("rm", "--state", "failed", "--yes", "--json")[1]) == failed[::-1]
    assert left(world) == [kept.id]


def test_older_than(reenact: Reenact, world: World) -> None:
    old = record_run(world._replace(now=lambda: 1_000_000_000.0))
    new = record_run(world._replace(now=lambda: 5_000_000_000.0))
    assert reenact("rm", "--older-than", "1d")[1] == f"{old.id}\n"
    assert left(world) == [new.id]


def test_a_living_run_stays(reenact: Reenact, world: World) -> None:
    folder, alive = start(world, make_plan("busy"))
    code, _, err = reenact("rm", folder.id)
    assert code == 68
    assert "is running" in err
    assert "reenact cancel" in err
    code, out, err = reenact("rm", "--project", "busy")
    assert (code, out) == (0, "")
    assert "under way and stay" in err
    assert left(world) == [folder.id]
    os.close(alive)


def test_what_to_delete_has_to_be_said(reenact: Reenact, world: World) -> None:
    folder = record_run(world)
    assert reenact("rm")[0] == 2
    assert reenact("rm", folder.id, "--state", "failed")[0] == 2
    assert left(world) == [folder.id]
