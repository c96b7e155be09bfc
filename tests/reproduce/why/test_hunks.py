"""The code in pieces."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.home import Home
from reenact.reproduce.why.hunks import Hunk, apply_lines, list_hunks, parse_hunks, take_hunks
from reenact.sources.capture.store import FILE, PROGRAM, Entry, Store, open_store
from tests.sources.repositories import make_world

LINES = st.lists(st.sampled_from([b"a\n", b"b\n", b"c\n", b"\r\n", b"d\re\n"]), max_size=12)


@pytest.fixture
def store(tmp_path: Path, home: Home) -> Store:
    return open_store(make_world(tmp_path, home))


def make_tree(store: Store, files: dict[str, bytes], mode: str = FILE) -> str:
    ids = store.keep_contents(list(files.values()))
    return store.write_tree({path: Entry(mode, oid) for path, oid in zip(files, ids, strict=True)})


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(old=LINES, new=LINES, tail=st.sampled_from([b"", b"no end"]))
def test_all_pieces_make_the_new_file(old: list[bytes], new: list[bytes], tail: bytes, store: Store) -> None:
    before, after = b"".join(old) + tail, b"".join(new)
    ids = store.keep_contents([before, after])
    hunks = parse_hunks("x", store.render_blob_diff(*ids))
    assert apply_lines(before, after, [hunk.lines for hunk in hunks if hunk.lines]) == after
    assert apply_lines(before, after, []) == before


def test_each_piece_can_be_taken_alone(store: Store) -> None:
    old = b"".join(b"%d\n" % number for number in range(30))
    new = old.replace(b"\n5\n", b"\nfive\n").replace(b"\n20\n", b"\n20\ntwenty and a half\n").replace(b"\n9\n", b"\n")
    trees = make_tree(store, {"x": old}), make_tree(store, {"x": new})
    hunks = list_hunks(*trees, store)
    assert [hunk.describe() for hunk in hunks] == ["x:6", "x:9", "x:21"]
    for hunk, said in zip(hunks, (b"five", b"\n8\n10\n", b"half"), strict=True):
        mixed = take_hunks(*trees, [hunk], store)
        content = store.read_blob(store.list_tree(mixed)["x"].oid)
        assert said in content
        assert sum(each in content for each in (b"five", b"\n8\n10\n", b"half")) == 1
    assert take_hunks(*trees, hunks, store) == trees[1]


def test_files_that_are_no_text_come_and_go_are_taken_whole(store: Store) -> None:
    old = make_tree(store, {"gone": b"x\n", "blob": bytes(range(256)), "same": b"s\n"})
    new = make_tree(store, {"came": b"y\n", "blob": bytes(range(255)), "same": b"s\n"})
    hunks = list_hunks(old, new, store)
    assert hunks == (Hunk("blob"), Hunk("came"), Hunk("gone"))
    assert set(store.list_tree(take_hunks(old, new, [Hunk("came")], store))) == {"gone", "blob", "same", "came"}
    assert set(store.list_tree(take_hunks(old, new, [Hunk("gone")], store))) == {"blob", "same"}
    assert take_hunks(old, new, hunks, store) == new


def test_a_mode_is_a_piece(store: Store) -> None:
    content = os.urandom(8).hex().encode()
    old, new = make_tree(store, {"x": content}), make_tree(store, {"x": content}, PROGRAM)
    assert list_hunks(old, new, store) == (Hunk("x"),)
    assert take_hunks(old, new, [Hunk("x")], store) == new
