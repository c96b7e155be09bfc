"""Links by their text: which of them lead out."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.errors import RecordError
from reenact.reproduce.bundle.manifest import (
    Manifest,
    check_manifest,
    list_leading_out,
    make_entry,
    parse_manifest,
    render_manifest,
    sort_entries,
)
from tests.reproduce.bundle.made import RUN


def make(links: dict[str, str]) -> Manifest:
    entries = sort_entries(make_entry(name, "120000", target.encode()) for name, target in links.items())
    return Manifest(RUN, entries, tuple((entry.name, links[entry.name]) for entry in entries))


@pytest.mark.parametrize(
    ("links", "out"),
    [
        ({"code/a": "b"}, []),
        ({"code/a": "nowhere/x"}, []),
        ({"code/d/a": "../b"}, []),
        ({"code/d/a": ".."}, []),
        ({"code/a": ".."}, ["code/a"]),
        ({"code/a": "../code/b"}, ["code/a"]),
        ({"code/a": "../record/plan.json"}, ["code/a"]),
        ({"code/a": "/etc/passwd"}, ["code/a"]),
        ({"code/d/a": "../../../x"}, ["code/d/a"]),
        ({"code/d/e/up": "../..", "code/a": "d/e/up/../x"}, ["code/a"]),
        ({"code/up": "d/e", "code/a": "up/../../x"}, []),
        ({"code/a": "b", "code/b": "a"}, ["code/a", "code/b"]),
        ({"code/out": "/x", "code/a": "out/y"}, ["code/a", "code/out"]),
        ({"artifacts/a": "../code/x"}, ["artifacts/a"]),
    ],
)
def test_links_that_lead_out_are_found(links: dict[str, str], out: list[str]) -> None:
    check_manifest(make(links))
    assert list_leading_out(make(links)) == out


TARGETS = st.lists(st.sampled_from(["..", ".", "", "a", "b", "c"]), min_size=1, max_size=6).map("/".join).filter(bool)


@given(links=st.dictionaries(st.sampled_from(["a", "b/a", "b/c", "c", "d/e/f"]), TARGETS, max_size=5))
def test_the_kernel_agrees(links: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    """A link that counts as staying inside leads to a place inside; only the other way may be stricter."""
    top = tmp_path_factory.mktemp("links")
    code = top / "code"
    code.mkdir()
    named = {f"code/{name}": target for name, target in links.items()}
    try:
        check_manifest(make(named))
    except RecordError:
        return
    for name, target in named.items():
        (top / name).parent.mkdir(parents=True, exist_ok=True)
        (top / name).symlink_to(target)
    out = list_leading_out(make(named))
    for name in named:
        real = os.path.realpath(top / name)
        if name not in out:
            assert Path(real).is_relative_to(code)


def test_a_manifest_comes_back_as_it_was() -> None:
    manifest = make({"code/a": "b"})._replace(code="0" * 40)
    assert parse_manifest(render_manifest(manifest)) == manifest


@pytest.mark.parametrize(
    "name", ["code/" + "x" * 256, "code/" + "p/" * 300 + "p", "code/" + "/".join(["x" * 200] * 21)]
)
def test_a_name_that_is_too_long_is_refused(name: str) -> None:
    """Also one that a file could have, but that nobody could delete."""
    with pytest.raises(RecordError, match="too long"):
        check_manifest(Manifest(RUN, (make_entry(name, "100644", b""),)))
