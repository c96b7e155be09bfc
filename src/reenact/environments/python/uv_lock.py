"""``uv.lock`` and the lock of a script, beside what they were made for: which lines they do not answer any more.

The lock has what was asked for when it was made, in the words of uv's own; what differs is only a suspicion, for there
are several ways to write the same. Whether a lock answers is for uv to say (``uv lock --check``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path, PurePosixPath

from reenact.environments.definition import read_toml
from reenact.environments.names import normal_name
from reenact.environments.python import script
from reenact.environments.python.pyproject import UV_LOCK
from reenact.environments.python.uv import find_uv, make_environ
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.process.tool import run_tool
from reenact.project.toml_text import Table
from reenact.world import World

Asked = Mapping[str, list[str]]
"""Requirements by the section that they stand in."""

_EXTRA = r"(?: and )?extra == '([^']*)'"
_SOURCES = ("git", "url", "path", "directory", "editable", "virtual")


def list_stale(spec: PythonSpec, root: Path, world: World, *, strictly: bool) -> tuple[str, ...]:
    """What the lock does not answer; ``strictly`` asks uv also where nothing seems to differ."""
    lines = tuple(_compare(spec, root, world))
    if not lines and not strictly:
        return ()
    opinion = ask_uv(spec, root, world)
    if opinion is None:
        return lines
    return lines or (opinion,) if opinion else ()


def ask_uv(spec: PythonSpec, root: Path, world: World) -> str | None:
    """Why uv would make the lock anew, '' where it would not; None where it cannot tell without a network."""
    origin = (root / (spec.origin or "")).resolve()
    whose = ("--project", str(origin.parent)) if _is_projects(spec) else ("--script", str(origin))
    words = ("lock", "--check", "--offline", "--no-python-downloads", "--verbose", *whose)
    result = run_tool((find_uv(), *words), environ=make_environ(world.environ), cwd=root)
    if result.ok:
        return ""
    if found := re.search(r"existing lockfile due to ([^:\n]+)", result.errors):
        return f"uv says: {found[1].strip()}"
    return "uv says that it has to be updated" if "needs to be updated" in result.errors else None


def pick_locked(table: Table) -> dict[str, Any]:
    """What a lock was made for: of each local package, by its path, and of a script ('')."""
    packages = [(package.get("source", {}), package.get("metadata", {})) for package in table.get("package", ())]
    local = [
        (str(source[kind]), list(_list_tables(metadata)))
        for source, metadata in packages
        for kind in ("editable", "virtual", "directory")
        if kind in source
    ]
    manifest = table.get("manifest", {}).get("requirements", ())
    return {"python": table.get("requires-python"), "local": [*local, ("", [("dependencies", t) for t in manifest])]}


def pick_asked(table: Table) -> dict[str, Any]:
    """What a ``pyproject.toml`` asks for; 'dynamic' are the sections that only its build system knows."""
    project = table.get("project", {})
    sections = {"dependencies": project.get("dependencies", [])}
    sections |= {
        f"optional-dependencies {normal_name(n)}": v for n, v in project.get("optional-dependencies", {}).items()
    }
    groups = {normal_name(name): items for name, items in table.get("dependency-groups", {}).items()}
    groups.setdefault("dev", []).extend(table.get("tool", {}).get("uv", {}).get("dev-dependencies", []))
    sections |= {f"dependency-groups {name}": list(_flatten(name, groups, ())) for name in groups}
    dynamic = [*project.get("dynamic", ()), *(() if project else ("dependencies", "optional-dependencies"))]
    return {"python": project.get("requires-python"), "sections": sections, "dynamic": dynamic}


def _compare(spec: PythonSpec, root: Path, world: World) -> Iterator[str]:
    lock = spec.lock_file or ""
    folder = PurePosixPath(lock).parent
    locked = read_toml(root / lock, lock, pick_locked, world)
    if not _is_projects(spec):
        asked = script.read_header(root, spec.origin or "", world)
        yield from _compare_sections({"dependencies": asked["dependencies"]}, locked["local"][-1][1], "")
        return
    for path, tables in locked["local"][:-1]:
        name = str(folder / path / "pyproject.toml")
        if not (root / name).is_file():
            continue
        asked = read_toml(root / name, name, pick_asked, world)
        sections = {key: lines for key, lines in asked["sections"].items() if key.split()[0] not in asked["dynamic"]}
        known = [(section, table) for section, table in tables if section.split()[0] not in asked["dynamic"]]
        yield from _compare_sections(sections, known, "" if path == "." else f"{path}: ")
        if path == "." and (said := asked["python"]) and not _is_same_python(said, locked["python"]):
            yield f"new: requires-python {said}, and it has {locked['python']}"


def _compare_sections(asked: Asked, locked: list[tuple[str, dict[str, Any]]], prefix: str) -> Iterator[str]:
    before = {(section, _make_key(_render(table))): _render(table) for section, table in locked}
    now = {(section, _make_key(line)): line for section, lines in asked.items() for line in lines}
    loose = {(section, key[:2]) for section, key in before if key[2] is None}
    loose |= {(section, key[:2]) for section, key in now if key[2] is None}

    def names(section: str, key: tuple[Any, ...], others: Mapping[Any, str]) -> bool:
        if (section, key) in others:
            return True
        return (section, key[:2]) in loose and any((s, k[:2]) == (section, key[:2]) for s, k in others)

    yield from (f"{prefix}new: {s} {line}" for (s, key), line in now.items() if not names(s, key, before))
    yield from (f"{prefix}gone: {s} {line}" for (s, key), line in before.items() if not names(s, key, now))


def _list_tables(metadata: Mapping[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """The requirements of a locked package with their sections."""
    for table in metadata.get("requires-dist", ()):
        extra = re.search(_EXTRA, table.get("marker", ""))
        plain = {**table, "marker": re.sub(_EXTRA, "", table.get("marker", ""))}
        yield (f"optional-dependencies {normal_name(extra[1])}" if extra else "dependencies"), plain
    for group, tables in metadata.get("requires-dev", {}).items():
        yield from ((f"dependency-groups {normal_name(group)}", table) for table in tables)


def _render(table: Mapping[str, Any]) -> str:
    """A requirement of a lock as the author writes it."""
    extras = f"[{','.join(table['extras'])}]" if table.get("extras") else ""
    source = next((f" @ {table[kind]}" for kind in _SOURCES if kind in table), "")
    marker = f" ; {table['marker']}" if table.get("marker") else ""
    return f"{table['name']}{extras}{source or table.get('specifier', '')}{marker}"


def _make_key(line: str) -> tuple[Any, ...]:
    """What two ways to write the same requirement share: name, extras, versions (None for an address), marker."""
    from packaging.requirements import InvalidRequirement, Requirement

    try:
        found = Requirement(line)
    except InvalidRequirement:
        found = Requirement(re.split(r"[^\w.-]", line.strip())[0] or "x")
    marker = str(found.marker or "").replace('"', "'").replace("python_version", "python_full_version")
    versions = None if found.url else tuple(sorted(map(str, found.specifier)))
    return (
        normal_name(found.name),
        tuple(sorted(map(normal_name, found.extras))),
        versions,
        re.sub(r"[()\s]", "", marker),
    )


def _is_same_python(said: str, locked: str | None) -> bool:
    """Whether two ways to write the versions of Python are one; uv writes ``~=3.10`` as ``>=3.10, <4``."""
    from packaging.specifiers import InvalidSpecifier, SpecifierSet

    said = re.sub(r"~=\s*((\d+)\.\d+)(?![.\d])", lambda found: f">={found[1]},<{int(found[2]) + 1}", said)
    try:
        return SpecifierSet(said) == SpecifierSet(locked or "")
    except InvalidSpecifier:
        return True  # for uv to say


def _flatten(name: str, groups: Mapping[str, Any], within: tuple[str, ...]) -> Iterator[str]:
    """The requirements of a dependency group with those that it includes."""
    for item in groups.get(name, ()) if name not in within else ():
        if isinstance(item, dict):
            yield from _flatten(normal_name(str(item.get("include-group", ""))), groups, (*within, name))
        else:
            yield str(item)


def _is_projects(spec: PythonSpec) -> bool:
    return PurePosixPath(spec.lock_file or "").name == UV_LOCK
