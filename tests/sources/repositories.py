"""Real repositories for the tests, and the world that sources are given."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

from reenact.home import Home
from reenact.report import Memory
from reenact.world import World

MLPROJECT = "name: sample\nentry_points:\n  main:\n    command: python train.py\n"
AUTHOR = {
    "GIT_AUTHOR_NAME": "a",
    "GIT_AUTHOR_EMAIL": "a@example.org",
    "GIT_COMMITTER_NAME": "a",
    "GIT_COMMITTER_EMAIL": "a@example.org",
    "GIT_AUTHOR_DATE": "2024-05-01T12:00:00+0000",
    "GIT_COMMITTER_DATE": "2024-05-01T12:00:00+0000",
}


def make_world(folder: Path, home: Home, **environ: str) -> World:
    """A world with ``folder`` as the caller's directory and as the user's home, so that no real git settings count."""
    own = {**os.environ, "HOME": str(folder), "GIT_CONFIG_NOSYSTEM": "1", "XDG_CONFIG_HOME": str(folder), **environ}
    return World(home, own, folder, Memory())


def told(world: World) -> list[tuple[str, str]]:
    """What the world's report was told."""
    assert isinstance(world.report, Memory)
    return world.report.told


def git(folder: Path, *arguments: str, **environ: str) -> str:
    """What git prints in ``folder``."""
    own = {**os.environ, **AUTHOR, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1", **environ}
    done = subprocess.run(("git", *arguments), cwd=folder, env=own, check=True, capture_output=True)
    return done.stdout.decode().strip()


def write(folder: Path, files: dict[str, str]) -> None:
    """Write text files below ``folder``."""
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)


def commit(folder: Path, files: dict[str, str], message: str = "change") -> str:
    """Write files and commit everything; the new commit's hash."""
    write(folder, files)
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--allow-empty", "--message", message)
    return git(folder, "rev-parse", "HEAD")


def make_repository(folder: Path) -> Path:
    """A work tree with three commits, the branches main and feature/x, the tags v1 (annotated) and v2 (light).

    ``main`` is two commits behind nothing: train.py says "three"; at ``v1`` it says "one", at ``v2`` "two", on
    ``feature/x`` "feature". There is a project of its own in ``nested/v1.0``.
    """
    folder.mkdir(parents=True)
    git(folder, "init", "--quiet", "--initial-branch=main")
    nested = {"nested/v1.0/MLproject": MLPROJECT, "nested/v1.0/train.py": "nested\n"}
    commit(folder, {"MLproject": MLPROJECT, "train.py": "one\n", **nested}, "one")
    git(folder, "tag", "--annotate", "--message", "first", "v1")
    commit(folder, {"train.py": "two\n"}, "two")
    git(folder, "tag", "v2")
    git(folder, "checkout", "--quiet", "-b", "feature/x")
    commit(folder, {"train.py": "feature\n"}, "feature")
    git(folder, "checkout", "--quiet", "main")
    commit(folder, {"train.py": "three\n"}, "three")
    return folder


def make_bare(work: Path, bare: Path) -> Path:
    """A bare copy of a work tree, with all that a good host allows."""
    git(work, "clone", "--quiet", "--bare", str(work), str(bare))
    git(bare, "config", "uploadpack.allowFilter", "true")
    git(bare, "config", "http.receivepack", "true")
    return bare
