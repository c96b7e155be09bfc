from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.errors import StorageError
from reenact.home import Home
from reenact.records.files import read_run
from reenact.records.filter import Comparison, ParameterFilter, RunFilter, parse_number, parse_parameter_filter
from reenact.records.history import list_runs, reindex
from reenact.records.index import open_index
from reenact.records.store import SCHEMA_VERSION, Store, created, opened
from reenact.runs import Run, State
from tests.recorded import make_plan, make_world, record_run, told

ROOT = Path(__file__).parents[2]


def make_run(number: int, state: State = State.FINISHED, project: str = "p", **parameters: str | None) -> Run:
    moment = f"2026-11-23T00:00:{number:02d}.000000Z"
    return Run(f"{number:032x}", state, 0, project, "main", parameters, moment, moment, moment, f"/runs/{number:032x}")


@pytest.mark.parametrize(
    ("wanted", "through"),
    [
        (RunFilter(), "USING INDEX runs_by_time"),
        (RunFilter(project="p"), "USING INDEX runs_by_project (project=?)"),
        (RunFilter(states=(State.FAILED,)), "USING INDEX runs_by_time"),
        (RunFilter(name="n"), "USING INDEX runs_by_name (name=?)"),
        (RunFilter(entry_point="train"), "USING INDEX runs_by_time"),
        (RunFilter(since="2026"), "USING INDEX runs_by_time (created>?)"),
        (RunFilter(parameters=(parse_parameter_filter("lr=0.1"),)), "USING PRIMARY KEY (name=?)"),
        (RunFilter(parameters=(parse_parameter_filter("lr>0.1"),)), "USING PRIMARY KEY (name=?)"),
        (RunFilter(project="p", parameters=(parse_parameter_filter("lr"),)), "USING INDEX runs_by_project (project=?)"),
    ],
)
def test_every_list_walks_an_index_in_its_own_order(wanted: RunFilter, through: str) -> None:
    with created(None, Path("/runs")) as store:
        steps = store.explain(wanted)
    assert through in steps[0]
    assert not any("TEMP B-TREE FOR ORDER" in step for step in steps), steps


def test_what_is_under_way_is_found_through_its_own_index() -> None:
    with created(None, Path("/runs")) as store:
        store.put(make_run(1, State.RUNNING))
        store.put(make_run(2))
        assert [run.id for run in store.unfinished()] == [make_run(1).id]


VALUES = st.sampled_from(["0.1", "0.10", "1e-1", "2", "10", "text", "", "nan", None])
TESTS = st.builds(
    lambda name, comparison, value: ParameterFilter(name, comparison, value, parse_number(value)),
    st.sampled_from(["lr", "n"]),
    st.sampled_from(["=", "!=", "<", "<=", ">", ">=", "has"]),
    st.sampled_from(["0.1", "2", "10"]),
)


def holds(test: ParameterFilter, run: Run) -> bool:
    """The meaning of a filter, as plainly as it can be said."""
    if test.name not in run.parameters:
        return False
    value, number = run.parameters[test.name], parse_number(run.parameters[test.name])
    same = value == test.value or (number is not None and number == test.number)
    if test.comparison == "has":
        return True
    if test.comparison in ("=", "!="):
        return value is not None and same == (test.comparison == "=")
    if number is None or test.number is None:
        return False
    orders: dict[Comparison, bool] = {
        "<": number < test.number,
        "<=": number <= test.number,
        ">": number > test.number,
        ">=": number >= test.number,
    }
    return orders[test.comparison]


@settings(deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.lists(st.tuples(st.dictionaries(st.sampled_from(["lr", "n", "x"]), VALUES), st.sampled_from("pq")), max_size=8),
    st.lists(TESTS, max_size=3),
    st.sampled_from([None, "p", "q"]),
    st.sets(st.sampled_from([State.FINISHED, State.FAILED])),
    st.sampled_from([None, 1, 3]),
)
def test_filters_mean_what_they_say(
    made: list[tuple[dict[str, str | None], str]],
    tests: list[ParameterFilter],
    project: str | None,
    states: set[State],
    limit: int | None,
) -> None:
    runs = [
        make_run(at, State.FAILED if at % 2 else State.FINISHED, name, **parameters)
        for at, (parameters, name) in enumerate(made)
    ]
    wanted = [
        run
        for run in reversed(runs)
        if project in (None, run.project)
        and (not states or run.state in states)
        and all(holds(test, run) for test in tests)
    ]
    with created(None, Path("/runs")) as store:
        for run in runs:
            store.put(run)
        found = store.select(RunFilter(project=project, states=tuple(states), parameters=tuple(tests)), limit)
    assert found == wanted[:limit]


def test_ids_are_shortened_as_far_as_they_stay_apart() -> None:
    with created(None, Path("/runs")) as store:
        run = make_run(1)
        ids = ["abcdefgh00" + "0" * 22, "abcdefgh01" + "0" * 22, "b" * 32]
        for run_id in ids:
            store.put(run._replace(id=run_id))
        assert store.shortest(ids) == 10
        assert store.shortest(["b" * 32]) == 8
        assert store.shortest([]) == 8


def test_deleting_a_run_deletes_its_parameters(home: Home) -> None:
    world = make_world(home)
    folder = record_run(world, make_plan(lr="0.1"))
    open_index(world).write(lambda store: store.delete([folder.id]))
    with sqlite3.connect(home.store) as connection:
        assert connection.execute("SELECT count(*) FROM parameters").fetchone() == (0,)
    connection.close()


def damage_header(file: Path) -> None:
    file.write_bytes(b"this is not a database" * 100)


def damage_pages(file: Path) -> None:
    size = file.stat().st_size
    with file.open("r+b") as opened_file:
        opened_file.seek(4096)
        opened_file.write(b"\xff" * (size - 4096))


def empty(file: Path) -> None:
    file.write_bytes(b"")


def outdate(file: Path) -> None:
    connection = sqlite3.connect(file)
    connection.execute("DROP TABLE parameters")
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION - 1}")
    connection.close()


@pytest.mark.parametrize("harm", [damage_header, damage_pages, empty, outdate, Path.unlink])
def test_an_index_that_is_harmed_is_made_again_and_that_is_told_in_a_line(home: Home, harm: object) -> None:
    world = make_world(home)
    runs = [read_run(record_run(world, make_plan(lr=str(at)))) for at in range(30)]
    in_child(home, "open_index(world).read(lambda store: store.count())")  # whoever closes last empties the log
    from reenact.records.store import close_idle

    close_idle()
    assert callable(harm)
    harm(home.root / os.readlink(home.store))
    assert list_runs(RunFilter(), None, world) == runs[::-1]
    notes = [text for kind, text in told(world) if kind == "note"]
    assert len(notes) == 1
    assert "making it again from the run folders" in notes[0]
    again = make_world(home)
    assert list_runs(RunFilter(), None, again) == runs[::-1]
    assert told(again) == []
    assert len(list(home.root.glob("store-*.sqlite"))) == 1


def test_a_newer_index_is_refused_until_it_is_asked_to_go(home: Home) -> None:
    world = make_world(home)
    record_run(world)
    from reenact.records.store import close_idle

    close_idle()
    connection = sqlite3.connect(home.store)
    connection.execute(f"PRAGMA user_version = {SCHEMA_VERSION + 1}")
    connection.close()
    with pytest.raises(StorageError, match="newer reenact") as caught:
        list_runs(RunFilter(), None, world)
    assert caught.value.hint is not None
    assert "reindex" in caught.value.hint
    assert reindex(world).runs == 1
    assert len(list_runs(RunFilter(), None, world)) == 1


def test_a_connection_is_not_used_across_a_fork(home: Home) -> None:
    world = make_world(home)
    record_run(world)
    child = os.fork()
    if child == 0:
        try:
            record_run(world)
            os._exit(0)
        except BaseException:
            os._exit(1)
    assert os.waitpid(child, 0)[1] == 0
    record_run(world)
    assert len(list_runs(RunFilter(), None, world)) == 3


def test_an_index_without_a_write_ahead_log_serves_as_well(home: Home) -> None:
    home.root.mkdir(exist_ok=True)
    file = home.root / "store-network.sqlite"
    with created(file, home.runs) as store:
        store.complete("DELETE")
    home.store.symlink_to(file.name)
    world = make_world(home)
    record_run(world)
    assert len(list_runs(RunFilter(), None, world)) == 1
    with opened(file, home.runs) as store:
        assert isinstance(store, Store)
    assert not file.with_name(file.name + "-wal").exists()


def in_child(home: Home, statement: str, *, prefix: tuple[str, ...] = ()) -> str:
    done = subprocess.run(
        [*prefix, sys.executable, "-c", SCRIPT.format(root=str(ROOT), statement=statement)],
        env={**os.environ, "REENACT_HOME": str(home.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


SCRIPT = """
import os, sys
sys.path.insert(0, {root!r})
from reenact.home import find_home
from reenact.records.history import list_runs, reindex, remove
from reenact.records.index import open_index
from reenact.records.filter import RunFilter
from tests.recorded import make_world, record_run, told
world = make_world(find_home(os.environ))
{statement}
"""


@pytest.mark.slow
@pytest.mark.parametrize("harmed", [False, True])
def test_many_at_once_lose_nothing_while_the_index_is_rebuilt(home: Home, harmed: bool) -> None:
    world = make_world(home)
    record_run(world)
    command = [sys.executable, "-c", SCRIPT.format(root=str(ROOT), statement="for _ in range(100): record_run(world)")]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(8)]
    seen = harms = 0
    while any(writer.poll() is None for writer in writers):
        if not harmed:
            reindex(world)
        elif harms < 5:
            harms += 1
            home.store.unlink(missing_ok=True)
        count = len(list_runs(RunFilter(), None, world))
        assert count >= seen, "a list never goes back"
        seen = count
    assert [(writer.wait(), writer.communicate()[1].decode()) for writer in writers] == [(0, "")] * 8
    runs = list_runs(RunFilter(), None, world)
    assert len(runs) == len({run.id for run in runs}) == 801
    assert {run.state for run in runs} == {State.FINISHED}


@pytest.mark.skipif(sys.platform != "linux", reason="uses setpriv")
def test_a_home_that_is_not_ours_can_be_read(home: Home) -> None:
    import shutil

    if shutil.which("setpriv") is None:
        pytest.skip("needs setpriv")
    world = make_world(home)
    runs = [record_run(world) for _ in range(2)]
    assert len(list_runs(RunFilter(), None, world)) == 2
    runs.append(record_run(world))
    from reenact.records.store import close_idle

    close_idle()
    places = [home.root, *home.root.rglob("*")]
    places = [place for place in places if not place.is_symlink()]
    before = {place: place.stat().st_mode for place in places}
    # Without capabilities even root is held to these.
    prefix = ("setpriv", "--inh-caps=-all", "--bounding-set=-all")
    look = "print(*[run.id for run in list_runs(RunFilter(), None, world)])"
    try:
        for place in places:
            place.chmod(0o555 if place.is_dir() else 0o444)
        wanted = " ".join(run.id for run in reversed(runs)) + "\n"
        assert in_child(home, look, prefix=prefix) == wanted
        # What the index has is taken from there, and what it is owed from the folders.
        plans = [(run.plan, run.plan.read_bytes()) for run in runs[:2]]
        for plan, _ in plans:
            plan.write_bytes(b"damaged")
        assert in_child(home, look, prefix=prefix) == wanted
        for plan, text in plans:
            plan.write_bytes(text)
        home.root.chmod(0o755)
        home.store.unlink()
        home.root.chmod(0o555)
        assert in_child(home, look, prefix=prefix) == wanted
    finally:
        for place in places:
            place.chmod(before[place])
