"""What the caller gives to the engine's ``run`` (``-A NAME=VALUE``), and what of it we have to know."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping

from reenact.environments.docker.mounts import close_volume, find_target
from reenact.errors import UsageError

Arguments = tuple[tuple[str, str | None], ...]

_REFUSED = {
    "d": "the run would end at once; 'reenact run --detach' leaves a run working",
    "detach": "the run would end at once; 'reenact run --detach' leaves a run working",
}
_SHORT = {"u": "user", "w": "workdir", "h": "hostname", "v": "volume", "net": "network"}
_ON = frozenset(("init", "interactive", "i", "tty", "t", "rm", "sig-proxy"))
"""Switches that are on, or may be, although nobody asks for them."""
_OFF = frozenset(("0", "f", "F", "false", "False", "FALSE"))
"""What turns a switch off, for an engine's client."""


def parse_arguments(items: Iterable[str]) -> Arguments:
    """``NAME=VALUE`` and ``NAME`` items.

    Raises:
        UsageError: a name is missing, comes twice, or cannot be served.
    """
    found: dict[str, str | None] = {}
    for item in items:
        name, mark, value = item.partition("=")
        if name in found:
            raise UsageError(f"--docker-args has '{name}' twice", hint="the engine takes what is given once")
        found[name] = value if mark else None
    return check_arguments(found)


def read_arguments(given: Mapping[str, object] | None) -> Arguments:
    """The same from Python values, as MLflow takes them: True is a flag, False is none, or turns off what is on.

    Raises:
        UsageError: a name is missing or cannot be served.
    """
    kept = {name: value for name, value in (given or {}).items() if value is not False or name.lstrip("-") in _ON}
    told: dict[object, str | None] = {None: None, True: None, False: "false"}
    return check_arguments(
        {name: told[value] if value is None or isinstance(value, bool) else str(value) for name, value in kept.items()}
    )


def check_arguments(given: Mapping[str, str | None]) -> Arguments:
    """The arguments as the plan keeps them."""
    for name, value in given.items():
        if not name.strip("-") or any(char.isspace() for char in name):
            raise UsageError(
                f"--docker-args needs a name, not {name!r}", hint="for example -A gpus=all or -A privileged"
            )
        if name.lstrip("-") in _REFUSED and value not in _OFF:
            raise UsageError(f"--docker-args {name} cannot be served", hint=_REFUSED[name.lstrip("-")])
    return tuple((name.lstrip("-"), value) for name, value in given.items())


def get_long_name(name: str) -> str:
    """The name of an option in full, where we have to know it."""
    return _SHORT.get(name, name)


def find_argument(arguments: Arguments, name: str) -> str | None:
    """The value that was given for the option ``name``, under its long or its short name."""
    return next((value for given, value in arguments if get_long_name(given) == name), None)


def list_variables(arguments: Arguments) -> dict[str, str]:
    """The variables that are given with a value (``-A env=NAME=VALUE``)."""
    pairs = (value.partition("=") for name, value in arguments if name in ("env", "e") and value)
    return {name: value for name, equals, value in pairs if equals}


def list_targets(arguments: Arguments) -> tuple[str, ...]:
    """Where the arguments mount something."""
    volume, mount = find_argument(arguments, "volume"), find_argument(arguments, "mount")
    targets = re.findall(r"(?:^|,)(?:target|dst|destination)=([^,]*)", mount) if mount else []
    return (*((find_target(volume),) if volume else ()), *map(os.path.normpath, targets))


def list_shown(arguments: Arguments) -> tuple[str, ...]:
    """What of this machine the arguments mount, as ``source:target``."""
    volume, mount = find_argument(arguments, "volume"), find_argument(arguments, "mount")
    source = re.search(r"(?:^|,)(?:source|src)=(/[^,]*)", mount or "")
    target = re.search(r"(?:^|,)(?:target|dst|destination)=([^,]*)", mount or "")
    bound = (f"{source[1]}:{target[1]}",) if source and target else ()
    return (*((volume,) if volume and volume.startswith("/") and ":" in volume else ()), *bound)


def close_arguments(arguments: Arguments) -> Arguments:
    """The arguments, so that what they mount cannot be written into."""
    return tuple((name, value and _close(get_long_name(name), value)) for name, value in arguments)


def _close(name: str, value: str) -> str:
    if name == "volume":
        return close_volume(value)
    if name == "volumes-from":
        return f"{value.partition(':')[0]}:ro"
    if name == "mount" and not re.search(r"(^|,)type=tmpfs(,|$)", value):
        return re.sub(r",(readonly|ro)(=\w+)?(?=,|$)", "", value) + ",readonly"
    return value


def drop_arguments(arguments: Arguments, *names: str) -> Arguments:
    """The arguments without the options ``names``."""
    return tuple((given, value) for given, value in arguments if get_long_name(given) not in names)


def render_arguments(arguments: Arguments) -> tuple[str, ...]:
    """Words of a command line: ``--name=value``, and ``-n=value`` for one letter.

    A client takes the word behind an option that is a switch for the name of the image: ``--init false``.
    """
    words: list[str] = []
    for name, value in arguments:
        option = f"-{name}" if len(name) == 1 else f"--{name}"
        if value is None:
            words.append(option)
        elif value or len(name) > 1:
            words.append(f"{option}={value}")
        else:
            # No client reads "-n=" as an empty value.
            words += (option, value)
    return tuple(words)
