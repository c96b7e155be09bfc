from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.environments.conda.specs import MatchSpec, parse_match_spec, render_specifier


@pytest.mark.parametrize(
    ("line", "spec"),
    [
        ("numpy", MatchSpec("numpy")),
        ("NumPy", MatchSpec("numpy")),
        ("numpy=1.20", MatchSpec("numpy", "=1.20")),
        ("numpy==1.20.1", MatchSpec("numpy", "==1.20.1")),
        ("numpy = 1.20", MatchSpec("numpy", "=1.20")),
        ("numpy >=1.2,<2", MatchSpec("numpy", ">=1.2,<2")),
        ("numpy >= 1.2, < 2", MatchSpec("numpy", ">=1.2,<2")),
        ("numpy 1.2.*", MatchSpec("numpy", "1.2.*")),
        ("ipywidgets 8.1.7", MatchSpec("ipywidgets", "==8.1.7")),
        ("pip=21.2.4=py37haa95532_0", MatchSpec("pip", "=21.2.4", "py37haa95532_0")),
        ("numpy 1.2 py37_0", MatchSpec("numpy", "==1.2", "py37_0")),
        ("conda-forge::python=3.10", MatchSpec("python", "=3.10", None, "conda-forge")),
        ("conda-forge/linux-64::numpy", MatchSpec("numpy", "", None, "conda-forge/linux-64")),
        ("numpy[version='>=1.2,<2',build=py*]", MatchSpec("numpy", ">=1.2,<2", "py*")),
        ("pytorch[channel=pytorch]", MatchSpec("pytorch", "", None, "pytorch")),
        ("python=3.10 # the version", MatchSpec("python", "=3.10")),
        ("numpy=1.8|1.9", MatchSpec("numpy", "=1.8|1.9")),
    ],
)
def test_a_match_spec(line: str, spec: MatchSpec) -> None:
    assert parse_match_spec(line) == spec


@pytest.mark.parametrize("line", ["=1.2", "", ">3", "[version=1]", "::"])
def test_what_is_no_package_is_refused(line: str) -> None:
    with pytest.raises(ValueError, match="not a conda package"):
        parse_match_spec(line)


@pytest.mark.parametrize(
    ("version", "specifier"),
    [
        ("", ""),
        ("*", ""),
        ("=1.20", "==1.20.*"),
        ("=1.20.*", "==1.20.*"),
        ("1.20*", "==1.20.*"),
        ("==1.20", "==1.20"),
        ("==1.20.*", "==1.20.*"),
        (">=1.20,<2", ">=1.20,<2"),
        (">=1.20.*", ">=1.20"),
        ("!=1.3", "!=1.3"),
        ("!=1.3.*", "!=1.3.*"),
        ("~=1.3.2", "~=1.3.2"),
        ("=1.0rc1", "==1.0rc1"),
    ],
)
def test_a_version_in_pips_words(version: str, specifier: str) -> None:
    assert render_specifier(version) == specifier


@pytest.mark.parametrize("version", ["=1.8|1.9", "=9e", "=2021_a", ">=1.2,,", "=1.2,>"])
def test_a_version_without_words_for_it_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        render_specifier(version)


release = st.lists(st.integers(0, 2030), min_size=1, max_size=4).map(lambda parts: ".".join(map(str, parts)))


@given(st.from_regex(r"[a-z][a-z0-9_-]{0,15}", fullmatch=True), st.sampled_from(["=", "==", ">=", "<", "!="]), release)
def test_spaces_around_a_comparison_change_nothing(name: str, comparison: str, version: str) -> None:
    tight = parse_match_spec(f"{name}{comparison}{version}")
    assert tight == MatchSpec(name, f"{comparison}{version}")
    assert parse_match_spec(f" {name} {comparison} {version} ") == tight


@given(st.text(max_size=30))
def test_any_text_is_translated_to_pep_440_or_refused(text: str) -> None:
    try:
        specifier = render_specifier(parse_match_spec(text).version)
    except ValueError:
        return
    clause = r"(===|==|~=|!=|<=|>=|<|>)[^\s,<>=!~|]+"
    assert specifier == "" or re.fullmatch(rf"{clause}(,{clause})*", specifier)
