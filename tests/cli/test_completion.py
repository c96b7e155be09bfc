from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.cli.completion import join_pieces
from reenact.world import World
from tests.recorded import make_plan, record_run

Reenact = Callable[..., tuple[int, str, str]]


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell(reenact: Reenact, shell: str) -> None:
    code, out, err = reenact("completion", shell)
    assert (code, err) == (0, "")
    assert f"reenact completion {shell} -- " in out
    if shutil.which(shell):
        subprocess.run([shell, "-n"], input=out, text=True, check=True)


def test_an_unknown_shell(reenact: Reenact) -> None:
    assert reenact("completion", "tcsh")[0] == 2


@pytest.fixture
def project(project_dir: Path) -> Path:
    (project_dir / "MLproject").write_text(
        "entry_points:\n  train: {command: a, description: 'fit: it'}\n  test: {command: b}\n"
    )
    return project_dir


@pytest.mark.parametrize(
    ("line", "answers", "code"),
    [
        ("rei", ["reindex"], 0),
        ("--de", ["--debug"], 0),
        ("--env-file ", [], 3),
        ("--env-file x de", ["describe"], 0),
        ("nothing ", [], 0),
        ("--nothing ", [], 0),
        ("ls --st", ["--state"], 0),
        ("ls -s f", ["finished", "failed"], 0),
        ("ls --state=f", ["--state=finished", "--state=failed"], 0),
        ("ls --limit ", [], 0),
        ("ls ", [], 0),
        ("env ", ["ls", "show", "du", "why", "export", "restore", "rm", "gc"], 0),
        ("env ex", ["export"], 0),
        ("env export --format py", ["pylock"], 0),
        ("env nothing ", [], 0),
        ("completion ", ["bash", "zsh", "fish"], 0),
        ("run ", [], 3),
        ("run x ", [], 0),
        ("run {project} -e ", ["train", "test"], 0),
        ("run {project} --entry-point=tr", ["--entry-point=train"], 0),
        ("run {project} -P --", [], 0),
        ("run -P -e {project} -e te", ["test"], 0),
        ("run https://example.org/x.git -e ", [], 0),
        ("run {project} -- -", [], 0),
        ("run --params-file ", [], 3),
        ("run --params-file=", [], 3),
        ("describe --entry-point t", [], 0),
        ("rerun x --det", ["--deterministic", "--detach"], 0),
        ("verify --det", ["--deterministic"], 0),
        ("show x ", [], 0),
    ],
)
def test_what_fits(reenact: Reenact, project: Path, line: str, answers: list[str], code: int) -> None:
    done, out, err = reenact("completion", "fish", "--", *line.format(project=project).split(" "))
    assert ([answer.partition("\t")[0] for answer in out.splitlines()], done, err) == (answers, code, "")


def test_each_shell_is_told_in_its_own_form(reenact: Reenact, project: Path) -> None:
    words = ["--", "run", str(project), "--entry-point=tr"]
    assert reenact("completion", "zsh", *words)[1] == "--entry-point=train:fit: it\n"
    assert reenact("completion", "fish", *words)[1] == "--entry-point=train\tfit: it\n"
    pieces = ["--", "run", str(project), "--entry-point", "=", "tr"]
    assert reenact("completion", "bash", *pieces)[1] == "train\n"


def test_bash_cuts_words_and_we_join_them() -> None:
    assert join_pieces(["run", "file", ":", "///x", "-e", ""]) == ["run", "file:///x", "-e", ""]
    assert join_pieces(["run", "--entry-point", "=", ""]) == ["run", "--entry-point="]
    assert join_pieces([""]) == [""]


@pytest.fixture
def bin_dir(tmp_path: Path) -> Path:
    (tmp_path / "bin").mkdir()
    program = tmp_path / "bin" / "reenact"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reenact "$@"\n')
    program.chmod(0o755)
    return program.parent


def ask_shell(bin_dir: Path, *argv: str) -> list[str]:
    environ = {**os.environ, "PATH": f"{bin_dir}:{os.environ['PATH']}"}
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return [text for text in done.stdout.split("\n") if text]


def complete_in_bash(bin_dir: Path, line: str) -> list[str]:
    """What a real bash would offer at the end of ``line``."""
    script = (
        'eval "$(reenact completion bash)"\nread -ra COMP_WORDS <<< "$1"\n'
        '[[ "$1" == *" " ]] && COMP_WORDS+=("")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n'
        '_reenact_completion reenact "${COMP_WORDS[COMP_CWORD]}"\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    return ask_shell(bin_dir, "bash", "-c", script, "bash", line)


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_verbs_options_runs_and_files(world: World, bin_dir: Path, project: Path) -> None:
    first = record_run(world)
    second = record_run(world, make_plan(name="best"))
    assert complete_in_bash(bin_dir, "reenact rei") == ["reindex"]
    assert "--timestamps" in complete_in_bash(bin_dir, "reenact logs --")
    assert complete_in_bash(bin_dir, "reenact show ") == [second.id[:8], first.id[:8]]
    assert complete_in_bash(bin_dir, f"reenact show {first.id[:5]}") == [first.id[:8]]
    assert complete_in_bash(bin_dir, "reenact rm zzz") == []
    assert complete_in_bash(bin_dir, f"reenact run {project}/ML") == [f"{project}/MLproject"]
    assert complete_in_bash(bin_dir, f"reenact run {project} -e tr") == ["train"]


@pytest.mark.skipif(shutil.which("fish") is None, reason="needs fish")
def test_fish_completes_verbs_options_runs_and_files(
    world: World, bin_dir: Path, project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HOME", str(tmp_path))

    def complete(line: str) -> list[str]:
        script = f"reenact completion fish | source; complete -C '{line}'"
        return [answer.partition("\t")[0] for answer in ask_shell(bin_dir, "fish", "-c", script)]

    first = record_run(world)
    second = record_run(world, make_plan(name="best"))
    assert complete("reenact rei") == ["reindex"]
    assert complete("reenact show ") == [second.id[:8], first.id[:8]]
    assert complete(f"reenact run {project} -e t") == ["train", "test"]
    assert complete(f"reenact run {project}/ML") == [f"{project}/MLproject"]


@pytest.mark.skipif(shutil.which("zsh") is None, reason="needs zsh")
def test_zsh_completes_verbs_and_runs(world: World, bin_dir: Path, project: Path) -> None:
    """What our code hands to ``_describe``: zsh itself completes only at a terminal."""
    run = record_run(world)
    script = (
        "_describe() { print -rl -- ${(P)3} }\n_files() { print files }\ncompdef() { : }\n"
        'eval "$(reenact completion zsh)"\nwords=("${(@s: :)1}")\nCURRENT=$#words\n_reenact_completion\n'
    )

    def complete(line: str) -> list[str]:
        return ask_shell(bin_dir, "zsh", "-f", "-c", script, "zsh", line)

    assert complete("reenact rei") == ["reindex:Rebuild the index from the run folders."]
    assert complete("reenact show ")[0].startswith(f"{run.id[:8]}:finished")
    assert complete(f"reenact run {project} -e te") == ["test"]
    assert complete(f"reenact run {project}/ML") == ["files"]
