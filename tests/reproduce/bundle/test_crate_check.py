"""The crate of a bundle, as others read it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from reenact.errors import RecordError
from reenact.reproduce.bundle.contents import Wanted
from reenact.reproduce.bundle.crate_check import expect_crate
from reenact.reproduce.bundle.exporting import export
from reenact.reproduce.bundle.importing import Terms, import_bundle
from reenact.reproduce.bundle.manifest import CRATE
from reenact.reproduce.bundle.writing import Member
from reenact.run_folder import RunFolder
from reenact.world import World
from tests.reproduce.bundle.made import expect_nothing, read, rewrite

PROJECT = """
name: sums
entry_points:
  main:
    parameters:
      alpha: {type: float, default: 0.5}
      data: path
      key: {secret: true}
    inputs: [words.txt, more/*]
    outputs: [out.txt, "plots/*"]
    command: mkdir plots; cat words.txt {data} > out.txt; echo {alpha} {key} > plots/a; echo b > plots/b
"""


def make(folder: Path, world: World, project: str | None = PROJECT, **parameters: str) -> Path:
    """The bundle of a run of a project with these files around it."""
    from reenact.api import run

    for name, text in {"words.txt": "one\n", "more/words.txt": "two\n", "main.py": "print(1)\n"}.items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_text(text)
    if project is not None:
        (folder / "MLproject").write_text(project)
    (world.cwd / "far.txt").write_text("far\n")
    entry_point = "main" if project is not None else "main.py"
    done = run(folder, entry_point, env_manager="system", parameters=parameters, world=world)
    target = world.cwd / "sums.tar.zst"
    export(done.folder, Wanted(inputs=True, outputs=True, crate=True), target, None, world)
    return target


@pytest.fixture
def sums(project_dir: Path, world: World) -> Path:
    """The bundle of a run with parameters, inputs and outputs of every kind."""
    return make(project_dir, world, data=str(world.cwd / "far.txt"), key="hushhush")


def describe(bundle: Path) -> dict[str, dict[str, Any]]:
    """The entities of the crate, by ``@id``."""
    content = read(bundle)[0].contents[CRATE]
    assert isinstance(content, bytes)
    return {each["@id"]: each for each in json.loads(content)["@graph"]}


def test_the_project_is_a_workflow_that_was_run(sums: Path) -> None:
    found = describe(sums)
    root, main = found["./"], found["code/MLproject"]
    assert [each["@id"].rpartition("/ro/")[2] or each["@id"] for each in root["conformsTo"]] == [
        "wfrun/process/0.5",
        "wfrun/workflow/0.5",
        "https://w3id.org/workflowhub/workflow-ro-crate/1.0",
    ]
    assert root["mainEntity"] == {"@id": "code/MLproject"}
    assert main["@type"] == ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
    assert found[main["programmingLanguage"]["@id"]]["@type"] == "ComputerLanguage"
    slots = {found[each["@id"]]["name"]: found[each["@id"]] for each in (*main["input"], *main["output"])}
    assert {name: (slot["additionalType"], slot.get("defaultValue")) for name, slot in slots.items()} == {
        "alpha": ("Float", "0.5"),
        "data": ("File", None),
        "key": ("Text", None),
        "words.txt": ("File", None),
        "more/*": ("File", None),
        "out.txt": ("File", None),
        "plots/*": ("File", None),
    }
    action = found[root["mentions"]["@id"]]
    assert action["instrument"] == root["mainEntity"]
    given = [found[each["@id"]] for each in action["object"]]
    assert {each["name"].rpartition("/")[2]: _name_slots(each) for each in given} == {
        "alpha": ["#input/alpha"],
        "data": [],
        "key": ["#input/key"],
        "words.txt": ["#input/more/%2A"],
        "far.txt": ["#input/data"],
    }
    left = [found[each["@id"]] for each in action["result"]]
    assert {each["name"]: _name_slots(each) for each in left} == {
        "out.txt": ["#output/out.txt"],
        "plots/a": ["#output/plots/%2A"],
        "plots/b": ["#output/plots/%2A"],
    }
    assert "hushhush" not in json.dumps(found)


def _name_slots(thing: dict[str, Any]) -> list[str]:
    slots = thing.get("exampleOfWork", [])
    return [each["@id"].removeprefix("code/MLproject") for each in (slots if isinstance(slots, list) else [slots])]


def test_a_script_is_a_process_alone(project_dir: Path, world: World) -> None:
    found = describe(make(project_dir, world, None))
    assert found["./"]["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert "mainEntity" not in found["./"]
    assert found[found["./"]["mentions"]["@id"]]["instrument"] == {"@id": "code/"}


def test_the_same_run_has_the_same_crate(sums: Path, other: World, tmp_path: Path) -> None:
    received = import_bundle(sums, Terms(crate=True), other)
    again = tmp_path / "again.tar.zst"
    export(RunFolder(other.home.runs / received.run), Wanted(inputs=True, outputs=True), again, None, other)
    assert again.read_bytes() == sums.read_bytes()


Graph = dict[str, dict[str, Any]]


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda g: g["./"].pop("license"), "its root has no license"),
        (lambda g: g["./"].pop("mainEntity"), "its mainEntity is no workflow"),
        (lambda g: g["./"].update(conformsTo=[]), "its root|it does not conform"),
        (lambda g: g.pop("https://w3id.org/ro/wfrun/workflow/0.5"), "does not say what .*workflow/0.5 is"),
        (lambda g: g["./"].pop("mentions"), "no CreateAction"),
        (lambda g: g["code/MLproject"].pop("programmingLanguage"), "in no programming language"),
        (lambda g: g["code/MLproject"].pop("input"), "is an example of .*, which is no parameter"),
        (lambda g: g["code/MLproject"].update(sha256="0" * 64), "code/MLproject is not what it says"),
        (lambda g: g["code/MLproject#input/alpha"].pop("additionalType"), "no parameter that says what fits"),
        (lambda g: g.pop("#agent"), "names #agent as its agent, which is not described"),
        (lambda g: g["./"]["hasPart"].append({"@id": "code/none"}), "there is no code/none"),
        (lambda g: g.pop("./"), "cannot be read"),
        (lambda g: g.pop("ro-crate-metadata.json"), "cannot be read"),
        (lambda g: g["./"].update(name={"no": "id"}), "cannot be read"),
    ],
)
def test_what_is_no_crate_is_refused(change: Callable[[Graph], object], says: str, sums: Path, other: World) -> None:
    graph = describe(sums)
    change(graph)
    if "code/none" in says:
        graph["code/none"] = {"@id": "code/none", "@type": "File"}

    def put(members: dict[str, Member]) -> None:
        text = json.dumps({"@context": "https://w3id.org/ro/crate/1.1/context", "@graph": list(graph.values())})
        members[CRATE] = Member(CRATE, text.encode())

    rewrite(sums, put)
    with pytest.raises(RecordError, match=says):
        import_bundle(sums, Terms(crate=True), other)
    expect_nothing(other)
    assert not import_bundle(sums, Terms(), other).known, "who does not ask gets the run"


@pytest.mark.parametrize("data", [b"", b"[]", b"7", b"{}", b'{"@context": 1, "@graph": 1}', b"[" * 100_000])
def test_what_is_no_metadata_is_refused(data: bytes) -> None:
    with pytest.raises(RecordError, match="cannot be read"):
        expect_crate(data, ())


def test_a_bundle_without_a_crate_is_refused(sums: Path, other: World) -> None:
    def drop(members: dict[str, Member]) -> None:
        del members[CRATE]

    rewrite(sums, drop)
    with pytest.raises(RecordError, match=r"it has no ro-crate-metadata\.json"):
        import_bundle(sums, Terms(crate=True), other)
