"""The commits between two runs, where both were of a commit as it is."""

from __future__ import annotations

from reenact.errors import SourceError
from reenact.reproduce.why.factors import Side
from reenact.sources.capture.store import open_store
from reenact.sources.history import History, find_history, keep_commit
from reenact.world import World


def find_between(old: Side, new: Side, world: World) -> History | None:
    """The history from the code of ``old`` to that of ``new``; None where one of them is not what was committed, or no
    repository that has both is here."""
    sources = old.record.plan.source, new.record.plan.source
    if sources[0].commit is None or sources[1].commit is None or sources[0].commit == sources[1].commit:
        return None
    if any(source.dirty for source in sources) or old.code.nested or new.code.nested:
        return None
    history = find_history(sources[0].commit, sources[1].commit, sources[1], world)
    if history is None:
        return None
    try:
        tree = keep_commit(sources[1].commit, history, open_store(world))
    except SourceError:
        return None
    # What a filter changed on its way into the files is not in the commits.
    return history if tree == new.code.tree else None
