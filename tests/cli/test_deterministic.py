"""``--deterministic``: a real program that differs without it and is equal with it, when it runs again too."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

Reenact = Callable[..., tuple[int, str, str]]


def test_a_set_of_texts_has_one_order(reenact: Reenact, project_dir: Path) -> None:
    (project_dir / "order.py").write_text("print(list({str(n) for n in range(40)}))\n")
    (project_dir / "MLproject").write_text("entry_points:\n  main: {command: python3 order.py}\n")
    command = ["run", str(project_dir), "--env-manager", "system"]
    assert len({reenact(*command)[1] for _ in range(3)}) > 1
    said = [reenact(*command, "--deterministic") for _ in range(3)]
    assert len({each[1] for each in said}) == 1
    assert "deterministic: " in said[0][2]
    page = reenact("show")[1]
    assert re.search(r"^deterministic +PYTHONHASHSEED=0 OMP_NUM_THREADS=1", page, re.MULTILINE)
    assert "not promised:\n" in page
    assert re.search(r"^variables +PYTHONHASHSEED=0 ", page, re.MULTILINE)
    shown = json.loads(reenact(*command, "--deterministic", "--dry-run", "--json")[1])
    assert shown["determinism"]["variables"][0] == "PYTHONHASHSEED"
    assert "variable      PYTHONHASHSEED=0\n" in reenact(*command, "--deterministic", "--dry-run")[1]


ORDER = """
entry_points:
  main:
    command: python3 order.py
    outputs: [order.txt]
"""


@pytest.fixture
def ordered(project_dir: Path) -> Path:
    """A project whose result is in another order at every start of Python, but for one chance in 40!."""
    text = "text = ' '.join({str(n) for n in range(40)})\nprint(text)\nopen('order.txt', 'w').write(text)\n"
    (project_dir / "order.py").write_text(text)
    (project_dir / "MLproject").write_text(ORDER)
    return project_dir


def test_a_rerun_with_the_switches(reenact: Reenact, ordered: Path) -> None:
    assert reenact("run", str(ordered), "--env-manager", "system")[0] == 0
    run = json.loads(reenact("ls", "--json")[1])[0]["id"]
    assert len({reenact("rerun", run)[1] for _ in range(3)}) > 1
    said = [reenact("rerun", run, "--deterministic") for _ in range(3)]
    assert len({each[1] for each in said}) == 1
    assert "deterministic: " in said[0][2]
    assert "not promised are\n" in said[0][2]
    plan = json.loads(reenact("show", "--json")[1])["plan"]
    assert plan["repeats"] == run
    assert plan["determinism"]["variables"][0] == "PYTHONHASHSEED"
    assert plan["command"]["environment"]["PYTHONHASHSEED"] == "0"
    assert reenact("rerun", "@")[1] == said[0][1], "what was set is a part of the record"
    shown = json.loads(reenact("rerun", run, "--deterministic", "--dry-run", "--json")[1])
    assert shown["determinism"]["variables"][0] == "PYTHONHASHSEED"


def test_a_rerun_keeps_the_switches_that_a_run_had(
    reenact: Reenact, ordered: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONHASHSEED", "7")
    seven = reenact("run", str(ordered), "--env-manager", "system", "--deterministic")[1]
    monkeypatch.delenv("PYTHONHASHSEED")
    assert reenact("rerun", "@", "--deterministic")[1] == seven
    plan = json.loads(reenact("show", "--json")[1])["plan"]
    assert plan["command"]["environment"]["PYTHONHASHSEED"] == "7"


def test_a_verification_with_the_switches(reenact: Reenact, ordered: Path) -> None:
    assert reenact("run", str(ordered), "--env-manager", "system")[0] == 0
    run = json.loads(reenact("ls", "--json")[1])[0]["id"]
    code, out, _ = reenact("verify", run, "--times", "2", "--json")
    assert (code, json.loads(out)["varies"]) == (1, ["output order.txt"])
    code, out, told = reenact("verify", run, "--times", "2", "--deterministic", "--json")
    found = json.loads(out)
    assert (code, found["verdict"], found["varies"]) == (75, "INCONCLUSIVE", [])
    changes = {change["what"] for change in found["trials"][0]["changes"]}
    assert "variable PYTHONHASHSEED" in changes, "the record was made without"
    assert told.count("deterministic: ") == 1
    again = found["trials"][0]["run"]
    assert json.loads(reenact("show", again, "--json")[1])["plan"]["determinism"] is not None
    code, out, told = reenact("verify", again, "--times", "2", "--deterministic")
    assert (code, out.partition(" ")[0]) == (0, "PASS")
    assert reenact("verify", again)[0] == 0, "what was set is a part of the record"


def test_tolerances_with_the_switches(reenact: Reenact, ordered: Path) -> None:
    assert reenact("run", str(ordered), "--env-manager", "system")[0] == 0
    code, out, _ = reenact("verify", "@", "--calibrate", "-n", "2", "--deterministic")
    assert code == 0
    assert "# Nothing varies" in out
    assert reenact("verify", "@", "--freeze", "test_it.py", "--deterministic")[0] == 2
    assert not Path("test_it.py").exists()


def test_for_programs(reenact: Reenact, ordered: Path) -> None:
    import reenact as package

    assert reenact("run", str(ordered), "--env-manager", "system")[0] == 0
    run = json.loads(reenact("ls", "--json")[1])[0]["id"]
    again = package.rerun(run, deterministic=True)
    assert package.verify(again.run_id, 2).verdict == "PASS"
    assert package.verify(run, 2, deterministic=True).varies == ()
