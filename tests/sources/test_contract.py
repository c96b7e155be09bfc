"""Every kind of source on this machine keeps the same promises; those behind servers do in tests/integration."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.world import World
from tests.sources.contract import check_contract
from tests.sources.repositories import git, make_bare


def make_plain(work: Path, tmp_path: Path) -> str:
    return str(shutil.copytree(work, tmp_path / "plain", ignore=shutil.ignore_patterns(".git")))


def make_archive(suffix: str, format_: str, top: str) -> Callable[[Path, Path], str]:
    def make(work: Path, tmp_path: Path) -> str:
        path = tmp_path / f"sample{suffix}"
        made = git(work, "archive", f"--format={format_}", f"--prefix={top}", "--output", str(path), "main")
        assert made == ""
        return str(path)

    return make


KINDS: dict[str, tuple[str, Callable[[Path, Path], str]]] = {
    "directory": ("directory", make_plain),
    "directory in a repository": ("directory", lambda work, tmp: str(work)),
    "file uri": ("directory", lambda work, tmp: f"file://{work}"),
    "bare repository": ("git", lambda work, tmp: str(make_bare(work, tmp / "b.git"))),
    "bare repository by file uri": ("git", lambda work, tmp: f"file://{make_bare(work, tmp / 'b.git')}"),
    "zip": ("archive", make_archive(".zip", "zip", "")),
    "zip with one folder": ("archive", make_archive(".ZIP", "zip", "sample-1.0/")),
    "tar": ("archive", make_archive(".tar", "tar", "sample-1.0/")),
    "tar.gz": ("archive", make_archive(".tar.gz", "tar.gz", "")),
    "tgz": ("archive", make_archive(".Tgz", "tgz", "sample-1.0/")),
}


@pytest.mark.parametrize("name", KINDS)
def test_a_source_keeps_its_promises(name: str, work: Path, tmp_path: Path, code: Path, world: World) -> None:
    kind, make = KINDS[name]
    assert check_contract(make(work, tmp_path), code, world).kind == kind
