"""Does the project name places that only one machine has?"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.modules import Module, list_names
from reenact.doctor.subject import Subject
from reenact.doctor.text import find_text
from reenact.environments.credentials import redact
from reenact.plan import CondaSpec, PythonSpec
from reenact.project.diagnostics import Position
from reenact.world import World

ABSOLUTE = Concern(
    "absolute-path",
    "warning",
    "the place exists on one machine; elsewhere the run fails, or reads and writes something else",
    "put the file into the project and name it relative to the project's folder, or make it a parameter of type path",
)
HOME = Concern(
    "home-path",
    "note",
    "every user has another home, and a server or a container an empty one: what lies there is in no record",
    "make it a parameter of type path, or use a folder of the project",
)
TEMPORARY = Concern(
    "temporary-path",
    "note",
    "two runs at the same time write over each other there, and nothing that lies there is recorded",
    "use the tempfile module, or $REENACT_RUN_DIR/artifacts for what is to be kept",
)
CONCERNS = (ABSOLUTE, HOME, TEMPORARY)

_HOMES = r"/home/[^/\s:{}<>*$]+|/Users/[^/\s:{}<>*$]+|/root|/mnt|/media|/Volumes|/scratch|/content|/kaggle|/dbfs|/data"
_MACHINE = rf"(?:file://)?(?:{_HOMES})/[\w.@ +-]|[A-Za-z]:(?:\\{{1,2}}|/)[\w.$ -]"
_HOME = r"~(?:[a-z_][\w-]*)?/[\w.]|\$\{?HOME\}?/[\w.]"
_CONTAINER = r"/Users/[^/\s]+/\w|[A-Za-z]:\\{1,2}[\w.$ -]"
_TEMPORARY = r"(?:file://)?(?:/var)?/tmp/[\w.-]"
_IN_REQUIREMENTS = r"@\s*(file:///\S+)|(?:-e|--editable|-r|-f|--find-links)[ =]+((?:/|~/|[A-Z]:\\)\S+)"
_MOST = 300
_NO_PATH = ("re.", "regex.", "os.environ.get", "os.getenv", "print", "warnings.warn")
_NO_PATH_METHODS = list_names(
    """
    startswith endswith replace split rsplit strip lstrip rstrip find index match search sub count
    partition route get post put delete patch add_url_rule url_path_for info debug warning error
    exception critical
    """
)
_NO_PATH_WORDS = frozenset(("help", "description", "epilog", "url", "endpoint", "usage", "title", "label", "message"))


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Absolute paths and paths below a home, in code, commands, defaults and requirement lines."""
    inside = subject.is_contained
    for module in subject.modules:
        yield from _find_in_module(module, inside=inside)
    yield from _find_in_commands(subject, inside=inside)
    yield from _find_in_defaults(subject, inside=inside)
    yield from _find_in_volumes(subject)
    if isinstance(subject.spec, PythonSpec | CondaSpec):
        yield from _find_in_requirements(subject)


def judge(text: str, *, inside: bool = False) -> Concern | None:
    """What is to be said of a text where a path may stand; ``inside`` a container, most places are the image's own."""
    if len(text) > _MOST or "\n" in text:
        return None
    if re.match(_CONTAINER if inside else _MACHINE, text):
        return ABSOLUTE
    if inside:
        return None
    if re.match(_HOME, text):
        return HOME
    return TEMPORARY if re.match(_TEMPORARY, text) else None


def _find_in_module(module: Module, *, inside: bool) -> Iterator[Finding]:
    for node in module.parents:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            concern = judge(node.value, inside=inside)
            if concern is not None and _is_used_as_path(node, module):
                yield concern.found(f"'{_shorten(node.value)}'", module.position(node))
    if inside:
        return
    for call in module.calls:
        if call.name == "pathlib.Path.home" and not isinstance(module.parents.get(call.node), ast.Expr):
            yield HOME.found("Path.home()", call.position)


def _is_used_as_path(node: ast.Constant, module: Module) -> bool:
    """Not a docstring, a piece in the middle of a text, a pattern, an address' end, or what is printed."""
    inner: ast.AST = node
    for around in module.around(node):
        if isinstance(around, ast.Expr) and around.value is node:
            return False
        if isinstance(around, ast.JoinedStr) and around.values[0] is not inner:
            return False
        if isinstance(around, ast.BinOp) and isinstance(around.op, ast.Add) and around.right is inner:
            return False
        if isinstance(around, ast.Compare | ast.Raise | ast.Assert):
            return False
        if isinstance(around, ast.keyword) and around.arg in _NO_PATH_WORDS:
            return False
        if isinstance(around, ast.Call) and _takes_no_path(around, module):
            return False
        if isinstance(around, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and inner in around.decorator_list:
            return False
        inner = around
    return True


def _takes_no_path(call: ast.Call, module: Module) -> bool:
    name = module.find_name(call.func)
    method = call.func.attr if isinstance(call.func, ast.Attribute) else ""
    return name.startswith(_NO_PATH) or (method in _NO_PATH_METHODS and not name.startswith(("shutil.", "pandas.")))


def _find_in_commands(subject: Subject, *, inside: bool) -> Iterator[Finding]:
    for entry_point, file, commands in subject.started.commands:
        for command in commands:
            for word in command.words[0:1] + command.words[1:]:
                # What comes after "--data=", or after ">".
                text = re.sub(r"^(--?[\w-]+=|[A-Za-z_]\w*=|\d?>{1,2}|<)", "", word)
                concern = judge(text, inside=inside)
                if concern is not None and (place := subject.find_in_command(text, entry_point, file)):
                    yield concern.found(f"'{_shorten(text)}' in a command", place, entry_point)


def _find_in_defaults(subject: Subject, *, inside: bool) -> Iterator[Finding]:
    for entry_point in subject.entry_points:
        for parameter in entry_point.parameters:
            text = parameter.default
            concern = None if text is None or parameter.secret else judge(text, inside=inside)
            if concern is not None and text is not None:
                message = f"'{_shorten(text)}' is the default of '{parameter.name}'"
                yield concern.found(message, parameter.position, entry_point.name)


def _find_in_volumes(subject: Subject) -> Iterator[Finding]:
    docker, position = subject.project.environment.docker, subject.project.environment.position
    if docker is None or position is None:
        return
    for volume in docker.volumes:
        here = volume.partition(":")[0]
        if judge(here) is ABSOLUTE:
            place = subject.find_place(volume, position.file, position.line)
            yield ABSOLUTE.found(f"'{_shorten(here)}' is mounted into the container", place)


def _find_in_requirements(subject: Subject) -> Iterator[Finding]:
    """What a list that was made on one machine says of that machine: ``package @ file:///…``, ``-e /home/…``."""
    spec = subject.spec
    files = spec.files if isinstance(spec, PythonSpec) else spec.pip.files if isinstance(spec, CondaSpec) else ()
    origin = getattr(spec, "origin", None)
    for file in dict.fromkeys((*files, *([origin] if origin else []))):
        if not file.endswith((".txt", ".yaml", ".yml", ".in")):
            continue
        for number, line in enumerate((find_text(subject.root / file) or "").splitlines(), 1):
            found = re.search(_IN_REQUIREMENTS, line)
            if found and not line.lstrip().startswith("#"):
                what = found[1] or found[2]
                place = Position(file, number, found.start(1 if found[1] else 2) + 1)
                yield ABSOLUTE.found(f"'{_shorten(redact(what))}' is a place of the machine that made the list", place)


def _shorten(text: str) -> str:
    return text if len(text) <= 80 else f"{text[:79]}…"
