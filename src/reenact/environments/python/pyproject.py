"""``pyproject.toml``: the project's dependencies, the chosen groups and extras, and the project itself.

The tables are those of the specifications (packaging.python.org: ``[project]``, ``[dependency-groups]``), of uv
(``[tool.uv]``) and of Poetry. Beside it, ``uv.lock`` is used as it is by uv; ``poetry.lock`` and ``pdm.lock`` are
translated by :mod:`reenact.environments.python.foreign_locks`; without a lock it is resolved, and kept with the run.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from pathlib import Path, PurePosixPath

from blake3 import blake3

from reenact.environments.definition import check_forms, make_error, read_bytes, read_toml
from reenact.environments.local_code import digest_local
from reenact.environments.names import normal_name
from reenact.environments.python import foreign_locks, poetry
from reenact.environments.python.python_version import choose_python
from reenact.environments.python.request import Request, make_line, make_spec
from reenact.environments.python.requirement_lines import Line, split_marker
from reenact.environments.python.uv_settings import find_existing, list_sources, with_settings
from reenact.environments.python.versions import parse_request
from reenact.errors import ProjectError
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Position
from reenact.project.environment_files import PYPROJECT_LOCKS, find_lock
from reenact.project.nearest import did_you_mean
from reenact.project.toml_text import Table
from reenact.project.types import EnvironmentSource, Project
from reenact.world import World

UV_LOCK = "uv.lock"
PROJECT_KEYS = ("name", "dependencies", "optional-dependencies", "requires-python", "dynamic")
FORMS: dict[str, type] = {
    "project": dict,
    "project.name": str,
    "project.requires-python": str,
    "project.optional-dependencies": dict,
    "dependency-groups": dict,
    "dependency-groups.*": list,
    "tool": dict,
    "tool.uv": dict,
    "tool.uv.pip": dict,
    "tool.uv.sources": dict,
    "tool.uv.workspace": dict,
    "tool.uv.workspace.members": list,
    "tool.uv.workspace.exclude": list,
    "tool.uv.index": list,
    "tool.uv.index.*": dict,
    "tool.poetry": dict,
    "tool.poetry.dependencies": dict,
    "tool.poetry.dev-dependencies": dict,
    "tool.poetry.extras": dict,
    "tool.poetry.extras.*": list,
    "tool.poetry.group": dict,
    "tool.poetry.group.*": dict,
    "tool.poetry.group.*.dependencies": dict,
    "tool.poetry.source": list,
    "tool.poetry.source.*": dict,
}
"""What has to be a table, a list or a text."""

_NAMED = r"(?P<name>[A-Za-z0-9._-]+)\s*(\[(?P<extras>[^\]]*)\])?"


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """What the project asks for.

    Raises:
        ProjectError: a file is missing or wrong, or a group or extra is not declared.
    """
    source = project.environment
    name = source.file or "pyproject.toml"
    tables = _Tables(read_toml(root / name, name, pick, world), name, root)
    lock = source.lock or find_lock((root / name).parent, PYPROJECT_LOCKS)
    shown = None if lock is None else str(PurePosixPath(name).parent / lock)
    python = choose_python((root / name).parent, tables.python, name, world)
    notes = tables.list_notes(source)
    source = tables.with_default_groups(source)
    tables.check_chosen(source)
    if lock == UV_LOCK and shown:
        return _ask_frozen(tables, shown, python, source, world)._replace(notes=notes)
    request = Request(
        origin=name,
        python=python,
        dependencies=(*tables.lines(source), *tables.itself(source)),
        notes=notes,
    )
    spec = tables.with_settings(make_spec(request, root, world), world)
    if shown is None:
        return spec
    return foreign_locks.hold(spec, shown, root, world)


def _ask_frozen(tables: _Tables, lock: str, python: str | None, source: EnvironmentSource, world: World) -> PythonSpec:
    root = tables.root
    folder = PurePosixPath(lock).parent
    paths = read_toml(root / lock, lock, pick_local, world)
    local = {str(folder / path) if path != "." else _folder(folder): "" for path in paths}
    local = {path: digest_local(find_existing(root, path, lock), world) for path in local}
    return PythonSpec(
        python=python,
        files=(tables.name, lock),
        local=local,
        origin=tables.name,
        lock_file=lock,
        frozen={path: _digest(root / path) for path in (tables.name, lock)},
        groups=source.groups,
        extras=source.extras,
    )


def pick(table: Table) -> dict[str, Any]:
    """What of a ``pyproject.toml`` counts here."""
    tool = table.get("tool", {})
    check_forms(table, FORMS)
    return {
        "project": {key: value for key, value in table.get("project", {}).items() if key in PROJECT_KEYS},
        "groups": table.get("dependency-groups", {}),
        "builds": "build-system" in table,
        "uv": tool.get("uv", {}),
        "poetry": {key: value for key, value in tool.get("poetry", {}).items() if key in poetry.KEYS},
    }


def pick_local(table: Table) -> list[str]:
    """The folders and files of this machine that a ``uv.lock`` installs, relative to it."""
    sources = [package.get("source", {}) for package in table.get("package", ())]
    return sorted({source[kind] for source in sources for kind in ("editable", "directory", "path") if kind in source})


class _Tables:
    """What a ``pyproject.toml`` holds, read with its own words for mistakes."""

    def __init__(self, tables: dict[str, Any], name: str, root: Path) -> None:
        self.name = name
        self.root = root
        self.folder = PurePosixPath(name).parent
        self._written: list[str] | None = None
        self._project: dict[str, Any] = tables["project"]
        self._groups: dict[str, Any] = tables["groups"]
        self._builds: bool = tables["builds"]
        self._uv: dict[str, Any] = tables["uv"]
        self._poetry: dict[str, Any] = tables["poetry"]

    @property
    def python(self) -> str | None:
        """The Python that is stated."""
        stated = self._project.get("requires-python") or poetry.find_python(self._poetry)
        if stated is None:
            return None
        try:
            parse_request(stated)
        except ValueError as problem:
            raise self._error("requires-python", str(problem), "for example '>=3.10,<3.13'") from problem
        return str(stated)

    @property
    def is_package(self) -> bool:
        """Whether the project itself is installed: it has a build system and nobody switched that off."""
        default = self._builds and self._poetry.get("package-mode", True)
        return bool(self._uv.get("package", default))

    def with_default_groups(self, source: EnvironmentSource) -> EnvironmentSource:
        """``source`` with the groups that the author wants by default, where the project file chooses none."""
        chosen = self._uv.get("default-groups", [])
        if chosen != "all" and not isinstance(chosen, list):
            message = "'default-groups' must be a list of groups, or \"all\""
            raise self._error("default-groups", message, 'default-groups = ["GROUP"]')
        groups = tuple(self._groups) if chosen == "all" else tuple(map(str, chosen))
        return source if source.groups else source._replace(groups=groups)

    def list_notes(self, source: EnvironmentSource) -> tuple[str, ...]:
        """What is to be said of what is installed and what is not."""
        notes = []
        if not source.groups and (groups := self.with_default_groups(source).groups):
            notes.append(f"{self.name}: the dependency groups of default-groups are installed: {', '.join(groups)}")
        if "dependencies" in self._project.get("dynamic", ()) and not self.is_package:
            notes.append(f"{self.name}: 'dependencies' are dynamic, and without a [build-system] none is installed")
        return tuple(notes)

    def check_chosen(self, source: EnvironmentSource) -> None:
        """See that every chosen group and extra is declared."""
        groups = {*self._groups, *poetry.list_groups(self._poetry)}
        groups |= {"dev"} if "dev-dependencies" in self._uv else set()
        extras = {*self._project.get("optional-dependencies", {}), *self._poetry.get("extras", {})}
        by_builder = (not self._project and not self._poetry) or "optional-dependencies" in self._project.get(
            "dynamic", ()
        )
        # What only the build system knows, uv looks at.
        chosen_extras = () if self.is_package and by_builder else source.extras
        for what, chosen, known in (("dependency group", source.groups, groups), ("extra", chosen_extras, extras)):
            for name in chosen:
                if normal_name(name) not in set(map(normal_name, known)):
                    hint = did_you_mean(name, sorted(known)) or f"declared: {', '.join(sorted(known)) or 'none'}"
                    message = f"{self.name} declares no {what} '{name}'"
                    raise make_error("unknown-group", message, Position(self.name, 1, 1), hint)

    def lines(self, source: EnvironmentSource) -> tuple[Line, ...]:
        """Everything that is asked for, without the project itself."""
        texts = list(self._texts(self._project.get("dependencies", []), "dependencies"))
        for name in source.extras:
            texts += self._extra(name)
        try:
            texts += poetry.list_options(self._poetry)
            texts += poetry.list_requirements(self._poetry, source.extras, source.groups)
        except (TypeError, AttributeError) as problem:
            raise self._error("tool.poetry", f"[tool.poetry] cannot be understood: {problem}", None) from problem
        for name in source.groups:
            texts += self._group(name, ())
        return tuple(map(self._line, self._without_own(texts, ())))

    def itself(self, source: EnvironmentSource) -> tuple[Line, ...]:
        """The requirement for the project itself, if it can be installed."""
        if not self.is_package:
            return ()
        extras = f"[{','.join(source.extras)}]" if source.extras else ""
        return (self._line(f"{_folder(self.folder)}{extras}"),)

    def with_settings(self, spec: PythonSpec, world: World) -> PythonSpec:
        """``spec`` with what is said to uv of how packages are found, and with the local code that this leads to."""
        settings = dict(self._uv)
        if any("workspace" in each for each in list_sources(settings)):
            from reenact.environments.python.workspace import find_members, with_members

            members = find_members(self._uv.get("workspace", {}), self.root / self.folder, world)
            settings = with_members(settings, members)
        if any("workspace" in each for each in list_sources(settings)):
            message = "members of a workspace are asked for, and there is no uv.lock"
            raise self._error("sources", message, "make one: uv lock")
        return with_settings(spec, settings, self.name, self.root, world)

    def _extra(self, name: str) -> list[str]:
        extras = self._project.get("optional-dependencies", {})
        key = next((key for key in extras if normal_name(key) == normal_name(name)), None)
        return [] if key is None else self._texts(extras[key], f"optional-dependencies.{key}")

    def _without_own(self, texts: Iterable[str], within: tuple[str, ...]) -> Iterator[str]:
        """``texts`` with what the project's own extras ask for in the place of each that names the project: ``p[a]``.

        The project itself is installed by a line of its own, or not at all.
        """
        own = normal_name(str(self._project.get("name", "")))
        for text in texts:
            found = re.match(_NAMED, text)
            if not own or found is None or normal_name(found["name"]) != own:
                yield text
                continue
            marker = split_marker(text)[1]
            for extra in map(normal_name, re.findall(r"[^\s,]+", found["extras"] or "")):
                if extra not in within:
                    more = self._without_own(self._extra(extra), (*within, extra))
                    yield from (_with_marker(each, marker) for each in more)

    def _group(self, name: str, within: tuple[str, ...]) -> list[str]:
        """A dependency group with those that it includes (PEP 735)."""
        key = next((key for key in self._groups if normal_name(key) == normal_name(name)), None)
        if key is None:
            if name == "dev" and "dev-dependencies" in self._uv:
                return self._texts(self._uv["dev-dependencies"], "dev-dependencies")
            if within:
                message = f"the dependency group '{within[-1]}' includes '{name}', which is not declared"
                raise self._error(within[-1], message, did_you_mean(name, sorted(self._groups)))
            return []
        if name in within:
            raise self._error(name, f"the dependency group '{name}' includes itself", None)
        found: list[str] = []
        for item in self._groups[key]:
            if isinstance(item, dict) and "include-group" in item:
                found += self._group(str(item["include-group"]), (*within, name))
            else:
                found += self._texts([item], f"dependency-groups.{name}")
        return found

    def _texts(self, items: object, key: str) -> list[str]:
        if not isinstance(items, list) or not all(isinstance(item, str) for item in items):
            raise self._error(key.rpartition(".")[2], f"'{key}' must be a list of requirements", f'{key} = ["PACKAGE"]')
        return items

    def _line(self, text: str) -> Line:
        return make_line(text, self._position(rf"(?<=[\"']){re.escape(text)}"), (self.root / self.name).parent)

    def _position(self, pattern: str) -> Position:
        """Where it matches first; the file's beginning if that is written in another way."""
        if self._written is None:
            self._written = (self.root / self.name).read_text("utf-8-sig", "replace").splitlines()
        lines = ((number, re.search(pattern, line)) for number, line in enumerate(self._written, 1))
        found = ((number, match.start() + 1) for number, match in lines if match)
        return Position(self.name, *next(found, (1, 1)))

    def _error(self, key: str, message: str, hint: str | None) -> ProjectError:
        name = re.escape(key)
        position = self._position(rf"(?<![\w-]){name}(?=[\"']?\s*=)|(?<=[\[.]){name}(?=\])")
        return make_error("bad-pyproject", message, position, hint)


def _folder(folder: PurePosixPath) -> str:
    return "." if str(folder) == "." else f"./{folder}"


def _with_marker(text: str, marker: str) -> str:
    """The requirement, where ``marker`` holds too."""
    if not marker:
        return text
    wanted, own = split_marker(text)
    return f"{wanted} ; ({own}) and ({marker})" if own else f"{wanted} ; {marker}"


def _digest(path: Path) -> str:
    return blake3(read_bytes(path, path.name)).hexdigest()
