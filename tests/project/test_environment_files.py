from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.project.cache import NoCache
from reenact.project.environment_files import key_of_file
from reenact.project.load import read_project
from reenact.project.script_header import find_header
from reenact.project.toml_text import TomlError, load_toml
from reenact.project.types import EnvironmentSource


def read(folder: Path, text: str) -> tuple[EnvironmentSource, list[str]]:
    (folder / "MLproject").write_text(text)
    project = read_project(folder, NoCache())
    return project.environment, [found.code for found in project.diagnostics]


@pytest.mark.parametrize(
    ("written", "file", "groups", "extras"),
    [
        ("{pyproject: .}", "pyproject.toml", (), ()),
        ("{pyproject: pyproject.toml}", "pyproject.toml", (), ()),
        ("{pyproject: sub/, groups: [a, b], extras: [c]}", "sub/pyproject.toml", ("a", "b"), ("c",)),
        ("{pyproject: ., groups: , extras: []}", "pyproject.toml", (), ()),
    ],
)
def test_a_pyproject_is_declared(
    project_dir: Path, written: str, file: str, groups: tuple[str, ...], extras: tuple[str, ...]
) -> None:
    (project_dir / "sub").mkdir()
    for folder in (project_dir, project_dir / "sub"):
        (folder / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    source, codes = read(project_dir, f"python_env: {written}\n")
    assert (source.key, source.file, source.groups, source.extras) == ("pyproject", file, groups, extras)
    assert source.declared
    assert codes == []


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("{groups: [a]}", "wrong-kind"),
        ("{pyproject: [a]}", "wrong-kind"),
        ("{pyproject: ., groups: {a: b}}", "wrong-kind"),
        ("{pyproject: ., groups: a}", "not-a-list"),
        ("{pyproject: ., group: [a]}", "unknown-key"),
        ("{pyproject: gone}", "missing-file"),
        ("[pyproject]", "wrong-kind"),
    ],
)
def test_mistakes_in_it_are_found(project_dir: Path, written: str, code: str) -> None:
    (project_dir / "pyproject.toml").write_text("[project]\nname = 'p'\n")
    assert code in read(project_dir, f"python_env: {written}\n")[1]


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("python_env.yaml", "python_env"),
        ("envs/anything", "python_env"),
        ("pylock.toml", "pylock"),
        ("envs/pylock.gpu.toml", "pylock"),
        ("a/pyproject.toml", "pyproject"),
        ("requirements-dev.txt", "requirements"),
    ],
)
def test_a_files_name_says_its_kind(name: str, key: str) -> None:
    assert key_of_file(name) == key


def test_a_header_is_found_where_the_specification_says() -> None:
    header = find_header("#!/usr/bin/env python\n\n# /// script\n# a = 1\n#\n# b = '#'\n# ///\nx = 1\n")
    assert header is not None
    assert header == ("a = 1\n\nb = '#'\n", 4)
    assert find_header("# /// script\r\n# a = 1\r\n# ///\r\n") == ("a = 1\n", 2)
    for text in ("", "x = 1\n", "# /// script\n# a = 1\n", "# /// other\n# a\n# ///\n", " # /// script\n # ///\n"):
        assert find_header(text) is None
    with pytest.raises(ValueError, match="several"):
        find_header("# /// script\n# a\n# ///\n\n# /// script\n# b\n# ///\n")


@given(st.text())
def test_any_text_may_be_a_script(text: str) -> None:
    found = find_header(f"# /// script\n{text}")
    assert found is None or found.line == 2 or "# /// script" in text


@given(st.binary(max_size=60))
def test_any_bytes_are_toml_or_refused(data: bytes) -> None:
    try:
        assert isinstance(load_toml(data, NoCache()), dict)
    except TomlError as problem:
        assert problem.line >= 1
        assert problem.column >= 1


def test_what_was_picked_is_kept() -> None:
    class Memory(dict[str, bytes]):
        def find(self, digest: str) -> bytes | None:
            return self.get(digest)

        def keep(self, digest: str, data: bytes) -> None:
            self[digest] = data

    cache = Memory()
    first = load_toml(b"a = 2020-01-01\nb = 3\n", cache, pick_a)
    assert first == "2020-01-01"
    assert len(cache) == 1
    cache.update(dict.fromkeys(cache, b'"known"'))
    assert load_toml(b"a = 2020-01-01\nb = 3\n", cache, pick_a) == "known"
    cache.update(dict.fromkeys(cache, b"{"))
    assert load_toml(b"a = 2020-01-01\nb = 3\n", cache, pick_a) == first


def pick_a(table: Any) -> object:
    return table["a"]
