"""How a shell reads a command: what surrounds each placeholder, which commands there are, where the last one ends.

A scanner for the grammar that POSIX shells and bash share: quotes, ``$'...'``, ``$(...)``, backquotes, ``${...}``,
``$((...))``, here-documents, comments, compound commands. It decides nothing about values (quoting.py) and
knows nothing of placeholders in braces (template.py). Text that no shell would accept is read as far as it makes sense.
"""

from __future__ import annotations

from collections.abc import Sequence

from reenact.project.commands import CommandList, Heredoc, Script
from reenact.project.quoting import NAME, PLAIN, Place, Quote

Item = str | int
"""One character, or the number of a placeholder."""


def read_script(items: Sequence[Item]) -> Script:
    """Everything that the scanner finds in ``items``."""
    script = Script()
    try:
        _Reader(items, range(len(items) + 1), script).read_commands(CommandList(script, None, top=True))
    except RecursionError:
        script.end = len(items)
        script.unclosed = "more brackets than can be read"
    if script.unclosed:
        # What stands where is anybody's guess then: only what needs no quotes goes in.
        script.places = {item: Place("plain-only") for item in items if isinstance(item, int)}
    return script


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
        self.requoted = 0  # how many "..." inside "${...}" stand around: quoted for bash, not for dash
        self.i = 0
        self.frame = self._make_list(None)

    def _make_list(self, closer: str | None) -> CommandList:
        return CommandList(self.script, closer, spans=not self.layers)

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
            interpreter=self.frame.find_interpreter(),
            strips_tabs=strips_tabs,
        )
        self.frame.slots.append(slot)
        self.i += 1

    def _dollar_before(self, quote: Quote) -> tuple[int | None, bool]:
        if quote not in ("bare", "double", "heredoc"):
            return None, False
        start = self.i
        while start and isinstance(char := self.items[start - 1], str) and char in NAME:
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

    def read_commands(self, frame: CommandList) -> None:
        """Read until the frame's closer at its own level, which is stepped over, or the end."""
        outer, self.frame = self.frame, frame
        while (item := self.peek()) is not None:
            if item == ")":
                frame.end_word(self.i)  # it may have been the 'esac' that this bracket comes after
                if frame.closer == ")" and (not frame.stack or frame.stack[-1] not in (")", "esac")):
                    break
            if isinstance(item, str) and item in " \t\n#;&|()<>" and self._read_special(item):
                continue
            self.frame.begin_word(self.i)
            self._read_piece(item)
            self._mark()
        self.frame.end_command("", self.i)
        if frame.closer:
            self._close("$(")
        self.frame = outer

    def _read_special(self, item: str) -> bool:
        if item in " \t":
            self.frame.end_word(self.i)
            self.i += 1
        elif item == "\n":
            self.frame.end_command("\n", self.i)
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

    def _mark(self) -> None:
        if self.frame.top:
            self.script.end = self.indexes[self.i]
            self.script.compound = self.frame.compound

    def _read_operator(self) -> None:
        for operator in ("&>>", "&>"):
            if self.sees(operator):
                self.frame.end_word(self.i)
                self.i += len(operator)
                self.frame.redirect = True
                return
        two = self.sees("&&") or self.sees("||") or self.sees("|&") or self.sees(";;")
        operator = f"{self.peek()}{self.peek(1)}" if two else str(self.peek())
        self.frame.end_command("|" if operator == "|&" else operator, self.i)
        self.i += len(operator)
        if operator not in (";", "&", ";;"):
            self._mark()

    def _read_bracket(self, item: str) -> None:
        frame = self.frame
        if item == "(" and frame.word is None and self.sees("((") and self._is_arithmetic():
            self.i += 2
            self._read_arithmetic("()", 2)
        elif item == "(" and self.sees("()"):
            self.frame.end_word(self.i)
            self.frame.begin_function()
            self.i += 2
        elif item == "(":
            self.frame.end_word(self.i)
            frame.stack.append(")")
            frame.first = True
            self.i += 1
        else:
            self.frame.end_command(";", self.i)
            self.i += 1
            if frame.stack and frame.stack[-1] == ")":
                frame.stack.pop()
                frame.compound = True
                frame.first = False
        self._mark()

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
            self.frame.begin_word(self.i)
            self.i += 2
            self.read_commands(self._make_list(")"))
            self._mark()
            return
        self.frame.end_word(self.i)
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
            end, self.i = _find_heredoc_end(self.items, self.i, delimiter, strips_tabs)
            self.script.heredocs.append(Heredoc(self.indexes[start], self.indexes[end], delimiter, strips_tabs))
            body = _Reader(self.items[start:end], self.indexes[start : end + 1], self.script, self.layers, self.hazards)
            body.frame.words = self.frame.words
            body.read_text("raw-heredoc" if quoted else "heredoc", strips_tabs=strips_tabs)

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
        elif item in "{}":
            self.frame.braces += 1 if item == "{" else -1
            self.i += 1
        else:
            self.i += 1
            while self.peek() in PLAIN:  # most of a command; all at once, for the sake of speed
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
            self._read_arithmetic("()", 2)
        elif following == "[":
            self.i += 2
            self._read_arithmetic("[]", 1)
        elif following == "(":
            if self.peek(2) == "(":
                self.hazards |= {"unsure"}  # some shells take any '$((' for arithmetic
            self.i += 2
            self.read_commands(self._make_list(")"))
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
        while isinstance(item := self.peek(), str) and (item in NAME or (not name and item in "#!@*?$-")):
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
                self.requoted += around != "bare"
                self._read_double()
                self.requoted -= around != "bare"
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

    def _read_arithmetic(self, brackets: str, depth: int) -> None:
        """``$((...))``, ``((...))`` and the old ``$[...]`` of bash, whose value bash evaluates again and again."""
        while (item := self.peek()) is not None and depth:
            if isinstance(item, int):
                self.put(item, "plain-only")
                continue
            depth += {brackets[0]: 1, brackets[1]: -1}.get(item, 0)
            self.i += 1
        if depth:
            self.script.unclosed = self.script.unclosed or "(("

    def _read_backquotes(self, around: Quote) -> None:
        """One level of backslashes belongs to the backquotes; what is left is a list of commands."""
        self.i += 1
        start = self.i
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
        if (around == "heredoc" or self.requoted) and '\\"' in "".join(map(str, self.items[start : self.i])):
            hazards |= {"unsure"}
        reader = _Reader(inner, indexes, self.script, self.layers + 1, hazards)
        reader.read_commands(reader.frame)
        self._close("`")


def _find_heredoc_end(items: Sequence[Item], start: int, delimiter: str, strips_tabs: bool) -> tuple[int, int]:
    """Where the body ends, and where the text after its last line starts."""
    while start < len(items):
        end = start
        while end < len(items) and items[end] != "\n":
            end += 1
        line = items[start:end]
        text = "".join(item if isinstance(item, str) else "\0" for item in line)
        if (text.lstrip("\t") if strips_tabs else text) == delimiter:
            return start, min(end + 1, len(items))
        start = end + 1
    return len(items), len(items)
