"""Conda's match specs, and what they are in the words of pip. Pure.

The grammar is that of https://docs.conda.io/projects/conda-build/en/latest/resources/package-spec.html#package-match-specifications.
"""

from __future__ import annotations

import re

from reenact.values import NamedTuple

_BRACKETS = re.compile(r"\[(?P<inside>[^\]]*)\]\s*$")
_PAIR = re.compile(r"(\w+)\s*=\s*(?:'([^']*)'|\"([^\"]*)\"|([^,\s]*))")
_NAME = re.compile(r"(?P<name>[A-Za-z0-9_][A-Za-z0-9_.-]*)\s*(?P<rest>.*)", re.DOTALL)
_RELEASE = re.compile(r"\d+(\.\d+)*")
_VERSION = re.compile(r"v?(\d+!)?\d+(\.\d+)*((a|b|rc|\.post|\.dev)\d+)*(\+[a-z0-9]+([._-][a-z0-9]+)*)?", re.IGNORECASE)
_CLAUSE = re.compile(r"(?P<operator>===|==|~=|!=|<=|>=|<|>|=)?\s*(?P<version>[^\s<>=!~|,]+)")


class MatchSpec(NamedTuple):
    """A package as conda asks for it; ``version`` is conda's own text, '' for any."""

    name: str
    version: str = ""
    build: str | None = None
    channel: str | None = None


def parse_match_spec(text: str) -> MatchSpec:
    """The spec that a line of a conda file is.

    Raises:
        ValueError: it is none.
    """
    text = re.sub(r"\s+#.*$", "", text).strip()
    channel, separator, rest = text.rpartition("::")
    fields: dict[str, str] = {}
    if found := _BRACKETS.search(rest):
        fields = {pair[1]: pair[2] or pair[3] or pair[4] or "" for pair in _PAIR.finditer(found["inside"])}
        rest = rest[: found.start()]
    named = _NAME.fullmatch(rest.strip())
    if named is None:
        raise ValueError(f"'{text}' is not a conda package")
    version, build = _split_build(named["rest"].strip())
    return MatchSpec(
        named["name"].lower(),
        fields.get("version", version),
        fields.get("build", build),
        fields.get("channel", channel if separator else None),
    )


def _split_build(rest: str) -> tuple[str, str | None]:
    """``=1.2=h1`` and ``1.2 h1`` to a version and a build."""
    rest = re.sub(r"(?<=[<>=!~|,])\s+|\s+(?=[|,])", "", rest)
    if found := re.fullmatch(r"(={0,2}[^\s=<>!~|,]+)(?:=|\s+)([A-Za-z0-9_*.+]+)", rest):
        return found[1] if found[1].startswith("=") else f"=={found[1]}", found[2]
    if rest and rest[0].isdigit() and not re.search(r"[*|,]", rest):
        return f"=={rest}", None  # a bare version after a space is exact
    return rest, None


def render_specifier(version: str) -> str:
    """Conda's version as a PEP 440 specifier; ``=1.2`` and ``1.2.*`` stand for all versions that begin so.

    Raises:
        ValueError: PEP 440 has no words for it; the message says why.
    """
    if version in ("", "*"):
        return ""
    if "|" in version:
        raise ValueError("pip knows no 'or' between versions")
    clauses = []
    for clause in version.split(","):
        found = _CLAUSE.fullmatch(clause.strip())
        if found is None:
            raise ValueError(f"'{clause.strip()}' is not a version")
        if rendered := _render_clause(found["operator"] or "", found["version"]):
            clauses.append(rendered)
    return ",".join(clauses)


def _render_clause(comparison: str, version: str) -> str:
    stem = re.sub(r"\.?\*$", "", version)
    fuzzy = stem != version
    if not stem:
        return ""
    if not _VERSION.fullmatch(stem):
        raise ValueError(f"'{version}' is not a version that PyPI could have")
    if comparison in ("==", "===") and not fuzzy:
        return f"=={stem}"
    if comparison in ("", "=", "==", "==="):
        return f"=={stem}.*" if _RELEASE.fullmatch(stem) else f"=={stem}"
    if comparison == "!=" and fuzzy:
        return f"!={stem}.*"
    return f"{comparison}{stem}"
