"""What a command has left."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.data.outputs import ELSEWHERE, _make_harmless, keep_outputs, look_before
from reenact.data.places import Site
from reenact.plan import PathValue, Plan
from reenact.project.types import OutputDeclaration
from reenact.records.types import MISSING, OutputFile
from reenact.world import World
from tests.data.test_inputs import digest
from tests.data.test_places import fill
from tests.recorded import told


def declaring(plan: Plan, *paths: str) -> Plan:
    return plan._replace(outputs=tuple(map(OutputDeclaration, paths)))


def keep(plan: Plan, site: Site, world: World, seconds: float | None = None) -> dict[str, OutputFile]:
    before = look_before(plan._replace(outputs=()), site)
    return {file.path: file for file in keep_outputs(plan, site, before, world, seconds)}


def test_outputs_are_copied_and_artifacts_stay(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "m.pkl", "plots/1.png", "plots/2.png", "artifacts/own")
    fill(site.run, "artifacts/m.pkl", "artifacts/d/x")
    found = keep(declaring(plan, "m.pkl", "plots/*.png", "artifacts/*"), site, world)
    assert {path: file.kept for path, file in found.items()} == {
        "artifacts/m.pkl": "artifacts/m.pkl",
        "artifacts/d/x": "artifacts/d/x",
        "m.pkl": "outputs/m.pkl",
        "plots/1.png": "outputs/plots/1.png",
        "plots/2.png": "outputs/plots/2.png",
        "./artifacts/own": "outputs/artifacts/own",
    }
    for file in found.values():
        assert file.kept is not None and file.problem is None
        assert file.digest == digest((site.run / file.kept).read_text())


def test_what_is_missing_is_in_the_record(plan: Plan, site: Site, world: World) -> None:
    fill(site.run, "artifacts/x.csv")
    (site.project / "empty").mkdir()
    found = keep(declaring(plan, "a", "b/*", "artifacts/x.csv", "artifacts/y.csv", "empty", "s3://b/k"), site, world)
    missing = [path for path, file in found.items() if file.problem == MISSING]
    assert missing == ["a", "b/*", "artifacts/y.csv"]
    assert found["s3://b/k"] == OutputFile("s3://b/k", None, None, problem=ELSEWHERE)
    assert "empty" not in found


def test_what_the_command_did_not_write_is_told(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "old", "new")
    plan = declaring(plan, "old", "new")
    before = look_before(plan, site)
    (site.project / "new").write_text("new")
    found = {file.path: file.unchanged for file in keep_outputs(plan, site, before, world, None)}
    assert found == {"old": True, "new": False}


def test_a_large_file_is_known_by_its_digest_alone(plan: Plan, site: Site, world: World) -> None:
    world = world._replace(environ={"REENACT_SIZE_LIMIT": "10"})
    (site.project / "small").write_text("x" * 10)
    (site.project / "large").write_text("x" * 11)
    found = keep(declaring(plan, "*"), site, world)
    assert found["small"].kept == "outputs/small"
    assert (found["large"].kept, found["large"].digest) == (None, digest("x" * 11))


@pytest.mark.parametrize("target", ["/etc/passwd", "../secret", "/etc"])
def test_no_link_leads_out(plan: Plan, site: Site, world: World, target: str) -> None:
    fill(site.project.parent, "secret")
    (site.project / "link").symlink_to(target)
    (site.run / "artifacts/link").symlink_to(os.path.abspath(site.project / target))
    (site.project / "d").mkdir()
    (site.project / "d/link").symlink_to(os.path.abspath(site.project / target))
    (site.project / "folder").symlink_to("/etc")
    found = keep(declaring(plan, "link", "d", "folder/passwd", "folder/*"), site, world)
    assert {"link", "artifacts/link", "d/link", "folder/passwd"} <= set(found)
    assert {file.problem for file in found.values()} == {"a link that leads out of the project"}
    assert not (site.run / "outputs").exists()


def test_a_link_within_the_project_is_its_content(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "epoch9", "d/x")
    (site.project / "latest").symlink_to("epoch9")
    (site.project / "folder").symlink_to("d")
    found = keep(declaring(plan, "latest", "folder"), site, world)
    assert found["latest"].digest == digest("epoch9")
    assert not (site.run / "outputs/latest").is_symlink()
    assert found["folder"].problem == "a link to a folder"


def test_pipes_and_sockets_hold_nothing_up(plan: Plan, site: Site, world: World) -> None:
    os.mkfifo(site.project / "pipe")
    os.mkfifo(site.run / "artifacts/pipe")
    found = keep(declaring(plan, "pipe"), site, world)
    assert {path: file.problem for path, file in found.items()} == {"pipe": "a pipe", "artifacts/pipe": "a pipe"}


def test_outputs_elsewhere_are_kept_below_the_run(plan: Plan, site: Site, world: World, tmp_path: Path) -> None:
    fill(tmp_path, "far/x", "beside")
    found = keep(declaring(plan, f"{tmp_path}/far/x", "../beside"), site, world)
    assert [file.problem for file in found.values()] == [None, None]
    for file in found.values():
        assert file.kept is not None and (site.run / file.kept).read_text()
        assert (site.run / file.kept).resolve().is_relative_to(site.run / "outputs")


def test_names_of_any_bytes_are_kept(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a\nb", "\udcff")
    found = keep(declaring(plan, "*"), site, world)
    assert [file.kept for file in found.values()] == ["outputs/a\nb", "outputs/\udcff"]


def test_a_path_that_led_to_nothing_counts_as_output(plan: Plan, site: Site, world: World) -> None:
    plan = plan._replace(
        path_values=(PathValue("out", f"{site.project}/res[1]"), PathValue("no", f"{site.project}/no"))
    )
    before = look_before(plan, site)
    fill(site.project, "res[1]/a", "res1")
    assert [file.path for file in keep_outputs(plan, site, before, world, None)] == ["res[1]/a"]


def test_a_full_disk_costs_the_copy_alone(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a")
    (site.run / "outputs").write_text("no folder")
    assert keep(declaring(plan, "a"), site, world)["a"] == OutputFile("a", 1, digest("a"))
    assert told(world)[0][1].startswith("the output a is recorded without a copy: ")


def test_a_stopped_run_is_not_held_up(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a")
    assert keep(declaring(plan, "a"), site, world, -1)["a"].problem == "not read: the run was stopped"
    os.truncate(site.project / "a", 1 << 40)
    assert keep(declaring(plan, "a"), site, world, 60)["a"].problem == "not read: the run was stopped"


def test_the_whole_project_may_be_an_output(plan: Plan, site: Site, world: World) -> None:
    fill(site.project, "a", ".git/config")
    shutil.rmtree(site.run / "artifacts")
    assert set(keep(declaring(plan, "."), site, world)) == {"a"}


@given(st.lists(st.sampled_from(["a", "..", ".", "%2F", "b"]), min_size=1).map("/".join), st.booleans())
def test_a_copy_stays_below_its_folder(name: str, absolute: bool) -> None:
    kept = os.path.normpath(f"/outputs/{_make_harmless(f'/{name}' if absolute else name)}")
    assert f"{kept}/".startswith("/outputs/")
