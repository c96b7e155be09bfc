"""Detached runs on this machine: real workers, real records."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from reenact.backends import local
from reenact.errors import RecordError
from reenact.home import Home
from reenact.plan import Command, Plan, Snapshot, SystemSpec
from reenact.process.holder import Holder, read_holder, write_holder
from reenact.records.files import read_result
from reenact.records.life import find_folder, publish, settle, stage
from reenact.report import Memory
from reenact.run_folder import RunFolder
from reenact.runs import State
from reenact.world import World
from tests.process.running import ROOT, eventually, find_marked


class Desk:
    def __init__(self, home: Home, tmp_path: Path) -> None:
        self.world = World(home, dict(os.environ), tmp_path, Memory())
        self.root = tmp_path

    def submit(self, text: str, **more: Any) -> tuple[str, RunFolder]:
        plan = Plan("p", "main", Snapshot("directory", "here", root=str(self.root)), Command(text), SystemSpec())
        staged = stage(self.world)
        folder = find_folder(publish(staged.path, plan, self.world))
        return local.submit(plan, folder, self.world, alive=staged.alive, **more), folder

    def result(self, folder: RunFolder) -> Any:
        return read_result(folder)


@pytest.fixture
def desk(home: Home, tmp_path: Path) -> Desk:
    return Desk(home, tmp_path)


def test_a_detached_run_and_its_output(desk: Desk) -> None:
    job, folder = desk.submit("echo hello; sleep 0.2; echo err >&2; exit 3")
    assert folder.is_alive or desk.result(folder)
    assert b"".join(local.logs(job, folder)) == b"hello\nerr\n"
    local.wait(job, folder)
    assert local.poll(job, folder) is State.FAILED
    assert desk.result(folder).exit_code == 3


def test_output_comes_while_the_run_goes_on(desk: Desk) -> None:
    job, folder = desk.submit("echo one; sleep 100")
    lines = local.logs(job, folder)
    assert next(lines) == b"one\n"
    assert local.poll(job, folder) is State.RUNNING
    local.cancel(job, folder)
    assert list(lines) == []


def test_cancel_ends_it_with_all_that_it_started_and_may_be_repeated(desk: Desk) -> None:
    job, folder = desk.submit("setsid sleep 100 & sleep 100 & echo ready; wait")
    assert next(local.logs(job, folder)) == b"ready\n"
    local.cancel(job, folder)
    result = desk.result(folder)
    assert (result.state, result.signal) == (State.KILLED, "SIGTERM")
    assert eventually(lambda: not find_marked(f"REENACT_RUN_ID={folder.id}"))
    local.cancel(job, folder)
    assert desk.result(folder) == result


def test_a_worker_that_is_killed_leaves_a_lost_run_and_no_command(desk: Desk) -> None:
    job, folder = desk.submit("sleep 100 & echo ready; sleep 100")
    assert next(local.logs(job, folder)) == b"ready\n"
    os.kill(int(job), signal.SIGKILL)
    local.wait(job, folder)
    assert local.poll(job, folder) is State.LOST
    assert settle(folder, desk.world).state is State.LOST
    assert eventually(lambda: not find_marked(f"REENACT_RUN_ID={folder.id}"))


def test_secrets_are_in_the_command_s_environment_only(desk: Desk) -> None:
    job, folder = desk.submit("echo ${#KEY}; sleep 100", secrets={"KEY": "hush-hush"})
    assert next(local.logs(job, folder)) == b"9\n"
    for name in ("environ", "cmdline"):
        assert b"hush-hush" not in Path(f"/proc/{job}/{name}").read_bytes()
    local.cancel(job, folder)
    for path in folder.path.rglob("*"):
        assert not path.is_file() or b"hush-hush" not in path.read_bytes()


def test_the_run_outlives_who_asked_for_it(desk: Desk) -> None:
    code = (
        "import sys\nfrom pathlib import Path\nfrom tests.backends.test_local import Desk\n"
        "from reenact.home import find_home\nimport os\n"
        "print(Desk(find_home(os.environ), Path(sys.argv[1])).submit('sleep 0.5; echo over')[1].path)"
    )
    told = subprocess.run([sys.executable, "-c", code, str(desk.root)], cwd=ROOT, capture_output=True, check=True)
    folder = RunFolder(Path(told.stdout.decode().strip()))
    holder = read_holder(folder.alive)
    assert holder is not None
    assert b"".join(local.logs("", folder)) == b"over\n"
    assert desk.result(folder).state is State.FINISHED


def test_another_process_of_the_same_number_is_not_signalled(desk: Desk) -> None:
    job, folder = desk.submit("sleep 100")
    holder = read_holder(folder.alive)
    assert holder is not None
    assert not local._signal(int(job), holder.born + "0", signal.SIGTERM)
    time.sleep(0.1)
    assert local.poll(job, folder) in (State.PREPARING, State.RUNNING)
    local.cancel(job, folder)


def test_a_run_of_another_machine_is_not_touched(desk: Desk) -> None:
    staged = stage(desk.world)
    write_holder(staged.alive, Holder(os.getpid(), "0", "another-machine", True))
    with pytest.raises(RecordError, match="another-machine"):
        local.cancel("", RunFolder(staged.path))
    os.close(staged.alive)


def test_the_worker_s_command_line_is_shown() -> None:
    plan = Plan("p", "main", Snapshot("directory", "."), Command("true"), SystemSpec())
    assert local.render(plan, RunFolder(Path("/a b"))) == "python -P -m reenact.worker '/a b'"
