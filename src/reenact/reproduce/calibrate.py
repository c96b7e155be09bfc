"""Tolerances from the natural spread of a project's results: run again and again, and see how far they lie apart.

What is seen in a few runs is less than what can be, so that a proposal is several times wider. It is printed, and the
project's files are left alone.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import combinations

from reenact.errors import RecordError
from reenact.hints import Literal
from reenact.prepare import Prepared
from reenact.project.data_paths import find_declaration
from reenact.project.types import Tolerance
from reenact.records.types import Record
from reenact.reproduce.compare import Spread
from reenact.reproduce.compare.judgement import show
from reenact.reproduce.results import (
    Declared,
    Judged,
    find_broken_end,
    find_metric_declaration,
    judge_results,
    read_declared,
    read_results,
)
from reenact.reproduce.surroundings import compare_surroundings
from reenact.reproduce.verify import repeat
from reenact.values import NamedTuple
from reenact.world import World

MARGIN = 3.0
NEAR = 0.1
"""A relative distance above this is of numbers near nought, for which only an absolute one says anything."""

_MOST_TOLD = 10
_WORDS = {"yes", "no", "on", "off", "true", "false", "null", "y", "n"}


class Proposal(NamedTuple):
    """What to declare of an output or of a file of metrics, and why: the parts that vary, with their distance.

    ``beyond`` are the parts with differences that are no distances of numbers, which only ``ignore`` covers; '' among
    them is the whole, which nothing covers.
    """

    kind: Literal["outputs", "metrics"]
    path: str
    tolerance: Tolerance
    spreads: tuple[tuple[str, Spread], ...] = ()
    beyond: tuple[str, ...] = ()


class Calibration(NamedTuple):
    """Proposals for what varies, the paths of what does not, and the runs that they come from."""

    run: str
    entry_point: str
    runs: tuple[str, ...]
    proposals: tuple[Proposal, ...]
    steady: tuple[str, ...]


def calibrate(
    record: Record,
    world: World,
    times: int,
    agree: Callable[[Prepared], None] | None = None,
    *,
    deterministic: bool = False,
) -> Calibration:
    """Run a recorded run again, ``times`` times, and propose tolerances that its results would have passed.

    The recorded results count too, where code, environment, inputs and machine are what they were.

    Raises:
        RecordError: a repetition did not end by itself.
        ReenactError: the run cannot be run again.
    """
    runs = []
    for _ in range(times):
        again = repeat(record, world, agree, deterministic=deterministic)
        if broken := find_broken_end(again.run):
            raise RecordError(f"the repetition {again.run.id[:8]} {broken}: there is nothing to learn from it")
        runs.append(again)
    if not find_broken_end(record.run) and not compare_surroundings(record, runs[0]):
        runs.append(record)
    declared = _expect_everything(read_declared(record.plan))
    pairs = combinations(map(read_results, runs), 2)
    judged = [each for one, other in pairs for each in judge_results(one, other, declared)]
    proposals, steady = propose(judged, declared)
    return Calibration(record.run.id, record.plan.entry_point, tuple(each.run.id for each in runs), proposals, steady)


def _expect_everything(declared: Declared) -> Declared:
    """The same without any tolerance for numbers; what is ignored stays so."""
    return Declared(
        tuple(each._replace(tolerance=Tolerance(ignore=each.tolerance.ignore)) for each in declared.outputs),
        tuple(each._replace(tolerance=Tolerance(ignore=each.tolerance.ignore)) for each in declared.metrics),
    )


def propose(judged: Iterable[Judged], declared: Declared) -> tuple[tuple[Proposal, ...], tuple[str, ...]]:
    """Proposals for what differed in any of the comparisons, and the paths of what never did. Pure."""
    gathered: dict[tuple[Literal["outputs", "metrics"], str], list[tuple[str, Judged]]] = {}
    for each in judged:
        if each.kind == "output":
            known = find_declaration(each.name, declared.outputs)
            gathered.setdefault(("outputs", known.path if known else each.name), []).append(("", each))
        elif each.kind == "metric":
            path, key = split_metric(each.name, declared)
            gathered.setdefault(("metrics", path), []).append((key, each))
    proposals = tuple(_propose(kind, path, found) for (kind, path), found in gathered.items() if _differs(found))
    return proposals, tuple(path for (_, path), found in gathered.items() if not _differs(found))


def _differs(found: Sequence[tuple[str, Judged]]) -> bool:
    return any(each.judgement.verdict in ("different", "not verified") for _, each in found)


def _propose(kind: Literal["outputs", "metrics"], path: str, found: Sequence[tuple[str, Judged]]) -> Proposal:
    spreads: dict[str, Spread] = {}
    beyond: dict[str, None] = {}
    for lead, each in found:
        for part, spread in each.judgement.spreads.items():
            name = part or lead
            known = spreads.get(name, spread)
            spreads[name] = Spread(max(known.absolute, spread.absolute), max(known.relative, spread.relative))
        beyond.update(dict.fromkeys(part or lead for part in each.judgement.fixed))
    # What lies apart without end is no more covered than text is.
    beyond.update(dict.fromkeys(part for part, spread in spreads.items() if not math.isfinite(spread.absolute)))
    counted = {part: spread for part, spread in spreads.items() if spread.absolute > 0 and part not in beyond}
    ignored = found[0][1].tolerance.ignore
    ignore = tuple(dict.fromkeys((*ignored, *(part for part in beyond if part))))
    return Proposal(kind, path, make_tolerance(counted.values(), ignore), tuple(sorted(counted.items())), tuple(beyond))


def make_tolerance(spreads: Iterable[Spread], ignore: tuple[str, ...] = ()) -> Tolerance:
    """The tolerance that covers all of the distances, several times."""
    spreads = list(spreads)
    near = [spread.relative for spread in spreads if spread.relative <= NEAR]
    far = [spread.absolute for spread in spreads if spread.relative > NEAR]
    return Tolerance(_widen(max(near)) if near else None, _widen(max(far)) if far else None, ignore)


def _widen(distance: float) -> float:
    """Several times as much, as the next power of ten or half of one."""
    wanted = distance * MARGIN
    power = 10.0 ** math.floor(math.log10(wanted)) if wanted > 1e-300 else 1e-300
    # By way of text: 10 ** -6 times 5 is not 5e-6 to the last digit.
    return next(float(f"{step * power:.3g}") for step in (1, 2, 5, 10, 20) if step * power >= wanted)


def split_metric(name: str, declared: Declared) -> tuple[str, str]:
    """The path that a metric was declared with, and its key."""
    found = find_metric_declaration(name, declared.metrics)
    if found is not None:
        metric, key = found
        return metric.path, key
    path, _, key = name.partition(":")
    return path, key


def render_calibration(found: Calibration) -> str:
    """YAML for the project file, each line of it with its reason."""
    lines = [f"# What {len(found.runs)} runs of the same came to ({', '.join(run[:8] for run in found.runs)})."]
    lines += [f"# The same in all of them: {_comment(path)}" for path in found.steady]
    if not found.proposals and found.steady:
        lines.append("# Nothing varies: no tolerance is needed.")
    elif not found.proposals:
        lines.append("# There are no results: 'outputs:' and 'metrics:' declare them.")
    else:
        lines += ["entry_points:", f"  {_quote(found.entry_point)}:"]
        for kind in ("outputs", "metrics"):
            chosen = [proposal for proposal in found.proposals if proposal.kind == kind]
            lines += [f"    {kind}:"] * bool(chosen)
            lines += [line for proposal in chosen for line in _render_proposal(proposal)]
    return "\n".join(lines) + "\n"


def _render_proposal(proposal: Proposal) -> Iterator[str]:
    tolerance = proposal.tolerance
    for part, spread in proposal.spreads[:_MOST_TOLD]:
        where = f"{_comment(part)}: " if part else ""
        yield f"      # {where}up to {spread.absolute:.3g} apart (relative: {spread.relative:.3g})"
    if len(proposal.spreads) > _MOST_TOLD:
        yield f"      # and {len(proposal.spreads) - _MOST_TOLD} more"
    for part in proposal.beyond:
        if part:
            yield f"      # {_comment(part)} differs in what is no distance: ignore it, or find out why"
        else:
            yield "      # no tolerance covers how it differs: find out why"
    yield f"      - path: {_quote(proposal.path)}"
    for name, bound in (("rtol", tolerance.rtol), ("atol", tolerance.atol)):
        if bound is not None:
            yield f"        {name}: {_render_number(bound)}"
    if tolerance.ignore:
        yield f"        ignore: [{', '.join(map(_quote, tolerance.ignore))}]"


def _render_number(number: float) -> str:
    """As YAML 1.1 reads it as a number: with a dot before the exponent."""
    text = repr(number)
    return text if "." in text or "e" not in text else text.replace("e", ".0e")


def _quote(text: str) -> str:
    """The text as YAML, plain where nobody can take it for something else."""
    if re.fullmatch(r"[A-Za-z_][\w./-]*", text, re.ASCII) and text.lower() not in _WORDS:
        return text
    return '"' + "".join(map(_escape, text)) + '"'


def _escape(sign: str) -> str:
    if sign in '"\\':
        return f"\\{sign}"
    return sign if sign.isprintable() else f"\\U{ord(sign):08x}"


def _comment(text: str) -> str:
    """The text on the one line that a comment is."""
    return show(text, bare=True)
