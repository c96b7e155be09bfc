"""One verdict over every repetition, and the ways to tell it."""

from __future__ import annotations

import json
from pathlib import Path
from xml.etree import ElementTree

import pytest

from reenact.cli.verify import render_verification
from reenact.project.types import MetricDeclaration, OutputDeclaration, Tolerance
from reenact.records.types import MISSING, OutputFile
from reenact.reproduce.compare import Judgement, Spread
from reenact.reproduce.compare.judgement import EXACT
from reenact.reproduce.reports import make_plain, render_junit, render_markdown
from reenact.reproduce.results import Declared, Judged, Results, judge_results, judge_values
from reenact.reproduce.surroundings import Change
from reenact.reproduce.verify import Trial, Verification, conclude
from reenact.runs import Run, State

GOLDEN = Path(__file__).parents[1] / "golden"
RUN, AGAIN = "0123456789abcdef" * 2, "fedcba9876543210" * 2
ENDED = Run(RUN, State.FINISHED, 0, "wine", "main", {}, "", None, None, "")

SAME = Judged("exit code", "", Judgement("identical"))
EQUAL = Judged("output", "scores.csv", Judgement("identical"))
NEAR = Judged("metric", "m.json:rmse", Judgement("within tolerance", "0.5 → 0.6 (by 0.1, 16.67%)"))
OFF = Judged(
    "output", "w.npz", Judgement("different", "array w[1]: 1.0 → 2.0 (by 1, 50.00%)", {"w": Spread(1.0, float("inf"))})
)
UNKNOWN = Judged("output", "model.pkl", Judgement("not verified", "the content was not kept"))
CPU = Change("machine", "CPU", "A CPU", "Another")


@pytest.mark.parametrize(
    ("trials", "verdict", "reason"),
    [
        ([(SAME, EQUAL, NEAR)], "PASS", "1 identical, 1 within tolerance"),
        ([(SAME, EQUAL), (SAME, EQUAL)], "PASS", "2 identical"),
        ([(SAME,)], "INCONCLUSIVE", "nothing is known of what the project leaves"),
        ([(SAME, EQUAL, UNKNOWN)], "INCONCLUSIVE", "output model.pkl could not be compared"),
        ([(SAME, EQUAL, OFF)], "FAIL", "output w.npz differs, and nothing else does"),
        ([(SAME, EQUAL), (SAME, OFF)], "FAIL", "output w.npz differs"),
        ([(Judged("exit code", "", Judgement("different", "0 → 1")),)], "FAIL", "exit code differs"),
    ],
)
def test_the_verdict_over_all_results(trials: list[tuple[Judged, ...]], verdict: str, reason: str) -> None:
    found = conclude(RUN, [Trial(AGAIN, judged) for judged in trials])
    assert (found.verdict, found.reason.startswith(reason)) == (verdict, True), found.reason


def test_a_difference_beside_another_machine_is_inconclusive() -> None:
    found = conclude(RUN, [Trial(AGAIN, (SAME, OFF), (CPU,))])
    assert found.verdict == "INCONCLUSIVE"
    assert found.reason == "output w.npz differs, and so does what is around the run: CPU"
    assert conclude(RUN, [Trial(AGAIN, (SAME, EQUAL), (CPU,))]).verdict == "PASS"


def test_without_recorded_packages_a_difference_is_inconclusive() -> None:
    assert conclude(RUN, [Trial(AGAIN, (SAME, OFF))], knows_packages=False).verdict == "INCONCLUSIVE"


def test_what_varies_by_itself_fails_wherever_it_is() -> None:
    found = conclude(RUN, [Trial(AGAIN, (SAME, OFF), (CPU,))] * 2, ("output w.npz",), knows_packages=False)
    assert found.verdict == "FAIL"
    assert "varies by itself" in found.reason


def test_a_run_that_could_not_be_repeated_is_inconclusive() -> None:
    found = conclude(RUN, [Trial(None, problem="data.csv is gone")])
    assert (found.verdict, found.reason) == ("INCONCLUSIVE", "data.csv is gone")
    assert conclude(RUN, [Trial(AGAIN, (SAME, OFF)), Trial(None, problem="gone")]).verdict == "FAIL"


def judge(old: OutputFile | None, new: OutputFile | None, tolerance: Tolerance = EXACT) -> Judgement:
    declared = Declared((OutputDeclaration("*.csv", tolerance),))
    sides = [Results(ENDED, Path("/nowhere"), (file,) if file else ()) for file in (old, new)]
    return judge_results(sides[0], sides[1], declared)[1].judgement


def test_outputs_that_cannot_be_looked_into() -> None:
    one, other = OutputFile("s.csv", 3, "a" * 64), OutputFile("s.csv", 4, "b" * 64)
    assert judge(one, one).verdict == "identical"
    assert judge(one, other).verdict == "different"
    assert "3 → 4 bytes" in judge(one, other).difference
    assert judge(one, other, Tolerance(rtol=1.0)).verdict == "not verified"
    assert judge(one, None).difference.startswith("it is missing")
    assert judge(one, OutputFile("s.csv", None, None, problem=MISSING)).verdict == "different"
    assert judge(None, one).difference.startswith("it is new")
    assert judge(one, one._replace(unchanged=True)).verdict == "not verified"
    assert judge(OutputFile("s.csv", None, None, problem=MISSING), one).verdict == "not verified"
    gone = judge(one._replace(kept="gone"), other._replace(kept="gone"))
    assert (gone.verdict, gone.difference) == ("not verified", "its content is gone from the record")


def test_a_record_cannot_name_a_file_of_somebody_else(tmp_path: Path) -> None:
    (tmp_path / "mine.csv").write_text("secret\n")
    (tmp_path / "run").mkdir()
    (tmp_path / "run" / "link.csv").symlink_to(tmp_path / "mine.csv")
    for kept in ("../mine.csv", str(tmp_path / "mine.csv"), "link.csv"):
        files = [OutputFile("s.csv", 7, digest * 64, kept) for digest in "ab"]
        old, new = (Results(ENDED, tmp_path / "run", (file,)) for file in files)
        found = judge_results(old, new, Declared())[1].judgement
        assert (found.verdict, "secret" in found.difference) == ("not verified", False)


def test_metrics_are_judged_by_file_and_key() -> None:
    declared = Declared(metrics=(MetricDeclaration("m.json", ("rmse",), Tolerance(rtol=0.5)), MetricDeclaration("m.*")))
    old = Results(ENDED, Path(), metrics={"m.json:rmse.test": 1.0, "m.json:mae": 1.0, "m.yaml:a:b": "nan", "gone": 1})
    new = Results(ENDED, Path(), metrics={"m.json:rmse.test": 1.5, "m.json:mae": 1.5, "m.yaml:a:b": "inf"})
    verdicts = {each.name: each.judgement.verdict for each in judge_results(old, new, declared)}
    assert verdicts == {
        "": "identical",
        "m.json:rmse.test": "within tolerance",
        "m.json:mae": "different",
        "m.yaml:a:b": "different",
        "gone": "different",
    }
    ignoring = Declared(metrics=(MetricDeclaration("m.json", (), Tolerance(ignore=("mae", "rmse.*"))),))
    names = [each.name for each in judge_results(old, new, ignoring)]
    assert names == ["", "m.yaml:a:b", "gone"]
    assert judge_values("nan", "nan", Tolerance()).verdict == "identical"


def test_an_exit_code_and_a_run_that_was_stopped() -> None:
    failed = ENDED._replace(state=State.FAILED, exit_code=3)
    late = failed._replace(exit_code=0, reason="timed out after 3 s")
    killed = ENDED._replace(state=State.KILLED, exit_code=143, reason=None)
    cases = ((ENDED, "identical"), (failed, "different"), (killed, "not verified"), (late, "not verified"))
    for run, verdict in cases:
        assert judge_results(Results(ENDED, Path()), Results(run, Path()), Declared())[0].judgement.verdict == verdict


HOSTILE = Judged("output", "a|b<c>&\x1b[31m\nd", Judgement("different", "line 1:\n-<x> & \x00\ud800\n+```*_|"))
FOUND = Verification(
    RUN,
    "FAIL",
    "output w.npz differs, and nothing else does: code, environment, inputs and machine are the same",
    (
        Trial(AGAIN, (SAME, EQUAL, NEAR, OFF, UNKNOWN, HOSTILE), (CPU,)),
        Trial(None, problem="the run folder is full\nmake room"),
    ),
    ("output w.npz",),
)


@pytest.mark.parametrize("name", ["verify.txt", "verify.md", "verify.xml"])
def test_the_reports(name: str) -> None:
    made = {
        "verify.txt": "\n".join(render_verification(FOUND)) + "\n",
        "verify.md": render_markdown(FOUND),
        "verify.xml": render_junit(FOUND),
    }
    assert made[name] == (GOLDEN / name).read_text()


def test_the_xml_can_be_read() -> None:
    root = ElementTree.fromstring(render_junit(FOUND))
    assert (root.get("tests"), root.get("failures"), root.get("skipped")) == ("7", "2", "2")
    inconclusive = ElementTree.fromstring(render_junit(FOUND._replace(verdict="INCONCLUSIVE")))
    assert (inconclusive.get("failures"), inconclusive.get("skipped")) == ("0", "4")
    nothing = ElementTree.fromstring(render_junit(Verification(RUN, "INCONCLUSIVE", "it was killed")))
    assert (nothing.get("tests"), nothing.get("skipped")) == ("1", "1")


def test_the_json_is_json() -> None:
    text = json.dumps(make_plain(FOUND), allow_nan=False)
    assert json.loads(text)["trials"][0]["judged"][3]["judgement"]["spreads"]["w"] == {
        "absolute": 1.0,
        "relative": "inf",
    }
