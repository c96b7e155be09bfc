"""Placeholders in a template: Python's format strings over the names that are known; every other brace is text."""

from collections.abc import Collection

from reenact.values import NamedTuple


class Placeholder(NamedTuple):
    """A placeholder, or ``{word}`` that looks like one: then ``problem`` says why it is none.

    ``source`` is its text in the template, ``cut`` the indexes into the value, ``start`` counts characters.
    """

    name: str
    source: str
    start: int
    cut: tuple[int, ...] = ()
    conversion: str = ""
    spec: str = ""
    problem: str | None = None


def parse_template(template: str, known: Collection[str]) -> list[str | Placeholder]:
    """The template as text, its doubled braces undone, and placeholders."""
    pieces: list[str | Placeholder] = []
    kept: list[bool] = []  # one for every open brace that is text: True for '{', False for '{{'
    text = ""
    i = 0
    while i < len(template):
        found = None
        step = 1
        char = template[i]
        if char == "{":
            if template.startswith("{{", i):
                kept.append(False)
                step = 2
            elif (found := _parse_placeholder(template, i, known)) is None:
                kept.append(True)
        elif char == "}":
            single = kept.pop() if kept else not template.startswith("}}", i)
            step = 1 if single or not template.startswith("}}", i) else 2
        if found is not None:
            pieces += [text, found] if text else [found]
            text = ""
            i += len(found.source)
            continue
        text += char
        i += step
    return [*pieces, text] if text else pieces


def _parse_placeholder(template: str, start: int, known: Collection[str]) -> Placeholder | None:
    """What ``{`` at ``start`` begins: a placeholder, something that was meant to be one, or neither (None)."""
    end = _find_end(template, start)
    if end is None:
        return None
    source = template[start : end + 1]
    field, colon, spec = _cut(source[1:-1], ":")
    field, mark, conversion = _cut(field, "!")
    if field in known:
        slot = Placeholder(field, source, start, (), conversion, spec)
        return slot._replace(problem=_find_problem(slot, mark, colon))
    name, dot, _ = field.partition(".")
    name, bracket, _ = name.partition("[")
    if name in known and name:
        index = _parse_index(field[len(name) :]) if bracket and not dot else None
        if index is None:
            return Placeholder(name, source, start, problem="a value is a text: it has no parts with names")
        slot = Placeholder(name, source, start, index, conversion, spec)
        return slot._replace(problem=_find_problem(slot, mark, colon))
    if (
        _is_word(field)
        and not colon
        and (not mark or conversion in ("r", "s", "a"))
        and template[start - 1 : start] != "$"
    ):
        from reenact.project.nearest import did_you_mean

        hint = did_you_mean(field, known)
        problem = f"no parameter '{field}' is declared or given" + (f" ({hint})" if hint else "")
        return Placeholder(field, source, start, problem=problem)
    return None


def _find_end(template: str, start: int) -> int | None:
    """Where the field that starts with a brace ends, by the rules of :meth:`str.format`."""
    depth, in_index, in_spec = 0, False, False
    for place in range(start, len(template)):
        char = template[place]
        if in_index:
            in_index = char != "]"
        elif char == "[" and not in_spec:
            in_index = True
        elif char == "{":
            if depth and not in_spec:
                return None
            depth += 1
        elif char == "}":
            depth -= 1
            if depth == 0:
                return place
        elif char == ":":
            in_spec = True
    return None


def _cut(field: str, mark: str) -> tuple[str, str, str]:
    """``field`` before and after the first ``mark`` that stands outside square brackets."""
    in_index = False
    for place, char in enumerate(field):
        if char == mark and not in_index:
            return field[:place], mark, field[place + 1 :]
        in_index = char == "[" or (in_index and char != "]")
    return field, "", ""


def _parse_index(text: str) -> tuple[int, ...] | None:
    """``[0][1]`` as numbers."""
    numbers = text.removeprefix("[").removesuffix("]").split("][")
    if text[:1] != "[" or text[-1:] != "]" or not all(n.isascii() and n.isdigit() for n in numbers):
        return None
    return tuple(map(int, numbers))


def _is_word(text: str) -> bool:
    return text.replace("-", "_").isidentifier() and text[0] != "-"


def _find_problem(slot: Placeholder, mark: str, colon: str) -> str | None:
    if mark and slot.conversion not in ("r", "s", "a"):
        return f"a value cannot be converted by '!{slot.conversion}'"
    if colon and "{" not in slot.spec:
        try:
            format("", slot.spec)
        except ValueError:
            return f"a value is a text, which the format ':{slot.spec}' does not fit"
    return None
