"""``--trace`` and ``--strict-inputs``: whole runs, watched."""

from __future__ import annotations

import json
import os
import shutil
import sys
from pathlib import Path

import pytest

import reenact
from reenact.cli import main
from reenact.errors import RunFailed, UnsupportedError
from reenact.home import Home
from reenact.plan import Isolation
from reenact.process.isolation import require
from reenact.run_folder import RunFolder
from reenact.trace.record import Trace, read_trace
from tests.data.test_places import fill

pytestmark = pytest.mark.slow

needs_strace = pytest.mark.skipif(shutil.which("strace") is None, reason="strace is not here")
HOWS = ["--trace", pytest.param("--trace=strace", marks=needs_strace)]

MLPROJECT = """\
entry_points:
  main:
    parameters: {more: {type: path, default: more.csv}}
    inputs: [in.csv, sets]
    outputs: [out.csv]
    metrics: m.json
    command: PYTHON run.py {more}
"""
SCRIPT = """\
import json, os, sys, tempfile
for name in ("in.csv", "sets/a", sys.argv[1], "run.py", *sys.argv[2:]):
    open(name).read()
open("out.csv", "w").write("x")
json.dump({"a": 1}, open("m.json", "w"))
open(os.environ["REENACT_RUN_DIR"] + "/artifacts/b", "w").write("x")
with tempfile.TemporaryDirectory() as folder:
    open(folder + "/x", "w").write("x")
    open(folder + "/x").read()
"""


@pytest.fixture
def project(project_dir: Path) -> Path:
    fill(project_dir, "in.csv", "sets/a", "more.csv")
    (project_dir / "MLproject").write_text(MLPROJECT.replace("PYTHON", sys.executable))
    (project_dir / "run.py").write_text(SCRIPT)
    return project_dir


def add(project: Path, text: str) -> None:
    with open(project / "run.py", "a") as file:
        file.write(text + "\n")


def run(project: Path, *options: str) -> int:
    return main(["run", str(project), "-q", "--env-manager", "system", *options])


def trace_of(home: Home) -> Trace:
    (path,) = home.runs.iterdir()
    assert not RunFolder(path).traces.exists()
    trace = read_trace(RunFolder(path))
    assert trace is not None
    return trace


@pytest.mark.parametrize("how", HOWS)
def test_a_project_that_declares_everything_makes_no_news(project: Path, home: Home, how: str) -> None:
    assert run(project, how, "--strict-inputs") == 0
    trace = trace_of(home)
    assert (trace.read, trace.written, trace.contacts) == ((), (), ())
    assert trace.processes > 0


@pytest.mark.parametrize("how", HOWS)
def test_what_is_not_declared_is_named(project: Path, home: Home, tmp_path: Path, how: str) -> None:
    fill(tmp_path, "secret", "lib/helper.py")
    (tmp_path / "lib/helper.py").write_text("pass\n")
    add(project, f"open({str(tmp_path / 'secret')!r}).read()\nopen('extra', 'w').write('x')")
    add(project, f"sys.path.insert(0, {str(tmp_path / 'lib')!r}); import helper")
    assert run(project, how) == 0
    trace = trace_of(home)
    assert trace.read == (str(tmp_path / "secret"), str(tmp_path / "lib/helper.py"))
    assert trace.written == ("extra",)


@pytest.mark.parametrize("how", HOWS)
def test_strict_inputs_fail_the_run_and_name_what_was_read(
    project: Path, tmp_path: Path, how: str, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("w", "x", "y", "z"):
        fill(tmp_path, name)
        add(project, f"open({str(tmp_path / name)!r})")
    assert run(project, how, "--strict-inputs") == 67
    capsys.readouterr()
    main(["show", "--json"])
    shown = json.loads(capsys.readouterr().out)
    assert (shown["result"]["state"], shown["result"]["exit_code"]) == ("failed", 67)
    named = ", ".join(str(tmp_path / name) for name in ("w", "x", "y"))
    assert shown["result"]["reason"] == f"--strict-inputs: read without being declared: {named} and 1 more"
    assert [file["path"] for file in shown["outputs"]] == ["artifacts/b", "out.csv"]


def test_a_command_that_fails_keeps_its_code(project: Path, tmp_path: Path) -> None:
    fill(tmp_path, "secret")
    add(project, f"open({str(tmp_path / 'secret')!r})\nsys.exit(3)")
    assert run(project, "--strict-inputs") == 3


def test_what_the_record_lacks_of_the_project_is_news(project: Path, home: Home) -> None:
    (project / ".gitignore").write_text("cache/\n")
    fill(project, "cache/features", "kept")
    add(project, "open('cache/features').read(); open('kept').read()")
    assert run(project, "--strict-inputs") == 67
    assert trace_of(home).read == ("cache/features",)


def test_where_nothing_is_traced_strict_inputs_cannot_hold(project: Path, capfd: pytest.CaptureFixture[str]) -> None:
    text = (project / "MLproject").read_text()
    (project / "MLproject").write_text(text.replace(f"{sys.executable} run.py", "echo"))
    assert run(project, "--trace") == 0
    assert "no Python that can be traced was started" in capfd.readouterr().err
    assert run(project, "--strict-inputs") == 67


@pytest.mark.parametrize("how", HOWS)
def test_it_goes_with_isolation(project: Path, home: Home, tmp_path: Path, how: str) -> None:
    try:
        require(Isolation(network=False, read_only=True))
    except UnsupportedError as problem:
        pytest.skip(problem.message)
    outside = Path(os.environ.get("HOME", "/root")) / f".{os.urandom(8).hex()}"
    text = "\n".join(line for line in SCRIPT.splitlines() if "out.csv" not in line and "m.json" not in line)
    (project / "run.py").write_text(text + f"\nopen({str(outside)!r}).read()\n")
    outside.write_text("x")
    try:
        assert run(project, how, "--no-network", "--read-only") == 0
    finally:
        outside.unlink()
    assert trace_of(home).read == (str(outside),)


def test_it_goes_with_detached_runs(project: Path, home: Home, tmp_path: Path) -> None:
    fill(tmp_path, "secret")
    add(project, f"open({str(tmp_path / 'secret')!r})")
    submitted = reenact.run(project, env_manager="system", trace=True, synchronous=False)
    assert submitted.wait()
    assert trace_of(home).read == (str(tmp_path / "secret"),)


def test_the_python_face(project: Path, home: Home, tmp_path: Path) -> None:
    fill(tmp_path, "secret")
    add(project, f"open({str(tmp_path / 'secret')!r})")
    with pytest.raises(RunFailed) as caught:
        reenact.run(project, env_manager="system", strict_inputs=True)
    assert caught.value.code == 67


def test_the_callers_own_path_comes_after_the_hook(
    project: Path, home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sitecustomize.py").write_text("import builtins; builtins.theirs = 1\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    add(project, "assert theirs == 1")
    assert run(project, "--trace") == 0
    assert trace_of(home).read == (str(tmp_path / "sitecustomize.py"),)


def test_another_way_is_refused(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["run", str(project), "--trace=magic"]) == 2
    with pytest.raises(reenact.errors.UsageError, match="traced by 'magic'"):
        reenact.run(project, trace="magic")


def test_without_strace_it_is_refused(project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/nowhere")
    assert run(project, "--trace=strace") == 69


@pytest.mark.parametrize("how", HOWS)
def test_show_tells_of_it(project: Path, tmp_path: Path, how: str, capfd: pytest.CaptureFixture[str]) -> None:
    fill(tmp_path, "secret")
    add(project, f"open({str(tmp_path / 'secret')!r})")
    add(project, "import socket, subprocess; l = socket.create_server(('127.0.0.1', 0)); print(l.getsockname()[1])")
    add(project, "socket.create_connection(('localhost', l.getsockname()[1])); subprocess.run(['true'])")
    assert run(project, how) == 0
    port = capfd.readouterr().out.split()[-1]
    main(["show"])
    page = capfd.readouterr().out
    assert f"\nread          {tmp_path / 'secret'}\n" in page
    assert f"\nspoke to      127.0.0.1:{port}" in page
    if how == "--trace":
        assert f"127.0.0.1:{port}  (localhost)\n" in page
        assert "\nnot watched   true\n" in page


def test_a_process_counts_once(project: Path, home: Home) -> None:
    add(project, "os.closerange(3, 2000)\nopen('later').read() if os.path.exists('later') else open('later', 'w')")
    assert run(project, "--trace") == 0
    assert trace_of(home).processes == 1
