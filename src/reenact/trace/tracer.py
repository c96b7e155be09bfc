"""One traced command: made ready before it, read after it."""

import os
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

from reenact.data.metrics import find_files
from reenact.data.places import Site, find_places
from reenact.files import delete_tree, make_folder, write_atomic
from reenact.plan import DockerSpec, Plan
from reenact.project.paths import is_remote
from reenact.records.files import read_code, read_inputs, read_outputs
from reenact.records.types import Code, InputFile, OutputFile
from reenact.run_folder import RunFolder
from reenact.trace import strace
from reenact.trace.events import read_hook_events
from reenact.trace.judge import judge
from reenact.trace.noise import TEMPORARY, Surroundings, list_program_folders
from reenact.trace.record import Trace
from reenact.world import World

HOOK = Path(__file__).with_name("hook.py")
CODE_INSIDE = "/mlflow/projects/code"
"""Where a container has the project's code."""

_PREFIX = ("bin", "lib", "lib64", "include", "share", "etc", "ssl", "pyvenv.cfg", "conda-meta")
"""What belongs to an installed Python below its prefix, where more than it may lie."""


class Tracer:
    """Traces the command of one run. ``root`` is the root of its source, ``site`` where its paths lead to."""

    def __init__(self, plan: Plan, root: Path, site: Site, world: World) -> None:
        self._plan = plan
        self._root = root
        self._site = site
        self._world = world
        self._folder = RunFolder(site.run)
        self._contained = isinstance(plan.environment, DockerSpec)
        # What is inside of an image is the project alone.
        baked = isinstance(plan.environment, DockerSpec) and plan.environment.bake
        self._code = root / plan.command.cwd if baked else root

    def begin(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Make ready what is written to; the command as it is to be started.

        Raises:
            StorageError: the run folder cannot be written.
        """
        delete_tree(self._folder.traces)
        make_folder(self._folder.trace_hook)
        if self._plan.trace == "strace":
            program = self._world.find_program(strace.NAME) or strace.NAME
            return strace.make_argv(program, self._folder.traces, argv)
        write_atomic(self._folder.trace_hook / "sitecustomize.py", HOOK.read_bytes())
        if self._contained:
            # Whoever the command is inside.
            self._folder.traces.chmod(0o1777)
        return argv

    def finish(self) -> Trace:
        """What was seen; what it was read from is deleted.

        Raises:
            OSError: it cannot be read.
        """
        read = strace.read_strace_events if self._plan.trace == "strace" else read_hook_events
        events = read(self._folder.traces)
        places = [field for event in events if event.kind == "P" for field in event.fields[1:]]
        programs = {field for event in events if event.kind == "p" for field in event.fields}
        around = self._look_around(places, programs if self._plan.trace == "strace" else set())
        trace = judge(self._plan.trace or "python", events, around, self._place)
        trace = trace._replace(read=self._name_each(trace.read), written=self._name_each(trace.written))
        # A process that lost its file has begun another one; both are named by its number.
        numbers = {re.sub(r"^calls\.|-.*", "", name) for name in os.listdir(self._folder.traces)}
        trace = trace._replace(processes=sum(number.isdecimal() for number in numbers))
        with suppress(OSError):
            delete_tree(self._folder.traces)
        return trace

    def _name_each(self, paths: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(self._site.name(Path(path)) for path in paths)

    def _place(self, path: str) -> str:
        if self._contained and f"{path}/".startswith(f"{CODE_INSIDE}/"):
            return f"{self._code}{path.removeprefix(CODE_INSIDE)}"
        return path

    def _look_around(self, places: list[str], programs: set[str]) -> Surroundings:
        """What the run is made of, given where its interpreters have their packages, and the programs that it ran."""
        top, left_out = self._find_code(read_code(self._folder))
        home, run = self._site.home, self._site.run
        environ = self._world.environ
        kept = (home / name for name in ("environments", "packages", "trees", "objects"))
        known = [str(run), *map(str, kept), *(f"{place}/{name}" for place in places for name in _PREFIX)]
        known += [place for place in places if place.endswith(("-packages", "/lib")) or "/lib/python" in place]
        folders = {os.path.dirname(form) for program in programs for form in (program, os.path.realpath(program))}
        known += list_program_folders(os.pathsep.join((environ.get("PATH", ""), *sorted(folders))))
        temporary = TEMPORARY | frozenset(filter(None, (environ.get("TMPDIR"),)))
        return Surroundings(
            code=_both(self._root, top),
            left_out=left_out,
            declared=_both(*self._list_declared()),
            outputs=_both(*self._list_outputs(), run),
            known=_both(*map(Path, known)),
            temporary=temporary,
            visible=frozenset(self._list_visible()) if self._contained else None,
        )

    def _find_code(self, code: Code | None) -> tuple[Path, frozenset[str]]:
        """The top of what was captured, and what of it was not kept."""
        if code is None:
            return self._root, frozenset()
        top = Path(os.path.normpath(self._root / "/".join([".."] * len(Path(code.prefix).parts))))
        lacking = (each.path for each in code.left_out if each.why != "tools")
        return top, _both(*(top / path for path in lacking))

    def _list_declared(self) -> Iterator[Path]:
        files: tuple[InputFile, ...] = read_inputs(self._folder)
        for path in (*self._plan.inputs, *(value.path for value in self._plan.path_values)):
            if not is_remote(path):
                yield from find_places(path, self._site)
        yield from (self._site.locate(file.path) for file in files if not is_remote(file.path))

    def _list_outputs(self) -> Iterator[Path]:
        files: tuple[OutputFile, ...] = read_outputs(self._folder)
        yield from (self._site.locate(file.path) for file in files if not is_remote(file.path))
        yield from (self._site.locate(value.path) for value in self._plan.path_values)
        for output in self._plan.outputs:
            if not is_remote(output.path):
                yield from find_places(output.path, self._site)
        for metric in self._plan.metrics:
            yield from find_files(metric, self._site)

    def _list_visible(self) -> Iterator[str]:
        """What of this machine a container sees by the same path."""
        yield from self._plan.paths
        spec = self._plan.environment
        if isinstance(spec, DockerSpec):
            asked = (value for name, value in spec.arguments if name in ("v", "volume") and value)
            for volume in (*spec.container.volumes, *asked):
                yield from volume.split(":")[1:2]


def _both(*paths: Path) -> frozenset[str]:
    """The paths as they are, and as they are without links."""
    return frozenset(form for path in paths for form in (os.path.normpath(path), os.path.realpath(path)))


def find_undeclared(trace: Trace, show: Callable[[str], str] = str) -> str | None:
    """Why a command that may only read what is declared has failed, or None."""
    if trace.by == "python" and not trace.processes:
        return "no Python that can be traced was started, so that nothing is known of what was read"
    if not trace.read:
        return None
    more = f" and {len(trace.read) - 3} more" if len(trace.read) > 3 else ""
    return f"read without being declared: {', '.join(map(show, trace.read[:3]))}{more}"
