from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.cli.show import render_record
from reenact.codec import encode
from reenact.plan import BoundParameter, CondaSpec, PythonSpec, Snapshot
from reenact.records.files import read_record
from reenact.records.types import MISSING, InputFile, Origin, OutputFile
from reenact.runs import Result, State, Usage
from reenact.trace.record import Contact, Trace
from reenact.world import World
from tests.recorded import NOON, make_plan, record_run

GOLDEN = Path(__file__).parents[1] / "golden" / "show.txt"

FAILED = Result(
    State.FAILED,
    3,
    reason="the command ended with code 3",
    started="2026-11-18T11:06:41.000000Z",
    ended="2026-11-18T11:10:51.500000Z",
    usage=Usage(250.5, 490.25, 512 * 2**20),
)
INPUTS = (
    InputFile("wine.csv", 11_264, "ab" * 32, "parameter data_path"),
    InputFile("https://example.org/x.csv", 4_096, None, "https://example.org/x.csv", 'ETag "5d8c"'),
    InputFile("images/", 5 << 30, "cd" * 32, "images", files=120_000),
    InputFile("/dev/stdin", None, None, "parameter more", problem="a pipe"),
)
OUTPUTS = (
    OutputFile("artifacts/model.pkl", 3 << 20, "12" * 32, "artifacts/model.pkl"),
    OutputFile("preds.csv", 77, "34" * 32, "outputs/preds.csv", unchanged=True),
    OutputFile("large.bin", 80 << 20, "56" * 32),
    OutputFile("plots/*.png", None, None, problem=MISSING),
)
TRACE = Trace(
    "python",
    3,
    ("/home/ada/notes.csv", "cache/a\nb"),
    ("extra.txt",),
    (Contact("10.0.0.1", 443, ("data.example.org",)), Contact("::1", 80), Contact("/run/db.sock", 0)),
    ("gcc", "cat"),
    12,
)
LOG = (
    b"2026-11-18T11:06:42Z stdout F epoch 1\n2026-11-18T11:06:43Z stderr P Value\n2026-11-18T11:06:43Z stderr F Error\n"
)


def test_the_page(world: World) -> None:
    parameters = (
        BoundParameter("alpha", "0.5", "given", "float"),
        BoundParameter("data_path", "wine.csv", "default", "path"),
        BoundParameter("token", None, "given", secret=True),
        BoundParameter("verbose", "1", "extra"),
    )
    source = Snapshot(
        "git", "https://example.org/wine.git", version="v1", commit="0123456789" * 4, branch="main", dirty=True
    )
    environment = PythonSpec(python="3.11.7", origin="python_env.yaml")
    plan = make_plan(name="baseline")._replace(
        source=source,
        environment=environment,
        parameters=parameters,
        command=make_plan().command._replace(text="python train.py --alpha 0.5 \\\n  --data wine.csv\n"),
    )
    folder = record_run(world, plan, FAILED)
    folder.environment_lock.write_text("[[packages]]\nname = 'a'\n\n[[packages]]\nname = 'b'\n")
    folder.machine.write_text(
        json.dumps({"cpu": "A CPU", "cores": 2, "memory": 2**34, "gpus": [], "os": {"name": "L"}})
    )
    folder.input_files.write_bytes(encode(INPUTS))
    folder.output_files.write_bytes(encode(OUTPUTS))
    folder.metrics.write_bytes(encode({"metrics.json:rmse": 0.4325, "metrics.json:test.r2": "nan"}))
    folder.trace.write_bytes(encode(TRACE))
    record = read_record(folder)._replace(origin=Origin("", "ada", "engine", "0.1.0", "/home/ada/wine"))
    page = render_record(record, NOON + 7200, True)
    page = page.replace(str(folder.path), "FOLDER").replace(folder.id, "ID")
    assert page + "\n" == GOLDEN.read_text()


def test_a_conda_environment_is_none_of_the_system(world: World) -> None:
    folder = record_run(world, make_plan()._replace(environment=CondaSpec(origin="conda.yaml")))
    listed = "environments:\n      - conda: https://host/a-1-0.conda\n      - pypi: https://host/b-1.whl\n"
    own = "- conda: https://host/a-1-0.conda\n  depends:\n  - c\n- pypi: https://host/b-1.whl\n  name: b\n"
    folder.environment_lock.write_text(f"version: 7\n{listed}packages:\n{own}")
    page = render_record(read_record(folder), NOON, True)
    assert "\nenvironment   conda, 2 packages, from conda.yaml\n" in page


def test_the_newest_is_shown_and_a_failure_with_its_last_lines(
    reenact: Callable[..., tuple[int, str, str]], world: World
) -> None:
    record_run(world)
    folder = record_run(world, result=FAILED, log=LOG)
    code, out, _ = reenact("show")
    assert code == 0
    assert out.startswith(f"failed (3)  {folder.id}\n")
    assert out.endswith("  epoch 1\n  ValueError\n")


def test_json_is_the_whole_record(reenact: Callable[..., tuple[int, str, str]], world: World) -> None:
    folder = record_run(world, make_plan(lr="0.1"), FAILED)
    shown = json.loads(reenact("show", "--json", folder.id[:9])[1])
    kept = {"run", "plan", "origin", "result", "events", "machine", "inputs", "outputs", "metrics", "code", "trace"}
    assert set(shown) >= kept
    assert shown["plan"] == json.loads(folder.plan.read_bytes())
    assert shown["result"]["usage"]["peak_memory"] == 512 * 2**20


@pytest.mark.parametrize("damage", ["", "{", "[]", '{"project": 3}', "\x00"])
def test_a_damaged_record_is_an_error_and_no_traceback(
    reenact: Callable[..., tuple[int, str, str]], world: World, damage: str
) -> None:
    folder = record_run(world)
    folder.plan.write_text(damage)
    code, _, err = reenact("show", folder.id)
    assert code == 68
    assert "plan.json is damaged" in err
