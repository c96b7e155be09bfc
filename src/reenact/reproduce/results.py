"""What two runs of the same came to, result by result: the exit code, every output, every metric."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from os.path import join, normpath
from pathlib import Path

from reenact.hints import Literal
from reenact.plan import RUN_DIR_VARIABLE, Plan, Snapshot
from reenact.project.data_paths import escape, find_declaration
from reenact.project.types import MetricDeclaration, OutputDeclaration, Tolerance
from reenact.records.types import MISSING, OutputFile, Record
from reenact.reproduce.compare import Judgement, compare
from reenact.reproduce.compare.judgement import EXACT, Tally, describe, find_spread, is_number, match, show
from reenact.runs import TIMED_OUT, Run, State
from reenact.values import NamedTuple

Kind = Literal["exit code", "output", "metric"]


class Judged(NamedTuple):
    """One result of a run beside the same of another, and the tolerance that it was held to."""

    kind: Kind
    name: str
    judgement: Judgement
    tolerance: Tolerance = EXACT


def name_result(judged: Judged) -> str:
    """What a result is called: ``output scores.csv``."""
    return f"{judged.kind} {judged.name}".strip()


class Results(NamedTuple):
    """What one run came to. ``place`` is the folder that the outputs' ``kept`` is relative to."""

    run: Run
    place: Path
    outputs: tuple[OutputFile, ...] = ()
    metrics: Mapping[str, int | float | str] = {}


class Declared(NamedTuple):
    """What is declared of the results."""

    outputs: tuple[OutputDeclaration, ...] = ()
    metrics: tuple[MetricDeclaration, ...] = ()


def read_results(record: Record) -> Results:
    """The results of a recorded run."""
    return Results(record.run, Path(record.run.folder), record.outputs, record.metrics)


def judge_records(old: Record, new: Record, tolerance: Tolerance | None = None) -> tuple[Judged, ...]:
    """Every result of one recorded run beside that of another, by what the old one declares, or a tolerance for all."""
    return judge_results(read_results(old), read_results(new), read_declared(old.plan), tolerance)


def read_declared(plan: Plan) -> Declared:
    """What a plan declares of the results, under the names by which they are recorded: seen from the project."""
    return Declared(
        tuple(each._replace(path=_relate(each.path, plan.source)) for each in plan.outputs),
        tuple(each._replace(path=_relate(each.path, plan.source)) for each in plan.metrics),
    )


def _relate(declared: str, source: Snapshot) -> str:
    """A ``path`` parameter is an absolute path, or one in the run folder, whose artifacts are named from there."""
    root = source.root if source.root is not None else f"${RUN_DIR_VARIABLE}/code"
    for folder in (normpath(join(root, source.subdirectory)), f"${RUN_DIR_VARIABLE}"):
        lead = f"{escape(folder)}/"
        if declared.startswith(lead):
            return declared.removeprefix(lead)
    return declared


def judge_results(
    old: Results, new: Results, declared: Declared, tolerance: Tolerance | None = None
) -> tuple[Judged, ...]:
    """Every result of ``new`` beside that of ``old``, in the order of the record."""
    return (
        Judged("exit code", "", judge_ends(old.run, new.run)),
        *_judge_outputs(old, new, declared, tolerance),
        *_judge_metrics(old, new, declared, tolerance),
    )


def judge_ends(old: Run, new: Run) -> Judgement:
    """How the commands ended."""
    for run, which in ((old, "recorded"), (new, "repeated")):
        if problem := find_broken_end(run):
            return Judgement("not verified", f"the {which} run {problem}")
    if old.exit_code == new.exit_code:
        return Judgement("identical")
    return Judgement("different", f"{old.exit_code} → {new.exit_code}", fixed=("",))


def find_broken_end(run: Run) -> str | None:
    """Why the end of a run says nothing about the project: it was stopped, never started, had no more time."""
    reason = run.reason or ""
    if run.state not in (State.FINISHED, State.FAILED):
        return f"was {run.state.value}" + (f": {reason}" if reason else "")
    if run.exit_code is None:
        return f"has not run its command: {reason}"
    return reason if reason.startswith(TIMED_OUT) else None


def _judge_outputs(old: Results, new: Results, declared: Declared, given: Tolerance | None) -> Iterator[Judged]:
    before, after = ({file.path: file for file in results.outputs} for results in (old, new))
    for path in dict.fromkeys((*before, *after)):
        found = find_declaration(path, declared.outputs)
        tolerance = given or (found.tolerance if found else EXACT)
        judgement = _judge_output(before.get(path), after.get(path), (old.place, new.place), tolerance)
        yield Judged("output", path, judgement, tolerance)


def _judge_output(
    old: OutputFile | None, new: OutputFile | None, places: tuple[Path, Path], tolerance: Tolerance
) -> Judgement:
    if old is None:
        return Judgement("different", "it is new: the recorded run did not leave it", fixed=("",))
    if new is None or (new.problem == MISSING and old.digest is not None):
        return Judgement("different", "it is missing: the repeated run did not leave it", fixed=("",))
    for file, which in ((old, "recorded"), (new, "repeated")):
        if file.digest is None:
            return Judgement("not verified", f"of the {which} run there is nothing to compare: {file.problem}")
        if file.unchanged:
            return Judgement("not verified", f"the command of the {which} run did not write it: it was there before")
    if old.digest == new.digest:
        return Judgement("identical")
    if old.kept is None or new.kept is None:
        return _judge_digests(old, new, tolerance)
    paths = places[0] / old.kept, places[1] / new.kept
    if not all(map(_is_in, paths, places)):
        return Judgement("not verified", "its content is gone from the record")
    try:
        return compare(*paths, tolerance)
    except OSError as problem:
        return Judgement("not verified", f"it cannot be read: {problem}")


def _is_in(path: Path, place: Path) -> bool:
    """Whether it is there, and not somewhere else that a record made elsewhere names."""
    return path.exists() and path.resolve().is_relative_to(place.resolve())


def _judge_digests(old: OutputFile, new: OutputFile, tolerance: Tolerance) -> Judgement:
    """Two contents that are not the same, and of which one is not there to be looked into."""
    said = f"the digests differ ({(old.digest or '')[:12]} → {(new.digest or '')[:12]}"
    said += f", {old.size} → {new.size} bytes" if old.size != new.size else ""
    said += "), and the content was not kept: it is larger than the limit"
    bearable = tolerance.rtol is not None or tolerance.atol is not None or bool(tolerance.ignore)
    return Judgement("not verified" if bearable else "different", said, fixed=("",))


def _judge_metrics(old: Results, new: Results, declared: Declared, given: Tolerance | None) -> Iterator[Judged]:
    before, after = old.metrics, new.metrics
    for name in dict.fromkeys((*before, *after)):
        found, key = find_metric_declaration(name, declared.metrics) or (None, name)
        tolerance = given or (found.tolerance if found else EXACT)
        if Tally(tolerance).ignores(key):
            continue
        if name in before and name in after:
            judgement = judge_values(before[name], after[name], tolerance)
        else:
            came = "new: the recorded" if name in after else "missing: the repeated"
            judgement = Judgement("different", f"it is {came} run did not measure it", fixed=("",))
        yield Judged("metric", name, judgement, tolerance)


def judge_values(old: int | float | str, new: int | float | str, tolerance: Tolerance) -> Judgement:
    """Two values of one metric; what JSON cannot hold is a number all the same."""
    if old == new:
        return Judgement("identical")
    was, now = _read_value(old), _read_value(new)
    if not (is_number(was) and is_number(now)):
        return Judgement("different", f"{show(was)} → {show(now)}", fixed=("",))
    spread = {"": find_spread(was, now)}
    return Judgement("within tolerance" if match(was, now, tolerance) else "different", describe(was, now), spread)


def _read_value(value: int | float | str) -> int | float | str:
    return float(value) if value in ("nan", "inf", "-inf") else value


def find_metric_declaration(name: str, metrics: Iterable[MetricDeclaration]) -> tuple[MetricDeclaration, str] | None:
    """The declaration that a metric belongs to, whose name is ``file:key``, and its key."""
    colons = [at for at, sign in enumerate(name) if sign == ":"]
    for declared in metrics:
        for at in colons:
            key = name[at + 1 :]
            if find_declaration(name[:at], (declared,)) and _is_among(key, declared.keys):
                return declared, key
    return None


def _is_among(key: str, keys: tuple[str, ...]) -> bool:
    """Whether a key is one of those, or below one; no keys are all."""
    return not keys or any(key == each or key.startswith(f"{each}.") for each in keys)
