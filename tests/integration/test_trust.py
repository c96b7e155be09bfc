"""Code from elsewhere, and somebody at a terminal who is asked about it."""

from __future__ import annotations

import json
import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from reenact.home import Home
from reenact.plan import Snapshot
from reenact.trust import find_subject, keep_agreement
from tests.integration.command import PATIENCE, User
from tests.integration.servers import Served
from tests.process.running import Screen, eventually
from tests.sources.repositories import commit, git

LOCAL = ("--env-manager", "system")
SPY = "import pathlib, os\npathlib.Path(os.environ['SPY']).write_text('ran')\n"
SETUP = SPY + "from setuptools import setup\nsetup(name='spy', version='1')\n"


@pytest.fixture
def screen() -> Iterator[Screen]:
    it = Screen()
    yield it
    it.close()


@pytest.fixture
def address(http: Served, work: Path, user: User, tmp_path: Path) -> str:
    """A repository behind a server; whatever of it is run leaves a trace."""
    user.environ["SPY"] = str(tmp_path / "spy")
    publish(work, {"MLproject": f"name: p\nentry_points:\n  main:\n    command: 'touch {tmp_path}/ran; echo done'\n"})
    return f"{http.url}/sample.git"


def publish(work: Path, files: dict[str, str]) -> str:
    made = commit(work, files)
    git(work, "push", "--quiet", "../served/sample.git", "main")
    return made


@contextmanager
def sitting(user: User, screen: Screen, *argv: str, **more: Any) -> Iterator[subprocess.Popen[bytes]]:
    """Somebody types a command at a terminal."""
    streams: dict[str, Any] = {"stdin": screen.slave, "stdout": subprocess.PIPE, "stderr": screen.slave}
    with user.starts(*argv, **streams, start_new_session=True, **more) as process:
        yield process


def answered(user: User, screen: Screen, answer: bytes, *argv: str, **more: Any) -> tuple[int, bytes]:
    """The code and the output of a command that asks and gets this answer."""
    screen.read()
    before = len(screen.shown)

    def is_asked() -> bool:
        screen.read()
        return screen.shown[before:].endswith(b"Run it? [y/N] ")

    with sitting(user, screen, *argv, **more) as process:
        assert eventually(is_asked), screen.shown
        screen.types(answer)
        out, _ = process.communicate(timeout=PATIENCE)
        screen.read()
        return process.returncode, out


def unasked(user: User, screen: Screen, *argv: str, **more: Any) -> int:
    """The code of a command that asks nothing."""
    screen.read()
    before = len(screen.shown)
    with sitting(user, screen, *argv, **more) as process:

        def ended() -> bool:
            screen.read()
            return process.poll() is not None

        assert eventually(ended, PATIENCE), screen.shown
    screen.read()
    assert b"[y/N]" not in screen.shown[before:]
    return process.returncode


def grounds(user: User) -> list[str]:
    """On what ground each run went on, in no order."""
    files = (user.home / "runs").glob("*/trust.json")
    return sorted(json.loads(file.read_text())["ground"] for file in files)


def test_no_is_no_and_leaves_nothing(user: User, screen: Screen, address: str, tmp_path: Path) -> None:
    for answer in (b"n\r", b"\r", b"maybe\r", b"\x04"):
        code, out = answered(user, screen, answer, "run", *LOCAL, address)
        assert (code, out) == (77, b""), answer
    assert b"error: nothing is run: you did not agree to the code of http://127.0.0.1:" in screen.shown
    assert not (tmp_path / "ran").exists()
    assert user.runs() == []
    assert list((user.home / "staging").iterdir()) == []
    assert not (user.home / "trust").exists()


def test_an_interrupt_is_no_too(user: User, screen: Screen, address: str, tmp_path: Path) -> None:
    with sitting(user, screen, "run", *LOCAL, address) as process:
        screen.shows(b"[y/N] ")
        process.send_signal(2)
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 130
    assert not (tmp_path / "ran").exists()
    assert list((user.home / "staging").iterdir()) == []


def test_yes_is_kept_for_this_content(user: User, screen: Screen, address: str, work: Path, tmp_path: Path) -> None:
    assert answered(user, screen, b"y\r", "run", *LOCAL, address) == (0, b"done\n")
    for shown in (
        b"source        http://127.0.0.1:",
        b"touch ",
        b"reaches       your files, your variables, the network",
    ):
        assert shown in screen.shown
    assert unasked(user, screen, "run", *LOCAL, address) == 0
    assert grounds(user) == ["agreed", "agreed before"]
    assert "trust         code from elsewhere: agreed before\n" in user.call("show").out
    publish(work, {"more.py": "print()\n"})
    assert answered(user, screen, b"n\r", "run", *LOCAL, address)[0] == 77
    assert b"This code has changed since you last agreed to it: " in screen.shown
    git(work, "revert", "--no-edit", "HEAD")
    git(work, "push", "--quiet", "../served/sample.git", "main")
    assert unasked(user, screen, "run", *LOCAL, address) == 0, "another commit of files that were agreed to"


def test_what_is_typed_before_the_question_is_no_answer(user: User, screen: Screen, address: str) -> None:
    screen.types(b"y\ry\ry\r")
    assert answered(user, screen, b"n\r", "run", *LOCAL, address)[0] == 77


def test_detached_asks_too(user: User, screen: Screen, address: str, tmp_path: Path) -> None:
    assert answered(user, screen, b"n\r", "run", "-d", *LOCAL, address)[0] == 77
    code, out = answered(user, screen, b"yes\r", "run", "-d", *LOCAL, address)
    assert code == 0
    assert eventually(lambda: [run["state"] for run in user.runs()] == ["finished"])
    assert user.runs()[0]["id"] == out.decode().strip()
    assert grounds(user) == ["agreed"]


@pytest.mark.parametrize(
    ("options", "environ", "ground"),
    [
        (["--yes"], {}, "--yes"),
        (["-y"], {}, "--yes"),
        ([], {"REENACT_TRUST": "1"}, "REENACT_TRUST"),
        ([], {"REENACT_TRUST": "http://127.0.0.1:PORT"}, "REENACT_TRUST"),
    ],
)
def test_who_says_so_before_is_not_asked(
    user: User, screen: Screen, address: str, options: list[str], environ: dict[str, str], ground: str
) -> None:
    port = address.split(":")[2].split("/")[0]
    environ = {name: value.replace("PORT", port) for name, value in environ.items()}
    assert unasked(user, screen, "run", *LOCAL, *options, address, environ=environ) == 0
    assert grounds(user) == [ground]
    assert b"this runs code from elsewhere, http://127.0.0.1:" in screen.shown
    assert f"({ground})".encode() in screen.shown
    assert not (user.home / "trust").exists(), "nobody was asked, so nobody has agreed"


def test_where_nobody_sits_it_goes_on_and_says_so(user: User, address: str) -> None:
    said = user.call("run", *LOCAL, address)
    assert (said.code, said.out) == (0, "done\n")
    assert re.search(rf"^this runs code from elsewhere, {address} at \w+ \(not asked: no terminal\)$", said.err, re.M)
    assert grounds(user) == ["not asked: no terminal"]


def test_a_folder_and_a_look_are_not_asked_about(user: User, screen: Screen, address: str, work: Path) -> None:
    assert unasked(user, screen, "run", *LOCAL, str(work)) == 0
    assert unasked(user, screen, "run", *LOCAL, "-v", "main", str(work)) == 0
    assert grounds(user) == []
    assert unasked(user, screen, "run", "--dry-run", *LOCAL, address) == 0
    assert unasked(user, screen, "describe", address) == 0
    assert unasked(user, screen, "check", address) == 0


def test_an_archive_from_the_web(user: User, screen: Screen, http: Served, served: Path) -> None:
    address = f"{http.url}/sample.zip"
    assert answered(user, screen, b"n\r", "run", *LOCAL, address)[0] == 77
    assert b"content       " in screen.shown
    assert unasked(user, screen, "run", "--dry-run", *LOCAL, str(served / "sample.zip")) == 0


def test_a_project_cannot_agree_for_its_user(
    user: User, screen: Screen, address: str, work: Path, tmp_path: Path
) -> None:
    """Not by a file of variables, and not by a home that such a file names and that it has prepared."""
    prepared = Home(tmp_path / "prepared")
    tree = git(work, "rev-parse", "HEAD^{tree}")
    subject = find_subject(Snapshot("git", address, tree=tree, repository=address))
    assert subject is not None
    keep_agreement(subject, prepared, "2026-01-01T00:00:00Z")
    file = tmp_path / ".env"
    file.write_text(f"REENACT_TRUST=1\nREENACT_HOME={prepared.root}\nXDG_DATA_HOME={tmp_path}\nHOME={tmp_path}\n")
    (user.folder / ".env").write_text(file.read_text())
    code, _ = answered(user, screen, b"n\r", "--env-file", str(file), "run", *LOCAL, address)
    assert code == 77
    own = {name: value for name, value in user.environ.items() if name not in ("REENACT_HOME", "XDG_DATA_HOME")}
    own["HOME"] = str(tmp_path / "user-home")
    user.environ, before = own, user.environ
    try:
        code, _ = answered(user, screen, b"n\r", "--env-file", str(file), "run", *LOCAL, address)
    finally:
        user.environ = before
    assert code == 77
    assert not (tmp_path / "ran").exists()


@pytest.mark.slow
def test_no_build_comes_before_the_answer(
    user: User, screen: Screen, http: Served, address: str, work: Path, tmp_path: Path
) -> None:
    """A setup.py is the project's own code; neither planning nor describing may run it."""
    publish(
        work,
        {
            "MLproject": "name: p\npython_env: python_env.yaml\nentry_points: {main: {command: echo}}\n",
            "python_env.yaml": "dependencies:\n  - .\n",
            "setup.py": SETUP,
            ".gitattributes": "*.txt filter=spy\n",
            "a.txt": "a\n",
        },
    )
    code, _ = answered(user, screen, b"n\r", "run", address)
    assert code == 77
    assert b"builds        code of the project: ." in screen.shown
    code, _ = answered(user, screen, b"n\r", "lock", "-o", str(tmp_path / "out.lock"), address)
    assert code == 77
    assert unasked(user, screen, "describe", address) == 0
    assert unasked(user, screen, "check", address) == 0
    assert unasked(user, screen, "run", "--dry-run", address) == 0
    assert not (tmp_path / "spy").exists()
    assert not (user.home / "environments").exists() or not os.listdir(user.home / "environments")


def test_what_the_source_says_cannot_move_the_terminal(user: User, screen: Screen, address: str, work: Path) -> None:
    publish(work, {"MLproject": 'entry_points:\n  main:\n    command: "echo \\e[2J\\e]0;owned\\a"\n'})
    git(work, "checkout", "--quiet", "-b", "b\u202er")
    git(work, "push", "--quiet", "../served/sample.git", "b\u202er")
    code, _ = answered(user, screen, b"n\r", "run", *LOCAL, "-v", "b\u202er", address)
    assert code == 77
    assert b"echo \\x1b[2J\\x1b]0;owned\\x07" in screen.shown
    assert b"branch b\\u202er" in screen.shown
    told = screen.shown.split(b"This is code", 1)[1]
    assert b"\x1b]" not in told and b"\x1b[2J" not in told
    said = user.call("run", "--dry-run", *LOCAL, "-v", "b\u202er", address)
    assert "\x1b" not in said.out + said.err
    assert "\u202e" not in said.out + said.err


def test_a_repetition_is_asked_about_as_the_run_was(user: User, screen: Screen, address: str, tmp_path: Path) -> None:
    assert user.call("run", *LOCAL, address).code == 0, "nobody sat there"
    (tmp_path / "ran").unlink()
    for verb in ("rerun", "verify"):
        assert answered(user, screen, b"n\r", verb, "@")[0] == 77
        assert not (tmp_path / "ran").exists()
    assert answered(user, screen, b"y\r", "rerun", "@") == (0, b"done\n")
    assert unasked(user, screen, "rerun", "@") == 0
    assert grounds(user) == ["agreed", "agreed before", "not asked: no terminal"]


def test_an_imported_run_is_from_elsewhere(user: User, screen: Screen, work: Path, tmp_path: Path) -> None:
    """Also where the run was of a folder; the same bundle is agreed to once."""
    (work / "MLproject").write_text(f"entry_points:\n  main:\n    command: 'touch {tmp_path}/ran; echo done'\n")
    assert user.call("run", *LOCAL, str(work)).code == 0
    assert user.call("export", "@", "-o", str(tmp_path / "run.tar.zst")).code == 0
    assert unasked(user, screen, "rerun", "@") == 0, "it is ours"
    (tmp_path / "ran").unlink()
    user.environ["REENACT_HOME"] = str(tmp_path / "another")
    user.home = tmp_path / "another"
    assert unasked(user, screen, "import", str(tmp_path / "run.tar.zst")) == 0
    assert answered(user, screen, b"n\r", "rerun", "@")[0] == 77
    assert b"source        " + str(work).encode() in screen.shown
    assert not (tmp_path / "ran").exists()
    imported = user.runs()[0]["id"]
    assert answered(user, screen, b"y\r", "rerun", imported) == (0, b"done\n")
    assert unasked(user, screen, "rerun", imported) == 0


def test_trials_and_environments_are_asked_about_too(user: User, screen: Screen, address: str, tmp_path: Path) -> None:
    assert user.call("run", *LOCAL, "-P", "a=1", address).code == 0
    assert user.call("run", *LOCAL, "-P", "a=2", address).code == 0
    (tmp_path / "ran").unlink()
    with sitting(user, screen, "why", "@~1", "@") as process:
        screen.shows(b"go on? [y/N] ")
        screen.types(b"y\r")
        screen.shows(b"Run it? [y/N] ")
        screen.types(b"n\r")
        process.communicate(timeout=PATIENCE)
    assert process.returncode == 77
    assert answered(user, screen, b"n\r", "env", "restore", "@")[0] == 77
    assert not (tmp_path / "ran").exists()
