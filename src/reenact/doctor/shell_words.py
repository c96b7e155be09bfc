"""A command, or a shell script, as the words of its simple commands: enough to see what it starts. Pure."""

from __future__ import annotations

import re
import shlex

from reenact.values import NamedTuple

_LONGEST = 1 << 17
"""Letters of a text that are looked at: more than a shell takes as one argument."""

_SEPARATORS = frozenset(";&|()\n")
_COMMENT = r"(?m)(^|(?<=\s))#[^\n]*"
_CONTINUED = r"\\\r?\n"
_ASSIGNMENT = r"[A-Za-z_]\w*=.*"
_BEFORE = frozenset(("then", "do", "else", "elif", "if", "while", "!", "{", "time", "exec", "nohup", "sudo", "command"))


class Simple(NamedTuple):
    """One simple command: its words, without assignments before it, and whether its output goes into a pipe."""

    words: tuple[str, ...]
    piped: bool = False

    @property
    def program(self) -> str:
        """The name of what is started, without its folder."""
        return self.words[0].rpartition("/")[2]


def split_commands(text: str) -> tuple[Simple, ...]:
    """The simple commands of a text. What no shell would accept is split at its blanks."""
    bare = re.sub(_CONTINUED, " ", re.sub(_COMMENT, "", text[:_LONGEST]))
    found: list[Simple] = []
    words: list[str] = []
    for token in [*_tokens(bare), "\n"]:
        if not _SEPARATORS.issuperset(token):
            words.append(token)
            continue
        if kept := _without_lead(words):
            found.append(Simple(kept, token in ("|", "|&")))
        words = []
    return tuple(found)


def _tokens(text: str) -> list[str]:
    lexer = shlex.shlex(text, posix=True, punctuation_chars=";&|()\n")
    lexer.whitespace = " \t\r"
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        return list(lexer)
    except ValueError:
        return [piece for line in text.splitlines() for piece in (*line.split(), "\n")]


def _without_lead(words: list[str]) -> tuple[str, ...]:
    start = 0
    while start < len(words) and (words[start] in _BEFORE or re.fullmatch(_ASSIGNMENT, words[start])):
        start += 1
    return tuple(words[start:])
