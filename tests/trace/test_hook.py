"""What every Python of a traced command loads: real interpreters, real processes."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.trace.conftest import Watch

WORK = "work"


def test_files_are_seen_by_how_they_are_opened(watch: Watch, tmp_path: Path) -> None:
    work = tmp_path / WORK
    (work / "in").write_text("x")
    (work / "both").write_text("x")
    watched = watch(
        "import os\nopen('in').close()\nopen('out', 'w').close()\nopen('both', 'r+').close()\n"
        "open('add', 'a').close()\nopen('new', 'x').close()\nos.close(os.open('in', os.O_RDONLY))\n"
        "os.close(os.open('low', os.O_WRONLY | os.O_CREAT))\nos.replace('out', 'moved')\nos.link('in', 'hard')\n"
    )
    assert (watched.code, watched.out, watched.err) == (0, "", "")
    assert watched.below(work, "r") == ["in"]
    assert watched.below(work, "w") == ["out", "add", "new", "low", "hard"]
    assert watched.below(work, "b") == ["both"]
    (moved,) = (event for event in watched.events if event.kind == "m")
    assert moved.fields == (f"{work}/out", f"{work}/moved")


def test_what_is_looked_for_and_not_there_is_not_read(watch: Watch, tmp_path: Path) -> None:
    watched = watch(
        "import os\ntry: open('none')\nexcept OSError: pass\nos.listdir('.')\nos.close(os.open('.', os.O_RDONLY))\n"
        "open('/dev/null').close()\nopen(os.dup(0), closefd=False)\n"
    )
    assert (watched.code, watched.err) == (0, "")
    assert watched.below(tmp_path / WORK, "r") == []
    assert "/dev/null" not in watched.of("r")


def test_only_a_folder_that_was_not_there_is_made(watch: Watch, tmp_path: Path) -> None:
    watched = watch("import os\nos.mkdir('new')\nos.makedirs('new', exist_ok=True)\nos.makedirs('new/a')\n")
    assert watched.below(tmp_path / WORK, "w") == ["new", "new/a"]


def test_names_of_any_bytes(watch: Watch, tmp_path: Path) -> None:
    name = "a\n\t\\ \udcff"
    (tmp_path / WORK / name).write_bytes(b"x")
    watched = watch(
        f"import pathlib\nopen({name!r}).close()\nopen({os.fsencode(name)!r}).close()\n"
        f"pathlib.Path('.', {name!r}).open().close()"
    )
    assert watched.below(tmp_path / WORK, "r") == [name]


@pytest.mark.parametrize("end", ["os._exit(7)", "os.kill(os.getpid(), 9)", "import ctypes; ctypes.string_at(0)"])
def test_nothing_is_lost_when_a_process_dies(watch: Watch, tmp_path: Path, end: str) -> None:
    (tmp_path / WORK / "in").write_text("x")
    watched = watch(f"import os\nopen('in')\n{end}")
    assert watched.code != 0
    assert watched.below(tmp_path / WORK, "r") == ["in"]


def test_threads_forks_spawned_and_started_processes(watch: Watch, tmp_path: Path) -> None:
    work = tmp_path / WORK
    for name in ("thread", "fork", "spawn", "pool", "run", "exec"):
        (work / name).write_text("x")
    again = "import os, sys; os.execv(sys.executable, [sys.executable, '-c', 'open(\"exec\")'])"
    (work / "again.py").write_text(again)
    (work / "many.py").write_text(
        "import multiprocessing as mp, os, subprocess, sys, threading\n"
        "def read(name): return open(name).read()\n"
        "if __name__ == '__main__':\n"
        "    t = threading.Thread(target=read, args=('thread',)); t.start(); t.join()\n"
        "    for how in ('fork', 'spawn'):\n"
        "        p = mp.get_context(how).Process(target=read, args=(how,)); p.start(); p.join()\n"
        "    with mp.get_context('forkserver').Pool(1) as pool: pool.map(read, ['pool'])\n"
        "    subprocess.run([sys.executable, '-c', 'open(\"run\")'], check=True)\n"
        "    subprocess.run([sys.executable, 'again.py'], check=True)\n"
    )
    watched = watch("import runpy, sys; sys.argv = ['many.py']; runpy.run_path('many.py', run_name='__main__')")
    assert (watched.code, watched.out, watched.err) == (0, "", "")
    assert {"thread", "fork", "spawn", "pool", "run", "exec"} <= set(watched.below(work, "r"))


def test_a_program_that_closes_what_it_did_not_open_is_not_harmed(watch: Watch, tmp_path: Path) -> None:
    work = tmp_path / WORK
    (work / "in").write_text("x")
    watched = watch(
        "import os\nopen('in').close()\nos.closerange(3, 20000)\n"
        "mine = [os.open('mine%d' % n, os.O_WRONLY | os.O_CREAT) for n in range(5)]\n"
        "for n in (1000, 250): os.dup2(mine[0], n)\n"
        "open('later', 'w').close()\nos.close(0)\nassert os.open('/dev/null', os.O_RDONLY) == 0\n"
        "assert mine == [3, 4, 5, 6, 7], mine\n"
    )
    assert (watched.code, watched.err) == (0, "")
    assert [(work / f"mine{n}").read_bytes() for n in range(5)] == [b""] * 5
    assert {"in"} == set(watched.below(work, "r"))
    assert {"mine0", "later"} <= set(watched.below(work, "w"))


def test_the_program_sees_nothing_of_it(watch: Watch) -> None:
    watched = watch(
        "import sys\nprint([p for p in sys.path if 'hook' in p], [p for p in sys.path_importer_cache if 'hook' in p])\n"
        "try: import sitecustomize\nexcept ImportError: print('none')\n"
    )
    bare = subprocess.run([sys.executable, "-c", "import sitecustomize"], capture_output=True)
    assert watched.out == ("[] []\nnone\n" if bare.returncode else "[] []\n")


@pytest.mark.parametrize(
    ("text", "out", "err"),
    [
        ("print('other')", "other\nTrue\n", ""),
        ("import nothing_like_it", "False\n", "ModuleNotFoundError: No module named 'nothing_like_it'\n"),
        ("1/0", "False\n", "ZeroDivisionError: division by zero\n"),
    ],
)
def test_another_sitecustomize_comes_after_it(watch: Watch, tmp_path: Path, text: str, out: str, err: str) -> None:
    (tmp_path / "sitecustomize.py").write_text(text + "\n")
    watched = watch("import sys; print('sitecustomize' in sys.modules)", path=str(tmp_path))
    alone = subprocess.run(
        [sys.executable, "-c", "import sys; print('sitecustomize' in sys.modules)"],
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
    )
    assert watched.out == out == alone.stdout
    assert watched.err.endswith(err)
    assert watched.err == alone.stderr


def test_a_full_disk_or_a_folder_that_is_gone_does_no_harm(watch: Watch, traces: Path, tmp_path: Path) -> None:
    (tmp_path / WORK / "in").write_text("x")
    watched = watch(
        f"import shutil, os\nshutil.rmtree({str(traces)!r})\nos.closerange(3, 2000)\nprint(open('in').read())\n"
        f"os.makedirs({str(traces)!r})"
    )
    assert (watched.code, watched.out, watched.err) == (0, "x\n", "")


def test_hosts_are_seen_with_the_names_that_were_asked_for(watch: Watch) -> None:
    watched = watch(
        "import socket\nlistener = socket.create_server(('127.0.0.1', 0))\nport = listener.getsockname()[1]\n"
        "socket.create_connection(('localhost', port)).close()\n"
        "socket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', port))\n"
        "s = socket.socket(socket.AF_UNIX)\ntry: s.connect('/nowhere')\nexcept OSError: pass\nprint(port)\n"
    )
    port = watched.out.strip()
    contacts = [event.fields for event in watched.events if event.kind == "c"]
    assert ("127.0.0.1", port, "localhost") in contacts
    assert ("/nowhere", "", "") in contacts


def test_programs_that_are_started_are_named(watch: Watch) -> None:
    watched = watch(
        "import os, subprocess\nsubprocess.run(['true'])\nos.system('true')\nsubprocess.run('true', shell=True)"
    )
    assert watched.of("p") == ["true", "sh", "/bin/sh"]


def test_a_database_is_a_file_that_is_read_and_written(watch: Watch, tmp_path: Path) -> None:
    watched = watch(
        "import sqlite3\nsqlite3.connect('a.db').execute('create table t(x)')\nsqlite3.connect(':memory:')\n"
        "sqlite3.connect('a.db').close()\nsqlite3.connect('file:a.db?mode=ro', uri=True).close()\n"
    )
    assert watched.code == 0
    assert watched.below(tmp_path / WORK, "w") == ["a.db"]
    assert watched.below(tmp_path / WORK, "b") == ["a.db"]


def find_pythons() -> list[Path]:
    """Other interpreters of this machine, where pyenv keeps some."""
    root = Path(os.environ.get("PYENV_ROOT", Path.home() / ".pyenv"))
    return sorted(root.glob("versions/[23].*/bin/python"))


@pytest.mark.skipif(not find_pythons(), reason="no other Pythons are here")
@pytest.mark.parametrize("python", find_pythons(), ids=lambda path: path.parts[-3])
def test_every_python_runs_as_without_it(watch: Watch, tmp_path: Path, python: Path) -> None:
    (tmp_path / WORK / "in").write_text("x")
    (tmp_path / "sitecustomize.py").write_text("print('other')\n")
    script = "import sys; sys.stdout.write(open('in').read() + str(sys.version_info[:2]))"
    version = tuple(map(int, python.parts[-3].split(".")[:2]))
    for path, before in ((str(tmp_path), "other\n"), ("", "")):
        watched = watch(script, python=str(python), path=path)
        assert (watched.code, watched.out, watched.err) == (0, f"{before}x{version}", "")
    assert watched.below(tmp_path / WORK, "r") == (["in"] * 2 if version >= (3, 8) else [])
