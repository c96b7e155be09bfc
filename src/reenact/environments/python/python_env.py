"""``python_env.yaml``: a Python version, and requirement lines as pip reads them.

The format is MLflow's (``python``, ``build_dependencies``, ``dependencies``), read more kindly: a version needs no
quotes and may be a specifier, one dependency needs no list, and what is really a conda file is read as one.
"""

from __future__ import annotations

from pathlib import Path

from reenact.environments.definition import make_error, read_mapping, warn_unknown_keys
from reenact.environments.python.request import Request, make_lines, make_spec
from reenact.environments.python.requirement_lines import Line
from reenact.environments.python.versions import parse_request
from reenact.errors import ProjectError
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, describe
from reenact.project.types import Project
from reenact.world import World

KEYS = ("python", "build_dependencies", "dependencies")


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """What the project's ``python_env.yaml`` asks for; without one, an environment that holds the interpreter only.

    Raises:
        ProjectError: a file is missing or wrong.
    """
    source = project.environment
    name = source.file if source.key == "python_env" else None
    if name is None and (root / "python_env.yaml").is_file():
        name = "python_env.yaml"
    if name is None:
        return make_spec(Request(), root, world)
    if not (root / name).is_file():
        message = f"the environment file '{name}' does not exist"
        raise ProjectError(f"{message}: no such file was found", hint=f"looked for {root / name}")
    mapping = read_mapping(root / name, name, world)
    if _is_conda(mapping):
        from reenact.environments.conda import translation

        world.report.warn(f"{name} is written as a conda file, and read as one")
        return translation.ask_file(name, root, world)
    warn_unknown_keys(mapping, KEYS, name, world)
    request = Request(
        origin=name,
        python=_read_python(mapping.find("python"), name),
        build=_read_lines(mapping.find("build_dependencies"), "build_dependencies", name, root, world),
        dependencies=_read_lines(mapping.find("dependencies"), "dependencies", name, root, world),
    )
    return make_spec(request, root, world)


def _is_conda(mapping: Mapping) -> bool:
    """Whether the file has no Python of its own, but a conda file's channels or its line for Python."""
    if mapping.find("python") is not None:
        return False
    dependencies = mapping.find("dependencies")
    items = dependencies.items if isinstance(dependencies, Sequence) else ()
    pins = (item.source.replace(" ", "") for item in items if isinstance(item, Scalar))
    return mapping.find("channels") is not None or any(
        pin.startswith(("python=", "python>", "python<")) for pin in pins
    )


def _read_python(node: Node | None, name: str) -> str | None:
    if node is None:
        return None
    position = Position(name, node.line, node.column)
    if not isinstance(node, Scalar):
        raise make_error("bad-python", f"'python' is {describe(node)}; expected a version", position, "python: '3.11'")
    try:
        parse_request(node.source)
    except ValueError as problem:
        hint = "for example '3.11', '3.11.7', '>=3.10,<3.13'"
        raise make_error("bad-python", f"'python': {problem}", position, hint) from problem
    return node.source.strip()


def _read_lines(node: Node | None, key: str, name: str, root: Path, world: World) -> tuple[Line, ...]:
    if node is None:
        return ()
    position = Position(name, node.line, node.column)
    if isinstance(node, Scalar):
        message = f"'{key}' is a single text, and read as a list of one"
        world.report.found(Diagnostic("warning", "not-a-list", message, position, hint="put '- ' before it"))
        node = Sequence((node,), node.line, node.column)
    if not isinstance(node, Sequence):
        hint = f"{key}:\n  - PACKAGE"
        raise make_error("not-a-list", f"'{key}' is {describe(node)}; expected a list", position, hint)
    lines: list[Line] = []
    for item in node.items:
        lines += _read_item(item, name, root, world)
    return tuple(lines)


def _read_item(item: Node, name: str, root: Path, world: World) -> list[Line]:
    position = Position(name, item.line, item.column)
    if isinstance(item, Scalar):
        return [] if item.is_null or not item.source.strip() else make_lines(item.source, position, root)
    pip = item.find("pip") if isinstance(item, Mapping) and len(item.entries) == 1 else None
    if isinstance(pip, Sequence) and all(isinstance(inner, Scalar) for inner in pip.items):
        message = "a 'pip:' list belongs into a conda file; its lines are taken as they are"
        world.report.found(Diagnostic("warning", "pip-list", message, position, hint="write them without 'pip:'"))
        return [line for inner in pip.items for line in _read_item(inner, name, root, world)]
    hint = "quote a requirement that holds ': '"
    raise make_error("not-a-requirement", f"{describe(item)} is not a requirement line", position, hint)
