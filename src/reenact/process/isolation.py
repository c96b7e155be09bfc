"""Keep a command from the network, or from writing anywhere but into its run folder, where that was asked for.

What can be had is found out before anything exists (:func:`require`); how a command is started then is pure
(:func:`confine`). :mod:`reenact.process.confine` is the program in between. It is no wall against a program that wants
out: unix sockets of services on this machine are still there to be spoken to.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from reenact.errors import UnsupportedError
from reenact.plan import Isolation

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
    if isolation == Isolation():
        return
    options = {"--no-network": not isolation.network, "--read-only": isolation.read_only}
    asked = " and ".join(name for name, wanted in options.items() if wanted)
    if sys.platform != "linux":
        raise UnsupportedError(f"{asked} works on Linux only", hint="run the project in a container")
    import subprocess

    done = subprocess.run(_render(isolation, Bounds()), capture_output=True, text=True, env={}, cwd="/")
    if done.returncode != 0:
        reason = done.stderr.strip().rpartition("isolated: ")[2] or f"code {done.returncode}"
        raise UnsupportedError(f"{asked} is not possible on this machine: {reason}", hint=_find_remedy())


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
