"""The story: prepare, launch, wait. What the command line does, for programs."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Mapping
from pathlib import Path

from reenact import backends, worker
from reenact.errors import RunFailed, UsageError
from reenact.hints import TYPE_CHECKING
from reenact.json_text import parse_json
from reenact.plan import Isolation
from reenact.prepare import Prepared, Request, Tracking, discard, prepare
from reenact.project.parameters import Options
from reenact.records.life import find_folder, publish, settle
from reenact.report import Silence
from reenact.run_folder import RunFolder
from reenact.runs import Result, Run, State
from reenact.world import World, make_world

if TYPE_CHECKING:
    from reenact.doctor import Examination
    from reenact.reproduce.verify import Verification

STATUS = {
    State.QUEUED: "SCHEDULED",
    State.PREPARING: "RUNNING",
    State.RUNNING: "RUNNING",
    State.FINISHED: "FINISHED",
    State.FAILED: "FAILED",
    State.KILLED: "KILLED",
    State.LOST: "FAILED",
}
"""Our states in the words of MLflow's ``RunStatus``, which has none for a run that was lost."""


class SubmittedRun:
    """A run that was started; the interface is that of ``mlflow.projects.SubmittedRun``."""

    def __init__(self, folder: RunFolder, backend: str, job: str | None, world: World) -> None:
        self.folder = folder
        self._backend = backend
        self._job = job
        self._world = world

    @property
    def run_id(self) -> str:
        """The run's id, 32 hexadecimal digits."""
        return self.folder.id

    @property
    def record(self) -> Run:
        """What is recorded of the run at this moment."""
        return settle(self.folder, self._world)

    def get_status(self) -> str:
        """``SCHEDULED``, ``RUNNING``, ``FINISHED``, ``FAILED`` or ``KILLED``."""
        return STATUS[self.record.state]

    def wait(self) -> bool:
        """Wait for the end; whether the command finished with code 0."""
        if self._job is not None:
            backends.get_backend(self._backend).wait(self._job, self.folder)
        return self.record.state is State.FINISHED

    def cancel(self) -> None:
        """Stop the run and wait until it has ended; harmless when it has ended already."""
        if self._job is not None:
            backends.get_backend(self._backend).cancel(self._job, self.folder)


def carry_out(
    prepared: Prepared,
    world: World,
    *,
    streams: tuple[int, int, int] = (0, 1, 2),
    meanwhile: Callable[[], object] = lambda: None,
) -> tuple[RunFolder, Result]:
    """Run it here and now, in this process; returns when it has ended, however it ended.

    ``streams`` are the command's input, output and errors; its log has the latter two in any case. ``meanwhile`` is
    called when the command is at work.

    Raises:
        ReenactError: the environment could not be made; the run is recorded as failed.
    """
    run = _publish(prepared, world)
    terms = worker.Terms(alive=prepared.staged.alive, secrets=prepared.secrets, streams=streams, meanwhile=meanwhile)
    return find_folder(run), worker.carry_out(run, prepared.plan, world, terms)


def submit(prepared: Prepared, world: World) -> SubmittedRun:
    """Start it on its backend and return while it runs."""
    plan = prepared.plan
    folder = find_folder(_publish(prepared, world))
    backend = backends.get_backend(plan.backend)
    job = backend.submit(plan, folder, world, alive=prepared.staged.alive, secrets=prepared.secrets)
    return SubmittedRun(folder, plan.backend, job, world)


def run(
    uri: str | Path,
    entry_point: str = "main",
    version: str | None = None,
    parameters: Mapping[str, object] | None = None,
    docker_args: Mapping[str, object] | None = None,
    experiment_name: str | None = None,
    experiment_id: str | int | None = None,
    backend: str = "local",
    backend_config: Mapping[str, object] | str | None = None,
    storage_dir: str | Path | None = None,
    synchronous: bool = True,
    run_id: str | None = None,
    run_name: str | None = None,
    env_manager: str | None = None,
    build_image: bool = False,
    docker_auth: Mapping[str, str] | None = None,
    *,
    timeout: float | None = None,
    no_network: bool = False,
    read_only: bool = False,
    trace: bool | str = False,
    strict_inputs: bool = False,
    deterministic: bool = False,
    strict: bool = False,
    lenient: bool = False,
    upgrade: bool = False,
    locked: bool = False,
    as_of: str | None = None,
    accelerator: str | None = None,
    shell_strict: bool = False,
    world: World | None = None,
) -> SubmittedRun:
    """Run a project; every argument of ``mlflow.projects.run`` has its name, its place and its meaning.

    What is given is not changed. ``experiment_name``, ``experiment_id`` and ``run_id`` are handed to the project's own
    MLflow client. The arguments after the star are ours: ``timeout`` in seconds, ``no_network`` and ``read_only`` to
    keep the command from them, ``trace`` (True, or ``strace``) to record what it reads beyond what is declared,
    ``strict_inputs`` to fail on that, ``deterministic`` for the variables that make common libraries repeat,
    ``strict`` and ``lenient`` for parameters, ``upgrade`` to resolve the environment anew, ``locked`` to refuse one
    whose versions no lock of the project says, ``as_of`` (a date, or ``commit``) for packages as they were then,
    ``accelerator`` for the build of PyTorch's packages, ``shell_strict`` for ``-eo pipefail``.

    Returns:
        The run: ended, when ``synchronous``; else at work in a process of its own that outlives this one.

    Raises:
        RunFailed: ``synchronous``, and the command did not finish with code 0.
        ReenactError: the run could not be started, or its environment not be made.
        TypeError: an argument is of no type that it may have.
    """
    _expect_types(entry_point=entry_point, backend=backend)
    _expect_types(Mapping, parameters=parameters or {}, docker_args=docker_args or {}, docker_auth=docker_auth or {})
    request = Request(
        uri=os.fspath(uri),
        entry_point=entry_point,
        version=version,
        parameters=dict(parameters or {}),
        options=Options(strict=strict, lenient=lenient),
        env_manager=env_manager,
        docker_args=_read_docker_args(docker_args),
        build_image=build_image,
        upgrade=upgrade,
        locked=locked,
        as_of=as_of,
        accelerator=accelerator,
        backend=backend,
        backend_config=read_backend_config(backend_config),
        shell_strict=shell_strict,
        timeout=timeout,
        isolation=Isolation(network=not no_network, read_only=read_only),
        trace=trace if isinstance(trace, str) else "python" if trace else None,
        strict_inputs=strict_inputs,
        deterministic=deterministic,
        tracking=Tracking(experiment_name, None if experiment_id is None else str(experiment_id), run_id),
        storage_dir=str(storage_dir) if storage_dir else None,
        name=run_name,
    )
    world = world or make_world(Silence())
    prepared = prepare(request, world)
    if docker_auth and prepared.plan.environment.kind == "docker":
        world = _with_docker_auth(world, docker_auth)
    if not synchronous or backend != "local":
        submitted = submit(prepared, world)
        if not synchronous:
            return submitted
        submitted.wait()
        return _finished(submitted)
    folder, _ = carry_out(prepared, world)
    return _finished(SubmittedRun(folder, backend, None, world))


def doctor(
    uri: str | Path = ".",
    version: str | None = None,
    *,
    entry_point: str | None = None,
    ignore: Collection[str] = (),
    fix: bool = False,
    world: World | None = None,
) -> Examination:
    """What will keep a run of a project, or of one script, from coming out the same elsewhere, or later.

    Nothing of the project is run or imported. ``ignore`` are codes of findings to leave out. ``fix`` writes
    ``reenact.lock`` where that is what is missing, and what is found is then what is left.

    Raises:
        UsageError: ``fix`` is asked for what is fetched, and is nobody's folder.
        ReenactError: the project cannot be found, fetched or read.
    """
    from reenact.doctor import examine
    from reenact.doctor.target import locating
    from reenact.doctor.treatment import mend

    world = world or make_world(Silence())
    with locating(os.fspath(uri), version, entry_point, world) as target:
        if fix and target.is_copy:
            raise UsageError(f"{uri} is fetched: what would be mended is thrown away", hint="leave --fix out")
        root, name = target.root, target.entry_point
        found = examine(root, world, entry_point=name, ignored=ignore, is_copy=target.is_copy)
        if not fix:
            return found
        treatment = mend(found, root, world)
        if treatment.changes:
            found = examine(root, world, entry_point=name, ignored=ignore)
        return found._replace(changes=treatment.changes, unmended=treatment.unmended)


def rerun(
    run_id: str,
    parameters: Mapping[str, object] | None = None,
    entry_point: str | None = None,
    *,
    current: bool = False,
    no_network: bool = False,
    read_only: bool = False,
    deterministic: bool = False,
    run_name: str | None = None,
    world: World | None = None,
) -> SubmittedRun:
    """Run a recorded run again, from its record alone, and wait for its end.

    ``run_id`` is an id or its beginning, a name, or ``@`` for the newest. ``parameters`` and ``entry_point`` replace
    those of the record; ``current`` resolves the packages anew, ``no_network`` and ``read_only`` keep the command from
    more than it was kept from, ``deterministic`` sets the variables that make common libraries repeat.

    Raises:
        RunFailed: the command did not finish with code 0.
        RecordError: there is no such run, or something that it needs is missing; all of it is named.
        ReenactError: the run could not be started, or its environment not be made.
    """
    from reenact.records.files import read_record
    from reenact.records.lookup import get_run
    from reenact.reproduce.rerun import Repeat, prepare_rerun

    world = world or make_world(Silence())
    isolation = Isolation(network=not no_network, read_only=read_only)
    repeat = Repeat(dict(parameters or {}), entry_point, current, run_name, deterministic, isolation)
    prepared = prepare_rerun(read_record(get_run(run_id, world)), repeat, world)
    folder, _ = carry_out(prepared, world)
    return _finished(SubmittedRun(folder, prepared.plan.backend, None, world))


def verify(run_id: str, times: int = 1, *, deterministic: bool = False, world: World | None = None) -> Verification:
    """Run a recorded run again and judge whether it comes out the same.

    ``run_id`` is an id or its beginning, a name, or ``@`` for the newest. Each of ``times`` repetitions is kept as a
    run, and each has to hold; ``deterministic`` sets the variables that make common libraries repeat. What the command
    prints goes into its log.

    Returns:
        The verdict (``PASS``, ``FAIL``, ``INCONCLUSIVE``), its reason, and every result of every repetition.

    Raises:
        RecordError: there is no such run, or its record is damaged.
        UsageError: it has not ended.
    """
    from reenact.records.files import read_record
    from reenact.records.lookup import get_run
    from reenact.reproduce.verify import verify as judge

    world = world or make_world(Silence())
    folder = get_run(run_id, world)
    record = read_record(folder)._replace(run=settle(folder, world))
    return judge(record, world, times, deterministic=deterministic)


def _read_docker_args(given: Mapping[str, object] | None) -> tuple[tuple[str, str | None], ...]:
    if not given:
        return ()
    # The package first: it loads this module itself, and two threads that begin at different ends wait for each other.
    from reenact.environments.docker import arguments

    return arguments.read_arguments(given)


def _with_docker_auth(world: World, given: Mapping[str, str]) -> World:
    """The world with credentials in the variable that registries' clients know; it reaches no container."""
    from reenact.environments.docker import auth

    return world._replace(environ={**world.environ, auth.AUTH: auth.make_auth(given)})


def read_backend_config(given: Mapping[str, object] | str | None) -> dict[str, object]:
    """A mapping as it is; text ending in ``.json`` as the file that it names; other text as JSON itself.

    Raises:
        UsageError: no such file, or not a JSON object.
        TypeError: neither a mapping nor text.
    """
    if given is None:
        return {}
    if not isinstance(given, str):
        _expect_types(Mapping, backend_config=given)
        return dict(given)
    try:
        config = parse_json(Path(given).read_text("utf-8") if given.endswith(".json") else given)
    except OSError as problem:
        raise UsageError(f"cannot read the backend configuration {given}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(f"the backend configuration is not JSON: {problem}") from problem
    if not isinstance(config, dict):
        raise UsageError("the backend configuration must be a JSON object")
    return config


def _publish(prepared: Prepared, world: World) -> Run:
    """What was prepared as a run; where that fails, nothing is left of it."""
    try:
        if prepared.plan.source.kind != "directory":
            from reenact.trust import record_unasked

            record_unasked(RunFolder(prepared.staged.path), prepared.plan.source, world)
        return publish(prepared.staged.path, prepared.plan, world)
    except BaseException:
        discard(prepared.staged)
        raise


def _expect_types(kind: type = str, **given: object) -> None:
    for name, value in given.items():
        if not isinstance(value, kind):
            raise TypeError(f"{name} must be a {kind.__name__}, not {type(value).__name__}")


def _finished(submitted: SubmittedRun) -> SubmittedRun:
    ended = submitted.record
    if ended.state is not State.FINISHED:
        how = "failed" if ended.state is State.FAILED else f"was {ended.state.value}"
        code = "" if ended.exit_code is None else f" with exit code {ended.exit_code}"
        raise RunFailed(
            f"Run (ID '{ended.id}') {how}{code}" + (f": {ended.reason}" if ended.reason else ""),
            run_id=ended.id,
            code=ended.exit_code if ended.exit_code is not None else 1,
            hint=f"reenact logs {ended.id[:8]} prints what it said",
        )
    return submitted
