"""Is a secret written into the project's files? What is found is never shown: only where, and its first letters."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from itertools import pairwise

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.subject import Subject
from reenact.doctor.text import find_text
from reenact.project.diagnostics import Position
from reenact.values import NamedTuple
from reenact.world import World

SECRET = Concern(
    "secret",
    "error",
    "everyone who has the repository, a record or a bundle of a run has it too, and git never forgets it",
    "revoke it, then pass it in from outside: a parameter with `secret: true`, or a variable that docker_env names",
)
CONCERNS = (SECRET,)

HIDDEN = "****"

_USER = r"(?<![A-Za-z0-9+.-])[A-Za-z][A-Za-z0-9+.-]*://[^\s/:@?#'\"]+"

PATTERNS = (
    ("an AWS access key", r"\b(?:AKIA|ASIA)[0-9A-Z]{16}\b"),
    ("a GitHub token", r"\bgh[pousr]_[A-Za-z0-9]{36,}\b|\bgithub_pat_[A-Za-z0-9_]{60,}"),
    ("a GitLab token", r"\bglpat-[A-Za-z0-9_-]{20,}"),
    ("a Hugging Face token", r"\bhf_[A-Za-z0-9]{30,}\b"),
    ("a Slack token", r"\bxox[abprs]-[A-Za-z0-9-]{10,}"),
    ("a Slack address", r"https://hooks\.slack\.com/services/T\w+/B\w+/\w+"),
    ("a Google API key", r"\bAIza[0-9A-Za-z_-]{35}"),
    ("an API key", r"\bsk-(?:[a-z]+-)*[A-Za-z0-9_-]{32,}"),
    ("a signed token", r"\beyJ[A-Za-z0-9_-]{10,}\.eyJ[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]{10,}"),
    ("a private key", r"-----BEGIN (?:[A-Z]+ )*PRIVATE KEY-----"),
    ("a password in an address", _USER + r":(?P<value>[^\s/@?#'\"]+)@"),
    ("a token in an address", r"https?://(?P<value>[A-Za-z0-9_-]{20,})@"),
)
"""What well-known secrets look like, with what each is."""

_NAMED = r"(?<![\w.-])(?P<name>[A-Za-z_][\w.-]*)[\"']?\s*[:=]\s*(?P<quote>[\"']?)(?P<value>[^\s\"'#,\]})]+)(?P=quote)"
_WORDS = r"[A-Z]?[a-z0-9]+|[A-Z0-9]+(?![a-z])"
_ALONE = frozenset(("password", "passwd", "pwd", "passphrase", "secret", "token", "apikey", "credential"))
_PAIRS = frozenset((("api", "key"), ("access", "key"), ("secret", "key"), ("private", "key"), ("account", "key")))
_HARMLESS = r"(?i).*(example|your|change|dummy|placeholder|xxxx|\*\*\*|<|\$|\{|todo|redacted|none|null|env).*|(.)\2*"
_PROJECT_FILES = ("MLproject", "python_env.yaml", "conda.yaml", "requirements.txt", "pyproject.toml", "Dockerfile")
_LONGEST_LINE = 4000


class Hit(NamedTuple):
    """A secret in a line: what it is, where it begins (from 0), and itself, which nobody is shown."""

    what: str
    start: int
    value: str


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Secrets in the files that define the project and its environment, and in its programs."""
    for file in _list_files(subject):
        yield from _find_in_file(file, subject, named=True)
    for module in subject.modules:
        yield from _find_in_file(module.file, subject, named=False)
    for entry_point in subject.entry_points:
        for parameter in entry_point.parameters:
            value = parameter.default
            if value and (parameter.secret or _names_secret(parameter.name)) and _is_secret(value, parameter.name):
                message = f"the default of '{parameter.name}' looks like a secret"
                yield SECRET.found(message, parameter.position, entry_point.name)
    docker, position = subject.project.environment.docker, subject.project.environment.position
    for item in docker.environment if docker else ():
        if isinstance(item, tuple) and _names_secret(item[0]) and _is_secret(item[1], item[0]):
            place = position and subject.find_place(item[0], position.file, position.line)
            yield SECRET.found(f"the value of the variable '{item[0]}' looks like a secret", place)


def list_values(subject: Subject) -> frozenset[str]:
    """Every secret that is written out somewhere in what is looked at: no message may hold one."""
    found: set[str] = set()
    for file in dict.fromkeys((*_list_files(subject), *(module.file for module in subject.modules))):
        for line in (find_text(subject.root / file) or "").splitlines():
            found |= {hit.value for hit in find_in_line(line, named=True)}
    for entry_point in subject.entry_points:
        found |= {each.default for each in entry_point.parameters if each.default and each.secret}
        named = (each for each in entry_point.parameters if each.default and _names_secret(each.name))
        found |= {each.default for each in named if each.default and _is_secret(each.default, each.name)}
    return frozenset(value for value in found if len(value) >= 4)


def find_in_line(line: str, *, named: bool) -> Iterator[Hit]:
    """The secrets in a line: by what they look like, and with ``named`` by the name that they are given to."""
    line = line[:_LONGEST_LINE]
    for what, pattern in PATTERNS:
        for found in re.finditer(pattern, line):
            value = found["value"] if "value" in found.re.groupindex else found[0]
            if not re.fullmatch(_HARMLESS, value) and "EXAMPLE" not in value:
                yield Hit(what, found.start(), value)
    if not named:
        return
    for found in re.finditer(_NAMED, line):
        if _names_secret(found["name"]) and _is_secret(found["value"], found["name"]):
            yield Hit(f"the value of '{found['name']}'", found.start("value"), found["value"])


def _find_in_file(file: str, subject: Subject, *, named: bool) -> Iterator[Finding]:
    text = find_text(subject.root / file) or ""
    for number, line in enumerate(text.splitlines(), 1):
        told: set[str] = set()
        for hit in find_in_line(line, named=named):
            if hit.value not in told:
                told.add(hit.value)
                shown = f"{hit.what}: {hit.value[:4] if len(hit.value) >= 20 else ''}{HIDDEN}"
                yield SECRET.found(shown, Position(file, number, hit.start + 1))


def _list_files(subject: Subject) -> tuple[str, ...]:
    spec = subject.spec
    project = subject.project
    inner = getattr(spec, "pip", None)
    named = (project.file, project.environment.file, getattr(spec, "origin", None))
    files = [*_PROJECT_FILES, *named, *getattr(spec, "files", ()), *getattr(inner, "files", ())]
    locks = (".lock", "pylock.toml")
    return tuple(name for name in dict.fromkeys(files) if name and not name.endswith(locks))


def _names_secret(name: str) -> bool:
    words = [word.lower() for word in re.findall(_WORDS, name)]
    pairs = set(pairwise(words))
    return bool(words) and (words[-1] in _ALONE or bool(pairs & _PAIRS and words[-1] == "key"))


def _is_secret(value: str, name: str) -> bool:
    """Whether a value is no placeholder, no word and no path, but what somebody would keep to themselves."""
    if re.fullmatch(_HARMLESS, value) or len(value) < 6 or " " in value or value.startswith(("/", "./", "~")):
        return False
    mixed = bool(re.search(r"\d", value) and re.search(r"[A-Za-z]", value))
    if "pass" in name.lower() or "pwd" in name.lower():
        return mixed
    return mixed and len(value) >= 12 and _entropy(value) >= 3.0


def _entropy(text: str) -> float:
    """Bits for each character, by how often each comes (Shannon)."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
