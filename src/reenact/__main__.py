"""``python -m reenact`` and the installed command."""

from __future__ import annotations

import gc
import os
import sys
from collections.abc import Callable
from importlib import import_module
from types import ModuleType

SELDOM: dict[str, tuple[str, ...]] = {
    "fnmatch": (),
    "ipaddress": (),
    "locale": (),
    "ntpath": (),
    "re": (),
    "urllib.parse": ("quote_from_bytes",),
}
"""What pathlib and subprocess import and a run seldom uses, with the functions that they take from it. To make what is
in these takes as long as to plan a run."""


def main() -> int:
    """Run the command line; returns its exit code."""
    if sys.platform == "win32":
        print("error: reenact does not run on Windows yet\n  hint: run it inside WSL", file=sys.stderr)
        return 69
    # To look for garbage among what is imported, at every 700 new objects and at the end, takes 12 ms of CPU and finds
    # none.
    gc.set_threshold(50_000)
    for name, functions in SELDOM.items():
        put_off(name, *functions)
    from reenact.process.streams import open_closed_streams

    open_closed_streams()
    from reenact.cli import main as run_cli

    code = run_cli()
    gc.freeze()
    leave(code)
    return code


class _Later(ModuleType):
    """Stands for a module until something of it is asked for, beyond the functions that are ``deferred``."""

    deferred: tuple[str, ...] = ()

    def __getattr__(self, name: str) -> object:
        if name == "__path__" and self.deferred:
            # Whoever takes a function from it asks for this first, to know a package.
            raise AttributeError(name)
        return getattr(_load(self), name)


def _load(later: _Later) -> ModuleType:
    """The module, in the place of what stood for it."""
    if sys.modules.get(later.__name__) is later:
        del sys.modules[later.__name__]
    return import_module(later.__name__)


def put_off(name: str, *functions: str) -> None:
    """Let the module be imported when it is first used, whoever imports it before.

    To take one of ``functions`` from it is no use of it yet; to call it is.
    """
    if name in sys.modules:
        return
    later = sys.modules[name] = _Later(name)
    later.deferred = functions
    for function in functions:
        setattr(later, function, _put_off_call(later, function))
    package, _, own = name.rpartition(".")
    if package:
        setattr(import_module(package), own, later)


def _put_off_call(later: _Later, function: str) -> Callable[..., object]:
    def call(*arguments: object, **named: object) -> object:
        return getattr(_load(later), function)(*arguments, **named)

    return call


def leave(code: int) -> None:
    """End here, if nobody is left who wants a word: Python takes 4 ms to take a hundred modules apart.

    What was registered for the end of the process is called, and what was printed is written.
    """
    import atexit

    threading = sys.modules.get("threading")
    if (threading and threading.active_count() > 1) or sys.getprofile() or sys.gettrace():
        return
    atexit._run_exitfuncs()
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except OSError:
        return
    os._exit(code)


if __name__ == "__main__":
    sys.exit(main())
