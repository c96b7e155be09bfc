"""What somebody has agreed to run, and how little else counts as an agreement."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.codec import encode
from reenact.files import make_folder
from reenact.home import Home
from reenact.plan import Snapshot
from reenact.run_folder import RunFolder
from reenact.trust import (
    Agreement,
    Subject,
    find_agreement,
    find_last_agreement,
    find_subject,
    is_trusted,
    keep_agreement,
    read_ground,
    record_unasked,
)
from tests.recorded import make_world

GIT = Snapshot("git", "https://host/org/p.git", commit="c" * 40, tree="t" * 40, repository="https://host/org/p.git")
OURS = Subject("https://host/org/p.git", "t" * 40, "c" * 40)


def test_what_is_code_from_elsewhere() -> None:
    assert find_subject(GIT) == OURS
    assert find_subject(GIT._replace(repository="/srv/p.git")) is None
    assert find_subject(Snapshot("directory", "/home/me/p", "/home/me/p", repository="https://host/org/p")) is None
    bundled = find_subject(GIT, "b" * 64)
    assert bundled is not None and bundled.content == "b" * 64 and bundled.folder != OURS.folder
    assert not is_trusted(bundled, {"REENACT_TRUST": "https://host"})
    assert find_subject(Snapshot("archive", "/home/me/p.zip", tree="t")) is None
    assert find_subject(Snapshot("archive", "HTTPS://host/p.zip", tree="t")) == Subject("HTTPS://host/p.zip", "t")


def test_an_agreement_is_to_a_repository_with_a_content(home: Home) -> None:
    assert find_agreement(OURS, home) is None
    keep_agreement(OURS, home, "2026-01-01T00:00:00Z")
    assert find_agreement(OURS, home) == Agreement(OURS, "2026-01-01T00:00:00Z")
    same = OURS._replace(commit="d" * 40)
    assert find_agreement(same, home) is not None, "another commit of the same files"
    other = OURS._replace(content="u" * 40)
    assert find_agreement(other, home) is None
    assert find_agreement(OURS._replace(repository="https://host/org/q.git"), home) is None
    last = find_last_agreement(other, home)
    assert last is not None and last.subject == OURS
    keep_agreement(other, home, "2026-02-01T00:00:00Z")
    last = find_last_agreement(OURS, home)
    assert last is not None and last.subject == other


def test_spellings_of_an_address_share_their_agreements(home: Home) -> None:
    keep_agreement(OURS, home, "2026-01-01T00:00:00Z")
    assert find_last_agreement(OURS._replace(repository="https://HOST/org/p/", content="x"), home) is not None


def write(home: Home, folder: str, file: str, data: bytes) -> Path:
    path = make_folder(home.trust / folder) / file
    path.write_bytes(data)
    return path


@pytest.mark.parametrize("data", [b"", b"{", b"[]", b"\xff", b'{"subject": {}}', b"[" * 100_000])
def test_a_damaged_file_is_no_agreement(home: Home, data: bytes) -> None:
    write(home, OURS.folder, OURS.file, data)
    assert find_agreement(OURS, home) is None
    assert find_last_agreement(OURS, home) is None


def test_an_agreement_to_something_else_in_its_place_is_none(home: Home) -> None:
    other = OURS._replace(content="other")
    write(home, OURS.folder, OURS.file, encode(Agreement(other, "2026")))
    assert find_agreement(OURS, home) is None
    assert find_last_agreement(OURS, home) is None


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give a file to somebody else")
def test_an_agreement_of_somebody_else_is_none(home: Home) -> None:
    keep_agreement(OURS, home, "2026")
    os.chown(home.trust / OURS.folder / OURS.file, 12345, 12345)
    assert find_agreement(OURS, home) is None


@pytest.mark.parametrize(
    "value",
    [
        *("1", "all", "ALL", "https://host", "https://host/", "https://host/org", "https://host/org/", "host/org"),
        *("https://HOST/org/p", "https://host:443/org", "https://me:pw@host/org", "other.org, https://host/org/p.git"),
    ],
)
def test_the_variable_covers(value: str) -> None:
    assert is_trusted(OURS, {"REENACT_TRUST": value})


@pytest.mark.parametrize(
    "value",
    [
        *("", " ", "0", "no", "none", ",", "https://host/or", "https://host/org/p/q", "http://host/org", "https://hos"),
        *("ssh://host/org", "https://host/org/p.gi", "https", "https://", "/", "*", "true", "https://host:8443"),
    ],
)
def test_the_variable_does_not_cover(value: str) -> None:
    assert not is_trusted(OURS, {"REENACT_TRUST": value})
    assert not is_trusted(OURS, {})


@pytest.mark.parametrize(
    "repository",
    [
        *("https://host/org-evil/p", "https://host/org/../evil/p", "https://host/org/%2e%2e/evil", "https://host/evil"),
        *("https://host.evil.org/org/p", "https://evil/https://host/org", "https://host:8443/org/p"),
        *("https://host/org/./p", r"https://host/org\..\evil", "https://evil@evil.org/host/org"),
    ],
)
def test_what_only_looks_as_if_it_were_below(repository: str) -> None:
    assert not is_trusted(Subject(repository, "t"), {"REENACT_TRUST": "https://host/org"})


def test_the_short_form_of_ssh() -> None:
    subject = Subject("git@host:org/p.git", "t")
    for value in ("git@host", "git@host:org", "git@host:org/p"):
        assert is_trusted(subject, {"REENACT_TRUST": value}) == (":" in value)
    assert not is_trusted(Subject("git@host:organ/p", "t"), {"REENACT_TRUST": "git@host:org"})


NAMES = st.text("abcXYZ019_-", min_size=1, max_size=8)


@given(NAMES, st.text("abc./:@-_%", min_size=1, max_size=8))
def test_no_value_trusts_half_a_name(name: str, more: str) -> None:
    subject = Subject(f"https://host/{name}{more}", "t")
    if is_trusted(subject, {"REENACT_TRUST": f"https://host/{name}"}):
        assert more.startswith("/")
        assert ".." not in more.split("/")


def test_what_nobody_was_asked_about_is_recorded(home: Home, tmp_path: Path) -> None:
    world = make_world(home)
    for name, environ, ground in (
        ("a", {}, "not asked: no terminal"),
        ("b", {"REENACT_TRUST": "host"}, "REENACT_TRUST"),
    ):
        folder = RunFolder(make_folder(tmp_path / name))
        record_unasked(folder, GIT, world._replace(environ=environ))
        found = read_ground(folder)
        assert found is not None and (found.subject, found.ground) == (OURS, ground)
    keep_agreement(OURS, home, "2026")
    folder = RunFolder(make_folder(tmp_path / "c"))
    record_unasked(folder, GIT, world._replace(environ={}))
    assert (found := read_ground(folder)) is not None and found.ground == "agreed before"
    record_unasked(RunFolder(tmp_path), Snapshot("directory", "/x", "/x"), world)
    assert read_ground(RunFolder(tmp_path)) is None
