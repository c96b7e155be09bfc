"""Why two runs came out different: the smallest change that makes the one come out as the other, found by trying.

First both are run again as they were: what does not come out as before varies by itself, or by something that no record
holds, and nothing is explained by trying. Then the old one is run with parts of the new one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from reenact.environments.grafting import list_versions
from reenact.errors import BuildError
from reenact.hints import Literal
from reenact.prepare import Prepared
from reenact.records.types import Record
from reenact.reproduce.diff import Change
from reenact.reproduce.inputs_now import look_at_inputs
from reenact.reproduce.rerun import Parts, prepare_mixture
from reenact.reproduce.results import judge_records, name_result
from reenact.reproduce.surroundings import Change as Around
from reenact.reproduce.surroundings import compare_surroundings
from reenact.reproduce.verify import carry_out_quietly
from reenact.reproduce.why.commits import find_between
from reenact.reproduce.why.factors import Factor, Mixture, Side, Unit, list_units, mix, read_side
from reenact.reproduce.why.search import bound_trials, find_smallest
from reenact.sources.capture.store import Store, open_store
from reenact.sources.history import keep_commit
from reenact.values import NamedTuple
from reenact.world import World

Outcome = Literal["old", "new", "other", "failed"]
"""A trial came out as the old run, as the new one, as neither; or its environment could not be made."""

Finding = Literal["same", "varies", "explained", "unexplained"]


class Estimate(NamedTuple):
    """What is going to be done: the units by factor, the most trials that one cause takes, seconds for each of them.

    ``commits`` is how many there are between the two, where both are clean and their history is here. ``untried`` is
    what differs and cannot be taken over.
    """

    units: tuple[Unit, ...]
    trials: int
    seconds: float
    commits: int = 0
    untried: tuple[Around, ...] = ()


class Trial(NamedTuple):
    """A run that was made to find out: what of the new run was in it, and how it came out."""

    run: str | None
    units: tuple[Unit, ...]
    outcome: Outcome


class Explanation(NamedTuple):
    """What was found. ``units`` are the smallest change that makes the old run come out as the new one.

    ``changes`` says them with their values, ``patch`` those of them that are code, ``commit`` the one that they came
    with. ``differing`` are the results that all of this is about, ``untried`` what differs and cannot be taken over.
    """

    old: str
    new: str
    finding: Finding
    reason: str
    units: tuple[Unit, ...] = ()
    changes: tuple[Change, ...] = ()
    patch: str = ""
    commit: str | None = None
    trials: tuple[Trial, ...] = ()
    differing: tuple[str, ...] = ()
    untried: tuple[Around, ...] = ()


class Means(NamedTuple):
    """How to find out: with ``most`` trials at the most; ``launch`` carries one out, ``told`` hears of its outcome."""

    most: int = 100
    launch: Callable[[Prepared, World], Record] = carry_out_quietly
    told: Callable[[Trial], None] = lambda trial: None


class Exhausted(Exception):
    """The number of trials that was allowed is used up."""


def estimate(old: Record, new: Record, world: World) -> Estimate:
    """What explaining the difference would cost.

    Raises:
        RecordError: the code of one of them was not kept.
    """
    before, after = read_side(old), read_side(new)
    units = list_units(before, after, open_store(world))
    history = find_between(before, after, world)
    commits = len(history.steps) if history else 0
    usages = [record.result.usage.wall for record in (old, new) if record.result and record.result.usage]
    factors = len({unit.factor for unit in units})
    trials = 2 + (bound_trials(factors) if factors > 1 else 0)
    trials += max((bound_trials(_count(units, factor)) for factor in {unit.factor for unit in units}), default=0)
    trials += commits.bit_length()
    untried = tuple(change for change in compare_surroundings(old, new) if not _is_tried(change, units))
    return Estimate(units, trials, max(usages, default=0.0), commits, untried)


def _count(units: Sequence[Unit], factor: Factor) -> int:
    return sum(unit.factor == factor for unit in units)


def _is_tried(change: Around, units: Sequence[Unit]) -> bool:
    """Whether something around the runs that differs is among what can be taken over."""
    if change.part == "input" and any(unit.factor == "inputs" for unit in units):
        return True
    if change.part in ("code", "environment"):
        return any(unit.factor == change.part for unit in units)
    if change.part == "machine":
        return change.what in {f"variable {unit.name}" for unit in units if unit.factor == "variables"}
    return any(change.what.endswith(f" {unit.hunk.path}") for unit in units if unit.hunk is not None)


def _with_variables(environ: Mapping[str, str], mixture: Mixture) -> dict[str, str]:
    """The caller's variables, with those that may decide a result as the mixture has them."""
    others = {name: value for name, value in environ.items() if name not in mixture.variables}
    return {**others, **{name: value for name, value in mixture.variables.items() if value is not None}}


def explain(
    old: Record,
    new: Record,
    world: World,
    means: Means | None = None,
) -> Explanation:
    """Find out why ``new`` came out different. Every trial is kept as a run.

    Raises:
        RecordError: the code of one of them was not kept, or a record is damaged.
        ReenactError: one of the two cannot be run again as it was.
    """
    judged = judge_records(old, new)
    differing = tuple(name_result(each) for each in judged if each.judgement.verdict == "different")
    explanation = Explanation(old.run.id, new.run.id, "same", "the two came out the same", differing=differing)
    if not differing:
        return explanation
    means = means or Means()
    laboratory = _Laboratory(old, new, means, world)
    explanation = explanation._replace(untried=estimate(old, new, world).untried)
    try:
        finding, reason, units = _search(laboratory)
    except Exhausted:
        finding, reason, units = (
            "unexplained",
            f"no answer in {means.most} trials: --most allows more",
            laboratory.smallest,
        )
    return explanation._replace(
        finding=finding,
        reason=reason,
        units=units,
        changes=laboratory.describe(units),
        patch=laboratory.make_patch(units),
        commit=laboratory.commit,
        trials=tuple(laboratory.trials),
    )


def _search(laboratory: _Laboratory) -> tuple[Finding, str, tuple[Unit, ...]]:
    units = laboratory.units
    if (outcome := laboratory.try_with(())) != "old":
        if laboratory.lost:
            return _judge_inputs(laboratory.lost, outcome)
        return "varies", _tell_variation("old", outcome), ()
    if not units:
        return "unexplained", "what differs between the two is nothing that can be tried", ()
    if (outcome := laboratory.try_with(units)) != "new":
        if outcome == "old":
            return "unexplained", "with all of the new run's code, packages and values it comes out as the old one", ()
        return "varies", _tell_variation("new", outcome), ()
    laboratory.smallest = units
    factors: tuple[Factor, ...] = tuple(dict.fromkeys(unit.factor for unit in units))

    def takes(chosen: tuple[Factor, ...]) -> bool:
        return laboratory.makes_it(tuple(unit for unit in units if unit.factor in chosen))

    needed = find_smallest(factors, takes) if len(factors) > 1 else factors
    if "code" in needed:
        laboratory.find_commit(tuple(unit for unit in units if unit.factor in needed and unit.factor != "code"))
    smallest = find_smallest([unit for unit in laboratory.units if unit.factor in needed], laboratory.makes_it)
    return "explained", _tell_cause(smallest), smallest


def _judge_inputs(lost: tuple[str, ...], outcome: Outcome) -> tuple[Finding, str, tuple[Unit, ...]]:
    """What follows where the old run, with the inputs of the new one for want of its own, is not what it was."""
    names = ", ".join(lost[:4]) + (f" and {len(lost) - 4} more" if len(lost) > 4 else "")
    if outcome == "new":
        return "explained", f"the inputs make the difference, all else of the first run being as it was: {names}", ()
    return "unexplained", f"inputs of the first run are not what they were, and nobody kept them: {names}", ()


def _tell_variation(which: str, outcome: Outcome) -> str:
    if outcome == "failed":
        return f"the {which} run cannot be repeated: its environment cannot be made"
    return f"the {which} run does not come out the same when it is run again as it was: the result varies by itself"


def _tell_cause(units: Sequence[Unit]) -> str:
    names = ", ".join(unit.describe() for unit in units[:4])
    more = f" and {len(units) - 4} more" if len(units) > 4 else ""
    return f"{'these together make' if len(units) > 1 else 'this makes'} the difference: {names}{more}"


class _Laboratory:
    """The trials of one question, each mixture once."""

    def __init__(self, old: Record, new: Record, means: Means, world: World) -> None:
        self._old, self._new = read_side(old), read_side(new)
        now = look_at_inputs(old, (), world)
        self.lost = (*now.gone, *now.changed)
        if self.lost:
            self._old = self._old._replace(inputs=self._new.inputs)
        self._world = world
        self._store: Store = open_store(world)
        self._means = means
        self._known: dict[str, Outcome] = {}
        self.trials: list[Trial] = []
        self.smallest: tuple[Unit, ...] = ()
        self.units = list_units(self._old, self._new, self._store)
        self.commit: str | None = None

    def makes_it(self, units: tuple[Unit, ...]) -> bool:
        if self.try_with(units) != "new":
            return False
        self.smallest = units
        return True

    def try_with(self, units: tuple[Unit, ...]) -> Outcome:
        return self._try(mix(self._old, self._new, units, self._store), units)

    def _try(self, mixture: Mixture, units: tuple[Unit, ...]) -> Outcome:
        key = mixture.key
        if key not in self._known:
            if len(self.trials) >= self._means.most:
                raise Exhausted
            trial = self._carry_out(mixture, units)
            self._known[key] = trial.outcome
            self.trials.append(trial)
            self._means.told(trial)
        return self._known[key]

    def find_commit(self, others: tuple[Unit, ...]) -> None:
        """Find the commit from which on the new result comes, given the ``others``; from then on it is between it and
        the one before that pieces are looked for. Nothing changes where there is no history, or only one step of it."""
        history = find_between(self._old, self._new, self._world)
        if history is None or len(history.steps) < 2:
            return
        trees = {-1: self._old.code.tree, len(history.steps) - 1: self._new.code.tree}
        low, high = min(trees), max(trees)
        while high - low > 1:
            middle = (low + high) // 2
            trees[middle] = keep_commit(history.steps[middle].commit, history, self._store)
            unit = Unit("code", f"commit {history.steps[middle].commit[:12]}")
            mixture = mix(self._old, self._new, others, self._store)._replace(tree=trees[middle])
            if self._try(mixture, (unit, *others)) == "new":
                high = middle
            else:
                low = middle
        step = history.steps[high]
        self.commit = f"{step.commit} {step.subject}"
        self._old = self._old._replace(code=self._old.code._replace(tree=trees[low]))
        self._new = self._new._replace(code=self._new.code._replace(tree=trees[high]))
        self.units = list_units(self._old, self._new, self._store)

    def describe(self, units: tuple[Unit, ...]) -> tuple[Change, ...]:
        """The units that are no code, each with what it was and what it became."""
        before, after = (_list_values(side) for side in (self._old, self._new))
        named = [unit for unit in units if unit.factor != "code"]
        return tuple(Change(unit.describe(), before.get(unit[:2]), after.get(unit[:2])) for unit in named)

    def make_patch(self, units: tuple[Unit, ...]) -> str:
        """The units that are code, as a difference to the old run's."""
        if not any(unit.hunk for unit in units):
            return ""
        tree = mix(self._old, self._new, units, self._store).tree
        return self._store.render_diff(self._old.code.tree, tree).decode("utf-8", "replace")

    def _carry_out(self, mixture: Mixture, units: tuple[Unit, ...]) -> Trial:
        name = f"why {self._old.record.run.id[:8]} {self._new.record.run.id[:8]}"
        world = self._world._replace(environ=_with_variables(self._world.environ, mixture))
        parts = Parts(mixture.tree, mixture.spec, mixture.lock, mixture.given, mixture.inputs)
        try:
            record = self._means.launch(prepare_mixture(self._old.record, parts, name, world), world)
        except BuildError:
            return Trial(None, units, "failed")
        return Trial(record.run.id, units, self._judge(record))

    def _judge(self, record: Record) -> Outcome:
        for side, outcome in ((self._old, "old"), (self._new, "new")):
            if not any(each.judgement.verdict == "different" for each in judge_records(side.record, record)):
                return "old" if outcome == "old" else "new"
        return "other"


def _list_values(side: Side) -> dict[tuple[object, ...], str | None]:
    """Every value of a run that is no code, by what it is of and its name."""
    found: dict[tuple[object, ...], str | None] = {}
    versions = list_versions(side.lock) if side.lock else {}
    found |= {("environment", name): version for name, version in versions.items()}
    found |= {("parameters", each.name): each.value for each in side.record.plan.parameters}
    return found | {("variables", name): value for name, value in side.variables.items()}
