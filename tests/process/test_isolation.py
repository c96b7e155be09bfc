"""Commands kept from the network and from writing, for real: what they can no longer do, and what stays as it was."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.errors import UnsupportedError
from reenact.plan import Isolation
from reenact.process.isolation import PROGRAM, Bounds, confine, require

NOTHING = Isolation(network=False, read_only=True)


def can_isolate() -> bool:
    try:
        require(NOTHING)
    except UnsupportedError:
        return False
    return True


pytestmark = pytest.mark.skipif(not can_isolate(), reason="this machine lets nobody make namespaces")


@pytest.fixture
def run_folder(tmp_path: Path) -> Path:
    folder = tmp_path / "run"
    (folder / "code").mkdir(parents=True)
    return folder


def start(
    script: str, isolation: Isolation, folder: Path, *, visible: tuple[str, ...] = (), **more: object
) -> subprocess.CompletedProcess[str]:
    bounds = Bounds((str(folder),), (str(folder / "code"),), (*visible, str(folder.parent)))
    argv = confine(("bash", "-c", script), isolation, bounds)
    environ = {"PATH": os.environ["PATH"], "HOME": "/nonexistent"}
    options: dict[str, object] = {"cwd": folder, "env": environ, **more}
    return subprocess.run(argv, capture_output=True, text=True, check=False, timeout=60, **options)  # type: ignore[call-overload,no-any-return]


def test_without_a_network_only_loopback_is_up(run_folder: Path) -> None:
    done = start("cut -d: -f1 -s /proc/net/dev | tr -d ' '", Isolation(network=False), run_folder)
    assert done.stdout == "lo\n"
    script = """
import socket
server = socket.create_server(("127.0.0.1", 0))
socket.create_connection(server.getsockname()).close()
for address in (("192.0.2.1", 80), ("8.8.8.8", 53)):
    try:
        socket.create_connection(address, timeout=5)
    except OSError as problem:
        print(problem.errno)
"""
    done = start(f"{sys.executable} -c '{script}'", Isolation(network=False), run_folder)
    assert done.stdout == "101\n101\n", done.stderr
    assert start("touch here", Isolation(network=False), run_folder).returncode == 0


def test_read_only_but_for_the_run_folder(run_folder: Path, tmp_path: Path) -> None:
    (tmp_path / "project").mkdir()
    (tmp_path / "project" / "data").write_text("data\n")
    script = f"""
        cat {tmp_path}/project/data
        echo more >> {tmp_path}/project/data
        touch {tmp_path}/project/new
        touch /etc/reenact-test
        touch code/new
        echo result > result && cat result
        echo x > /dev/null && echo null
        echo private > /tmp/reenact-private && cat /tmp/reenact-private
        touch /dev/shm/reenact-private /var/tmp/reenact-private && echo shm
    """
    done = start(script, Isolation(read_only=True), run_folder)
    assert done.stdout.split() == ["data", "result", "null", "private", "shm"]
    assert done.stderr.count("Read-only file system") == 4
    assert (run_folder / "result").read_text() == "result\n"
    assert (tmp_path / "project" / "data").read_text() == "data\n"
    assert not Path("/tmp/reenact-private").exists()
    assert not Path("/dev/shm/reenact-private").exists()


def test_of_tmp_only_what_is_needed_is_seen(run_folder: Path, tmp_path: Path) -> None:
    if not str(tmp_path).startswith("/tmp/"):
        pytest.skip("the tests' own folder is not in /tmp")
    (tmp_path.parent / "secret").mkdir(exist_ok=True)
    file = tmp_path.parent / "given.csv"
    file.write_text("a,b")
    done = start(f"ls {tmp_path.parent}; cat {file}", NOTHING, run_folder, visible=(str(file),))
    assert done.stdout.split() == ["given.csv", tmp_path.name, "a,b"]


def test_it_cannot_be_undone_from_inside(run_folder: Path) -> None:
    script = "mount -o remount,rw / 2>&1; mount -o remount,rw,bind / 2>&1; umount /tmp 2>&1; touch /etc/reenact-test"
    assert start(script, NOTHING, run_folder).returncode != 0
    assert not Path("/etc/reenact-test").exists()
    lower = "unshare -rm sh -c 'mount -o remount,rw,bind / ; touch /etc/reenact-test'"
    assert start(lower, NOTHING, run_folder).returncode != 0
    assert not Path("/etc/reenact-test").exists()


def test_codes_signals_and_streams_are_the_commands_own(run_folder: Path) -> None:
    assert start("exit 7", NOTHING, run_folder).returncode == 7
    assert start("kill -SEGV $$", NOTHING, run_folder).returncode == -signal.SIGSEGV
    done = start("yes | head -1; echo ${PIPESTATUS[0]}; cat", NOTHING, run_folder, input="in\n")
    assert done.stdout == "y\n141\nin\n"
    for program, code in (("no-such-program", 127), ("/etc", 126)):
        argv = confine((program,), NOTHING, Bounds())
        assert subprocess.run(argv, cwd="/", capture_output=True, check=False).returncode == code


def test_environment_and_directory_arrive_unchanged(run_folder: Path) -> None:
    odd = {"PATH": os.environ["PATH"], "ODD": "a\nb=c \udcff", "LC_ALL": "C", "PYTHONHOME": "/nowhere"}
    argv = confine(("env", "-0"), NOTHING, Bounds((str(run_folder),), (), (str(run_folder.parent),)))
    done = subprocess.run(argv, env=odd, cwd=run_folder, capture_output=True, check=True)
    expected = {f"{name}={value}".encode("utf-8", "surrogateescape") for name, value in odd.items()}
    assert set(done.stdout.split(b"\0")) - {b""} == expected
    assert start("pwd -P", NOTHING, run_folder).stdout.strip() == str(run_folder.resolve())


def test_the_process_is_the_one_that_was_started(run_folder: Path) -> None:
    argv = confine(("sleep", "60"), NOTHING, Bounds((str(run_folder),), (), (str(run_folder.parent),)))
    child = subprocess.Popen(argv, cwd=run_folder, env={**os.environ, "REENACT_RUN_ID": "isolated"})
    try:
        from tests.process.running import eventually

        name = Path(f"/proc/{child.pid}/comm")
        assert eventually(lambda: name.read_text() == "sleep\n")
        assert b"REENACT_RUN_ID=isolated\0" in Path(f"/proc/{child.pid}/environ").read_bytes()
    finally:
        child.terminate()
    assert child.wait(10) == -signal.SIGTERM


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become an ordinary user")
def test_an_ordinary_user_can_do_it_too() -> None:
    import shutil
    import tempfile

    # What root may read only is of no use to others: the program, a Python and a folder that all can reach.
    python = shutil.which("python3", path="/usr/bin:/usr/local/bin")
    if python is None:
        pytest.skip("there is no Python that every user may start")
    with tempfile.TemporaryDirectory(dir="/var/tmp") as name:
        place = Path(name)
        place.chmod(0o755)
        program = place / "confine.py"
        program.write_bytes(PROGRAM.read_bytes())
        folder = place / "run"
        folder.mkdir()
        os.chown(folder, 65534, 65534)
        words = confine(
            ("sh", "-c", "id -u; cat /proc/net/dev | grep -c :; touch ok; touch /var/tmp/x"), NOTHING, Bounds()
        )
        argv = [python, "-I", "-S", str(program), *words[4:6], "--writable", str(folder), *words[6:]]
        done = subprocess.run(
            argv, user=65534, group=65534, extra_groups=[], cwd=folder, capture_output=True, text=True, check=False
        )
        if "isolated" in done.stderr:
            pytest.skip(f"ordinary users may not make namespaces here: {done.stderr}")
        assert done.stdout == "65534\n1\n"
        assert done.returncode == 0, done.stderr
        assert (folder / "ok").stat().st_uid == 65534
    assert not Path("/var/tmp/x").exists()


def test_a_command_that_cannot_be_isolated_does_not_begin(run_folder: Path) -> None:
    argv = confine(("touch", str(run_folder / "begun")), NOTHING, Bounds(("/nowhere",)))
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert done.returncode == 125
    assert done.stderr == "reenact: the command cannot be isolated: mounting /nowhere: No such file or directory\n"
    assert not (run_folder / "begun").exists()


def test_a_machine_that_cannot_is_said() -> None:
    code = "from reenact.process.isolation import *; require(Isolation(False, True))"
    # A user namespace may set how many others can be made from inside of it.
    script = 'echo 0 > /proc/sys/user/max_mnt_namespaces && exec "$@"'
    argv = ["unshare", "-Ur", "sh", "-c", script, "sh", sys.executable, "-c", code]
    done = subprocess.run(argv, capture_output=True, text=True, check=False)
    assert "UnsupportedError: --no-network and --read-only: not possible on this machine: " in done.stderr
    assert "a namespace of its own (unshare)" in done.stderr


def test_nothing_is_asked_of_a_machine_for_nothing() -> None:
    require(Isolation())


def test_what_is_run_is_plain_to_see(tmp_path: Path) -> None:
    argv = confine(("a", "b c"), Isolation(network=False), Bounds(("/run",), (), ("/x",)))
    assert argv[:4] == (sys.executable, "-I", "-S", str(PROGRAM))
    assert json.dumps(argv[4:]) == '["--no-network", "--", "a", "b c"]'
