"""The code of a run, as its record has it: ``run:ID``. The original may have changed, or be gone.

``run:ID:TREE`` is the same with another tree of the store in the place of its own."""

from __future__ import annotations

import re
from pathlib import Path

from reenact.errors import SourceError
from reenact.plan import DockerSpec
from reenact.records.files import read_plan
from reenact.records.lookup import get_run
from reenact.sources import Fetched, Kept, Wanted
from reenact.sources.lacking import find_patch, get_source
from reenact.sources.supply import supply_inputs, supply_left_out, supply_recorded
from reenact.world import World

SCHEME = "run:"


def matches(uri: str, world: World) -> bool:
    """Whether ``uri`` names a run."""
    return uri.startswith(SCHEME)


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """The files that the run had before it started, at ``code``.

    They are in a repository again where they were in one (:mod:`reenact.sources.repository`). With them comes what was
    left out and what was recorded as input, as far as it came with the run or is what it was where it was.
    :func:`reenact.sources.lacking.list_missing` says what cannot be had.

    Raises:
        SourceError: a version is asked for.
        RecordError: there is no such run, or its code was not kept.
    """
    from reenact.sources.capture.store import open_store
    from reenact.sources.repository import Means, make_repository

    if wanted.version is not None:
        raise SourceError("a run has its code at one version", hint="leave the version out")
    name, _, tree = wanted.uri.removeprefix(SCHEME).partition(":")
    folder = get_run(name, world)
    source, kept = get_source(folder)
    recorded = source, kept
    if tree:
        if not re.fullmatch("[0-9a-f]{40,64}", tree):
            raise SourceError(f"'{tree}' is no tree of the store")
        kept = kept._replace(tree=tree)
        source = source._replace(commit=None, branch=None, dirty=None)
    store = open_store(world)
    store.restore(kept, code)
    whole = isinstance(read_plan(folder).environment, DockerSpec)
    make_repository(*recorded, code, Means(store, find_patch(folder, world), whole))
    inside = "/".join(part for part in (kept.prefix, source.subdirectory) if part)
    supply_left_out(folder, code, world)
    supply_inputs(folder, code, world)
    supply_recorded(folder, code, world)
    snapshot = source._replace(root=None, prefix="", subdirectory=wanted.subdirectory or inside, tree=kept.tree)
    return Fetched(snapshot, code, kept._replace(prefix=""))


def keep(fetched: Fetched, world: World) -> Kept:
    """It is kept already."""
    return Kept(fetched.snapshot, fetched.code)
