"""What a command finds in its container, and what it leaves: with a real engine."""

from __future__ import annotations

import http.server
import json
import os
import pty
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import uuid4

import pytest

from reenact.environments.docker.engine import Engine
from reenact.home import Home
from reenact.process.members import read_environment
from tests.environments.docker.engines import list_containers, tell
from tests.environments.docker.waiting import wait_for
from tests.serving import answering
from tests.test_start import modules_after, warm_up

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[str]"]

HARD = "a b'c\"d$(touch pwned)`touch pwned`;touch pwned|&<>\\ $HOME #{x}\n second \t line"


def only_run(home: Home) -> Path:
    (folder,) = home.runs.iterdir()
    return folder


def test_the_whole_command_runs_inside(write_project: Write, run: Run, engine: Engine, home: Home) -> None:
    write_project(
        "set -e\nfalse || echo one | tr a-z A-Z && echo two > two.txt; cat < two.txt\n"
        'for i in 3 4; do\n  echo $i\ndone\nf() { echo "f $1"; }; f x\n'
        "cat <<EOF\nheredoc $((2+3))\nEOF\n(echo sub; exit 0) &\nwait\n"
        "[[ ab == a* ]] && cat <(echo process) && python -c 'import sys; print(sys.argv[1:])' \"$(pwd)\"\n"
        "test -e /etc/hostname && echo > /only-inside"
    )
    done = run("-q")
    assert done.stdout.split() == (
        "ONE two 3 4 f x heredoc 5 sub process ['/mlflow/projects/code']".split()  # noqa: SIM905
    )
    assert done.returncode == 0
    assert not Path("/only-inside").exists()
    assert list_containers(engine, only_run(home).name) == []


def test_a_warm_run_imports_what_it_needs(write_project: Write, engine: Engine) -> None:
    if engine.socket is None:
        pytest.skip("the engine is asked by its client, a program")
    project = write_project("true")
    warm_up(project)
    imported = modules_after("run", str(project), "-q")
    assert "reenact.environments.docker.client" in imported
    # From 3.12 on pathlib itself makes use of expressions, and these of enum.
    by_pathlib = {"enum", "re._compiler"} if sys.version_info >= (3, 12) else set()
    assert not imported & ({"enum", "re._compiler", "signal", "socket", "subprocess"} - by_pathlib)


def test_the_variables_that_make_it_repeat_are_there(
    write_project: Write, run: Run, home: Home, environ: dict[str, str]
) -> None:
    write_project("echo $PYTHONHASHSEED $OMP_NUM_THREADS $XLA_FLAGS", environment=["XLA_FLAGS"])
    environ |= {"XLA_FLAGS": "--a=1", "PYTHONHASHSEED": "9"}
    done = run("-q", "--deterministic")
    assert done.stdout == "0 1 --a=1 --xla_gpu_deterministic_ops=true\n"
    seen = json.loads((only_run(home) / "machine.json").read_text())["variables"]
    assert (seen["PYTHONHASHSEED"], seen["XLA_FLAGS"]) == ("0", "--a=1 --xla_gpu_deterministic_ops=true")


def test_values_arrive_unchanged(write_project: Write, run: Run, project_dir: Path) -> None:
    write_project("printf '<%s>' {value} '{value}' \"{value}\"", {"value": "string"})
    done = run("-q", "-P", f"value={HARD}")
    assert done.stdout == f"<{HARD}>" * 3
    assert sorted(path.name for path in project_dir.iterdir()) == ["MLproject"]


def test_variables_are_those_that_were_asked_for(
    write_project: Write, run: Run, environ: dict[str, str], project_dir: Path
) -> None:
    environ |= {"COPIED": HARD, "NOT_ASKED": "x", "KEPT": "kept", "AWS_SECRET_ACCESS_KEY": "s"}
    listed = ["COPIED", ["DEFINED", HARD], ["PATH", "/usr/local/bin:/usr/bin"], ["EMPTY", ""]]
    write_project("python -c 'import json, os; print(json.dumps(dict(os.environ)))'", environment=listed)
    found = json.loads(run("-q", "--keep", "KEPT").stdout)
    assert found["COPIED"] == found["DEFINED"] == HARD
    assert (found["PATH"], found["KEPT"], found["EMPTY"]) == ("/usr/local/bin:/usr/bin", "kept", "")
    assert not {"NOT_ASKED", "AWS_SECRET_ACCESS_KEY", "REENACT_HOME"} & found.keys()
    assert not (project_dir / "pwned").exists()


def test_a_variable_that_is_declared_secret_is_not_kept(
    write_project: Write, run: Run, environ: dict[str, str], home: Home
) -> None:
    environ |= {"OUR_TOKEN": "hush-5up3r-hush", "OTHER": "seen"}
    encode = "python -c 'import base64, os; print(base64.b64encode(os.environ[\"OUR_TOKEN\"].encode()).decode())'"
    write_project(f"echo $OUR_TOKEN $OTHER; {encode}", environment=["OTHER"], secrets=["OUR_TOKEN"])
    done = run("-q")
    assert done.stdout == "hush-5up3r-hush seen\naHVzaC01dXAzci1odXNo\n"
    log = (only_run(home) / "log").read_text()
    assert [line.split(" ", 3)[3] for line in log.splitlines()] == ["*** seen", "***"]
    for path in home.root.rglob("*"):
        assert not path.is_file() or b"hush-5up3r" not in path.read_bytes(), path


def test_a_variable_that_is_not_set_is_told_before_anything_is_made(write_project: Write, run: Run, home: Home) -> None:
    write_project("true", environment=["NOT_SET_HERE", ["A", "b"]])
    done = run()
    assert done.returncode == 2
    assert "This project expects the environment variables NOT_SET_HERE" in done.stderr
    assert not home.runs.exists()


SECRET = f"s3cr3t-value-{uuid4().hex}"
"""Ours, and no part of that of anybody who tests at the same time."""


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("value", [" of # one 'line' $(id)", "\nof two lines"])
def test_secrets_are_in_no_argument_and_no_file(
    write_project: Write,
    start: Start,
    home: Home,
    engine: Engine,
    environ: dict[str, str],
    tmp_path: Path,
    value: str,
    killed: bool,
) -> None:
    environ["TMPDIR"] = str(tmp_path)
    value = SECRET + value
    # In both of the ways in which one can reach a container: a parameter, and a variable of the caller's.
    environ["TOKEN"] = value
    command = (
        'test "$TOKEN" = {token} && echo {token} | wc -c; touch $REENACT_RUN_DIR/go;'
        "while test -e $REENACT_RUN_DIR/go; do sleep 0.05; done"
    )
    write_project(command, {"token": {"secret": True}}, environment=["TOKEN"])
    # Our own argument would be the caller's doing.
    (tmp_path / "parameters.json").write_text(json.dumps({"token": value}))
    child = start("-q", "--params-file", str(tmp_path / "parameters.json"))
    wait_for(lambda: list(home.runs.glob("*/go")))
    (tmp_path / "parameters.json").unlink()
    run = only_run(home)
    (name,) = list_containers(engine, run.name)
    described = json.loads(tell(engine, "inspect", name))[0]
    arguments = list_arguments(child.pid, run.name, described["Id"])
    assert any(name.encode() in argument for argument in arguments)
    assert engine.remote or any(b"wc" in argument and b"reenact_shell" in argument for argument in arguments)
    assert not any(SECRET.encode() in argument for argument in arguments)
    assert SECRET not in json.dumps([described["Args"], described["Config"]["Cmd"], described["Mounts"]])
    expect_unwritten(tmp_path, Path("/dev/shm"))
    if killed:
        child.kill()
        child.wait()
    else:
        (run / "go").unlink()
        assert child.communicate()[0] == f"{len(value) + 1}\n"
    wait_for(lambda: not list_containers(engine, run.name) and not is_named(run.name))
    expect_unwritten(tmp_path, Path("/dev/shm"), home.root, *list_places(engine))


def expect_unwritten(*folders: Path) -> None:
    """No file below the folders has the secret."""
    for folder in folders:
        # Folders of others may go while we look: os.walk passes over these.
        for path in (Path(place, name) for place, _, names in os.walk(folder) for name in names):
            with suppress(OSError):  # gone meanwhile, or not for us to read
                assert not path.is_file() or SECRET.encode() not in path.read_bytes(), path


def list_places(engine: Engine) -> list[Path]:
    """Where an engine of this machine keeps what it knows of containers."""
    asked = "{{.Store.GraphRoot}}" if engine.name == "podman" else "{{.DockerRootDir}}"
    root = Path(tell(engine, "info", "--format", asked))
    return [] if engine.remote else [root / "containers", root / "vfs-containers", root / "overlay-containers"]


def list_arguments(runner: int, *signs: str) -> list[bytes]:
    """The arguments of every process of a run: the runner, what has a sign of the run in its environment or arguments,
    as what an engine starts for a container has it, and what is below these."""
    parents: dict[int, int] = {}
    arguments: dict[int, bytes] = {}
    own = {runner}
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has ended
            pid = int(process.name)
            arguments[pid] = (process / "cmdline").read_bytes()
            parents[pid] = int((process / "stat").read_bytes().rpartition(b")")[2].split()[1])
            known = arguments[pid] + read_environment(pid)
            own |= {pid} if any(sign.encode() in known for sign in signs) else set()
    while below := {pid for pid, parent in parents.items() if parent in own} - own:
        own |= below
    return [arguments[pid] for pid in own if pid in arguments]


def is_named(run_id: str) -> bool:
    """Whether a process that knows of the run is alive."""
    return any(run_id.encode() in read_arguments(path) for path in Path("/proc").glob("[0-9]*"))


def read_arguments(process: Path) -> bytes:
    try:
        return (process / "cmdline").read_bytes()
    except OSError:
        return b""


@pytest.fixture
def as_another(engine: Engine) -> list[str]:
    """The beginning of an argument list that runs Python as another user, who may talk to the engine."""
    if os.geteuid() != 0 or engine.socket is None or shutil.which("setpriv") is None:
        pytest.skip("only root can become somebody else here")
    group = os.stat(engine.socket).st_gid
    modules = os.pathsep.join(path for path in sys.path if path.endswith(("src", "site-packages")))
    become = ["setpriv", "--reuid=12345", "--regid=23456", f"--groups={group}", "env", f"PYTHONPATH={modules}"]
    for python in (sys.executable, "/usr/bin/python3"):
        if subprocess.run([*become, python, "-c", "import reenact.cli, blake3"], cwd="/", check=False).returncode == 0:
            break
    else:
        pytest.skip("another user cannot start reenact here")
    return [*become, python]


def test_files_belong_to_the_caller(write_project: Write, as_another: list[str]) -> None:
    written = write_project(
        "echo x > made; echo y > $REENACT_RUN_DIR/artifacts/made; id -u; echo $HOME $USER; echo z > $HOME/z"
    )
    # pytest's own folders are for one user only.
    with TemporaryDirectory(prefix="reenact-test-", dir="/tmp") as name:
        project = Path(name)
        shutil.copy(written / "MLproject", project)
        os.chown(project, 12345, 23456)
        environ = {**os.environ, "REENACT_HOME": f"{name}/home", "HOME": name, "USER": "somebody"}
        argv = [*as_another, "-m", "reenact", "run", name, "-q"]
        done = subprocess.run(argv, env=environ, cwd=project, capture_output=True, text=True, check=False)
        assert done.stdout == "12345\n/tmp somebody\n", done.stderr
        made = (project / "made").stat()
        assert (made.st_uid, made.st_gid) == (12345, 23456)
        assert next(project.glob("home/runs/*/artifacts/made")).stat().st_uid == 12345


def test_paths_mean_the_same_inside(write_project: Write, run: Run, tmp_path: Path) -> None:
    odd = tmp_path / 'd, "q" a$t:a'
    odd.mkdir()
    (odd / "in.txt").write_text("in")
    (tmp_path / "out").mkdir()
    write_project(
        "cat {data}; cat {folder}/in.txt; mkdir -p $(dirname {made}) && echo made > {made}",
        {"data": "path", "folder": "path", "made": "path"},
    )
    target = tmp_path / "out" / "deep" / "made.txt"
    done = run("-q", "-P", f"data={odd / 'in.txt'}", "-P", f"folder={odd}", "-P", f"made={target}")
    assert done.stdout == "inin", done.stderr
    assert target.read_text() == "made\n"


def test_a_folder_that_the_image_needs_is_not_covered(write_project: Write, run: Run) -> None:
    write_project("cat {data}", {"data": "path"})
    done = run("-P", "data=/usr")
    assert done.returncode == 69
    assert "which a container has its own of" in done.stderr


def test_downloads_and_the_run_folder_are_seen(write_project: Write, run: Run, tmp_path: Path, home: Home) -> None:
    (tmp_path / "x.txt").write_text("fetched")
    write_project("cat {data}; echo '{}' > $REENACT_RUN_DIR/artifacts/metrics.json", {"data": "path"})
    elsewhere = tmp_path / "storage"
    done = run("-q", "-P", f"data=file://{tmp_path}/x.txt", "--storage-dir", str(elsewhere))
    assert done.stdout == "fetched"
    assert (only_run(home) / "artifacts/metrics.json").read_text() == "{}\n"


def test_a_pinned_source_is_mounted_from_the_runs_own_copy(
    write_project: Write, project_dir: Path, environ: dict[str, str], home: Home
) -> None:
    write_project("cat sub.txt; echo x > made-inside")
    (project_dir / "sub.txt").write_text("committed")
    git = ["git", "-C", str(project_dir), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    (project_dir / "sub.txt").write_text("changed since")
    done = subprocess.run(
        [sys.executable, "-m", "reenact", "run", "-q", f"file://{project_dir}", "-v", "HEAD"],
        env=environ,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.stdout == "committed", done.stderr
    assert (only_run(home) / "code/made-inside").exists()
    assert not (project_dir / "made-inside").exists()


def test_volumes_ports_and_the_rest_reach_the_engine(
    write_project: Write, run: Run, tmp_path: Path, environ: dict[str, str]
) -> None:
    (tmp_path / "v v").mkdir()
    (tmp_path / "v v" / "x").write_text("seen")
    environ["PLACE"] = str(tmp_path / "v v")
    write_project(
        "cat /there/x /here/MLproject > /dev/null && cat /there/x; id -u; "
        "python -c \"import os; s = os.statvfs('/dev/shm');"
        'print(s.f_blocks * s.f_frsize)"; echo $(hostname 2>/dev/null || cat /etc/hostname)',
        volumes=["${PLACE}:/there:ro", "$PWD:/here"],
        shm_size="32m",
        user="123",
        platform="linux/amd64" if os.uname().machine == "x86_64" else None,
    )
    done = run("-q", "-A", "hostname=chosen", "-A", "h=shorter")
    assert done.stdout.split() == ["seen123", str(32 << 20), "shorter"], done.stderr
    del environ["PLACE"]
    done = run("-q")
    assert done.returncode == 2
    assert "$PLACE, which is not set here" in done.stderr


def test_a_folder_that_is_made_to_be_mounted_is_the_caller_s(write_project: Write, run: Run, project_dir: Path) -> None:
    write_project("touch /out/x", volumes=["./made/out:/out", "/alone"])
    assert run("-q", umask=0o077).returncode == 0
    # The engine would have made it with its own mask, as its own user.
    assert [(project_dir / name).stat().st_mode & 0o777 for name in ("made", "made/out")] == [0o700] * 2
    assert (project_dir / "made/out/x").exists()


def test_a_switch_takes_a_value(write_project: Write, run: Run) -> None:
    write_project("tr '\\0' ' ' < /proc/1/cmdline; cat", user="0")
    assert "init" in run("-q").stdout.split()[0]
    done = run("-q", "-A", "init=false", "-A", "i=false", "-A", "privileged=false", "-A", "e=A=b c", "-A", "h=true")
    assert done.stdout.split()[0].rpartition("/")[2] in ("sh", "bash", "dash"), done.stderr


def test_a_name_is_a_name_whatever_is_in_it(write_project: Write, run: Run) -> None:
    write_project("true")
    for name in ("a b", "a&x=1", "a#b", "a%41"):
        assert f"Invalid container name ({name})" in run("-A", f"name={name}").stderr


def test_what_the_engine_refuses_is_told(write_project: Write, run: Run, home: Home) -> None:
    write_project("true", shm_size="nonsense")
    done = run()
    assert done.returncode == 125
    assert "nonsense" in done.stderr
    assert "the container engine did not start the command" in done.stderr


def test_input_reaches_the_command_and_its_exit_code_reaches_us(write_project: Write, start: Start) -> None:
    write_project("tr a-z A-Z; exit 37")
    child = start("-q", stdin=subprocess.PIPE)
    output, _ = child.communicate("from a pipe\n")
    assert (child.returncode, output) == (37, "FROM A PIPE\n")


def test_a_terminal_stays_a_terminal(write_project: Write, start: Start) -> None:
    write_project("test -t 0 && test -t 1 && test -t 2 && echo yes; read -r line; echo got $line")
    master, slave = pty.openpty()
    child = start("-q", stdin=slave, stdout=slave, stderr=slave, preexec_fn=lambda: os.login_tty(0))
    os.close(slave)
    said = b""
    os.write(master, b"typed\n")
    while b"got typed" not in said:
        said += os.read(master, 4096)
    assert b"yes" in said
    assert child.wait() == 0
    os.close(master)


@pytest.fixture
def server() -> Iterator[str]:
    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(200)
            self.end_headers()
            self.wfile.write(b"tracked")

        def log_message(self, *_: object) -> None:
            pass

    with answering(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        yield f"http://{address}"


FETCH = (
    'python -c "import os, urllib.request;'
    "print(urllib.request.urlopen(os.environ['MLFLOW_TRACKING_URI']).read().decode())\""
)


def test_a_tracking_server_on_loopback_is_reached(
    write_project: Write, run: Run, server: str, environ: dict[str, str]
) -> None:
    environ |= {"MLFLOW_TRACKING_URI": server, "AWS_SECRET_ACCESS_KEY": "for artifacts"}
    write_project(FETCH + "; echo $AWS_SECRET_ACCESS_KEY $MLFLOW_EXPERIMENT_NAME")
    done = run("-q", "--experiment-name", "e x")
    assert done.stdout == "tracked\nfor artifacts e x\n", done.stderr
    assert "will not reach" not in done.stderr
    done = run("-q", "--no-network")
    assert "will not reach the server that MLFLOW_TRACKING_URI names: --no-network" in done.stderr
    assert "tracked" not in done.stdout


def test_stores_in_files_are_mounted_as_folders(
    write_project: Write, run: Run, environ: dict[str, str], tmp_path: Path
) -> None:
    tracking, registry = tmp_path / "tracking", tmp_path / "registry"
    stores = {"MLFLOW_TRACKING_URI": f"sqlite:///{tracking}/store.db", "MLFLOW_REGISTRY_URI": f"file://{registry}"}
    environ |= stores
    write_project(
        f"echo $MLFLOW_TRACKING_URI $MLFLOW_REGISTRY_URI; echo x > {tracking}/journal; echo x > {registry}/journal"
    )
    done = run("-q")
    assert done.stdout.split() == [*stores.values()], done.stderr
    assert (tracking / "journal").exists()
    assert (registry / "journal").exists()


@pytest.mark.slow
def test_usage_counts_what_ran_inside(write_project: Write, run: Run, home: Home, engine: Engine) -> None:
    if engine.remote or sys.platform != "linux":
        pytest.skip("its processes are not seen here")
    program = "x = bytearray(300 << 20)\nimport time\nwhile time.process_time() < 0.6: pass\ntime.sleep(2.5)"
    write_project(f"python -c '{program}'")
    assert run("-q").returncode == 0
    usage = json.loads((only_run(home) / "result.json").read_text())["usage"]
    assert usage["peak_memory"] > 280 << 20
    assert usage["cpu"] > 0.5


def test_outside_of_a_container_when_asked(write_project: Write, run: Run, environ: dict[str, str]) -> None:
    write_project("test -e /mlflow/projects/code || echo outside", name="no-such-image:1")
    environ["REENACT_CONTAINER_ENGINE"] = "/nowhere"
    for manager in ("system", "uv"):
        done = run("-q", "--env-manager", manager)
        assert done.stdout == "outside\n", done.stderr


def test_two_at_once(write_project: Write, start: Start, engine: Engine) -> None:
    write_project("echo $REENACT_RUN_ID")
    both = [start("-q"), start("-q")]
    ids = {child.communicate()[0] for child in both}
    assert len(ids) == 2
    assert not any(list_containers(engine, run_id.strip()) for run_id in ids)


@pytest.fixture
def derive(engine: Engine, image: str, tmp_path: Path) -> Callable[..., str]:
    """Makes an image from the base image and more lines."""

    def make(*lines: str) -> str:
        name = f"{image}-{uuid4().hex}"
        text = "\n".join((f"FROM {image}", *lines))
        environ = {**os.environ, "DOCKER_BUILDKIT": "0"}
        argv = [engine.program, "build", "-q", "-t", name, "-f", "-", str(tmp_path)]
        subprocess.run(argv, input=text, text=True, check=True, env=environ, capture_output=True)
        return name

    return make


def test_an_entry_point_that_wraps_is_kept_and_a_shell_is_not(
    write_project: Write, run: Run, tmp_path: Path, derive: Callable[..., str]
) -> None:
    (tmp_path / "entry.sh").write_text('#!/bin/bash\nexport PREPARED=yes\nexec "$@"\n')
    (tmp_path / "entry.sh").chmod(0o755)
    write_project("echo prepared $PREPARED", name=derive("COPY entry.sh /entry.sh", 'ENTRYPOINT ["/entry.sh"]'))
    assert run("-q").stdout == "prepared yes\n"
    write_project("echo plain", name=derive('ENTRYPOINT ["/bin/bash", "-c"]'))
    assert run("-q").stdout == "plain\n"


def test_without_bash_the_image_has_sh(write_project: Write, run: Run, derive: Callable[..., str]) -> None:
    write_project("echo through $0", name=derive("RUN rm /usr/bin/bash"))
    done = run("-q")
    assert done.stdout == "through sh\n", done.stderr


def test_no_network_and_read_only(write_project: Write, run: Run, home: Home, project_dir: Path) -> None:
    write_project(
        "touch here 2>/dev/null && echo project; touch /x 2>/dev/null && echo image; touch /tmp/x && echo tmp;"
        "echo run > $REENACT_RUN_DIR/artifacts/made && ls /sys/class/net"
    )
    done = run("-q", "--no-network", "--read-only")
    assert done.stdout == "tmp\nlo\n", done.stderr
    assert not (project_dir / "here").exists()
    assert (only_run(home) / "artifacts/made").exists()
    assert run("-q", "-A", "network=none", "--locked").returncode == 65


def test_what_would_let_a_command_out_is_refused(write_project: Write, run: Run, home: Home) -> None:
    write_project("ls /sys/class/net", network="host")
    for option, argument in (("--read-only", "cap-add=SYS_ADMIN"), ("--no-network", "network=host")):
        done = run(option, "-A", argument)
        assert done.returncode == 2
        assert done.stderr.startswith(f"error: {option} would not hold: --docker-args {argument} ")
    assert not home.runs.exists()
    # The caller has the last word over the project.
    assert run("-q", "--no-network").stdout == "lo\n"


def test_an_image_without_a_shell(write_project: Write, run: Run, derive: Callable[..., str]) -> None:
    write_project("echo x", name=derive("RUN rm /usr/bin/bash /usr/bin/sh"))
    done = run()
    assert done.returncode == 127
    assert "no shell to run the command" in done.stderr.splitlines()[-1]


def test_read_only_closes_volumes_too(write_project: Write, run: Run, project_dir: Path, tmp_path: Path) -> None:
    kept, given = tmp_path / "kept", tmp_path / "given"
    for folder in (kept, given):
        folder.mkdir()
        (folder / "there").write_text("seen\n")
    write_project(
        "cat /kept/there /given/there; touch /kept/x; touch /given/x; touch /own/x", volumes=["/own", f"{kept}:/kept"]
    )
    options = ("-q", "-A", f"volume={given}:/given")
    assert run(*options, "--read-only").stdout == "seen\nseen\n"
    assert [path.name for folder in (kept, given) for path in folder.iterdir()] == ["there", "there"]
    assert run(*options).returncode == 0
    assert (kept / "x").exists()


def test_read_only_leaves_the_run_folder_open_in_a_folder_that_a_parameter_names(
    write_project: Write, run: Run, home: Home
) -> None:
    write_project("touch $REENACT_RUN_DIR/artifacts/x && echo wrote; touch {p}/x", {"p": "path"})
    assert run("-q", "--read-only", "-P", f"p={home.root}").stdout == "wrote\n"
    assert not (home.root / "x").exists()


def test_read_only_closes_what_is_mounted_below_too(
    write_project: Write, run: Run, project_dir: Path, tmp_path: Path
) -> None:
    places = [project_dir / "in side", tmp_path / "kept" / "below"]
    for place in places:
        place.mkdir(parents=True)
        if subprocess.run(["mount", "-t", "tmpfs", "tmpfs", place], capture_output=True, check=False).returncode != 0:
            pytest.skip("nothing can be mounted here")
    try:
        (places[1] / "there").write_text("seen\n")
        command = "cat /kept/below/there; touch 'in side/x'; touch /kept/below/x; touch $REENACT_RUN_DIR/x && echo ran"
        write_project(command, volumes=[f"{tmp_path}/kept:/kept"])
        assert run("-q", "--read-only").stdout == "seen\nran\n"
        write_project(command)
        assert run("-q", "--read-only", "-A", f"v={tmp_path}/kept:/kept").stdout == "seen\nran\n"
        assert [path.name for place in places for path in place.iterdir()] == ["there"]
    finally:
        for place in places:
            subprocess.run(["umount", place], check=False)


def test_what_the_project_mounts_is_in_the_place_of_ours(
    write_project: Write, run: Run, project_dir: Path, tmp_path: Path
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "which").write_text("the project's\n")
    (project_dir / "which").write_text("ours\n")
    seen = f"{other}:{other}"
    write_project("cat which {p}/which", {"p": "path"}, volumes=["$PWD:/mlflow/projects/code", seen, seen])
    assert run("-q", "-P", f"p={other}").stdout == "ours\nthe project's\n"
    write_project("cat which", volumes=[f"{other}:/mlflow/projects/code"])
    assert run("-q").stdout == "the project's\n"
    write_project("cat which")
    assert run("-q", "-A", f"v={other}:/mlflow/projects/code").stdout == "the project's\n"


def test_the_whole_build_log_is_in_the_run_folder(
    write_project: Write, run: Run, image: str, project_dir: Path, home: Home
) -> None:
    (project_dir / "Dockerfile").write_text(f"FROM {image}\nRUN echo why it fails && exit 3\n")
    write_project("true", build=".")
    done = run()
    assert done.returncode == 70
    assert done.stderr.splitlines()[-1].startswith("  hint: to repeat the step: ")
    log = Path(next(line for line in done.stderr.splitlines() if "build log" in line).rpartition(": ")[2])
    assert log.is_relative_to(only_run(home))
    assert "why it fails" in log.read_text()
