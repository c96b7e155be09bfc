"""Two recorded runs beside each other: which identity differs, and then everything by which it does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reenact.environments.account import read_account
from reenact.environments.comparison import Account, compare
from reenact.hints import Literal
from reenact.plan import BoundParameter, digest
from reenact.records.files import read_realised
from reenact.records.types import Code, InputFile, Record
from reenact.reproduce.results import Judged, judge_records
from reenact.reproduce.surroundings import FACTS
from reenact.run_folder import RunFolder
from reenact.sources.capture.store import open_store
from reenact.values import NamedTuple
from reenact.world import World

Name = Literal["code", "command", "parameters", "environment", "inputs", "machine", "results", "times"]


class Change(NamedTuple):
    """Something that is not the same: ``old`` or ``new`` is None where it was not there at all."""

    what: str
    old: str | None
    new: str | None


class Part(NamedTuple):
    """One thing that two runs have in common or not; ``old`` and ``new`` identify it, None where it is not known."""

    name: Name
    old: str | None
    new: str | None
    changes: tuple[Change, ...] = ()

    @property
    def same(self) -> bool:
        """Nothing of it differs."""
        return self.old == self.new and not self.changes


class Difference(NamedTuple):
    """How two runs differ: part by part, the code as a patch, the results with the first difference in each."""

    old: str
    new: str
    parts: tuple[Part, ...]
    patch: str = ""
    results: tuple[Judged, ...] = ()


def compare_runs(old: Record, new: Record, world: World) -> Difference:
    """Everything by which ``new`` differs from ``old``.

    Raises:
        RecordError: a record is damaged, or its code is not in the store.
    """
    judged = tuple(each for each in judge_records(old, new) if each.judgement.verdict != "identical")
    parts = (
        _compare_code(old.code, new.code, world),
        _compare_commands(old, new),
        _compare_parameters(old, new),
        _compare_environments(old, new),
        _compare_inputs(old, new),
        _compare_machines(old, new),
        _compare_results(old, new, judged),
        _compare_times(old, new),
    )
    return Difference(old.run.id, new.run.id, parts, _make_patch(old.code, new.code, world), judged)


def _make_patch(old: Code | None, new: Code | None, world: World) -> str:
    if old is None or new is None or old.tree == new.tree:
        return ""
    return open_store(world).render_diff(old.tree, new.tree).decode("utf-8", "replace")


def _compare_code(old: Code | None, new: Code | None, world: World) -> Part:
    trees = (old.tree if old else None, new.tree if new else None)
    if old is None or new is None:
        return Part("code", *trees)
    changes = list(_list_files(old.tree, new.tree, world)) if trees[0] != trees[1] else []
    before, after = ({each.path: each.digest or "" for each in code.left_out} for code in (old, new))
    beside = (Change(f"{name} (not kept)", was, now) for name, was, now in _pair(before, after) if was and now)
    return Part("code", *trees, (*changes, *beside))


def _list_files(old: str, new: str, world: World) -> Iterator[Change]:
    words = {"A": (None, "a new file"), "D": ("a file", None)}
    for line in open_store(world).render_diff(old, new, names_only=True).decode("utf-8", "replace").splitlines():
        letter, _, path = line.partition("\t")
        yield Change(path, *words.get(letter[:1], ("a file", "changed")))


def _compare_commands(old: Record, new: Record) -> Part:
    """The entry point and what else is decided of how the command runs. Its text follows from code and parameters."""
    before, after = (_describe_command(record) for record in (old, new))
    return Part("command", old.plan.entry_point, new.plan.entry_point, tuple(_list_changes(before, after)))


def _describe_command(record: Record) -> dict[str, str]:
    plan = record.plan
    found = {"shell": " ".join(plan.command.shell), "backend": plan.backend}
    found |= {f"variable {name}": value for name, value in plan.command.environment.items()}
    if plan.resources.timeout is not None:
        found["timeout"] = f"{plan.resources.timeout:g} s"
    for name, holds in (("no network", not plan.isolation.network), ("read-only", plan.isolation.read_only)):
        if holds:
            found[name] = "yes"
    return found


def _compare_parameters(old: Record, new: Record) -> Part:
    before, after = (_describe_parameters(record) for record in (old, new))
    return Part("parameters", digest(before), digest(after), tuple(_list_changes(before, after)))


def _describe_parameters(record: Record) -> dict[str, str]:
    inputs = {file.origin.removeprefix("parameter "): file for file in record.inputs}
    return {each.name: _describe_value(each, inputs.get(each.name)) for each in record.plan.parameters}


def _describe_value(parameter: BoundParameter, file: InputFile | None) -> str:
    if parameter.secret:
        return "(secret)"
    if parameter.type == "path" and file is not None:
        return file.path  # as seen from the project, wherever that was
    return parameter.value if parameter.value is not None else "(none)"


def _compare_environments(old: Record, new: Record) -> Part:
    before, after = (_find_account(record) for record in (old, new))
    was = before.key if before else old.plan.environment.kind
    now = after.key if after else new.plan.environment.kind
    changes = compare(before, after) if before and after else ()
    return Part("environment", was, now, tuple(Change(each.what, each.old, each.new) for each in changes))


def _find_account(record: Record) -> Account | None:
    folder = RunFolder(Path(record.run.folder))
    realised = read_realised(folder)
    return read_account(folder, realised) if realised else None


def _compare_inputs(old: Record, new: Record) -> Part:
    before, after = ({file.path: file.digest or file.version or "" for file in each.inputs} for each in (old, new))
    return Part("inputs", digest(before), digest(after), tuple(_list_changes(before, after)))


def _compare_machines(old: Record, new: Record) -> Part:
    before, after = (_describe_machine(record.machine) for record in (old, new))
    return Part("machine", digest(before), digest(after), tuple(_list_changes(before, after)))


def _describe_machine(machine: Mapping[str, object]) -> dict[str, str]:
    found = {word: str(machine[name]) for name, word in FACTS.items() if machine.get(name) not in (None, [], "")}
    variables = machine.get("variables")
    if isinstance(variables, Mapping):
        found |= {f"variable {name}": str(value) for name, value in variables.items()}
    return found


def _compare_results(old: Record, new: Record, judged: tuple[Judged, ...]) -> Part:
    before, after = (_describe_results(record) for record in (old, new))
    return Part("results", digest(before), digest(after), tuple(_list_changes(before, after)))


def _describe_results(record: Record) -> dict[str, str]:
    found = {"state": record.run.state.value}
    if record.run.exit_code is not None:
        found["exit code"] = str(record.run.exit_code)
    found |= {f"output {file.path}": file.digest or file.problem or "" for file in record.outputs}
    return found | {f"metric {name}": str(value) for name, value in record.metrics.items()}


def _compare_times(old: Record, new: Record) -> Part:
    usages = [record.result.usage if record.result else None for record in (old, new)]
    was, now = usages
    if was is None or now is None:
        return Part("times", None, None)
    changes = (
        Change("wall time", f"{was.wall:.2f} s", f"{now.wall:.2f} s"),
        Change("CPU time", f"{was.cpu:.2f} s", f"{now.cpu:.2f} s"),
        Change("peak memory", f"{was.peak_memory / 2**20:.0f} MiB", f"{now.peak_memory / 2**20:.0f} MiB"),
    )
    return Part("times", None, None, tuple(change for change in changes if change.old != change.new))


def _list_changes(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[Change]:
    return (Change(*each) for each in _pair(old, new))


def _pair(old: Mapping[str, str], new: Mapping[str, str]) -> Iterator[tuple[str, str | None, str | None]]:
    """The entries by which two mappings differ, in the order of the new one."""
    for name in dict.fromkeys((*new, *old)):
        if old.get(name) != new.get(name):
            yield name, old.get(name), new.get(name)
