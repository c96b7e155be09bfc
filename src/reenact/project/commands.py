"""The commands and words of a shell script, as they are found one after the other by the scanner in script.py."""

from reenact.project.quoting import NAME, Place
from reenact.values import NamedTuple

_CLOSERS = {"if": "fi", "for": "done", "while": "done", "until": "done", "select": "done", "case": "esac", "{": "}"}
_PREFIXES = frozenset(("then", "do", "else", "elif", "!", "time", "if", "while", "until", "{"))
_SHELLS = ("sh", "bash", "dash", "ksh", "zsh", "python", "perl", "ruby", "node", "Rscript")


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
    """A list of commands up to a separator: the names of its commands, the words of the last, what ends it.

    ``start`` is the index of its first word's first item.
    """

    names: tuple[str, ...]
    words: tuple[str, ...]
    separator: str
    guarded: bool
    start: int


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


class CommandList:
    """A list of commands while it is read, which ``$(...)`` and backquotes have of their own; it notes what it finds.

    ``closer`` ends it; ``spans`` says whether its positions are those of the whole command.
    """

    def __init__(self, script: Script, closer: str | None, *, top: bool = False, spans: bool = True) -> None:
        self.script = script
        self.spans = spans
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
        self.begin: int | None = None
        self.braces = 0
        self.slots: list[int] = []
        self.option: int | None = None
        self.redirect = False
        self.heredocs: list[tuple[str, bool, bool]] = []

    def begin_word(self, at: int) -> None:
        """A word starts at index ``at``, unless it has started before."""
        self.continues = False
        if self.word is None:
            self.word = ""
            self.slots = []
            self.start = at
            self.braces = 0

    def end_word(self, at: int) -> None:
        """The word, if there is one, ends before index ``at``."""
        word, self.word = self.word, None
        if word is None:
            return
        if self.spans:
            for slot in self.slots:
                self.script.spans[slot] = Span(self.start, at, self.option, self.redirect)
        self.slots = []
        self.begin = self.start if self.begin is None else self.begin
        self.option = self.start if word.startswith("-") and "=" not in word and len(word) > 1 else None
        if self.redirect:
            self.redirect = False
        elif self.first:
            self._end_first_word(word)
        else:
            self.words.append(word)

    def _end_first_word(self, word: str) -> None:
        if self.stack and word == self.stack[-1]:
            self.stack.pop()
            self.compound = True
            self.script.compound = self.script.compound or self.top
        elif word in _CLOSERS:
            self.stack.append(_CLOSERS[word])
        name, equals, _ = word.partition("=")
        if self.names[-1:] == ["function"] and word not in _PREFIXES:
            self.begin_function()
            self.names[-1] = word
            return
        if word == "function":
            self.names.append(word)
            return
        if word in _PREFIXES or (equals and name and NAME.issuperset(name.removesuffix("+"))):
            return
        self.first = False
        self.words = [word]
        self.names.append(word)

    def end_command(self, separator: str, at: int) -> None:
        """A separator of commands stands at index ``at``; an empty one is the end."""
        self.end_word(at)
        if separator == "\n" and self.continues:
            return
        self.first, self.redirect, self.option = True, False, None
        self.continues = separator in ("&&", "||", "|")
        if self.continues:
            self.guarded = self.guarded or separator == "||"
            self.words, self.compound = [], False
            return
        if self.stack and self.stack[-1] == "esac" and separator == "\n":
            return
        if self.top and not self.stack and (self.names or self.words):
            statement = Statement(tuple(self.names), tuple(self.words), separator, self.guarded, self.begin or 0)
            self.script.statements.append(statement)
        if not self.stack:
            self.names, self.guarded, self.begin = [], False, None
        self.words, self.compound = [], False

    def begin_function(self) -> None:
        """What follows is a body, which does not run here."""
        self.first = True
        self.guarded = True

    def find_interpreter(self) -> str | None:
        """The program that reads the next argument as text of its own language, with its option."""
        words = self.words
        if not words:
            return None
        if words[0] in ("eval", "let"):
            return words[0]
        option = words[-1]
        if option.startswith("--") or option[-1:] not in ("c", "e"):
            return None
        programs = [word for word in words if not word.startswith("-")]
        program = programs[-1].rpartition("/")[2] if programs else ""
        return f"{program} {option}" if option[0] == "-" and program.rstrip("0123456789.") in _SHELLS else None
