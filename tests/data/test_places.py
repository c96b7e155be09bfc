"""From declared paths to files."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from reenact.data.places import Site, find_places, walk


def fill(folder: Path, *names: str) -> None:
    for name in names:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(os.fsencode(name))


def names_of(declared: str, site: Site) -> list[str]:
    return [site.name(path) for path in find_places(declared, site)]


@pytest.mark.parametrize(
    ("declared", "expected"),
    [
        ("a.csv", ["a.csv"]),
        ("*.csv", ["a.csv", "b[1].csv"]),
        ("b[1].csv", ["b[1].csv"]),
        ("b[[]1].csv", ["b[1].csv"]),
        ("d/*", ["d/e", "d/x.csv"]),
        ("**/*.csv", ["a.csv", "b[1].csv", "d/e/y.csv", "d/x.csv"]),
        ("d/**", ["d/e", "d/x.csv"]),
        ("d", ["d"]),
        ("./d/", ["d"]),
        (".h*", [".hidden"]),
        ("none/*", []),
        ("nothing", []),
        ("../out*", ["OUT/outside"]),
    ],
)
def test_a_declaration_finds(site: Site, declared: str, expected: list[str]) -> None:
    fill(site.project, "a.csv", "b[1].csv", "d/x.csv", "d/e/y.csv", ".hidden", "d/.git/z.csv")
    fill(site.project.parent, "outside")
    assert sorted(name.replace(str(site.project.parent), "OUT") for name in names_of(declared, site)) == expected


def test_names_of_any_bytes(site: Site) -> None:
    fill(site.project, "a\nb.csv", "\udcff.csv")
    assert names_of("*.csv", site) == ["a\nb.csv", "\udcff.csv"]


def test_what_lies_in_the_run_folder_is_named_by_its_variable(site: Site) -> None:
    fill(site.run, "inputs/x/a.csv")
    assert names_of("$REENACT_RUN_DIR/inputs/x/a.csv", site) == ["$REENACT_RUN_DIR/inputs/x/a.csv"]
    assert site.locate("$REENACT_RUN_DIR/inputs/x/a.csv") == site.run / "inputs/x/a.csv"


def test_the_way_to_the_project_may_lead_over_links(site: Site, tmp_path: Path) -> None:
    fill(site.project, "d/x")
    (tmp_path / "way").symlink_to(site.project)
    (site.project / "far").symlink_to("/etc")
    assert site.name(tmp_path / "way/d/x") == "d/x"
    assert site.name(site.project / "far/passwd") == "far/passwd"
    assert site.name(Path("/etc/passwd")) == "/etc/passwd"


def test_a_folder_is_walked_once_even_in_a_circle(site: Site) -> None:
    fill(site.project, "d/x", "d/e/y", "d/.git/config", "d/__pycache__/z", "far/w")
    (site.project / "d/e/up").symlink_to("..")
    (site.project / "d/linked").symlink_to("../far")
    (site.project / "d/dead").symlink_to("nowhere")
    followed = {site.name(path) for path in walk(site.project / "d", site, follow=True)}
    assert followed == {"d/x", "d/e/y", "d/linked/w", "d/dead"}
    not_followed = {site.name(path) for path in walk(site.project / "d", site, follow=False)}
    assert not_followed == {"d/x", "d/e/y", "d/e/up", "d/linked", "d/dead"}


def test_the_home_and_the_run_are_no_part_of_a_folder(site: Site) -> None:
    top = site.run.parent
    site = site._replace(home=top / "home")
    fill(site.home, "x")
    fill(site.run, "y")
    fill(site.project, "z")
    assert [*walk(top, site, follow=True)] == [site.project / "z"]
