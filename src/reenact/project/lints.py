"""What is allowed in an entry point and is probably not what its author meant; each finding explains itself."""

from collections.abc import Collection
from itertools import pairwise

from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.document import Document
from reenact.project.nearest import did_you_mean
from reenact.project.nodes import Mapping, Scalar
from reenact.project.placeholders import Placeholder
from reenact.project.shell import hides_failure
from reenact.project.template import read_template
from reenact.project.types import EntryPoint
from reenact.project.value_types import find_misfit
from reenact.values import NamedTuple

_IN_QUOTES = ("single", "double", "ansi", "braced")


class Doubt(NamedTuple):
    """What is to be said of a placeholder, wherever it stands."""

    code: str
    message: str
    hint: str


def find_doubts(entry_point: EntryPoint, document: Document) -> tuple[Diagnostic, ...]:
    """What is doubtful in this entry point of ``document``, as warnings; nothing where it has no command."""
    command = _find_command(document, entry_point.name)
    return () if command is None else _Doubts(entry_point, document, command).find()


class _Doubts:
    """One call of :func:`find_doubts` while it collects; ``command`` is the node that the command came from."""

    def __init__(self, entry_point: EntryPoint, document: Document, command: Scalar) -> None:
        self.entry_point = entry_point
        self.document = document
        self.command = command
        self.template = read_template(entry_point.command, entry_point.names)
        self.found: list[Diagnostic] = []

    def find(self) -> tuple[Diagnostic, ...]:
        """All of them."""
        self._check_defaults()
        if self.command.text.strip():
            self._check_use()
            self._check_placeholders()
            self._check_lines()
        else:
            message = f"the command of entry point '{self.entry_point.name}' is empty: it does nothing and succeeds"
            self._warn("empty-command", message, "write what is to be run")
        return tuple(self.found)

    def _check_defaults(self) -> None:
        for parameter in self.entry_point.parameters:
            if parameter.default is None or (expected := find_misfit(parameter, parameter.default)) is None:
                continue
            found = "something else" if parameter.secret else f"'{parameter.default}'"
            message = f"the default of '{parameter.name}' does not fit: expected {expected}, but it is {found}"
            hint = "change the default or what is declared of it; a value from the command line must fit"
            self._warn("default-does-not-fit", message, hint, parameter.position)

    def _check_use(self) -> None:
        used = {slot.name for slot in self.template.slots}
        for parameter in self.entry_point.parameters:
            if parameter.name not in used:
                message = f"the command never uses parameter '{parameter.name}', so its value goes nowhere"
                hint = f"write {{{parameter.name}}} where it belongs in the command, or remove the parameter"
                self._warn("unused-parameter", message, hint, parameter.position)

    def _check_placeholders(self) -> None:
        told: set[tuple[str, str]] = set()
        for number, slot in enumerate(self.template.slots):
            doubt = self._judge(number)
            if doubt and (doubt.code, slot.name) not in told:
                told.add((doubt.code, slot.name))
                self._warn(*doubt, self._find_place(slot.source, self.command.text[: slot.start]))

    def _judge(self, number: int) -> Doubt | None:
        slot, names = self.template.slots[number], self.entry_point.names
        if slot.problem is None:
            return _doubt_quoted(slot) if self.template.places[number].quote in _IN_QUOTES else None
        if self.template.weigh(number) != "error":
            return None
        if slot.name in names:
            return Doubt(
                "bad-placeholder", f"{slot.source} cannot be filled in: {slot.problem}", f"write {{{slot.name}}}"
            )
        return _doubt_undeclared(slot, names)

    def _check_lines(self) -> None:
        script = self.template.script
        for before, statement in pairwise(script.statements):
            if before.separator == "\n" and any(name.startswith("-") for name in statement.names[:1]):
                self._tell_stray_line(statement.start)
                return
        if hides_failure(script):
            count = len(script.statements)
            message = f"{count} commands run one after the other, and only the last one's failure is noticed"
            hint = "begin the command with 'set -e', join the lines with '&&', or run with --shell-strict"
            self._warn("hidden-failure", message, hint)

    def _tell_stray_line(self, start: int) -> None:
        folded = self.command.style == ">"
        why = "a folded block ('>') keeps the line breaks of indented lines" if folded else ""
        message = f"the shell runs this line as a command: {why or 'each line of a block is a command of its own'}"
        hint = "end the line before it with ' \\' and nothing after that"
        hint += ", or indent all lines of the block equally" if folded else ""
        line, _, _ = self.template.source(start).partition("\n")
        self._warn("stray-line", message, hint, self._find_place(line.strip(" \\"), self.template.source(0, start)))

    def _find_place(self, text: str, before: str) -> Position:
        """Where ``text``, which follows ``before`` in the command, stands in the file: as near as can be told."""
        document, command = self.document, self.command
        passed = before.count(text)
        last = min(command.line + 2 * command.text.count("\n") + 100, len(document.lines))
        for number in range(command.line, last + 1):
            column = command.column - 2 if number == command.line else -1
            while (column := document.line(number).find(text, column + 1)) >= 0:
                if not passed:
                    return Position(document.file, number, column + 1)
                passed -= 1
        return document.position(command)

    def _warn(self, code: str, message: str, hint: str, position: Position | None = None) -> None:
        position = position or self.document.position(self.command)
        line = self.document.line(position.line)
        self.found.append(Diagnostic("warning", code, message, position, line, hint, self.entry_point.name))


def _doubt_quoted(slot: Placeholder) -> Doubt:
    message = f"{slot.source} stands between quotes; that is safe here, but MLflow quotes the value once more, so that"
    message += " spaces split it and a value can run as a command"
    hint = f"write {slot.source} without quotes around it; values are quoted as needed"
    return Doubt("quoted-placeholder", message, hint)


def _doubt_undeclared(slot: Placeholder, declared: Collection[str]) -> Doubt:
    message = f"{slot.source} is no declared parameter: it needs a value given with -P, and MLflow fails"
    hint = did_you_mean(slot.name, declared)
    hint = hint or f"declare '{slot.name}', or write {{{{ and }}}} where you mean braces"
    return Doubt("undeclared-placeholder", message, hint)


def _find_command(document: Document, name: str) -> Scalar | None:
    """The node that the command of the entry point ``name`` was read from."""
    root = document.root
    declared = root.find("entry_points") if isinstance(root, Mapping) else None
    entries = declared.entries if isinstance(declared, Mapping) else ()
    body = next((entry.value for entry in entries if entry.name == name), None)
    command = body.find("command") if isinstance(body, Mapping) else body
    return command if isinstance(command, Scalar) and command.type == "str" else None
