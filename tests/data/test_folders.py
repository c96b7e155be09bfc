"""A folder as one text."""

from __future__ import annotations

import pytest
from blake3 import blake3
from hypothesis import given
from hypothesis import strategies as st

from reenact.data import folders
from reenact.data.folders import digest_listing, find_kept_folder, list_contents, parse_listing, render_listing
from reenact.run_folder import RunFolder

NAMES = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1)
RAW = st.binary(min_size=1).map(lambda raw: raw.replace(b"\0", b"\n").decode("utf-8", "surrogateescape"))
FOUND = st.sampled_from(["", "a pipe", "No such file or directory", "0" * 64, "f" * 64])


@given(st.dictionaries(NAMES | RAW, FOUND))
def test_what_is_written_is_read(files: dict[str, str]) -> None:
    assert parse_listing(render_listing(files)) == files


@given(st.binary())
def test_whatever_comes_is_read_or_refused(text: bytes) -> None:
    try:
        files = parse_listing(text)
    except ValueError:
        return
    assert render_listing(files) == text


def test_the_digest_is_of_the_text() -> None:
    files = {"b": "0" * 64, "a\nc": "a pipe"}
    assert digest_listing(files) == blake3(b"a\nc\0a pipe\nb\0" + b"0" * 64 + b"\n").hexdigest()
    assert list_contents(files) == {"b": "0" * 64}


@pytest.mark.parametrize("text", [b"a\0", b"a\n", b"b\0\na\0\n", b"a\0\na\0\n", b"a\0\xff\n", b"x"])
def test_what_is_damaged_is_refused(text: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        parse_listing(text)


def test_of_too_many_files_nothing_is_read() -> None:
    with pytest.raises(ValueError, match="1,000,000"):
        parse_listing(b"\0\n" * (folders.MOST + 1))


def test_a_damaged_folder_is_none(tmp_path_factory: pytest.TempPathFactory) -> None:
    run = RunFolder(tmp_path_factory.mktemp("run"))
    digest = digest_listing({"a": "0" * 64})
    (run.kept_inputs / digest / "data").mkdir(parents=True)
    assert find_kept_folder(run, digest) is None
    folders.name_listing(run, digest).write_bytes(b"other")
    assert find_kept_folder(run, digest) is None
    folders.name_listing(run, digest).write_bytes(render_listing({"a": "0" * 64}))
    kept = find_kept_folder(run, digest)
    assert kept is not None
    assert (kept.place.name, kept.files) == ("data", {"a": "0" * 64})
