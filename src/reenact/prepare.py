"""Everything decided before anything exists: a request becomes a plan, or an error."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import NamedTuple

from reenact import backends, environments, sources
from reenact.documents import find_documents
from reenact.errors import UsageError
from reenact.plan import Command, Isolation, Plan, Resources, Snapshot
from reenact.project.diagnostics import Diagnostic
from reenact.project.load import get_entry_point, load_project
from reenact.project.parameters import Options, bind
from reenact.project.paths import Places
from reenact.project.shell import NO_PIPEFAIL, choose_shell
from reenact.project.template import render_command
from reenact.record import Staged, stage
from reenact.world import World


class Tracking(NamedTuple):
    """Where the project's own MLflow client is told to log: an experiment by name or by id, a run that exists."""

    experiment_name: str | None = None
    experiment_id: str | None = None
    run_id: str | None = None


class Request(NamedTuple):
    """What a caller asks for, before anything is looked at.

    ``parameters`` are as given: text, or Python values. ``keep`` names variables of the caller that the command sees
    although its environment would hide them. ``storage_dir`` takes downloads in place of the run folder.
    """

    uri: str
    entry_point: str = "main"
    version: str | None = None
    parameters: Mapping[str, object] = {}
    options: Options = Options()
    env_manager: str | None = None
    upgrade: bool = False
    keep: tuple[str, ...] = ()
    backend: str = "local"
    backend_config: Mapping[str, object] = {}
    shell_strict: bool = False
    timeout: float | None = None
    isolation: Isolation = Isolation()
    tracking: Tracking = Tracking()
    storage_dir: str | None = None
    name: str | None = None


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
    backends.get_backend(request.backend)
    tracking = _make_tracking_variables(request.tracking)
    staged = stage(world)
    try:
        with _try_isolation(request) as judge:
            plan, secrets = _plan(request, tracking, staged.path / "code", world)
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

    rmtree(staged.path)
    os.close(staged.alive)


def _plan(
    request: Request, tracking: tuple[dict[str, str], tuple[str, ...]], code: Path, world: World
) -> tuple[Plan, Mapping[str, str]]:
    fetched = sources.fetch(sources.parse_uri(request.uri, request.version), code, world)
    root = fetched.root / fetched.snapshot.subdirectory
    without_environment = request.env_manager in environments.NONE
    project = load_project(
        root,
        find_documents(world.home),
        request.entry_point,
        _name_source(fetched.snapshot),
        needs_environment=not without_environment,
    )
    entry_point = get_entry_point(project, request.entry_point, root)
    if entry_point.note:
        world.report.note(entry_point.note)
    copy = None if fetched.snapshot.root else str(Path("code", fetched.snapshot.subdirectory))
    bound = bind(
        entry_point, request.parameters, request.options, Places(str(world.cwd), str(root), os.path.exists, copy)
    )
    rendered = render_command(entry_point.command, bound.words, bound.extras)
    has_bash = world.find_program("bash") is not None
    doubts = (Diagnostic("warning", "no-pipefail", NO_PIPEFAIL),) if request.shell_strict and not has_bash else ()
    set_variables, unset_variables = tracking
    plan = Plan(
        project=project.name or root.name,
        entry_point=request.entry_point,
        source=fetched.snapshot,
        command=Command(
            rendered.text,
            choose_shell(request.shell_strict, has_bash),
            fetched.snapshot.subdirectory,
            set_variables,
            unset_variables,
        ),
        environment=environments.ask(project, root, request.env_manager, world),
        parameters=bound.parameters,
        downloads=bound.downloads,
        backend=request.backend,
        backend_config=request.backend_config,
        resources=Resources(request.timeout),
        isolation=request.isolation,
        upgrade=request.upgrade,
        keep=request.keep,
        storage_dir=str(world.cwd / request.storage_dir) if request.storage_dir else None,
        name=request.name,
        notes=(*project.diagnostics, *bound.diagnostics, *rendered.diagnostics, *doubts),
    )
    return plan, bound.secrets


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
