"""The command: an author's template and the words that are put in for its placeholders.

``{name}`` is a placeholder when ``name`` is declared or given; Python's format strings are understood over it (``{{``
and ``}}`` are braces, ``{name:>10}``, ``{name!r}``, ``{name[0]}``), as in MLflow. Every other brace is text:
``${HOME}``, ``awk '{print $1}'``, ``{}``, JSON. ``{word}`` that is nobody's parameter is an error, for someone forgot
that parameter; inside single quotes, where other languages are written, it is text, with a warning.

A value comes out as exactly one argument whatever is in it, also where the author put quotes around the placeholder
(quoting.py). A parameter that may be absent and is absent takes its whole word with it (``{x}``, ``"{x}"``,
``file={x}``), and an option right before it (``--x {x}``); inside a longer word it is empty. Parameters that nobody
declared are added to the last command as ``--name value``: before a comment, a closing ``&`` or ``;``, the body of a
here-document.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache

from reenact.errors import ParameterError
from reenact.project.commands import Script, Span
from reenact.project.diagnostics import Diagnostic, Severity
from reenact.project.placeholders import Placeholder, parse_template
from reenact.project.quoting import Place, Unwritable, Word, needs_plain_dollar, quote, write_word
from reenact.project.script import Item, read_script
from reenact.values import NamedTuple

MAX_ARGUMENT = 131_071
"""Bytes in one argument or variable that Linux passes to a program: MAX_ARG_STRLEN of execve(2), less the final NUL."""

_FOREIGN = ("single", "ansi", "raw-heredoc")


class Rendered(NamedTuple):
    """The shell text, the names whose value is in it through a placeholder, and what there is to say about it."""

    text: str
    used: frozenset[str] = frozenset()
    diagnostics: tuple[Diagnostic, ...] = ()


class Template(NamedTuple):
    """A command that was read but not filled in. Nobody changes it: several share one.

    ``slots`` are its placeholders and what looks like one, in order; the number of one stands among the ``items`` where
    it was. ``script`` is how a shell reads the items.
    """

    slots: tuple[Placeholder, ...]
    items: tuple[Item, ...]
    script: Script

    @property
    def names(self) -> frozenset[str]:
        """Those that have a placeholder."""
        return frozenset(slot.name for slot in self.slots if slot.problem is None)

    @property
    def places(self) -> tuple[Place, ...]:
        """What surrounds each slot."""
        return tuple(self.script.places[number] for number in range(len(self.slots)))

    def source(self, start: int, end: int | None = None) -> str:
        """The author's text from item ``start`` to before item ``end``; doubled braces are single ones here."""
        return "".join(item if isinstance(item, str) else self.slots[item].source for item in self.items[start:end])

    def weigh(self, number: int) -> Severity | None:
        """How bad it is that this slot is no placeholder; None where it is one, or is plainly something of the shell's.

        It is a warning where another language may stand, in single quotes.
        """
        place = self.script.places[number]
        at = self.items.index(number)
        opens = place.quote == "bare" and self.items[at + 1 : at + 2] in (("<",), (">",))
        if self.slots[number].problem is None or place.dollar is not None or opens or place.quote == "comment":
            return None
        return "warning" if place.quote in _FOREIGN else "error"


@lru_cache(maxsize=8)
def read_template(text: str, known: frozenset[str]) -> Template:
    """The template, given the names that are declared or given.

    The last few are remembered, for a run asks three times: for doubts, for what its parameters mean, to fill it in.
    """
    items: list[Item] = []
    slots: list[Placeholder] = []
    for piece in parse_template(text, known):
        if isinstance(piece, str):
            items += piece
        else:
            items.append(len(slots))
            slots.append(piece)
    return Template(tuple(slots), tuple(items), read_script(items))


def render_command(
    template: str, words: Mapping[str, Word | None], extras: Sequence[tuple[str, Word]] = ()
) -> Rendered:
    """The command with ``words`` put in for its placeholders and ``extras`` added as ``--name value``.

    None stands for a parameter that is allowed to be absent. An extra whose name has a placeholder is put in there
    and not added again.

    Raises:
        ParameterError: a placeholder has no value, a value cannot be written safely where its placeholder is, or the
            command is longer than an argument can be. All problems are told together.
    """
    known: dict[str, Word | None] = {**dict(extras), **words}
    return _Rendering(template, known).render([(name, word) for name, word in extras if name not in words])


class _Rendering:
    """One template being filled in: ``output`` is the text of every item, changed as decisions fall."""

    def __init__(self, template: str, known: Mapping[str, Word | None]) -> None:
        self.known = known
        self.template = read_template(template, frozenset(known))
        self.slots, self.items, self.script = self.template
        self.output = [item if isinstance(item, str) else "" for item in self.items]
        self.where = {item: n for n, item in enumerate(self.items) if isinstance(item, int)}
        self.problems: list[tuple[str, str | None]] = []
        self.diagnostics: list[Diagnostic] = []

    def render(self, extras: Sequence[tuple[str, Word]]) -> Rendered:
        used = set()
        for number, slot in enumerate(self.slots):
            if slot.problem is not None:
                self._keep_as_text(number, slot)
                continue
            used.add(slot.name)
            word = self.known[slot.name]
            if word is None:
                self._remove(number, slot)
            else:
                self._put_in(number, slot, word)
        self._check_heredocs()
        text = self._add([(name, word) for name, word in extras if name not in used])
        self._check_length(text)
        self._tell()
        return Rendered(text, frozenset(used), tuple(self.diagnostics))

    def _keep_as_text(self, number: int, slot: Placeholder) -> None:
        self.output[self.where[number]] = slot.source
        weight = self.template.weigh(number)
        hint = f"{_way_out(slot)}; write {{{slot.source}}} to mean the braces themselves"
        if weight == "error":
            self.problems.append((f"the command has {slot.source}, but {slot.problem}", hint))
        elif weight == "warning":
            message = f"{slot.source} is kept as text inside single quotes: {slot.problem}"
            self._warn("kept-as-text", message, hint)

    def _put_in(self, number: int, slot: Placeholder, word: Word) -> None:
        place = self.script.places[number]
        try:
            text = _write_formatted(slot, word, place, self.known)
        except Unwritable as refusal:
            never = f"the command opens {self.script.unclosed} and never closes it"
            reason = never if self.script.unclosed else refusal
            message = f"the value of '{slot.name}' cannot be put in at {slot.source}: {reason}"
            self.problems.append((message, "move the placeholder out of that construct, or choose another value"))
            return
        self.output[self.where[number]] = text
        if place.dollar is not None:
            if not needs_plain_dollar(word, place):
                self.output[place.dollar] = ""
            hint = f"write {slot.source} for the parameter, ${{{slot.source}}} for the shell's variable"
            self._warn("dollar-placeholder", f"'${slot.source}' puts the value of '{slot.name}' after a '$'", hint)
        if place.interpreter and (word.variable is not None or quote(word.text) != word.text):
            message = f"the value of '{slot.name}' is put into a script that {place.interpreter} reads as code"
            self._warn("value-in-code", message, "hand it over as an argument or in a variable of its own")

    def _remove(self, number: int, slot: Placeholder) -> None:
        span = self.script.spans.get(number)
        if span is None:
            return
        rest = "".join(item if isinstance(item, str) else "" for item in self.items[span.start : span.end])
        alone = all(item == number or isinstance(item, str) for item in self.items[span.start : span.end])
        name = rest.strip("'\"")
        if not alone or (name and not name.endswith("=")):
            self.output[self.where[number]] = ""
        elif span.redirected:
            message = f"parameter '{slot.name}' was not given, and the command redirects to {slot.source}"
            self.problems.append((message, f"give it: -P {slot.name}=VALUE"))
        else:
            self._blank(span, with_option=not name)

    def _blank(self, span: Span, *, with_option: bool) -> None:
        start = span.option if with_option and span.option is not None else span.start
        blanks = start
        while blanks and self.items[blanks - 1] in (" ", "\t"):
            blanks -= 1
        if blanks and self.items[blanks - 1] != "\n":
            start = blanks
        self.output[start : span.end] = [""] * (span.end - start)

    def _check_heredocs(self) -> None:
        for body in self.script.heredocs:
            inside = [item for item in self.items[body.start : body.end] if isinstance(item, int)]
            lines = "".join(self.output[body.start : body.end]).split("\n") if inside else []
            if any((line.lstrip("\t") if body.strips_tabs else line) == body.delimiter for line in lines):
                names = ", ".join(f"'{self.slots[n].name}'" for n in inside)
                message = f"a line of the value of {names} would end the here-document: {body.delimiter}"
                self.problems.append((message, "choose another word to end it in the command"))

    def _add(self, extras: Sequence[tuple[str, Word]]) -> str:
        if not extras:
            return "".join(self.output)
        if self.script.compound:
            message = f"nothing takes {_list(n for n, _ in extras)}: the command ends with a compound command"
            self.problems.append((message, "declare the parameter and put it into the command where it belongs"))
        end = self.script.end
        before, after = "".join(self.output[:end]), "".join(self.output[end:])
        added = "".join(f" --{quote(name)} {write_word(word, Place('bare'))}" for name, word in extras)
        if not after.strip(" \t"):
            before, after = before + after, ""
        if not after and _ends_in_backslash(before):
            before = before[:-1]
        return before + added + (" " if after.startswith("#") else "") + after

    def _check_length(self, text: str) -> None:
        size = len(text.encode("utf-8", "surrogateescape"))
        if size > MAX_ARGUMENT:
            message = f"the command with its values has {size:,} bytes, and a program takes at most {MAX_ARGUMENT:,}"
            self.problems.append(
                (f"{message} in one argument (E2BIG)", "put what is long into a file and give its path")
            )

    def _warn(self, code: str, message: str, hint: str | None = None) -> None:
        self.diagnostics.append(Diagnostic("warning", code, message, hint=hint))

    def _tell(self) -> None:
        if self.problems:
            hints = dict.fromkeys(hint for _, hint in self.problems if hint)
            raise ParameterError("\n".join(dict.fromkeys(m for m, _ in self.problems)), hint="\n".join(hints) or None)
        if self.script.unclosed:
            self._warn("unclosed-quote", f"the command opens {self.script.unclosed} and never closes it")


def _way_out(slot: Placeholder) -> str:
    if slot.problem and slot.problem.startswith("no parameter"):
        return f"give it (-P {slot.name}=VALUE) or declare it under 'parameters'"
    return f"write {{{slot.name}}}"


def _write_formatted(slot: Placeholder, word: Word, place: Place, known: Mapping[str, Word | None]) -> str:
    """The word as its placeholder asks for it. Python's formats pad and cut the value; quoting comes after that,
    except that padding outside quotes is written outside the value's own, as MLflow does."""
    if word.variable is not None:
        if slot.cut or slot.spec:
            raise Unwritable("a secret or downloaded value can only be put in whole")
        return write_word(word, place)
    text = word.text
    for number in slot.cut:
        if number >= len(text):
            raise Unwritable(f"it has no character {number}")
        text = text[number]
    spec = _expand_spec(slot.spec, known)
    if place.quote != "bare":
        text = repr(text) if slot.conversion in ("r", "a") else text
        return write_word(Word(_format(text, spec)), place)
    padding, cut = _split_precision(spec)
    written = write_word(Word(text[:cut]), place)
    if slot.conversion in ("r", "a") and written == text[:cut]:
        written = f"'{written}'"
    return _format(written, padding)


def _format(text: str, spec: str) -> str:
    try:
        return format(text, spec)
    except ValueError as problem:
        raise Unwritable(f"the format ':{spec}' does not fit a text") from problem


def _split_precision(spec: str) -> tuple[str, int | None]:
    """A format without its precision, and the precision."""
    head, dot, tail = spec.rpartition(".")
    digits = tail.removesuffix("s")
    if not dot or not digits.isdigit():
        return spec, None
    return head, int(digits)


def _expand_spec(spec: str, known: Mapping[str, Word | None]) -> str:
    """The format with the parameters that it names, as in ``{name:>{width}}``."""
    expanded = ""
    while "{" in spec:
        before, _, rest = spec.partition("{")
        name, close, spec = rest.partition("}")
        word = known.get(name)
        if not close or word is None or word.variable is not None:
            raise Unwritable(f"its format names '{name}', which has no value here")
        expanded += before + quote(word.text)
    return expanded + spec


def _ends_in_backslash(text: str) -> bool:
    return (len(text) - len(text.rstrip("\\"))) % 2 == 1


def _list(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)
