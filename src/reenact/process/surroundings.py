"""The environment variables that a command gets. Pure.

In this order: the caller's; without what the command unsets, unless the user keeps it; with what the command sets; with
secrets; with the run's id and folder. The command's own folders come first on ``PATH``.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path

from reenact.plan import RUN_DIR_VARIABLE, RUN_ID_VARIABLE, Command
from reenact.world import World

TRACKING = ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI")
"""The variables by which MLflow's client is told of its stores."""

_NAMES = frozenset({"databricks", "databricks-uc", "uc"})
_SCHEME = r"[A-Za-z][A-Za-z0-9+.-]*:"
_SQLITE = r"(sqlite(?:\+\w+)?:///)(?!/|:memory:|file:|\?|$)"


def make_environ(
    world: World, command: Command, run: Path, *, keep: tuple[str, ...], secrets: Mapping[str, str]
) -> dict[str, str]:
    """All variables of the command of the run in the folder ``run``."""
    environ = dict(world.environ)
    for name in command.unset:
        if name not in keep:
            environ.pop(name, None)
    environ.update(command.environment)
    environ.update(secrets)
    environ["PATH"] = os.pathsep.join((*command.path, environ.get("PATH") or os.defpath))
    for name in TRACKING:
        if environ.get(name):
            environ[name] = make_absolute(environ[name], world.cwd)
    environ[RUN_ID_VARIABLE] = run.name
    environ[RUN_DIR_VARIABLE] = str(run)
    return environ


def make_absolute(uri: str, cwd: Path) -> str:
    """An MLflow store's address that means the same from every directory.

    A relative file of SQLite (``sqlite:///rel.db``), a relative path (``mlruns``, ``./mlruns``) and a relative
    ``file:`` are resolved against ``cwd``; everything else is returned as it is.
    """
    if found := re.match(_SQLITE, uri):
        path, mark, query = uri[found.end() :].partition("?")
        return f"{found[1]}{os.path.normpath(cwd / path)}{mark}{query}"
    if uri.startswith("file:") and not uri.startswith("file:/"):
        from urllib.parse import quote

        # The rest is part of an address already; only the directory has to be made one.
        return "file://" + os.path.normpath(f"{quote(str(cwd))}/{uri.removeprefix('file:')}")
    if re.match(_SCHEME, uri) or uri in _NAMES:
        return uri
    return os.path.normpath(cwd / uri)
