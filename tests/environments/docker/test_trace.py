"""A command in a container, watched: with a real engine."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

from reenact.environments.docker.engine import Engine
from reenact.home import Home
from reenact.records.files import read_inputs, read_outputs
from reenact.run_folder import RunFolder
from reenact.trace.record import Trace, read_trace
from tests.environments.docker.engines import tell

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[..., Path]


def folder_of(home: Home) -> RunFolder:
    (path,) = home.runs.iterdir()
    return RunFolder(path)


def trace_of(home: Home) -> Trace:
    trace = read_trace(folder_of(home))
    assert trace is not None
    return trace


def test_python_is_watched_inside(
    write_project: Write, run: Run, home: Home, project_dir: Path, tmp_path: Path
) -> None:
    for name in ("seen", "hidden"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "x.csv").write_text("x")
    (project_dir / "run.py").write_text(
        "import os, sys\nopen(sys.argv[1]).read()\nopen('/vol/x.csv').read()\nopen('made', 'w').write('x')\n"
        "open('/tmp/own', 'w').write('x')\nopen('/tmp/own').read()\nopen('/etc/passwd').read()\nprint(os.getcwd())\n"
    )
    write_project("python run.py {data}", {"data": "path"}, volumes=[f"{tmp_path}/hidden:/vol"])
    done = run("-q", "--trace", "-P", f"data={tmp_path}/seen/x.csv")
    assert (done.returncode, done.stdout, done.stderr) == (0, "/mlflow/projects/code\n", "")
    trace = trace_of(home)
    assert (trace.processes, trace.read, trace.written) == (1, ("/vol/x.csv",), ("made",))
    assert [file.path for file in read_inputs(folder_of(home))] == [f"{tmp_path}/seen/x.csv"]


def test_outputs_of_a_container_are_kept(write_project: Write, run: Run, home: Home, project_dir: Path) -> None:
    write_project("echo x > out; echo y > $REENACT_RUN_DIR/artifacts/y")
    file = json.loads((project_dir / "MLproject").read_text())
    file["entry_points"]["main"]["outputs"] = ["out"]
    (project_dir / "MLproject").write_text(json.dumps(file))
    assert run("-q").returncode == 0
    assert [(each.path, each.kept) for each in read_outputs(folder_of(home))] == [
        ("artifacts/y", "artifacts/y"),
        ("out", "outputs/out"),
    ]


def test_the_images_own_path_comes_after_the_hook(
    write_project: Write, run: Run, home: Home, engine: Engine, image: str, tmp_path: Path
) -> None:
    (tmp_path / "made").mkdir()
    (tmp_path / "made/Dockerfile").write_text(f"FROM {image}\nENV PYTHONPATH=/own/path\n")
    tell(engine, "build", "-t", "reenact-test-path", str(tmp_path / "made"))
    write_project("python -c 'import sys; print(\"/own/path\" in sys.path)'", name="reenact-test-path")
    assert run("-q", "--trace").stdout == "True\n"
    assert trace_of(home).processes == 1


def test_another_user_can_write_what_is_seen(write_project: Write, run: Run, home: Home) -> None:
    write_project("python -c 'print(1)'", user="12345:12345")
    assert run("-q", "--trace").returncode == 0
    assert trace_of(home).processes == 1


def test_it_goes_with_a_closed_container(write_project: Write, run: Run, home: Home) -> None:
    write_project("python -c 'print(1)'")
    assert run("-q", "--trace", "--no-network", "--read-only").returncode == 0
    assert trace_of(home).processes == 1


def test_strace_is_refused_before_anything_exists(write_project: Write, run: Run, home: Home) -> None:
    write_project("true")
    done = run("--trace=strace")
    assert done.returncode == 69
    assert "not possible in a container" in done.stderr
    assert not home.runs.exists() or not list(home.runs.iterdir())
