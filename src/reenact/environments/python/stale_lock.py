"""Whether a lock of the project's own still answers what the project asks for, and if not, which line."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path, PurePosixPath

from blake3 import blake3

from reenact import __version__
from reenact.document_cache import find_documents
from reenact.environments.definition import read_toml
from reenact.environments.names import normal_name
from reenact.environments.python.content_hash import pick_hash, pick_pdm_hashes, pick_poetry_hashes
from reenact.environments.settings import decisive
from reenact.json_text import parse_json, render_json
from reenact.plan import PythonSpec, digest
from reenact.world import World

HASHES = {"poetry.lock": pick_poetry_hashes, "pdm.lock": pick_pdm_hashes}
"""What a lock's hash of its ``pyproject.toml`` must be one of."""

MAKERS = {"uv.lock": "uv lock", "poetry.lock": "poetry lock", "pdm.lock": "pdm lock"}


def make_hint(spec: PythonSpec) -> str:
    """How the lock is made anew."""
    made_by = MAKERS.get(PurePosixPath(spec.lock_file or "").name)
    return f"make it anew: {made_by}" if made_by else "make it anew, as it was made"


def find_stale(spec: PythonSpec, root: Path, world: World, *, strictly: bool) -> tuple[str, ...]:
    """What ``spec.lock_file`` does not answer, a line for each; nothing where it answers, or where nobody can tell.

    ``strictly`` goes to any length to find out; otherwise a tool is started only where something seems to differ.
    """
    if spec.lock_file is None or spec.lock_file == spec.origin:
        return ()
    cache = find_documents(world.home)
    files = (*spec.files, *(f"{path}/pyproject.toml" for path in spec.local))
    content = [blake3((root / name).read_bytes()).hexdigest() for name in files if (root / name).is_file()]
    around = sorted(decisive(world.environ).items())
    key = digest((__version__, "stale", strictly, files, content, spec.dependencies, around))
    if (kept := cache.find(key)) is not None:
        try:
            return tuple(parse_json(kept))
        except (ValueError, TypeError):
            pass  # damaged: to be made again
    found = _find(spec, root, world, strictly=strictly)
    cache.keep(key, render_json(found).encode())
    return found


def _find(spec: PythonSpec, root: Path, world: World, *, strictly: bool) -> tuple[str, ...]:
    if spec.frozen:
        from reenact.environments.python.uv_lock import list_stale

        return list_stale(spec, root, world, strictly=strictly)
    return tuple(compare_lines(spec)) or tuple(_compare_hash(spec, root, world))


def _compare_hash(spec: PythonSpec, root: Path, world: World) -> Iterator[str]:
    """Whether Poetry or PDM would say that its lock is for another ``pyproject.toml``."""
    lock, origin = spec.lock_file or "", spec.origin or ""
    pick = HASHES.get(PurePosixPath(lock).name)
    if pick is None:
        return
    kept = read_toml(root / lock, lock, pick_hash, world)
    if kept is not None and kept not in read_toml(root / origin, origin, pick, world):
        yield f"{origin} has changed since (its hash is not the one in {PurePosixPath(lock).name})"


def compare_lines(spec: PythonSpec) -> Iterator[str]:
    """The requirements that no package of the lock satisfies. Pure.

    What is asked for under a condition may rightly be missing from a lock that was made for one machine.
    """
    from packaging.requirements import InvalidRequirement, Requirement

    locked: dict[str, list[str]] = {}
    for line in spec.locked:
        name, mark, version = line.partition("==")
        locked.setdefault(normal_name(re.split(r"[\[ ]", name, maxsplit=1)[0]), []).extend(
            version.split()[:1] if mark else ()
        )
    for line in (*spec.build_dependencies, *spec.dependencies):
        try:
            asked = Requirement(line.partition(" --hash=")[0])
        except InvalidRequirement:
            continue  # local code
        if asked.marker is not None or asked.url is not None:
            continue
        versions = locked.get(normal_name(asked.name))
        if versions is None:
            yield f"new: {line}"
        elif versions and not any(asked.specifier.contains(each, prereleases=True) for each in versions):
            yield f"changed: {line}, and it has {asked.name}=={', '.join(versions)}"
