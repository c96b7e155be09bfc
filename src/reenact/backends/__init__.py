"""Where a run is carried out. A backend is a module with five functions on a run folder:

``render(plan: Plan, folder: RunFolder) -> str``
    The engine's own words for the job, for people to read. Pure.
``submit(plan: Plan, folder: RunFolder, world: World) -> str``
    Start the worker on the folder, somewhere; returns the backend's own id of the job.
``poll(job: str, folder: RunFolder) -> State``
    Where it stands.
``logs(job: str, folder: RunFolder) -> Iterator[bytes]``
    What it printed so far, and then what it prints until it ends.
``cancel(job: str, folder: RunFolder) -> None``
    End it; again is harmless.
"""

from __future__ import annotations

from importlib import import_module

from reenact.errors import UnsupportedError, UsageError
from reenact.hints import Any

BACKENDS = {"local": "reenact.backends.local"}
"""The module of each backend, imported when it is chosen."""

PLUGINS = "reenact.backends"
"""The group of entry points by which an installed package adds backends; it cannot replace one of ours."""

MLFLOW_ONLY = ("databricks", "kubernetes")


def expect_backend(name: str) -> None:
    """Nothing, if there is a backend of that name; a run that is waited for needs no more of ours.

    Raises:
        UsageError, UnsupportedError: as :func:`get_backend`.
    """
    if name not in BACKENDS:
        get_backend(name)


def get_backend(name: str) -> Any:
    """The module of the backend ``name``.

    Raises:
        UsageError: there is none of that name.
        UnsupportedError: MLflow has one, and this version does not.
    """
    if name in BACKENDS:
        return import_module(BACKENDS[name])
    from importlib.metadata import entry_points

    plugins = {plugin.name: plugin for plugin in entry_points(group=PLUGINS)}
    if name in plugins:
        return plugins[name].load()
    if name in MLFLOW_ONLY:
        raise UnsupportedError(f"this version has no backend '{name}'", hint="without -b it runs on this machine")
    known = ", ".join(sorted({*BACKENDS, *plugins}))
    raise UsageError(f"Got unsupported execution mode '{name}': the backends are {known}")
