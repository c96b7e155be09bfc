"""Keep a command from the network, or from writing anywhere but into its run folder, where that was asked for.

What can be had is found out before anything exists (:func:`trying`); how a command is started then is pure
(:func:`confine`). :mod:`reenact.process.confine` is the program in between. It is no wall against a program that wants
out: unix sockets of services on this machine are still there to be spoken to.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

from reenact.errors import UnsupportedError
from reenact.hints import TYPE_CHECKING
from reenact.plan import Isolation
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from subprocess import Popen
    from typing import NoReturn

PROGRAM = Path(__file__).with_name("confine.py")

_SETTINGS = (
    ("kernel/apparmor_restrict_unprivileged_userns", "1", "kernel.apparmor_restrict_unprivileged_userns=0"),
    ("kernel/unprivileged_userns_clone", "0", "kernel.unprivileged_userns_clone=1"),
    ("user/max_user_namespaces", "0", "user.max_user_namespaces=10000"),
)
"""Where below /proc/sys Linux says that ordinary users get no namespaces, and what would allow it."""


class Held(NamedTuple):
    """What a command was kept from: the record of it.

    ``network`` False is no network but loopback; ``read_only`` is everything but ``writable`` and folders for temporary
    files that are gone with the command. ``locked`` says that its environment is one that a lock describes.
    """

    network: bool
    read_only: bool
    writable: tuple[str, ...] = ()
    locked: bool = False
    how: str = ""


class Bounds(NamedTuple):
    """Where a command that is read-only may write, what in there it may not, and what of /tmp it needs to see."""

    writable: tuple[str, ...] = ()
    sealed: tuple[str, ...] = ()
    visible: tuple[str, ...] = ()


def confine(argv: Iterable[str], isolation: Isolation, bounds: Bounds) -> tuple[str, ...]:
    """The command with what isolates it before it. Pure."""
    return (*_render(isolation, bounds), "--", *argv)


def require(isolation: Isolation) -> None:
    """See that this machine can do it, by doing it.

    Raises:
        UnsupportedError: it cannot; the message says why.
    """
    with trying(isolation) as judge:
        judge()


@contextmanager
def trying(isolation: Isolation) -> Iterator[Callable[[], None]]:
    """Try whether this machine can do it, while other things are done; what is given waits for the answer.

    Raises:
        UnsupportedError: by what is given, if this machine cannot; the message says why.
    """
    if isolation == Isolation():
        yield lambda: None
    elif sys.platform != "linux":
        yield partial(_refuse, isolation, "it takes Linux", "run the project in a container")
    else:
        with _start_trial(isolation) as trial:
            yield partial(_judge, isolation, trial)


def _start_trial(isolation: Isolation) -> Popen[str]:
    import subprocess

    null = subprocess.DEVNULL
    argv = _render(isolation, Bounds())
    return subprocess.Popen(argv, stdin=null, stdout=null, stderr=subprocess.PIPE, text=True, env={}, cwd="/")


def _judge(isolation: Isolation, trial: Popen[str]) -> None:
    _, said = trial.communicate()
    if trial.returncode != 0:
        reason = said.strip().rpartition("isolated: ")[2] or f"code {trial.returncode}"
        _refuse(isolation, reason, _find_remedy())


def _refuse(isolation: Isolation, reason: str, hint: str) -> NoReturn:
    options = {"--no-network": not isolation.network, "--read-only": isolation.read_only}
    asked = " and ".join(name for name, wanted in options.items() if wanted)
    raise UnsupportedError(f"{asked}: not possible on this machine: {reason}", hint=hint)


def _render(isolation: Isolation, bounds: Bounds) -> tuple[str, ...]:
    words = [sys.executable, "-I", "-S", str(PROGRAM)]
    if not isolation.network:
        words.append("--no-network")
    if isolation.read_only:
        words.append("--read-only")
        for name, paths in bounds._asdict().items():
            for path in paths:
                words += [f"--{name}", path]
    return tuple(words)


def _find_remedy() -> str:
    for name, bad, setting in _SETTINGS:
        try:
            found = (Path("/proc/sys") / name).read_text().strip()
        except OSError:
            continue
        if found == bad:
            return f"an administrator can allow it: sysctl -w {setting}"
    return "inside a container: it must be allowed to make namespaces (docker run --privileged, or a seccomp profile)"
