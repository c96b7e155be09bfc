"""What of the store of conda packages goes."""

from __future__ import annotations

import os
from pathlib import Path

from reenact.environments.conda.store import drop_packages, find_store, linking, list_unlinked
from reenact.home import Home


def put(home: Home, name: str) -> Path:
    package = find_store(home) / name
    (package / "info").mkdir(parents=True)
    (package / "info" / "index.json").write_text("{}")
    (package / "module.py").write_text(name)
    return package


def test_what_nothing_is_linked_from_goes(home: Home, tmp_path: Path) -> None:
    assert list_unlinked(home) == []
    assert drop_packages([], home) == []
    used, unused = put(home, "used-1.0-0"), put(home, "unused-1.0-0")
    (find_store(home) / "unused-1.0-0.lock").touch()
    os.link(used / "module.py", tmp_path / "module.py")
    assert list_unlinked(home) == [unused]
    assert drop_packages([used, unused], home) == [unused]
    assert used.exists()
    assert not unused.exists()
    (tmp_path / "module.py").unlink()
    assert list_unlinked(home) == [used]


def test_nothing_goes_while_somebody_links(home: Home) -> None:
    package = put(home, "a-1.0-0")
    with linking(home), linking(home):
        assert drop_packages([package], home) == []
    assert drop_packages([package], home) == [package]


def test_what_a_dead_collector_left_goes_with_the_next(home: Home) -> None:
    package = put(home, "a-1.0-0")
    package.rename(package.with_name(".trash-a-1.0-0"))
    other = put(home, "b-1.0-0")
    assert list_unlinked(home) == [other]
    assert drop_packages([other], home) == [other]
    assert os.listdir(find_store(home)) == []
