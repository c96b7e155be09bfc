from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.doctor.shell_words import split_commands
from tests.doctor.patient import Patient


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ("pip install -r requirements.txt && python train.py", "install-in-command"),
        ("python -m pip install six", "install-in-command"),
        ("uv pip install six", "install-in-command"),
        ("sudo apt-get install -y git", "install-in-command"),
        ("conda install scipy", "install-in-command"),
        ("git clone https://example.org/x && python x/train.py", "download-in-command"),
        ("wget https://example.org/x.csv", "download-in-command"),
        ("cd data && curl -L https://example.org/x.csv -o x.csv", "download-in-command"),
        ("python train.py | tee log.txt", "pipe-hides-failure"),
        ("jupyter nbconvert --execute train.ipynb", "notebook"),
    ],
)
def test_habits(patient: Patient, command: str, code: str) -> None:
    patient.have(MLproject=f"entry_points:\n  main:\n    command: {command}\n", train__py="", train__ipynb="{}")
    assert patient.codes() - {"dirty-tree"} == {code}
    assert [finding.entry_point for finding in patient.find(code)] == ["main"]


@pytest.mark.parametrize(
    "command",
    [
        "python train.py --name 'pip install'",
        "pip list; pip --version",
        "curl -s http://localhost:8000/health",
        "set -o pipefail; python train.py | tee log.txt",
        "echo a | python train.py",
        "python train.py || true",
        "git status",
        "python install.py",
        "# pip install x\npython train.py",
    ],
)
def test_no_habits(patient: Patient, command: str) -> None:
    block = "".join(f"      {line}\n" for line in command.split("\n"))
    patient.have(MLproject=f"entry_points:\n  main:\n    command: |\n{block}", train__py="")
    assert not patient.codes() & {"install-in-command", "download-in-command", "pipe-hides-failure", "notebook"}


def test_scripts_are_followed(patient: Patient) -> None:
    patient.have(
        MLproject="entry_points: {main: {command: bash scripts/run.sh}}\n",
        scripts___run__sh="#!/bin/sh\npip install six\nbash scripts/run.sh\npython train.py\n",
        train__py="import random; random.random()\n",
    )
    assert patient.places("install-in-command") == [("scripts/run.sh:2:1", "`pip install six`")]
    assert [place for place, _ in patient.places("no-seed")] == ["train.py:1:16"]


def test_what_check_finds_is_part_of_it(patient: Patient) -> None:
    patient.have(MLproject="entry_points:\n  main: {comand: python a.py}\n")
    assert {"no-command", "unknown-key"} <= patient.codes()


@given(st.text("ab \t\n;&|()'\"\\#$`<>{}=-", max_size=60))
def test_any_text_is_split(text: str) -> None:
    for command in split_commands(text):
        assert command.words
