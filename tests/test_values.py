"""Our ``NamedTuple`` is what typing's is, and our ``Enum`` what enum's is, as far as anybody here can tell."""

from __future__ import annotations

import copy
import enum
import pickle
import types
import typing
from collections.abc import Callable
from typing import Any

import pytest

from reenact.values import Enum, NamedTuple


class Ours(NamedTuple):
    """A value."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        """Twice the size."""
        return 2 * self.size


class Theirs(typing.NamedTuple):
    """A value."""

    name: str
    size: int = 3
    parts: tuple[str, ...] = ()

    @property
    def double(self) -> int:
        """Twice the size."""
        return 2 * self.size


BOTH = pytest.mark.parametrize("kind", [Ours, Theirs])


@BOTH
def test_it_is_made_by_place_and_by_name(kind: Callable[..., Any]) -> None:
    assert kind("a") == kind(name="a") == ("a", 3, ())
    assert kind("a", 4, ("b",)) == kind(parts=("b",), size=4, name="a") == kind("a", 4, parts=("b",))
    value = kind("a", 4)
    assert (value.name, value.size, value.parts, value.double) == ("a", 4, (), 8)
    assert value._replace(size=1) == ("a", 1, ())
    assert value._asdict() == {"name": "a", "size": 4, "parts": ()}
    assert kind._make(["a", 1, ()]) == ("a", 1, ())  # type: ignore[attr-defined]
    assert type(value._replace(size=1)) is kind


@BOTH
@pytest.mark.parametrize(
    ("given", "named"),
    [((), {}), (("a", 1, (), 5), {}), (("a",), {"name": "b"}), (("a",), {"colour": 1}), ((), {"size": 1})],
)
def test_what_does_not_fit_is_refused(
    kind: Callable[..., Any], given: tuple[object, ...], named: dict[str, object]
) -> None:
    with pytest.raises(TypeError, match=kind.__name__):
        kind(*given, **named)


def test_what_is_known_of_the_class_is_the_same() -> None:
    for name in ("__doc__", "__slots__", "__match_args__", "_fields", "_field_defaults"):
        assert getattr(Ours, name, None) == getattr(Theirs, name, None), name
    assert typing.get_type_hints(Ours) == typing.get_type_hints(Theirs)
    assert repr(Ours("a")) == repr(Theirs("a")).replace("Theirs", "Ours")
    assert (Ours.__module__, Ours.__qualname__, type(Ours)) == (__name__, "Ours", type)


def test_it_is_a_tuple_that_cannot_be_changed() -> None:
    value = Ours("a")
    with pytest.raises(AttributeError):
        value.name = "b"  # type: ignore[misc]
    with pytest.raises(AttributeError):
        value.colour = "b"  # type: ignore[attr-defined]
    assert hash(value) == hash(("a", 3, ()))
    match value:
        case Ours(name, size):
            assert (name, size) == ("a", 3)


def test_it_can_be_copied_and_pickled() -> None:
    value = Ours("a", 4, ("b",))
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert other == value
        assert type(other) is Ours


def test_a_default_before_a_field_without_is_refused() -> None:
    with pytest.raises(TypeError, match="Wrong"):

        class Wrong(NamedTuple):
            size: int = 1
            name: str  # type: ignore[misc]


def test_it_may_have_very_many_fields() -> None:
    names = [f"field_{at}" for at in range(100)]
    wide: Any = types.new_class(
        "Wide", (NamedTuple,), exec_body=lambda body: body.update(__annotations__=dict.fromkeys(names, int))
    )
    value = wide(*range(100))
    assert [getattr(value, name) for name in names] == list(range(100))


class Light(Enum):
    """Where a lamp stands."""

    ON = "on"
    OFF = "off"

    @property
    def other(self) -> Light:
        """The other one."""
        return Light.OFF if self is Light.ON else Light.ON


class TheirLight(enum.Enum):
    """Where a lamp stands."""

    ON = "on"
    OFF = "off"


LIGHTS = pytest.mark.parametrize("kind", [Light, TheirLight])


@LIGHTS
def test_a_named_value_is_the_same_wherever_it_comes_from(kind: Any) -> None:
    found = kind("on")
    assert found is kind.ON is kind(kind.ON)
    assert (found.name, found.value) == ("ON", "on")
    assert found != kind.OFF
    assert {found: 1}[kind("on")] == 1
    for other in (copy.copy(found), copy.deepcopy([found])[0], pickle.loads(pickle.dumps(found))):
        assert other is found


@LIGHTS
def test_there_are_no_others(kind: Any) -> None:
    assert list(kind) == [kind.ON, kind.OFF]
    assert len(kind) == 2
    for wrong in ("dim", None, ["on"], 1):
        with pytest.raises(ValueError, match=kind.__name__):
            kind(wrong)


def test_it_is_written_as_theirs_and_has_what_its_class_adds() -> None:
    assert (str(Light.ON), repr(Light.ON)) == (str(TheirLight.ON)[5:], repr(TheirLight.ON).replace("Their", ""))
    assert Light.ON.other is Light.OFF
