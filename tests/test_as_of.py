"""Yesterday's packages: as the index stood at a moment, and when that is suggested."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reenact import api, environments
from reenact.as_of import find_import_failure, parse_moment
from reenact.environments.python.python_version import settle_python
from reenact.errors import BuildError, UsageError
from reenact.plan import PythonSpec
from reenact.prepare import Request, discard, prepare
from reenact.world import World, render_timestamp
from tests.environments.conftest import basic_index, dated_index, told, wheels, world, write

__all__ = ["basic_index", "dated_index", "wheels", "world"]

MAIN = "entry_points: {main: {command: 'python train.py'}}\npython_env: python_env.yaml\n"


@pytest.fixture
def here(world: World, dated_index: str) -> World:
    """The world with the index on loopback as its only one."""
    return world._replace(environ={**world.environ, "UV_DEFAULT_INDEX": dated_index})


def ask(root: Path, world: World, as_of: str | None) -> PythonSpec:
    write(root, {"MLproject": MAIN})
    prepared = prepare(Request(str(root), as_of=as_of), world)
    discard(prepared.staged)
    spec = prepared.plan.environment
    assert isinstance(spec, PythonSpec)
    return spec


def commit(root: Path, date: str) -> None:
    environ = {"GIT_COMMITTER_DATE": date, "GIT_AUTHOR_DATE": "2001-01-01T00:00:00Z", "PATH": "/usr/bin:/bin"}
    identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
    for arguments in (["init", "-q"], ["add", "-A"], [*identity, "commit", "-qm", "x"]):
        subprocess.run(["git", *arguments], cwd=root, env=environ, check=True)


def test_the_index_stands_as_it_did(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n"})
    today = environments.lock(ask(project_dir, here, None), project_dir, here)
    then = environments.lock(ask(project_dir, here, "2020-06-30"), project_dir, here)
    assert 'version = "2.0"' in today.text
    assert 'version = "1.0"' in then.text
    assert then.key != today.key
    assert environments.lock(ask(project_dir, here, None), project_dir, here) == today
    place = environments.realise(then, project_dir, here)
    assert list(Path(place.path or "").rglob("tiny-1.0.dist-info"))


def test_the_last_day_counts_whole(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny]\n"})
    on_the_day = environments.lock(ask(project_dir, here, "2022-01-01"), project_dir, here)
    before = environments.lock(ask(project_dir, here, "2021-12-31T23:59:59Z"), project_dir, here)
    assert 'version = "2.0"' in on_the_day.text
    assert 'version = "1.0"' in before.text


def test_an_index_without_dates_is_named(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny, dateless]\n"})
    with pytest.raises(BuildError) as caught:
        environments.lock(ask(project_dir, here, "2023-01-01"), project_dir, here)
    first = str(caught.value).splitlines()[0]
    assert first.endswith("the package index gives no upload dates for dateless, so that --as-of cannot be kept")


def test_a_file_without_a_date_is_named_where_an_older_one_serves(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [partly]\n"})
    found = environments.lock(ask(project_dir, here, "2023-01-01"), project_dir, here)
    assert 'version = "1.0"' in found.text
    warning = "the package index gives no upload dates for partly: none of these files counts under --as-of"
    assert found.notes == (warning,)
    assert warning in told(here, "warn")


def test_what_was_withdrawn_is_told_whenever_it_is_used(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: ['gone[more]==1.0']\n"})
    for _ in range(2):
        found = environments.lock(ask(project_dir, here, None), project_dir, here)
    withdrawn = 'gone 1.0 has been withdrawn by its authors (yanked): it eats "data"'
    assert set(found.notes) == {withdrawn, "gone 1.0 has no extra 'more'"}
    assert told(here, "warn").count(withdrawn) == 2


def test_what_was_not_out_yet_is_named(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny>=2]\n"})
    with pytest.raises(BuildError) as caught:
        environments.lock(ask(project_dir, here, "2020-01-01"), project_dir, here)
    assert "'tiny' has no release that fits from before 2020-01-02" in str(caught.value).splitlines()[0]


def test_a_commit_stands_for_its_date(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n", "MLproject": MAIN})
    with pytest.raises(UsageError, match="at no git commit"):
        ask(project_dir, here, "commit")
    commit(project_dir, "2021-02-03T04:05:06+02:00")
    assert ask(project_dir, here, "commit").as_of == "2021-02-03T02:05:06Z"
    write(project_dir, {"train.py": "changed\n"})
    assert ask(project_dir, here, "commit").as_of == "2021-02-03T02:05:06Z"


def test_the_commit_of_a_fetched_project_counts(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n", "MLproject": MAIN})
    commit(project_dir, "2021-02-03T04:05:06Z")
    prepared = prepare(Request(f"git+file://{project_dir}", version="HEAD", as_of="commit"), here)
    discard(prepared.staged)
    assert prepared.plan.source.kind == "git"
    assert prepared.plan.environment._asdict()["as_of"] == "2021-02-03T04:05:06Z"


@pytest.mark.parametrize("text", ["", "yesterday", "2021-13-01", "2021-02-30", "30 days", "9999-12-31", "HEAD"])
def test_what_is_no_date_is_refused(text: str) -> None:
    with pytest.raises(UsageError, match="no date"):
        parse_moment(text)


def test_a_moment_that_is_to_come_is_refused(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "dependencies: [tiny]\n"})
    today, tomorrow, later = (render_timestamp(here.now() + days * 86400)[:10] for days in (0, 1, 9))
    for moment in (today, tomorrow):
        assert ask(project_dir, here, moment).as_of
    with pytest.raises(UsageError, match=f"{later} is still to come"):
        ask(project_dir, here, later)


@pytest.mark.parametrize(
    ("stated", "moment", "expected"),
    [
        (None, "2019-01-01T00:00:00Z", "3.7.*|3.6.*"),
        (None, "2021-12-31T00:00:00Z", "3.9.*|3.8.*|3.7.*"),
        (">=3.6,<3.9", "2021-06-01T00:00:00Z", "3.8.*,>=3.6,<3.9|3.7.*,>=3.6,<3.9|3.6.*,>=3.6,<3.9"),
        ("3.11", "2019-01-01T00:00:00Z", "3.11"),
        ("==3.8.2", "2024-01-01T00:00:00Z", "==3.8.2"),
        (">=3.12", "2019-01-01T00:00:00Z", ">=3.12"),
        ("pypy3.10", "2019-01-01T00:00:00Z", "pypy3.10"),
        ("3", "2019-01-01T00:00:00Z", "3.7.*,3|3.6.*,3"),
        (">=3.5,<3.8", "2016-01-01T00:00:00Z", "3.6.*,>=3.5,<3.8"),
        (None, "2031-01-01T00:00:00Z", "3.14.*"),
    ],
)
def test_the_interpreter_follows(stated: str | None, moment: str, expected: str) -> None:
    assert settle_python(stated, moment) == expected


def run_failing(project_dir: Path, here: World, code: str, **options: str) -> list[str]:
    write(project_dir, {"train.py": code, "MLproject": MAIN})
    prepared = prepare(Request(str(project_dir), **options), here)  # type: ignore[arg-type]
    api.carry_out(prepared, here)
    return [note for note in told(here, "note") if "--as-of commit" in note]


def test_a_failed_import_of_an_old_commit_suggests_it(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny]\n"})
    commit(project_dir, "2021-02-03T04:05:06Z")
    line = "the code is of 2021-02-03 and its packages are today's: try --as-of commit"
    assert run_failing(project_dir, here, "raise SystemExit(1)\n") == []
    assert run_failing(project_dir, here, "import tiny\n") == []
    assert run_failing(project_dir, here, "from tiny import gone\n") == [line]
    assert run_failing(project_dir, here, "import tiny\ntiny.gone\n", as_of="2021-02-03") == [line]  # the first one's


def test_a_failed_resolution_of_an_old_commit_suggests_it(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny, gone]\n", "MLproject": MAIN})
    commit(project_dir, "2021-02-03T04:05:06Z")
    with pytest.raises(BuildError) as caught:
        run_failing(project_dir, here, "")
    assert "try --as-of commit" in (caught.value.hint or "")


def test_a_new_commit_suggests_nothing(project_dir: Path, here: World) -> None:
    write(project_dir, {"python_env.yaml": "python: '3.11'\ndependencies: [tiny]\n"})
    commit(project_dir, "2021-02-03T04:05:06Z")
    then = here._replace(now=lambda: 1612400000.0)  # the day after
    assert run_failing(project_dir, then, "import gone\n") == []


def test_a_log_that_is_not_there_holds_no_failure(tmp_path: Path) -> None:
    assert not find_import_failure(tmp_path / "log")
