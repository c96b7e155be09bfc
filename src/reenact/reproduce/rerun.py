"""A recorded run again, from its record alone: its code, its environment, its parameters, in a folder of its own."""

from __future__ import annotations

from collections.abc import Mapping
from os.path import join, normpath, relpath
from pathlib import Path

from reenact.environments import MANAGER_OF
from reenact.errors import RecordError
from reenact.plan import BoundParameter, DockerSpec, EnvironmentLock, EnvironmentSpec, Isolation, Plan
from reenact.prepare import Prepared, Repetition, Request, Tracking, prepare
from reenact.project.parameters import Options
from reenact.records.files import find_kept_input, read_inputs, read_lock_with_made
from reenact.records.types import Record
from reenact.run_folder import RunFolder
from reenact.sources.lacking import list_missing
from reenact.sources.recorded import SCHEME
from reenact.values import NamedTuple
from reenact.world import World


class Repeat(NamedTuple):
    """What is to be different: ``parameters`` over the recorded ones, another entry point, the environment as it would
    be resolved now (``current``), another name, the variables that make common libraries repeat, what else than the
    recorded run's the command is kept from."""

    parameters: Mapping[str, object] = {}
    entry_point: str | None = None
    current: bool = False
    name: str | None = None
    deterministic: bool = False
    isolation: Isolation = Isolation()


class Parts(NamedTuple):
    """What a run is made of, where that is not all from one record: ``given`` are all values that are no defaults,
    ``inputs`` is the run whose inputs it has."""

    tree: str
    spec: EnvironmentSpec
    lock: EnvironmentLock | None
    given: Mapping[str, object]
    inputs: str


def prepare_rerun(record: Record, repeat: Repeat, world: World) -> Prepared:
    """Decide what would run, and restore the code for it. What is prepared is launched, or given to ``discard``.

    Raises:
        RecordError: something that the run needs is missing; all of it is told together.
        ReenactError: as for any other run.
    """
    folder = RunFolder(Path(record.run.folder))
    lock, problems = _find_lock(folder, repeat, world)
    problems += [*_list_missing_code(folder, world), *_list_missing_values(record.plan, repeat)]
    if record.inputs and repeat.entry_point in (None, record.plan.entry_point):
        from reenact.reproduce.inputs_now import look_at_inputs

        now = look_at_inputs(record, frozenset(repeat.parameters), world)
        problems += [f"the input {path} is gone" for path in now.gone]
        for path in now.changed:
            world.report.warn(f"the input {path} is not what it was when run {folder.id[:8]} was recorded")
    if problems:
        raise RecordError(
            f"run {folder.id[:8]} cannot be run again: " + ("\n  " if len(problems) > 1 else "") + "\n  ".join(problems)
        )
    return prepare(make_request(record, repeat, lock), world)


def prepare_mixture(record: Record, parts: Parts, name: str, world: World) -> Prepared:
    """Decide what would run where a recorded run is run again with other ``parts``.

    Raises:
        RecordError: the interpreter that one of them needs is missing.
        ReenactError: as for any other run.
    """
    lock, problems = _fit(parts.lock, world)
    if problems:
        raise RecordError(problems[0])
    request = make_request(record, Repeat(name=name), lock)
    repetition = (request.repetition or Repetition(record.run.id))._replace(environment=parts.spec, lock=lock)
    uri = f"{SCHEME}{parts.inputs}:{parts.tree}"
    return prepare(request._replace(uri=uri, parameters=parts.given, repetition=repetition), world)


def make_request(record: Record, repeat: Repeat, lock: EnvironmentLock | None) -> Request:
    """The request that leads to the recorded plan again. Pure but for the names of paths."""
    plan = record.plan
    spec = plan.environment
    entry_point = repeat.entry_point or plan.entry_point
    given = list_given(record) if entry_point == plan.entry_point else {}
    determined = plan.determinism.variables if plan.determinism else ()
    repetition = Repetition(
        run=record.run.id,
        changed=frozenset(repeat.parameters),
        determinism=plan.determinism,
        variables={name: plan.command.environment[name] for name in determined},
    )
    request = Request(
        uri=f"{SCHEME}{record.run.id}",
        entry_point=entry_point,
        parameters={**given, **repeat.parameters},
        options=Options(lenient=True),
        keep=plan.keep,
        shell_strict="pipefail" in plan.command.shell or plan.command.shell == ("sh", "-e", "-c"),
        timeout=plan.resources.timeout,
        isolation=_isolate(plan.isolation, repeat.isolation),
        deterministic=repeat.deterministic,
        tracking=_take_tracking(plan),
        name=repeat.name or plan.name,
    )
    if not repeat.current:
        return request._replace(repetition=repetition._replace(environment=spec, lock=lock))
    return _with_current_environment(request, spec)._replace(repetition=repetition)


def _isolate(recorded: Isolation, more: Isolation) -> Isolation:
    return Isolation(recorded.network and more.network, recorded.read_only or more.read_only)


def _with_current_environment(request: Request, spec: EnvironmentSpec) -> Request:
    if isinstance(spec, DockerSpec):
        return request._replace(docker_args=spec.arguments, build_image=spec.bake, upgrade=True)
    accelerator = getattr(spec, "accelerator", None)
    return request._replace(env_manager=MANAGER_OF.get(spec.kind), accelerator=accelerator, upgrade=True)


def _take_tracking(plan: Plan) -> Tracking:
    """The experiment; never the run, which is another's."""
    told = plan.command.environment
    return Tracking(told.get("MLFLOW_EXPERIMENT_NAME"), told.get("MLFLOW_EXPERIMENT_ID"))


def list_given(record: Record) -> dict[str, object]:
    """The values that were given, paths as they are seen from the project's folder."""
    found: dict[str, object] = {}
    for each in record.plan.parameters:
        value = _relocate(each, record)
        if each.value is not None and (
            each.origin != "default" or (each.type == "path" and value in record.plan.paths)
        ):
            found[each.name] = _take_kept(value, record) if each.type == "path" else value
    return found


def _take_kept(value: str, record: Record) -> str:
    """The path of an input that came with the run; any other value as it is."""
    folder = RunFolder(Path(record.run.folder))
    if not value.startswith("/") or not folder.kept_inputs.is_dir():
        return value
    from reenact.data.folders import digest_listing, list_parameter_folders

    digests = [each.digest for each in read_inputs(folder) if each.path in (value, f"{value}/")]
    digests += [digest_listing(files) for path, files in list_parameter_folders(folder) if path == value]
    known = (find_kept_input(folder, digest) for digest in digests)
    return str(next(filter(None, known), value))


def _relocate(parameter: BoundParameter, record: Record) -> str:
    """A path below the captured tree relative to the project, as the restored tree has it; any other value as it is."""
    value = parameter.value or ""
    source, origin = record.plan.source, record.origin
    if parameter.type != "path" or origin is None or "://" in value:
        return value
    path = normpath(join(origin.cwd, value))
    if source.root is None or path not in record.plan.paths:
        return path if path in record.plan.paths else value
    project = normpath(join(source.root, source.subdirectory))
    prefix = record.code.prefix if record.code else ""
    top = normpath(join(source.root, *[".."] * len(prefix.split("/")))) if prefix else normpath(source.root)
    return relpath(path, project) if f"{path}/".startswith(f"{top}/") else path


def _list_missing_code(folder: RunFolder, world: World) -> list[str]:
    return [
        f"{each.path} ({each.why}, {each.size} bytes) is not in the record, and not what it was in its old place"
        for each in list_missing(folder, world)
    ]


def _list_missing_values(plan: Plan, repeat: Repeat) -> list[str]:
    if repeat.entry_point not in (None, plan.entry_point):
        return []
    secret = [each for each in plan.parameters if each.secret and each.origin != "default"]
    return [
        f"parameter '{each.name}' is secret, and no record has its value: give it with -P {each.name}=..."
        for each in secret
        if each.name not in repeat.parameters
    ]


def _find_lock(folder: RunFolder, repeat: Repeat, world: World) -> tuple[EnvironmentLock | None, list[str]]:
    """The recorded lock, for this machine; and what it needs and this machine does not have."""
    if repeat.current:
        return None, []
    return _fit(read_lock_with_made(folder), world)


def _fit(lock: EnvironmentLock | None, world: World) -> tuple[EnvironmentLock | None, list[str]]:
    """The lock as it can be used on this machine; what is missing."""
    if lock is None:
        return None, []
    from reenact.environments.elsewhere import bring_here

    return bring_here(lock, world)
