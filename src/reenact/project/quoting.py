"""How a value is written into shell text, so that the shell gives back exactly that value.

Outside quotes a value is written by the rules of :func:`shlex.quote`, as MLflow does. Inside the author's own
quotes only what is special there is written differently: in ``'...'`` the quote is closed, the value's quote is quoted,
and it is opened again; in ``"..."`` and in a here-document the special characters get a backslash. A value of plain
characters (letters, digits and ``@%+=:,./-_``) is therefore written as it is in every one of these places. Where a
shell leaves no way to write a value safely (in ``$((...))``, or a line that would end a here-document), it is refused.
"""

from reenact.hints import Literal
from reenact.values import NamedTuple

Quote = Literal["bare", "single", "double", "ansi", "comment", "heredoc", "raw-heredoc", "braced", "plain-only"]

NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")
"""What the names of a shell's variables are made of."""

PLAIN = NAME | frozenset("@%+=:,./-")
"""What means nothing to a shell, wherever it stands between the quotes and operators."""

_RESERVED = frozenset(
    "if then else elif fi do done case esac while until for in function select time coproc".split()  # noqa: SIM905
)


class Word(NamedTuple):
    """What is put in for a parameter: the value of the child's ``variable``, if there is one, and then ``text``."""

    text: str = ""
    variable: str | None = None


class Place(NamedTuple):
    """What surrounds a placeholder.

    ``layers`` counts the backquotes around it. ``backslash``: one stands right before it. ``dollar`` is the index of a
    ``$`` right before it, ``joins`` says that it continues the name of a variable (``$DATA_{split}``). ``interpreter``
    is the program that reads the text again, as ``bash -c`` or ``eval`` do.

    ``hazards`` name what even a plain value could turn into: ``command`` (a reserved word, an assignment), ``braces``
    (a brace expansion), ``descriptor`` (the number of a redirection); and where quoting is not enough: ``backquotes``
    inside double quotes, whose text bash looks through for braces before it knows what is quoted, and ``unsure``, where
    shells differ about what is.
    """

    quote: Quote
    layers: int = 0
    backslash: bool = False
    dollar: int | None = None
    joins: bool = False
    hazards: frozenset[str] = frozenset()
    interpreter: str | None = None
    strips_tabs: bool = False


class Unwritable(ValueError):
    """There is no safe way to write the value at that place; the message says why, without the value."""


def is_plain(text: str) -> bool:
    """Whether a shell reads ``text`` as itself, unquoted: not empty, and without a character that means something."""
    return bool(text) and PLAIN.issuperset(text)


def quote(text: str) -> str:
    """``text`` as one word of a shell, exactly as :func:`shlex.quote` writes it."""
    return text if is_plain(text) else _enclose(text)


def write_word(word: Word, place: Place) -> str:
    """The shell text that gives ``word`` at ``place``.

    Raises:
        Unwritable: there is none.
    """
    if "backquotes" in place.hazards and "{" in word.text and "}" in word.text:
        raise Unwritable("bash would expand its braces there, in backquotes inside double quotes; $(...) is safe")
    if "unsure" in place.hazards and not (word.variable is None and is_plain(word.text)):
        raise Unwritable("shells do not agree what is quoted there; $(...) is safe")
    text = _write_value(word.text, place) if word.variable is None else _write_reference(word, place)
    for _ in range(place.layers):
        text = text.replace("\\", "\\\\").replace("`", "\\`").replace("$", "\\$")
    return text


def needs_plain_dollar(word: Word, place: Place) -> bool:
    """Whether a ``$`` before the placeholder has to stay: ``${x}`` with ``x=HOME`` has always meant ``$HOME``."""
    return place.dollar is None or (word.variable is None and is_plain(word.text))


def _write_value(text: str, place: Place) -> str:
    if place.quote == "bare":
        return _write_bare(text, place)
    if place.quote == "single":
        return text.replace("'", "'\"'\"'") if text else "''"
    if place.quote == "double":
        return _write_double(text, place)
    if place.quote == "ansi":
        lead = "\\" if place.backslash else ""
        # Not \\', which would end the quote in a shell that does not know $'...'.
        return lead + text.replace("\\", "\\\\").replace("'", "'\"'\"$'")
    if place.quote == "comment":
        return quote(text).replace("\n", " ")
    if place.quote == "braced":
        return _write_braced(text)
    if place.quote == "plain-only":
        if not is_plain(text):
            raise Unwritable("the shell would evaluate it there")
        return text
    return _write_heredoc(text, place)


def _write_bare(text: str, place: Place) -> str:
    if is_plain(text) and not _turns_into_something(text, place.hazards):
        return text
    # A backslash before the quote would take its meaning away; with a line break it continues the line instead.
    return ("\n" if place.backslash else "") + _enclose(text)


def _write_double(text: str, place: Place) -> str:
    escaped = _escape(text)
    if place.backslash and (not escaped or escaped[0] in '\\"$`\n'):
        return "\\" + escaped
    if place.joins and not is_plain(text) and text[:1] in NAME:
        return '""' + escaped
    return escaped


def _write_braced(text: str) -> str:
    """Inside ``"${name:-...}"``, where bash takes a lone single quote for the start of a quote and dash does not."""
    if "'" not in text:
        return _escape(text).replace("}", "\\}")
    if "{" in text:
        raise Unwritable("bash would expand its braces there")
    return f'"{_escape(text)}"'


def _write_heredoc(text: str, place: Place) -> str:
    if place.strips_tabs and "\t" in text:
        raise Unwritable("'<<-' would take its tabs away")
    if place.quote == "raw-heredoc":
        return text
    if place.joins and not is_plain(text) and text[:1] in NAME:
        raise Unwritable("it would continue the name of the variable before it")
    escaped = _escape(text, quotes=False)
    return "\\" + escaped if place.backslash and (not escaped or escaped[0] in "\\$`\n") else escaped


def _write_reference(word: Word, place: Place) -> str:
    text = word.text
    inside = f"${{{word.variable}}}"
    lead = "\\" if place.backslash else ""
    if place.quote == "bare":
        return ("\n" if place.backslash else "") + f'"${word.variable}"' + (quote(text) if text else "")
    if place.quote == "single":
        return f"'\"{inside}{_escape(text)}\"'"
    if place.quote == "double":
        return lead + inside + _escape(text)
    if place.quote == "ansi":
        return f"{lead}'\"{inside}{_escape(text)}\"$'"
    if place.quote == "comment":
        return inside + text.replace("\n", " ")
    if place.quote == "heredoc" and not place.strips_tabs:
        return lead + inside + _escape(text, quotes=False)
    if place.quote == "braced":
        return f'"{inside}{_escape(text)}"'
    raise Unwritable("it is handed over in a variable, which the shell does not read there")


def _turns_into_something(text: str, hazards: frozenset[str]) -> bool:
    if "command" in hazards and (text in _RESERVED or _is_assignment(text)):
        return True
    if "braces" in hazards and ("," in text or ".." in text):
        return True
    return "descriptor" in hazards and text.isdigit()


def _is_assignment(text: str) -> bool:
    name, equals, _ = text.partition("=")
    name = name.removesuffix("+")
    return bool(equals and name) and NAME.issuperset(name) and not name[0].isdigit()


def _enclose(text: str) -> str:
    return "'" + text.replace("'", "'\"'\"'") + "'"


def _escape(text: str, *, quotes: bool = True) -> str:
    text = text.replace("\\", "\\\\").replace("$", "\\$").replace("`", "\\`")
    return text.replace('"', '\\"') if quotes else text
