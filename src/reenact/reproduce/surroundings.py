"""What two runs of the same had around them, where it is not the same: code, environment, inputs, machine.

Of the machine counts what a result may depend on. Its name, its memory and the version of its kernel do not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reenact.hints import TYPE_CHECKING, Literal
from reenact.records.files import read_realised
from reenact.records.types import InputFile, Record
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from reenact.environments.comparison import Account


FACTS = {
    "cpu_model": "CPU",
    "cpu_count": "CPUs",
    "cpu_limit": "CPUs to use",
    "architecture": "architecture",
    "system": "system",
    "libc": "C library",
    "gpus": "GPUs",
}
"""Facts of a machine that a result may depend on, and what to call them."""

HOST_ONLY = ("system", "libc")
"""Those that a container does not see."""


class Change(NamedTuple):
    """Something that is not the same; ``old`` or ``new`` is None where it was not there at all."""

    part: Literal["code", "environment", "input", "machine"]
    what: str
    old: str | None
    new: str | None

    def render(self) -> str:
        """As a line."""
        return f"{self.what}: {self.old or 'none'} → {self.new or 'none'}"


def compare_surroundings(old: Record, new: Record) -> tuple[Change, ...]:
    """Everything around the two runs that is not the same, as far as it is recorded.

    Raises:
        RecordError: a record is damaged.
    """
    return (
        *_compare_code(old, new),
        *_compare_environments(old, new),
        *_compare_inputs(old, new),
        *_compare_machines(old, new),
    )


def list_spoiled_parts(record: Record) -> tuple[Change, ...]:
    """What is in the environment of a run, as it is now, and was not installed from its lock.

    Raises:
        RecordError: the record is damaged.
    """
    realised = read_realised(_folder(record))
    if realised is None or realised.path is None or realised.lock.kind != "python":
        return ()
    from reenact.environments.account import read_account
    from reenact.environments.spoiled import list_spoiled

    found = list_spoiled(Path(realised.path), read_account(_folder(record), realised).packages)
    return tuple(Change("environment", f"installed {each.what}", each.was, each.found) for each in found)


def has_own_environment(record: Record) -> bool:
    """Whether the packages that the run saw are in its record."""
    return read_realised(_folder(record)) is not None


def _folder(record: Record) -> RunFolder:
    return RunFolder(Path(record.run.folder))


def _compare_environments(old: Record, new: Record) -> Iterator[Change]:
    before, after = (read_realised(_folder(record)) for record in (old, new))
    if before is None or after is None or before.key == after.key:
        return
    from reenact.environments.account import read_account
    from reenact.environments.comparison import compare

    accounts = read_account(_folder(old), before), read_account(_folder(new), after)
    if _identify_source(accounts[0]) == _identify_source(accounts[1]):
        return
    changes = [change for change in compare(*accounts) if change.part == "resolved"]
    for change in changes:
        yield Change("environment", change.what, change.old, change.new)
    if not changes:
        yield Change("environment", "environment", before.key[:12], after.key[:12])


def _identify_source(account: Account) -> str:
    """What the environment was made of; that a bundle brings along what was built of the same source is no change."""
    return account.lock._replace(made={}).key


def _compare_inputs(old: Record, new: Record) -> Iterator[Change]:
    before, after = ({file.path: file for file in record.inputs} for record in (old, new))
    moved = _list_contents(before, after) & _list_contents(after, before)
    for path in dict.fromkeys((*before, *after)):
        was, now = before.get(path), after.get(path)
        if (was is None and now and now.digest in moved) or (now is None and was and was.digest in moved):
            continue
        if was is None or now is None or (was.digest, was.version) != (now.digest, now.version):
            yield Change("input", f"input {path}", was and _identify(was), now and _identify(now))


def _list_contents(files: Mapping[str, InputFile], others: Mapping[str, InputFile]) -> set[str]:
    """The digests of the files that lie where none of ``others`` does: the same content elsewhere is no change."""
    return {file.digest for path, file in files.items() if path not in others and file.digest is not None}


def _identify(file: InputFile) -> str | None:
    return file.digest[:12] if file.digest else file.version


def _compare_machines(old: Record, new: Record) -> Iterator[Change]:
    hidden = HOST_ONLY if old.plan.environment.kind == "docker" else ()
    for name, word in FACTS.items():
        was, now = old.machine.get(name), new.machine.get(name)
        if name not in hidden and was != now:
            yield Change("machine", word, _render_fact(was), _render_fact(now))
    before, after = (record.machine.get("variables") for record in (old, new))
    if isinstance(before, Mapping) and isinstance(after, Mapping):
        for name in sorted(before.keys() | after.keys()):
            if before.get(name) != after.get(name):
                yield Change("machine", f"variable {name}", before.get(name), after.get(name))


def _render_fact(value: object) -> str | None:
    if isinstance(value, list):
        return "; ".join(_render_fact(item) or "" for item in value) or None
    if isinstance(value, dict):
        return ", ".join(str(item) for item in value.values() if item is not None)
    return None if value is None else str(value)


def _compare_code(old: Record, new: Record) -> Iterator[Change]:
    trees = [record.code.tree if record.code else None for record in (old, new)]
    if trees[0] != trees[1]:
        yield Change("code", "code", trees[0], trees[1])
