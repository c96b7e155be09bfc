"""What somebody with bad intentions would say of folders of data."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from blake3 import blake3

from reenact.data.folders import digest_listing, render_listing
from reenact.errors import RecordError
from reenact.reproduce.bundle.importing import Terms, import_bundle
from reenact.reproduce.bundle.writing import Member
from reenact.run_folder import RunFolder
from reenact.sources.supply import supply_inputs
from reenact.world import World
from tests.reproduce.bundle.made import expect_nothing, rewrite

HELD, LARGE = (blake3(b"held" * times).hexdigest() for times in (1, 1000))


def put(bundle: Path, files: Mapping[str, str], path: str = "data/", **more: Any) -> str:
    """Have the bundle hold a folder with these files, each of the content 'held'; the folder's digest."""
    text = render_listing(files)
    digest = more.pop("digest", digest_listing(files))

    def change(members: dict[str, Member]) -> None:
        line = {"path": path, "size": 4, "digest": digest, "origin": "data", "files": len(files)}
        members["record/inputs.json"] = Member("record/inputs.json", json.dumps([line]).encode())
        for content in (more.pop("text", text), b"held", *more.pop("contents", ())):
            members[f"inputs/{blake3(content).hexdigest()}"] = Member(f"inputs/{blake3(content).hexdigest()}", content)

    rewrite(bundle, change)
    return str(digest)


def test_a_folder_comes_whole(bundle: Path, other: World) -> None:
    digest = put(bundle, {"a": HELD, "b/c\\d\n": HELD, "pipe": "a pipe"}, "far/data/")
    received = import_bundle(bundle, Terms(), other)
    kept = RunFolder(other.home.runs / received.run).kept_inputs
    assert sorted(path.name for path in kept.iterdir()) == [digest, f"{digest}.files"]
    assert (kept / digest / "data/b/c\\d\n").read_text() == "held"
    assert not (kept / digest / "data/pipe").exists()


OUTSIDE = ("../x", "/etc/passwd", "a/../../x", "a//b", "", ".", "a/.", "..")
OTHERS = ("a/b", "x" * 300, "p/" * 300 + "p", ".git/config", "d/.GIT")


@pytest.mark.parametrize("path", [*OUTSIDE, *OTHERS])
def test_a_file_in_a_folder_stays_there(path: str, bundle: Path, other: World) -> None:
    put(bundle, {"a": HELD, path: HELD})
    with pytest.raises(RecordError, match=r"leads elsewhere|would lie in it|too long"):
        import_bundle(bundle, Terms(), other)
    expect_nothing(other)


def test_a_folder_that_lacks_a_file_is_refused(bundle: Path, other: World) -> None:
    put(bundle, {"a": HELD, "b": blake3(b"other").hexdigest()})
    with pytest.raises(RecordError, match="it lacks 'b'"):
        import_bundle(bundle, Terms(), other)
    expect_nothing(other)


def test_a_folder_under_the_digest_of_another_is_refused(bundle: Path, other: World) -> None:
    """The text of a folder has the folder's digest, or the bundle has no such member."""
    recorded = digest_listing({"a": HELD})

    def change(members: dict[str, Member]) -> None:
        line = {"path": "data/", "size": 4, "digest": recorded, "origin": "data"}
        members["record/inputs.json"] = Member("record/inputs.json", json.dumps([line]).encode())
        members[f"inputs/{recorded}"] = Member(f"inputs/{recorded}", render_listing({"a": HELD, "evil": HELD}))

    with pytest.raises(RecordError, match="no input"):
        rewrite(bundle, change)


def test_a_folder_of_other_content_is_not_the_recorded_one(bundle: Path, other: World) -> None:
    """Sound in itself, but not what the record names: nobody will find it under the recorded digest."""
    recorded = digest_listing({"a": blake3(b"true").hexdigest()})
    put(bundle, {"a": HELD}, digest=recorded)
    received = import_bundle(bundle, Terms(), other)
    kept = RunFolder(other.home.runs / received.run).kept_inputs
    assert not (kept / recorded).exists()
    assert not (kept / f"{recorded}.files").exists()


@pytest.mark.parametrize("text", [b"words", b"b\0\na\0\n", b"a\0" + HELD.encode()])
def test_a_damaged_text_is_refused(text: bytes, bundle: Path, other: World) -> None:
    put(bundle, {}, digest=blake3(text).hexdigest(), text=text)
    with pytest.raises(RecordError, match="damaged"):
        import_bundle(bundle, Terms(), other)
    expect_nothing(other)


def test_one_content_in_very_many_places_is_counted_in_each(bundle: Path, other: World) -> None:
    put(bundle, {str(number): LARGE for number in range(1000)}, contents=[b"held" * 1000])
    with pytest.raises(RecordError, match="more than is allowed") as refused:
        import_bundle(bundle, Terms(most=3_900_000), other)
    assert refused.value.hint == "--max-size allows more"
    expect_nothing(other)


@pytest.mark.parametrize("path", ["/", "../", "data/../"])
def test_a_folder_has_a_name_inside_its_own(path: str, bundle: Path, other: World) -> None:
    digest = put(bundle, {"a": HELD}, path)
    received = import_bundle(bundle, Terms(), other)
    (place,) = (RunFolder(other.home.runs / received.run).kept_inputs / digest).iterdir()
    assert (place.name, (place / "a").read_text()) == (digest, "held")


@pytest.mark.parametrize("path", [".git/config", ".git", "d/.Git/", "../x", "out/x", "out/"])
def test_nothing_is_put_outside_of_the_code_or_among_git_s_own(
    path: str, bundle: Path, other: World, tmp_path: Path
) -> None:
    """What is restored before anybody is asked is not to start anything, nor to write elsewhere."""
    outside = tmp_path / "outside"
    outside.mkdir()
    content = render_listing({"a": HELD}) if path.endswith("/") else b"held"
    digest = blake3(content).hexdigest()

    def change(members: dict[str, Member]) -> None:
        line = {"path": path, "size": 4, "digest": digest, "origin": "x"}
        members["record/inputs.json"] = Member("record/inputs.json", json.dumps([line]).encode())
        members |= {
            f"inputs/{each}": Member(f"inputs/{each}", data) for each, data in ((digest, content), (HELD, b"held"))
        }

    rewrite(bundle, change)
    received = import_bundle(bundle, Terms(), other)
    code = tmp_path / "run" / "code"
    code.mkdir(parents=True)
    (code / "out").symlink_to(outside)
    supply_inputs(RunFolder(other.home.runs / received.run), code, other)
    assert [*code.iterdir()] == [code / "out"]
    assert [*code.parent.iterdir()] == [code]
    assert [*outside.iterdir()] == []
