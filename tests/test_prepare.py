"""What a plan tells the user about the project: of the entry point that is run, and each thing once."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from reenact.home import Home
from reenact.prepare import Request, discard, prepare
from tests.recorded import make_world

DOUBTFUL = """\
entry_points:
  main:
    parameters:
      epochs: {type: int, default: many}
      rate: {type: float, default: 0.1}
    command: |
      python first.py '{epochs}'
      python second.py
  other:
    parameters: {unused: int}
    command: --stray
"""


def find_notes(project_dir: Path, home: Home, request: Request) -> list[str]:
    (project_dir / "MLproject").write_text(DOUBTFUL)
    prepared = prepare(request._replace(uri=str(project_dir), env_manager="local"), make_world(home))
    discard(prepared.staged)
    return [note.code for note in prepared.plan.notes]


def test_a_run_tells_each_doubt_of_its_entry_point_once(project_dir: Path, home: Home) -> None:
    notes = Counter(find_notes(project_dir, home, Request("")))
    assert notes == Counter(["default-does-not-fit", "unused-parameter", "quoted-placeholder", "hidden-failure"])


@pytest.mark.parametrize("given", [{}, {"epochs": "3"}])
def test_a_shell_that_stops_at_failures_hides_none(project_dir: Path, home: Home, given: dict[str, str]) -> None:
    notes = find_notes(project_dir, home, Request("", parameters=given, shell_strict=True))
    assert notes == ["default-does-not-fit", "unused-parameter", "quoted-placeholder"]
