from __future__ import annotations

import pytest

from reenact.project.cache import NoCache
from reenact.project.project_file import read_project_file
from tests.project.read import MemoryCache

TEXTS = (
    b"name: a\nentry_points:\n  main: {command: 'a {x}', parameters: {x: {type: float, default: 0.5, min: 0}}}\n",
    b"docker_env: {image: i, volumes: [a], environment: [A, [B, c]], build: {args: {A: b}}}\n",
    b"python_env: {pyproject: ., groups: [a]}\nentry_points: {a: {command: b, outputs: [{path: c, rtol: 0.1}]}}\n",
    "entry_points:\n  é: {comand: a}\n  main: {command: '', description: \"\\ud800\"}\n".encode(),
    b"a: [\n",
    b"\xff",
    b"",
)


@pytest.mark.parametrize("data", TEXTS)
def test_a_file_is_the_same_out_of_the_cache(data: bytes) -> None:
    cache = MemoryCache()
    fresh = read_project_file("MLproject", data, NoCache())
    assert read_project_file("MLproject", data, cache) == fresh
    assert len(cache.kept) == 1
    assert read_project_file("MLproject", data, cache) == fresh
    assert read_project_file("mlproject.yaml", data, cache).file == "mlproject.yaml"


def test_a_warm_read_understands_nothing_again() -> None:
    cache = MemoryCache()
    read_project_file("MLproject", b"name: one\n", cache)
    (digest,) = cache.kept
    cache.kept[digest] = cache.kept[digest].replace(b"one", b"two")
    assert read_project_file("MLproject", b"name: one\n", cache).name == "two"


@pytest.mark.parametrize("junk", [b"", b"{", b"null", b"{}", b'{"name": 5}', b"\xff", b"[" * 90000])
def test_a_damaged_cache_is_made_again(junk: bytes) -> None:
    cache = MemoryCache()
    fresh = read_project_file("MLproject", TEXTS[0], cache)
    (digest,) = cache.kept
    whole, cache.kept[digest] = cache.kept[digest], junk
    assert read_project_file("MLproject", TEXTS[0], cache) == fresh
    assert cache.kept[digest] == whole
