from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.errors import SourceError
from reenact.home import Home
from reenact.process.git import make_git
from reenact.process.tool import ToolResult
from reenact.sources import fetch, parse_uri
from reenact.sources.git.failure import DamagedError, make_error
from reenact.world import World
from tests.sources.repositories import make_world


def test_what_the_caller_configures_by_variables_stays(tmp_path: Path) -> None:
    environ = {**os.environ, "GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "user.name", "GIT_CONFIG_VALUE_0": "me"}
    git = make_git(environ, tmp_path).configured(("user.email", "a@b"))
    assert git.run("config", "user.name").output == "me\n"
    assert git.run("config", "user.email").output == "a@b\n"
    assert git.run("config", "core.hooksPath").output == "/dev/null\n"


@pytest.mark.parametrize(("theirs", "allowed"), [("https:ext", "https"), ("", ""), ("ssh:https", "https:ssh")])
def test_the_callers_list_of_protocols_only_gets_shorter(theirs: str, allowed: str) -> None:
    assert make_git({"GIT_ALLOW_PROTOCOL": theirs}).environ["GIT_ALLOW_PROTOCOL"] == allowed


def test_a_protocol_that_the_caller_forbids_is_told(bare: Path, code: Path, tmp_path: Path, home: Home) -> None:
    with pytest.raises(SourceError, match="this protocol is not allowed"):
        fetch(parse_uri(str(bare)), code, make_world(tmp_path, home, GIT_ALLOW_PROTOCOL="https"))


def test_addresses_that_the_user_rewrites_are_rewritten(bare: Path, code: Path, tmp_path: Path, world: World) -> None:
    (tmp_path / ".gitconfig").write_text(f'[url "file://{bare.parent}/"]\n\tinsteadOf = https://host.invalid/\n')
    snapshot, root, _ = fetch(parse_uri("https://host.invalid/sample.git"), code, world)
    assert (root / "train.py").read_text() == "three\n"
    assert snapshot.repository == "https://host.invalid/sample.git"


@pytest.mark.parametrize(
    ("said", "cause"),
    [
        (
            "fatal: could not read Username for 'https://h': terminal prompts disabled",
            "no access, or no such repository",
        ),
        ("git@h: Permission denied (publickey).\nfatal: Could not read from remote repository.", "no access"),
        ("fatal: 'origin' does not appear to be a git repository", "this git is too old"),
        ("fatal: unable to access 'https://h/': Could not resolve host: h", "the host is unknown"),
        ("fatal: write error: No space left on device", "the disk is full"),
        ("fatal: repository 'https://h/x' not found", "there is no such repository"),
    ],
)
def test_the_cause_comes_first_and_then_the_last_lines_of_git(said: str, cause: str) -> None:
    noise = "remote: Counting objects: 100% (3/3)\rremote: Counting objects: 100% (3/3), done.\n" + "line\n" * 20
    problem = make_error("fetch https://u:s3cret@h/x", ToolResult(("git",), 128, b"", f"{noise}{said}\n"))
    first, *rest = problem.message.splitlines()
    assert first.startswith(f"cannot fetch https://h/x: {cause}")
    assert [line.strip() for line in rest[-len(said.splitlines()) :]] == said.splitlines()
    assert len(rest) <= 6
    assert problem.hint


def test_only_what_has_no_cause_elsewhere_puts_the_mirror_in_doubt() -> None:
    unknown = ToolResult(("git",), 128, b"", "error: inflate: data stream error\n")
    assert isinstance(make_error("x", unknown, uses_mirror=True), DamagedError)
    assert not isinstance(make_error("x", unknown), DamagedError)
    network = ToolResult(("git",), 128, b"", "Connection refused\n")
    assert not isinstance(make_error("x", network, uses_mirror=True), DamagedError)
