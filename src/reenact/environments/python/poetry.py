"""Poetry's own tables of a ``pyproject.toml``, in the words of pip. Pure.

The format is that of https://python-poetry.org/docs/dependency-specification/.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from reenact.errors import ProjectError
from reenact.hints import Any

KEYS = ("dependencies", "group", "dev-dependencies", "extras", "source", "package-mode")

Poetry = Mapping[str, Any]


def find_python(poetry: Poetry) -> str | None:
    """The versions of Python that are stated."""
    stated = poetry.get("dependencies", {}).get("python")
    if isinstance(stated, dict):
        stated = stated.get("version")
    return "|".join(map(render_constraint, stated.split("||"))) if isinstance(stated, str) and stated != "*" else None


def list_groups(poetry: Poetry) -> list[str]:
    """The names of its groups."""
    return [*poetry.get("group", {}), *(["dev"] if "dev-dependencies" in poetry else [])]


def list_requirements(poetry: Poetry, extras: Iterable[str], groups: Iterable[str]) -> list[str]:
    """Everything asked for: the main dependencies, those of the chosen extras, and the chosen groups'.

    Raises:
        ProjectError: a dependency cannot be said in pip's words.
    """
    wanted = {name.lower() for extra in extras for name in poetry.get("extras", {}).get(extra, ())}
    found = _render_table(poetry.get("dependencies", {}), wanted)
    for group in groups:
        table = poetry.get("group", {}).get(group, {}).get("dependencies", {})
        found += _render_table(table or (poetry.get("dev-dependencies", {}) if group == "dev" else {}), wanted)
    return found


def list_options(poetry: Poetry) -> list[str]:
    """Its sources as pip's options: where one takes PyPI's place, it comes first."""
    found = []
    for source in poetry.get("source", ()):
        first = source.get("default") or source.get("priority") in ("default",)
        if url := source.get("url"):
            found.append(f"{'--index-url' if first else '--extra-index-url'} {url}")
    return found


def _render_table(table: Mapping[str, Any], wanted: set[str]) -> list[str]:
    found = []
    for name, value in table.items():
        if name.lower() == "python":
            continue
        for each in value if isinstance(value, list) else [value]:
            item = each if isinstance(each, dict) else {"version": str(each)}
            if not item.get("optional") or name.lower() in wanted:
                found.append(_render(name, item))
    return found


def _render(name: str, item: Mapping[str, Any]) -> str:
    extras = f"[{','.join(item['extras'])}]" if item.get("extras") else ""
    markers = [f"({item['markers']})"] if item.get("markers") else []
    if python := item.get("python"):
        markers.append(render_python_marker(python))
    if item.get("platform"):
        markers.append(f"sys_platform == '{item['platform']}'")
    marker = f" ; {' and '.join(markers)}" if markers else ""
    if git := item.get("git"):
        revision = item.get("rev") or item.get("tag") or item.get("branch")
        inside = f"#subdirectory={item['subdirectory']}" if item.get("subdirectory") else ""
        return f"{name}{extras} @ git+{git}{f'@{revision}' if revision else ''}{inside}{marker}"
    if where := item.get("url") or item.get("path"):
        return f"{name}{extras} @ {_path(where) if 'path' in item else where}{marker}"
    version = item.get("version", "*")
    if "||" in version:
        raise ProjectError(
            f"'{name} = \"{version}\"' cannot be said to pip: alternatives have no form there",
            hint="add a poetry.lock (poetry lock), or write one range of versions",
        )
    return f"{name}{extras}{render_constraint(version)}{marker}"


def _path(where: str) -> str:
    return where if where.startswith((".", "/")) else f"./{where}"


def render_constraint(text: str) -> str:
    """Poetry's versions as a specifier.

    >>> [render_constraint(each) for each in ("^1.2.3", "^0.2", "~1.2", "1.2.*", "*", ">=1,<2", "2.0")]
    ['>=1.2.3,<2', '>=0.2,<0.3', '>=1.2,<1.3', '==1.2.*', '', '>=1,<2', '==2.0']
    """
    parts = [part.strip() for part in text.replace(" ", ",").split(",") if part.strip()]
    joined: list[str] = []
    for part in parts:
        # '>= 1.0' is one constraint
        if joined and joined[-1] in (">=", "<=", ">", "<", "==", "!=", "^", "~", "~=", "="):
            joined[-1] += part
        else:
            joined.append(part)
    return ",".join(filter(None, map(_render_part, joined)))


def render_python_marker(text: str) -> str:
    """Poetry's versions of Python as a marker.

    >>> render_python_marker(">=3.8,<3.12")
    'python_full_version >= "3.8" and python_full_version < "3.12"'
    """
    alternatives = []
    for alternative in text.split("||"):
        clauses = []
        for clause in filter(None, render_constraint(alternative).split(",")):
            size = 2 if clause[:2] in (">=", "<=", "==", "!=", "~=") else 1
            clauses.append(f'python_full_version {clause[:size]} "{clause[size:]}"')
        alternatives.append(" and ".join(clauses) or 'python_version >= "3"')
    return alternatives[0] if len(alternatives) == 1 else "(" + " or ".join(f"({each})" for each in alternatives) + ")"


def _render_part(part: str) -> str:
    if part == "*":
        return ""
    if part.startswith("^"):
        return f">={part[1:]},<{_next(part[1:], caret=True)}"
    if part.startswith("~") and not part.startswith("~="):
        return f">={part[1:]},<{_next(part[1:], caret=False)}"
    if part.startswith("=") and not part.startswith("=="):
        return f"={part}"
    return part if part[0] in "<>=!~" else f"=={part}"


def _next(version: str, *, caret: bool) -> str:
    """The first version that is not compatible any more."""
    numbers = [int(number) for number in version.split(".") if number.isdigit()] or [0]
    place = min(1, len(numbers) - 1)
    if caret:
        place = next((i for i, number in enumerate(numbers) if number), len(numbers) - 1)
    return ".".join(map(str, [*numbers[:place], numbers[place] + 1]))
