"""What a command has to read."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from blake3 import blake3

from reenact.data.content import read_content
from reenact.data.inputs import USUAL, Answer, Limits, expect_inputs, record_inputs
from reenact.data.memo import Memo
from reenact.data.places import Site
from reenact.errors import InputError
from reenact.plan import PathValue, Plan
from reenact.records.types import InputFile
from reenact.world import World
from tests.data.test_places import fill
from tests.recorded import told


def digest(text: str) -> str:
    return blake3(text.encode()).hexdigest()


def record(plan: Plan, site: Site, world: World, limits: Limits = USUAL) -> dict[str, InputFile]:
    found = record_inputs(plan, site, world, lambda uri: Answer(7, f"ETag {uri[-1]}"), limits)
    return {file.path: file for file in found}


def settled(world: World) -> World:
    """A world in which everything that exists was written long ago."""
    now = world.now
    return world._replace(now=lambda: now() + 100)


def test_files_folders_patterns_addresses_and_parameters(plan: Plan, site: Site, world: World, tmp_path: Path) -> None:
    fill(site.project, "a.csv", "d/x", "d/y", "p1.txt", "p2.txt")
    fill(tmp_path, "far/z", "file")
    fill(site.run, "inputs/got/w")
    plan = plan._replace(
        inputs=("a.csv", "d", "p*.txt", "https://h/x", f"file://{tmp_path}/file"),
        path_values=(
            PathValue("far", f"{tmp_path}/far/z"),
            PathValue("again", f"{site.project}/a.csv"),
            PathValue("later", f"{tmp_path}/not-yet"),
            PathValue("got", "$REENACT_RUN_DIR/inputs/got/w"),
        ),
    )
    found = record(plan, site, world)
    assert [
        (file.path.replace(str(tmp_path), "T"), file.origin.replace(str(tmp_path), "T")) for file in found.values()
    ] == [
        ("a.csv", "a.csv"),
        ("d/x", "d"),
        ("d/y", "d"),
        ("p1.txt", "p*.txt"),
        ("p2.txt", "p*.txt"),
        ("https://h/x", "https://h/x"),
        ("T/file", "T/file"),
        ("T/far/z", "parameter far"),
        ("$REENACT_RUN_DIR/inputs/got/w", "parameter got"),
    ]
    assert (found["d/x"].digest, found["d/x"].size) == (digest("d/x"), 3)
    assert found["https://h/x"] == InputFile("https://h/x", 7, None, "https://h/x", "ETag x")
    assert told(world) == []


def test_what_is_missing_is_told_all_at_once(plan: Plan, site: Site) -> None:
    fill(site.project, "a.csv")
    (site.project / "dead").symlink_to("nowhere")
    plan = plan._replace(
        inputs=("a.csv", "b.csv", "c/*.csv", "dead", "https://h/x", "$REENACT_RUN_DIR/inputs/d/x", "../z", "/no/where")
    )
    with pytest.raises(InputError) as caught:
        expect_inputs(plan, site)
    assert caught.value.exit_code == 67
    assert caught.value.message.split("\n  ")[1:] == ["b.csv", "c/*.csv", "dead", "../z", "/no/where"]


def test_what_cannot_be_read_holds_nothing_up_and_is_told(plan: Plan, site: Site, world: World) -> None:
    os.mkfifo(site.project / "pipe")
    (site.project / "d").mkdir()
    os.mkfifo(site.project / "d/pipe")
    plan = plan._replace(inputs=("pipe", "d", "/dev/null", "/proc/self/stat"))
    found = record(plan, site, world)
    assert {path: file.problem for path, file in found.items()} == {
        "pipe": "a pipe",
        "d/pipe": "a pipe",
        "/dev/null": "a device",
        "/proc/self/stat": "made by the kernel while it is read",
    }
    assert len(told(world)) == 4
    assert told(world)[0] == ("warn", "the input pipe is not in the record: a pipe")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read everything")
def test_what_may_not_be_read_is_told(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a")
    (site.project / "a").chmod(0)
    assert record(plan._replace(inputs=("a",)), site, world)["a"].problem == "Permission denied"


def test_an_unchanged_file_is_not_read_again(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a", "b")
    plan = plan._replace(inputs=("a", "b"))
    world = settled(world)
    record(plan, site, world)
    (kept, *_) = (path for path in world.home.digests.iterdir() if f"{site.project}/a" in path.read_text())
    kept.write_text(kept.read_text().replace(digest("a"), "f" * 64))
    assert record(plan, site, world)["a"].digest == "f" * 64
    (site.project / "a").write_text("A")
    assert record(plan, site, world)["a"].digest == digest("A")
    kept.write_text("damaged")
    assert record(plan, site, world)["a"].digest == digest("A")


def test_of_very_many_places_the_oldest_are_forgotten(site: Site, world: World) -> None:
    world = settled(world)
    for name in "abcdef":
        fill(site.project, name)
        memo = Memo(site.project / name, world, 4)
        memo.keep(name, read_content(site.project / name), world.now())
        memo.save()
    assert len(list(world.home.digests.iterdir())) == 4
    assert Memo(site.project / "f", world, 4).find("f", (site.project / "f").stat()) == digest("f")


def test_what_was_changed_a_moment_ago_is_not_trusted(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a")
    record(plan._replace(inputs=("a",)), site, world)
    assert not world.home.digests.exists()


def test_the_same_size_and_time_do_not_deceive(plan: Plan, site: Site, world: World) -> None:
    path, plan, world = site.project / "a", plan._replace(inputs=("a",)), settled(world)
    path.write_text("one")
    os.utime(path, (1, 1))
    assert record(plan, site, world)["a"].digest == digest("one")
    path.write_text("two")
    os.utime(path, (1, 1))
    assert record(plan, site, world)["a"].digest == digest("two")


def test_very_many_files_are_one_line(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "d/1", "d/2", "d/3", "d/4")
    plan = plan._replace(inputs=("d",))
    (first,) = record(plan, site, world, Limits(each=3)).values()
    assert (first.path, first.size, first.files) == ("d/", 12, 4)
    (site.project / "d/3").write_text("x")
    (second,) = record(plan, site, world, Limits(each=3)).values()
    assert second.digest not in (None, first.digest)


def test_a_huge_folder_that_nobody_declared_is_not_read(plan: Plan, site: Site, world: World) -> None:
    few = Limits(unasked_files=2)
    fill(site.project, "d/1", "d/2", "d/3")
    value = PathValue("data", f"{site.project}/d")
    (file,) = record(plan._replace(path_values=(value,)), site, world, few).values()
    assert (file.path, file.digest, file.problem) == (
        "d/",
        None,
        "not read: more than 2 files; declare it as an input to have it read",
    )
    assert len(record(plan._replace(inputs=("d",), path_values=(value,)), site, world, few)) == 4
    with open(site.project / "d/1", "wb") as sparse:
        sparse.truncate(5 << 30)
    (file,) = record(plan._replace(path_values=(value,)), site, world).values()
    assert file.problem == "not read: 5 GiB; declare it as an input to have it read"


def test_a_value_is_no_pattern(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a*", "ab")
    found = record(plan._replace(path_values=(PathValue("x", f"{site.project}/a*"),)), site, world)
    assert list(found) == ["a*"]
