"""Does a record have everything that the programs read?"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.paths import judge
from reenact.doctor.programs import Program
from reenact.doctor.reads import Access, find_defaults, find_reads, find_writes, is_address
from reenact.doctor.subject import Subject
from reenact.doctor.text import exists, is_file
from reenact.doctor.tree import find_size
from reenact.project.types import EntryPoint
from reenact.world import World

UNDECLARED = Concern(
    "undeclared-input",
    "warning",
    "the result depends on a file that no record has, so that nobody can tell whether it was the same",
    "declare it below `inputs:` of the entry point, or make it a parameter of type path; or add it to the repository",
)
POINTER = Concern(
    "lfs-pointer",
    "warning",
    "the program reads the few lines that stand for the file, and not the file",
    "fetch the content: `git lfs pull`",
)
CONCERNS = (UNDECLARED, POINTER)

_LFS = b"version https://git-lfs.github.com/spec/"


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Files that are read by a name that stands in the code, and that neither the project nor a declaration has."""
    made = _find_made(subject)
    for program in subject.started.programs:
        known = _list_declared(subject.entry_points)
        for module in program.modules:
            for access in find_reads(module):
                if not module.is_optional(access.call.node):
                    yield from _judge(access, program, known, made, subject)
            for access in find_defaults(module):
                if any(is_file(subject.root / name) for name in _names(access, program)):
                    yield from _judge(access, program, known, made, subject)


def _judge(
    access: Access, program: Program, declared: tuple[str, ...], made: frozenset[str], subject: Subject
) -> Iterator[Finding]:
    text = access.path.text
    if is_address(text) or judge(text) is not None or text.startswith(("/", "~", "$")) or len(text) > 1000:
        return
    names = _names(access, program)
    if not names or any(_is_declared(name, declared) for name in names):
        return
    position, entry_point = access.call.position, program.entry_point
    there = [name for name in names if exists(subject.root / name)]
    if not there:
        if not any(_is_made(name, made) or _is_elsewhere(name, subject.root) for name in names):
            message = f"'{names[0]}' is read; it is not in the project, and nothing in it makes the file"
            yield UNDECLARED.found(message, position, entry_point)
        return
    name = there[0]
    if _is_pointer(subject.root / name):
        yield POINTER.found(f"'{name}' is a pointer of git LFS", position, entry_point)
    elif subject.tree.has_git and not subject.tree.has(name) and not _is_made(name, made):
        yield UNDECLARED.found(
            f"'{name}' is read, and a record leaves it out, for it is ignored", position, entry_point
        )


def _names(access: Access, program: Program) -> tuple[str, ...]:
    """Where the file may be, relative to the project: below its folder, or below that of the script."""
    beside = posixpath.dirname(access.call.module.file)
    folders = (beside,) if access.path.beside else ("", posixpath.dirname(program.modules[0].file))
    names = dict.fromkeys(posixpath.normpath(posixpath.join(folder, access.path.text)) for folder in folders)
    return tuple(name for name in names if not name.startswith(("..", "/")) and name != ".")


def _list_declared(entry_points: tuple[EntryPoint, ...]) -> tuple[str, ...]:
    declared: list[str] = []
    for entry_point in entry_points:
        declared += entry_point.inputs
        declared += [output.path for output in entry_point.outputs]
        declared += [each.default for each in entry_point.parameters if each.type == "path" and each.default]
    return tuple(posixpath.normpath(re.sub(r"\{\w+\}", "*", name)) for name in declared)


def _is_declared(name: str, declared: tuple[str, ...]) -> bool:
    return any(fnmatch(name, each) or fnmatch(name, f"{each}/*") for each in declared)


def _find_made(subject: Subject) -> frozenset[str]:
    """Every name that a program or a command of the project may make a file under, ``*/NAME`` for one in any folder."""
    made: set[str] = set()
    for program in subject.started.programs:
        for module in program.modules:
            made |= {name for access in find_writes(module) for name in _names(access, program)}
    for _, _, commands in subject.started.commands:
        made |= {posixpath.normpath(word.lstrip("<>=")) for command in commands for word in command.words[1:]}
    last = {posixpath.basename(name) for name in made}
    return frozenset(made | {f"*/{name}" for name in last if "." in name})


def _is_made(name: str, made: frozenset[str]) -> bool:
    """Whether something makes the file, a folder that it lies in, or a file of that name in another folder."""
    folders = {name}
    while "/" in name:
        name = posixpath.dirname(name)
        folders.add(name)
    return bool((folders | {f"*/{posixpath.basename(each)}" for each in folders}) & made)


def _is_elsewhere(name: str, root: Path) -> bool:
    """Whether DVC keeps the file, or a folder that it lies in."""
    while name not in ("", "."):
        if exists(root / f"{name}.dvc"):
            return True
        name = posixpath.dirname(name)
    return exists(root / "dvc.yaml")


def _is_pointer(path: Path) -> bool:
    if not 0 < find_size(path) < 1024:
        return False
    try:
        return path.read_bytes().startswith(_LFS)
    except OSError:
        return False
