"""``python -m reenact`` and the installed command."""

from __future__ import annotations

import gc
import os
import sys
from types import ModuleType


def main() -> int:
    """Run the command line; returns its exit code."""
    if sys.platform == "win32":
        print("error: reenact does not run on Windows yet\n  hint: run it inside WSL", file=sys.stderr)
        return 69
    # To look for garbage among what is imported, at every 700 new objects and at the end, takes 12 ms of CPU and finds
    # none.
    gc.set_threshold(50_000)
    # pathlib leads to it, for the sake of addresses in brackets; to make its classes takes longer than to plan a run.
    put_off("ipaddress")
    from reenact.process.streams import open_closed_streams

    open_closed_streams()
    from reenact.cli import main as run_cli

    code = run_cli()
    gc.freeze()
    leave(code)
    return code


class _Later(ModuleType):
    """Stands for a module until something of it is asked for."""

    def __getattr__(self, name: str) -> object:
        from importlib import import_module

        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        return getattr(import_module(self.__name__), name)


def put_off(name: str) -> None:
    """Let the module be imported when it is first used, whoever imports it before."""
    sys.modules.setdefault(name, _Later(name))


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
