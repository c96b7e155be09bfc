"""What people do wrong, and what they read then: what happened, where, what to do; once, and no traceback."""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import NamedTuple

import pytest

from reenact.cli import main
from tests.integration.servers import find_port, serve_http
from tests.sources.repositories import make_bare, make_repository

GOOD = """
name: good
entry_points:
  main:
    parameters: {n: {type: int, default: 1}, rate: float}
    command: "echo {n} {rate}"
  train: {command: "exit 3"}
"""

PROJECTS = {
    "good": GOOD,
    "empty": "",
    "tabs": "name: x\nentry_points:\n  main:\n\tcommand: a\n",
    "brackets": "name: [\n",
    "misspelt": "name: x\nentrypoints:\n  main: {command: a}\n",
    "no-command": "name: x\nentry_points:\n  main: {comand: a}\n",
    "two": "name: x\nconda_env: c.yaml\npython_env: p.yaml\nentry_points: {main: {command: x}}\n",
    "no-file": "name: x\npython_env: nofile.yaml\nentry_points: {main: {command: x}}\n",
    "undeclared": "name: x\nentry_points: {main: {command: 'echo {undeclared}'}}\n",
    "path": "name: x\nentry_points: {main: {command: 'cat {p}', parameters: {p: path}}}\n",
    "uri": "name: x\nentry_points: {main: {command: 'echo {u}', parameters: {u: uri}}}\n",
    "choice": "name: x\nentry_points: {main: {command: 'echo {c}', parameters: {c: {choices: [a, b]}}}}\n",
    "range": "name: x\nentry_points: {main: {command: 'echo {c}', parameters: {c: {type: int, max: 3}}}}\n",
    "not-executable": "name: x\nentry_points: {main: {command: ./run.sh}}\n",
    "no-program": "name: x\nentry_points: {main: {command: pythn a.py}}\n",
}

REQUIREMENTS = {
    "unsatisfiable": "dependencies: [tiny==99]\n",
    "no-package": "dependencies: [surely-no-such-package]\n",
    "no-python": "python: '3.99'\ndependencies: []\n",
    "no-requirements": "dependencies: [-r nofile.txt]\n",
    "wrong-hash": f"dependencies: ['tiny==1.0 --hash=sha256:{'0' * 64}']\n",
    "no-requirement": "dependencies: ['tiny =+ 1']\n",
}


class Mistake(NamedTuple):
    """A command, its exit code, and what is to be read, in this order."""

    line: str
    code: int
    says: tuple[str, ...]


MISTAKES = [
    Mistake("run", 2, ("URI",)),
    Mistake("runn good", 2, ("runn",)),
    Mistake("run good --bogus", 2, ("--bogus",)),
    Mistake("run good --run-name", 2, ("--run-name",)),
    Mistake("run good good", 2, ("good",)),
    Mistake("run god", 66, ("there is no project at 'god'", "did you mean 'good'")),
    Mistake("run god.zip", 66, ("there is no project at 'god.zip'",)),
    Mistake("describe god", 66, ("there is no project at 'god'",)),
    Mistake("check god", 66, ("there is no project at 'god'",)),
    Mistake("run good#sub", 66, ("subdirectory 'sub'", "good")),
    Mistake("run good#../..", 66, ("leads out of the project",)),
    Mistake("run good -v main", 66, ("only supported for Git projects", "hint: leave the version out")),
    Mistake("run broken.zip", 66, ("broken.zip is not a sound archive: it is neither a zip nor a tar file",)),
    Mistake("run s3://bucket/x", 66, ("the protocol 's3' is not known", "hint: allowed are")),
    Mistake("run ext::sh", 66, ("the protocol 'ext' is not known",)),
    Mistake("run http://127.0.0.1:{dead}/x.git", 66, ("the server cannot be reached", "hint: check the network")),
    Mistake("run http://nowhere.invalid/x.git", 66, ("the host is unknown", "hint: check the spelling")),
    Mistake("run {private}/sample.git", 66, ("cannot fetch", "hint:")),
    Mistake("run {bare} -v mian", 66, ("Unable to checkout version 'mian'", "did you mean 'main'?")),
    Mistake("run {bare} -v 00000000", 66, ("Unable to checkout version '00000000'", "hint:")),
    Mistake("run good -e trian", 65, ("could not find 'trian'", "main, train", "did you mean 'train'?")),
    Mistake("run good", 64, ("missing parameters: 'rate'", "hint: give them: -P rate=VALUE")),
    Mistake("run good -P raet=1", 64, ("missing parameters: 'rate'", "hint: you gave 'raet': did you mean 'rate'?")),
    Mistake("run good -P rate", 2, ("Invalid format for -P parameter: 'rate'", "-P name=value")),
    Mistake("run good -P rate=1 -P rate=2", 2, ("Repeated parameter: 'rate'",)),
    Mistake("run good -P rate=fast", 64, ("parameter 'rate' does not fit", "a number", "'fast'", "--lenient")),
    Mistake("run good -P rate=1 -P n=1.5", 64, ("parameter 'n' does not fit", "whole number", "'1.5'")),
    Mistake("run good -P rate=1 -P m=1 --strict", 64, ("parameter 'm' is not declared", "hint:")),
    Mistake("run choice -P c=z", 64, ("parameter 'c' does not fit: expected one of a, b, but got 'z'",)),
    Mistake("run range -P c=9", 64, ("parameter 'c'", "3", "9")),
    Mistake("run uri -P u=plain", 64, ("Expected URI for parameter 'u' but got 'plain'",)),
    Mistake("run path --strict -P p=nofile", 64, ("parameter 'p': no such file", "nofile")),
    Mistake("run path -P p=s9://b/k", 69, ("parameter 'p': nobody knows how to fetch 's9:'", "hint: known are")),
    Mistake("run path -P p=http://127.0.0.1:{dead}/k", 66, ("parameter 'p'", "Connection refused", "hint:")),
    Mistake("run undeclared", 64, ("{undeclared}", "hint: give it (-P undeclared=VALUE)")),
    Mistake("run good -P rate=1 --params-file no.yaml", 2, ("no.yaml",)),
    Mistake("run good --params-file broken.yaml", 2, ("broken.yaml:2:1: not YAML or JSON",)),
    Mistake("run good --params-file list.yaml", 2, ("list.yaml: expected 'name: value' lines, found a list",)),
    Mistake("run good -P rate=1 --timeout 5y", 2, ("'5y' is no time", "hint: for example 90s")),
    Mistake("run good -P rate=1 --json", 2, ("--json goes with --dry-run or --detach",)),
    Mistake("run good -P rate=1 -b bogus", 2, ("unsupported execution mode 'bogus'", "local")),
    Mistake("run good -P rate=1 -c {bad", 2, ("the backend configuration is not JSON",)),
    Mistake("run good -P rate=1 -c no.json", 2, ("cannot read the backend configuration no.json: No such file",)),
    Mistake("run good -P rate=1 --env-manager bogus", 2, ("no environment manager 'bogus'", "uv")),
    Mistake("run empty", 65, ("could not find 'main'", "the project declares none")),
    Mistake("run tabs", 65, ("MLproject:4:1: error: a tab", "hint: YAML is indented with spaces")),
    Mistake("run brackets", 65, ("MLproject:2:1: error:", "brackets", "hint:")),
    Mistake("run misspelt", 65, ("unknown key 'entrypoints'", "did you mean 'entry_points'?", "could not find 'main'")),
    Mistake("run no-command", 65, ("MLproject:3:9: error: entry point 'main' has no command",)),
    Mistake("run two", 65, ("cannot contain multiple environment fields", "hint: keep one")),
    Mistake("run no-file", 65, ("MLproject:2:13: error: 'python_env' names nofile.yaml", "hint: add the file")),
    Mistake("run no-requirements", 65, ("python_env.yaml:1:", "'nofile.txt' does not exist")),
    Mistake("run unsatisfiable", 70, ("no such version: tiny==99", "hint:")),
    Mistake("run no-package", 70, ("there is no package 'surely-no-such-package'", "hint:")),
    Mistake("run wrong-hash", 70, ("hash mismatch", "hint:")),
    Mistake("run no-requirement", 70, ("a requirement line cannot be read", "tiny =+ 1", "hint:")),
    Mistake("run no-python", 70, ("no Python 3.99 is installed", "found:", "hint: install one")),
    Mistake("run --env-manager system not-executable", 126, ("./run.sh: Permission denied", "failed (126)")),
    Mistake("run --env-manager system no-program", 127, ("pythn", "not found", "failed (127)")),
    Mistake("show nothing", 68, ("there is no run 'nothing'", "hint: see them with: reenact ls")),
    Mistake("logs nothing", 68, ("there is no run 'nothing'",)),
    Mistake("cancel 12345678", 68, ("there is no run '12345678'",)),
    Mistake("rm", 2, ("which runs?", "hint:")),
    Mistake("ls --state bogus", 2, ("bogus", "finished")),
    Mistake("ls -P >", 2, ("cannot read the parameter filter '>'", "hint: write it as")),
    Mistake("ls --since yesterdayy", 2, ("cannot read 'yesterdayy' as a time", "hint: write an age")),
]


@pytest.fixture(scope="module")
def places(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """A directory with all the projects, and what is named in the commands."""
    from tests.environments.conftest import make_wheel

    folder = tmp_path_factory.mktemp("mistakes")
    (folder / "wheels").mkdir()
    make_wheel(folder / "wheels", "tiny", "1.0")
    for name, text in PROJECTS.items():
        (folder / name).mkdir()
        (folder / name / "MLproject").write_text(text)
    (folder / "not-executable" / "run.sh").write_text("echo hi\n")
    for name, text in REQUIREMENTS.items():
        (folder / name).mkdir()
        (folder / name / "python_env.yaml").write_text(text.replace(": [", ": [--no-index, --find-links ../wheels, "))
        (folder / name / "main.py").write_text("")
    (folder / "broken.zip").write_bytes(b"nothing")
    (folder / "broken.yaml").write_text("a: [1\n")
    (folder / "list.yaml").write_text("- 1\n")
    bare = make_bare(make_repository(folder / "work"), folder / "served" / "sample.git")
    return {"folder": str(folder), "bare": str(bare), "dead": str(find_port())}


@pytest.mark.parametrize("mistake", MISTAKES, ids=lambda mistake: mistake.line)
def test_a_mistake_is_told(
    mistake: Mistake,
    places: dict[str, str],
    capfd: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(places["folder"])
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", os.devnull)
    line, server = mistake.line, None
    for name, place in places.items():
        line = line.replace(f"{{{name}}}", place)
    if "{private}" in line:
        server = serve_http(Path(places["bare"]).parent, user="me", password="s3cret")
        line = line.replace("{private}", server.__enter__().url)
    try:
        code = main(line.split())
    finally:
        if server is not None:
            server.__exit__(None, None, None)
    out, told = capfd.readouterr()
    assert code == mistake.code, told
    assert out == ""
    check_told(told, mistake.says)


def check_told(told: str, says: tuple[str, ...]) -> None:
    at = 0
    for text in says:
        found = told.find(text, at)
        assert found >= 0, (text, told)
        at = found + len(text)
    assert "Traceback" not in told
    assert "Errno" not in told
    assert "object at 0x" not in told
    lines = [line for line in told.splitlines() if line.strip()]
    assert len(lines) == len(set(lines)), "nothing is told twice"
    assert len(lines) <= 20, told
    assert not re.search(r"^(error|warning):\s*$", told, re.MULTILINE)
