"""What is allowed in an entry point and is probably not what its author meant; each finding explains itself."""

from __future__ import annotations

from collections.abc import Iterator

from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.document import Findings
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Scalar
from reenact.project.shell_text import Placeholder, find_commands, find_placeholders, hides_failure
from reenact.project.types import EntryPoint, Parameter
from reenact.project.value_types import NOTHING_WORDS, find_misfit, find_type, item_type, read_number, split_list


def find_doubts(entry_point: EntryPoint, command: Scalar, findings: Findings) -> None:
    """Add to ``findings`` what is doubtful in this entry point; ``command`` is the node that it came from."""
    for parameter in entry_point.parameters:
        for code, message, hint in _doubts_of_default(parameter):
            _warn_at(parameter.position, findings, code, message, hint)
    if not command.text.strip():
        message = f"the command of entry point '{entry_point.name}' is empty: it does nothing and succeeds"
        findings.warning(command, "empty-command", message, "write what is to be run")
        return
    placeholders = find_placeholders(command.text)
    _check_use(entry_point, placeholders, findings)
    _check_placeholders(entry_point, placeholders, command, findings)
    _check_lines(command, findings)


def _check_use(entry_point: EntryPoint, placeholders: tuple[Placeholder, ...], findings: Findings) -> None:
    used = {placeholder.name for placeholder in placeholders}
    for parameter in entry_point.parameters:
        if parameter.name not in used and f"{{{parameter.name}}}" not in entry_point.command:
            message = f"the command never uses parameter '{parameter.name}', so its value goes nowhere"
            hint = f"write {{{parameter.name}}} where it belongs in the command, or remove the parameter"
            _warn_at(parameter.position, findings, "unused-parameter", message, hint)


def _check_placeholders(
    entry_point: EntryPoint, placeholders: tuple[Placeholder, ...], command: Scalar, findings: Findings
) -> None:
    declared = [parameter.name for parameter in entry_point.parameters]
    told: set[tuple[str, str]] = set()
    for placeholder in placeholders:
        name, quote = placeholder.name, placeholder.quote
        if (name, quote) in told:
            continue
        told.add((name, quote))
        position = _find_place(placeholder.text, command, findings)
        if name in declared and quote:
            message = f"{placeholder.text} stands between quotes; that is safe here, but MLflow quotes the value once"
            message += " more, so that spaces split it and a value can run as a command"
            hint = f"write {placeholder.text} without quotes around it; values are quoted as needed"
            _warn_at(position, findings, "quoted-placeholder", message, hint)
        elif name not in declared and not quote:
            message = f"{placeholder.text} is no declared parameter: it needs a value given with -P, and MLflow fails"
            hint = did_you_mean(name, declared) or f"declare '{name}', or write {{{{ and }}}} where you mean braces"
            _warn_at(position, findings, "undeclared-placeholder", message, hint)


def _check_lines(command: Scalar, findings: Findings) -> None:
    commands = find_commands(command.text)
    stray = next((line for line in commands[1:] if line.startswith("-")), None)
    if stray is not None:
        why = "a folded block ('>') keeps the line breaks of indented lines" if command.style == ">" else ""
        why = why or "each line of a block is a command of its own"
        message = f"the shell runs this line as a command: {why}"
        hint = "end the line before it with ' \\' and nothing after that"
        hint += ", or indent all lines of the block equally" if command.style == ">" else ""
        _warn_at(_find_place(stray, command, findings), findings, "stray-line", message, hint)
    elif hides_failure(commands):
        message = f"{len(commands)} commands run one after the other, and only the last one's failure is noticed"
        hint = "begin the command with 'set -e', join the lines with '&&', or run with --shell-strict"
        findings.warning(command, "hidden-failure", message, hint)


def _doubts_of_default(parameter: Parameter) -> Iterator[tuple[str, str, str]]:
    default, name = parameter.default, parameter.name
    if default is None:
        return
    said = "its value" if parameter.secret else f"'{default}'"
    kind = find_type(parameter.type) or "string"
    if default.lower() in NOTHING_WORDS and default not in parameter.choices:
        # The usual way to write "none": the script is told so, and nobody is helped by a warning.
        return
    if expected := find_misfit(kind, default):
        message = f"the default of '{name}' is {said}, but its type {parameter.type} expects {expected}"
        yield "default-type", message, "change the default or the type; a value from the command line must fit"
        return
    items = split_list(default) if item_type(kind) != kind else (default,)
    if parameter.choices and not set(items) <= set(parameter.choices):
        message = f"the default of '{name}' is {said}, which is not among its choices"
        yield "default-choice", message, f"choices: {', '.join(parameter.choices)}"
    for item in items:
        number = read_number(item)
        if number is None:
            continue
        if parameter.min is not None and number < parameter.min:
            message = f"the default of '{name}' is {said}, less than its minimum {parameter.min:g}"
            yield "default-range", message, "change the default or the minimum"
        if parameter.max is not None and number > parameter.max:
            message = f"the default of '{name}' is {said}, more than its maximum {parameter.max:g}"
            yield "default-range", message, "change the default or the maximum"


def _find_place(text: str, command: Scalar, findings: Findings) -> Position:
    """Where ``text`` stands in the file, as near as can be told: the command's own place if not at all."""
    document = findings.document
    first = text.split("\n", 1)[0].strip(" \\")
    last = min(command.line + 2 * command.text.count("\n") + 100, len(document.lines))
    for number in range(command.line, last + 1):
        start = command.column - 1 if number == command.line else 0
        column = document.line(number).find(first, start)
        if column >= 0:
            return Position(document.file, number, column + 1)
    return document.position(command)


def _warn_at(position: Position | None, findings: Findings, code: str, message: str, hint: str) -> None:
    line = None if position is None else findings.document.line(position.line)
    findings.found.append(Diagnostic("warning", code, message, position, line, hint, findings.entry_point))
