"""What differs between two runs, as units that can be taken over from the one into the other. Values, and their making.

Code comes in hunks, the environment in packages, parameters and variables one by one, inputs that are no code all at
once. Where nobody kept what those of the old run were, every trial has those of the new one.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping
from pathlib import Path

from reenact.environments.grafting import WHOLE, graft, list_parts
from reenact.errors import RecordError
from reenact.hints import Literal
from reenact.plan import EnvironmentLock, EnvironmentSpec, digest
from reenact.records.files import read_lock_with_made
from reenact.records.types import Code, Record
from reenact.reproduce.rerun import list_given
from reenact.reproduce.why.hunks import Hunk, list_hunks, take_hunks
from reenact.run_folder import RunFolder
from reenact.sources.capture.store import Store
from reenact.values import NamedTuple

Factor = Literal["code", "environment", "parameters", "variables", "inputs"]


_WORDS: dict[Factor, str] = {
    "code": "code",
    "environment": "package",
    "parameters": "parameter",
    "variables": "variable",
    "inputs": "inputs",
}


class Unit(NamedTuple):
    """One change: a hunk of the code, or the name of a package, a parameter or a variable."""

    factor: Factor
    name: str
    hunk: Hunk | None = None

    def describe(self) -> str:
        """What it is called: ``package numpy``."""
        return f"{_WORDS[self.factor]} {self.name}"


class Side(NamedTuple):
    """What one of the two runs was made of; ``variables`` are those of the machine that may decide a result, ``inputs``
    is the run whose inputs are there."""

    record: Record
    code: Code
    spec: EnvironmentSpec
    lock: EnvironmentLock | None
    given: Mapping[str, object]
    variables: Mapping[str, str]
    inputs: str


class Mixture(NamedTuple):
    """What a trial is made of; None for a variable that is not set."""

    tree: str
    spec: EnvironmentSpec
    lock: EnvironmentLock | None
    given: Mapping[str, object]
    variables: Mapping[str, str | None]
    inputs: str

    @property
    def key(self) -> str:
        """Equal for mixtures of the same."""
        lock = self.lock.key if self.lock else self.spec.kind
        return digest((self.tree, lock, _as_text(self.given), self.variables, self.inputs))


def read_side(record: Record) -> Side:
    """What a run was made of.

    Raises:
        RecordError: its code was not kept, or its record is damaged.
    """
    if record.code is None:
        raise RecordError(f"the code of run {record.run.id[:8]} was not kept, so that it cannot be run again")
    variables = record.machine.get("variables")
    return Side(
        record=record,
        code=record.code,
        spec=record.plan.environment,
        lock=read_lock_with_made(RunFolder(Path(record.run.folder))),
        given=list_given(record),
        variables={str(name): str(value) for name, value in variables.items()} if isinstance(variables, dict) else {},
        inputs=record.run.id,
    )


def list_units(old: Side, new: Side, store: Store) -> tuple[Unit, ...]:
    """Everything by which ``new`` differs and that can be tried, the smallest pieces, factor by factor.

    Raises:
        RecordError: the code of one is not in the store, or a lock is damaged.
    """
    hunks = list_hunks(old.code.tree, new.code.tree, store) if old.code.tree != new.code.tree else ()
    return (
        *(Unit("code", hunk.describe(), hunk) for hunk in hunks),
        *(Unit("environment", part) for part in _list_environment(old, new)),
        *(Unit("parameters", name) for name in _list_changed(old.given, new.given)),
        *(Unit("variables", name) for name in _list_changed(old.variables, new.variables)),
        *_list_input_units(old, new, hunks),
    )


def mix(old: Side, new: Side, units: Iterable[Unit], store: Store) -> Mixture:
    """``old`` with those ``units`` of ``new``."""
    chosen = tuple(units)
    hunks = [unit.hunk for unit in chosen if unit.hunk is not None]
    names = {factor: [unit.name for unit in chosen if unit.factor == factor] for factor in _NAMED}
    tree = take_hunks(old.code.tree, new.code.tree, hunks, store) if hunks else old.code.tree
    spec, lock = _mix_environment(old, new, names["environment"])
    given = {**old.given, **{name: new.given[name] for name in names["parameters"] if name in new.given}}
    for name in names["parameters"]:
        if name not in new.given:
            del given[name]
    variables: dict[str, str | None] = dict.fromkeys(new.variables)
    variables |= old.variables
    variables |= {name: new.variables.get(name) for name in names["variables"]}
    inputs = new.inputs if any(unit.factor == "inputs" for unit in chosen) else old.inputs
    return Mixture(tree, spec, lock, given, variables, inputs)


def _list_input_units(old: Side, new: Side, hunks: Collection[Hunk]) -> Iterator[Unit]:
    if old.inputs != new.inputs and (names := _list_inputs(old, new, hunks)):
        yield Unit("inputs", ", ".join(names))


def _list_inputs(old: Side, new: Side, hunks: Collection[Hunk]) -> list[str]:
    """The inputs by which the two differ and that are not among what differs in the code."""
    before, after = ({each.path: each.digest or each.version for each in side.record.inputs} for side in (old, new))
    places = tuple(hunk.path for hunk in hunks)
    return [name for name in _list_changed(before, after) if not any(place.endswith(name) for place in places)]


def _list_environment(old: Side, new: Side) -> tuple[str, ...]:
    if old.lock is not None and new.lock is not None:
        return list_parts(old.lock, new.lock)
    return (WHOLE,) if (old.spec.kind, old.lock) != (new.spec.kind, new.lock) else ()


def _mix_environment(old: Side, new: Side, parts: list[str]) -> tuple[EnvironmentSpec, EnvironmentLock | None]:
    if WHOLE in parts:
        return new.spec, new.lock
    return old.spec, graft(old.lock, new.lock, parts) if old.lock and new.lock else old.lock


def _as_text(given: Mapping[str, object]) -> dict[str, str]:
    return {name: str(value) for name, value in given.items()}


_NAMED: tuple[Factor, ...] = ("environment", "parameters", "variables")


def _list_changed(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    return [name for name in sorted(old.keys() | new.keys()) if old.get(name) != new.get(name)]
