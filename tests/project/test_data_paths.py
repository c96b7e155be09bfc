"""Declared paths with their values put in, and the files that belong to them."""

from __future__ import annotations

import glob
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.project.data_paths import belongs, escape, fill, fill_in, find_declaration, is_pattern
from reenact.project.quoting import Word
from reenact.project.types import EntryPoint, MetricDeclaration, OutputDeclaration

WORDS = {
    "seed": Word("7"),
    "data": Word("/d/a*.csv"),
    "got": Word("/inputs/got/x", "REENACT_RUN_DIR"),
    "url": Word("https://h/x?y=[1]"),
    "none": None,
}


@pytest.mark.parametrize(
    ("text", "filled"),
    [
        ("a.csv", "a.csv"),
        ("m-{seed}.pkl", "m-7.pkl"),
        ("m-{seed:>03}.pkl", "m-007.pkl"),
        ("{data}", "/d/a[*].csv"),
        ("{data[1]}", "d"),
        ("{got}", "$REENACT_RUN_DIR/inputs/got/x"),
        ("{url}", "https://h/x?y=[1]"),
        ("{none}.csv", None),
        ("{other}.csv", "{other}.csv"),
        ("{{a}}", "{a}"),
        ("{a,b}", "{a,b}"),
    ],
)
def test_values_are_put_in(text: str, filled: str | None) -> None:
    assert fill(text, WORDS) == filled


def test_what_becomes_the_same_is_there_once() -> None:
    entry_point = EntryPoint(
        "main",
        "a",
        inputs=("{seed}", "7", "{none}"),
        outputs=(OutputDeclaration("{seed}"), OutputDeclaration("{none}/a")),
        metrics=(MetricDeclaration("{seed}.json", ("a",)),),
    )
    filled = fill_in(entry_point, WORDS)
    assert filled.inputs == ("7",)
    assert filled.outputs == (OutputDeclaration("7"),)
    assert filled.metrics == (MetricDeclaration("7.json", ("a",)),)


@pytest.mark.parametrize(
    ("path", "declared", "does"),
    [
        ("a/b.csv", "a/*.csv", True),
        ("a/.b.csv", "a/*.csv", False),
        ("a/.b.csv", "a/.*.csv", True),
        ("a/c/b.csv", "a/*.csv", False),
        ("a/b.csv", "a/**/*.csv", True),
        ("a/c/d/b.csv", "a/**/*.csv", True),
        ("a/x/y", "a/", True),
        ("ab", "a", False),
        ("a[1].csv", "a[1].csv", True),
        ("a1.csv", "a[0-9].csv", True),
        ("ax.csv", "a[!0-9].csv", True),
        ("/x/y", "/x", True),
        ("x/y", "/x", False),
        ("./artifacts/m", "artifacts/*", True),
        ("a\nb", "a?b", True),
        ("[z-a]", "[z-a]", True),
        ("data/q/.r", "data/**", True),
    ],
)
def test_a_file_belongs_to_a_declaration(path: str, declared: str, does: bool) -> None:
    assert belongs(path, declared) is does


def test_the_first_declaration_counts() -> None:
    declared = (OutputDeclaration("a/*.csv"), OutputDeclaration("a"))
    assert find_declaration("a/b.csv", declared) == declared[0]
    assert find_declaration("a/b.txt", declared) == declared[1]
    assert find_declaration("b", declared) is None


@given(st.text(min_size=1).filter(lambda text: set(text) - {"/", "."} and "//" not in f"{text}/"))
def test_an_escaped_text_means_itself(text: str) -> None:
    assert belongs(text, escape(text))
    assert not is_pattern(escape(text)) or any(sign in text for sign in "*?[")


@pytest.fixture(scope="module")
def tree(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("globbed")
    for folder in ("", "a", "b", ".a", "a/b", "a/b/ab", "b/.a"):
        (root / folder).mkdir(parents=True, exist_ok=True)
        for name in ("f.a", "ab1", ".hidden"):
            (root / folder / name).touch()
    return root


@given(st.lists(st.sampled_from(["a", "b", "*", "?", "**", "a*", "[ab]", ".*", ".a", "*.a"]), min_size=1, max_size=3))
def test_a_pattern_means_what_glob_finds(tree: Path, names: list[str]) -> None:
    pattern = "/".join(names)
    found = {name for name in glob.glob(pattern, root_dir=tree, recursive=True) if os.path.isfile(f"{tree}/{name}")}
    files = {str(path.relative_to(tree)) for path in tree.rglob("*") if path.is_file()}
    assert found <= {name for name in files if belongs(name, pattern)}
