"""Run any machine-learning project with one command, and leave a record from which anyone can run it again."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from reenact.api import SubmittedRun, run
    from reenact.errors import ReenactError, RunFailed

__version__ = "0.1.0"
__all__ = ["ReenactError", "RunFailed", "SubmittedRun", "__version__", "run"]

_HOMES = {
    "run": "reenact.api",
    "SubmittedRun": "reenact.api",
    "ReenactError": "reenact.errors",
    "RunFailed": "reenact.errors",
}


def __getattr__(name: str) -> object:
    """What the package offers, imported when it is asked for: the command line needs none of it."""
    if name not in _HOMES:
        raise AttributeError(f"module 'reenact' has no attribute '{name}'")
    from importlib import import_module

    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
