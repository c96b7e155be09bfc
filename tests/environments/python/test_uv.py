from __future__ import annotations

from reenact.environments.python.uv import exclude_newer


def test_what_uv_builds_with_may_be_newer_than_a_moment_before_it() -> None:
    assert exclude_newer("2021-01-01T00:00:00Z") == ["--exclude-newer", "2021-01-01T00:00:00Z"]
    flags = exclude_newer("2018-07-28T00:00:00Z")
    assert flags[:2] == ["--exclude-newer", "2018-07-28T00:00:00Z"]
    assert flags[2:] == ["--exclude-newer-package", "setuptools=2019-02-06T00:00:00Z"]
