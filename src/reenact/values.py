"""``NamedTuple`` as :mod:`typing` has it, and ``Enum`` as :mod:`enum` has it, for a program that is started again and
again.

``typing``'s compiles a constructor for each class when the class is defined: a tenth of a millisecond, and a warm run
defines a hundred. Here one constructor serves them all: a tenth of the time to define, a few microseconds more to make
a value. From Python 3.14 on, where annotations are evaluated when they are asked for, it is ``typing``'s own.

Of ``enum`` a few named values are all that a run needs, and to import it takes as long as twenty of our modules. To a
type checker both are the standard library's.
"""

from __future__ import annotations

import sys

from reenact.hints import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from enum import Enum as Enum
else:

    class _Members(type):
        def __init__(cls, name, bases, body):
            super().__init__(name, bases, body)
            cls._members = []
            for word, value in body.items():
                if word.isupper():
                    member = object.__new__(cls)
                    member.name, member.value = word, value
                    setattr(cls, word, member)
                    cls._members.append(member)

        def __call__(cls, value):
            for member in cls._members:
                if member is value or member.value == value:
                    return member
            raise ValueError(f"{value!r} is not a valid {cls.__name__}")

        def __iter__(cls):
            return iter(cls._members)

        def __len__(cls):
            return len(cls._members)

    class Enum(metaclass=_Members):
        """A few named values; what is written in capitals is one of them."""

        def __repr__(self):
            return f"<{self}: {self.value!r}>"

        def __str__(self):
            return f"{type(self).__name__}.{self.name}"

        def __reduce__(self):
            return type(self), (self.value,)


if TYPE_CHECKING or sys.version_info >= (3, 14):
    from typing import NamedTuple as NamedTuple
else:
    from collections import _tuplegetter

    def _make_getters(count):
        return tuple(_tuplegetter(at, "") for at in range(count))

    _GETTERS = _make_getters(40)
    """What gives a field of any class, by its place."""

    class _Value(tuple):
        __slots__ = ()

        def __new__(cls, /, *given, **named):
            if named or len(given) != len(cls._fields):
                given = _arrange(cls, given, named)
            return tuple.__new__(cls, given)

        @classmethod
        def _make(cls, given):
            return cls(*given)

        def _replace(self, /, **named):
            return type(self)(**{**self._asdict(), **named})

        def _asdict(self):
            return dict(zip(self._fields, self, strict=True))

        def __repr__(self):
            shown = ", ".join(f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
            return f"{type(self).__name__}({shown})"

        def __getnewargs__(self):
            return tuple(self)

    class _Definition(type):
        def __new__(cls, name, bases, body):
            fields = tuple(body.get("__annotations__", ()))
            defaults = {field: body.pop(field) for field in fields if field in body}
            if tuple(defaults) != fields[len(fields) - len(defaults) :]:
                raise TypeError(f"{name}: a field without a default follows one that has a default")
            getters = _GETTERS if len(fields) <= len(_GETTERS) else _make_getters(len(fields))
            body |= zip(fields, getters, strict=False)
            body |= {"__slots__": (), "__match_args__": fields, "_fields": fields, "_field_defaults": defaults}
            return type.__new__(type, name, (_Value,), body)

    NamedTuple = type.__new__(_Definition, "NamedTuple", (), {})


def _arrange(cls: Any, given: tuple[object, ...], named: dict[str, object]) -> list[object]:
    """The values of all fields in their order."""
    rest = cls._fields[len(given) :]
    known = {**cls._field_defaults, **named} if named else cls._field_defaults
    try:
        values = [*given, *map(known.__getitem__, rest)]
    except KeyError as missing:
        raise TypeError(f"{cls.__name__}() is not given its {missing.args[0]!r}") from None
    if len(values) > len(cls._fields):
        raise TypeError(f"{cls.__name__}() has {len(cls._fields)} fields and is given {len(given)} values")
    if named and not named.keys() <= set(rest):
        wrong = ", ".join(repr(name) for name in named if name not in rest)
        raise TypeError(f"{cls.__name__}() is given {wrong}, which it has not, or twice")
    return values
