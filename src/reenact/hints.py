"""The names of :mod:`typing` that our modules need while they are imported, for a program that is started again and
again: importing that module takes as long as deciding all that a run decides.

To a type checker they are ``typing``'s own. To Python ``Any``, ``Protocol`` and a ``TypeVar`` are nothing in
particular, and ``Literal[...]`` tells its ``__origin__`` and ``__args__`` as any other hint does.
"""

from __future__ import annotations

from types import GenericAlias

TYPE_CHECKING = False

if TYPE_CHECKING:
    from typing import Any as Any
    from typing import Literal as Literal
    from typing import Protocol as Protocol
    from typing import TypeVar as TypeVar
else:
    Any = object
    Protocol = object

    class Literal:
        """One of these values."""

        __class_getitem__ = classmethod(GenericAlias)

    def TypeVar(name, *constraints, bound=None):  # noqa: N802 - as typing calls it
        """Whatever it stands for."""
        return object
