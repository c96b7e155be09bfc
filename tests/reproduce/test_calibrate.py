"""Tolerances that are proposed, and the YAML that they are told in."""

from __future__ import annotations

import math
from pathlib import Path

import yaml
from hypothesis import assume, given
from hypothesis import strategies as st

from reenact.project.types import MetricDeclaration, OutputDeclaration, Tolerance
from reenact.reproduce.calibrate import Calibration, make_tolerance, propose, render_calibration
from reenact.reproduce.compare import Judgement, Spread
from reenact.reproduce.compare.judgement import find_spread, match
from reenact.reproduce.results import Declared, Judged

DECLARED = Declared((OutputDeclaration("out/*.csv"), OutputDeclaration("log.txt")), (MetricDeclaration("m.json"),))
JUDGED = [
    Judged("exit code", "", Judgement("identical")),
    Judged("output", "out/a.csv", Judgement("different", "", {"loss": Spread(1e-7, 2e-7), "near": Spread(1e-9, 1.0)})),
    Judged("output", "out/b.csv", Judgement("different", "", {"loss": Spread(3e-7, 1e-7)}, ("time",))),
    Judged("output", "log.txt", Judgement("different", "", {}, ("",))),
    Judged("output", "artifacts/same.bin", Judgement("identical")),
    Judged("metric", "m.json:rmse", Judgement("different", "", {"": Spread(0.01, 0.02)})),
    Judged("metric", "m.json:name", Judgement("different", "", {}, ("",))),
    Judged("metric", "m.json:n", Judgement("identical")),
]


@given(st.lists(st.tuples(st.floats(-1e9, 1e9), st.floats(-1e9, 1e9)), min_size=1, max_size=6))
def test_a_proposal_covers_what_it_comes_from(pairs: list[tuple[float, float]]) -> None:
    spreads = [spread for old, new in pairs if (spread := find_spread(old, new)).absolute > 1e-200]
    tolerance = make_tolerance(spreads)
    assert all(match(old, new, tolerance) for old, new in pairs if find_spread(old, new).absolute > 1e-200)


def test_proposals_are_made_for_what_is_declared() -> None:
    proposals, steady = propose(JUDGED, DECLARED)
    assert [(each.kind, each.path, each.tolerance) for each in proposals] == [
        ("outputs", "out/*.csv", Tolerance(1e-6, 5e-9, ("time",))),
        ("outputs", "log.txt", Tolerance()),
        ("metrics", "m.json", Tolerance(0.1, None, ("name",))),
    ]
    assert steady == ("artifacts/same.bin",)


def test_the_yaml_is_what_a_project_file_may_say(tmp_path: Path) -> None:
    proposals, steady = propose(JUDGED, DECLARED)
    text = render_calibration(Calibration("a" * 32, "main", ("b" * 32, "c" * 32), proposals, steady))
    said = yaml.safe_load(text)["entry_points"]["main"]
    assert said["outputs"][0] == {"path": "out/*.csv", "rtol": 1e-6, "atol": 5e-9, "ignore": ["time"]}
    assert said["metrics"] == [{"path": "m.json", "rtol": 0.1, "ignore": ["name"]}]
    assert text == (Path(__file__).parents[1] / "golden" / "calibration.yaml").read_text()


@given(st.text(), st.text(), st.floats(1e-300, 1e300))
def test_no_name_breaks_the_yaml(path: str, part: str, distance: float) -> None:
    assume(part != "n")
    judged = [Judged("output", path, Judgement("different", "", {part: Spread(distance, 1.0)}, (part,)))]
    judged += [Judged("output", path, Judgement("different", "", {"n": Spread(distance, 1.0)}))]
    proposals, steady = propose(judged, Declared())
    said = yaml.safe_load(render_calibration(Calibration("a", path, ("b",), proposals, steady)))
    entry = said["entry_points"][path]["outputs"][0]
    assert entry["path"] == path
    assert entry["ignore"] == [part] if part else "ignore" not in entry
    assert math.isclose(entry["atol"], make_tolerance([Spread(distance, 1.0)]).atol or 0)


def test_what_is_ignored_stays_so() -> None:
    ignoring = Tolerance(ignore=("time",))
    judged = [Judged("output", "a.csv", Judgement("different", "", {"x": Spread(1.0, 1.0)}, ("tag",)), ignoring)]
    proposals, _ = propose(judged, Declared((OutputDeclaration("a.csv", ignoring),)))
    assert proposals[0].tolerance == Tolerance(None, 5.0, ("time", "tag"))


def test_nothing_varies_and_nothing_is_known() -> None:
    assert "Nothing varies" in render_calibration(Calibration("a", "main", ("b",), (), ("x",)))
    assert "no results" in render_calibration(Calibration("a", "main", ("b",), (), ()))
