from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from reenact.project.cache import NoCache
from reenact.project.document import Findings, load_document
from reenact.project.nodes import Mapping
from tests.project.read import MemoryCache
from tests.project.test_yaml_reader import VALUES


@given(VALUES)
@settings(max_examples=100, deadline=None)
def test_a_document_from_the_cache_equals_the_one_that_was_parsed(plain: Any) -> None:
    data = yaml.safe_dump(plain, allow_unicode=True).encode()
    cache = MemoryCache()
    fresh = load_document("a.yaml", data, NoCache())
    assert load_document("a.yaml", data, cache) == fresh
    assert len(cache.kept) == 1
    assert load_document("a.yaml", data, cache) == fresh


@pytest.mark.parametrize(
    "text", ["a: 1\na: 2\n", "a: [\n", "a: *b\n", "\ufeffa: 2020-01-01\n", "a: !!binary aGk=\n", ""]
)
def test_mistakes_come_out_of_the_cache_as_well(text: str) -> None:
    cache = MemoryCache()
    first = load_document("one.yaml", text.encode(), cache)
    again = load_document("two.yaml", text.encode(), cache)
    assert [d._replace(position=None) for d in first.diagnostics] == [
        d._replace(position=None) for d in again.diagnostics
    ]
    assert all(d.position is not None and d.position.file == "two.yaml" for d in again.diagnostics)
    assert again.root == first.root


def test_a_warm_read_does_not_parse() -> None:
    cache = MemoryCache()
    load_document("a", b"a: 1\n", cache)
    (digest,) = cache.kept
    cache.kept[digest] = cache.kept[digest].replace(b'"1"', b'"7"')
    root = load_document("a", b"a: 1\n", cache).root
    assert isinstance(root, Mapping)
    assert root.entries[0].value == ("int", "7", 1, 4, "7", "")


@pytest.mark.parametrize(
    "junk", [b"", b"{", b"null", b"[]", b"[[1],2]", b"[null,[5]]", b'[["?",1],[]]', b"\xff", b"[" * 90000]
)
def test_a_damaged_cache_is_parsed_again(junk: bytes) -> None:
    cache = MemoryCache()
    fresh = load_document("a", b"a: [1, b]\n", cache)
    (digest,) = cache.kept
    cache.kept[digest] = junk
    assert load_document("a", b"a: [1, b]\n", cache) == fresh
    assert json.loads(cache.kept[digest])


def test_findings_read_with_an_expectation() -> None:
    text = b"python: 3.10\ndependencies:\n  - pip\n  - {a: b}\n  - 5\nbuild: x\nnone:\n"
    findings = Findings(load_document("python_env.yaml", text, NoCache()))
    root = findings.mapping(findings.document.root, "python_env.yaml")
    assert root is not None
    assert findings.text(root.find("python"), "'python'") == "3.10"
    assert findings.texts(root.find("dependencies"), "'dependencies'") == ("pip", "5")
    assert findings.texts(root.find("build"), "'build'") == ()
    assert findings.texts(root.find("none"), "'none'") == findings.texts(root.find("absent"), "'absent'") == ()
    assert [(d.message, d.position and (d.position.line, d.position.column), d.line) for d in findings.found] == [
        ("an item of 'dependencies' must be text, not a mapping", (4, 5), "  - {a: b}"),
        ("'build' must be a list, not the text 'x'", (6, 8), "build: x"),
    ]


@given(st.binary(max_size=80))
@settings(max_examples=200, deadline=None)
def test_any_bytes_are_a_document(data: bytes) -> None:
    document = load_document("a", data, NoCache())
    assert document.is_readable or document.root is None
