"""Why two environments differ: which lines of what was asked for, which packages of what that resolved to. Pure."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping

from reenact.environments.names import normal_name
from reenact.environments.packages import Package
from reenact.hints import Literal
from reenact.plan import EnvironmentLock, EnvironmentSpec
from reenact.values import NamedTuple

_WORDS = {
    "python": "Python",
    "dependencies": "requirement",
    "build_dependencies": "build requirement",
    "constraints": "constraint",
    "options": "option",
    "files": "file",
    "local": "local code",
    "variables": "variable",
    "channels": "channel",
    "packages": "conda package",
}
"""What a field of a spec holds one of, in a reader's words."""

_UNIMPORTANT = ("kind", "notes", "origin")


class Account(NamedTuple):
    """What is known of a run's environment: what was asked for, what else decided, what it came to."""

    spec: EnvironmentSpec
    settings: Mapping[str, str]
    key: str
    lock: EnvironmentLock
    packages: tuple[Package, ...]


class Change(NamedTuple):
    """A line that differs: ``old`` is None for what came, ``new`` for what went, ``part`` is the identity it is of."""

    part: Literal["asked", "resolved"]
    what: str
    old: str | None
    new: str | None


def compare(old: Account, new: Account) -> tuple[Change, ...]:
    """Everything by which the two differ, line by line; nothing for equal ones."""
    return (*_compare_asked(old, new), *_compare_resolved(old, new))


def explain(before: Account | None, now: Account, changes: Iterable[Change], *, made: bool) -> str:
    """The reason in one sentence; ``made`` says that the environment did not exist when the run began."""
    did = "made" if made else "found made"
    if before is None:
        return f"{did}: no run of this project and entry point before it has had an environment"
    if before.key == now.key:
        if made:
            return "made again: nothing changed, but it had been taken away or could not be used any more"
        return "found made: it is that of the run before"
    if any(change.part == "asked" for change in changes):
        return f"{did}: what is asked for changed"
    return f"{did}: the same request was resolved anew, to something else"


def _compare_asked(old: Account, new: Account) -> Iterator[Change]:
    if old.spec.kind != new.spec.kind:
        yield Change("asked", "kind", old.spec.kind, new.spec.kind)
    yield from _compare_fields(old.spec, new.spec, "")
    for name in sorted(old.settings.keys() | new.settings.keys()):
        before, after = old.settings.get(name), new.settings.get(name)
        if before != after:
            yield from _compare_setting(name, before, after)
    if old.lock.platform != new.lock.platform:
        yield Change("asked", "platform", old.lock.platform, new.lock.platform)


def _compare_fields(old: object, new: object, prefix: str) -> Iterator[Change]:
    before: dict[str, object] = getattr(old, "_asdict", dict)()
    after: dict[str, object] = getattr(new, "_asdict", dict)()
    for name in dict.fromkeys((*after, *before)):
        if name in _UNIMPORTANT or before.get(name) == after.get(name):
            continue
        word = prefix + _WORDS.get(name, name.replace("_", " "))
        yield from _compare_values(word, before.get(name), after.get(name))


def _compare_values(word: str, old: object, new: object) -> Iterator[Change]:
    kind = new if new is not None else old
    if hasattr(kind, "_asdict"):
        yield from _compare_fields(old, new, f"{word} ")
    elif isinstance(kind, Mapping):
        for name, before, after in _pair(old or {}, new or {}):
            yield from _compare_values(f"{word} {name}", before, after)
    elif isinstance(kind, tuple | list):
        yield from _compare_lines(word, _as_lines(old), _as_lines(new))
    else:
        yield Change("asked", word, None if old is None else _as_text(old), None if new is None else _as_text(new))


def _as_lines(value: object) -> tuple[str, ...]:
    lines = value if isinstance(value, tuple | list) else () if value is None else (value,)
    return tuple(map(_as_text, lines))


def _as_text(value: object) -> str:
    """A value of a settings file may be a table or a list: it is shown as JSON."""
    return json.dumps(value, sort_keys=True) if isinstance(value, dict | list) else str(value)


def _compare_lines(word: str, old: tuple[str, ...], new: tuple[str, ...]) -> Iterator[Change]:
    """Lines that went and came; two that begin with the same name are one line that changed."""
    gone = [line for line in old if line not in new]
    for line in new:
        if line in old:
            continue
        partner = next((each for each in gone if _name(each) == _name(line)), None)
        if partner is not None:
            gone.remove(partner)
        yield Change("asked", word, partner, line)
    yield from (Change("asked", word, line, None) for line in gone)
    if old != new and sorted(old) == sorted(new):
        yield Change("asked", f"order of the {word}s", ", ".join(old), ", ".join(new))


def _compare_setting(name: str, old: str | None, new: str | None) -> Iterator[Change]:
    """A variable as a whole; a file of settings line by line."""
    if not name.startswith("/"):
        yield Change("asked", f"setting {name}", old, new)
        return
    before, after = (old or "").splitlines(), (new or "").splitlines()
    yield from (Change("asked", name, line, None) for line in before if line not in after)
    yield from (Change("asked", name, None, line) for line in after if line not in before)


def _compare_resolved(old: Account, new: Account) -> Iterator[Change]:
    if old.lock.python != new.lock.python:
        yield Change("resolved", "Python", old.lock.python, new.lock.python)
    elif old.lock.interpreter != new.lock.interpreter:
        yield Change("resolved", "interpreter", old.lock.interpreter, new.lock.interpreter)
    before, after = ({(each.kind, each.name): each for each in account.packages} for account in (old, new))
    for key in sorted(before.keys() | after.keys()):
        was, now = before.get(key), after.get(key)
        if was != now:
            yield _compare_package(was, now)


def _compare_package(old: Package | None, new: Package | None) -> Change:
    name = (new or old or Package("", "")).name
    if old is None or new is None or _version(old) != _version(new):
        return Change("resolved", name, old and _version(old), new and _version(new))
    if old.origin != new.origin or old.direct != new.direct:
        return Change(
            "resolved",
            name,
            f"{_version(old)} of {old.direct or old.origin}",
            f"{_version(new)} of {new.direct or new.origin}",
        )
    return Change("resolved", name, f"{_version(old)}, its files", f"{_version(new)}, other files or hashes")


def _version(package: Package) -> str:
    return f"{package.version}={package.build}" if package.build else package.version or package.direct


def _pair(old: object, new: object) -> Iterator[tuple[str, object, object]]:
    """The entries by which two mappings differ."""
    before = old if isinstance(old, Mapping) else {}
    after = new if isinstance(new, Mapping) else {}
    for name in sorted(before.keys() | after.keys()):
        if before.get(name) != after.get(name):
            yield name, before.get(name), after.get(name)


def _name(line: str) -> str:
    """The name that a requirement, a match spec or an option begins with."""
    found = re.match(r"-*(?:[\w./-]*::)?([\w.-]+)", line)
    return normal_name(found[1]) if found else line
