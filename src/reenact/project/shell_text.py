"""As much of the shell's grammar as is needed to say something true about an author's command."""

import re
from typing import NamedTuple

# No format specification here: '{name:...}' and '{name!r}' are MLflow's as well, but name the same parameter.
_PLACEHOLDER = re.compile(r"\{\{|\}\}|(?<!\$)\{([A-Za-z_][\w -]*)(?:[!:.\[][^{}]*)?\}")
_SILENT = re.compile(r"(export|unset|readonly|declare|local|alias|echo|printf|true|:|set|trap|ulimit)\b|\w+=\S*$")
_KEYWORDS = {"do", "done", "then", "else", "fi", "esac", "{", "}", "(", ")", ";;"}
_JOINED = ("&&", "||", "|", "&", ";", "do", "then", "else", "{", "(")


class Placeholder(NamedTuple):
    """A parameter's name in braces; ``quote`` is the quotation mark that it stands between, or ''."""

    name: str
    text: str
    quote: str


def find_placeholders(command: str) -> tuple[Placeholder, ...]:
    """What the command leaves open, in order. Doubled braces and ``${VARIABLE}`` are none."""
    states = quoting(command)
    return tuple(
        Placeholder(match[1], match[0], states[match.start()] if states[match.start()] in ("'", '"') else "")
        for match in _PLACEHOLDER.finditer(command)
        if match[1] is not None
    )


def find_commands(command: str) -> tuple[str, ...]:
    """The lines that the shell runs one after the other, continued lines joined, without comments and empty ones.

    Empty where a here-document or a quoted line break makes it uncertain what a line is.
    """
    states = quoting(command)
    if re.search(r"<<", command) or any(s in ("'", '"') for c, s in zip(command, states, strict=True) if c == "\n"):
        return ()
    # A null character cannot be in a command: it marks where one ends.
    pairs = zip(command, states, strict=True)
    kept = ("\0" if c == "\n" and not state else c for c, state in pairs if state != "#")
    return tuple(line.strip() for line in "".join(kept).split("\0") if line.strip())


def hides_failure(commands: tuple[str, ...]) -> bool:
    """Whether a command before the last one can fail without anyone being told."""
    if any(re.match(r"set\s+(-\w*e|-o\s+errexit)", line) for line in commands):
        return False
    real = [line for line in commands if line not in _KEYWORDS]
    return any(not _SILENT.match(line) and not line.endswith(_JOINED) and "||" not in line for line in real[:-1])


def quoting(command: str) -> list[str]:
    """What each character stands in: ``'`` or ``"``, ``(`` for ``$(...)``, ``\\`` after one, ``#`` comment, or ''."""
    states: list[str] = []
    stack: list[str] = []
    position = 0
    while position < len(command):
        character, top = command[position], stack[-1] if stack else ""
        state, width = top, 1
        if top == "'":
            if character == "'":
                stack.pop()
        elif character == "\\":
            states.append(top)
            state, position = "\\" if top != '"' else top, position + 1
            if position == len(command):
                break
        elif character == '"':
            _toggle(stack, '"')
        elif top == '"' and command.startswith("$(", position):
            stack.append("(")
        elif top != '"':
            if character == "'":
                stack.append("'")
            elif character == "(":
                stack.append("(")
            elif character == ")" and top == "(":
                stack.pop()
            elif character == "#" and (not position or command[position - 1].isspace()):
                end = command.find("\n", position)
                width = (end if end >= 0 else len(command)) - position
                state = "#"
        states += [state] * width
        position += width
    return states


def _toggle(stack: list[str], quote: str) -> None:
    if stack and stack[-1] == quote:
        stack.pop()
    else:
        stack.append(quote)
