"""The project file's tree as a :class:`~reenact.project.types.Project`, with everything found on the way."""

from __future__ import annotations

import re

from reenact.project.declarations import check_name, parse_parameters
from reenact.project.document import Document, Findings
from reenact.project.environment_keys import ENVIRONMENT_KEYS, parse_environment
from reenact.project.nodes import Entry, Mapping, Node, Scalar, describe, is_null, text_of
from reenact.project.types import EntryPoint, Project
from reenact.project.value_types import find_type

PROJECT_KEYS = ("name", "entry_points", *ENVIRONMENT_KEYS, "databricks_spark_job")
ENTRY_POINT_KEYS = (
    *("command", "parameters", "description"),  # MLflow's
    *("inputs", "outputs", "metrics"),
)

ENTRY_POINT_FORM = "'{name}: {{command: python train.py}}'"


def parse_project(document: Document) -> Project:
    """What the author wrote, and what is wrong with it. Never raises: what cannot be read is left out and said.

    What is only doubtful in an entry point is the business of :func:`reenact.project.lints.find_doubts`.
    """
    findings = Findings(document)
    project = Project(None, file=document.file)
    root = document.root
    if isinstance(root, Mapping):
        project = project._replace(
            name=_parse_name(root.find("name"), findings),
            entry_points=_parse_entry_points(root.find("entry_points"), findings),
            environment=parse_environment(root, findings),
        )
        findings.unknown_keys(root, PROJECT_KEYS, "at the top level")
        _check_databricks(root.find("databricks_spark_job"), findings)
    elif root is None or is_null(root):
        if document.is_readable:
            message = "the file is empty; the project is run as if it had none"
            findings.warning(None, "empty-file", message, "entry points are declared under 'entry_points:'")
    else:
        hint = "write 'name: ...' and 'entry_points: ...'"
        findings.error(root, "wrong-kind", f"a project file must be a mapping, not {describe(root)}", hint)
    return project._replace(diagnostics=tuple(findings.found))


def _parse_name(node: Node | None, findings: Findings) -> str | None:
    if node is None:
        return None
    if isinstance(node, Scalar):
        return node.source if node.type != "set" else None
    findings.warning(node, "wrong-kind", f"'name' must be text, not {describe(node)}; it is ignored")
    return None


def _parse_entry_points(node: Node | None, findings: Findings) -> tuple[EntryPoint, ...]:
    mapping = findings.mapping(node, "'entry_points'", "'entry_points: {main: {command: python train.py}}'")
    if mapping is None:
        return ()
    return tuple(_parse_entry_point(entry, findings) for entry in mapping.entries)


def _parse_entry_point(entry: Entry, findings: Findings) -> EntryPoint:
    name, value = entry.name, entry.value
    findings.entry_point = name
    try:
        check_name(entry.key, "entry point", findings)
        entry_point = EntryPoint(name, "", position=findings.document.position(entry.key))
        form = ENTRY_POINT_FORM.format(name=name)
        if isinstance(value, Scalar) and re.match(r"(command|parameters|description):\S", value.text):
            hint = "a space belongs after the colon: 'command: python train.py'"
            findings.error(value, "missing-space", f"{describe(value)} has no key for YAML", hint)
            return entry_point
        if isinstance(value, Scalar) and value.type == "str":
            message = f"entry point '{name}' is plain text, which is taken for its command; MLflow fails here"
            findings.warning(value, "short-entry-point", message, f"write {form}")
            return entry_point._replace(command=value.text)
        if is_null(value):
            findings.error(entry.key, "no-command", f"entry point '{name}' has no command", f"write {form}")
            return entry_point
        mapping = findings.mapping(value, f"entry point '{name}'", form)
        return entry_point if mapping is None else _parse_body(entry_point, mapping, findings)
    finally:
        findings.entry_point = None


def _parse_body(entry_point: EntryPoint, body: Mapping, findings: Findings) -> EntryPoint:
    where = f"in entry point '{entry_point.name}'"
    nested = [entry for entry in body.entries if _looks_like_entry_point(entry)]
    for entry in body.entries:
        if entry.name in ENTRY_POINT_KEYS or entry in nested:
            continue
        if isinstance(entry.value, Scalar) and find_type(entry.value.text):
            hint = "a parameter belongs below 'parameters:', indented by one level more"
            findings.warning(entry.key, "unknown-key", f"unknown key '{entry.name}' {where}; it is ignored", hint)
        else:
            findings.unknown_key(entry, ENTRY_POINT_KEYS, where)
    description = body.find("description")
    entry_point = entry_point._replace(
        parameters=parse_parameters(body.find("parameters"), findings),
        description=None if description is None else text_of(description).strip(),
    )
    if any(body.find(key) is not None for key in ("inputs", "outputs", "metrics")):
        from reenact.project.data_keys import parse_data  # most entry points declare none of it

        entry_point = parse_data(entry_point, body, findings)
    command = body.find("command")
    if isinstance(command, Scalar) and command.type == "str":
        return entry_point._replace(command=command.text)
    if command is not None:
        message = f"'command' must be text, not {describe(command)}"
        hint = "put quotes around it, or write several lines below 'command: |'"
        findings.error(command, "wrong-kind", message, hint)
        return entry_point
    hint = "write 'command: python train.py'"
    if nested:
        names = ", ".join(f"'{entry.name}'" for entry in nested)
        hint = f"inside of it, {names} looks like an entry point: indent such a key like '{entry_point.name}'"
    found = body.find_entry("command")
    findings.error(found.key if found else body, "no-command", f"entry point '{entry_point.name}' has no command", hint)
    return entry_point


def _looks_like_entry_point(entry: Entry) -> bool:
    known = entry.name in ENTRY_POINT_KEYS
    return not known and isinstance(entry.value, Mapping) and entry.value.find_entry("command") is not None


def _check_databricks(node: Node | None, findings: Findings) -> None:
    if node is not None:
        message = "'databricks_spark_job' can be run by Databricks only; it is ignored"
        findings.warning(node, "databricks-only", message, "entry points run here; declare the script as one")
