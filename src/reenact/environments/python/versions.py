"""Which Python was asked for: ``3.11``, ``3.11.4``, ``3.11.*``, ``>=3.10,<3.12``, ``3.8|3.9``, ``pypy3.10``. Pure."""

import operator
import re
from collections.abc import Callable

from reenact.values import NamedTuple

Version = tuple[int, ...]

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
    found = re.match(r"\d+(?:\.\d+)*", text)
    return tuple(map(int, found[0].split("."))) if found else ()


def parse_request(text: str) -> PythonRequest:
    """What the text asks for.

    Raises:
        ValueError: it is not a version or a specifier; the message says so.
    """
    rest = text.strip()
    implementation = "cpython"
    if rest.isascii() and all(part.isdigit() for part in rest.split(".")):
        return PythonRequest(implementation, ((Clause("prefix", tuple(map(int, rest.split(".")))),),))
    if (found := re.match(_NAME, rest)) and rest.lower() != "*":
        implementation = "pypy" if found[1].lower() == "pypy" else "cpython"
        rest = rest[found.end() :].strip()
    if rest in ("", "*"):
        return PythonRequest(implementation, ())
    alternatives = (part.strip().strip(",") for part in rest.split("|"))
    return PythonRequest(implementation, tuple(_parse_clauses(part, text) for part in alternatives))


def _parse_clauses(part: str, whole: str) -> tuple[Clause, ...]:
    clauses = []
    for clause in part.split(","):
        found = re.fullmatch(_CLAUSE, clause.strip())
        if found is None:
            raise ValueError(f"'{whole.strip()}' is not a Python version")
        comparison, version = found[1] or "", parse_version(found[2])
        if comparison in ("", "=", "==", "==="):
            comparison = "prefix"
        elif comparison == "!=":
            comparison = "not-prefix"
        elif comparison == "~=" and len(version) < 2:
            raise ValueError(f"'{whole.strip()}': '~=' needs at least two numbers")
        clauses.append(Clause(comparison, version))
    return tuple(clauses)


def _pad(version: Version) -> Version:
    return (*version, *(0,) * (4 - len(version)))
