"""``reenact env`` and isolated runs, from the command line, on real environments."""

from __future__ import annotations

import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest

from reenact.cli import main
from reenact.environments.marker import MARKER
from reenact.environments.shelf import list_standing, occupy
from reenact.errors import UsageError
from reenact.home import Home
from reenact.size_limit import parse_size
from tests.environments.conftest import make_wheel, write

PROJECT = """\
name: wine
python_env: python_env.yaml
entry_points:
  main: {command: "tiny-version; echo $REENACT_RUN_DIR > seen || exit 3"}
"""


@pytest.fixture(autouse=True)
def _index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The packages that there are."""
    for name in [name for name in os.environ if name.startswith(("PIP_", "UV_", "PYTHONDONTWRITE"))]:
        monkeypatch.delenv(name)
    folder = tmp_path / "wheels"
    folder.mkdir()
    for version in ("1.0", "2.0"):
        make_wheel(folder, "tiny", version)
    monkeypatch.setenv("UV_FIND_LINKS", str(folder))
    monkeypatch.setenv("UV_NO_INDEX", "1")
    return folder


@pytest.fixture
def project(project_dir: Path) -> Path:
    return write(project_dir, {"MLproject": PROJECT, "python_env.yaml": "dependencies: [tiny<2]\n"})


def run(project: Path, *options: str, code: int = 0) -> None:
    assert main(["run", str(project), "-q", *options]) == code


def ask(capfd: pytest.CaptureFixture[str], *words: str) -> Any:
    capfd.readouterr()
    assert main(["env", *words, "--json"]) == 0
    return json.loads(capfd.readouterr().out)


def test_runs_leave_what_why_needs(project: Path, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    run(project)
    run(project)
    first, second = (ask(capfd, "why", name) for name in ("@~1", "@"))
    assert (first["made"], first["before"]) == (True, None)
    assert (second["made"], second["changes"]) == (False, [])
    assert second["before"]["run"] == first["run"]
    assert (home.runs / first["run"] / "build.log").read_text().count("$ cd ") == 3
    assert not (home.runs / second["run"] / "build.log").exists()
    write(project, {"python_env.yaml": "dependencies: [tiny]\n"})
    run(project)
    third = ask(capfd, "why")
    assert third["reason"] == "made: what is asked for changed"
    assert [tuple(change.values()) for change in third["changes"]] == [
        ("asked", "requirement", "tiny<2", "tiny"),
        ("resolved", "tiny", "1.0", "2.0"),
    ]
    assert main(["env", "why"]) == 0
    assert "  ~ requirement: tiny<2 → tiny\n" in capfd.readouterr().out


def test_another_project_of_the_same_name_is_not_the_one_before(
    project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    run(project)
    first = ask(capfd, "why")["run"]
    other = tmp_path / "other" / project.name
    other.mkdir(parents=True)
    write(other, {"MLproject": PROJECT, "python_env.yaml": "dependencies: [tiny]\n"})
    run(other)
    # All the same: it may be the same project at another place.
    assert ask(capfd, "why")["before"]["run"] == first
    run(project)
    assert ask(capfd, "why")["before"]["run"] == first


def test_another_index_or_version_is_a_reason(
    project: Path, _index: Path, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    write(project, {"python_env.yaml": "dependencies: [tiny]\n"})
    run(project)
    make_wheel(_index, "tiny", "3.0")
    run(project, "--upgrade")
    found = ask(capfd, "why")
    assert found["reason"] == "made: the same request was resolved anew, to something else"
    assert [tuple(change.values()) for change in found["changes"]] == [("resolved", "tiny", "2.0", "3.0")]
    monkeypatch.setenv("UV_PRERELEASE", "allow")
    run(project)
    found = ask(capfd, "why")
    assert [tuple(change.values()) for change in found["changes"]] == [
        ("asked", "setting UV_PRERELEASE", None, "allow")
    ]
    assert not found["made"]


def test_environments_are_listed_and_shown(project: Path, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["env", "ls"]) == 0
    assert ask(capfd, "ls") == []
    run(project)
    run(project)
    (row,) = ask(capfd, "ls")
    assert (row["kind"], row["packages"], row["runs"], row["in_use"], row["complete"]) == ("python", 1, 2, False, True)
    assert 0 < row["own"] <= row["size"]
    shown = ask(capfd, "show", row["key"][:10])
    assert [(each["name"], each["version"]) for each in shown["packages"]] == [("tiny", "1.0")]
    assert len(shown["runs"]) == 2
    assert ask(capfd, "show", "@")["key"] == row["key"]
    used = ask(capfd, "du")
    assert (used["environments"], used["total"]) == (1, row["size"])
    for verb in ("ls", "show", "du"):
        assert main(["env", verb]) == 0
    assert main(["env", "show", "nothing"]) == 68


def test_what_is_in_use_is_not_deleted(project: Path, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    run(project)
    (standing,) = list_standing(home)
    held = occupy(standing.folder)
    assert held is not None
    assert main(["env", "rm", standing.key[:8]]) == 74
    assert "a run is inside" in capfd.readouterr().err
    assert ask(capfd, "gc", "--max-size", "0")["environments"] == []
    os.close(held)
    assert ask(capfd, "rm", standing.key[:8]) == [standing.key]
    assert list_standing(home) == []
    assert main(["env", "rm", standing.key[:8]]) == 68


def test_a_collected_environment_is_made_again_from_the_record(
    project: Path, home: Home, _index: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    write(project, {"python_env.yaml": "dependencies: [tiny]\n"})
    run(project)
    (before,) = list_standing(home)
    assert ask(capfd, "gc", "--max-size", "0")["environments"][0]["why"] == "size"
    shown = ask(capfd, "show")
    assert (shown["standing"], shown["packages"][0]["version"]) == (False, "2.0")
    # All that is left is the record; the index has moved on.
    shutil.rmtree(home.locks)
    make_wheel(_index, "tiny", "9.0")
    assert ask(capfd, "restore") == {"key": before.key, "folder": str(before.folder), "made": True}
    assert ask(capfd, "restore")["made"] is False
    assert (before.folder / "bin/tiny-version").exists()
    assert list(before.folder.glob("lib/*/site-packages/tiny-2.0.dist-info"))


def test_the_collector_says_first_and_keeps_what_is_recorded(
    project: Path, home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    run(project)
    (standing,) = list_standing(home)
    os.utime(standing.folder / MARKER, (1e9, 1e9))
    dry = ask(capfd, "gc", "--older-than", "30d", "--dry-run")
    assert [each["key"] for each in dry["environments"]] == [standing.key]
    assert ask(capfd, "gc", "--older-than", "30d", "--keep")["environments"] == []
    assert list_standing(home) == [standing._replace(used=1e9)]
    assert main(["env", "gc", "--older-than", "30d"]) == 0
    said = capfd.readouterr().out
    assert "deleted 1 environments; " in said
    assert list_standing(home) == []


@pytest.mark.parametrize(
    ("text", "size"), [("4096", 4096), ("20G", 20 << 30), ("1.5 GiB", 3 << 29), ("500MB", 500 << 20)]
)
def test_sizes(text: str, size: int) -> None:
    assert parse_size(text) == size


def test_no_size() -> None:
    with pytest.raises(UsageError, match="'lots' is no size"):
        parse_size("lots")


def test_exports(project: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    run(project)
    capfd.readouterr()
    assert main(["env", "export", "--format", "requirements"]) == 0
    assert "tiny" in capfd.readouterr().out
    assert main(["env", "export", "-o", str(tmp_path / "pylock.toml")]) == 0
    assert 'name = "tiny"' in (tmp_path / "pylock.toml").read_text()
    assert main(["env", "export", "-o", "-"]) == 0
    assert 'name = "tiny"' in capfd.readouterr().out


def test_a_run_of_the_system_has_none(project_dir: Path, capfd: pytest.CaptureFixture[str]) -> None:
    write(project_dir, {"MLproject": "entry_points: {main: {command: 'true'}}\n"})
    run(project_dir, "--env-manager", "system")
    for verb in ("why", "show", "export", "restore"):
        assert main(["env", verb]) == 68
        assert "has had no environment of its own" in capfd.readouterr().err


def test_an_isolated_run_says_what_held(project: Path, home: Home, capfd: pytest.CaptureFixture[str]) -> None:
    from tests.process.test_isolation import can_isolate

    if not can_isolate():
        pytest.skip("this machine lets nobody make namespaces")
    write(project, {"python_env.yaml": "dependencies: [tiny]\n"})
    run(project, "--no-network", "--read-only", code=3)
    (folder,) = home.runs.iterdir()
    assert not (project / "seen").exists()
    held = json.loads((folder / "isolation.json").read_text())
    assert held["network"] is False
    assert held["read_only"] is True
    assert held["writable"] == [str(folder)]
    assert held["locked"] is True
    capfd.readouterr()
    assert main(["show"]) == 0
    assert "isolation     no network, read-only but for its run folder" in capfd.readouterr().out
    assert main(["run", str(project), "--no-network", "--dry-run"]) == 0
    assert "isolation     no network\n" in capfd.readouterr().out
    run(project, "--no-network")
    assert (project / "seen").exists()
