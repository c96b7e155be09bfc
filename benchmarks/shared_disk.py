"""The disk that twenty projects with the same packages use, against one copy of each package."""

from __future__ import annotations

import os
from pathlib import Path

from benchmarks.measure import Command, environment, time_once
from benchmarks.peers import REENACT
from benchmarks.projects import make_project
from benchmarks.report import Table, hold
from reenact.environments.disk import Census
from reenact.environments.shelf import list_standing
from reenact.home import Home

PROJECTS = 20
PACKAGES = ("scikit-learn", "pandas", "matplotlib")
SETUP = '[project]\nname = "own{at}"\nversion = "1"\n'


def measure(scratch: Path) -> Table:
    """Each project has an environment of its own, for it installs a small package that no other has."""
    home = Home(scratch / "home")
    variables = environment(REENACT_HOME=str(home.root), UV_CACHE_DIR=str(scratch / "cache"))
    totals = []
    for at in range(PROJECTS):
        project = make_project(scratch / f"project{at}", (*PACKAGES, "./own"))
        (project / "own").mkdir()
        (project / "own" / "pyproject.toml").write_text(SETUP.format(at=at))
        (project / "own" / f"own{at}.py").write_text("")
        time_once(Command(f"project {at}", [REENACT, "run", str(project)], scratch, variables))
        if at in (0, PROJECTS - 1):
            standing = [each.folder for each in list_standing(home)]
            folders = [*standing, home.shared]
            totals.append((len(standing), Census(folders).total, count_folders(folders)))
    (one, all_of_them) = totals
    assert all_of_them[0] == PROJECTS
    rows = [
        [f"{count} environment{'s' if count > 1 else ''}", *map(megabytes, (total - folders, folders, total))]
        for count, total, folders in totals
    ]
    files = (all_of_them[1] - all_of_them[2]) / (one[1] - one[2])
    about = (
        f"{', '.join(PACKAGES)} and a package of its own in each of {PROJECTS} projects; every file counted once. "
        "What a folder takes, a block each on ext4 and next to nothing where small folders are kept in their inode, "
        "is shared for tests, licences and bytecode."
    )
    verdict = " ".join(
        [hold("Files", files, 1.1, "{:.2f}", 1), hold("With folders", all_of_them[1] / one[1], 1.1, "{:.2f}", 1)]
    )
    return Table("Twenty projects on disk", about, ["", "files", "folders", "all"], rows, verdict)


def count_folders(roots: list[Path]) -> int:
    """The bytes on disk that folders themselves take."""
    return sum(os.lstat(folder).st_blocks * 512 for root in roots for folder, _, _ in os.walk(root))


def megabytes(count: int) -> str:
    """Bytes, shown in millions."""
    return f"{count / 1e6:.1f} MB"
