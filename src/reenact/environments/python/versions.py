"""Which Python was asked for: ``3.11``, ``3.11.4``, ``3.11.*``, ``>=3.10,<3.12``, ``3.8|3.9``, ``pypy3.10``. Pure."""

import operator
import re
from collections.abc import Callable

from reenact.values import NamedTuple

Version = tuple[int, ...]

_COMPARISONS = ("===", "==", "~=", "!=", "<=", ">=", "<", ">", "=", "")
_CLAUSE = r"(===|==|~=|!=|<=|>=|<|>|=)?\s*v?(\d+(?:\.\d+)*)(\.\*|\*)?((?:a|b|rc)\d+)?"
_NAME = r"(?i:(cpython|pypy|python)[-@ ]?(?=[\d<>=~!]|$))"
_COMPARE: dict[str, Callable[[Version, Version], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Clause(NamedTuple):
    """One comparison: ``operator`` is ``prefix`` where the version stands for all that begin with it."""

    operator: str
    version: Version

    def admits(self, version: Version) -> bool:
        """Whether a version satisfies it."""
        ours, size = self.version, len(self.version)
        if self.operator in ("prefix", "not-prefix"):
            return (version[:size] == ours) == (self.operator == "prefix")
        if self.operator == "~=":
            return version >= ours and version[: size - 1] == ours[:-1]
        return _COMPARE[self.operator](_pad(version), _pad(ours))


class PythonRequest(NamedTuple):
    """Alternatives, each a conjunction of clauses; no alternative admits any version."""

    implementation: str
    alternatives: tuple[tuple[Clause, ...], ...]

    def admits(self, version: str, implementation: str = "cpython") -> bool:
        """Whether an interpreter of this version serves."""
        release = parse_version(version)
        return implementation == self.implementation and (
            not self.alternatives
            or any(all(clause.admits(release) for clause in clauses) for clauses in self.alternatives)
        )

    @property
    def patch(self) -> Version | None:
        """The exact patch version, where nothing else would do."""
        clauses = [clause for alternative in self.alternatives for clause in alternative]
        exact = len(clauses) == 1 and clauses[0].operator == "prefix" and len(clauses[0].version) >= 3
        return clauses[0].version if exact else None


def parse_version(text: str) -> Version:
    """The release numbers of a version: ``3.13.0rc1`` is (3, 13, 0)."""
    if not _is_plain(text):
        found = re.match(r"\d+(?:\.\d+)*", text)
        text = found[0] if found else ""
    return tuple(map(int, text.split("."))) if text else ()


def parse_request(text: str) -> PythonRequest:
    """What the text asks for.

    Raises:
        ValueError: it is not a version or a specifier; the message says so.
    """
    rest = text.strip()
    implementation = "cpython"
    if rest[:1].isalpha() and (found := re.match(_NAME, rest)):
        implementation = "pypy" if found[1].lower() == "pypy" else "cpython"
        rest = rest[found.end() :].strip()
    if rest in ("", "*"):
        return PythonRequest(implementation, ())
    alternatives = (part.strip().strip(",") for part in rest.split("|"))
    return PythonRequest(implementation, tuple(_parse_clauses(part, text) for part in alternatives))


def _parse_clauses(part: str, whole: str) -> tuple[Clause, ...]:
    clauses = []
    for clause in part.split(","):
        comparison, number = _split_clause(clause.strip())
        if not number:
            raise ValueError(f"'{whole.strip()}' is not a Python version")
        version = parse_version(number)
        if comparison in ("", "=", "==", "==="):
            comparison = "prefix"
        elif comparison == "!=":
            comparison = "not-prefix"
        elif comparison == "~=" and len(version) < 2:
            raise ValueError(f"'{whole.strip()}': '~=' needs at least two numbers")
        clauses.append(Clause(comparison, version))
    return tuple(clauses)


def _split_clause(clause: str) -> tuple[str, str]:
    """Its comparison and its release; no release where it is no clause."""
    comparison = next(filter(clause.startswith, _COMPARISONS))
    release = clause[len(comparison) :].lstrip()
    if _is_plain(release):
        return comparison, release
    found = re.fullmatch(_CLAUSE, clause)
    return (found[1] or "", found[2]) if found else ("", "")


def _is_plain(version: str) -> bool:
    """Whether it is numbers and points alone: most are, and no expression needs to be compiled for them."""
    return version.isascii() and all(part.isdigit() for part in version.split("."))


def _pad(version: Version) -> Version:
    return (*version, *(0,) * (4 - len(version)))
