"""Machines that are not as one would wish: closed streams, odd homes, no user, no room."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.integration.command import PATIENCE, REENACT, Said, User, write_project

HELLO = "name: p\nentry_points:\n  main: {command: 'cat; echo out; echo err >&2'}\n"
CLOSED = ["<&-", ">&-", "2>&-", "<&- >&-", ">&- 2>&-", "<&- >&- 2>&-"]


@pytest.fixture
def project(user: User) -> Path:
    return write_project(user.folder / "p", HELLO)


def in_shell(user: User, line: str, *before: str) -> Said:
    done = subprocess.run(
        [*before, "bash", "-c", line],
        cwd=user.folder,
        env=user.environ,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=PATIENCE,
    )
    return Said(done.returncode, done.stdout, done.stderr)


@pytest.mark.parametrize("closed", CLOSED)
def test_closed_streams_are_no_files_of_ours(closed: str, user: User, project: Path) -> None:
    said = in_shell(user, f"exec {REENACT} run -q --env-manager system p {closed}")
    shown = ("" if ">&- " in f"{closed} ".replace("2>&-", "") else "out\n", "" if "2>&-" in closed else "err\n")
    assert said == (0, *shown)
    [run] = user.runs()
    assert run["state"] == "finished"
    folder = Path(run["folder"])
    assert (folder / "log").read_text().count("\n") == 2
    assert "out" not in (folder / "alive").read_text()
    assert user.call("reindex").code == 0
    assert user.runs() == [run]


@pytest.mark.parametrize("name", ["with space", "quo'te\"s", "ünïcödé", "$HOME `x` %s {n}", "-dash"])
def test_a_home_and_a_project_on_any_path(name: str, user: User) -> None:
    project = write_project(user.folder / name, HELLO)
    home = user.folder / f"home {name}"
    environ = {"REENACT_HOME": str(home)}
    said = user.call("run", "-q", f"./{name}", environ=environ)
    assert said == (0, "out\n", "err\n")
    [run] = user.runs(environ=environ)
    assert run["folder"] == str(home / "runs" / run["id"])
    assert user.call("show", environ=environ).code == 0
    assert [path.name for path in project.iterdir()] == ["MLproject"]


def test_a_directory_that_was_deleted_is_told(user: User, project: Path) -> None:
    said = in_shell(user, f"mkdir gone; cd gone; rmdir ../gone; {REENACT} run {project}")
    assert said.code == 2
    assert said.err == "error: the current directory does not exist any more\n  hint: change to one that does\n"


def test_no_variables_at_all(user: User, project: Path) -> None:
    mark, home = user.mark, f"REENACT_HOME={user.home}"
    said = in_shell(user, f"exec env -i {mark} {home} {REENACT} run -q p")
    assert said == (0, "out\n", "err\n")
    said = in_shell(user, f"exec env -i {mark} {home} PATH=/nowhere {REENACT} run -q --env-manager system p")
    assert said.code == 127
    assert user.runs()[0]["reason"] == "sh: command not found"


def test_an_answer_that_cannot_be_written(user: User, project: Path) -> None:
    assert in_shell(user, f"{REENACT} run -q --env-manager system p").code == 0
    for verb in ("ls", "show", "run --dry-run p", "describe p"):
        said = in_shell(user, f"{REENACT} {verb} > /dev/full")
        assert said.code != 0, verb
        assert said.err.startswith("error: No space left on device\n"), (verb, said)
        assert "Traceback" not in said.err


def other_user() -> tuple[str, ...]:
    """A prefix that runs a command as a user who has a number and no name."""
    prefix = ("unshare", "--user", "--map-user=54321")
    if not shutil.which("unshare") or subprocess.run((*prefix, "true"), capture_output=True).returncode:
        pytest.skip("this machine has no user namespaces")
    return prefix


def test_a_user_who_has_only_a_number(user: User, project: Path) -> None:
    said = in_shell(user, f"unset HOME; {REENACT} run -q p && {REENACT} show", *other_user())
    assert said.code == 0, said
    assert "asked by      54321 on" in said.out


def test_a_user_without_any_home_is_told_what_to_set(user: User, project: Path) -> None:
    said = in_shell(user, f"unset HOME REENACT_HOME; {REENACT} run -q p", *other_user())
    assert said.code == 74
    assert said.err.endswith("hint: set REENACT_HOME to a folder of yours\n")
    assert said.err.count("\n") == 2


@pytest.mark.parametrize("place", ["MLproject", "/proc/nowhere"])
def test_a_home_that_cannot_be_is_told(place: str, user: User, project: Path) -> None:
    said = user.call("run", "p", environ={"REENACT_HOME": str(project / place)})
    assert said.code == 74
    assert said.err.startswith("error: cannot make the folder ")
    assert "REENACT_HOME" in said.err


def mount(folder: Path, options: str) -> None:
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", options, "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, capture_output=True).returncode:
        pytest.skip("only root mounts a file system")


def test_a_home_that_can_only_be_read(user: User, project: Path, tmp_path: Path) -> None:
    home = tmp_path / "disk"
    mount(home, "size=2m")
    try:
        environ = {"REENACT_HOME": str(home)}
        assert user.call("run", "-q", "p", environ=environ).code == 0
        subprocess.run(["mount", "-o", "remount,ro", str(home)], check=True)
        [run] = user.runs(environ=environ)
        assert user.call("show", environ=environ).code == 0
        assert user.call("logs", environ=environ) == (0, "out\n", "err\n")
        for refused in (("run", "-q", "p"), ("rm", run["id"])):
            said = user.call(*refused, environ=environ)
            assert said.code == 74, said
            assert "Traceback" not in said.err
            assert "ead-only" in said.err
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)


@pytest.mark.parametrize("size", ["32k", "64k", "96k", "128k", "192k"])
def test_a_full_disk_leaves_nothing_half_made(size: str, user: User, project: Path, tmp_path: Path) -> None:
    home = tmp_path / "disk"
    mount(home, f"size={size}")
    try:
        environ = {"REENACT_HOME": str(home)}
        said = user.call("run", "-q", "p", environ=environ)
        assert "Traceback" not in said.err
        assert said.code in (0, 70, 74), said
        assert said.code == 0 or "o space left" in said.err or "disk full" in said.err.replace("is full", "full"), said
        subprocess.run(["mount", "-o", "remount,size=20m", str(home)], check=True)
        assert not list((home / "staging").iterdir())
        assert user.call("run", "-q", "p", environ=environ) == (0, "out\n", "err\n")
        states = [run["state"] for run in user.runs(environ=environ)]
        assert states in (["finished"], ["finished", "failed"], ["finished", "finished"])
        assert user.call("reindex", environ=environ).code == 0
        assert [run["state"] for run in user.runs(environ=environ)] == states
    finally:
        subprocess.run(["umount", "-l", str(home)], check=True)
