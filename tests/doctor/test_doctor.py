"""The doctor as a whole: what it does not look at, whatever lies in a project, what is silenced."""

from __future__ import annotations

import ast
import os
import warnings

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.doctor import list_concerns
from tests.doctor.patient import Patient, show
from tests.sources.repositories import write

MLPROJECT = "entry_points: {main: {command: python train.py}}\n"
DRAWS = "import random\nrandom.random()\n"


def test_every_concern_says_why_and_how() -> None:
    concerns = list_concerns()
    assert len({concern.code for concern in concerns}) == len(concerns) > 20
    assert all(concern.why and concern.fix for concern in concerns)


def test_nothing_of_the_project_is_run(patient: Patient) -> None:
    mark = patient.folder / "ran"
    patient.have(
        MLproject="entry_points: {main: {command: 'touch ran; python train.py'}}\n",
        train__py=f"open({str(mark)!r}, 'w')\nimport evil\n",
        evil__py=f"open({str(mark)!r}, 'w')\n",
        setup__py=f"open({str(mark)!r}, 'w')\n",
        sitecustomize__py=f"open({str(mark)!r}, 'w')\n",
    )
    patient.examine()
    assert not mark.exists()


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"\x7fELF\0\0", "it is binary"),
        (b"x = '" + b"a" * (2 << 20) + b"'", "it is larger than 1 MiB"),
        (b"x = " + b"(" * 5000 + b")" * 5000, "nested"),
        (b"x = " + b"-" * 200_000 + b"1", "nested"),
        (b"x = 1" + b"+1" * 200_000, "nested"),
        (b"x" + b".y" * 200_000, "nested"),
        (b"x = " + b"[" * 90 + b"]" * 90, None),
        (b"print 'old'\n", "line 1"),
        (b"# coding: klingon\n", "encoding"),
        (b"x = '\xff'\n", "encoding"),
        (b"# coding: latin-1\nx = '\xff'\n", None),
        (b"\xef\xbb\xbfx = 1\n", None),
        (b"", None),
        (b"if x:\n" + b"".join(b" " * n + b"if x:\n" for n in range(1, 120)), "line"),
    ],
)
def test_hostile_code(patient: Patient, data: bytes, reason: str | None) -> None:
    patient.have(MLproject=MLPROJECT)
    (patient.folder / "train.py").write_bytes(data)
    told = [message for _, message in patient.places("unread-code")]
    assert len(told) == (reason is not None)
    assert reason is None or reason in told[0]


def test_hostile_folders(patient: Patient) -> None:
    patient.have(MLproject="entry_points: {main: {command: python train.py; python loop/a.py; bash run.sh}}\n")
    os.mkfifo(patient.folder / "train.py")
    os.mkfifo(patient.folder / "run.sh")
    os.mkfifo(patient.folder / "uv.lock")
    os.mkfifo(patient.folder / ".python-version")
    os.mkfifo(patient.folder / ".gitignore")
    patient.have(requirements__txt="six\n")
    (patient.folder / "loop").symlink_to(patient.folder)
    (patient.folder / "a.py").symlink_to("a.py")
    (patient.folder / "conda.yaml").symlink_to("/dev/zero")
    assert patient.places("no-seed") == []


def test_names_that_are_none(patient: Patient) -> None:
    """What is no file of the project is not looked for elsewhere; what comes after it is still looked at."""
    words = "a" * 300 + ".py; python ../x.py; python /x.py; python gone.py; python train.py"
    patient.have(MLproject=f"entry_points: {{main: {{command: python {words}}}}}\n", train__py=DRAWS)
    write(patient.folder.parent, {"x.py": DRAWS})
    (patient.folder / os.fsdecode(b"caf\xe9.py")).write_text(DRAWS)
    assert [(one.code, show(one)) for one in patient.examine().findings] == [("no-seed", "train.py:2:1")]
    (patient.folder / "MLproject").unlink()
    asked = patient.examine(os.fsdecode(b"caf\xe9.py")).findings
    assert [(one.code, show(one)) for one in asked] == [("no-seed", os.fsdecode(b"caf\xe9.py:2:1"))]


def test_texts_that_are_longer_than_a_name(patient: Patient) -> None:
    long = "a" * 900
    patient.have(
        train__py=f"open('{long}/b.csv')\nparser.add_argument('--x', default='{long}')\n"
        f"from datasets import load_dataset\nload_dataset('{long}')\nimport subprocess\nsubprocess.run(['{long}.py'])\n"
    )
    assert [place for place, _ in patient.places("undeclared-input")] == ["train.py:1:1"]


def test_imports_in_a_circle(patient: Patient) -> None:
    patient.have(train__py="import a\n", a__py="import b\n", b__py="import a, train, b\n" + DRAWS)
    assert [place for place, _ in patient.places("no-seed")] == ["b.py:3:1"]


def test_a_tree_of_ten_thousand_files(patient: Patient) -> None:
    for number in range(100):
        folder = patient.folder / f"part{number}"
        folder.mkdir()
        for inner in range(100):
            (folder / f"m{inner}.py").write_text(DRAWS)
    patient.have(MLproject=MLPROJECT, train__py="import part3.m4\n").commit()
    assert [place for place, _ in patient.places("no-seed")] == ["part3/m4.py:2:1"]


def test_more_code_than_is_read_is_told_once(patient: Patient) -> None:
    for number in range(1100):
        (patient.folder / f"m{number}.py").write_text("")
    patient.have(MLproject=MLPROJECT, train__py="".join(f"import m{number}\n" for number in range(1100)))
    assert len(patient.find("unread-code")) == 1


def test_large_files_and_a_dirty_tree(patient: Patient) -> None:
    patient.have(train__py="", GITIGNORE="ignored.bin\n").commit()
    assert not patient.codes() & {"dirty-tree", "large-file"}
    for name in ("big.bin", "ignored.bin"):
        with (patient.folder / name).open("wb") as file:
            file.truncate(60 << 20)
    patient.have(train__py="x = 1\n")
    assert patient.places("large-file") == [("big.bin:1:1", "60 MiB, not in git")]
    assert patient.places("dirty-tree") == [
        ("", "the work tree is not what was committed (1 changed, 1 not in git): train.py, big.bin")
    ]


def test_findings_are_silenced(patient: Patient) -> None:
    patient.have(
        train__py="""\
            import random
            random.seed()  # reenact: ignore[time-seed]
            # reenact: ignore[absolute-path, no-seed]
            open('/home/ana/x')
            open('/home/ana/y')  # reenact: ignore[time-seed]
            open('/home/ana/z')
        """
    )
    found = patient.examine()
    places = [(one.code, one.position and one.position.line) for one in found.findings if one.code != "dirty-tree"]
    assert (places, found.silenced) == ([("absolute-path", 5), ("absolute-path", 6)], 2)
    assert patient.examine(None, "absolute-path").silenced == 4
    patient.have(train__py="#!/usr/bin/env python\n# reenact: ignore[absolute-path]\n\nopen('/home/ana/x')\n")
    assert patient.places("absolute-path") == []


def test_one_entry_point_only(patient: Patient) -> None:
    patient.have(
        MLproject="entry_points:\n  a: {command: python a.py}\n  b: {command: python b.py, comand: x}\n",
        a__py=DRAWS,
        b__py=DRAWS,
    )
    assert {finding.entry_point for finding in patient.examine("a").findings if finding.entry_point} == {"a"}
    drawn = [one.position for one in patient.examine("b.py").findings if one.code == "no-seed"]
    assert [place and place.file for place in drawn] == ["b.py"]


@given(st.binary(max_size=80) | st.text("import random\n.()='/home#:[]{}\"\\", max_size=80).map(str.encode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_script_and_any_command(patient: Patient, data: bytes) -> None:
    """Whatever a script holds: a finding is at a place that is there, the same the next time, and what stands behind
    it in another script is found as ever."""
    (patient.folder / "train.py").write_bytes(data)
    (patient.folder / "run.sh").write_bytes(data)
    command = "python train.py; bash run.sh; python after.py"
    patient.have(MLproject=f"entry_points: {{main: {{command: {command}}}}}\n", after__py=DRAWS)
    findings = patient.examine().findings
    assert patient.examine().findings == findings
    for one in findings:
        assert one.why or one.diagnostic
        if one.position is not None:
            lines = (patient.folder / one.position.file).read_bytes().splitlines() or [b""]
            assert 1 <= one.position.line <= len(lines)
            assert one.position.column >= 1
    drawn = [show(one) for one in findings if one.code == "no-seed"]
    assert "after.py:2:1" in drawn or b"seed" in data
    assert is_program(data) or any(one.code == "unread-code" for one in findings)


def is_program(data: bytes) -> bool:
    """Whether Python takes it for one."""
    try:
        with warnings.catch_warnings(action="ignore"):
            ast.parse(data)
    except (SyntaxError, ValueError):
        return False
    return True
