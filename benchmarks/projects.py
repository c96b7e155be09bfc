"""The small projects that are run again and again, made in a scratch folder."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from benchmarks.measure import environment
from benchmarks.peers import UV, quietly

NOOP = "pass\n"
MLPROJECT = """\
name: noop
python_env: python_env.yaml
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
    command: python noop.py {alpha}
"""
PYPROJECT = """\
[project]
name = "noop"
version = "0"
requires-python = ">=3.11"
dependencies = [{dependencies}]
"""


def make_project(folder: Path, dependencies: tuple[str, ...]) -> Path:
    """A project that does nothing, in an environment with these dependencies, for every runner in its own words."""
    folder.mkdir(parents=True)
    python = ".".join(map(str, sys.version_info[:3]))
    lines = "".join(f"  - {dependency}\n" for dependency in dependencies)
    (folder / "MLproject").write_text(MLPROJECT)
    (folder / "python_env.yaml").write_text(f'python: "{python}"\ndependencies:\n{lines}')
    (folder / "pyproject.toml").write_text(PYPROJECT.format(dependencies=", ".join(f'"{d}"' for d in dependencies)))
    (folder / "noop.py").write_text(NOOP)
    return folder


def make_conda_project(folder: Path, channel: str, packages: tuple[str, ...]) -> Path:
    """A project that does nothing, in an environment with these packages of a conda channel."""
    folder.mkdir(parents=True)
    lines = "".join(f"  - {package}\n" for package in packages)
    (folder / "MLproject").write_text(MLPROJECT.replace("python_env: python_env.yaml", "conda_env: conda.yaml"))
    (folder / "conda.yaml").write_text(f"channels:\n  - {channel}\ndependencies:\n{lines}")
    (folder / "noop.py").write_text(NOOP)
    return folder


def make_locked_project(folder: Path, dependencies: tuple[str, ...]) -> Path:
    """The same with a ``pyproject.toml`` and a ``uv.lock`` alone."""
    make_project(folder, dependencies)
    (folder / "python_env.yaml").unlink()
    (folder / "MLproject").write_text(MLPROJECT.replace("python_env: python_env.yaml\n", ""))
    quietly([UV, "lock", "--quiet", "--python", sys.executable], cwd=folder)
    return folder


def make_container_project(folder: Path, image: str) -> Path:
    """A project that does nothing, in a container of this image."""
    folder.mkdir(parents=True)
    (folder / "MLproject").write_text(
        MLPROJECT.replace("python_env: python_env.yaml", f"docker_env: {{image: '{image}'}}")
    )
    (folder / "noop.py").write_text(NOOP)
    return folder


def make_repository(project: Path) -> str:
    """Put the project under git; its commit."""

    def git(*arguments: str) -> str:
        identity = ("-c", "user.name=benchmark", "-c", "user.email=benchmark@localhost", "-c", "gc.auto=0")
        done = subprocess.run(
            ["git", *identity, *arguments], cwd=project, env=environment(), check=True, capture_output=True, text=True
        )
        return done.stdout.strip()

    git("init", "--quiet", "--initial-branch", "main")
    git("add", "--all")
    git("commit", "--quiet", "--message", "a project that does nothing")
    return git("rev-parse", "HEAD")
