from __future__ import annotations

import json
import os
from collections.abc import Callable

import pytest

from reenact.runs import Result, State
from reenact.world import World
from tests.recorded import make_plan, record_run, start

FAILED = Result(State.FAILED, 3, started="2026-11-18T11:06:41.000000Z", ended="2026-11-18T11:10:51.500000Z")
KILLED = Result(State.KILLED, 143, "SIGTERM", started="2026-11-18T11:06:41.000000Z", ended="2026-11-18T11:06:42Z")


def test_an_empty_home(reenact: Callable[..., tuple[int, str, str]]) -> None:
    assert reenact("ls") == (0, "", "no runs yet; start one with: reenact run .\n")
    assert reenact("ls", "--json") == (0, "[]\n", "")


def test_newest_first_with_all_that_tells_runs_apart(
    reenact: Callable[..., tuple[int, str, str]], world: World
) -> None:
    first = record_run(world, make_plan(lr="0.1", note="\x1b[31mred\n"))
    second = record_run(world, make_plan("iris", "train", token=None), FAILED)
    third = record_run(world, make_plan("プロジェクト"), KILLED)
    code, out, _ = reenact("ls")
    heading, *lines = out.splitlines()
    assert code == 0
    assert heading.split() == ["RUN", "STATE", "PROJECT", "ENTRY", "POINT", "STARTED", "TOOK", "PARAMETERS"]
    assert [line[:8] for line in lines] == [run.id[:8] for run in (third, second, first)]
    assert "killed (SIGTERM)  プロジェクト" in lines[0]
    assert "failed (3)" in lines[1]
    assert "4 min 10 s" in lines[1] or "4 min 11 s" in lines[1]
    assert "token=•" in lines[1]
    assert "lr=0.1 note=\\x1b[31mred\\n" in lines[2]


def test_json_has_what_was_promised(reenact: Callable[..., tuple[int, str, str]], world: World) -> None:
    record_run(world, make_plan(lr="0.1", odd="\udcff"), FAILED)
    (run,) = json.loads(reenact("ls", "--json")[1])
    assert {"id", "state", "exit_code", "project", "entry_point", "parameters", "started", "ended"} <= set(run)
    assert (run["state"], run["exit_code"], run["ended"]) == ("failed", 3, FAILED.ended)
    assert run["parameters"] == {"lr": "0.1", "odd": "\udcff"}


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--project", "iris"], [1]),
        (["-s", "failed"], [1]),
        (["-s", "failed", "-s", "finished"], [2, 1, 0]),
        (["-P", "lr=0.1"], [0]),
        (["-P", "lr>0.1", "-P", "lr<5"], [1]),
        (["-P", "lr"], [1, 0]),
        (["-e", "train"], [1]),
        (["--name", "best"], [2]),
        (["--since", "2000-01-01"], [2, 1, 0]),
        (["--since", "2100-01-01"], []),
        (["-n", "1"], [2]),
        (["--all"], [2, 1, 0]),
    ],
)
def test_filters(
    reenact: Callable[..., tuple[int, str, str]], world: World, options: list[str], found: list[int]
) -> None:
    runs = [
        record_run(world, make_plan(lr="0.1")),
        record_run(world, make_plan("iris", "train", lr="2"), FAILED),
        record_run(world, make_plan(name="best")),
    ]
    assert reenact("ls", "-q", *options)[1].split() == [runs[at].id for at in found]


def test_a_filter_that_cannot_be_read(reenact: Callable[..., tuple[int, str, str]]) -> None:
    code, out, err = reenact("ls", "-P", "lr>big")
    assert (code, out) == (2, "")
    assert "'big' is not a number" in err


def test_a_run_whose_process_died_is_lost(reenact: Callable[..., tuple[int, str, str]], world: World) -> None:
    _, alive = start(world)
    assert json.loads(reenact("ls", "--json")[1])[0]["state"] == "running"
    os.close(alive)
    assert json.loads(reenact("ls", "--json")[1])[0]["state"] == "lost"
