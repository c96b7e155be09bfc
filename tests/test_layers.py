"""Who may import whom, read from the sources."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

import reenact

ROOT = Path(reenact.__file__).parent
CORE = {
    "values",
    "hints",
    "errors",
    "codec",
    "json_text",
    "project",
    "plan",
    "determinism",
    "scrub",
    "secret_forms",
    "secret_values",
    "runs",
    "records.filter",
    "records.log",
}
TOOLS = {
    "process",
    "data",
    "trace",
    "files",
    "home",
    "run_folder",
    "records",
    "report",
    "machine",
    "world",
    "document_cache",
    "build_log",
    "discreet",
    "size_limit",
}
FAMILIES = {"sources", "environments", "backends", "downloads"}
STORY = {"trust", "prepare", "worker", "recorder", "api", "as_of", "locking", "doctor", "reproduce"}
RANK = {
    **dict.fromkeys(CORE, 0),
    **dict.fromkeys(TOOLS, 1),
    **dict.fromkeys(FAMILIES, 2),
    **dict.fromkeys(STORY, 3),
    "cli": 4,
}
IMPURE = {"os", "time", "subprocess", "sqlite3", "socket", "tempfile", "shutil"}


def modules() -> list[Path]:
    return sorted(ROOT.rglob("*.py"))


def part(path: Path) -> str:
    return find_part(path.relative_to(ROOT).with_suffix("").parts)


def find_part(names: Sequence[str]) -> str:
    """The folder or module at the top; a module below that has a rank of its own stands for itself."""
    own = ".".join(names[:2])
    return own if own in RANK else names[0]


def imports(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            yield node.module


def ours(path: Path) -> set[str]:
    return {find_part(name.split(".")[1:]) for name in imports(path) if name.startswith("reenact.")}


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_a_module_imports_only_what_lies_below_it(path: Path) -> None:
    me = part(path)
    if me in {"__init__", "__main__"}:
        return
    assert me in RANK, f"{me} belongs to no layer: add it to the table and to DESIGN.md"
    for other in ours(path):
        assert RANK[other] <= RANK[me], f"{path.name} ({me}) imports {other}, which lies above it"
        if me in FAMILIES:
            assert other == me or RANK[other] < 2, f"{me} imports its sibling {other}"
        if me in CORE:
            assert RANK[other] == 0


@pytest.mark.parametrize("path", modules(), ids=lambda p: str(p.relative_to(ROOT)))
def test_the_core_is_pure_and_one_place_starts_processes(path: Path) -> None:
    names = {name.split(".")[0] for name in imports(path)}
    if part(path) in CORE:
        assert not names & IMPURE
    if part(path) != "process":
        assert "subprocess" not in names
    if path.relative_to(ROOT) != Path("records/store.py"):
        assert "sqlite3" not in names
