"""Whether a recorded run comes out the same when it is run again: one verdict, and what it rests on.

PASS: every result is the same, or within the tolerance that is declared for it. FAIL: one is not, although code,
environment, inputs and machine are the same as far as a result may depend on them; or the repetitions differ among
themselves. INCONCLUSIVE: a result differs, and so does something around the run; or something could not be compared;
or the run could not be run again.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path

from reenact import api
from reenact.codec import encode
from reenact.errors import ReenactError, TrustError, UsageError
from reenact.files import write_atomic
from reenact.hints import Literal
from reenact.prepare import Prepared
from reenact.records.files import read_record, read_value
from reenact.records.types import Record
from reenact.reproduce.rerun import Repeat, prepare_rerun
from reenact.reproduce.results import Judged, find_broken_end, judge_records, name_result
from reenact.reproduce.surroundings import Change, compare_surroundings, has_own_environment, list_spoiled_parts
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple
from reenact.world import World

Verdict = Literal["PASS", "FAIL", "INCONCLUSIVE"]

EXIT_CODES: dict[Verdict, int] = {"PASS": 0, "FAIL": 1, "INCONCLUSIVE": 75}
"""75 is EX_TEMPFAIL of ``sysexits.h``: elsewhere, or later, it may be known."""

_MOST_NAMED = 4


class Trial(NamedTuple):
    """One repetition. ``changes`` are what was not the same around it; ``problem`` says why it is none."""

    run: str | None
    judged: tuple[Judged, ...] = ()
    changes: tuple[Change, ...] = ()
    problem: str | None = None


class Verification(NamedTuple):
    """A verdict with its reason. ``varies`` are the results in which the repetitions differ among themselves."""

    run: str
    verdict: Verdict
    reason: str
    trials: tuple[Trial, ...] = ()
    varies: tuple[str, ...] = ()


def verify(
    record: Record,
    world: World,
    times: int = 1,
    agree: Callable[[Prepared], None] | None = None,
    *,
    deterministic: bool = False,
) -> Verification:
    """Run a recorded run again, as often as is said, and judge what comes out. Every repetition is kept as a run.

    ``agree`` is asked before each of them, and raises where it may not run. ``deterministic`` sets the variables that
    make common libraries repeat.

    Raises:
        UsageError: the run has not ended.
        TrustError: it may not be run.
        RecordError: the record is damaged.
    """
    if not record.run.state.final:
        raise UsageError(f"run {record.run.id[:8]} has not ended: there is nothing to compare with yet")
    if problem := find_broken_end(record.run):
        reason = f"the recorded run {problem}; there is no result to compare with"
        return Verification(record.run.id, "INCONCLUSIVE", reason)
    repeated: list[Record] = []
    trials: list[Trial] = []
    while len(trials) < times and (not trials or trials[-1].problem is None):
        trials.append(_try(record, repeated, world, partial(repeat, agree=agree, deterministic=deterministic)))
    found = conclude(record.run.id, trials, _find_varying(repeated), knows_packages=has_own_environment(record))
    for again, trial in zip(repeated, trials, strict=False):
        _keep(again, found._replace(trials=(trial,)))
    return found


def repeat(
    record: Record, world: World, agree: Callable[[Prepared], None] | None = None, *, deterministic: bool = False
) -> Record:
    """Run it once more; what is recorded of that. Its output goes into its log alone.

    Raises:
        ReenactError: it cannot be run again, or may not.
    """
    prepared = prepare_rerun(record, Repeat(name=f"verify {record.run.id[:8]}", deterministic=deterministic), world)
    if agree is not None:
        agree(prepared)
    return carry_out_quietly(prepared, world)


def carry_out_quietly(prepared: Prepared, world: World) -> Record:
    """Run what was prepared, its output into its log alone; what is recorded of it.

    Raises:
        ReenactError: its environment cannot be made.
    """
    nowhere = os.open(os.devnull, os.O_RDWR | os.O_CLOEXEC)
    try:
        folder, _ = api.carry_out(prepared, world, streams=(nowhere, nowhere, nowhere))
    finally:
        os.close(nowhere)
    return read_record(folder)


def _try(record: Record, repeated: list[Record], world: World, repeat: Callable[[Record, World], Record]) -> Trial:
    try:
        again = repeat(record, world)
    except TrustError:
        raise
    except ReenactError as refusal:
        hint = f"\n{refusal.hint}" if refusal.hint else ""
        return Trial(None, problem=f"{refusal.message}{hint}")
    if broken := find_broken_end(again.run):
        # What it has left was not finished.
        return Trial(again.run.id, problem=f"the repetition {broken}")
    repeated.append(again)
    judged, changes = judge_records(record, again), compare_surroundings(record, again)
    if not changes and any(each.judgement.verdict == "different" for each in judged):
        # Before it is said that nothing else differs.
        changes = list_spoiled_parts(again)
    return Trial(again.run.id, judged, changes)


def _find_varying(repeated: Sequence[Record]) -> tuple[str, ...]:
    """The results in which two of the repetitions differ, so that they vary by themselves."""
    found: dict[str, None] = {}
    for one, other in combinations(repeated, 2):
        judged = judge_records(one, other)
        found.update((name_result(each), None) for each in judged if each.judgement.verdict == "different")
    return tuple(found)


def _keep(again: Record, found: Verification) -> None:
    """The verdict beside the repetition that it is of."""
    write_atomic(RunFolder(Path(again.run.folder)).verification, encode(found))


def read_verification(folder: RunFolder) -> Verification | None:
    """What a repetition was found to be; None for a run that is none.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.verification, Verification)


def conclude(
    run: str, trials: Sequence[Trial], varies: tuple[str, ...] = (), *, knows_packages: bool = True
) -> Verification:
    """The verdict over all repetitions. Pure. ``knows_packages``: the record says which packages the run saw."""
    judged = [each for trial in trials for each in trial.judged]
    problem = next((trial.problem for trial in trials if trial.problem), None)
    differing = [each for each in judged if each.judgement.verdict == "different"]
    unknown = [each for each in judged if each.judgement.verdict == "not verified"]
    changes = tuple(dict.fromkeys(change for trial in trials for change in trial.changes))
    verdict: Verdict = "INCONCLUSIVE"
    if differing:
        verdict, reason = _conclude_difference(differing, changes, varies, knows_packages=knows_packages)
    elif problem:
        reason = problem
    elif unknown:
        reason = f"{_name(unknown)} could not be compared"
    elif all(each.kind == "exit code" for each in judged):
        reason = "nothing is known of what the project leaves: 'outputs:' and 'metrics:' declare it"
    else:
        verdict, reason = "PASS", _count(judged)
    return Verification(run, verdict, reason, tuple(trials), varies)


def _conclude_difference(
    differing: Sequence[Judged], changes: Sequence[Change], varies: Sequence[str], *, knows_packages: bool
) -> tuple[Verdict, str]:
    said = f"{_name(differing)} {'differs' if len(differing) == 1 else 'differ'}"
    if varies:
        return "FAIL", f"the result varies by itself: the repetitions differ among themselves in {_join(varies)}"
    if changes:
        return "INCONCLUSIVE", f"{said}, and so does what is around the run: {_join([each.what for each in changes])}"
    if not knows_packages:
        return "INCONCLUSIVE", f"{said}; the packages are the system's own, and no record says what they were"
    return "FAIL", f"{said}, and nothing else does: code, environment, inputs and machine are the same"


def _count(judged: Sequence[Judged]) -> str:
    """How many results are the same, and how."""
    results = [each for each in judged if each.kind != "exit code"]
    near = sum(each.judgement.verdict == "within tolerance" for each in results)
    equal = len(results) - near
    counts = [f"{equal} identical"] * (equal > 0) + [f"{near} within tolerance"] * (near > 0)
    return f"{', '.join(counts)}"


def _name(judged: Sequence[Judged]) -> str:
    return _join(tuple(dict.fromkeys(map(name_result, judged))))


def _join(names: Sequence[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
