"""What watches a command, decided before anything exists."""

import re
import sys

from reenact.errors import UnsupportedError, UsageError
from reenact.hints import Literal
from reenact.plan import Command, DockerSpec, EnvironmentSpec
from reenact.project.diagnostics import Diagnostic
from reenact.trace.strace import NAME
from reenact.world import World


def choose(asked: str, spec: EnvironmentSpec, world: World) -> Literal["python", "strace"]:
    """The way that was asked for, where it is possible.

    Raises:
        UsageError: there is no such way.
        UnsupportedError: it is not possible here.
    """
    if asked == "python":
        return "python"
    if asked != "strace":
        raise UsageError(f"nothing can be traced by '{asked}'", hint="--trace, or --trace=strace")
    if isinstance(spec, DockerSpec):
        message = "--trace=strace is not possible in a container: its processes are the engine's and not ours"
        raise UnsupportedError(message, hint="--trace works there, for what Python opens")
    if sys.platform != "linux" or world.find_program(NAME) is None:
        raise UnsupportedError(f"--trace=strace takes Linux and the program {NAME}", hint=f"apt install {NAME}")
    return "strace"


def find_doubts(how: Literal["python", "strace"], command: Command) -> tuple[Diagnostic, ...]:
    """What in the command's text keeps a Python from being watched."""
    if how != "python":
        return ()
    if re.search(r"\bPYTHONPATH=(?!\S*\$\{?PYTHONPATH)", command.text):
        message = "the command sets PYTHONPATH, so that what it starts with that is not traced"
        hint = "write PYTHONPATH=src:$PYTHONPATH, or use --trace=strace"
        return (Diagnostic("warning", "hides-trace", message, hint=hint),)
    if re.search(r"\bpython[\d.]*(\s+-\w+)*\s+-\w*[IES]", command.text):
        message = "a Python that ignores its variables or its site (-I, -E, -S) is not traced"
        return (Diagnostic("warning", "hides-trace", message, hint="leave the option out, or use --trace=strace"),)
    return ()
