"""How a shell reads a command: what surrounds each placeholder, which commands there are, where the last one ends.

A scanner for the grammar that POSIX shells and bash share: quotes, ``$'...'``, ``$(...)``, backquotes, ``${...}``,
``$((...))``, here-documents, comments, compound commands. It decides nothing about values (quoting.py) and
knows nothing of placeholders in braces (template.py). Text that no shell would accept is read as far as it makes sense.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from reenact.project.quoting import Place, Quote

Item = str | int
"""One character, or the number of a placeholder."""

_CLOSERS = {"if": "fi", "for": "done", "while": "done", "until": "done", "select": "done", "case": "esac", "{": "}"}
_PREFIXES = frozenset(("then", "do", "else", "elif", "!", "time", "if", "while", "until", "{"))
_SHELLS = ("sh", "bash", "dash", "ksh", "zsh", "python", "perl", "ruby", "node", "Rscript")
_NAME = frozenset("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_")


class Span(NamedTuple):
    """A word of a command: where it starts and ends, and the word before it that is an option (``--x``), if any."""

    start: int
    end: int
    option: int | None = None
    redirected: bool = False


class Heredoc(NamedTuple):
    """The body of a here-document and the line that ends it."""

    start: int
    end: int
    delimiter: str
    strips_tabs: bool


class Statement(NamedTuple):
    """A list of commands up to a separator: the names of its commands, the words of the last, what ends it."""

    names: tuple[str, ...]
    words: tuple[str, ...]
    separator: str
    guarded: bool


class Script:
    """What was found in a command. Indexes count items.

    ``end`` is where more arguments of the last command belong; ``compound`` says that nothing takes arguments there
    (``fi``, ``done``, ``}``, ``)``). ``unclosed`` is the quote or bracket that never ends.
    """

    def __init__(self) -> None:
        self.places: dict[int, Place] = {}
        self.spans: dict[int, Span] = {}
        self.heredocs: list[Heredoc] = []
        self.statements: list[Statement] = []
        self.end = 0
        self.compound = False
        self.unclosed: str | None = None


def read_script(items: Sequence[Item]) -> Script:
    """Everything that the scanner finds in ``items``."""
    script = Script()
    reader = _Reader(items, range(len(items) + 1), script)
    reader.read_commands(_Frame(None, top=True))
    return script


class _Frame:
    """One list of commands while it is read: ``$(...)`` and backquotes have their own."""

    def __init__(self, closer: str | None, *, top: bool = False) -> None:
        self.closer = closer
        self.top = top
        self.stack: list[str] = []
        self.names: list[str] = []
        self.words: list[str] = []
        self.guarded = False
        self.continues = False
        self.compound = False
        self.first = True
        self.word: str | None = None
        self.start = 0
        self.braces = 0
        self.slots: list[int] = []
        self.option: int | None = None
        self.redirect = False
        self.heredocs: list[tuple[str, bool, bool]] = []


class _Reader:
    def __init__(
        self,
        items: Sequence[Item],
        indexes: Sequence[int],
        script: Script,
        layers: int = 0,
        hazards: frozenset[str] = frozenset(),
    ) -> None:
        self.items = items
        self.indexes = indexes
        self.script = script
        self.layers = layers
        self.hazards = hazards
        self.i = 0
        self.frame = _Frame(None)

    # -- looking

    def peek(self, ahead: int = 0) -> Item | None:
        place = self.i + ahead
        return self.items[place] if place < len(self.items) else None

    def sees(self, text: str) -> bool:
        return all(self.peek(n) == char for n, char in enumerate(text))

    def put(self, slot: int, quote: Quote, *, strips_tabs: bool = False) -> None:
        """Note what surrounds the placeholder here, and step over it."""
        dollar, joins = self._dollar_before(quote)
        if dollar is not None and self.layers:
            quote = "plain-only"
        self.script.places[slot] = Place(
            quote,
            self.layers,
            backslash=self._backslash_before(quote),
            dollar=dollar,
            joins=joins,
            hazards=self._hazards() if quote == "bare" else self.hazards,
            interpreter=_find_interpreter(self.frame.words),
            strips_tabs=strips_tabs,
        )
        self.frame.slots.append(slot)
        self.i += 1

    def _dollar_before(self, quote: Quote) -> tuple[int | None, bool]:
        if quote not in ("bare", "double", "heredoc"):
            return None, False
        start = self.i
        while start and isinstance(char := self.items[start - 1], str) and char in _NAME:
            start -= 1
        if not start or self.items[start - 1] != "$" or self._count_before(start - 1, "\\") % 2:
            return None, False
        if start == self.i and self._count_before(start, "$") % 2 == 0:
            return None, False
        return (self.indexes[start - 1], False) if start == self.i else (None, True)

    def _backslash_before(self, quote: Quote) -> bool:
        return quote in ("bare", "double", "ansi", "heredoc") and self._count_before(self.i, "\\") % 2 == 1

    def _count_before(self, place: int, char: str) -> int:
        count = 0
        while place > count and self.items[place - count - 1] == char:
            count += 1
        return count

    def _hazards(self) -> frozenset[str]:
        frame = self.frame
        found = set(self.hazards)
        if frame.first and not frame.redirect:
            found.add("command")
        if frame.braces > 0:
            found.add("braces")
        if self.peek(1) in ("<", ">"):
            found.add("descriptor")
        return frozenset(found)

    # -- lists of commands

    def read_commands(self, frame: _Frame) -> None:
        """Read until the frame's closer at its own level, which is stepped over, or the end."""
        outer, self.frame = self.frame, frame
        while (item := self.peek()) is not None:
            if item == ")" and frame.closer == ")" and (not frame.stack or frame.stack[-1] not in (")", "esac")):
                break
            if isinstance(item, str) and item in " \t\n#;&|()<>" and self._read_special(item):
                continue
            self._begin_word()
            self._read_piece(item)
            self._mark()
        self._end_command("")
        if frame.closer:
            self._close("$(")
        self.frame = outer

    def _read_special(self, item: str) -> bool:
        if item in " \t":
            self._end_word()
            self.i += 1
        elif item == "\n":
            self._end_command("\n")
            self.i += 1
            self._read_heredocs()
        elif item == "#":
            if self.frame.word is not None:
                return False
            self._read_comment()
        elif item in ";&|":
            self._read_operator()
        elif item in "()":
            self._read_bracket(item)
        else:
            self._read_redirection(item)
        return True

    def _begin_word(self) -> None:
        self.frame.continues = False
        if self.frame.word is None:
            self.frame.word = ""
            self.frame.slots = []
            self.frame.start = self.i
            self.frame.braces = 0

    def _end_word(self) -> None:
        frame = self.frame
        word, frame.word = frame.word, None
        if word is None:
            return
        if not self.layers:
            for slot in frame.slots:
                self.script.spans[slot] = Span(frame.start, self.i, frame.option, frame.redirect)
        frame.slots = []
        frame.option = frame.start if word.startswith("-") and "=" not in word and len(word) > 1 else None
        if frame.redirect:
            frame.redirect = False
        elif frame.first:
            self._end_first_word(word)
        else:
            frame.words.append(word)

    def _end_first_word(self, word: str) -> None:
        frame = self.frame
        if frame.stack and word == frame.stack[-1]:
            frame.stack.pop()
            frame.compound = True
            self._mark()
        elif word in _CLOSERS:
            frame.stack.append(_CLOSERS[word])
        name, equals, _ = word.partition("=")
        if frame.names[-1:] == ["function"] and word not in _PREFIXES:
            self._begin_function()
            frame.names[-1] = word
            return
        if word == "function":
            frame.names.append(word)
            return
        if word in _PREFIXES or (equals and name and _NAME.issuperset(name.removesuffix("+"))):
            return
        frame.first = False
        frame.words = [word]
        frame.names.append(word)

    def _end_command(self, separator: str) -> None:
        self._end_word()
        frame = self.frame
        if separator == "\n" and frame.continues:
            return
        frame.first, frame.redirect, frame.option = True, False, None
        frame.continues = separator in ("&&", "||", "|")
        if frame.continues:
            frame.guarded = frame.guarded or separator == "||"
            frame.words, frame.compound = [], False
            return
        if frame.stack and frame.stack[-1] == "esac" and separator == "\n":
            return
        if frame.top and not frame.stack and (frame.names or frame.words):
            statement = Statement(tuple(frame.names), tuple(frame.words), separator, frame.guarded)
            self.script.statements.append(statement)
        if not frame.stack:
            frame.names, frame.guarded = [], False
        frame.words, frame.compound = [], False

    def _mark(self) -> None:
        if self.frame.top:
            self.script.end = self.indexes[self.i]
            self.script.compound = self.frame.compound

    def _read_operator(self) -> None:
        for operator in ("&>>", "&>"):
            if self.sees(operator):
                self._end_word()
                self.i += len(operator)
                self.frame.redirect = True
                return
        two = self.sees("&&") or self.sees("||") or self.sees("|&") or self.sees(";;")
        operator = f"{self.peek()}{self.peek(1)}" if two else str(self.peek())
        self._end_command("|" if operator == "|&" else operator)
        self.i += len(operator)
        if operator not in (";", "&", ";;"):
            self._mark()

    def _read_bracket(self, item: str) -> None:
        frame = self.frame
        if item == "(" and frame.word is None and self.sees("((") and self._is_arithmetic():
            self.i += 2
            self._read_arithmetic()
        elif item == "(" and self.sees("()"):
            self._end_word()
            self._begin_function()
            self.i += 2
        elif item == "(":
            self._end_word()
            frame.stack.append(")")
            frame.first = True
            self.i += 1
        else:
            self._end_command(";")
            self.i += 1
            if frame.stack and frame.stack[-1] == ")":
                frame.stack.pop()
                frame.compound = True
                frame.first = False
        self._mark()

    def _begin_function(self) -> None:
        """What follows is a body, which does not run here."""
        self.frame.first = True
        self.frame.guarded = True

    def _read_comment(self) -> None:
        while (item := self.peek()) is not None and item != "\n":
            if isinstance(item, int):
                self.put(item, "comment")
                self.frame.slots.pop()
            else:
                self.i += 1

    # -- redirections and here-documents

    def _read_redirection(self, item: str) -> None:
        if self.sees("<(") or self.sees(">("):
            self._begin_word()
            self.i += 2
            self.read_commands(_Frame(")"))
            self._mark()
            return
        self._end_word()
        self.frame.first = self.frame.first and not self.frame.words
        for operator in ("<<<", "<<-", "<<", "<>", "<&", "<", ">>", ">&", ">|", ">"):
            if self.sees(operator):
                self.i += len(operator)
                break
        if operator in ("<<", "<<-"):
            self._read_delimiter(operator == "<<-")
        else:
            self.frame.redirect = True
        self._mark()

    def _read_delimiter(self, strips_tabs: bool) -> None:
        while self.peek() in (" ", "\t"):
            self.i += 1
        text, quoted = "", False
        while (item := self.peek()) is not None and item not in (" ", "\t", "\n", ";", "&", "|", "<", ">", "(", ")"):
            if isinstance(item, int):
                self.put(item, "plain-only")
                self.frame.slots.pop()
                continue
            quoted = quoted or item in "'\"\\"
            text += "" if item in "'\"\\" else item
            self.i += 1
        self.frame.heredocs.append((text, strips_tabs, quoted))

    def _read_heredocs(self) -> None:
        pending, self.frame.heredocs = self.frame.heredocs, []
        for delimiter, strips_tabs, quoted in pending:
            start = self.i
            end, self.i = self._find_heredoc_end(delimiter, strips_tabs)
            self.script.heredocs.append(Heredoc(self.indexes[start], self.indexes[end], delimiter, strips_tabs))
            body = _Reader(self.items[start:end], self.indexes[start : end + 1], self.script, self.layers, self.hazards)
            body.frame.words = self.frame.words
            body.read_text("raw-heredoc" if quoted else "heredoc", strips_tabs=strips_tabs)

    def _find_heredoc_end(self, delimiter: str, strips_tabs: bool) -> tuple[int, int]:
        """Where the body ends, and where the text after its last line starts."""
        start = self.i
        while start < len(self.items):
            end = start
            while end < len(self.items) and self.items[end] != "\n":
                end += 1
            line = self.items[start:end]
            if all(isinstance(item, str) for item in line):
                text = "".join(map(str, line))
                if (text.lstrip("\t") if strips_tabs else text) == delimiter:
                    return start, min(end + 1, len(self.items))
            start = end + 1
        return len(self.items), len(self.items)

    def read_text(self, quote: Quote, *, strips_tabs: bool) -> None:
        """The body of a here-document: everything is text, but for ``$`` and backquotes where it was not quoted."""
        while (item := self.peek()) is not None:
            if isinstance(item, int):
                self.put(item, quote, strips_tabs=strips_tabs)
            elif quote == "raw-heredoc":
                self.i += 1
            elif item == "\\":
                self._skip_escaped()
            elif item == "$":
                self._read_dollar("heredoc")
            elif item == "`":
                self._read_backquotes("heredoc")
            else:
                self.i += 1

    # -- pieces of words

    def _read_piece(self, item: Item) -> None:
        before = self.i
        if isinstance(item, int):
            self.put(item, "bare")
        elif item == "\\":
            self._skip_escaped()
        elif item == "'":
            self._read_single()
        elif item == '"':
            self._read_double()
        elif item == "$":
            self._read_dollar("bare")
        elif item == "`":
            self._read_backquotes("bare")
        else:
            self.frame.braces += {"{": 1, "}": -1}.get(item, 0)
            self.i += 1
        piece = "".join(i if isinstance(i, str) else "\0" for i in self.items[before : self.i])
        if piece == "\\\n" and not self.frame.word:
            self.frame.word = None
        else:
            self.frame.word = (self.frame.word or "") + piece

    def _skip_escaped(self) -> None:
        self.i += 1 if isinstance(self.peek(1), int) or self.peek(1) is None else 2

    def _read_single(self) -> None:
        self.i += 1
        while (item := self.peek()) is not None and item != "'":
            if isinstance(item, int):
                self.put(item, "single")
            else:
                self.i += 1
        self._close("'")

    def _read_ansi(self) -> None:
        self.i += 1
        while (item := self.peek()) is not None and item != "'":
            if isinstance(item, int):
                self.put(item, "ansi")
            elif item == "\\":
                self._skip_escaped()
            else:
                self.i += 1
        self._close("$'")

    def _read_double(self) -> None:
        self.i += 1
        while (item := self.peek()) is not None and item != '"':
            if isinstance(item, int):
                self.put(item, "double")
            elif item == "\\":
                self._skip_escaped()
            elif item == "$":
                self._read_dollar("double")
            elif item == "`":
                self._read_backquotes("double")
            else:
                self.i += 1
        self._close('"')

    def _close(self, opener: str) -> None:
        if self.peek() is None:
            self.script.unclosed = self.script.unclosed or opener
        else:
            self.i += 1

    def _read_dollar(self, around: Quote) -> None:
        following = self.peek(1)
        if following == "(" and self.peek(2) == "(" and self._is_arithmetic(1):
            self.i += 3
            self._read_arithmetic()
        elif following == "(":
            self.i += 2
            self.read_commands(_Frame(")"))
        elif following == "{":
            self._read_braced(around)
        elif following == "'" and around == "bare":
            self.i += 1
            self._read_ansi()
        else:
            self.i += 2 if following == "$" else 1

    def _read_braced(self, around: Quote) -> None:
        """``${name}``, ``${name:-word}``, ``${name%pattern}`` and their relatives."""
        self.i += 2
        name = ""
        while isinstance(item := self.peek(), str) and (item in _NAME or (not name and item in "#!@*?$-")):
            name += item
            self.i += 1
        if self.peek() == ":":
            self.i += 1
        replaces = self.peek() in ("-", "=", "+", "?")
        quote: Quote = "bare" if around == "bare" else "braced" if around == "double" and replaces else "plain-only"
        while (item := self.peek()) is not None and item != "}":
            if isinstance(item, int):
                self.put(item, quote)
            elif item == "\\":
                self._skip_escaped()
            elif item == '"':
                self._read_double()
            elif item == "'" and around == "bare":
                self._read_single()
            elif item == "$":
                self._read_dollar(around)
            elif item == "`":
                self._read_backquotes(around)
            else:
                self.i += 1
        self._close("${")

    def _is_arithmetic(self, ahead: int = 0) -> bool:
        """Whether ``((`` here ends with ``))``; ``( (a); b)`` and its relatives do not."""
        depth = 0
        for place in range(self.i + ahead, len(self.items)):
            depth += {"(": 1, ")": -1}.get(str(self.items[place]), 0)
            if depth == 1 and place > self.i + ahead + 1:
                return place + 1 < len(self.items) and self.items[place + 1] == ")"
        return True

    def _read_arithmetic(self) -> None:
        depth = 2
        while (item := self.peek()) is not None and depth:
            if isinstance(item, int):
                self.put(item, "plain-only")
                continue
            depth += {"(": 1, ")": -1}.get(item, 0)
            self.i += 1
        if depth:
            self.script.unclosed = self.script.unclosed or "(("

    def _read_backquotes(self, around: Quote) -> None:
        """One level of backslashes belongs to the backquotes; what is left is a list of commands."""
        self.i += 1
        inner: list[Item] = []
        indexes: list[int] = []
        special = '$`\\"' if around == "double" else "$`\\"
        while (item := self.peek()) is not None and item != "`":
            if item == "\\" and isinstance(following := self.peek(1), str) and following in special:
                self.i += 1
                item = following
            inner.append(item)
            indexes.append(self.indexes[self.i])
            self.i += 1
        indexes.append(self.indexes[min(self.i, len(self.items))])
        hazards = self.hazards | {"backquotes"} if around == "double" else self.hazards
        _Reader(inner, indexes, self.script, self.layers + 1, hazards).read_commands(_Frame(None))
        self._close("`")


def _find_interpreter(words: Sequence[str]) -> str | None:
    """The program that reads the next argument as text of its own language, with its option."""
    if not words:
        return None
    if words[0] == "eval":
        return "eval"
    option = words[-1]
    if option.startswith("-") and not option.startswith("--") and option[-1:] in ("c", "e"):
        for word in words[:-1]:
            program = word.rpartition("/")[2]
            if program.rstrip("0123456789.") in _SHELLS:
                return f"{program} {option}"
    return None
