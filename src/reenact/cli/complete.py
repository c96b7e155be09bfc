"""What the shell may complete: run ids, and the entry points of the project that the line names."""

from __future__ import annotations

from typing import Any

import click
from click.shell_completion import CompletionItem

from reenact.errors import ReenactError

MOST = 100
"""More runs than this are nothing that anybody picks from."""


class RunName(click.types.StringParamType):
    """An argument that names a run: an id, the beginning of one, a run's name, ``@`` for the newest."""

    name = "run"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """Ids that begin so, newest first, each with what it is."""
        return complete_runs(incomplete)


class EntryPointName(click.types.StringParamType):
    """An option that names an entry point of the project which the line's ``uri`` names."""

    name = "entry point"

    def shell_complete(self, ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
        """The entry points of a project in a folder; nothing for one that would have to be fetched."""
        return complete_entry_points(str(ctx.params.get("uri") or "."), incomplete)


def complete_runs(incomplete: str) -> list[CompletionItem]:
    """Runs whose id or name begins with what is there."""
    from reenact.cli.console import console_world
    from reenact.cli.table import plain
    from reenact.records.filter import RunFilter
    from reenact.records.index import open_index
    from reenact.report import Silence

    world = console_world()._replace(report=Silence())
    if not world.home.store.exists():
        return []

    def pick(store: Any) -> tuple[list[Any], int]:
        found = store.find(incomplete, MOST) if incomplete else store.select(RunFilter(), MOST)
        return found, store.shortest([run.id for run in found])

    try:
        runs, length = open_index(world).read(pick)
    except ReenactError:
        return []
    length = max(length, len(incomplete))
    return [
        CompletionItem(
            run.name if run.name and run.name == incomplete else run.id[:length],
            help=plain(f"{run.state.value}  {run.project} {run.entry_point}  {run.created[:16].replace('T', ' ')}"),
        )
        for run in runs
    ]


def complete_entry_points(uri: str, incomplete: str) -> list[CompletionItem]:
    """The names in the project file below ``uri``, if that is a folder; what cannot be read completes to nothing."""
    import os
    from importlib import import_module
    from pathlib import Path

    folder = Path(os.path.expanduser(uri.partition("#")[0]), uri.partition("#")[2])
    if not folder.is_dir():
        return []
    try:
        cache = import_module("reenact.project.document").NoCache()
        project = import_module("reenact.project.load").read_project(folder, cache)
    except (OSError, ReenactError):
        return []
    return [
        CompletionItem(entry.name, help=entry.description)
        for entry in project.entry_points
        if entry.name.startswith(incomplete)
    ]
