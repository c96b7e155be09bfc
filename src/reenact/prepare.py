"""Everything decided before anything exists: a request becomes a plan, or an error."""

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path

from reenact import backends, environments, sources
from reenact.codec import encode
from reenact.document_cache import find_documents
from reenact.errors import ProjectError, SourceError, UsageError
from reenact.plan import (
    Command,
    CommittedLock,
    Determinism,
    DockerSpec,
    EnvironmentLock,
    EnvironmentSpec,
    Isolation,
    Plan,
    PythonSpec,
    RecordedLock,
    Resources,
    Snapshot,
    SystemSpec,
)
from reenact.project.diagnostics import Diagnostic
from reenact.project.environment_files import LOCK_FILE, with_own_environment
from reenact.project.load import get_entry_point, load_project
from reenact.project.parameters import Bound, Options, bind, list_path_values, list_paths
from reenact.project.paths import Places
from reenact.project.shell import NO_PIPEFAIL, choose_shell
from reenact.project.template import render_command
from reenact.project.types import EntryPoint, Project
from reenact.records.life import Staged, stage
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple
from reenact.world import World


class Tracking(NamedTuple):
    """Where the project's own MLflow client is told to log: an experiment by name or by id, a run that exists."""

    experiment_name: str | None = None
    experiment_id: str | None = None
    run_id: str | None = None


class Repetition(NamedTuple):
    """The run that is repeated, the parameters that are not its own, and what is: the ``variables`` that made it
    deterministic, and the environment as it was asked for and as it was resolved, if any."""

    run: str
    changed: frozenset[str] = frozenset()
    determinism: Determinism | None = None
    variables: Mapping[str, str] = {}
    environment: EnvironmentSpec | None = None
    lock: EnvironmentLock | None = None


class Request(NamedTuple):
    """What a caller asks for, before anything is looked at.

    ``parameters`` are as given: text, or Python values. ``keep`` names variables of the caller that the command sees
    although its environment would hide them. ``docker_args`` and ``build_image`` are for containers: arguments of the
    engine's ``run``, and to make an image with the code in it. ``locked`` refuses an environment whose versions no file
    of the project says; ``as_of`` is a date, a moment or ``commit``. ``deterministic`` sets the variables that make
    common libraries repeat. ``storage_dir`` takes downloads in place of the run folder. ``require_clean`` refuses a
    work tree that is not at a commit. ``trace`` watches the command, ``python`` or ``strace``; ``strict_inputs`` lets
    it read nothing that is not declared.
    """

    uri: str
    entry_point: str = "main"
    version: str | None = None
    parameters: Mapping[str, object] = {}
    options: Options = Options()
    env_manager: str | None = None
    docker_args: tuple[tuple[str, str | None], ...] = ()
    build_image: bool = False
    upgrade: bool = False
    locked: bool = False
    as_of: str | None = None
    accelerator: str | None = None
    keep: tuple[str, ...] = ()
    backend: str = "local"
    backend_config: Mapping[str, object] = {}
    shell_strict: bool = False
    timeout: float | None = None
    isolation: Isolation = Isolation()
    trace: str | None = None
    strict_inputs: bool = False
    deterministic: bool = False
    tracking: Tracking = Tracking()
    storage_dir: str | None = None
    name: str | None = None
    require_clean: bool = False
    repetition: Repetition | None = None


class Prepared(NamedTuple):
    """A plan, the folder that becomes the run's, and what no record may hold: the secrets, by variable."""

    plan: Plan
    staged: Staged
    secrets: Mapping[str, str]


def prepare(request: Request, world: World) -> Prepared:
    """Decide what would run. Fetches code in order to pin it; builds, starts and records nothing.

    What is prepared is either launched or given to :func:`discard`.

    Raises:
        ReenactError: whatever is wrong with the call, the source, the project or the parameters.
    """
    backends.expect_backend(request.backend)
    _expect_time(request.timeout)
    tracking = _make_tracking_variables(request.tracking)
    staged = stage(world)
    try:
        with _try_isolation(request) as judge:
            plan, secrets = _plan(request, tracking, RunFolder(staged.path), world)
            if plan.environment.kind not in environments.ISOLATING:
                judge()
    except BaseException:
        discard(staged)
        raise
    return Prepared(plan, staged, secrets)


def _try_isolation(request: Request) -> AbstractContextManager[Callable[[], None]]:
    """Begin to find out whether what is asked for can be had here; what is given waits, and raises where it cannot."""
    if request.isolation == Isolation() or request.backend != "local":
        return nullcontext(lambda: None)
    from reenact.process.isolation import trying

    return trying(request.isolation)


def discard(staged: Staged) -> None:
    """Take away what preparing a run that will not be has left."""
    from shutil import rmtree

    # What cannot be taken away now, a later sweep takes.
    rmtree(staged.path, ignore_errors=True)
    os.close(staged.alive)


_Around = tuple[EnvironmentSpec, CommittedLock | RecordedLock | None, tuple[Diagnostic, ...]]
"""What a run needs around it, the lock that says it exactly where there is one already, and what is doubtful."""


def _plan(
    request: Request, tracking: tuple[dict[str, str], tuple[str, ...]], folder: RunFolder, world: World
) -> tuple[Plan, Mapping[str, str]]:
    fetched = sources.fetch(sources.parse_uri(request.uri, request.version), folder.code, world)
    source = _keep_code(fetched, request, folder, world)
    root = fetched.root / source.subdirectory
    project, entry_point = _load(request, source, root, world)
    if request.repetition is not None and request.repetition.environment is not None:
        spec, lock, doubts = _repeat_environment(request.repetition, folder)
    else:
        spec, lock, doubts = _plan_environment(project, request, root, world)
    bound = bind(
        entry_point, request.parameters, request.options, _make_places(request, entry_point, source, root, world)
    )
    rendered = render_command(entry_point.command, bound.words, bound.extras)
    entry_point = _fill_in(entry_point, bound)
    has_bash = world.find_program("bash") is not None
    if request.shell_strict and not has_bash:
        doubts = (*doubts, Diagnostic("warning", "no-pipefail", NO_PIPEFAIL))
    shell = choose_shell(request.shell_strict, has_bash)
    plan = Plan(
        project=project.name or root.name,
        entry_point=request.entry_point,
        source=source,
        command=Command(rendered.text, shell, source.subdirectory, *tracking),
        environment=spec,
        parameters=bound.parameters,
        downloads=bound.downloads,
        paths=list_paths(bound),
        backend=request.backend,
        backend_config=request.backend_config,
        resources=Resources(request.timeout),
        isolation=request.isolation,
        upgrade=request.upgrade,
        keep=request.keep,
        storage_dir=str(world.cwd / request.storage_dir) if request.storage_dir else None,
        name=_name_run(request.name, bound.secrets),
        notes=(*project.diagnostics, *bound.diagnostics, *rendered.diagnostics, *doubts),
        lock=lock,
        repeats=request.repetition.run if request.repetition else None,
        inputs=entry_point.inputs,
        outputs=entry_point.outputs,
        metrics=entry_point.metrics,
        path_values=list_path_values(bound),
        strict_inputs=request.strict_inputs,
    )
    if plan.inputs:
        from reenact.data.inputs import expect_inputs
        from reenact.data.places import Site

        expect_inputs(plan, Site(root, folder.path, world.home.root))
    plan = _with_isolation(_with_trace(plan, request, world), world)
    return _with_determinism(plan, request, root, world), bound.secrets


def _load(request: Request, source: Snapshot, root: Path, world: World) -> tuple[Project, EntryPoint]:
    """The project and the entry point that is asked for; what was assumed of it is told."""
    moot = {"missing-file": request.env_manager in environments.NONE, "hidden-failure": request.shell_strict}
    project = load_project(
        root,
        find_documents(world.home),
        request.entry_point,
        _name_source(source),
        moot=[finding for finding, is_moot in moot.items() if is_moot],
    )
    try:
        entry_point = get_entry_point(project, request.entry_point, root)
    except ProjectError:
        # It may be missing for a reason that was found: 'entrypoints' in place of 'entry_points'.
        for doubt in project.diagnostics:
            world.report.found(doubt)
        raise
    if entry_point.note:
        world.report.note(entry_point.note)
    return with_own_environment(project, entry_point, root), entry_point


def _make_places(request: Request, entry_point: EntryPoint, source: Snapshot, root: Path, world: World) -> Places:
    return Places(
        caller=str(world.cwd),
        project=str(root),
        exists=os.path.exists,
        copy=None if source.root else str(Path("code", source.subdirectory)),
        recorded=entry_point.names - request.repetition.changed if request.repetition else frozenset(),
    )


def _with_trace(plan: Plan, request: Request, world: World) -> Plan:
    if not (request.trace or request.strict_inputs):
        return plan
    from reenact.trace.choice import choose, find_doubts

    how = choose(request.trace or "python", plan.environment, world)
    return plan._replace(trace=how, notes=(*plan.notes, *find_doubts(how, plan.command)))


def _with_isolation(plan: Plan, world: World) -> Plan:
    """The plan, without what would let its command out of what it is kept from; what it will miss is told."""
    if plan.isolation == Isolation():
        return plan
    from reenact.process.unreached import find_unreached

    if isinstance(spec := plan.environment, DockerSpec):
        from reenact.environments.docker.loopholes import close_loopholes

        spec = close_loopholes(spec, plan.isolation, repeated=plan.repeats is not None)
    return plan._replace(environment=spec, notes=(*plan.notes, *find_unreached(plan, world.environ)))


def _name_run(name: str | None, secrets: Mapping[str, str]) -> str | None:
    if not name or not secrets:
        return name
    from reenact.scrub import get_scrubber

    return get_scrubber(tuple(secrets.values())).scrub_text(name)


def _with_determinism(plan: Plan, request: Request, root: Path, world: World) -> Plan:
    repeated = request.repetition
    if repeated is not None and repeated.determinism is not None:
        command = plan.command._replace(environment={**plan.command.environment, **repeated.variables})
        return plan._replace(command=command, determinism=repeated.determinism)
    if not request.deterministic:
        return plan
    from reenact.determinism import make_deterministic
    from reenact.sources.commit_time import find_commit_time

    return make_deterministic(plan, world.environ, find_commit_time(root, world))


def _fill_in(entry_point: EntryPoint, bound: Bound) -> EntryPoint:
    """The entry point with the values of parameters in what it reads and writes, and no password in an address."""
    if not (entry_point.inputs or entry_point.outputs or entry_point.metrics):
        return entry_point
    from reenact.project.data_paths import fill_in
    from reenact.sources.redact import strip_credentials

    filled = fill_in(entry_point, {**dict(bound.extras), **bound.words})
    return filled._replace(
        inputs=tuple(strip_credentials(path) for path in filled.inputs),
        outputs=tuple(item._replace(path=strip_credentials(item.path)) for item in filled.outputs),
    )


def _keep_code(fetched: sources.Fetched, request: Request, folder: RunFolder, world: World) -> Snapshot:
    """The snapshot of what was fetched, its files kept as they are; what was kept is written to the run's folder.

    Raises:
        SourceError: only a clean work tree may run, and this one has changes.
    """
    snapshot, code = sources.keep(fetched, world)
    if request.require_clean and snapshot.kind == "directory" and snapshot.dirty is not False:
        why = "is under no version control" if snapshot.commit is None else "has changes that are not committed"
        raise SourceError(f"--require-clean: {snapshot.uri} {why}", hint="commit them, or leave --require-clean out")
    if code is not None:
        folder.captured.write_bytes(encode(code))
    return snapshot


def _plan_environment(project: Project, request: Request, root: Path, world: World) -> _Around:
    spec = environments.ask(project, root, request.env_manager, world, get_variant(request, root, world))
    committed, doubts = _find_lock(request, spec, root, world)
    if request.docker_args or request.build_image:
        spec, doubts = _with_container_options(spec, request, doubts)
    return spec, committed, doubts


def _repeat_environment(repetition: Repetition, folder: RunFolder) -> _Around:
    """What the repeated run had; its lock is written to the new run's folder."""
    spec, lock = repetition.environment or SystemSpec(), repetition.lock
    if lock is None:
        return spec, None, ()
    folder.given_lock.write_bytes(encode(lock))
    return spec, RecordedLock(repetition.run, lock.key), ()


def _with_container_options(
    spec: EnvironmentSpec, request: Request, doubts: tuple[Diagnostic, ...]
) -> tuple[EnvironmentSpec, tuple[Diagnostic, ...]]:
    """The options that only a container has; as for MLflow, they change nothing elsewhere."""
    if isinstance(spec, DockerSpec):
        return spec._replace(arguments=request.docker_args, bake=request.build_image), doubts
    message = f"--docker-args and --build-image are for containers, and this runs without one ({spec.kind})"
    return spec, (*doubts, Diagnostic("warning", "no-container", message))


def get_variant(request: Request, root: Path, world: World) -> environments.Variant:
    """Which environment of those that the project's files can resolve to.

    Raises:
        UsageError: an option has a wrong form, or two contradict each other.
    """
    if request.locked and request.upgrade:
        raise UsageError("--locked keeps the versions of a lock, and --upgrade resolves them anew: give one of them")
    if request.accelerator == "auto":
        raise UsageError(
            "--accelerator auto would make a run depend on the machine that it is on",
            hint="name what is wanted: cpu, cu126, rocm6.4, xpu",
        )
    if request.as_of is None:
        return environments.Variant(None, request.accelerator)
    from reenact.as_of import get_moment

    return environments.Variant(get_moment(request.as_of, root, world), request.accelerator)


def _find_lock(
    request: Request, spec: EnvironmentSpec, root: Path, world: World
) -> tuple[CommittedLock | None, tuple[Diagnostic, ...]]:
    """The lock that the project brings along, and a warning where it does not answer any more."""
    own = isinstance(spec, PythonSpec) and spec.lock_file is not None
    if not (request.locked or own or (root / LOCK_FILE).is_file()):
        return None, ()
    from reenact.environments.project_lock import choose_lock

    manager = request.env_manager
    return choose_lock(spec, root, world, locked=request.locked, upgrade=request.upgrade, manager=manager)


def _expect_time(timeout: object) -> None:
    """A time that can be waited for, or None. What a program gives is no number only because a hint says so."""
    if timeout is None or (isinstance(timeout, int | float) and 0 < timeout < float("inf")):
        return
    raise UsageError(f"a timeout of {timeout!r} is none: give a number of seconds that is greater than 0")


def _make_tracking_variables(tracking: Tracking) -> tuple[dict[str, str], tuple[str, ...]]:
    """What the child is told, and which of the caller's variables would contradict it."""
    if tracking.experiment_name and tracking.experiment_id:
        raise UsageError("Specify only one of 'experiment_name' or 'experiment_id'.")
    told = {
        "MLFLOW_EXPERIMENT_NAME": tracking.experiment_name,
        "MLFLOW_EXPERIMENT_ID": tracking.experiment_id,
        "MLFLOW_RUN_ID": tracking.run_id,
    }
    hidden: tuple[str, ...] = ()
    if tracking.experiment_name:
        hidden = ("MLFLOW_EXPERIMENT_ID",)
    elif tracking.experiment_id:
        hidden = ("MLFLOW_EXPERIMENT_NAME",)
    return {name: value for name, value in told.items() if value}, hidden


def _name_source(source: Snapshot) -> str | None:
    """What to call a project that does not say, where its folder is our copy; None where the folder has its name."""
    if source.root or source.subdirectory:
        return None
    last = source.uri.partition("?")[0].rstrip("/").replace(":", "/").rpartition("/")[2]
    return re.sub(r"\.(git|zip|tar|tgz|tar\.\w+)$", "", last, flags=re.IGNORECASE) or None
