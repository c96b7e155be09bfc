"""What the doctor looks at: a project with everything that several checks ask for, read once."""

from __future__ import annotations

from pathlib import Path

from reenact import environments
from reenact.doctor.modules import Module
from reenact.doctor.programs import Started, find_started
from reenact.doctor.text import find_text
from reenact.doctor.tree import Tree, read_tree
from reenact.document_cache import find_documents
from reenact.errors import ProjectError, UnsupportedError, UsageError
from reenact.plan import EnvironmentSpec
from reenact.project.convention import MAIN_SCRIPTS, find_scripts, get_script
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.environment_files import with_own_environment
from reenact.project.load import get_entry_point, read_project
from reenact.project.types import EntryPoint, Project
from reenact.report import Memory
from reenact.values import NamedTuple
from reenact.world import World


class Subject(NamedTuple):
    """A project in ``root``. ``entry_points`` are those that are looked at, ``started`` what they lead to.

    ``spec`` is what its environment asks for, None where its files do not tell. ``diagnostics`` are what `reenact
    check` finds. ``is_copy`` says that the folder is a fresh checkout and nobody's work tree.
    """

    root: Path
    project: Project
    entry_points: tuple[EntryPoint, ...]
    started: Started
    spec: EnvironmentSpec | None
    diagnostics: tuple[Diagnostic, ...]
    tree: Tree
    is_copy: bool

    @property
    def modules(self) -> tuple[Module, ...]:
        """Every Python file of the programs, once."""
        return tuple({module.file: module for each in self.started.programs for module in each.modules}.values())

    @property
    def is_contained(self) -> bool:
        """Whether the commands run in a container, where most paths are the image's own."""
        return self.project.environment.docker is not None

    def find_place(self, text: str, file: str, after: int = 1) -> Position:
        """Where ``text`` stands first in a file, from line ``after`` on; that line where it does not."""
        written = (find_text(self.root / file) or "").splitlines()
        for number, line in enumerate(written[after - 1 :], after):
            if text in line:
                return Position(file, number, line.find(text) + 1)
        return Position(file, after, 1)

    def find_in_command(self, text: str, entry_point: str, file: str) -> Position | None:
        """Where a word of a command stands: in a script, or in the project file from its entry point on."""
        if file:
            return self.find_place(text, file)
        position = next((each.position for each in self.entry_points if each.name == entry_point), None)
        return None if position is None else self.find_place(text, position.file, position.line)


def read_subject(root: Path, entry_point: str | None, world: World, *, is_copy: bool = False) -> Subject:
    """The project in ``root``, or one entry point of it. Nothing of it is run or imported.

    Raises:
        ProjectError: the folder cannot be read, or has no such entry point.
    """
    project = read_project(root, find_documents(world.home))
    entry_points = _choose(project, entry_point, root)
    if len(entry_points) == 1:
        project = with_own_environment(project, entry_points[0], root)
    if entry_point is not None:
        concerned = (None, entry_point)
        kept = tuple(found for found in project.diagnostics if found.entry_point in concerned)
        project = project._replace(diagnostics=kept)
    spec, doubts = ask_environment(project, root, world)
    return Subject(
        root,
        project,
        entry_points,
        find_started(entry_points, root),
        spec,
        (*project.diagnostics, *doubts),
        read_tree(root, world),
        is_copy,
    )


def _choose(project: Project, entry_point: str | None, root: Path) -> tuple[EntryPoint, ...]:
    if entry_point is not None:
        return (get_entry_point(project, entry_point, root),)
    if project.entry_points:
        return project.entry_points
    scripts = find_scripts(root)
    usual = [name for name in MAIN_SCRIPTS if name in scripts]
    return tuple(get_script(project, name, root) for name in usual or scripts if (root / name).is_file())


def ask_environment(
    project: Project, root: Path, world: World
) -> tuple[EnvironmentSpec | None, tuple[Diagnostic, ...]]:
    """What the files that define the environment ask for, and what is wrong in them, as far as reading can tell."""
    if any(found.code == "missing-file" for found in project.diagnostics):
        return None, ()
    report = Memory()
    try:
        spec = environments.ask(project, root, None, world._replace(report=report))
    except (UnsupportedError, UsageError):
        # Which variables the caller has set is no question about the project.
        return None, tuple(report.findings)
    except ProjectError as problem:
        errors = problem.diagnostics or (Diagnostic("error", "environment", problem.message, hint=problem.hint),)
        return None, (*report.findings, *errors)
    return spec, tuple(report.findings)
