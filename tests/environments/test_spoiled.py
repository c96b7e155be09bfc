from __future__ import annotations

import base64
from hashlib import sha256
from pathlib import Path

from reenact.environments.packages import Package
from reenact.environments.spoiled import Spoiled, list_spoiled

PACKAGES = (Package("Tiny_Thing", "1.0+local"),)


def install(environment: Path, name: str = "tiny_thing", version: str = "1.0+local") -> Path:
    """A package as an installer leaves it; its module."""
    folder = environment / "lib/python3.11/site-packages"
    information = folder / f"{name}-{version}.dist-info"
    information.mkdir(parents=True)
    module = folder / f"{name}.py"
    module.write_text("x = 1\n")
    digest = base64.urlsafe_b64encode(sha256(module.read_bytes()).digest()).rstrip(b"=").decode()
    rows = [f"{name}.py,sha256={digest},6", f"{information.name}/RECORD,,", "../../../bin/tiny,sha256=other,3"]
    (information / "RECORD").write_text("\n".join(rows) + "\n")
    return module


def test_what_is_as_it_was_installed(tmp_path: Path) -> None:
    install(tmp_path)
    install(tmp_path, "pip", "26.0")
    assert list(list_spoiled(tmp_path, PACKAGES)) == []


def test_a_file_that_was_changed_and_one_that_is_gone(tmp_path: Path) -> None:
    module = install(tmp_path)
    module.write_text("x = 2\n")
    assert list(list_spoiled(tmp_path, PACKAGES)) == [Spoiled("tiny_thing.py", "as installed", "changed")]
    module.unlink()
    assert list(list_spoiled(tmp_path, PACKAGES)) == [Spoiled("tiny_thing.py", "as installed", None)]


def test_packages_that_no_lock_names(tmp_path: Path) -> None:
    install(tmp_path, version="2.0")
    install(tmp_path, "other", "1.0")
    assert list(list_spoiled(tmp_path, PACKAGES)) == [
        Spoiled("other", None, "1.0"),
        Spoiled("tiny_thing", "1.0+local", "2.0"),
    ]


def test_a_record_that_cannot_be_read_says_nothing(tmp_path: Path) -> None:
    record = install(tmp_path).with_name("tiny_thing-1.0+local.dist-info") / "RECORD"
    record.write_bytes(b"\xff\xfe")
    assert list(list_spoiled(tmp_path, PACKAGES)) == []
