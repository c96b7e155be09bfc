"""The index over the run folders: one SQLite database, which can always be made again from them.

``store.sqlite`` is a link to the present *generation* of the index, a database of its own name. A new generation is
built aside and becomes the present one by one rename of the link, so that nobody ever sees half of one, and no
generation can take another's write-ahead log for its own. An index that is missing, damaged or of an older schema is
replaced in this way at once; nothing is ever migrated.

One lock file, ``store.lock``, guards the index *and* which folders there are in ``runs/``. Whoever changes either
holds it; whoever only reads does not need it (WAL gives every reader one consistent state). Under the lock, a row
without a folder was left behind by somebody who died, because a row goes after its folder.

The row of a run that begins is *owed* (:mod:`reenact.records.owed`) until the run enters it, when its command has been
at work for a moment, or somebody else who opens the index. Whoever does looks into the folder first.

On a network file system SQLite's write-ahead log does not work between machines; a generation made there uses a
rollback journal, which is slower and right. The lock needs ``flock`` across the machines (NFS since Linux 2.6.12).
"""

import os
from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

from reenact.errors import RecordError, StorageError
from reenact.files import lock, make_folder
from reenact.hints import TypeVar
from reenact.home import Home
from reenact.records.files import read_run
from reenact.records.owed import cross_off, list_owed
from reenact.records.store import Store, Unusable, created, opened, translated
from reenact.report import Report
from reenact.run_folder import RunFolder
from reenact.runs import Run
from reenact.values import NamedTuple
from reenact.world import World

T = TypeVar("T")

_NETWORK = frozenset(
    {"nfs", "nfs4", "cifs", "smb3", "smbfs", "9p", "afs", "ceph", "lustre", "gpfs", "beegfs", "fuse.sshfs"}
)
_ATTEMPTS = 10


class Rebuilt(NamedTuple):
    """What a rebuild found: how many runs, and why each of the others is not in the index, by folder name."""

    runs: int
    damaged: dict[str, str]


class Index(NamedTuple):
    """The present generation, whichever that is at the moment of use."""

    home: Home
    report: Report

    @property
    def writable(self) -> bool:
        """Whether this home may be changed by us at all, or only looked at."""
        return os.access(self.home.root, os.W_OK) or not self.home.root.exists()

    def read(self, action: Callable[[Store], T]) -> T:
        """What ``action`` finds in the index. It is called again if the index had to be made anew first.

        Raises:
            StorageError: the index can neither be read nor made.
        """
        if list_owed(self.home):
            try:
                self.write(lambda store: None)
            except StorageError:
                return self._from_memory(action)
        return self._attempt(action, locked=False)

    def write(self, action: Callable[[Store], T]) -> T:
        """The same for an action that changes the index or which run folders there are: under the lock.

        Raises:
            StorageError: the index can neither be written nor made.
        """

        return self._attempt(action, locked=True)

    def enter(self, run: Run) -> None:
        """Bring the run's row up to date; nothing is owed for it then.

        Raises:
            StorageError: the index can neither be written nor made.
        """

        def put(store: Store) -> None:
            store.put(run)
            cross_off(self.home, run.id)

        self._attempt(put, locked=True, paid=run.id)

    def rebuild(self) -> Rebuilt:
        """Make a new generation from the folders and put it in the place of the present one.

        Runs that begin, move on, end or are deleted while this goes on are in the new generation as they are.

        Raises:
            StorageError: the home cannot be written.
        """
        make_folder(self.home.root)
        with lock(self._rebuild_lock):
            return self._build()

    def forget(self, runs: list[Run]) -> None:
        """Take rows out whose folders are gone: left by somebody who died, or deleted by hand.

        Raises:
            StorageError: the index can neither be written nor made.
        """
        # Under the lock a folder that is about to be published is either there or not begun.
        self.write(lambda store: store.delete([run.id for run in runs if not is_there(run)]))

    def _renew(self, generation: Path | None, problem: str) -> None:
        """Make the index anew because ``generation`` is not usable, unless somebody else just has."""
        make_folder(self.home.root)
        with lock(self._rebuild_lock):
            if self._find_generation() != generation:
                return
            if generation is not None or set(self._names()).difference(list_owed(self.home)):
                self.report.note(f"the index of runs is not usable ({problem}); making it again from the run folders")
            self._build()

    def _build(self) -> Rebuilt:
        self._remove_generations(besides=self._find_generation())
        fresh = self.home.root / f"store-{os.urandom(4).hex()}.sqlite"
        damaged: dict[str, str] = {}
        with translated(fresh), created(fresh, self.home.runs) as store:
            self._fill(store, damaged)
            with lock(self.home.store_lock):
                self._catch_up(store, damaged)
                count = store.count()
                store.complete("DELETE" if _is_network(self.home.root) else "WAL")
                aside = self.home.root / f".{fresh.name}.link"
                aside.symlink_to(fresh.name)
                aside.replace(self.home.store)
                self._remove_generations(besides=fresh)
        return Rebuilt(count, damaged)

    @property
    def _rebuild_lock(self) -> Path:
        return self.home.root / "store.rebuild"

    def _pay(self, store: Store, names: list[str]) -> None:
        """Enter the runs that are owed as they are now; more is owed only for those that somebody still carries on.

        A note without a folder, or for a run that goes no further, was left by somebody who died.
        """
        damaged: dict[str, str] = {}
        # Before the folders are read: what somebody writes until he dies is among it.
        over = [name for name in names if not RunFolder(self.home.runs / name).is_alive]
        with store.transaction():
            for name in names:
                if (self.home.runs / name).exists():
                    self._add(store, name, damaged)
        for name in set(over).difference(damaged):
            cross_off(self.home, name)
        for name, why in damaged.items():
            self.report.warn(f"the record of run {name} is damaged: {why}")

    def _attempt(self, action: Callable[[Store], T], *, locked: bool, paid: str | None = None) -> T:
        for _ in range(_ATTEMPTS):
            with lock(self.home.store_lock) if locked else nullcontext():
                generation = self._find_generation()
                try:
                    if generation is None:
                        raise Unusable("there is none")
                    with translated(generation), opened(generation, self.home.runs) as store:
                        if locked and (owed := [name for name in list_owed(self.home) if name != paid]):
                            self._pay(store, owed)
                        return action(store)
                except Unusable as unusable:
                    problem = str(unusable)
            nothing = generation is None and not locked and not self._names()
            if nothing or not self.writable:
                # To look leaves no trace in a home where nothing has run yet, nor in one that is not ours.
                return self._from_memory(action)
            self._renew(generation, problem)
        raise StorageError(f"the index {self.home.store} is damaged again and again", hint="is the disk sound?")

    def _from_memory(self, action: Callable[[Store], T]) -> T:
        """For a home that we may only read: an index that lives as long as the action."""
        with created(None, self.home.runs) as store:
            try:
                self._copy(store)
            except Unusable:
                self._fill(store, {})
            return action(store)

    def _copy(self, store: Store) -> None:
        """Take the present generation over, and what it is owed.

        Raises:
            Unusable: there is none, or it is damaged.
        """
        owed = list_owed(self.home)
        generation = self._find_generation()
        if generation is None:
            raise Unusable("there is none")
        with translated(generation), opened(generation, self.home.runs) as kept:
            kept.copy_to(store)
        with store.transaction():
            for name in owed:
                self._add(store, name, {})

    def _names(self) -> list[str]:
        """The names of all run folders there are now."""
        try:
            return sorted(os.listdir(self.home.runs))
        except FileNotFoundError:
            return []

    def _find_generation(self) -> Path | None:
        """The database that ``store.sqlite`` leads to."""
        try:
            return self.home.root / os.readlink(self.home.store)
        except FileNotFoundError:
            return None
        except OSError:
            return self.home.store  # a plain file, where somebody copied the home without its links

    def _remove_generations(self, besides: Path | None) -> None:
        for file in self.home.root.glob("store*.sqlite*"):
            if file != self.home.store and (besides is None or not file.name.startswith(besides.name)):
                file.unlink(missing_ok=True)
        for file in self.home.root.glob(".store-*.link"):
            file.unlink(missing_ok=True)

    def _fill(self, store: Store, damaged: dict[str, str]) -> None:
        """Read every folder there is."""
        names = self._names()
        with store.transaction():
            for at, name in enumerate(names):
                if at % 200 == 199:
                    self.report.step("indexing", f"{at} of {len(names)} runs")
                self._add(store, name, damaged)
        self.report.done()

    def _catch_up(self, store: Store, damaged: dict[str, str]) -> None:
        """Bring in what has changed since the folders were read; nothing changes any more meanwhile."""
        names = set(self._names())
        filled = store.states()
        store.delete([run_id for run_id in filled if run_id not in names])
        with store.transaction():
            for name in names:
                if name not in filled or not filled[name].final:
                    damaged.pop(name, None)
                    self._add(store, name, damaged)

    def _add(self, store: Store, name: str, damaged: dict[str, str]) -> None:
        try:
            store.put_many([read_run(RunFolder(self.home.runs / name))])
        except (RecordError, OverflowError) as problem:
            damaged[name] = str(problem)


def open_index(world: World) -> Index:
    """The index of this home."""
    return Index(world.home, world.report)


def is_there(run: Run) -> bool:
    """Whether a row of the index has its folder still."""
    return os.path.exists(f"{run.folder}/plan.json")


def _is_network(folder: Path) -> bool:
    """Whether ``folder`` is on a file system that several machines share, as far as Linux tells."""
    try:
        mounts = Path("/proc/self/mounts").read_text("utf-8", "surrogateescape").splitlines()
    except OSError:
        return False
    place, kind = "", ""
    real = str(folder.resolve())
    for mount in mounts:
        _, at, mounted, *_ = mount.split(" ")
        at = at.replace("\\040", " ")
        inside = real == at or real.startswith(at.rstrip("/") + "/")
        if inside and len(at) >= len(place):
            place, kind = at, mounted
    return kind in _NETWORK
