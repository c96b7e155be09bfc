"""Run one run folder on this machine: realise, execute, leave a result.

The waiting caller calls :func:`carry_out`; ``python -m reenact.worker RUN_DIR`` is the same for whoever cannot: a
detached run, a job of an engine.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, nullcontext, suppress
from functools import partial
from pathlib import Path

from reenact import environments
from reenact.build_log import BuildLog
from reenact.codec import encode
from reenact.environments.launch import Launch, Site
from reenact.environments.settings import describe_settings
from reenact.errors import BuildError, RecordError, ReenactError
from reenact.files import hold, make_folder, write_atomic
from reenact.hints import TYPE_CHECKING
from reenact.plan import RUN_ID_VARIABLE, Command, Download, EnvironmentLock, Isolation, Plan, RecordedLock
from reenact.process import signals
from reenact.process.child import NotStarted, Spawn
from reenact.process.holder import describe_self, write_holder
from reenact.process.plain_signal import name_signal
from reenact.process.supervise import Outcome, supervise
from reenact.records import life
from reenact.records.files import read_given_lock, read_record
from reenact.records.types import Realised
from reenact.report import Report
from reenact.run_folder import RunFolder
from reenact.runs import TIMED_OUT, Result, Run, State
from reenact.secret_values import list_declared, list_secrets
from reenact.values import NamedTuple
from reenact.world import World, render_timestamp

if TYPE_CHECKING:
    from reenact.recorder import Recorder

_PATIENCE = 0.5


class Terms(NamedTuple):
    """What else a run is carried out with.

    ``alive`` is a descriptor that holds the run's lock already, to be closed by us; None to take the lock. ``secrets``
    are variables for the command alone, by name. ``streams`` are our input, output and errors. ``begun`` is called
    once the run is ours, ``meanwhile`` once the command is at work. ``grace`` is in seconds, between a request to end
    and SIGKILL; ``moment``, after which a command is one that lasts.
    """

    alive: int | None = None
    secrets: Mapping[str, str] = {}
    streams: tuple[int, int, int] = (0, 1, 2)
    begun: Callable[[], None] = lambda: None
    meanwhile: Callable[[], object] = lambda: None
    grace: float = 10.0
    moment: float = 1.0


def _fetch(download: Download, folder: Path, world: World) -> None:
    from reenact import downloads  # few runs have any

    downloads.fetch(download, folder, world)


class Tools(NamedTuple):
    """What the worker is handed to do its work with: the families and the record, in earnest."""

    lock: Callable[..., EnvironmentLock] = environments.lock
    realise: Callable[[EnvironmentLock, Path, World], environments.Place] = environments.realise
    wrap: Callable[[Command, environments.Place, Site], Launch] = environments.wrap
    fetch: Callable[[Download, Path, World], object] = _fetch
    move: Callable[[Run, State, World], Run] = life.move
    enter: Callable[[Run, World], None] = life.update_index
    finish: Callable[[Run, Result, World], Run] = life.finish


def carry_out(run: Run, plan: Plan, world: World, terms: Terms | None = None, tools: Tools | None = None) -> Result:
    """Make the environment, run the command, record how it ended; the result, which is in the folder then, too.

    The run's lock is held until the result is written. Whatever goes wrong on the way leaves a result.

    Raises:
        RecordError: another process is carrying the run out.
        ReenactError: the environment cannot be made or an input not be had; the run is recorded as failed.
    """
    terms = terms or Terms()
    folder = life.find_folder(run)
    with _alive(folder, terms.alive) as alive, signals.collecting() as arrivals, ExitStack() as kept:
        write_holder(alive, describe_self())
        carrier = _Carrier(run, plan, world, terms, tools or Tools())
        kept.callback(carrier.leave)
        try:
            with signals.raising():
                spawn = carrier.prepare()
            result = carrier.execute(spawn, arrivals, alive)
            result = carrier.record(result)
        except signals.Stopped as stopped:
            result = carrier.make_stopped(stopped.number)
        except BaseException as problem:
            carrier.conceal(problem)
            told = isinstance(problem, ReenactError)
            reason = str(problem) if told else f"{type(problem).__name__}: {problem}"
            carrier.finish(carrier.make_failed(reason))
            raise
        carrier.finish(result)
        return result


class _Carrier:
    def __init__(self, run: Run, plan: Plan, world: World, terms: Terms, tools: Tools) -> None:
        self._run = run
        self._tools = tools
        self._folder = life.find_folder(run)
        self._plan = plan
        self._terms = terms
        self._secrets = list_secrets({**terms.secrets, **list_declared(plan, world.environ)}, world.environ)
        self._world = world._replace(report=self._make_discreet(world.report)) if self._secrets else world
        self._started: str | None = None
        self._inside: int | None = None
        self._recorder: Recorder | None = None
        self._launch = Launch((), self._folder.path, {})

    def conceal(self, problem: BaseException) -> None:
        """Take the secrets out of an error."""
        if self._secrets:
            from reenact.discreet import conceal
            from reenact.scrub import get_scrubber

            conceal(problem, get_scrubber(self._secrets))

    def _make_discreet(self, report: Report) -> Report:
        from reenact.discreet import Discreet
        from reenact.scrub import get_scrubber

        return Discreet(report, get_scrubber(self._secrets))

    def leave(self) -> None:
        """Let go of the environment."""
        if self._inside is not None:
            os.close(self._inside)
            self._inside = None

    def prepare(self) -> Spawn:
        """Everything up to the command's start."""
        plan, world, folder = self._plan, self._world, self._folder
        self._move(State.PREPARING)
        # Whoever waits for us to begin finds a run that is under way.
        self._terms.begun()
        root = Path(plan.source.root) if plan.source.root is not None else folder.code
        # What an environment is made of is named relative to the project, the command's folder relative to the source.
        project = root / plan.source.subdirectory
        if plan.inputs or plan.outputs or plan.metrics or plan.path_values or plan.trace:
            self._recorder = self._make_recorder()
            self._recorder.expect()
        place = self._enter(project)
        terminal = all(os.isatty(stream) for stream in self._terms.streams)
        site = Site(plan, folder.path, root, world, self._terms.secrets, terminal)
        self._launch = launch = self._tools.wrap(plan.command, place, site)
        self._fetch_inputs()
        make_folder(folder.artifacts)
        for needed in launch.folders:
            make_folder(needed)
        if self._recorder is not None:
            launch = launch._replace(argv=self._recorder.begin(launch.argv))
        return Spawn(
            argv=launch.argv if plan.isolation == Isolation() else self._confine(launch, root),
            cwd=launch.cwd,
            environ=launch.environ,
            log=folder.log,
            mark=f"{RUN_ID_VARIABLE}={folder.id}",
            timeout=plan.resources.timeout,
            grace=self._terms.grace,
            streams=self._terms.streams,
            ending=launch.ending,
            handed=launch.handed,
            inline=launch.inline,
            secrets=self._secrets,
        )

    def record(self, result: Result) -> Result:
        """Record what the command has left; the result of the run."""
        if self._recorder is None:
            with suppress(OSError), os.scandir(self._folder.artifacts) as artifacts:
                if next(artifacts, None) is None:
                    return result
        return (self._recorder or self._make_recorder()).finish(result)

    def _make_recorder(self) -> "Recorder":
        from reenact.recorder import Recorder  # a run that declares nothing and leaves no artifacts does without

        return Recorder(self._plan, self._folder, self._world, self._secrets)

    def _enter(self, project: Path) -> environments.Place:
        """The environment, ours until :meth:`leave`; how we came by it is recorded."""
        folder = self._folder
        log = BuildLog(folder.build_log, self._world.report, self._secrets)
        world = self._world._replace(report=log)
        began = time.monotonic()
        try:
            lock = self._lock(project, world)
            if lock.text:
                write_atomic(folder.environment_lock, lock.text.encode())
            inside = environments.enter(lock, project, world, self._tools.realise)
        except (BuildError, MemoryError, OSError, RuntimeError, ImportError) as problem:
            from reenact.environments.wants import find_want

            told = problem if isinstance(problem, BuildError) else find_want(problem)
            if told is None:
                raise
            self.conceal(told)
            raise log.explain(told, f"reenact env restore {folder.id[:8]}") from problem
        finally:
            log.end()
        self._inside = inside.held
        if inside.place.path is not None or lock.text:
            realised = Realised(
                key=lock.key,
                lock=lock._replace(text=""),
                settings=describe_settings(world.environ),
                path=inside.place.path,
                made=inside.made,
                seconds=round(time.monotonic() - began, 4),
            )
            write_atomic(folder.environment, encode(realised))
        return inside.place

    def _lock(self, project: Path, world: World) -> EnvironmentLock:
        plan = self._plan
        if isinstance(plan.lock, RecordedLock):
            return read_given_lock(self._folder)
        try:
            return self._tools.lock(plan.environment, project, world, upgrade=plan.upgrade, committed=plan.lock)
        except BuildError as problem:
            from reenact.as_of import suggest

            if said := suggest(plan, project, world):
                problem.hint = f"{problem.hint}\n{said}" if problem.hint else said
            raise

    def _suggest(self, root: Path) -> None:
        """Say what may help where the command found another package than it was written for."""
        from reenact.as_of import find_import_failure, suggest

        if find_import_failure(self._folder.log) and (said := suggest(self._plan, root, self._world)):
            self._world.report.note(said)

    def _fetch_inputs(self) -> None:
        folder, plan = self._folder, self._plan
        if not plan.downloads:
            return
        if plan.storage_dir is not None and not folder.inputs.is_symlink():
            folder.inputs.symlink_to(make_folder(Path(plan.storage_dir) / folder.id))
        # The address of a download may be a secret.
        world = self._world._replace(environ={**self._world.environ, **self._terms.secrets})
        for download in plan.downloads:
            self._tools.fetch(download, folder.path, world)

    def _confine(self, launch: Launch, root: Path) -> tuple[str, ...]:
        """The command kept from what the plan says; that it was is recorded."""
        from reenact.process.isolation import Bounds, Held, confine

        folder, plan, environ = self._folder, self._plan, launch.environ
        kind = plan.environment.kind
        writable = (str(folder.path), *((str(folder.inputs.resolve()),) if folder.inputs.is_symlink() else ()))
        inputs = (parameter.value for parameter in plan.parameters if parameter.type in ("path", "uri"))
        visible = (
            *(str(path) for path in (root, self._world.home.root, self._world.cwd)),
            *(path for path in (environ.get("HOME"), *environ.get("PATH", "").split(os.pathsep), *inputs) if path),
        )
        bounds = Bounds(writable, (str(folder.code),), visible)
        how = "the environment's own means" if kind in environments.ISOLATING else "namespaces of Linux"
        held = Held(*plan.isolation, writable if plan.isolation.read_only else (), kind != "system", how)
        write_atomic(folder.isolation, encode(held))
        return launch.argv if kind in environments.ISOLATING else confine(launch.argv, plan.isolation, bounds)

    def execute(self, spawn: Spawn, arrivals: signals.Arrivals, alive: int) -> Result:
        """Run the command; its end as a result."""
        for number in arrivals.take():
            # It came when the one way of listening had ended and the other not begun.
            if number in signals.ENDING:
                raise signals.Stopped(number)
        self._move(State.RUNNING)
        self._started = self._world.timestamp()
        try:
            with self._surround(spawn.mark):
                outcome = supervise(
                    spawn,
                    note=self._world.report.warn,
                    started=partial(self._begin, alive),
                    lasting=self._tell_index,
                    moment=self._terms.moment,
                    now=self._world.now,
                    arrivals=arrivals,
                )
        except NotStarted as problem:
            self.conceal(problem)
            return self.make_failed(str(problem), problem.code)
        result = judge(outcome, spawn.timeout, self._launch.meanings)
        if result.state is State.FAILED:
            self._suggest(spawn.cwd)
        return result

    def _begin(self, alive: int, group: int) -> None:
        """What can be written while the command is at work already; ``group`` is that of its processes."""
        write_holder(alive, describe_self(group))
        write_atomic(self._folder.machine, encode(_read_machine(self._launch, self._secrets)))
        self._terms.meanwhile()

    def _tell_index(self) -> None:
        self._tools.enter(self._run, self._world)

    def _surround(self, mark: str) -> AbstractContextManager[None]:
        if self._launch.removal is None:
            return nullcontext()
        from reenact.environments.surrounding import surrounding

        return surrounding(self._launch, self._launch.removal, mark)

    def finish(self, result: Result) -> None:
        """Record the end."""
        self._run = self._tools.finish(self._run, result, self._world)

    def _move(self, state: State) -> None:
        self._run = self._tools.move(self._run, state, self._world)

    def make_failed(self, reason: str, exit_code: int | None = None) -> Result:
        """The result of a command that could not be started."""
        return Result(State.FAILED, exit_code, None, reason, self._started, self._world.timestamp())

    def make_stopped(self, number: int) -> Result:
        """The result of a run that was asked to end before its command ran."""
        ended = self._world.timestamp()
        return Result(State.KILLED, 128 + number, name_signal(number), "stopped while preparing", self._started, ended)


def judge(outcome: Outcome, timeout: float | None, meanings: Mapping[int, str] = {}) -> Result:
    """What the end of the command means for the run; ``meanings`` of exit codes are told. Pure.

    Killed where a signal ended the command, or where we were asked to end it, whatever it made of that; failed when it
    had no more time or ended with another code than 0.
    """
    reasons = []
    if outcome.stopped == "timeout":
        state = State.FAILED
        reasons.append(f"{TIMED_OUT} {timeout:g} s")
    elif outcome.signal is not None:
        state = State.KILLED
    else:
        state = State.FAILED if outcome.code else State.FINISHED
        if outcome.code in meanings:
            reasons.append(meanings[outcome.code])
    if outcome.left:
        reasons.append(
            f"ended {outcome.left} process{'es' if outcome.left > 1 else ''} that the command had left behind"
        )
    return Result(
        state=state,
        exit_code=outcome.code,
        signal=outcome.signal,
        reason="; ".join(reasons) or None,
        started=render_timestamp(outcome.started),
        ended=render_timestamp(outcome.ended),
        usage=outcome.usage,
    )


def _read_machine(launch: Launch, secrets: tuple[str, ...]) -> object:
    from reenact.machine import read_machine

    machine = read_machine(environ=launch.environ if launch.inside is None else launch.inside)
    if not secrets:
        return machine
    from reenact.scrub import get_scrubber

    scrub = get_scrubber(secrets).scrub_text
    return machine._replace(variables={name: scrub(value) for name, value in machine.variables.items()})


@contextmanager
def _alive(folder: RunFolder, descriptor: int | None) -> Iterator[int]:
    """The run's lock, ours until the end of the block."""
    alive = descriptor if descriptor is not None else _take_alive(folder)
    try:
        yield alive
    finally:
        os.close(alive)


def _take_alive(folder: RunFolder) -> int:
    deadline = time.monotonic() + _PATIENCE
    while (alive := hold(folder.alive)) is None:
        # Whoever looks whether a run is alive holds its lock for an instant.
        if time.monotonic() > deadline:
            raise RecordError(f"run {folder.id} is being carried out already")
        time.sleep(0.005)
    return alive


def main(arguments: list[str]) -> int:
    """``RUN_DIR``, or ``RUN_DIR --detached FD`` as :mod:`reenact.backends.local` starts it: the lock is FD's then, the
    secrets come as JSON on our input, and whoever started us waits for our announcement."""
    import json

    from reenact.home import find_home
    from reenact.process.detach import announce, leave_parent
    from reenact.process.streams import open_closed_streams
    from reenact.report import Silence

    open_closed_streams()
    folder = RunFolder(Path(arguments[0]).absolute())
    world = World(find_home(os.environ), dict(os.environ), Path.cwd(), Silence())
    terms = Terms()
    if arguments[1:2] == ["--detached"]:
        leave_parent()
        secrets = json.load(sys.stdin)
        terms = Terms(alive=int(arguments[2]), secrets=secrets, begun=announce)
    found = read_record(folder)
    try:
        result = carry_out(found.run, found.plan, world, terms)
    except ReenactError as problem:
        sys.stderr.write(f"error: {problem.message}\n")
        return problem.exit_code
    return 1 if result.exit_code is None else result.exit_code


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
