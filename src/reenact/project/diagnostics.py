"""What is found in a project's files: where, what, and what was probably meant."""

from reenact.hints import Literal
from reenact.values import NamedTuple

Severity = Literal["error", "warning"]


class Position(NamedTuple):
    """A place in a file: ``line`` and ``column`` count from 1, the column in characters."""

    file: str
    line: int
    column: int


class Diagnostic(NamedTuple):
    """One finding. ``code`` is a stable kebab-case name; ``line`` is the text of the line it points into.

    ``entry_point`` names the one that it concerns: the others can be run all the same. None: the whole project.
    """

    severity: Severity
    code: str
    message: str
    position: Position | None = None
    line: str | None = None
    hint: str | None = None
    entry_point: str | None = None


def visible(text: str) -> str:
    """``text`` with every character that a terminal would act upon, line breaks too, written as an escape."""
    return text if text.isprintable() else "".join(c if c.isprintable() else ascii(c)[1:-1] for c in text)


def render_diagnostic(found: Diagnostic) -> str:
    """The finding as a person reads it: place and message, the line with a caret below, the hint.

    >>> print(render_diagnostic(Diagnostic("warning", "unknown-key", "unknown key 'comand'",
    ...     Position("MLproject", 3, 5), "    comand: python a.py", "did you mean 'command'?")))
    MLproject:3:5: warning: unknown key 'comand' [unknown-key]
      3 |     comand: python a.py
        |     ^
      hint: did you mean 'command'?
    """
    place = ""
    excerpt = ""
    if found.position is not None:
        place = f"{found.position.file}:{found.position.line}:{found.position.column}: "
        if found.line is not None:
            number = str(found.position.line)
            shown = "".join("\t" if c == "\t" else visible(c)[:1] for c in found.line)
            gutter = " " * len(number)
            # A tab before the caret stays a tab, so that the caret stands below the character it means.
            lead = "".join("\t" if c == "\t" else " " for c in found.line[: found.position.column - 1])
            excerpt = f"\n  {number} | {shown}\n  {gutter} | {lead}^"
    hint = f"\n  hint: {visible(found.hint)}" if found.hint else ""
    return f"{place}{found.severity}: {visible(found.message)} [{found.code}]{excerpt}{hint}"
