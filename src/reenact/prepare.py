"""Everything decided before anything exists: a request becomes a plan, or an error."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from reenact import backends, environments, sources
from reenact.documents import DocumentCache
from reenact.errors import UsageError
from reenact.plan import Command, Plan, Resources
from reenact.project.load import get_entry_point, load_project
from reenact.project.parameters import Places, Rules, bind
from reenact.project.template import choose_shell, render_command
from reenact.record import new_run_id
from reenact.world import World


class Tracking(NamedTuple):
    """Where the project's own MLflow client is told to log: an experiment by name or by id, a run that exists."""

    experiment_name: str | None = None
    experiment_id: str | None = None
    run_id: str | None = None


class Request(NamedTuple):
    """What a caller asks for, before anything is looked at.

    ``parameters`` are as given: text, or Python values. ``keep`` names variables of the caller that the project
    sees although its environment would hide them. ``storage_dir`` takes downloads in place of the run folder.
    """

    uri: str
    entry_point: str = "main"
    version: str | None = None
    parameters: Mapping[str, object] = {}
    rules: Rules = Rules()
    env_manager: str | None = None
    upgrade: bool = False
    keep: tuple[str, ...] = ()
    backend: str = "local"
    backend_config: Mapping[str, object] = {}
    shell_strict: bool = False
    timeout: float | None = None
    tracking: Tracking = Tracking()
    storage_dir: str | None = None
    name: str | None = None


class Prepared(NamedTuple):
    """A plan, the folder that becomes the run's, and what no record may hold: the secrets, by variable."""

    plan: Plan
    staged: Path
    secrets: Mapping[str, str]


def prepare(request: Request, world: World) -> Prepared:
    """Decide what would run. Fetches code in order to pin it; builds, starts and records nothing.

    Raises:
        ReenactError: whatever is wrong with the call, the source, the project or the parameters.
    """
    backends.get_backend(request.backend)
    staged = world.home.staging / new_run_id()
    try:
        return _plan(request, staged, world)
    except BaseException:
        discard(staged)
        raise


def discard(staged: Path) -> None:
    """Take away what preparing a run that will not be has left."""
    if staged.exists():
        from shutil import rmtree

        rmtree(staged)


def _plan(request: Request, staged: Path, world: World) -> Prepared:
    fetched = sources.fetch(sources.parse_uri(request.uri, request.version, world), staged / "code", world)
    root = fetched.root / fetched.snapshot.subdirectory
    project = load_project(root, DocumentCache(world.home.documents))
    entry_point = get_entry_point(project, request.entry_point, root)
    bound = bind(entry_point, request.parameters, request.rules, Places(world.cwd, root))
    rendered = render_command(entry_point.command, bound.words, bound.extras)
    told, hidden = _tracking_variables(request.tracking)
    plan = Plan(
        project=project.name or root.name,
        entry_point=request.entry_point,
        source=fetched.snapshot,
        command=Command(
            rendered.text,
            choose_shell(request.shell_strict, world.find_program("bash") is not None),
            fetched.snapshot.subdirectory,
            told,
            hidden,
        ),
        environment=environments.ask(project, root, request.env_manager, world),
        parameters=bound.parameters,
        downloads=bound.downloads,
        backend=request.backend,
        backend_config=request.backend_config,
        resources=Resources(request.timeout),
        name=request.name,
        notes=(*project.diagnostics, *bound.diagnostics, *rendered.diagnostics),
    )
    return Prepared(plan, staged, bound.secrets)


def _tracking_variables(tracking: Tracking) -> tuple[dict[str, str], tuple[str, ...]]:
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

