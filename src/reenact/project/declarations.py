"""Parameters as they are declared: the short form ``name: type`` and the long form with its keys."""

from __future__ import annotations

import math
import re

from reenact.project.document import Findings
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Entry, Mapping, Node, Scalar, Sequence, describe, is_null, text_of
from reenact.project.types import Parameter
from reenact.project.value_types import ALIASES, NUMERIC, find_type, item_type, read_number, read_truth

PARAMETER_KEYS = ("type", "default", "description", "choices", "min", "max", "required", "secret")
LONG_FORM = "'{name}: {{type: float, default: 0.1}}', or '{name}: float' for a value that must be given"


def parse_parameters(node: Node | None, findings: Findings) -> tuple[Parameter, ...]:
    """The parameters of one entry point; what cannot be one is in ``findings``."""
    mapping = findings.mapping(node, "'parameters'", "each parameter as " + LONG_FORM.format(name="name"))
    entries = mapping.entries if mapping else ()
    parsed = (_parse_parameter(entry, findings) for entry in entries)
    return tuple(parameter for parameter in parsed if parameter is not None)


def check_name(key: Scalar, what: str, findings: Findings) -> None:
    """Warn where YAML sees something else than the text that the author wrote as a name."""
    if key.type != "str" or not key.text:
        kind = "empty" if not key.source else describe(key)
        hint = f"write '{key.source}' with quotes" if key.source else "give it a name"
        findings.warning(key, "odd-name", f"the name of this {what} is {kind} for YAML, and MLflow cannot use it", hint)


def _parse_parameter(entry: Entry, findings: Findings) -> Parameter | None:
    name, value = entry.name, entry.value
    position = findings.document.position(entry.key)
    check_name(entry.key, "parameter", findings)
    form = LONG_FORM.format(name=name)
    if isinstance(value, Mapping):
        return _parse_long(name, value, findings)._replace(position=position)
    if is_null(value):
        message = f"parameter '{name}' is declared with nothing; it is taken for a required text"
        findings.warning(entry.key, "empty-declaration", message, f"MLflow fails here; write {form}")
        return Parameter(name, position=position)
    if isinstance(value, Scalar) and value.type == "str":
        return Parameter(name, _parse_type(value, findings), position=position)
    message = f"parameter '{name}' must be declared by its type or by a mapping, not by {describe(value)}"
    hint = f"for a default write '{name}: {{default: {_shown(value)}}}'" if _is_short(value) else f"write {form}"
    findings.error(value, "bad-declaration", message, hint)
    return None


def _parse_long(name: str, node: Mapping, findings: Findings) -> Parameter:
    findings.unknown_keys(node, PARAMETER_KEYS, f"in parameter '{name}'")
    kind = _parse_type(node.find("type"), findings)
    default = node.find("default")
    minimum = _parse_bound(node, "min", kind, findings)
    maximum = _parse_bound(node, "max", kind, findings)
    if minimum is not None and maximum is not None and minimum > maximum:
        message = f"no value of '{name}' can be at least {minimum:g} and at most {maximum:g}"
        findings.warning(node.find("min"), "empty-range", message, "exchange min and max")
    return Parameter(
        name=name,
        type=kind,
        default=None if default is None else text_of(default),
        required=_parse_required(name, node, default, findings),
        choices=_parse_choices(node.find("choices"), findings),
        min=minimum,
        max=maximum,
        secret=_parse_secret(name, node.find("secret"), findings),
        description=_parse_description(node.find("description")),
    )


def _parse_type(node: Node | None, findings: Findings) -> str:
    if node is None:
        return "string"
    if not isinstance(node, Scalar) or node.type != "str":
        message = f"a type is one word, not {describe(node)}; the parameter is taken for text"
        findings.warning(node, "unknown-type", message, f"known: {', '.join(ALIASES)}, list[...]")
        return "string"
    if ":" in node.text and re.match(r"\w+:\S", node.text) and node.text.split(":")[0] in PARAMETER_KEYS:
        message = (
            f"'{node.text}' is one text for YAML, not keys with values; the parameter is taken for a required text"
        )
        findings.warning(node, "missing-space", message, "a space belongs after each colon: 'type: int'")
        return "string"
    known = find_type(node.text)
    if known is None:
        hint = did_you_mean(node.text, ALIASES)
        hint = hint or f"known: {', '.join(ALIASES)}, list[...]; a default is written {{default: ...}}"
        findings.warning(node, "unknown-type", f"unknown type '{node.text}'; the parameter is taken for text", hint)
        return node.text
    return known


def _parse_bound(node: Mapping, key: str, kind: str, findings: Findings) -> float | None:
    value = node.find(key)
    if value is None:
        return None
    number = read_number(value.text) if isinstance(value, Scalar) and value.type in ("int", "float", "str") else None
    if number is None or math.isnan(number):
        findings.warning(value, "bad-bound", f"'{key}' must be a number, not {describe(value)}; it is ignored")
        return None
    if item_type(kind) not in NUMERIC:
        message = f"'{key}' has a meaning for numbers only, and this parameter's type is {kind}; it is ignored"
        findings.warning(value, "bad-bound", message, "add 'type: float' or 'type: int'")
        return None
    return number


def _parse_required(name: str, node: Mapping, default: Node | None, findings: Findings) -> bool:
    wanted = _parse_truth(node.find("required"), "required", findings)
    if wanted and default is not None:
        message = f"'{name}' has a default, so it is never required"
        findings.warning(node.find("required"), "required-default", message, "remove the default, or 'required'")
    return default is None and wanted is not False


def _parse_secret(name: str, node: Node | None, findings: Findings) -> bool:
    # What is not understood counts as yes: the other mistake would publish the value.
    return node is not None and _parse_truth(node, "secret", findings) is not False


def _parse_truth(node: Node | None, key: str, findings: Findings) -> bool | None:
    if node is None:
        return None
    truth = read_truth(node.text) if isinstance(node, Scalar) else None
    if truth is None:
        findings.warning(node, "bad-truth-value", f"'{key}' must be true or false, not {describe(node)}")
    return truth


def _parse_choices(node: Node | None, findings: Findings) -> tuple[str, ...]:
    if node is None:
        return ()
    if not isinstance(node, Sequence) or not node.items:
        message = f"'choices' must be a list of the possible values, not {describe(node)}; it is ignored"
        if isinstance(node, Sequence):
            message = "'choices' names no value; it is ignored"
        findings.warning(node, "bad-choices", message, "for example 'choices: [small, large]'")
        return ()
    return tuple(text_of(item) for item in node.items)


def _parse_description(node: Node | None) -> str | None:
    return None if node is None else text_of(node).strip()


def _is_short(node: Node) -> bool:
    return isinstance(node, Scalar) and len(node.source) <= 40


def _shown(node: Node) -> str:
    return node.source if isinstance(node, Scalar) else text_of(node)
