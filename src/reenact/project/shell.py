"""Which shell a command is given to, and what that shell makes of several lines.

bash where it is present, else ``sh``, with ``-c``, as MLflow does. Only the last line's status counts then;
``--shell-strict`` stops at the first failure instead.
"""

from __future__ import annotations

from reenact.project.commands import Script

_HARMLESS = frozenset(("export", "echo", "printf", "set", ":", "true", "declare", "readonly", "unset", "shopt", "trap"))


def hides_failure(script: Script) -> bool:
    """Whether a command before the last line can fail without anybody noticing: no ``set -e``, no ``&&``.

    >>> from reenact.project.script import read_script
    >>> hides_failure(read_script("python prepare.py\\npython train.py\\n"))
    True
    >>> hides_failure(read_script("set -e\\npython prepare.py\\npython train.py\\n"))
    False
    """
    for statement in script.statements[:-1]:
        if statement.words[:1] == ("set",) and any(_sets_errexit(word) for word in statement.words[1:]):
            return False
        if statement.separator == "\n" and not statement.guarded and not _HARMLESS.issuperset(statement.names):
            return True
    return False


def choose_shell(strict: bool, have_bash: bool) -> tuple[str, ...]:
    """The program and options to which the command's text is added: ``bash -c``, or ``sh -c`` where bash is not.

    ``strict`` stops at the first failure, also inside a pipe; plain ``sh`` has no ``pipefail`` (:data:`NO_PIPEFAIL`).
    """
    if have_bash:
        return ("bash", "-eo", "pipefail", "-c") if strict else ("bash", "-c")
    return ("sh", "-e", "-c") if strict else ("sh", "-c")


NO_PIPEFAIL = "bash was not found: sh stops at a command that fails, but not at one that fails inside a pipe"
"""What to say where ``choose_shell(strict=True, have_bash=False)`` is used."""


def _sets_errexit(word: str) -> bool:
    return word == "errexit" or (word.startswith("-") and not word.startswith("--") and "e" in word)
