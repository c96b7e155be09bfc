"""What stands in for ``typing`` where our own classes are read."""

from __future__ import annotations

from types import UnionType

import pytest

from reenact.codec import decode
from reenact.hints import Any, Literal, Protocol, TypeVar
from reenact.values import NamedTuple


class Lamp(NamedTuple):
    colour: Literal["red", "green"]
    more: Any = None
    under: tuple[Lamp, ...] = ()


def test_a_literal_tells_its_values() -> None:
    one, two = Literal["a"], Literal["a", 2]
    assert getattr(one, "__origin__") is getattr(two, "__origin__") is Literal  # noqa: B009 - mypy knows typing's alone
    assert (getattr(one, "__args__"), getattr(two, "__args__")) == (("a",), ("a", 2))  # noqa: B009


def test_it_can_be_one_of_several_types() -> None:
    either = Literal["a"] | None
    assert isinstance(either, UnionType)


def test_a_class_can_be_a_protocol_and_a_function_generic() -> None:
    class Speaker(Protocol):
        def speak(self) -> str: ...

    kind = TypeVar("kind", bound=Speaker)

    def echo(speaker: kind) -> kind:
        return speaker

    class Dog(Speaker):
        def speak(self) -> str:
            return "wau"

    assert echo(Dog()).speak() == "wau"


def test_a_field_with_these_hints_is_checked_when_it_is_read() -> None:
    lamp = decode(Lamp, '{"colour": "red", "more": [1], "under": [{"colour": "green"}]}')
    assert lamp == Lamp("red", [1], (Lamp("green"),))
    with pytest.raises(ValueError, match=r"value\.under\[0\]\.colour: expected 'red' or 'green', found str"):
        decode(Lamp, '{"colour": "red", "under": [{"colour": "blue"}]}')
