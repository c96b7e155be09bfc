from __future__ import annotations

from reenact.environments.python.uv import exclude_newer, list_doubts


def test_what_uv_builds_with_may_be_newer_than_a_moment_before_it() -> None:
    assert exclude_newer("2021-01-01T00:00:00Z") == ["--exclude-newer", "2021-01-01T00:00:00Z"]
    flags = exclude_newer("2018-07-28T00:00:00Z")
    assert flags[:2] == ["--exclude-newer", "2018-07-28T00:00:00Z"]
    assert flags[2:] == ["--exclude-newer-package", "setuptools=2019-02-06T00:00:00Z"]


def test_what_uv_warns_of_is_no_less_a_warning_for_being_an_answer() -> None:
    said = """Resolved 3 packages in 3ms
warning: `a==1` is yanked (reason: "gone ("really")")
warning: `b==2` is yanked
warning: `b==2` is yanked
warning: The package `c==3` does not have an
  extra named `more`
warning: `d-4-py3-none-any.whl` is missing an upload date
"""
    assert list_doubts(said) == (
        'a 1 has been withdrawn by its authors (yanked): gone ("really")',
        "b 2 has been withdrawn by its authors (yanked)",
        "c 3 has no extra 'more'",
        "the package index gives no upload dates for d: none of these files counts under --as-of",
    )
    assert list_doubts("Resolved 3 packages in 3ms") == ()
