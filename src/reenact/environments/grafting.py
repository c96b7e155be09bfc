"""One lock with some packages of another: what tells which package makes a difference. Pure.

Nothing is resolved: the packages are those of the one lock or the other, each with its files and hashes, whether they
say that they fit together or not.
"""

from __future__ import annotations

import tomllib
from collections.abc import Callable, Collection, Mapping

from reenact.environments.packages import list_packages
from reenact.hints import Any
from reenact.plan import EnvironmentLock

INTERPRETER = "Python"
"""What the interpreter is called among the parts of an environment: no package has a capital in its name."""

WHOLE = "the whole environment"
"""The one part of an environment that can only be taken as it is."""


def list_parts(old: EnvironmentLock, new: EnvironmentLock) -> tuple[str, ...]:
    """The names of what differs and can be taken over from ``new`` on its own.

    Raises:
        RecordError: a lock is damaged.
    """
    if old.key == new.key:
        return ()
    if old.kind != new.kind or old.kind not in ("python", "conda"):
        return (WHOLE,)
    before, after = ({each.name: each for each in list_packages(lock.text)} if lock.text else {} for lock in (old, new))
    names = [name for name in sorted(before.keys() | after.keys()) if before.get(name) != after.get(name)]
    python = [INTERPRETER] if (old.python, old.interpreter) != (new.python, new.interpreter) else []
    return (*python, *names) or (WHOLE,)


def list_versions(lock: EnvironmentLock) -> dict[str, str]:
    """The version of each part of an environment by its name.

    Raises:
        RecordError: the lock is damaged.
    """
    packages = list_packages(lock.text) if lock.kind in ("python", "conda") else ()
    found = {each.name: each.version or each.direct for each in packages}
    return {**found, WHOLE: lock.key[:12], **({INTERPRETER: lock.python} if lock.python else {})}


def graft(old: EnvironmentLock, new: EnvironmentLock, parts: Collection[str]) -> EnvironmentLock:
    """``old`` with those ``parts`` of ``new``: changed, come or gone as there."""
    if not parts:
        return old
    if WHOLE in parts or set(parts) >= set(list_parts(old, new)):
        return new
    chosen = new if INTERPRETER in parts else old
    text = (_graft_conda if old.kind == "conda" else _graft_python)(old.text, new.text, parts)
    return old._replace(
        text=text, python=chosen.python, interpreter=chosen.interpreter, local={**old.local, **new.local}
    )


def _graft_python(old: str, new: str, parts: Collection[str]) -> str:
    import tomli_w

    before, after = tomllib.loads(old), tomllib.loads(new)
    packages = _mix(before.get("packages", []), after.get("packages", []), parts, lambda each: str(each["name"]))
    return tomli_w.dumps({**before, "packages": packages})


def _graft_conda(old: str, new: str, parts: Collection[str]) -> str:
    import yaml

    before, after = yaml.safe_load(old), yaml.safe_load(new)
    packages = _mix(before["packages"], after["packages"], parts, _name_conda)
    there = {_locate(each): each for each in packages}
    environments = {
        name: {**environment, "packages": _mix_places(environment["packages"], after, name, there)}
        for name, environment in before["environments"].items()
    }
    mixed: str = yaml.safe_dump({**before, "environments": environments, "packages": packages}, sort_keys=False)
    return mixed


def _mix_places(
    old: Mapping[str, Any], after: Mapping[str, Any], name: str, there: Mapping[str, object]
) -> dict[str, list[Any]]:
    """Which packages each platform has: those that are there at all, in the order of the two."""
    new = after["environments"].get(name, {}).get("packages", {})
    return {
        platform: [place for place in _once([*places, *new.get(platform, [])]) if _locate(place) in there]
        for platform, places in old.items()
    }


def _once(places: list[Any]) -> list[Any]:
    return list({_locate(place): place for place in places}.values())


def _locate(package: Mapping[str, Any]) -> str:
    return str(package.get("conda") or package.get("pypi"))


def _name_conda(package: Mapping[str, Any]) -> str:
    return list_packages("version: 7\npackages:\n- " + _render(package))[0].name


def _render(package: Mapping[str, Any]) -> str:
    import json

    return json.dumps(package) + "\n"


def _mix(old: list[Any], new: list[Any], parts: Collection[str], name: Callable[[Any], str]) -> list[Any]:
    """The entries of ``old`` whose names are not in ``parts``, and those of ``new`` whose names are."""
    kept = [each for each in old if name(each) not in parts]
    return sorted([*kept, *(each for each in new if name(each) in parts)], key=name)
