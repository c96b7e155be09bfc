"""What goes and what stays, decided as data; how much disk there is to it."""

from __future__ import annotations

import os
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from reenact import environments
from reenact.codec import encode
from reenact.environments.collect import DAY, Limits, LockRecord, choose, choose_locks, drop_lock, list_lock_records
from reenact.environments.disk import Census
from reenact.environments.shelf import Standing, list_standing
from reenact.environments.sweep import find_leftovers, sweep
from reenact.home import Home
from reenact.plan import EnvironmentLock
from reenact.world import World
from tests.environments.python.test_python import ask, make
from tests.environments.test_shelf import put

BLOCK = 4096


def make_folders(root: Path, *contents: dict[str, str]) -> list[Path]:
    """Folders with files of one block each; the same text is the same file."""
    store = root / "store"
    store.mkdir(parents=True)
    folders = []
    for at, files in enumerate(contents):
        folder = root / f"e{at}"
        folder.mkdir()
        for name, text in files.items():
            if not (store / text).exists():
                (store / text).write_bytes(text.encode().ljust(BLOCK, b"."))
            os.link(store / text, folder / name)
        folders.append(folder)
    return folders


def test_every_file_counts_once(tmp_path: Path) -> None:
    one, two = make_folders(tmp_path, {"a": "shared", "a2": "shared", "b": "only"}, {"a": "shared", "c": "other"})
    census = Census([one, two])
    empty = Census([tmp_path / "store"]).total - 3 * BLOCK
    assert census.total == 3 * BLOCK + 2 * empty
    assert census.shared == BLOCK
    assert census.measure(one).whole == 2 * BLOCK + empty
    assert census.measure(one).own == empty, "the store has every file too"
    assert census.outside == 3 * BLOCK
    for path in (tmp_path / "store").iterdir():
        path.unlink()
    census = Census([one, two])
    assert census.measure(one).own == BLOCK + empty
    assert census.outside == 0
    assert census.remove(one) == BLOCK + empty
    assert census.measure(two).own == census.total == 2 * BLOCK + empty, "nobody else has the shared file now"


def test_the_census_agrees_with_du(project_dir: Path, world: World, wheels: Path) -> None:
    import subprocess

    for lines in (["tiny<2"], ["needy"]):
        make(ask(lines, project_dir, world, wheels), project_dir, world)
    folders = [each.folder for each in list_standing(world.home)]
    assert len(folders) == 2
    census = Census(folders)
    told = subprocess.run(["du", "-s", "-c", "-B1", *map(str, folders)], capture_output=True, text=True, check=True)
    assert census.total == int(told.stdout.splitlines()[-1].split()[0])


def stand(tmp_path: Path, *used: float) -> tuple[list[Standing], Census]:
    folders = make_folders(tmp_path, *({f"f{at}": f"own{at}"} for at in range(len(used))))
    for path in (tmp_path / "store").iterdir():
        path.unlink()
    standing = [Standing(f.name, f, True, "python", when) for f, when in zip(folders, used, strict=True)]
    return standing, Census(folders)


def test_the_least_recently_used_goes_first(tmp_path: Path) -> None:
    standing, census = stand(tmp_path, 30.0, 10.0, 20.0)
    whole = census.total
    gone = choose(standing, census, Limits(size=whole // 2), living=(), recorded=())
    assert [each.key for each in gone] == ["e1", "e2"]
    assert {each.why for each in gone} == {"size"}
    assert sum(each.freed for each in gone) == whole - census.total


def test_limits(tmp_path: Path) -> None:
    def chosen(limits: Limits, living: tuple[str, ...] = (), recorded: tuple[str, ...] = ()) -> list[str]:
        place = tmp_path / os.urandom(4).hex()
        standing, census = stand(place, 10.0, 20.0, 30.0)
        standing.append(Standing("half", make_folders(place / "more", {"x": "x"})[0], False, "unknown", 40.0))
        census = Census(each.folder for each in standing)
        return [each.key for each in choose(standing, census, limits, living=living, recorded=recorded)]

    assert chosen(Limits()) == ["half"]
    assert chosen(Limits(before=25.0)) == ["e0", "e1", "half"]
    assert chosen(Limits(before=25.0), living=("e0", "half")) == ["e1"]
    assert chosen(Limits(before=25.0, keep=True), recorded=("e1", "half")) == ["e0", "half"]
    assert chosen(Limits(size=0)) == ["e0", "e1", "e2", "half"]
    assert chosen(Limits(size=0, keep=True), recorded=("e0", "e1", "e2")) == ["half"]
    assert chosen(Limits(size=1 << 40)) == ["half"]


@given(
    used=st.lists(st.integers(0, 100), max_size=8),
    before=st.none() | st.integers(0, 100),
    living=st.sets(st.integers(0, 7)),
)
def test_what_lives_stays_and_age_decides(used: list[int], before: int | None, living: set[int]) -> None:
    standing = [Standing(f"{at}", Path(f"/nowhere/{at}"), True, "python", float(when)) for at, when in enumerate(used)]
    census = Census(each.folder for each in standing)
    limits = Limits(before=None if before is None else float(before))
    gone = choose(standing, census, limits, living={str(each) for each in living}, recorded=())
    assert [each.used for each in gone] == sorted(each.used for each in gone)
    expected = {str(at) for at, when in enumerate(used) if before is not None and when < before and at not in living}
    assert {each.key for each in gone} == expected


def test_locks_stay_while_anything_is_left_of_them(tmp_path: Path) -> None:
    def record(name: str, changed: float, interpreter: str = "/bin/sh") -> LockRecord:
        return LockRecord(tmp_path / name, EnvironmentLock("python", name, interpreter=interpreter), changed)

    old, fresh, dead = record("old", 10.0), record("fresh", 90.0), record("dead", 90.0, "/nowhere/python")
    broken = LockRecord(tmp_path / "broken", None, 90.0)
    records = [old, fresh, dead, broken]
    key = old.lock.key if old.lock else ""
    assert choose_locks(records, Limits(), standing=(), recorded=()) == [dead, broken]
    assert choose_locks(records, Limits(before=50.0), standing=(), recorded=()) == [old, dead, broken]
    assert choose_locks(records, Limits(before=50.0), standing=(key,), recorded=()) == [dead, broken]
    assert choose_locks(records, Limits(before=50.0), standing=(), recorded=(key,)) == [dead, broken]


def test_a_family_goes_with_its_last_record(home: Home) -> None:
    family = home.locks / "family"
    family.mkdir(parents=True)
    for name in ("a.json", "b.json"):
        (family / name).write_bytes(encode(EnvironmentLock("python", name)))
    records = list_lock_records(home)
    assert all(drop_lock(record) for record in records)
    assert os.listdir(home.locks) == []


def test_collecting_for_real(project_dir: Path, world: World, wheels: Path) -> None:
    package = {
        "pkg/pyproject.toml": '[project]\nname = "ours"\nversion = "1"\n',
        "python_env.yaml": "",
    }
    for name, text in package.items():
        (project_dir / name).parent.mkdir(exist_ok=True)
        (project_dir / name).write_text(text)
    found, place = make(ask(["tiny"], project_dir, world, wheels), project_dir, world)
    unused = world.home.trees / ("0" * 64)
    unused.mkdir(parents=True)
    os.utime(unused, (0, 0))
    half = put(world.home, "ff", whole=False)
    leftovers = find_leftovers(Limits(), world)
    assert [each.key for each in leftovers.environments] == ["ff"]
    assert leftovers.trees == (unused,)
    assert half.exists()
    assert unused.exists(), "to look changes nothing"
    assert leftovers.left == Census([Path(place.path or "")]).total
    assert sweep(leftovers, world).environments == leftovers.environments
    assert not half.exists()
    assert not unused.exists()
    inside = environments.enter(found, project_dir, world)
    assert inside.held is not None
    assert find_leftovers(Limits(size=0), world).environments == ()
    os.close(inside.held)
    later = world._replace(now=lambda: world.now() + 40 * DAY)
    gone = find_leftovers(Limits(before=later.now() - 30 * DAY), later)
    assert [each.why for each in gone.environments] == ["old"]
    assert gone.locks == (), "the record of an environment that stands until now"
    sweep(gone, later)
    assert list_standing(world.home) == []
    # What is left of a request makes the same environment again.
    assert make(ask(["tiny"], project_dir, world, wheels), project_dir, world) == (found, place)
