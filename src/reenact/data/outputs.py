"""What a command has left, after it has ended: what it holds, and a copy of it."""

import os
import time
from collections.abc import Iterator, Mapping
from contextlib import suppress
from pathlib import Path

from reenact.data.content import WORTH_TELLING, Unread, find_obstacle, list_facts, read_content
from reenact.data.places import Site, find_places, walk
from reenact.plan import Plan
from reenact.project.data_paths import belongs, escape
from reenact.project.paths import is_remote
from reenact.records.types import MISSING, OutputFile
from reenact.run_folder import RunFolder
from reenact.size_limit import find_size_limit
from reenact.values import NamedTuple
from reenact.world import World

ARTIFACTS = "artifacts"
ELSEWHERE = "kept where it is"
"""The problem of an output that is no file of this machine."""


class Before(NamedTuple):
    """How it stood before the command: the facts of the files that are outputs already, by path, and the ``path``
    parameters that led to nothing yet."""

    facts: Mapping[str, tuple[int, ...]] = {}
    absent: tuple[str, ...] = ()

    def holds(self, path: Path) -> bool:
        """Whether a file is as it was before."""
        try:
            return self.facts.get(str(path)) == list_facts(os.lstat(path))
        except OSError:
            return False


def look_before(plan: Plan, site: Site) -> Before:
    """What will be compared with what the command leaves."""
    facts: dict[str, tuple[int, ...]] = {}
    for declared in (*(output.path for output in plan.outputs), *(metric.path for metric in plan.metrics)):
        for path in _find_files(declared, site):
            with suppress(OSError):
                facts[str(path)] = list_facts(os.lstat(path))
    absent = (value.path for value in plan.path_values if not os.path.lexists(site.locate(value.path)))
    return Before(facts, tuple(absent))


def keep_outputs(plan: Plan, site: Site, before: Before, world: World, seconds: float | None) -> tuple[OutputFile, ...]:
    """The declared outputs and the artifacts, each file once, copied unless it is larger than the limit.

    A ``path`` parameter that led to nothing before counts as declared. With ``seconds`` nothing more is read after
    them, and no large file.
    """
    keeper = _Keeper(site, before, world, seconds)
    found: dict[str, OutputFile] = {}
    artifacts = [keeper.keep(path, "") for path in walk_artifacts(site)]
    for file in artifacts:
        found[file.path] = file
    appeared = [path for path in before.absent if os.path.lexists(site.locate(path))]
    for declared in (*(output.path for output in plan.outputs), *map(escape, appeared)):
        if is_remote(declared):
            found.setdefault(declared, OutputFile(declared, None, None, problem=ELSEWHERE))
            continue
        files = [keeper.keep(path, declared) for path in _find_files(declared, site)]
        for file in files:
            found.setdefault(file.path, file)
        if not (files or _is_there(declared, site) or any(belongs(file.path, declared) for file in artifacts)):
            found.setdefault(declared, OutputFile(declared, None, None, problem=MISSING))
    world.report.done()
    return tuple(found.values())


def walk_artifacts(site: Site) -> Iterator[Path]:
    """Every file among the run's artifacts."""
    folder = RunFolder(site.run).artifacts
    if folder.is_dir() and not folder.is_symlink():
        yield from walk(folder, site, follow=False)


def _find_files(declared: str, site: Site) -> Iterator[Path]:
    if is_remote(declared):
        return
    for place in find_places(declared, site):
        if place.is_dir() and not place.is_symlink():
            yield from walk(place, site, follow=False)
        else:
            yield place


def _is_there(declared: str, site: Site) -> bool:
    return bool(find_places(declared, site))


class _Keeper:
    """Reads and copies what one run has left."""

    def __init__(self, site: Site, before: Before, world: World, seconds: float | None) -> None:
        self.site = site
        self.before = before
        self.world = world
        self.limit = find_size_limit(world.environ)
        self.until = None if seconds is None else time.monotonic() + seconds

    def keep(self, path: Path, declared: str) -> OutputFile:
        """One file, which a declaration leads to; none for an artifact, which stays where it is."""
        name = self._name(path, declared)
        size = None
        try:
            size = self._expect_within(path, declared).st_size
            if self.until is not None and (time.monotonic() > self.until or size > WORTH_TELLING):
                raise Unread("not read: the run was stopped")
            content, kept = self._read(path, name, size, in_place=not declared)
        except Unread as problem:
            return OutputFile(name, size, None, problem=str(problem))
        except OSError as problem:
            return OutputFile(name, size, None, problem=problem.strerror or str(problem))
        return OutputFile(name, size, content, kept, unchanged=self.before.holds(path))

    def _name(self, path: Path, declared: str) -> str:
        if not declared:
            return str(path.relative_to(self.site.run))
        name = self.site.name(path)
        # The other artifacts are the run's own.
        return f"./{name}" if name.split("/")[0] == ARTIFACTS else name

    def _expect_within(self, path: Path, declared: str) -> os.stat_result:
        """See that a path leads to a file that the project may call its own."""
        where = os.path.realpath(path)
        roots = [self.site.run, self.site.project]
        if declared.startswith(("/", "../")) and not path.is_symlink():
            roots.append(path.parent)
        if not any(f"{where}/".startswith(f"{os.path.realpath(root)}/") for root in roots):
            raise Unread("a link that leads out of the project")
        status = os.stat(where)
        if path.is_symlink() and os.path.isdir(where):
            raise Unread("a link to a folder")
        if obstacle := find_obstacle(where, status):
            raise Unread(obstacle)
        return status

    def _read(self, path: Path, name: str, size: int, *, in_place: bool) -> tuple[str, str | None]:
        """Its digest, and where its content is in the run folder."""
        if size >= WORTH_TELLING:
            self.world.report.step("reading", name)
        if in_place or size > self.limit:
            return read_content(path).digest, name if in_place else None
        kept = f"outputs/{_make_harmless(name)}"
        target = self.site.run / kept
        aside = target.with_name(f".{target.name}.part"[-250:])
        try:
            aside.parent.mkdir(parents=True, exist_ok=True)
            with open(aside, "wb") as file:
                digest = read_content(path, file.write).digest
            aside.rename(target)
        except Unread:
            aside.unlink(missing_ok=True)
            raise
        except OSError as problem:
            with suppress(OSError):
                aside.unlink(missing_ok=True)
            self.world.report.warn(f"the output {name} is recorded without a copy: {problem.strerror or problem}")
            return read_content(path).digest, None
        return digest, kept


def _make_harmless(name: str) -> str:
    """A relative path that stays below where it is put, different for different names."""
    parts = ["%2E%2E" if part == ".." else part for part in name.removeprefix("./").split("/") if part != "."]
    return "/".join(parts) if not name.startswith("/") else "/".join(["%2F", *parts[1:]])
