"""``reenact.lock``: what is written is used for as long as it answers, and the line that went stale is named."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact import environments
from reenact.environments.committed import (
    Entry,
    find_committed,
    find_platform,
    list_asked,
    read_entries,
    render_entries,
    with_entry,
)
from reenact.errors import BuildError, ProjectError, UsageError
from reenact.home import Home
from reenact.locking import Wanted, check_lock, write_lock
from reenact.plan import EnvironmentLock, PythonSpec, RecordedLock
from reenact.prepare import Request, discard, prepare
from reenact.project.environment_files import LOCK_FILE as FILE
from reenact.world import World
from tests.environments.conftest import make_wheel, project, told, write
from tests.environments.python.test_existing_files import PACKAGE, installed

HERE = Request(".")


@pytest.fixture
def here(world: World, dated_index: str) -> World:
    """The world with the index on loopback as its only one."""
    return world._replace(environ={**world.environ, "UV_DEFAULT_INDEX": dated_index})


def write_here(root: Path, world: World, request: Request = HERE) -> tuple[str, ...]:
    return write_lock(Wanted(root, root / FILE), request, world).stale


def check_here(root: Path, world: World, request: Request = HERE) -> tuple[str, ...]:
    return check_lock(Wanted(root, root / FILE), request, world).stale


def lock_of(root: Path, world: World, request: Request) -> EnvironmentLock:
    """What a run of ``request`` would be carried out with."""
    prepared = prepare(request, world)
    discard(prepared.staged)
    plan = prepared.plan
    assert not isinstance(plan.lock, RecordedLock)
    return environments.lock(plan.environment, root, world, upgrade=plan.upgrade, committed=plan.lock)


MAIN = "entry_points: {main: {command: 'true'}}\npython_env: python_env.yaml\n"


def test_a_lock_is_written_used_and_goes_stale(project_dir: Path, here: World, wheels: Path) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny<2]\n"})
    assert check_here(project_dir, here) == ("there is no reenact.lock",)
    write_here(project_dir, here)
    assert check_here(project_dir, here) == ()
    # Another home, and an index that is gone: the lock is all that is needed.
    other = here._replace(home=type(here.home)(here.home.root / "other"), environ={**here.environ, "UV_OFFLINE": "1"})
    found = lock_of(project_dir, other, Request(str(project_dir), locked=True))
    assert 'version = "1.0"' in found.text
    place = environments.realise(found, project_dir, here)
    assert installed(place) == {"tiny"}
    assert lock_of(project_dir, here, Request(str(project_dir), locked=True)).text == found.text

    write(project_dir, {"python_env.yaml": "python: '>=3.8'\ndependencies: [tiny]\n"})
    stale = ("new: python >=3.8", "new: dependencies tiny", "gone: dependencies tiny<2")
    assert set(check_here(project_dir, here)) == set(stale)
    with pytest.raises(ProjectError) as caught:
        prepare(Request(str(project_dir), locked=True), here)
    assert all(line in str(caught.value) for line in stale)
    prepared = prepare(Request(str(project_dir)), here)
    discard(prepared.staged)
    (doubt,) = (note for note in prepared.plan.notes if note.code == "stale-lock")
    assert "new: dependencies tiny" in doubt.message
    assert 'version = "2.0"' in lock_of(project_dir, here, Request(str(project_dir))).text
    write_here(project_dir, here)
    assert check_here(project_dir, here) == ()


def test_a_lock_that_answers_is_not_touched(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n", "notes.txt": "mine"})
    write_here(project_dir, here)
    before = {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in project_dir.iterdir()}
    assert write_here(project_dir, here) == ()
    assert {path: (path.read_bytes(), path.stat().st_mtime_ns) for path in project_dir.iterdir()} == before


def test_upgrade_takes_newer_versions(project_dir: Path, here: World, wheels: Path) -> None:
    folder = wheels.parent / "links"
    folder.mkdir()
    make_wheel(folder, "tiny", "1.0")
    environ = {**here.environ, "UV_FIND_LINKS": str(folder), "UV_NO_INDEX": "1"}
    here = here._replace(environ=environ)
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here)
    make_wheel(folder, "tiny", "2.0")
    write_here(project_dir, here)
    assert 'version = "1.0"' in (project_dir / FILE).read_text()
    write_here(project_dir, here, Request(".", upgrade=True))
    assert 'version = "2.0"' in (project_dir / FILE).read_text()


def test_local_code_may_change_and_its_path_is_the_projects(project_dir: Path, here: World) -> None:
    here = here._replace(environ={**here.environ, "UV_DEFAULT_INDEX": "", "UV_INDEX": here.environ["UV_DEFAULT_INDEX"]})
    write(project_dir, {f"p/{name}": text for name, text in PACKAGE.items()})
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [./p]\n"})
    write_here(project_dir, here)
    text = (project_dir / FILE).read_text()
    assert 'path = "./p"' in text
    assert "trees" not in text
    assert str(project_dir) not in text
    write(project_dir, {"p/ours.py": "answer = 43\n"})
    assert check_here(project_dir, here) == ()
    found = lock_of(project_dir, here, Request(str(project_dir), locked=True))
    place = environments.realise(found, project_dir, here)
    (module,) = Path(place.path or "").rglob("ours.py")
    assert module.read_text() == "answer = 43\n"


def test_a_variant_is_an_environment_of_its_own(project_dir: Path, here: World) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here)
    assert "only for python_env.yaml on" in check_here(project_dir, here, Request(".", accelerator="cpu"))[0]
    write_here(project_dir, here, Request(".", accelerator="cpu"))
    assert check_here(project_dir, here) == check_here(project_dir, here, Request(".", accelerator="cpu")) == ()
    plain, cpu = read_entries((project_dir / FILE).read_bytes(), here)
    assert (plain.accelerator, cpu.accelerator) == (None, "cpu")
    prepared = prepare(Request(str(project_dir), accelerator="cpu"), here)
    discard(prepared.staged)
    assert prepared.plan.environment._asdict()["accelerator"] == "cpu"


def test_a_lock_of_another_moment_is_told(project_dir: Path, here: World) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here, Request(".", as_of="2020-01-01"))
    assert check_here(project_dir, here) == ()  # who does not ask for a moment gets that of the lock
    assert 'version = "1.0"' in lock_of(project_dir, here, Request(str(project_dir))).text
    (stale,) = check_here(project_dir, here, Request(".", as_of="2023-01-01"))
    assert stale == "as of 2023-01-02T00:00:00Z, and it was made as of 2020-01-02T00:00:00Z"


def test_environments_of_other_platforms_stay(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n"})
    other = Entry("python_env.yaml", "darwin-arm64", "conda", ("dependencies tiny",), "version: 7\nx: 'it''s'\n")
    (project_dir / FILE).write_bytes(render_entries((other,)))
    (stale,) = check_here(project_dir, here)
    assert stale.endswith("only for python_env.yaml on darwin-arm64")
    write_here(project_dir, here)
    assert read_entries((project_dir / FILE).read_bytes(), here)[0] == other


CONDA = """\
version = 1
[[environment]]
environment = "conda.yaml"
platform = "PLATFORM"
kind = "conda"
asked = ["packages python=3.11", "channels conda-forge"]
resolved_for = "linux-64"
lock = "version: 6\\nenvironments: {}\\npackages: []\\n"
"""


@pytest.mark.parametrize("locked", [False, True])
def test_a_lock_that_another_manager_made_says_which(project_dir: Path, here: World, locked: bool) -> None:
    write(project_dir, {"MLproject": MAIN.replace("python_env: python_env.yaml", "conda_env: conda.yaml")})
    file = "dependencies: [python>=3.8, {pip: [tiny]}]\n"
    write(project_dir, {"conda.yaml": file, FILE: CONDA.replace("PLATFORM", find_platform())})
    said = "it was made with conda (--env-manager conda), and this is resolved with uv"
    for manager, hint in ((None, "reenact lock"), ("uv", "reenact lock --env-manager uv")):
        request = Request(str(project_dir), env_manager=manager, locked=locked)
        if locked:
            with pytest.raises(ProjectError, match="does not answer") as caught:
                prepare(request, here)
            assert said in caught.value.message
            assert caught.value.hint == hint
            continue
        prepared = prepare(request, here)
        discard(prepared.staged)
        (doubt,) = (note for note in prepared.plan.notes if note.code == "stale-lock")
        assert (doubt.message.partition(": ")[2], doubt.hint) == (said, hint)


def test_the_command_that_makes_a_lock_fit_asks_for_the_same(project_dir: Path, here: World) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    with pytest.raises(ProjectError) as caught:
        prepare(Request(str(project_dir), locked=True, accelerator="cpu", as_of="2020-01-01T00:00:00Z"), here)
    assert caught.value.hint == "reenact lock --as-of 2020-01-01T00:00:00Z --accelerator cpu"


TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)


@settings(max_examples=60, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.builds(Entry, TEXTS, TEXTS, TEXTS, st.tuples(TEXTS), TEXTS), unique_by=lambda e: e.name, max_size=3))
def test_any_text_comes_back(world: World, entries: list[Entry]) -> None:
    data = render_entries(tuple(entries))
    assert read_entries(data, world) == tuple(sorted(entries, key=lambda each: each.name))
    assert render_entries(read_entries(data, world)) == data
    assert [with_entry((each,), each) for each in entries] == [(each,) for each in entries]


@pytest.mark.parametrize(
    "damage",
    ["", "[", "<<<<<<< HEAD\nversion = 1\n", "version = 2\n", "version = 1\n[[environment]]\nlock = 3\n", "\0"],
)
def test_a_damaged_lock_is_told(project_dir: Path, here: World, damage: str) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n", FILE: damage})
    with pytest.raises(ProjectError, match=r"reenact\.lock") as caught:
        prepare(Request(str(project_dir)), here)
    assert "reenact lock" in f"{caught.value.hint} {caught.value.diagnostics}"


@pytest.mark.parametrize(
    ("edit", "said"),
    [
        (('lock-version = "1.0"', "lock-version = ["), "the lock is damaged: Invalid value"),
        (('name = "tiny"', 'nam = "tiny"'), "the lock is damaged: 'name'"),
        (("[[packages]]", "[packages]"), "the lock is damaged"),
        (('kind = "python"', 'kind = "nope"'), "there is no kind of environment 'nope'"),
        (('\npython = "', '\npython = "/bin/'), "is not a Python version"),
        (("interpreted = true", ""), "it says neither 'interpreted' nor 'resolved_for'"),
        (("[[environment]]", "[[environment]]\nHEAD\n[[environment]]"), "twice"),
    ],
)
def test_what_was_edited_or_merged_by_hand_is_told(
    project_dir: Path, here: World, edit: tuple[str, str], said: str
) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here)
    text = (project_dir / FILE).read_text()
    entry = text.partition("[[environment]]")[2]
    (project_dir / FILE).write_text(text.replace(*edit).replace("HEAD", entry))
    for call in (lambda: check_here(project_dir, here), lambda: prepare(Request(str(project_dir)), here)):
        with pytest.raises(ProjectError) as caught:
            call()
        assert caught.value.message.startswith("reenact.lock is damaged: ")
        assert said in caught.value.message
        assert "reenact lock" in (caught.value.hint or "")


def test_a_link_to_a_shared_lock_stays_one(project_dir: Path, here: World, tmp_path: Path) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    (project_dir / FILE).symlink_to(tmp_path / "shared.lock")
    write_here(project_dir, here)
    assert (project_dir / FILE).is_symlink()
    assert check_here(project_dir, here) == ()
    assert 'name = "tiny"' in (tmp_path / "shared.lock").read_text()


def test_files_that_only_this_machine_has_are_told(project_dir: Path, here: World, tmp_path: Path) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here)
    assert told(here, "warn") == []
    (tmp_path / "links").mkdir()
    make_wheel(tmp_path / "links", "tiny", "3.0")
    alone = here._replace(environ={**here.environ, "UV_FIND_LINKS": str(tmp_path / "links"), "UV_NO_INDEX": "1"})
    write_here(project_dir, alone, Request(".", upgrade=True))
    (said,) = told(here, "warn")
    assert said.startswith(f"reenact.lock names files of this machine, which nobody else has: file://{tmp_path}/links/")
    (tmp_path / "links" / "tiny-3.0-py3-none-any.whl").unlink()
    elsewhere = alone._replace(home=Home(tmp_path / "elsewhere"))
    found = lock_of(project_dir, elsewhere, Request(str(project_dir), locked=True))
    with pytest.raises(BuildError, match="a file that the lock names is not on this machine"):
        environments.realise(
            found, project_dir, elsewhere._replace(environ={**here.environ, "UV_CACHE_DIR": str(tmp_path / "c")})
        )


def test_only_what_is_locked_runs_when_asked(project_dir: Path, here: World) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    with pytest.raises(ProjectError, match="no file of the project says which versions"):
        prepare(Request(str(project_dir), locked=True), here)
    with pytest.raises(UsageError, match="give one of them"):
        prepare(Request(str(project_dir), locked=True, upgrade=True), here)


def test_what_is_asked_is_told_line_by_line() -> None:
    spec = PythonSpec(python="3.11", dependencies=("six", "./p"), local={"./p": "abc"}, notes=("n",), as_of="x")
    assert list_asked(spec) == ("dependencies six", "dependencies ./p", "local ./p", "python 3.11")


def test_a_known_lock_is_adopted_without_being_read(project_dir: Path, here: World) -> None:
    write(project_dir, {"MLproject": MAIN, "python_env.yaml": "dependencies: [tiny]\n"})
    write_here(project_dir, here)
    spec = environments.ask(project("python_env", "python_env.yaml"), project_dir, None, here)
    committed = find_committed(spec, project_dir, here)
    assert committed is not None
    first = environments.lock(spec, project_dir, here, committed=committed)
    (project_dir / FILE).unlink()
    assert environments.lock(spec, project_dir, here, committed=committed) == first
    assert told(here, "warn") == []
