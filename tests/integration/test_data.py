"""Inputs, outputs and metrics of whole runs, as a person declares and meets them."""

from __future__ import annotations

import http.server
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from blake3 import blake3

import reenact
from reenact.cli import main
from reenact.errors import InputError
from reenact.home import Home
from reenact.records.files import read_inputs, read_metrics, read_outputs, read_plan
from reenact.run_folder import RunFolder
from tests.data.test_places import fill
from tests.serving import answering

pytestmark = pytest.mark.slow


def declare(project: Path, command: str, **keys: object) -> None:
    (project / "MLproject").write_text(json.dumps({"entry_points": {"main": {"command": command, **keys}}}))


def run(project: Path, *options: str) -> int:
    return main(["run", str(project), "-q", "--env-manager", "system", *options])


def last(home: Home) -> RunFolder:
    return RunFolder(max(home.runs.iterdir(), key=lambda path: path.stat().st_mtime_ns))


def test_what_is_missing_is_told_before_anything_exists(
    project_dir: Path, home: Home, capsys: pytest.CaptureFixture[str]
) -> None:
    fill(project_dir, "here")
    declare(project_dir, "touch started", inputs=["here", "gone.csv", "gone/*.csv", "../gone"])
    for options in ((), ("--dry-run",), ("--detach",)):
        assert run(project_dir, *options) == 67
        said = capsys.readouterr().err
        assert "declares inputs that are not there:\n  gone.csv\n  gone/*.csv\n  ../gone\n" in said
    assert not home.runs.exists() and not (project_dir / "started").exists()
    assert list(home.staging.iterdir()) == []
    with pytest.raises(InputError):
        reenact.run(project_dir, env_manager="system")


def test_a_pipe_as_an_input_holds_nothing_up(project_dir: Path, home: Home) -> None:
    os.mkfifo(project_dir / "pipe")
    declare(project_dir, "true {x}", inputs=["pipe"], parameters={"x": "path"})
    assert run(project_dir, "-P", f"x={project_dir / 'pipe'}") == 0
    (file,) = read_inputs(last(home))
    assert (file.path, file.digest, file.problem) == ("pipe", None, "a pipe")


def test_parameters_are_in_the_paths(project_dir: Path, home: Home, tmp_path: Path) -> None:
    fill(tmp_path, "far[1].csv")
    declare(
        project_dir,
        "cp {data} out-{seed}.csv; echo '{{\"a\": {seed}}}' > m.json",
        parameters={"data": "path", "seed": {"type": "int", "default": 7}},
        inputs=["{data}"],
        outputs=["out-{seed}.csv"],
        metrics={"m.json": {"keys": ["a"]}},
    )
    assert run(project_dir, "-P", f"data={tmp_path}/far[1].csv", "-P", "seed=3") == 0
    folder = last(home)
    assert [file.path for file in read_inputs(folder)] == [f"{tmp_path}/far[1].csv"]
    assert [(file.path, file.kept) for file in read_outputs(folder)] == [("out-3.csv", "outputs/out-3.csv")]
    assert read_metrics(folder) == {"m.json:a": 3}


def test_a_path_parameter_counts_wherever_its_value_is(project_dir: Path, home: Home, tmp_path: Path) -> None:
    fill(project_dir, "data/x.csv")
    declare(
        project_dir,
        "cat {data}; echo x > {out}",
        parameters={"data": {"type": "path", "default": "data"}, "out": "path"},
    )
    assert run(project_dir, "-P", f"out={tmp_path}/made.txt") == 0
    folder = last(home)
    assert [(file.path, file.origin) for file in read_inputs(folder)] == [("data/x.csv", "parameter data")]
    assert [file.path for file in read_outputs(folder)] == [f"{tmp_path}/made.txt"]


def test_code_of_its_own_and_downloads(project_dir: Path, home: Home, tmp_path: Path) -> None:
    fill(project_dir, "data.csv")
    fill(tmp_path, "far.csv")
    declare(
        project_dir,
        "cat {a} {b} > out.csv",
        parameters={"a": {"type": "path", "default": "data.csv"}, "b": "path"},
        inputs=["data.csv"],
        outputs=["out.csv"],
    )
    for words in (("init", "-q"), ("add", "."), ("-c", "user.name=x", "-c", "user.email=x@x", "commit", "-qm", "x")):
        subprocess.run(["git", *words], cwd=project_dir, check=True)
    code = main(
        [
            "run",
            f"file://{project_dir}",
            "-v",
            "HEAD",
            "-q",
            "--env-manager",
            "system",
            "-P",
            f"b=file://{tmp_path}/far.csv",
        ]
    )
    assert code == 0
    folder = last(home)
    assert [file.path for file in read_inputs(folder)] == ["data.csv", "$REENACT_RUN_DIR/inputs/b/far.csv"]
    assert (folder.outputs / "out.csv").read_text() == "data.csvfar.csv"


class Answering(http.server.BaseHTTPRequestHandler):
    """Has one file, and says so; what is asked with a password is not there."""

    def do_HEAD(self) -> None:
        self.send_response(200 if self.path == "/x.csv" and not self.headers.get("Authorization") else 404)
        self.send_header("Content-Length", "12")
        self.send_header("ETag", '"v1"')
        self.end_headers()

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[str]:
    with answering(http.server.ThreadingHTTPServer(("127.0.0.1", 0), Answering)) as address:
        yield address


def test_an_address_is_recorded_with_what_its_server_says(
    project_dir: Path, home: Home, server: str, capsys: pytest.CaptureFixture[str]
) -> None:
    gone = "http://127.0.0.1:1/x"
    declare(
        project_dir,
        "true",
        inputs=[f"http://me:secret-word@{server}/x.csv?token=hidden-word", f"http://{server}/x.csv", gone],
    )
    assert run(project_dir) == 0
    folder = last(home)
    files = {file.path: (file.size, file.version, file.digest) for file in read_inputs(folder)}
    assert files == {f"http://{server}/x.csv": (12, 'ETag "v1"', None), gone: (None, None, None)}
    main(["describe", str(project_dir)])
    kept = "".join(path.read_text() for path in folder.path.iterdir() if path.suffix == ".json")
    assert "secret-word" not in kept + capsys.readouterr().out
    assert "hidden-word" not in kept


def test_a_secret_path_is_in_no_record(project_dir: Path, home: Home, tmp_path: Path) -> None:
    fill(tmp_path, "hidden-name.csv")
    declare(project_dir, "cat {x}", parameters={"x": {"type": "path", "secret": True}})
    assert run(project_dir, "-P", f"x={tmp_path}/hidden-name.csv") == 0
    assert all("hidden-name" not in path.read_text() for path in last(home).path.iterdir() if path.suffix == ".json")


def test_a_command_that_spoils_its_outputs_harms_nobody(
    project_dir: Path, home: Home, capfd: pytest.CaptureFixture[str]
) -> None:
    script = (
        "import os, socket\nos.symlink('/etc/passwd', 'a')\nos.mkfifo('b')\nos.mkdir('c')\n"
        "os.symlink('..', 'c/up')\nos.symlink('nowhere', 'd')\nopen(b'e\\n\\xff', 'w').write('x')\n"
        "socket.socket(socket.AF_UNIX).bind('f')\nos.symlink('/', os.environ['REENACT_RUN_DIR'] + '/artifacts/root')\n"
        "open('m.json', 'w').write('{')\n"
    )
    (project_dir / "spoil.py").write_text(script)
    declare(
        project_dir,
        f"{sys.executable} spoil.py",
        outputs=["a", "b", "c", "d", "e*", "f", "g/*"],
        metrics=["m.json", "b"],
    )
    assert run(project_dir) == 0
    found = {file.path: file.problem for file in read_outputs(last(home))}
    assert found == {
        "artifacts/root": "a link that leads out of the project",
        "a": "a link that leads out of the project",
        "b": "a pipe",
        "c/up": "a link to a folder",
        "d": "No such file or directory",
        "e\n\udcff": None,
        "f": "a socket",
        "g/*": "missing",
    }
    said = capfd.readouterr().err
    assert "the output g/* was not written" in said
    assert "the metrics file m.json cannot be read: not JSON" in said
    main(["show"])
    assert "root:" not in capfd.readouterr().out


def test_the_limit_of_copies_can_be_chosen(project_dir: Path, home: Home, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("REENACT_SIZE_LIMIT", "1K")
    declare(project_dir, "head -c 2000 /dev/zero > big; echo x > small", outputs=["big", "small"])
    assert run(project_dir) == 0
    big, small = read_outputs(last(home))
    assert (big.kept, big.digest) == (None, blake3(bytes(2000)).hexdigest())
    assert small.kept == "outputs/small"


def test_the_plan_says_what_is_declared(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    fill(project_dir, "a")
    declare(project_dir, "true", inputs="a", outputs={"b": {"rtol": 0.5}}, metrics="m.json")
    assert run(project_dir, "--dry-run", "--json") == 0
    plan = json.loads(capsys.readouterr().out)
    assert plan["inputs"] == ["a"]
    assert plan["outputs"][0]["tolerance"]["rtol"] == 0.5
    assert plan["metrics"][0]["path"] == "m.json"
    assert run(project_dir) == 0


def test_two_runs_of_the_same_inputs_read_them_once(project_dir: Path, home: Home) -> None:
    fill(project_dir, "a")
    os.utime(project_dir / "a", (1, 1))
    declare(project_dir, "true", inputs=["a"])
    assert run(project_dir) == 0
    first = read_inputs(last(home))
    (project_dir / "a").write_text("b")
    os.utime(project_dir / "a", (1, 1))
    assert run(project_dir) == 0
    assert first != read_inputs(last(home))
    assert read_plan(last(home)).inputs == ("a",)
