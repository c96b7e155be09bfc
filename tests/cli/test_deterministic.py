"""``reenact run --deterministic``: a real program that differs without it and is equal with it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path

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
