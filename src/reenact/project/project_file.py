"""The project file as a :class:`~reenact.project.types.Project`, read through a cache.

What was understood once is kept: a warm start has no time to understand it again.
"""

from reenact.codec import decode, encode
from reenact.project.cache import Cache, make_digest
from reenact.project.types import Project


def read_project_file(file: str, data: bytes, cache: Cache) -> Project:
    """What ``data`` says, and all that is wrong or doubtful in it; ``file`` is its name. Never raises for content.

    The answer is the same whether or not it came out of the cache.
    """
    digest = make_digest(f"project {file}", data)
    kept = _decode(cache.find(digest))
    if kept is not None:
        return kept
    project = _understand(file, data)
    cache.keep(digest, encode(project))
    return project


def _decode(kept: bytes | None) -> Project | None:
    try:
        return None if kept is None else decode(Project, kept)
    except (ValueError, TypeError, RecursionError):
        return None  # damaged: to be made again


def _understand(file: str, data: bytes) -> Project:
    from reenact.project.cache import NoCache
    from reenact.project.document import load_document
    from reenact.project.lints import find_doubts
    from reenact.project.mlproject import parse_project

    document = load_document(file, data, NoCache())
    project = parse_project(document)
    doubts = (doubt for entry_point in project.entry_points for doubt in find_doubts(entry_point, document))
    return project._replace(diagnostics=(*project.diagnostics, *doubts))
