"""Bundles where the library that checks a crate is not installed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.integration.command import User, write_project
from tests.integration.test_bundles import export
from tests.integration.test_verify_bare import lacks, make_python

pytestmark = pytest.mark.slow


def test_a_bundle_needs_no_library_for_its_crate(user: User, tmp_path: Path) -> None:
    python = make_python(tmp_path / "bare", "backports.zstd; python_version < '3.14'", "cyclonedx-python-lib")
    assert lacks(python, "rocrate")
    assert user.run(str(write_project(user.folder / "p", "entry_points: {main: {command: 'true'}}\n"))).code == 0
    whole = export(user).read_bytes()

    def call(*argv: str) -> subprocess.CompletedProcess[str]:
        words = [str(python), "-m", "reenact", *argv]
        return subprocess.run(words, cwd=user.folder, env=user.environ, capture_output=True, text=True)

    assert call("export", "@", "-o", "bare.tar.zst").returncode == 0
    assert (user.folder / "bare.tar.zst").read_bytes() == whole
    assert call("import", "bare.tar.zst").returncode == 0
    for argv in (("export", "@", "-o", "no.tar.zst", "--check-crate"), ("import", "bare.tar.zst", "--check-crate")):
        said = call(*argv)
        assert said.returncode == 69, said
        assert "python -m pip install 'reenact[rocrate]'" in said.stderr
    assert not (user.folder / "no.tar.zst").exists()
