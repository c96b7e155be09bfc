"""Which file says what a project runs in where the project file does not: the first of a table, and never two.

What is there and does not count is remembered with the reason, so that nothing is passed over silently.
"""

import re
from pathlib import Path, PurePosixPath

from reenact.hints import TYPE_CHECKING, Literal
from reenact.project.cache import MAX_BYTES, Cache
from reenact.project.diagnostics import Diagnostic, Position
from reenact.project.types import EntryPoint, EnvironmentKey, EnvironmentSource, PassedOver, Project
from reenact.values import NamedTuple

if TYPE_CHECKING:
    from reenact.project.toml_text import Table


class Convention(NamedTuple):
    """A file that defines an environment by its name; with ``lock``, only where that file is beside it."""

    key: EnvironmentKey
    file: str
    lock: str | None = None


CONVENTIONS = (
    Convention("python_env", "python_env.yaml"),
    Convention("conda_env", "conda.yaml"),
    Convention("pyproject", "pyproject.toml", "uv.lock"),
    Convention("pyproject", "pyproject.toml", "poetry.lock"),
    Convention("pyproject", "pyproject.toml", "pdm.lock"),
    Convention("pylock", "pylock.toml"),
    Convention("pyproject", "pyproject.toml"),
    Convention("requirements", "requirements.txt", "requirements.lock"),
    Convention("requirements", "requirements.txt", "requirements.txt.lock"),
    Convention("requirements", "requirements.txt"),
    Convention("conda_env", "environment.yml"),
    Convention("conda_env", "environment.yaml"),
)
"""In the order in which they count. The header of a script comes before them all, for that script; MLflow knows the
first two, in this order."""

UNREAD = {
    "python_env.yml": "only python_env.yaml counts by its name; an MLproject may name it: 'python_env: python_env.yml'",
    "conda.yml": "only conda.yaml counts by its name; an MLproject may name it: 'conda_env: conda.yml'",
    "Pipfile": "it is not read; 'pipenv requirements > requirements.txt' says the same",
    "setup.py": "it is not read by itself; a requirements.txt with the line '.' installs it and what it needs",
}
"""Files that say what a project needs and do not count, told where nothing else does."""

LOCK_FILE = "reenact.lock"
"""Our own lock, beside the project file: environments that the author has resolved and committed."""

PYPROJECT_LOCKS = tuple(each.lock for each in CONVENTIONS if each.key == "pyproject" and each.lock)
REQUIREMENTS_LOCKS = tuple(each.lock for each in CONVENTIONS if each.key == "requirements" and each.lock)


def find_environment(root: Path, cache: Cache) -> EnvironmentSource:
    """The environment of a project that declares none: the first file of the table, or a bare Python."""
    names = _list_names(root)
    tool_only = "pyproject.toml" in names and not _is_project(root / "pyproject.toml", cache)
    present = [each for each in CONVENTIONS if each.file in names and (each.lock is None or each.lock in names)]
    usable = [each for each in present if not (tool_only and each.key == "pyproject")]
    chosen = usable[0] if usable else None
    over = _passed_over(chosen, names, tool_only=tool_only)
    if chosen is None:
        unread = (PassedOver(*item) for item in UNREAD.items() if (root / item[0]).is_file())
        return EnvironmentSource(passed_over=(*over, *unread))
    return EnvironmentSource(chosen.key, chosen.file, lock=chosen.lock, passed_over=over)


def with_passed_over(source: EnvironmentSource, root: Path, file: str) -> EnvironmentSource:
    """A declared environment with the files that would have counted if ``file`` did not declare it."""
    if source.docker is not None:
        return source
    # Which lock goes with a file that is named here is the question of whoever reads that file.
    own = {source.file, *(each.lock for each in CONVENTIONS if each.key == source.key)}
    there = _list_names(root)
    names = {name: None for each in CONVENTIONS for name in (each.file, each.lock) if name in there - own and name}
    declared = "conda_env" if source.key == "conda_env" else "python_env"
    return source._replace(passed_over=tuple(PassedOver(name, f"{file} has '{declared}'") for name in names))


def with_own_environment(project: Project, entry_point: EntryPoint, root: Path) -> Project:
    """``project`` as ``entry_point`` sees it: a script with a header of its own has the environment in that header,
    unless the project file declares one."""
    script = entry_point.script
    if script is None or not script.endswith(".py"):
        return project
    source = project.environment
    header = _find_header(root / script)
    if header is None:
        return project
    if header == "unended":
        message = f"the block '# /// script' of {script} has no end, and is ignored"
        hint = "every line from '# /// script' to '# ///' is '#' or begins with '# '"
        doubt = Diagnostic("warning", "unended-header", message, Position(script, 1, 1), hint=hint)
        return project._replace(diagnostics=(*project.diagnostics, doubt))
    if source.declared:
        over = PassedOver(script, "its header asks for packages, and the project file's own environment counts more")
        return project._replace(environment=source._replace(passed_over=(*source.passed_over, over)))
    passed_over = source.passed_over
    if source.file is not None:
        passed_over = (PassedOver(source.file, f"{script} has a header of its own"), *passed_over)
    lock = f"{script}.lock" if (root / f"{script}.lock").is_file() else None
    own = EnvironmentSource("script", script, lock=lock, passed_over=passed_over)
    return project._replace(environment=own)


def find_lock(folder: Path, names: tuple[str, ...]) -> str | None:
    """The first of ``names`` that is a file in ``folder``."""
    return next((name for name in names if (folder / name).is_file()), None)


def key_of_file(name: str) -> EnvironmentKey:
    """What kind of file a ``python_env:`` names. MLflow knows python_env.yaml only."""
    last = PurePosixPath(name).name
    if re.fullmatch(r"pylock(\.[^.]+)?\.toml", last):
        return "pylock"
    if last == "pyproject.toml":
        return "pyproject"
    return "requirements" if last.endswith(".txt") else "python_env"


def _list_names(root: Path) -> frozenset[str]:
    """Which of the table's files are there."""
    wanted = {each.file for each in CONVENTIONS} | {each.lock for each in CONVENTIONS if each.lock}
    return frozenset(name for name in wanted if (root / name).is_file())


def _passed_over(chosen: Convention | None, names: frozenset[str], *, tool_only: bool) -> tuple[PassedOver, ...]:
    found: dict[str, str] = {}
    for each in CONVENTIONS:
        for name in (each.file, each.lock):
            if name is None or name not in names or (chosen and name in (chosen.file, chosen.lock)):
                continue
            if each.key == "pyproject" and (tool_only or "pyproject.toml" not in names):
                what = "is the configuration of tools only" if tool_only else "is not there"
                found.setdefault(name, f"pyproject.toml {what}")
            elif name == each.lock and each.file not in names:
                found.setdefault(name, f"{each.file} is not there")
            elif chosen:
                found.setdefault(name, f"{chosen.lock or chosen.file} counts first")
    return tuple(PassedOver(*item) for item in found.items())


def _is_project(path: Path, cache: Cache) -> bool:
    """Whether a ``pyproject.toml`` says anything of a project, and not only how tools shall behave."""
    from reenact.project.toml_text import TomlError, load_toml

    try:
        said: bool = load_toml(path.read_bytes(), cache, pick_is_project)
    except (OSError, TomlError):
        return True  # whoever reads it says what is wrong
    return said


def pick_is_project(table: "Table") -> bool:
    """Whether there is anything to install: a project, dependency groups, or Poetry's own tables."""
    tool = table.get("tool")
    poetry = isinstance(tool, dict) and isinstance(tool.get("poetry"), dict) and "dependencies" in tool["poetry"]
    return bool("project" in table or "dependency-groups" in table or poetry)


def _find_header(path: Path) -> Literal["whole", "unended"] | None:
    from reenact.project.script_header import find_header, is_unended

    try:
        with path.open("rb") as file:
            text = file.read(MAX_BYTES).decode("utf-8", "replace")
        if find_header(text) is not None:
            return "whole"
    except OSError:
        return None
    except ValueError:
        return "whole"  # whoever reads it says what is wrong
    return "unended" if is_unended(text) else None
