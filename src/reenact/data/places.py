"""From a declared path to the files that it means."""

import os
import re
from collections.abc import Iterator
from contextlib import suppress
from functools import lru_cache
from pathlib import Path

from reenact.plan import RUN_DIR_VARIABLE
from reenact.project.data_paths import is_pattern, translate_name
from reenact.values import NamedTuple

IN_RUN = f"${RUN_DIR_VARIABLE}/"

BESIDE = frozenset(
    (".git", ".hg", ".svn", ".dvc", "__pycache__", ".ipynb_checkpoints", ".DS_Store", ".venv", "node_modules", "mlruns")
)
"""What tools keep beside files: no part of a folder that is declared as a whole."""


class Site(NamedTuple):
    """Where paths lead to: the project's folder, the run's, and the home, which is no input of a run."""

    project: Path
    run: Path
    home: Path

    def locate(self, path: str) -> Path:
        """A path as it is declared or recorded, on this machine."""
        return self.run / path.removeprefix(IN_RUN) if path.startswith(IN_RUN) else self.project / path

    def name(self, path: Path) -> str:
        """A path as it is recorded: relative to the project, below the run's folder, else absolute."""
        text = os.path.normpath(path)
        # The way to the project may lead over links.
        for form in (text, os.path.join(_resolve(os.path.dirname(text)), os.path.basename(text))):
            if form.startswith(f"{self.project}/"):
                return form.removeprefix(f"{self.project}/")
        return IN_RUN + text.removeprefix(f"{self.run}/") if text.startswith(f"{self.run}/") else text


@lru_cache(maxsize=256)
def _resolve(folder: str) -> str:
    return os.path.realpath(folder)


def find_places(declared: str, site: Site) -> list[Path]:
    """What a declaration means: the path itself where there is one, else all that the pattern finds, in order."""
    whole = site.locate(declared)
    if os.path.lexists(whole):
        return [whole]
    if not is_pattern(declared):
        return []
    base = site.run if declared.startswith(IN_RUN) else Path("/") if declared.startswith("/") else site.project
    names = [name for name in declared.removeprefix(IN_RUN).split("/") if name not in ("", ".")]
    return list(dict.fromkeys(_expand(base, names)))


def _expand(base: Path, names: list[str]) -> Iterator[Path]:
    if not names:
        yield base
        return
    name, *rest = names
    if name == "**":
        yield from _expand(base, rest) if rest else ()
        for entry in _list(base):
            if not entry.name.startswith(".") and (not rest or entry.is_dir(follow_symlinks=False)):
                yield from _expand(Path(entry.path), names if rest and entry.is_dir(follow_symlinks=False) else [])
    elif is_pattern(name):
        fits = re.compile(translate_name(name), re.DOTALL).fullmatch
        for entry in _list(base):
            if fits(f"{entry.name}/"):
                yield from _expand(Path(entry.path), rest)
    elif os.path.lexists(base / name):
        yield from _expand(base / name, rest)


def _list(folder: Path) -> list[os.DirEntry[str]]:
    with suppress(OSError), os.scandir(folder) as scan:
        return sorted(scan, key=lambda entry: entry.name)
    return []


def walk(folder: Path, site: Site, *, follow: bool) -> Iterator[Path]:
    """Every file below a folder, in order, and every folder that cannot be listed. Each is entered once, a linked one
    only if ``follow``."""
    seen: set[tuple[int, int]] = set()
    waiting = [folder]
    while waiting:
        here = waiting.pop()
        try:
            status = os.stat(here)
        except FileNotFoundError:
            continue  # Gone meanwhile.
        if (status.st_dev, status.st_ino) in seen:
            continue
        seen.add((status.st_dev, status.st_ino))
        if not os.access(here, os.R_OK | os.X_OK):
            yield here
            continue
        below = []
        for entry in _list(here):
            path = Path(entry.path)
            if entry.name in BESIDE or path in (site.home, site.run):
                continue
            if _is_folder(entry, follow=follow):
                below.append(path)
            else:
                yield path
        waiting += reversed(below)


def _is_folder(entry: os.DirEntry[str], *, follow: bool) -> bool:
    try:
        return entry.is_dir(follow_symlinks=follow)
    except OSError:
        return False
