from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from reenact.errors import RecordError
from reenact.files import hold
from reenact.home import Home
from reenact.records.events import read_events
from reenact.records.files import read_plan, read_record, read_result, read_run
from reenact.records.filter import RunFilter
from reenact.records.history import list_runs, reindex, remove, sweep
from reenact.records.index import open_index
from reenact.records.life import (
    find_folder,
    finish,
    make_origin,
    move,
    new_run_id,
    publish,
    settle,
    stage,
    update_index,
)
from reenact.records.lookup import find_run, get_run
from reenact.records.owed import MOST, list_owed
from reenact.runs import Result, State
from tests.recorded import FINISHED, make_plan, make_world, record_run, start, told

ROOT = Path(__file__).parents[2]


def test_ids_have_the_form_of_mlflow() -> None:
    first, second = new_run_id(), new_run_id()
    assert first != second
    assert len(first) == 32
    assert set(first) <= set("0123456789abcdef")


def test_a_life(home: Home) -> None:
    world = make_world(home)
    plan = make_plan(lr="0.1", note="caf\u00e9 \udcff")
    staged = stage(world)
    assert not home.runs.exists()
    run = publish(staged.path, plan, world)
    folder = find_folder(run)
    assert folder.path == home.runs / staged.path.name
    assert not staged.path.exists()
    assert read_run(folder).state is State.QUEUED
    for state in (State.PREPARING, State.RUNNING):
        run = move(run, state, world)
        assert run == read_run(folder)
    run = finish(run, FINISHED, world)
    os.close(staged.alive)
    assert run == read_run(folder)
    assert read_plan(folder) == plan
    assert read_result(folder) == FINISHED
    assert [event.state.value for event in read_events(folder)] == ["queued", "preparing", "running", "finished"]
    assert (run.state, run.exit_code, run.started, run.ended) == (State.FINISHED, 0, FINISHED.started, FINISHED.ended)
    assert [run] == list_runs(RunFilter(), None, world)
    assert told(world) == []


def test_the_index_says_at_every_moment_what_the_files_say(home: Home) -> None:
    world = make_world(home)
    staged = stage(world)
    run = publish(staged.path, make_plan(), world)
    folder = find_folder(run)
    seen = [(list_runs(RunFilter(), None, world)[0], read_run(folder))]
    for state in (State.PREPARING, State.RUNNING):
        run = move(run, state, world)
        seen.append((list_runs(RunFilter(), None, world)[0], read_run(folder)))
    finish(run, FINISHED, world)
    seen.append((list_runs(RunFilter(), None, world)[0], read_run(folder)))
    os.close(staged.alive)
    assert [a == b for a, b in seen] == [True] * 4


def test_a_run_that_begins_opens_no_database_and_is_listed_all_the_same(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    assert not home.store.exists()
    assert [path.name for path in home.owed.iterdir()] == [folder.id]
    assert list_runs(RunFilter(), None, world) == [read_run(folder)]
    update_index(read_run(folder), world)
    assert list(home.owed.iterdir()) == []
    assert list_runs(RunFilter(), None, world) == [read_run(folder)]
    assert [kind for kind, _ in told(world)] == []
    os.close(alive)


def test_a_note_of_somebody_who_died_before_the_run_was_there(home: Home) -> None:
    world = make_world(home)
    folder = record_run(world)
    (home.owed / ("0" * 32)).touch()
    assert list_runs(RunFilter(), None, world) == [read_run(folder)]
    assert list(home.owed.iterdir()) == []


def test_one_that_died_before_it_entered_the_index_is_found_lost(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    os.close(alive)
    (found,) = list_runs(RunFilter(), None, world)
    assert (found.id, found.state) == (folder.id, State.LOST)
    assert list(home.owed.iterdir()) == []


def test_a_run_that_ends_in_a_moment_opens_no_database_and_is_listed_all_the_same(home: Home) -> None:
    world = make_world(home)
    folder = record_run(world)
    assert not home.store.exists()
    assert [run.id for run in list_runs(RunFilter(states=(State.FINISHED,)), None, world)] == [folder.id]
    assert list(home.owed.iterdir()) == []


def test_a_run_that_the_index_knows_tells_it_of_its_end(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    update_index(read_run(folder), world)
    finish(read_run(folder), FINISHED, world)
    os.close(alive)
    assert list(home.owed.iterdir()) == []
    (row,) = open_index(world).read(lambda store: store.select(RunFilter(), None))
    assert row.state is State.FINISHED


def test_no_more_is_owed_than_somebody_has_time_for(home: Home) -> None:
    world = make_world(home)
    for _ in range(MOST - 1):
        record_run(world)
    assert not home.store.exists()
    assert len(list_owed(home)) == MOST - 1
    record_run(world)
    assert list_owed(home) == []
    assert open_index(world).read(lambda store: store.count()) == MOST


def test_one_that_died_is_owed_to_nobody_who_comes_after(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    os.close(alive)
    another, at_work = start(world)
    update_index(read_run(record_run(world)), world)
    assert [path.name for path in home.owed.iterdir()] == [another.id]
    os.close(at_work)
    assert {run.id: run.state for run in list_runs(RunFilter(), None, world)}[folder.id] is State.LOST


def test_illegal_moves_are_refused(home: Home) -> None:
    world = make_world(home)
    staged = stage(world)
    run = publish(staged.path, make_plan(), world)
    with pytest.raises(RecordError, match="queued and cannot become running"):
        move(run, State.RUNNING, world)
    with pytest.raises(RecordError, match="queued and cannot become finished"):
        finish(run, FINISHED, world)
    run = finish(run, Result(State.FAILED, reason="no"), world)
    with pytest.raises(RecordError, match="failed and cannot become killed"):
        finish(run, Result(State.KILLED), world)
    os.close(staged.alive)


def test_a_run_is_published_only_by_who_keeps_it_alive(home: Home) -> None:
    world = make_world(home)
    staged = stage(world)
    os.close(staged.alive)
    with pytest.raises(RecordError, match="nobody holds"):
        publish(staged.path, make_plan(), world)
    assert not home.runs.exists()


def test_a_run_whose_process_is_gone_is_lost_and_one_that_lives_is_not(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    assert settle(folder, world).state is State.RUNNING
    os.close(alive)
    run = settle(folder, world)
    assert run.state is State.LOST
    assert run.reason == "the process that carried it out is gone"
    assert run.ended is not None
    assert read_result(folder) is not None
    assert settle(folder, world) == run


def test_one_that_was_queued_when_its_launcher_died_is_lost_too(home: Home) -> None:
    world = make_world(home)
    staged = stage(world)
    run = publish(staged.path, make_plan(), world)
    assert list_runs(RunFilter(), None, world)[0].state is State.QUEUED
    os.close(staged.alive)
    assert list_runs(RunFilter(states=(State.LOST,)), None, world)[0].id == run.id


def test_a_lock_handed_to_another_process_keeps_the_run_alive_without_a_gap(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    os.set_inheritable(alive, True)
    with subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE, pass_fds=[alive]) as worker:
        os.close(alive)
        assert settle(folder, world).state is State.RUNNING
        worker.kill()
    assert settle(folder, world).state is State.LOST


def test_a_death_between_the_last_event_and_the_result_loses_nothing(home: Home) -> None:
    world = make_world(home)
    folder = record_run(world)
    folder.result.unlink()
    assert read_run(folder).state is State.RUNNING
    assert settle(folder, world).state is State.FINISHED
    assert read_result(folder) == FINISHED


def test_a_death_between_the_result_and_the_index_is_made_good(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    behind = read_run(folder)
    finish(behind, FINISHED, world)
    os.close(alive)
    open_index(world).write(lambda store: store.put(behind))
    assert list_runs(RunFilter(states=(State.FINISHED,)), None, world) == [read_run(folder)]


def test_a_torn_event_line_does_not_swallow_the_next(home: Home) -> None:
    world = make_world(home)
    staged = stage(world)
    run = publish(staged.path, make_plan(), world)
    folder = find_folder(run)
    with folder.events.open("ab") as file:
        file.write(b'{"time": "2026')
    move(run, State.PREPARING, world)
    os.close(staged.alive)
    assert [event.state for event in read_events(folder)] == [State.QUEUED, State.PREPARING]


def test_an_index_that_cannot_be_written_does_not_stop_a_run(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    update_index(read_run(folder), world)
    home.store.unlink()
    home.store.symlink_to("nowhere/at/all.sqlite")
    (home.root / "store.rebuild").unlink()
    (home.root / "store.rebuild").mkdir()
    finish(read_run(folder), FINISHED, world)
    os.close(alive)
    assert read_result(folder) == FINISHED
    assert [kind for kind, _ in told(world)] == ["warn"]
    (home.root / "store.rebuild").rmdir()
    assert list_runs(RunFilter(), None, world)[0].state is State.FINISHED


@pytest.mark.skipif(os.getuid() != 0, reason="only root can become a user without a name")
def test_a_user_without_a_name_is_a_number(home: Home) -> None:
    # MLflow W-30
    import pwd

    with pytest.raises(KeyError):
        pwd.getpwuid(54321)
    world = make_world(home)._replace(environ={})
    read_end, write_end = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.setuid(54321)
            os.write(write_end, make_origin(world).user.encode())
        finally:
            os._exit(0)
    os.close(write_end)
    os.waitpid(child, 0)
    assert os.read(read_end, 100) == b"54321"
    os.close(read_end)


class TestFinding:
    def test_by_id_prefix_name_and_place(self, home: Home) -> None:
        world = make_world(home)
        first = record_run(world, make_plan(name="baseline"))
        second = record_run(world)
        assert get_run(first.id, world) == first
        assert get_run(first.id[:10], world) == first
        assert get_run("baseline", world) == first
        assert get_run("@", world) == get_run("last", world) == second
        assert get_run("@~1", world) == first
        assert find_run("@~2", world) is None

    def test_several_are_listed(self, home: Home) -> None:
        world = make_world(home)
        runs = [record_run(world, make_plan(name="same")) for _ in range(2)]
        with pytest.raises(RecordError) as caught:
            find_run("same", world)
        assert all(run.id[:16] in caught.value.message for run in runs)

    @pytest.mark.parametrize("name", ["nothing", "@", "@~3", "0" * 32, "../runs", "%", "", "\udcff"])
    def test_unknown_is_told_with_a_hint(self, home: Home, name: str) -> None:
        with pytest.raises(RecordError) as caught:
            get_run(name, make_world(home))
        assert caught.value.hint
        assert not (home.root / "store.sqlite").exists(), "to look makes nothing"

    def test_a_folder_that_was_copied_in_is_known_by_its_id(self, home: Home) -> None:
        world = make_world(home)
        record_run(world)
        folder = record_run(world)
        open_index(world).write(lambda store: store.delete([folder.id]))
        assert get_run(folder.id, world) == folder
        assert len(list_runs(RunFilter(), None, world)) == 2

    def test_a_folder_that_was_deleted_by_hand_is_forgotten(self, home: Home) -> None:
        import shutil

        world = make_world(home)
        first, second = record_run(world), record_run(world)
        shutil.rmtree(second.path)
        assert get_run("@", world) == first
        assert find_run(second.id, world) is None
        assert [run.id for run in list_runs(RunFilter(), None, world)] == [first.id]


class TestRemoving:
    def test_folder_and_row_go_and_what_links_lead_to_stays(self, home: Home, tmp_path: Path) -> None:
        world = make_world(home)
        precious = tmp_path / "precious"
        precious.mkdir()
        (precious / "file").write_text("mine")
        folder = record_run(world)
        folder.code.symlink_to(precious)
        folder.artifacts.mkdir()
        (folder.artifacts / "locked").mkdir(mode=0o500)
        (folder.artifacts / "link").symlink_to(precious / "file")
        remove(folder, world)
        assert (precious / "file").read_text() == "mine"
        assert not folder.path.exists()
        assert list(home.staging.iterdir()) == []
        assert list_runs(RunFilter(), None, world) == []

    def test_a_living_run_stays(self, home: Home) -> None:
        world = make_world(home)
        folder, alive = start(world)
        with pytest.raises(RecordError, match="is running"):
            remove(folder, world)
        assert folder.plan.exists()
        os.close(alive)

    def test_sweeping_takes_only_what_the_dead_left(self, home: Home) -> None:
        world = make_world(home)
        living, dead = stage(world), stage(world)
        os.close(dead.alive)
        (home.staging / "trash-x").mkdir()
        sweep(world)
        assert [path.name for path in home.staging.iterdir()] == [living.path.name]
        os.close(living.alive)


def test_a_damaged_run_is_told_and_the_others_are_listed(home: Home) -> None:
    world = make_world(home)
    good = record_run(world)
    bad, alive = start(world)
    os.close(alive)
    bad.plan.write_text("{")
    assert good.id in [run.id for run in list_runs(RunFilter(), None, world)]
    assert any(bad.id in text for kind, text in told(world) if kind == "warn")
    with pytest.raises(RecordError, match="damaged"):
        read_record(bad)
    found = reindex(world)
    assert found.runs == 1
    assert list(found.damaged) == [bad.id]
    assert json.loads(good.result.read_bytes())["state"] == "finished"


WRITER = """
import os, sys
sys.path.insert(0, {root!r})
from reenact.home import find_home
from reenact.records.history import remove, reindex
from tests.recorded import make_world, record_run
world = make_world(find_home(os.environ))
print("go", flush=True)
while True:
    kept, gone = record_run(world), record_run(world)
    remove(gone, world)
    if {reindexing!r}:
        reindex(world)
"""


@pytest.mark.slow
@pytest.mark.parametrize("reindexing", [False, True])
def test_killed_at_any_moment_leaves_whole_runs_or_none(home: Home, reindexing: bool) -> None:
    world = make_world(home)
    script = WRITER.format(root=str(ROOT), reindexing=reindexing)
    for attempt in range(12):
        with subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE) as writer:
            assert writer.stdout is not None
            assert writer.stdout.readline() == b"go\n"
            time.sleep(0.05 + attempt * 0.007)  # the moment of death is what is varied here
            writer.send_signal(signal.SIGKILL)
        listed = {run.id: run for run in list_runs(RunFilter(), None, world)}
        folders = {path.name for path in home.runs.iterdir()}
        assert set(listed) == folders
        for run in listed.values():
            assert run.state in (State.FINISHED, State.LOST)
            assert run == read_run(get_run(run.id, world))
        sweep(world._replace(now=time.time))
        # Nothing is left but what a death between making a folder and taking its lock can leave.
        assert not any((path / "alive").exists() for path in home.staging.iterdir())
    sweep(world._replace(now=lambda: time.time() + 4000))
    assert list(home.staging.iterdir()) == []
    assert reindex(world).damaged == {}


@pytest.mark.slow
def test_many_who_look_settle_a_lost_run_once(home: Home) -> None:
    world = make_world(home)
    folder, alive = start(world)
    os.close(alive)
    look = f"""
import os, sys
sys.path.insert(0, {str(ROOT)!r})
from reenact.home import find_home
from reenact.records.history import list_runs
from reenact.records.filter import RunFilter
from tests.recorded import make_world
world = make_world(find_home(os.environ))
sys.stdin.readline()
print(list_runs(RunFilter(), None, world)[0].state.value)
"""
    lookers = [
        subprocess.Popen([sys.executable, "-c", look], stdin=subprocess.PIPE, stdout=subprocess.PIPE) for _ in range(6)
    ]
    said = [looker.communicate(b"\n")[0].decode().strip() for looker in lookers]
    assert all(looker.returncode == 0 for looker in lookers)
    assert "lost" in said
    assert [event.state for event in read_events(folder)].count(State.LOST) == 1
    taken = hold(folder.alive)
    assert taken is not None
    os.close(taken)
