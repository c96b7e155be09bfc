"""Requirement lines as pip reads them: every ``-r`` and ``-c`` written out, every local path relative to the project.

The format is that of https://pip.pypa.io/en/stable/reference/requirements-file-format/. The lines of a definition
file, and every local path wherever it is written, are relative to the folder in which pip would be run: for MLflow the
project's, for conda that of its file. A ``-r`` or ``-c`` inside a requirements file is relative to that file. What is
not there is looked for in the other places, the last of which is the folder of the file in which it is written.
"""

import os
import re
from collections.abc import Iterable, Mapping
from pathlib import Path

from reenact.environments.credentials import redact
from reenact.environments.definition import make_error
from reenact.errors import ProjectError
from reenact.project.diagnostics import Position
from reenact.project.nearest import did_you_mean
from reenact.values import NamedTuple

VALUED = {
    "-r": "--requirement",
    "-c": "--constraint",
    "-e": "--editable",
    "-i": "--index-url",
    "--pypi-url": "--index-url",
    "-f": "--find-links",
    "--requirement": "--requirement",
    "--constraint": "--constraint",
    "--editable": "--editable",
    "--index-url": "--index-url",
    "--extra-index-url": "--extra-index-url",
    "--find-links": "--find-links",
    "--no-binary": "--no-binary",
    "--only-binary": "--only-binary",
    "--trusted-host": "--trusted-host",
    "--use-feature": "--use-feature",
}
FLAGS = ("--no-index", "--pre")
# The lock has a hash for everything; uv prefers a wheel of the version that it chose, and has pip's new features.
NEEDLESS = ("--require-hashes", "--prefer-binary", "--use-feature")
ARCHIVES = (".whl", ".zip", ".tar.gz", ".tgz", ".tar.bz2", ".tar.xz")
MAX_DEPTH = 20

# Patterns stay texts: re compiles one when it is first used, and most projects use few of them.
_COMMENT = r"(^|\s+)#.*$"
_VARIABLE = r"\$\{([A-Z0-9_]+)\}"
_NAMED = r"(?P<name>[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\])?)\s*@\s*(?P<target>\S.*)"
_EXTRAS = r"\[[A-Za-z0-9._, -]*\]$"
_TRAILING = r"\s+(--[a-z][a-z-]*)(?:[= ]\s*(\S+))?"
_URL = r"[A-Za-z][A-Za-z0-9+.-]*://"
_IN_URL = r"^[^;]*(://|\bfile:)"
_REQUIREMENT = r"[A-Za-z0-9][A-Za-z0-9._-]*\s*(\[[^\]]*\]\s*)?([<>=!~(@;].*)?"
_SSH = r"(?:git\+)?([\w.-]+@[\w.-]+):(?!/)(\S+)"
_CODING = rb"coding[:=]\s*([-\w.]+)"


class Line(NamedTuple):
    """One logical line, and where it stands; ``folder`` is what a ``-r`` in it is relative to."""

    text: str
    position: Position
    folder: Path


class Requirements(NamedTuple):
    """Lines without indirection. ``local`` are the paths that they lead to, ``files`` the files that were read."""

    dependencies: tuple[str, ...] = ()
    constraints: tuple[str, ...] = ()
    options: tuple[str, ...] = ()
    local: tuple[str, ...] = ()
    files: tuple[str, ...] = ()


class Local(NamedTuple):
    """A requirement that is a path: ``name[extras] @ path ; marker`` or ``path[extras] ; marker``."""

    name: str
    path: str
    extras: str
    marker: str

    def render(self, path: str) -> str:
        """The requirement, for another path."""
        marker = f" ; {self.marker}" if self.marker else ""
        return (f"{self.name} @ {path}" if self.name else f"{path}{self.extras}") + marker


def decode(data: bytes) -> str:
    """The text of a requirements file: UTF-8, or what a mark at its beginning or a coding comment says, as pip has it.

    Raises:
        UnicodeError: it is something else.
        LookupError: the comment names no encoding.
    """
    if data.startswith((b"\xff\xfe", b"\xfe\xff")):
        return data.decode("utf-16")
    head = (line for line in data.split(b"\n", 2)[:2] if line.startswith(b"#"))
    found = next(filter(None, (re.search(_CODING, line) for line in head)), None)
    return data.decode(found[1].decode() if found and not data.startswith(b"\xef") else "utf-8-sig")


def parse_text(text: str) -> list[tuple[int, str]]:
    """The logical lines of a requirements file with their numbers: joined at backslashes, without comments."""
    lines: list[tuple[int, str]] = []
    parts: list[str] = []
    first = 1
    for number, raw in enumerate([*text.splitlines(), ""], 1):
        first = first if parts else number
        ends = not raw.endswith("\\")
        is_comment = raw.lstrip().startswith("#")
        parts.append("" if is_comment else raw if ends else raw[:-1])
        # A comment line ends a continuation (pip: join_lines).
        if ends or is_comment:
            if line := _uncomment(" ".join(parts) if is_comment else "".join(parts)):
                lines.append((first, line))
            parts = []
    return lines


def _uncomment(line: str) -> str:
    return (re.sub(_COMMENT, "", line) if "#" in line else line).strip()


def _may_lead_elsewhere(text: str) -> bool:
    """Whether a requirement can be a path or a URL: told without a pattern, since nearly none is."""
    return (
        text.startswith((".", "~", "file:")) or "/" in text or "@" in text or any(a in text.lower() for a in ARCHIVES)
    )


def parse_local(text: str, *, editable: bool = False) -> Local | None:
    """The path that a requirement names, None where it names a project or a URL."""
    if not (editable or _may_lead_elsewhere(text)):
        return None
    head, marker = split_marker(text)
    name = ""
    if found := re.fullmatch(_NAMED, head):
        name, head = found["name"].replace(" ", ""), found["target"]
    if head.startswith("file:"):
        return Local(name, *_file_url(head), marker)
    if re.match(_URL, head):
        return None
    extras = re.search(_EXTRAS, head)
    path = head[: extras.start()].rstrip() if extras else head
    is_path = path.startswith((".", "/", "~")) or "/" in path or path.lower().endswith(ARCHIVES)
    if not (editable or name or is_path):
        return None
    return Local(name, path, extras[0].replace(" ", "") if extras else "", marker)


def split_marker(text: str) -> tuple[str, str]:
    """A requirement without its marker, and that. White space goes with the ``;`` behind a URL, which may hold one."""
    if ";" not in text:
        return text.strip(), ""
    head, *rest = re.split(r"\s;|;\s" if re.search(_IN_URL, text) else ";", text, maxsplit=1)
    return head.strip(), "".join(rest).strip()


def _file_url(url: str) -> tuple[str, str]:
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(url)
    path = unquote(parts.path)
    extras = re.search(_EXTRAS, path) or re.search(_EXTRAS, parts.fragment)
    return (path[: extras.start()] if extras and path.endswith("]") else path), extras[0] if extras else ""


def expand(lines: Iterable[Line], root: Path, cwd: Path, environ: Mapping[str, str]) -> Requirements:
    """All that ``lines`` say and lead to; ``root`` is the project's folder, ``cwd`` the one in which pip would be run.

    Raises:
        ProjectError: a file or path is missing, or an option means nothing here.
    """
    expansion = _Expansion(root, cwd, environ)
    for line in lines:
        expansion.take(line, constraint=False, depth=0)
    return Requirements(*(tuple(dict.fromkeys(found)) for found in expansion.found))


class _Expansion:
    """What was found so far."""

    def __init__(self, root: Path, cwd: Path, environ: Mapping[str, str]) -> None:
        self.root = root
        self.cwd = cwd
        self.environ = environ
        self.found: tuple[list[str], list[str], list[str], list[str], list[str]] = ([], [], [], [], [])

    def take(self, line: Line, *, constraint: bool, depth: int) -> None:
        if not line.text.startswith("-"):
            self._requirement(line.text, line, constraint=constraint)
            return
        for option, value in _options(line):
            if option in ("--requirement", "--constraint"):
                self._file(value, line, constraint or option == "--constraint", depth + 1)
            elif option == "--editable":
                self._requirement(value, line, constraint=constraint, editable=True)
            elif option == "--find-links" and not re.match(_URL, value):
                self._option(f"--find-links {self._path(value, line, 'the folder of --find-links')}")
            elif option not in NEEDLESS:
                self._option(f"{option} {value}".strip())

    def _option(self, text: str) -> None:
        self.found[2].append(redact(text))

    def _requirement(self, text: str, line: Line, *, constraint: bool, editable: bool = False) -> None:
        text, hashes = _split_hashes(text, line)
        if found := re.match(_SSH, text):
            hint = f"write it as git+ssh://{found[1]}/{found[2]}"
            raise make_error("bad-address", f"'{text}' is no address that pip reads", line.position, hint)
        local = parse_local(text, editable=editable)
        if local is not None:
            text = local.render(self._path(local.path, line, "the local package"))
        elif not re.match(_URL, text):
            _check_form(text, line)
        self.found[1 if constraint else 0].append(redact(" ".join((text, *hashes))))

    def _path(self, written: str, line: Line, what: str) -> str:
        path = self._find(written, line, (self.cwd, line.folder))
        if path is None:
            hint = f"looked for {self.cwd / self._expand(written)}"
            if "@ file:" in line.text:
                hint = f"it was built there on the machine that wrote this list; write NAME==VERSION ({hint})"
            raise make_error("missing-path", f"{what} '{written}' does not exist", line.position, hint)
        shown = self._relative(path)
        if shown not in self.found[3]:
            self.found[3].append(shown)
        return shown

    def _file(self, written: str, line: Line, constraint: bool, depth: int) -> None:
        if re.match(_URL, written) and not written.startswith("file:"):
            hint = "put a copy of it beside the project's other files"
            raise make_error("remote-requirements", f"'{redact(written)}' is not a file", line.position, hint)
        path = self._find(written, line, (line.folder, self.cwd))
        if path is None or not path.is_file():
            hint = f"looked for {line.folder / self._expand(written)}"
            raise make_error("missing-file", f"the requirements file '{written}' does not exist", line.position, hint)
        shown = self._relative(path).removeprefix("./")
        if depth > MAX_DEPTH:
            raise make_error("too-deep", f"'{written}' leads back to itself", line.position)
        if shown not in self.found[4]:
            self.found[4].append(shown)
        try:
            text = decode(path.read_bytes())
        except (OSError, UnicodeError, LookupError) as problem:
            raise ProjectError(f"cannot read {shown}: {problem}", hint="save it as UTF-8") from problem
        for number, logical in parse_text(text):
            inner = Line(logical, Position(shown, number, 1), path.parent)
            self.take(inner, constraint=constraint, depth=depth)

    def _find(self, written: str, line: Line, folders: tuple[Path, ...]) -> Path | None:
        text = self._expand(written)
        if text.startswith("file:"):
            text = _file_url(text)[0]
        folders = (*folders, self.root, (self.root / line.position.file).parent)
        places = (Path(os.path.normpath(folder / Path(text).expanduser())) for folder in folders)
        return next((place for place in places if place.exists()), None)

    def _expand(self, text: str) -> str:
        return re.sub(_VARIABLE, lambda found: self.environ.get(found[1], found[0]), text)

    def _relative(self, path: Path) -> str:
        here = os.path.relpath(path, self.root)
        return here if here.startswith("..") else f"./{here}" if here != "." else "."


def _check_form(text: str, line: Line) -> None:
    """See that the line asks for a project in the form that pip knows."""
    if "=" in text and "==" not in text and re.fullmatch(r"[A-Za-z0-9._-]+\s*=\s*[0-9][\w.*]*(=\w+)?", text):
        hint = f"PyPI's form is '{re.sub(r'=', '==', text, count=1).partition('==')[0].strip()}==VERSION'"
        raise make_error("conda-requirement", f"'{text}' is written as conda has it", line.position, hint)
    # Without a pattern, for every line of every run comes by here.
    if any(part.rstrip(" )").endswith(("<", ">", "=", "~")) for part in text.partition(";")[0].split(",")):
        message = f"'{redact(text)}' has an operator that no version follows"
        raise make_error("bad-requirement", message, line.position, "for example NAME>=1,<2")
    if not re.fullmatch(_REQUIREMENT, text, re.DOTALL):
        hint = "a line is NAME, NAME==1.2, NAME>=1,<2, NAME @ URL, a path or an option"
        raise make_error("bad-requirement", f"'{redact(text)}' is not a requirement", line.position, hint)


def _options(line: Line) -> list[tuple[str, str]]:
    import shlex

    # The quotes of a marker are its own.
    text, marker = split_marker(line.text) if line.text.startswith(("-e", "--editable")) else (line.text, "")
    try:
        words = shlex.split(text)
    except ValueError as problem:
        raise make_error("bad-option", f"cannot read '{redact(line.text)}': {problem}", line.position) from problem
    found = []
    while words:
        word = words.pop(0)
        if not word.startswith("-"):
            each = "an option and a requirement are a line each"
            raise make_error("bad-option", f"'{redact(word)}' follows an option", line.position, each)
        option, equals, value = word.partition("=")
        if not option.startswith("--") and len(option) > 2:
            # -rfile, -e./pkg
            option, value, equals = word[:2], word[2:].removeprefix("="), "="
        if option in FLAGS or (option in NEEDLESS and option not in VALUED):
            found.append((option, ""))
            continue
        if option not in VALUED:
            hint = did_you_mean(option, (*VALUED, *FLAGS))
            raise make_error("unknown-option", f"the option '{option}' means nothing here", line.position, hint)
        if not equals:
            # pip: the rest of the line belongs to a path that holds spaces
            value = words.pop(0) if words else ""
        if not value:
            raise make_error("bad-option", f"the option '{option}' needs a value", line.position)
        if VALUED[option] == "--editable":
            value, words = " ".join((value, *words)) + (f" ; {marker}" if marker else ""), []
        found.append((VALUED[option], value))
    return found


def _split_hashes(text: str, line: Line) -> tuple[str, list[str]]:
    """A requirement without its own options, and its ``--hash`` options."""
    begin = re.search(r"\s--?[a-z]", text) if " -" in text or "\t-" in text else None
    if begin is None:
        return text, []
    hashes = []
    for found in re.finditer(_TRAILING, text[begin.start() :]):
        if found[1] != "--hash" or not found[2]:
            message = f"the option '{found[1]}' of a requirement is not served"
            raise make_error("unknown-option", message, line.position, "only --hash is")
        hashes.append(f"--hash={found[2]}")
    return text[: begin.start()].strip(), hashes
