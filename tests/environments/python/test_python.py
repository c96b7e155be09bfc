"""Real environments, made by the real uv, from wheels made on the spot."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
from pathlib import Path

import pytest

from reenact import environments
from reenact.environments import Place, python
from reenact.environments.marker import MARKER, find_marker
from reenact.environments.python import build, make_asked
from reenact.environments.python.interpreters import find_own
from reenact.errors import BuildError, ReenactError
from reenact.files import is_held
from reenact.plan import EnvironmentLock, PythonSpec
from reenact.world import World
from tests.environments.conftest import make_wheel, project, told, write

PACKAGE = {
    "pkg/pyproject.toml": """
        [build-system]
        requires = ["setuptools"]
        build-backend = "setuptools.build_meta"
        [project]
        name = "ours"
        version = "0.1"
        [tool.setuptools]
        py-modules = ["ours"]
    """,
    "pkg/ours.py": "answer = 42\n",
}


def ask(lines: list[str], folder: Path, world: World, wheels: Path | None = None, asked: str = "") -> PythonSpec:
    where = [] if wheels is None else ["--no-index", f"--find-links {wheels}"]
    text = "".join(f"  - {line!r}\n" for line in [*where, *lines])
    write(folder, {"python_env.yaml": f"{asked}\ndependencies:\n{text}" if text else f"{asked}\n"})
    spec = environments.ask(project("python_env", "python_env.yaml"), folder, None, world)
    assert isinstance(spec, PythonSpec)
    return spec


def make(spec: PythonSpec, folder: Path, world: World) -> tuple[EnvironmentLock, Place]:
    found = environments.lock(spec, folder, world)
    return found, environments.realise(found, folder, world)


def run(place: Place, *arguments: str) -> str:
    command = (f"{place.path}/bin/{arguments[0]}", *arguments[1:])
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_what_was_asked_for_is_installed(project_dir: Path, world: World, wheels: Path) -> None:
    found, place = make(ask(["needy", "tiny<2"], project_dir, world, wheels), project_dir, world)
    assert run(place, "python", "-c", "import needy, tiny; print(tiny.version)") == "1.0"
    assert run(place, "tiny-version") == "1.0"
    assert found.text.count("sha256") == 2
    assert found.python == ".".join(map(str, sys.version_info[:3]))


def test_the_index_serves_real_packages(project_dir: Path, world: World) -> None:
    spec = ask(
        ["six==1.16.0", "-c limits.txt", "iniconfig"], write(project_dir, {"limits.txt": "iniconfig<2\n"}), world
    )
    found, place = make(spec, project_dir, world)
    assert run(place, "python", "-c", "import six, iniconfig; print(six.__version__)") == "1.16.0"
    assert 'name = "iniconfig"\nversion = "1.' in found.text


def test_a_bare_project_gets_the_interpreter_only(project_dir: Path, world: World) -> None:  # MLflow G-54
    spec = environments.ask(project(), project_dir, None, world)
    assert isinstance(spec, PythonSpec)
    _, place = make(spec, project_dir, world)
    assert run(place, "python", "-c", "import sys; print(sys.version_info[:2])") == str(sys.version_info[:2])
    assert build.list_installed(Path(place.path or "")) == frozenset()


def test_a_known_request_starts_nothing(project_dir: Path, world: World, wheels: Path) -> None:
    spec = ask(["tiny"], project_dir, world, wheels)
    first = make(spec, project_dir, world)
    blind = world._replace(environ={**world.environ, "PATH": "/nowhere"})
    start = time.perf_counter()
    assert make(spec, project_dir, blind) == first
    assert time.perf_counter() - start < 0.05
    # Not even the modules that could start something are needed.
    code = f"""
        import sys
        from pathlib import Path
        from reenact import environments
        from reenact.codec import decode
        from reenact.home import Home
        from reenact.plan import PythonSpec
        from reenact.report import Memory
        from reenact.world import World
        world = World(Home(Path({str(world.home.root)!r})), {dict(world.environ)!r}, Path("/"), Memory())
        spec = decode(PythonSpec, Path("spec.json").read_bytes())
        found = environments.lock(spec, Path("/nowhere"), world)
        print(environments.realise(found, Path("/nowhere"), world).path)
        heavy = ("subprocess", "tomllib", "shutil", "yaml", "uv", "urllib.parse", "reenact.process.tool")
        assert not sys.modules.keys() & set(heavy), sys.modules.keys() & set(heavy)
    """
    from reenact.codec import encode

    (project_dir / "spec.json").write_bytes(encode(spec))
    argv = [sys.executable, "-c", textwrap.dedent(code)]
    done = subprocess.run(argv, cwd=project_dir, capture_output=True, text=True, check=False)
    assert done.stdout.strip() == first[1].path, done.stderr


def test_a_lock_is_kept_until_upgrade(project_dir: Path, world: World, tmp_path: Path) -> None:
    wheels = tmp_path / "index"
    wheels.mkdir()
    make_wheel(wheels, "tiny", "1.0")
    # The address of an index, not a folder of the project: what is behind it does not count.
    environ = {**world.environ, "UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"}
    world = world._replace(environ=environ)
    spec = ask(["tiny"], project_dir, world)
    old = environments.lock(spec, project_dir, world)
    make_wheel(wheels, "tiny", "2.0")
    assert environments.lock(spec, project_dir, world) == old
    new = environments.lock(spec, project_dir, world, upgrade=True)
    assert 'version = "2.0"' in new.text
    assert environments.lock(spec, project_dir, world) == new
    assert new.key != old.key


def test_what_counts_for_the_asked_identity(project_dir: Path, world: World) -> None:  # MLflow E-20
    def key(files: dict[str, str], **environ: str) -> str:
        write(project_dir, files)
        here = world._replace(environ={**world.environ, **environ})
        spec = environments.ask(project("python_env", "python_env.yaml"), project_dir, None, here)
        assert isinstance(spec, PythonSpec)
        return make_asked(spec, here.environ).key

    yaml = {"python_env.yaml": "python: 3.11\ndependencies: ['-rreqs.txt', '-e ./p']\n"}
    first = key({**yaml, "reqs.txt": "six\n", "p/setup.py": "", "p/x.py": "1"})
    assert key({"reqs.txt": "# a comment\n\nsix\n"}) == first
    assert key({}, HTTP_PROXY="x") == first
    assert (
        key({"p/__pycache__/x.pyc": "1", "p/mlruns/0/meta.yaml": "x", "p/build/x": "1", "p/x.egg-info/y": ""}) == first
    )
    changed = [
        key({"p/x.py": "2"}),
        key({"p/x.py": "1", "reqs.txt": "six<2\n"}),
        key({"reqs.txt": "six\n", "python_env.yaml": yaml["python_env.yaml"].replace("3.11", "3.10")}),
        key(yaml, UV_INDEX_URL="https://elsewhere/simple"),
        key(yaml, PIP_INDEX_URL="https://third/simple"),
        key({"limits.txt": "six<3", "reqs.txt": "six\n-c limits.txt\n"}),
    ]
    assert len({first, *changed}) == 7


def test_local_code_is_installed_as_a_copy(project_dir: Path, world: World, wheels: Path) -> None:
    write(project_dir, {name: textwrap.dedent(text) for name, text in PACKAGE.items()})
    lines = ["-e ./pkg", f"--find-links {wheels}", "tiny<2"]
    spec = ask(lines, project_dir, world)
    before = sorted(project_dir.rglob("*"))
    old, place = make(spec, project_dir, world)
    assert sorted(project_dir.rglob("*")) == before
    assert any("copy" in note for note in told(world, "note"))
    where = run(place, "python", "-c", "import ours; print(ours.answer, ours.__file__)")
    assert where.startswith(f"42 {place.path}")
    # An edit makes another environment and leaves the first as it was; everything else keeps its version.
    (project_dir / "pkg/ours.py").write_text("answer = 43\n")
    _, other = make(ask(lines, project_dir, world), project_dir, world)
    assert run(other, "python", "-c", "import ours; print(ours.answer)") == "43"
    assert run(place, "python", "-c", "import ours; print(ours.answer)") == "42"
    # The first can be made again although its code is gone from the project.
    (Path(place.path or "") / MARKER).unlink()
    environments.realise(old, project_dir, world)
    assert run(place, "python", "-c", "import ours; print(ours.answer)") == "42"


def test_a_wheel_by_path(project_dir: Path, world: World) -> None:
    wheel = make_wheel(project_dir, "tiny", "3.0")
    _, place = make(ask([f"./{wheel.name}"], project_dir, world), project_dir, world)
    wheel.unlink()
    assert run(place, "tiny-version") == "3.0"


def test_hashes_of_the_author_are_kept(project_dir: Path, world: World, wheels: Path) -> None:
    import hashlib

    digest = hashlib.sha256((wheels / "tiny-1.0-py3-none-any.whl").read_bytes()).hexdigest()
    _, place = make(ask([f"tiny==1.0 --hash=sha256:{digest}"], project_dir, world, wheels), project_dir, world)
    assert run(place, "tiny-version") == "1.0"
    wrong = ask([f"tiny==1.0 --hash=sha256:{'0' * 64}"], project_dir, world, wheels)
    with pytest.raises(BuildError, match="hash mismatch"):
        environments.lock(wrong, project_dir, world)


def test_a_file_that_is_not_the_locked_one_is_never_installed(project_dir: Path, world: World, wheels: Path) -> None:
    found = environments.lock(ask(["tiny"], project_dir, world, wheels), project_dir, world)
    digest = found.text.partition('sha256 = "')[2][:64]
    forged = found._replace(text=found.text.replace(digest, "0" * 64))
    with pytest.raises(BuildError, match="hash mismatch"):
        environments.realise(forged, project_dir, world)
    assert not (world.home.environments / forged.key / "bin").exists()


def test_the_same_minor_stands_in_for_a_missing_patch(project_dir: Path, world: World) -> None:
    own = find_own()
    assert own is not None
    minor = own.version.rpartition(".")[0]
    here = world._replace(environ={**world.environ, "UV_PYTHON_DOWNLOADS": "never"})
    spec = ask([], project_dir, here, asked=f"python: {minor}.99")
    first, place = make(spec, project_dir, here)
    assert run(place, "python", "-c", "import sys; print(sys.version_info[:2])") == str(sys.version_info[:2])
    assert len(told(here, "warn")) == 1
    environments.lock(spec, project_dir, here)
    assert told(here, "warn") == [*first.notes, *first.notes]  # repeated whenever it is used


def test_no_such_python_names_what_was_found(project_dir: Path, world: World) -> None:
    here = world._replace(environ={**world.environ, "UV_PYTHON_DOWNLOADS": "never"})
    with pytest.raises(BuildError) as caught:
        environments.lock(ask([], project_dir, here, asked="python: '9.9'"), project_dir, here)
    assert "no Python 9.9 is installed" in str(caught.value)
    own = find_own()
    assert own is not None
    assert own.version in str(caught.value)


def test_an_environment_whose_interpreter_is_gone_is_made_again(project_dir: Path, world: World, wheels: Path) -> None:
    found, place = make(ask(["tiny"], project_dir, world, wheels), project_dir, world)
    link = Path(place.path or "") / "bin" / "python"
    link.unlink()
    link.symlink_to("/nowhere/python")
    assert environments.realise(found, project_dir, world) == place
    assert run(place, "tiny-version") == "2.0"


def test_a_lock_whose_interpreter_is_gone_is_resolved_again(project_dir: Path, world: World, wheels: Path) -> None:
    from reenact.codec import encode

    spec = ask(["tiny"], project_dir, world, wheels)
    found = environments.lock(spec, project_dir, world)
    (kept,) = world.home.locks.glob("*/*.json")
    kept.write_bytes(encode(found._replace(interpreter="/nowhere/python")))
    assert environments.lock(spec, project_dir, world) == found


@pytest.mark.parametrize("damage", [b"", b"{", b"null", b"\xff\xfe", b'{"kind": 3}'])
def test_damaged_files_count_as_absent(damage: bytes, project_dir: Path, world: World, wheels: Path) -> None:
    spec = ask(["tiny"], project_dir, world, wheels)
    found, place = make(spec, project_dir, world)
    (kept,) = world.home.locks.glob("*/*.json")
    kept.write_bytes(damage)
    kept.with_name("pylock.toml").write_bytes(damage)
    (Path(place.path or "") / MARKER).write_bytes(damage)
    assert make(spec, project_dir, world) == (found, place)
    assert run(place, "tiny-version") == "2.0"


def test_failures_name_the_cause_first(project_dir: Path, world: World, wheels: Path) -> None:
    def failure(*lines: str) -> BuildError:
        with pytest.raises(BuildError) as caught:
            environments.lock(ask(list(lines), project_dir, world, wheels), project_dir, world)
        return caught.value

    missing = failure("absent-package")
    assert str(missing).splitlines()[0] == "resolving packages failed: there is no package 'absent-package' to be found"
    assert "uv: " in str(missing)
    assert "uv pip compile" in (missing.hint or "")
    assert "no such version: tiny==9" in str(failure("tiny==9"))
    assert "exclude one another" in str(failure("tiny==1.0", "tiny==2.0"))


def test_old_git_addresses_and_code_that_cannot_be_installed_are_named(
    project_dir: Path, world: World, wheels: Path
) -> None:
    (project_dir / "scripts").mkdir()
    for line, cause in (
        ("git+git://example.org/a/b", "git addresses with git:// are not served any more: write https://"),
        ("./scripts", "local code has neither a pyproject.toml nor a setup.py"),
    ):
        with pytest.raises(BuildError) as caught:
            environments.lock(ask([line], project_dir, world, wheels), project_dir, world)
        assert cause in str(caught.value).splitlines()[0]


def test_the_step_that_failed_can_be_repeated(project_dir: Path, world: World, wheels: Path) -> None:
    import uv

    with pytest.raises(BuildError) as caught:
        environments.lock(ask(["absent-package"], project_dir, world, wheels), project_dir, world)
    _, _, command = (caught.value.hint or "").partition(": ")
    environ = {**os.environ, "PATH": f"{Path(uv.find_uv_bin()).parent}:{os.environ['PATH']}"}
    again = subprocess.run(["sh", "-c", command], env=environ, capture_output=True, text=True, check=False)
    assert "absent-package was not found" in " ".join(again.stderr.split())
    assert again.returncode == 1


def test_credentials_reach_uv_and_nothing_else(project_dir: Path, world: World, basic_index: str) -> None:
    address = basic_index.replace("://", "://me:s3cret@")
    text = f"dependencies:\n  - --index-url {address}\n  - tiny\n"
    write(project_dir, {"python_env.yaml": text})
    spec = environments.ask(project("python_env", "python_env.yaml"), project_dir, None, world)
    assert isinstance(spec, PythonSpec)
    found, place = make(spec, project_dir, world)
    assert run(place, "tiny-version") == "2.0"
    assert "s3cret" not in f"{spec}{found}{told(world)}"
    for path in world.home.root.rglob("*"):
        if path.is_file() and "site-packages" not in path.parts:
            assert b"s3cret" not in path.read_bytes(), path


def test_two_threads_make_one_environment(project_dir: Path, world: World, wheels: Path) -> None:
    spec = ask(["needy"], project_dir, world, wheels)
    made: list[tuple[EnvironmentLock, Place]] = []
    threads = [threading.Thread(target=lambda: made.append(make(spec, project_dir, world))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(made) == 4
    assert len(set(map(str, made))) == 1
    assert run(made[0][1], "tiny-version") == "2.0"


MAKE = """
import os, sys
from pathlib import Path
from reenact import environments
from reenact.codec import decode
from reenact.home import find_home
from reenact.plan import PythonSpec
from reenact.report import Memory
from reenact.world import World
root = Path(sys.argv[1])
world = World(find_home(os.environ), dict(os.environ), root, Memory())
spec = decode(PythonSpec, (root / "spec.json").read_bytes())
print(environments.realise(environments.lock(spec, root, world), root, world).path)
"""


def start(project_dir: Path) -> subprocess.Popen[str]:
    argv = [sys.executable, "-c", MAKE, str(project_dir)]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, text=True, start_new_session=True)


def test_two_processes_make_one_environment(project_dir: Path, world: World, wheels: Path) -> None:
    from reenact.codec import encode

    (project_dir / "spec.json").write_bytes(encode(ask(["needy"], project_dir, world, wheels)))
    children = [start(project_dir) for _ in range(3)]
    places = {child.communicate()[0].strip() for child in children}
    assert [child.returncode for child in children] == [0, 0, 0]
    assert len(places) == 1
    assert run(Place("python", places.pop()), "tiny-version") == "2.0"


@pytest.mark.slow
def test_killed_at_any_moment_leaves_nothing_that_counts(project_dir: Path, world: World, wheels: Path) -> None:
    from reenact.codec import encode

    spec = ask(["needy"], project_dir, world, wheels)
    (project_dir / "spec.json").write_bytes(encode(spec))
    begin = time.monotonic()
    child = start(project_dir)
    whole = child.communicate()[0].strip()
    duration = time.monotonic() - begin
    for part in range(1, 9):
        import shutil

        shutil.rmtree(world.home.root)
        child = start(project_dir)
        try:
            child.wait(duration * part / 8)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
        child.communicate()
        for folder in world.home.environments.glob("[0-9a-f]*"):
            if find_marker(folder, folder.name, python.PROOF):
                assert run(Place("python", str(folder)), "tiny-version") == "2.0"
        _, place = make(spec, project_dir, world)
        assert place.path == whole
        assert run(place, "tiny-version") == "2.0"
        assert not is_held(world.home.environments / f".{Path(whole).name}.lock")


def test_a_full_disk_is_named_and_leaves_nothing(
    project_dir: Path, world: World, wheels: Path, small_disk: Path
) -> None:
    from reenact.home import Home

    full = world._replace(home=Home(small_disk / "home"), environ={**world.environ, "UV_LINK_MODE": "copy"})
    (small_disk / "filler").write_bytes(b"0" * 1_800_000)
    with (wheels / "blob.py").open("wb") as blob:
        blob.write(os.urandom(1_000_000))
    import zipfile

    wheel = make_wheel(wheels, "bulky", "1.0")
    with zipfile.ZipFile(wheel, "a") as archive:
        archive.write(wheels / "blob.py", "blob.bin")
    (wheels / "blob.py").unlink()
    # Named by its folder's address, so that the folder itself is not copied first.
    environ = {**full.environ, "UV_FIND_LINKS": str(wheels), "UV_NO_INDEX": "1"}
    full = full._replace(environ=environ)
    spec = ask(["bulky"], project_dir, full)
    with pytest.raises(ReenactError) as caught:
        make(spec, project_dir, full)
    assert "disk is full" in str(caught.value) or "No space left" in str(caught.value)
    (small_disk / "filler").unlink()
    _, place = make(spec, project_dir, full)
    assert run(place, "bulky-version") == "1.0"


def test_bytecode_is_made_where_no_import_would_leave_it(project_dir: Path, world: World, wheels: Path) -> None:
    spec = ask(["tiny"], project_dir, world, wheels)
    silent = world._replace(environ={**world.environ, "PYTHONDONTWRITEBYTECODE": "1"})
    _, place = make(spec, project_dir, silent)
    assert list(Path(place.path or "").rglob("site-packages/__pycache__/tiny.*.pyc"))
