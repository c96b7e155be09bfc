"""What a command has to read, before it starts: that it is there, and what it holds."""

import os
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from pathlib import Path

from reenact.data.content import WORTH_TELLING, Unread, find_obstacle, read_content
from reenact.data.folders import digest_listing
from reenact.data.memo import Memo
from reenact.data.places import IN_RUN, Site, find_places, walk
from reenact.errors import InputError
from reenact.plan import Plan
from reenact.project.data_paths import escape
from reenact.project.paths import is_remote
from reenact.records.types import InputFile
from reenact.values import NamedTuple
from reenact.world import World


class Limits(NamedTuple):
    """Of a folder with more than ``each`` files there is one line for all. Of a ``path`` parameter, which nobody has
    declared to be an input, no more than so many ``unasked_files`` and ``unasked_bytes`` are read; declared ones are
    read whole."""

    each: int = 10_000
    unasked_files: int = 100_000
    unasked_bytes: int = 4 << 30


USUAL = Limits()


class Answer(NamedTuple):
    """What a server says of what it has: its size, and its version in the server's own words."""

    size: int | None = None
    version: str | None = None


def list_missing(plan: Plan, site: Site) -> list[str]:
    """The declared inputs that are not there. What is downloaded for the run is not looked for."""
    return [path for path in map(_make_local, plan.inputs) if not _is_elsewhere(path) and not _is_there(path, site)]


def expect_inputs(plan: Plan, site: Site) -> None:
    """See that every declared input is there.

    Raises:
        InputError: some are not; all of them are told together.
    """
    missing = list_missing(plan, site)
    if not missing:
        return
    listed = "".join(f"\n  {path}" for path in missing)
    message = f"the project declares inputs that are not there:{listed}"
    raise InputError(message, hint=f"relative paths are looked for in {site.project}")


def record_inputs(
    plan: Plan, site: Site, world: World, ask: Callable[[str], Answer], limits: Limits = USUAL
) -> tuple[InputFile, ...]:
    """The declared inputs and what ``path`` parameters lead to, each file once. ``ask`` asks a server.

    What cannot be read is recorded as such, and is told where it is declared.
    """
    found: dict[str, InputFile] = {}
    recording = _Recording(site, world, ask, limits)
    for declared in map(_make_local, plan.inputs):
        for file in recording.record(declared, declared):
            found.setdefault(file.path, file)
            if file.problem is not None:
                world.report.warn(f"the input {file.path} is not in the record: {file.problem}")
    for value in plan.path_values:
        for file in recording.record(escape(value.path), f"parameter {value.parameter}"):
            found.setdefault(file.path, file)
    world.report.done()
    return tuple(found.values())


def list_folder(folder: Path, site: Site, world: World) -> dict[str, str]:
    """Of every file of a folder that is an input, by its path in it: the digest, or why it was not read."""
    memo = Memo(folder, world)
    reader = _Reader(site, world, memo, "")
    paths = list(walk(folder, site, follow=True))
    found = _name_inside(folder, paths, map(reader.read, paths))
    memo.save()
    world.report.done()
    return found


def _name_inside(folder: Path, paths: Iterable[Path], files: Iterable[InputFile]) -> dict[str, str]:
    named = zip(paths, files, strict=True)
    return {str(path.relative_to(folder)): file.digest or file.problem or "" for path, file in named}


def _make_local(declared: str) -> str:
    """The path of a ``file:`` address; any other declaration as it is."""
    if not declared.lower().startswith("file:/"):
        return declared
    from urllib.parse import unquote, urlsplit

    return escape(unquote(urlsplit(declared).path))


def _is_elsewhere(path: str) -> bool:
    return is_remote(path) or path.startswith(f"{IN_RUN}inputs/")


def _is_there(path: str, site: Site) -> bool:
    return any(map(os.path.exists, find_places(path, site)))


class _Recording:
    """One call of :func:`record_inputs`."""

    def __init__(self, site: Site, world: World, ask: Callable[[str], Answer], limits: Limits) -> None:
        self.site = site
        self.world = world
        self.ask = ask
        self.limits = limits

    def record(self, declared: str, origin: str) -> Iterator[InputFile]:
        """All that a declaration leads to; that of a parameter has another origin than itself."""
        if is_remote(declared):
            answer = self.ask(declared)
            yield InputFile(declared, answer.size, None, origin, answer.version)
            return
        memo = Memo(self.site.locate(declared), self.world)
        reader = _Reader(self.site, self.world, memo, origin)
        for place in find_places(declared, self.site):
            if os.path.isdir(place):
                yield from reader.read_folder(place, self.limits, bounded=origin != declared)
            elif os.path.exists(place):
                yield reader.read(place)
        memo.save()


class _Reader:
    """Reads the files of one input."""

    def __init__(self, site: Site, world: World, memo: Memo, origin: str) -> None:
        self.site = site
        self.world = world
        self.memo = memo
        self.origin = origin

    def read(self, path: Path) -> InputFile:
        """One file; one that is not read says why."""
        name = self.site.name(path)
        try:
            status = os.stat(path)
            if obstacle := find_obstacle(str(path), status):
                raise Unread(obstacle)
            if (known := self.memo.find(str(path), status)) is not None:
                return InputFile(name, status.st_size, known, self.origin)
            if status.st_size >= WORTH_TELLING:
                self.world.report.step("reading", name)
            began = self.world.now()
            content = read_content(path)
            self.memo.keep(str(path), content, began)
        except OSError as problem:
            return InputFile(name, None, None, self.origin, problem=problem.strerror or str(problem))
        except Unread as problem:
            return InputFile(name, None, None, self.origin, problem=str(problem))
        return InputFile(name, content.size, content.digest, self.origin)

    def read_folder(self, folder: Path, limits: Limits, *, bounded: bool) -> Iterator[InputFile]:
        """Every file of a folder, or one line for very many."""
        paths = list(islice(walk(folder, self.site, follow=True), limits.unasked_files + 1 if bounded else None))
        if bounded and (reason := _find_excess(paths, limits)):
            yield self._summarise(folder, paths, reason)
            return
        files = [self.read(path) for path in paths]
        if len(files) <= limits.each:
            yield from files
            return
        size = sum(file.size or 0 for file in files)
        digest = digest_listing(_name_inside(folder, paths, files))
        yield InputFile(f"{self.site.name(folder)}/", size, digest, self.origin, files=len(files))

    def _summarise(self, folder: Path, paths: list[Path], reason: str) -> InputFile:
        return InputFile(f"{self.site.name(folder)}/", None, None, self.origin, files=len(paths), problem=reason)


def _find_excess(paths: list[Path], limits: Limits) -> str | None:
    """Why a folder that nobody declared is not read, or None."""
    if len(paths) > limits.unasked_files:
        return f"not read: more than {limits.unasked_files:,} files; declare it as an input to have it read"
    total = 0
    for path in paths:
        try:
            total += os.stat(path).st_size
        except OSError:
            continue
    if total > limits.unasked_bytes:
        return f"not read: {total / 2**30:.0f} GiB; declare it as an input to have it read"
    return None
