from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.sources.git.revision import References, split_tail
from reenact.sources.page import Page, parse_page

SHA = "0123456789abcdef0123456789abcdef01234567"
HUB = "https://github.com/o/r"
LAB = "https://gitlab.example.org/group/sub/r"
BUCKET = "https://bitbucket.org/o/r"
TEA = "https://codeberg.org/o/r"
LOOP = "http://127.0.0.1:8080/name"


@pytest.mark.parametrize(
    ("url", "page"),
    [
        (f"{HUB}/tree/main", Page(HUB, tail="main")),
        (f"{HUB}/tree/main/", Page(HUB, tail="main")),
        (f"{HUB}/tree/feature/x/examples/my%20dir", Page(HUB, tail="feature/x/examples/my dir")),
        (f"{HUB}/blob/main/examples/MLproject", Page(HUB, tail="main/examples/MLproject", is_file=True)),
        (f"{HUB}/blob/{SHA}/examples/MLproject", Page(HUB, SHA, "examples", is_file=True)),
        (f"{HUB}/tree/{SHA}/examples", Page(HUB, SHA, "examples")),
        (f"{HUB}/commit/{SHA}", Page(HUB, SHA)),
        (f"{HUB}/commit/{SHA[:7]}", Page(HUB, SHA[:7])),
        (f"{HUB}/pull/12", Page(HUB, "refs/pull/12/head")),
        (f"{HUB}/pull/12/files", Page(HUB, "refs/pull/12/head")),
        (f"{HUB}/pull/12/commits/{SHA}", Page(HUB, SHA)),
        (f"{HUB}/releases/tag/v1.0", Page(HUB, "refs/tags/v1.0")),
        ("https://github.com/tree/blob/tree/main", Page("https://github.com/tree/blob", tail="main")),
        (f"{LAB}/-/tree/main/examples", Page(LAB, tail="main/examples")),
        (f"{LAB}/-/tree/main/examples?ref_type=heads", Page(LAB, tail="refs/heads/main/examples")),
        (f"{LAB}/-/blob/main/a/MLproject", Page(LAB, tail="main/a/MLproject", is_file=True)),
        (f"{LAB}/-/merge_requests/3", Page(LAB, "refs/merge-requests/3/head")),
        (f"{LAB}/-/merge_requests/3/diffs", Page(LAB, "refs/merge-requests/3/head")),
        (f"{LAB}/-/commit/{SHA}", Page(LAB, SHA)),
        (f"{BUCKET}/src/main/examples", Page(BUCKET, tail="main/examples")),
        (f"{BUCKET}/branch/feature/x", Page(BUCKET, "refs/heads/feature/x")),
        (f"{BUCKET}/commits/{SHA}", Page(BUCKET, SHA)),
        (f"{TEA}/src/branch/main/examples", Page(TEA, tail="refs/heads/main/examples")),
        (f"{TEA}/src/tag/v1/examples", Page(TEA, tail="refs/tags/v1/examples")),
        (f"{TEA}/src/commit/{SHA}/examples", Page(TEA, SHA, "examples")),
        (f"{TEA}/pulls/4", Page(TEA, "refs/pull/4/head")),
        (f"{LOOP}/tree/main/sub", Page(LOOP, tail="main/sub")),
        ("https://u:p@host.example/o/r/tree/main", Page("https://u:p@host.example/o/r", tail="main")),
        ("https://host.example/o/my%20r/tree/main", Page("https://host.example/o/my%20r", tail="main")),
    ],
)
def test_a_page_is_a_repository_and_what_it_shows(url: str, page: Page) -> None:
    assert parse_page(url) == page


@pytest.mark.parametrize(
    "url",
    [
        HUB,
        f"{HUB}/",
        f"{HUB}.git",
        "https://host.example/srv/src/project",
        "https://host.example/a/tree/b.git",
        "https://host.example/tree/main",
        f"{HUB}/issues/3",
        f"{HUB}/pull/x",
        "https://host.example/",
        "ssh://git@host/o/r/tree/main",
        "git@host:o/r/tree/main",
    ],
)
def test_what_is_no_page(url: str) -> None:
    assert parse_page(url) is None


NAME = st.text("abcXYZ0123-_.", min_size=1, max_size=6).filter(lambda text: not text.startswith("."))
PATH = st.lists(NAME, min_size=1, max_size=3).map("/".join)


@given(PATH, PATH, st.lists(PATH, max_size=4))
def test_the_longest_reference_wins(branch: str, inside: str, others: list[str]) -> None:
    tail = f"{branch}/{inside}"
    known = {f"refs/heads/{name}": "0" * 40 for name in [branch, *others]}
    version, path = split_tail(References(known), tail)
    assert f"{version}/{path}".rstrip("/") == tail
    starts = [name for name in [branch, *others] if f"{tail}/".startswith(f"{name}/")]
    assert version == max(starts, key=len)


@given(st.text(max_size=60))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        parse_page(f"https://host.example/{text}")
    except ValueError as problem:
        pytest.fail(f"{text!r}: {problem}")
