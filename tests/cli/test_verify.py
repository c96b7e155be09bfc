"""Real projects run, recorded, and run again to be judged."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from xml.etree import ElementTree

import pytest
import yaml

from tests.cli.conftest import Said

Reenact = Callable[..., Said]

MLPROJECT = """\
name: wine
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      data: {type: path, default: data.csv}
    inputs: [data.csv]
    outputs: [out/scores.csv, {path: out/near.json, rtol: 1.0e-6}]
    metrics: [{path: out/metrics.json, rtol: 1.0e-6}]
    command: "python train.py {alpha} {data}"
"""
TRAIN = """\
import csv, json, os, pathlib, sys
alpha, data = float(sys.argv[1]), sys.argv[2]
values = [float(row["x"]) for row in csv.DictReader(open(data))]
os.makedirs("out", exist_ok=True)
noise = NOISE
rows = "".join(f"{at},{value * alpha}\\n" for at, value in enumerate(values))
pathlib.Path("out/scores.csv").write_text("epoch,loss\\n" + rows)
json.dump({"sum": sum(values) + noise}, open("out/near.json", "w"))
json.dump({"rmse": alpha + noise}, open("out/metrics.json", "w"))
with open(os.path.join(os.environ["REENACT_RUN_DIR"], "artifacts", "model.pkl"), "wb") as file:
    file.write(b"model")
"""


@pytest.fixture
def project(project_dir: Path) -> Path:
    (project_dir / "MLproject").write_text(MLPROJECT)
    (project_dir / "data.csv").write_text("x\n1\n2\n3\n")
    (project_dir / ".gitignore").write_text("out/\n")
    write_training(project_dir)
    git(project_dir, "init", "-q")
    git(project_dir, "add", ".")
    git(project_dir, "commit", "-q", "-m", "first")
    return project_dir


def write_training(project: Path, noise: str = "0.0", more: str = "") -> None:
    (project / "train.py").write_text(TRAIN.replace("NOISE", noise) + more)


def git(folder: Path, *words: str) -> None:
    who = ("-c", "user.name=A", "-c", "user.email=a@localhost")
    subprocess.run(["git", *who, *words], cwd=folder, check=True, capture_output=True)


def record(reenact: Reenact, project: Path, *words: str) -> str:
    """The id of a new run."""
    said = reenact("run", str(project), "-q", "--env-manager", "system", *words)
    assert said.code == 0, said.err
    return newest(reenact)


def newest(reenact: Reenact) -> str:
    shown = json.loads(reenact("show", "--json").out)
    return str(shown["run"]["id"])


def verify(reenact: Reenact, run: str, *words: str) -> tuple[int, dict[str, object]]:
    said = reenact("verify", run, "--json", *words)
    return said.code, json.loads(said.out)


def list_verdicts(found: dict[str, object], trial: int = 0) -> dict[str, str]:
    trials = found["trials"]
    assert isinstance(trials, list)
    return {f"{e['kind']} {e['name']}".strip(): e["judgement"]["verdict"] for e in trials[trial]["judged"]}


def test_a_run_that_comes_out_the_same(reenact: Reenact, project: Path) -> None:
    run = record(reenact, project)
    said = reenact("verify", run)
    assert said.code == 0, said.out + said.err
    assert said.out.startswith(f"PASS  run {run[:8]}: 4 identical\n")
    again = newest(reenact)
    assert again != run
    assert f"repeated as run {again[:8]}" in said.out
    shown = reenact("show", again).out
    assert f"repeats       {run}  PASS: 4 identical\n" in shown
    assert f"repeated as   {again[:8]}  PASS: 4 identical\n" in reenact("show", run).out
    assert f"main (again: {run[:8]})" in reenact("ls").out


@pytest.mark.parametrize("change", ["script", "untracked", "data", "deleted", "moved"])
def test_what_happens_to_the_original_meanwhile(reenact: Reenact, project: Path, change: str) -> None:
    """The record is what is run again; the project may have changed or be gone."""
    (project / "helper.py").write_text("x = 1\n")
    write_training(project, more="import helper\n")
    run = record(reenact, project)
    if change == "script":
        write_training(project, noise="1.0")
    elif change == "untracked":
        (project / "helper.py").write_text("raise SystemExit(3)\n")
    elif change == "data":
        (project / "data.csv").write_text("x\n1\n2\n4\n")
    elif change == "deleted":
        subprocess.run(["rm", "-rf", str(project)], check=True)
    else:
        project.rename(project.with_name("elsewhere"))
    code, found = verify(reenact, run)
    assert (code, found["verdict"]) == (0, "PASS"), found


def test_noise_within_the_tolerance_and_beyond_it(reenact: Reenact, project: Path) -> None:
    write_training(project, noise="__import__('random').random() * 1e-9")
    code, found = verify(reenact, record(reenact, project))
    assert (code, found["verdict"]) == (0, "PASS")
    assert list_verdicts(found) == {
        "exit code": "identical",
        "output artifacts/model.pkl": "identical",
        "output out/scores.csv": "identical",
        "output out/near.json": "within tolerance",
        "metric out/metrics.json:rmse": "within tolerance",
    }
    write_training(project, noise="__import__('random').random()")
    code, found = verify(reenact, record(reenact, project), "--times", "2")
    assert (code, found["verdict"]) == (1, "FAIL")
    assert found["varies"] == ["output out/near.json", "metric out/metrics.json:rmse"]
    trials = found["trials"]
    assert isinstance(trials, list)
    assert len(trials) == 2
    assert "sum: 6." in trials[0]["judged"][3]["judgement"]["difference"]


@pytest.mark.parametrize("source", ["in place", "a copy"])
def test_a_tolerance_of_an_output_that_a_parameter_names(reenact: Reenact, project: Path, source: str) -> None:
    """What is recorded is named from the project, and the value of a path is absolute."""
    write_training(project, noise="__import__('random').random() * 1e-9")
    text = MLPROJECT.replace("out/near.json,", '"{near}",').replace(
        "    inputs:", "      near: {type: path, default: out/near.json}\n    inputs:"
    )
    (project / "MLproject").write_text(text)
    git(project, "commit", "-q", "-a", "-m", "second")
    uri = project.as_posix() if source == "in place" else f"git+file://{project}"
    said = reenact("run", uri, "-q", "-y", "--env-manager", "system")
    assert said.code == 0, said.err
    code, found = verify(reenact, newest(reenact))
    assert (code, found["verdict"]) == (0, "PASS"), found
    assert list_verdicts(found)["output out/near.json"] == "within tolerance"


def test_a_variable_that_changes_the_result_is_named(
    reenact: Reenact, project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("OMP_NUM_THREADS", "1")
    write_training(project, noise="float(os.environ['OMP_NUM_THREADS'])")
    run = record(reenact, project)
    assert verify(reenact, run)[0] == 0
    monkeypatch.setenv("OMP_NUM_THREADS", "4")
    said = reenact("verify", run)
    assert said.code == 75
    assert said.out.startswith("INCONCLUSIVE")
    assert "variable OMP_NUM_THREADS: 1 → 4" in said.out


def test_an_input_that_is_not_in_the_record_and_changed(reenact: Reenact, project: Path, tmp_path: Path) -> None:
    outside = tmp_path / "outside.csv"
    outside.write_text("x\n1\n")
    run = record(reenact, project, "-P", f"data={outside}")
    assert verify(reenact, run)[0] == 0
    outside.write_text("x\n2\n")
    code, found = verify(reenact, run)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "outside.csv" in json.dumps(found)
    outside.unlink()
    code, found = verify(reenact, run)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "outside.csv" in str(found["reason"])


def test_a_run_that_fails_the_same_and_one_that_fails_now(reenact: Reenact, project: Path, tmp_path: Path) -> None:
    write_training(project, more="sys.exit(3)\n")
    assert reenact("run", str(project), "-q", "--env-manager", "system").code == 3
    code, found = verify(reenact, newest(reenact))
    assert (code, found["verdict"]) == (0, "PASS")
    write_training(project, more=f"sys.exit(os.path.exists({str(tmp_path / 'flag')!r}))\n")
    run = record(reenact, project)
    (tmp_path / "flag").touch()
    code, found = verify(reenact, run)
    assert code == 75
    assert list_verdicts(found)["exit code"] == "different"


def test_nothing_that_is_declared_proves_nothing(reenact: Reenact, project: Path) -> None:
    (project / "MLproject").write_text("entry_points: {main: {command: 'true'}}\n")
    code, found = verify(reenact, record(reenact, project))
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "declare" in str(found["reason"])


def test_an_output_that_the_command_does_not_write_any_more(reenact: Reenact, project: Path, tmp_path: Path) -> None:
    write_training(project, more=f"if os.path.exists({str(tmp_path / 'flag')!r}): os.unlink('out/scores.csv')\n")
    run = record(reenact, project)
    (tmp_path / "flag").touch()
    _, found = verify(reenact, run)
    assert list_verdicts(found)["output out/scores.csv"] == "different"


def test_a_killed_run_has_nothing_to_compare_with(reenact: Reenact, project: Path) -> None:
    write_training(project, more="import time; time.sleep(60)\n")
    reenact("run", str(project), "-q", "--env-manager", "system", "--timeout", "1")
    code, found = verify(reenact, newest(reenact))
    assert (code, found["trials"]) == (75, [])


def test_a_repetition_that_is_cut_short_proves_nothing(reenact: Reenact, project: Path, tmp_path: Path) -> None:
    stop = f"if os.path.exists({str(tmp_path / 'flag')!r}): os.kill(os.getpid(), 15)\n"
    write_training(project, more=stop)
    run = record(reenact, project)
    (tmp_path / "flag").touch()
    code, found = verify(reenact, run, "-n", "3")
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "was killed" in str(found["reason"])
    trials = found["trials"]
    assert isinstance(trials, list)
    assert [trial["judged"] for trial in trials] == [[]]


def test_reports_are_written_and_stdout_is_ours_alone(reenact: Reenact, project: Path, tmp_path: Path) -> None:
    write_training(project, more="print('loud')\n")
    run = record(reenact, project)
    said = reenact("verify", run, "--json", "--junit", str(tmp_path / "r.xml"), "--markdown", str(tmp_path / "r.md"))
    assert json.loads(said.out)["verdict"] == "PASS"
    assert "loud" not in said.out + said.err
    assert "loud" in reenact("logs", newest(reenact)).out
    assert ElementTree.parse(tmp_path / "r.xml").getroot().get("failures") == "0"
    assert (tmp_path / "r.md").read_text().startswith(f"# PASS: run {run[:8]}\n")


def test_calibrate_proposes_what_then_holds(reenact: Reenact, project: Path) -> None:
    write_training(project, noise="__import__('random').random() * 1e-3")
    text = (project / "MLproject").read_text()
    (project / "MLproject").write_text(text.replace(", rtol: 1.0e-6", ""))
    run = record(reenact, project)
    said = reenact("verify", run, "--calibrate", "-n", "3")
    assert said.code == 0, said.err
    proposed = yaml.safe_load(said.out)["entry_points"]["main"]
    assert [each["path"] for each in proposed["outputs"]] == ["out/near.json"]
    assert [each["path"] for each in proposed["metrics"]] == ["out/metrics.json"]
    assert "# The same in all of them: out/scores.csv" in said.out
    assert (project / "MLproject").read_text() == text.replace(", rtol: 1.0e-6", "")
    whole = yaml.safe_load(text)
    whole["entry_points"]["main"] |= {**proposed, "outputs": ["out/scores.csv", *proposed["outputs"]]}
    (project / "MLproject").write_text(yaml.safe_dump(whole))
    code, found = verify(reenact, record(reenact, project), "-n", "2")
    assert (code, found["verdict"]) == (0, "PASS"), found


def run_test(test: Path, environ: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "--import-mode=importlib", str(test)],
        capture_output=True,
        text=True,
        cwd=test.parent,
        env={**os.environ, **(environ or {})},
    )


def test_a_frozen_test_passes_and_after_a_mutation_fails(reenact: Reenact, project: Path) -> None:
    run = record(reenact, project, "-P", "alpha=0.25")
    test = project / "tests" / "test_frozen.py"
    test.parent.mkdir()
    assert reenact("verify", run, "--freeze", str(test)).code == 0
    done = run_test(test)
    assert done.returncode == 0, done.stdout
    assert "6 passed" in done.stdout
    write_training(project, noise="0.125")
    done = run_test(test)
    assert done.returncode == 1
    assert "sum: 6.0 → 6.125 (by 0.125, 2.04%)" in done.stdout
    assert "0.25 → 0.375" in done.stdout
    assert "2 failed, 4 passed" in done.stdout
    done = run_test(test, {"REENACT_FROZEN_SOURCE": f"run:{run}"})
    assert done.returncode == 0, done.stdout


def test_a_frozen_test_is_quoted(reenact: Reenact, project: Path) -> None:
    name = "x\"\"\"'''\\{}\nnasty\n"
    text = MLPROJECT.replace(
        "data: {type: path", f"{json.dumps(name)}: {{default: {json.dumps(name)}}}\n      data: {{type: path"
    )
    (project / "MLproject").write_text(text)
    run = record(reenact, project, "-P", f"{name}={name}__import__('os').mkdir('sprung')")
    test = project / "test_frozen.py"
    assert reenact("verify", run, "--freeze", str(test)).code == 0
    done = run_test(test)
    assert done.returncode == 0, done.stdout
    assert not (project / "sprung").exists()


def test_mistakes(reenact: Reenact, project: Path) -> None:
    run = record(reenact, project)
    assert reenact("verify", run, "--calibrate", "--freeze", "x").code == 2
    assert reenact("verify", run, "--times", "0").code == 2
    assert reenact("verify", "nothing").code == 68
    assert reenact("verify", run, "--junit", "/nowhere/x.xml").code == 74


def test_for_programs(reenact: Reenact, project: Path) -> None:
    import reenact as package

    found = package.verify(record(reenact, project), times=2)
    assert found.verdict == "PASS"
    assert [trial.judged[0].judgement.verdict for trial in found.trials] == ["identical"] * 2
