from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.document_cache import DocumentCache, find_documents
from reenact.home import Home
from reenact.project.document import load_document


def test_what_was_kept_is_found(home: Home) -> None:
    cache = find_documents(home)
    assert cache.find("ab") is None
    cache.keep("ab", b"x")
    assert cache.find("ab") == b"x"
    assert [path.name for path in home.documents.iterdir()] == [f"ab{cache.stamp}"]
    assert cache._replace(stamp="-other").find("ab") is None


@pytest.mark.parametrize("place", ["file", "/dev/null/x", "/proc/1/x"])
def test_a_place_that_cannot_be_written_is_no_error(tmp_path: Path, place: str) -> None:
    (tmp_path / "file").touch()
    cache = DocumentCache(tmp_path / place)
    cache.keep("ab", b"x")
    assert cache.find("ab") is None


def test_a_document_is_the_same_through_the_disk(home: Home) -> None:
    cache = find_documents(home)
    data = "é: [1, 1e-4, 2020-01-01, .nan]\nb: *x\n".encode()
    assert load_document("a", data, cache) == load_document("a", data, cache)
    (kept,) = home.documents.iterdir()
    os.truncate(kept, 10)
    assert load_document("a", data, cache) == load_document("a", data, cache)
