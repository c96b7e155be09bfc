"""What a bundle says of its run to other tools: the facts, gathered once, from which each of them gets its own
words."""

from reenact.environments.packages import Package
from reenact.plan import EnvironmentLock
from reenact.records.types import Record
from reenact.reproduce.bundle.manifest import LINK, Entry
from reenact.values import NamedTuple


class DataFile(NamedTuple):
    """An input or output: the path that it is known by, bytes, BLAKE3, the member that has it, if one does, and what of
    the plan leads to an input (see :class:`reenact.records.types.InputFile`)."""

    path: str
    size: int | None
    digest: str | None
    member: Entry | None = None
    origin: str | None = None


class Account(NamedTuple):
    """The record of a run, its lock with the packages in it, its data, and the members of the bundle so far."""

    record: Record
    lock: EnvironmentLock | None
    packages: tuple[Package, ...]
    inputs: tuple[DataFile, ...]
    outputs: tuple[DataFile, ...]
    members: tuple[Entry, ...]

    @property
    def began(self) -> str:
        """When the command began, or was asked for (RFC 3339)."""
        return self.record.run.started or self.record.run.created

    @property
    def ended(self) -> str:
        """When it ended."""
        return self.record.run.ended or self.began

    @property
    def title(self) -> str:
        """What ran, in a few words."""
        run = self.record.run
        return f"{run.project}, entry point {run.entry_point}, run {run.id}"

    def list_files(self, *places: str) -> tuple[Entry, ...]:
        """The members, less links, that lie in these folders at the top."""
        return tuple(each for each in self.members if each.mode != LINK and each.name.partition("/")[0] in places)
