"""The story: prepare, launch, wait. What the command line does, for programs."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from reenact import backends, record, worker
from reenact.errors import RunFailed, UnsupportedError, UsageError
from reenact.prepare import Prepared, Request, Tracking, prepare
from reenact.project.parameters import Options
from reenact.report import Silence
from reenact.run_folder import RunFolder
from reenact.runs import Result, Run, State
from reenact.world import World, make_world

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
        return record.settle(self.folder, self._world)

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


def carry_out(prepared: Prepared, world: World) -> tuple[RunFolder, Result]:
    """Run it here and now, in this process; returns when it has ended, however it ended.

    Raises:
        ReenactError: the environment could not be made; the run is recorded as failed.
    """
    plan, staged = prepared.plan, prepared.staged
    run = record.publish(staged.path, plan, world)
    terms = worker.Terms(alive=staged.alive, secrets=prepared.secrets)
    return record.find_folder(run), worker.carry_out(run, plan, world, terms)


def submit(prepared: Prepared, world: World) -> SubmittedRun:
    """Start it on its backend and return while it runs."""
    plan, staged = prepared.plan, prepared.staged
    folder = record.find_folder(record.publish(staged.path, plan, world))
    backend = backends.get_backend(plan.backend)
    job = backend.submit(plan, folder, world, alive=staged.alive, secrets=prepared.secrets)
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
    strict: bool = False,
    lenient: bool = False,
    upgrade: bool = False,
    shell_strict: bool = False,
    world: World | None = None,
) -> SubmittedRun:
    """Run a project; every argument of ``mlflow.projects.run`` has its name, its place and its meaning.

    What is given is not changed. ``experiment_name``, ``experiment_id`` and ``run_id`` are handed to the project's own
    MLflow client. The arguments after the star are ours: ``timeout`` in seconds, ``strict`` and ``lenient`` for
    parameters, ``upgrade`` to resolve the environment anew, ``shell_strict`` for ``-eo pipefail``.

    Returns:
        The run: ended, when ``synchronous``; else at work in a process of its own that outlives this one.

    Raises:
        RunFailed: ``synchronous``, and the command did not finish with code 0.
        ReenactError: the run could not be started, or its environment not be made.
    """
    if docker_args or build_image or docker_auth:
        raise UnsupportedError("docker_args, build_image and docker_auth need a container environment")
    request = Request(
        uri=str(uri),
        entry_point=entry_point,
        version=version,
        parameters=dict(parameters or {}),
        options=Options(strict=strict, lenient=lenient),
        env_manager=env_manager,
        upgrade=upgrade,
        backend=backend,
        backend_config=read_backend_config(backend_config),
        shell_strict=shell_strict,
        timeout=timeout,
        tracking=Tracking(experiment_name, str(experiment_id) if experiment_id else None, run_id),
        storage_dir=str(storage_dir) if storage_dir else None,
        name=run_name,
    )
    world = world or make_world(Silence())
    prepared = prepare(request, world)
    if not synchronous or backend != "local":
        submitted = submit(prepared, world)
        if not synchronous:
            return submitted
        submitted.wait()
        return _finished(submitted)
    folder, _ = carry_out(prepared, world)
    return _finished(SubmittedRun(folder, backend, None, world))


def read_backend_config(given: Mapping[str, object] | str | None) -> dict[str, object]:
    """A mapping as it is; text ending in ``.json`` as the file that it names; other text as JSON itself.

    Raises:
        UsageError: no such file, or not a JSON object.
    """
    if given is None:
        return {}
    if not isinstance(given, str):
        return dict(given)
    try:
        config = json.loads(Path(given).read_text("utf-8") if given.endswith(".json") else given)
    except OSError as problem:
        raise UsageError(f"cannot read the backend configuration {given}: {problem.strerror}") from problem
    except ValueError as problem:
        raise UsageError(f"the backend configuration is not JSON: {problem}") from problem
    if not isinstance(config, dict):
        raise UsageError("the backend configuration must be a JSON object")
    return config


def _finished(submitted: SubmittedRun) -> SubmittedRun:
    ended = submitted.record
    if ended.state is not State.FINISHED:
        how = f"it is {ended.state.value}, exit code {ended.exit_code}" + (f": {ended.reason}" if ended.reason else "")
        raise RunFailed(
            f"Run (ID '{ended.id}') failed: {how}",
            run_id=ended.id,
            code=ended.exit_code if ended.exit_code is not None else 1,
            hint=f"reenact logs {ended.id[:8]} prints what it said",
        )
    return submitted
