"""One run folder carried out on this machine."""

from __future__ import annotations

import json
import os
import signal
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from reenact.codec import encode
from reenact.environments import Place
from reenact.environments.launch import Launch, Site, launch_here
from reenact.environments.marker import MARKER, Marker
from reenact.errors import BuildError, InputError, RecordError
from reenact.files import hold
from reenact.home import Home
from reenact.plan import (
    Command,
    Download,
    EnvironmentLock,
    EnvironmentSpec,
    Plan,
    PythonSpec,
    Resources,
    Snapshot,
    SystemSpec,
)
from reenact.process.holder import read_holder
from reenact.project.types import MetricDeclaration, OutputDeclaration
from reenact.records.files import read_inputs, read_metrics, read_outputs, summarise
from reenact.records.life import find_folder
from reenact.report import Memory
from reenact.run_folder import RunFolder
from reenact.runs import Result, Run, State
from reenact.worker import Terms, Tools, carry_out
from reenact.world import World
from tests.recorded import told


class Twin:
    """Environments, downloads and records in memory; everything is told in ``done``, in order."""

    def __init__(self, trouble: Callable[[], None] = lambda: None) -> None:
        self.done: list[str] = []
        self.result: Result | None = None
        self.trouble = trouble

    @property
    def tools(self) -> Tools:
        return Tools(self.lock, self.realise, self.wrap, self.fetch, self.move, self.enter, self.finish)

    def lock(self, spec: EnvironmentSpec, root: Path, world: World, **_: object) -> EnvironmentLock:
        self.done.append("lock")
        self.root = root
        return EnvironmentLock(spec.kind, text="" if spec.kind == "system" else "the lock")

    def realise(self, lock: EnvironmentLock, root: Path, world: World) -> Place:
        self.done.append("realise")
        self.trouble()
        if lock.kind == "system":
            return Place(lock.kind)
        folder = world.home.environments / "twin"
        folder.mkdir(parents=True)
        (folder / MARKER).write_bytes(encode(Marker("twin", made="2026-01-01T00:00:00.000000Z")))
        return Place(lock.kind, str(folder))

    def wrap(self, command: Command, place: Place, site: Site) -> Launch:
        if place.path is None:
            return launch_here(command, site)
        return launch_here(command._replace(path=(f"{place.path}/bin",), unset=("PYTHONPATH",)), site)

    def fetch(self, download: Download, folder: Path, world: World) -> None:
        self.done.append("fetch")
        (folder / download.target).parent.mkdir(parents=True)
        (folder / download.target).write_text(download.uri)

    def move(self, run: Run, state: State, world: World) -> Run:
        self.done.append(state.value)
        return run._replace(state=state)

    def enter(self, run: Run, world: World) -> None:
        self.done.append("enter")

    def finish(self, run: Run, result: Result, world: World) -> Run:
        assert find_folder(run).is_alive
        assert self.result is None
        self.done.append(result.state.value)
        self.result = result
        return run._replace(state=result.state)


class Bench:
    def __init__(self, folder: RunFolder, world: World, terms: Terms) -> None:
        self.folder = folder
        self.world = world
        self.terms = terms

    def run(self, text: str, twin: Twin, **plan: Any) -> Result:
        return self.carry_out(make_plan(self.folder, text)._replace(**plan), twin)

    def carry_out(self, plan: Plan, twin: Twin) -> Result:
        run = summarise(self.folder, plan, None, (), None)
        return carry_out(run, plan, self.world, self.terms, twin.tools)

    def printed(self) -> bytes:
        return (self.folder.path / "printed").read_bytes()


def make_plan(folder: RunFolder, text: str) -> Plan:
    root = folder.path.parent / "project"
    root.mkdir(exist_ok=True)
    return Plan("p", "main", Snapshot("directory", str(root), root=str(root)), Command(text), SystemSpec())


@pytest.fixture
def bench(tmp_path: Path, home: Home) -> Iterator[Bench]:
    # The run's processes are found by its id, also beside another worker of the tests.
    path = tmp_path / os.urandom(16).hex()
    path.mkdir()
    null = os.open(os.devnull, os.O_RDWR)
    out = os.open(path / "printed", os.O_RDWR | os.O_CREAT)
    world = World(home, {**os.environ, "PYTHONPATH": "/p"}, tmp_path, Memory())
    yield Bench(RunFolder(path), world, Terms(streams=(null, out, out), grace=1))
    os.close(null)
    os.close(out)


def test_the_index_is_told_of_a_command_that_lasts(bench: Bench) -> None:
    twin = Twin()
    bench.terms = bench.terms._replace(moment=0)
    assert bench.run("sleep 0.3", twin).state is State.FINISHED
    assert twin.done == ["preparing", "lock", "realise", "running", "enter", "finished"]


def test_what_is_done_meanwhile_is_done_beside_the_command(bench: Bench) -> None:
    seen = bench.folder.path / "seen"
    bench.terms = bench.terms._replace(meanwhile=seen.touch)
    assert (
        bench.run(f"until [ -e '{seen}' ]; do sleep 0.01; done", Twin(), resources=Resources(timeout=30.0)).state
        is State.FINISHED
    )


def test_a_run_from_its_beginning_to_its_end(bench: Bench) -> None:
    twin = Twin()
    result = bench.run("echo $REENACT_RUN_ID $REENACT_RUN_DIR $PYTHONPATH; pwd; exit 4", twin)
    assert twin.done == ["preparing", "lock", "realise", "running", "failed"]
    assert (result.state, result.exit_code, result.signal) == (State.FAILED, 4, None)
    assert result == twin.result
    assert result.usage is not None and result.usage.wall > 0
    assert result.started is not None and result.ended is not None and result.started < result.ended
    folder = bench.folder
    assert bench.printed().decode().split() == [folder.id, str(folder.path), "/p", str(folder.path.parent / "project")]
    assert json.loads(folder.machine.read_text())["cpu_count"] == os.cpu_count()
    assert folder.artifacts.is_dir()
    assert folder.log.exists()
    assert not folder.environment_lock.exists()
    assert not folder.is_alive


def test_an_environment_of_its_own_is_recorded_and_isolated(bench: Bench) -> None:
    download = Download("data", "https://example.org/data", "inputs/data")
    script = "echo ${PATH%%:*} [$PYTHONPATH] $KEY; cat $REENACT_RUN_DIR/inputs/data"
    bench.terms = bench.terms._replace(secrets={"KEY": "hush"})
    assert bench.run(script, Twin(), environment=PythonSpec(), downloads=(download,)).state is State.FINISHED
    place = bench.world.home.environments / "twin" / "bin"
    assert bench.printed().decode() == f"{place} [] hush\nhttps://example.org/data"
    assert bench.folder.environment_lock.read_text() == "the lock"


def test_a_copy_of_the_source_and_a_folder_in_it(bench: Bench) -> None:
    (bench.folder.code / "sub").mkdir(parents=True)
    plan = make_plan(bench.folder, "pwd")
    plan = plan._replace(source=plan.source._replace(root=None, subdirectory="a"), command=Command("pwd", cwd="sub"))
    twin = Twin()
    bench.carry_out(plan, twin)
    assert twin.root == bench.folder.code / "a"
    assert bench.printed().decode().strip() == str(bench.folder.code / "sub")


def test_a_failure_of_ours_is_recorded_and_raised(bench: Bench) -> None:
    def fail() -> None:
        raise BuildError("no such package: nunpy")

    twin = Twin(fail)
    with pytest.raises(BuildError):
        bench.run("true", twin)
    assert twin.result is not None
    assert twin.result.state is State.FAILED
    assert (twin.result.reason or "").startswith("no such package: nunpy")
    assert not bench.folder.is_alive


@pytest.mark.parametrize(
    ("fault", "raised"),
    [
        (MemoryError(), BuildError),
        (OSError(28, "No space left on device"), BuildError),
        (OSError(5, "Input/output error"), OSError),
        (KeyError("bug"), KeyError),
    ],
)
def test_whatever_goes_wrong_leaves_a_result(bench: Bench, fault: Exception, raised: type[Exception]) -> None:
    def fail() -> None:
        raise fault

    twin = Twin(fail)
    with pytest.raises(raised):
        bench.run("true", twin)
    assert twin.result is not None
    assert twin.result.state is State.FAILED
    assert twin.result.reason is not None and type(fault).__name__ in twin.result.reason


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_while_preparing(bench: Bench, number: signal.Signals) -> None:
    result = bench.run("true", Twin(lambda: signal.raise_signal(number)))
    assert (result.state, result.signal, result.exit_code) == (State.KILLED, number.name, 128 + number)


def test_a_signal_between_preparing_and_running(bench: Bench) -> None:
    class Late(Twin):
        def move(self, run: Run, state: State, world: World) -> Run:
            moved = super().move(run, state, world)
            if state is State.RUNNING:
                signal.raise_signal(signal.SIGTERM)
            return moved

    result = bench.run("sleep 100", Late())
    assert (result.state, result.signal) == (State.KILLED, "SIGTERM")


def test_handlers_are_put_back(bench: Bench) -> None:
    before = [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)]
    bench.run("true", Twin())
    assert [signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGWINCH)] == before


@pytest.mark.parametrize(
    ("text", "more", "expected"),
    [
        ("exit 0", {}, (State.FINISHED, 0, None, None)),
        ("kill -TERM $$", {}, (State.KILLED, 143, "SIGTERM", None)),
        ("sleep 100", {"resources": Resources(0.2)}, (State.FAILED, 124, "SIGTERM", "timed out after 0.2 s")),
        ("", {"command": Command("", ("no-such",))}, (State.FAILED, 127, None, "no-such: command not found")),
        ("no-such-program", {}, (State.FAILED, 127, None, None)),
        ("sleep 100 & exit 0", {}, (State.FINISHED, 0, None, "ended 1 process that the command had left behind")),
    ],
)
def test_how_an_end_is_recorded(bench: Bench, text: str, more: dict[str, Any], expected: tuple[object, ...]) -> None:
    result = bench.run(text, Twin(), **more)
    assert (result.state, result.exit_code, result.signal, result.reason) == expected


def test_two_cannot_carry_out_one_run(bench: Bench) -> None:
    descriptor = hold(bench.folder.alive)
    assert descriptor is not None
    twin = Twin()
    with pytest.raises(RecordError, match="already"):
        bench.run("true", twin)
    assert twin.done == []
    os.close(descriptor)


def test_a_lock_that_is_handed_over(bench: Bench) -> None:
    bench.terms = bench.terms._replace(alive=hold(bench.folder.alive))
    assert bench.run("true", Twin()).state is State.FINISHED
    assert not bench.folder.is_alive


def test_who_carries_a_run_out_is_written_down(bench: Bench) -> None:
    seen = []
    bench.terms = bench.terms._replace(begun=lambda: seen.append(read_holder(bench.folder.alive)))
    bench.run("true", Twin())
    assert seen[0] is not None
    assert (seen[0].pid, seen[0].listens, seen[0].group) == (os.getpid(), True, None)
    after = read_holder(bench.folder.alive)
    assert after is not None and after.group is not None


def test_in_a_thread(bench: Bench) -> None:
    results: list[Result] = []
    thread = threading.Thread(target=lambda: results.append(bench.run("exit 3", Twin())))
    thread.start()
    thread.join()
    assert results[0].exit_code == 3


# What it reads and leaves


def test_inputs_and_outputs_are_recorded(bench: Bench) -> None:
    project = bench.folder.path.parent / "project"
    project.mkdir()
    (project / "in.csv").write_text("in")
    plan = make_plan(
        bench.folder, "cat in.csv > out.csv; echo '{\"a\": 1}' > m.json; echo b > $REENACT_RUN_DIR/artifacts/b"
    )
    result = bench.carry_out(
        plan._replace(
            inputs=("in.csv",),
            outputs=(OutputDeclaration("out.csv"), OutputDeclaration("none")),
            metrics=(MetricDeclaration("m.json"),),
        ),
        Twin(),
    )
    assert result.state is State.FINISHED
    assert [(file.path, file.size) for file in read_inputs(bench.folder)] == [("in.csv", 2)]
    assert [(file.path, file.problem) for file in read_outputs(bench.folder)] == [
        ("artifacts/b", None),
        ("out.csv", None),
        ("none", "missing"),
    ]
    assert (bench.folder.outputs / "out.csv").read_text() == "in"
    assert read_metrics(bench.folder) == {"m.json:a": 1}
    assert ("warn", "the output none was not written") in told(bench.world)


def test_a_missing_input_is_refused_before_anything_is_made(bench: Bench) -> None:
    twin = Twin()
    with pytest.raises(InputError, match=r"in\.csv\n  more/"):
        bench.run("touch started", twin, inputs=("in.csv", "more/*"))
    assert twin.done == ["preparing", "failed"]
    assert twin.result is not None and "in.csv" in str(twin.result.reason)


def test_artifacts_count_without_being_declared(bench: Bench) -> None:
    bench.run("true", Twin())
    assert not bench.folder.output_files.exists()
    bench.run("echo x > $REENACT_RUN_DIR/artifacts/x; exit 3", Twin())
    assert [file.path for file in read_outputs(bench.folder)] == ["artifacts/x"]


def test_what_a_failed_command_did_not_write_is_no_warning(bench: Bench) -> None:
    bench.run("exit 3", Twin(), outputs=(OutputDeclaration("none"),))
    assert [file.problem for file in read_outputs(bench.folder)] == ["missing"]
    assert told(bench.world) == []


def test_outputs_that_cannot_be_recorded_change_no_result(bench: Bench) -> None:
    result = bench.run("echo x > out; mkdir $REENACT_RUN_DIR/outputs.json", Twin(), outputs=(OutputDeclaration("out"),))
    assert result.state is State.FINISHED
    assert "cannot write" in told(bench.world)[-1][1]


def test_no_secret_is_in_what_is_recorded_of_the_data(bench: Bench) -> None:
    bench.terms = bench.terms._replace(secrets={"KEY": "hush-hush-1"})
    text = (
        'echo x > "$KEY.csv"; echo y > "$REENACT_RUN_DIR/artifacts/$KEY"; '
        'echo "{\\"$KEY\\": \\"$KEY\\", \\"n\\": 5}" > m.json; echo z > plain.csv'
    )
    bench.run(text, Twin(), outputs=(OutputDeclaration("*.csv"),), metrics=(MetricDeclaration("m.json"),))
    assert [(file.path, file.kept) for file in read_outputs(bench.folder)] == [
        ("artifacts/***", None),
        ("***.csv", None),
        ("plain.csv", "outputs/plain.csv"),
    ]
    assert read_metrics(bench.folder) == {"m.json:***": "***", "m.json:n": 5}
    assert [path.name for path in bench.folder.outputs.iterdir()] == ["plain.csv"]
