"""What watches a command, decided before anything exists."""

import sys
from typing import Literal

from reenact.errors import UnsupportedError, UsageError
from reenact.plan import DockerSpec, EnvironmentSpec
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
