"""Which arguments of the engine's ``run`` would let a command out of what it is kept from."""

from __future__ import annotations

import os
import re
import stat
from pathlib import Path

from reenact.environments.docker.arguments import drop_arguments, get_long_name
from reenact.errors import UsageError
from reenact.plan import DockerSpec, Isolation
from reenact.values import NamedTuple

_ON = r"|1|[tT]|true|TRUE|True"


class Loophole(NamedTuple):
    """An option with a value that the pattern fits, which is '' for none, and what it gives to the command: by that it
    comes to the network (``network``), or writes elsewhere than into its run folder (``read_only``)."""

    option: str
    pattern: str
    gives: str
    network: bool = True
    read_only: bool = True


LOOPHOLES = (
    Loophole("privileged", _ON, "gives it power over the whole machine"),
    Loophole("use-api-socket", _ON, "lets it command the engine"),
    Loophole(
        "cap-add",
        r"(?i)(.*,)?(cap_)?(all|sys_admin|sys_module|sys_rawio|dac_read_search)(,.*)?",
        "gives it power over the machine",
    ),
    Loophole("pid", "host|container:.*", "shows it processes that have more, and they can be reached into"),
    Loophole("security-opt", "(systempaths=unconfined|unmask=.*)", "opens settings of the machine's kernel to it"),
    Loophole("network", "(?!none$).+", "is a network", read_only=False),
    Loophole("read-only", "0|[fF]|false|FALSE|False", "is the contrary", network=False),
    Loophole("ipc", "host|container:.*", "gives it a /dev/shm that is not its own", network=False),
    Loophole("device", "/.*", "is, or may be, a disk that it can write to", network=False),
    Loophole("device-cgroup-rule", "[ab] .*w.*", "gives it disks that it can write to", network=False),
)
"""The first that fits is told. Sockets of services of this machine, which a project may mount, are another matter."""


def close_loopholes(spec: DockerSpec, isolation: Isolation, *, repeated: bool = False) -> DockerSpec:
    """The container, so that its command is kept from what it shall be kept from.

    Whoever repeats a run has not chosen its network: that gives way.

    Raises:
        UsageError: an argument undoes it; the message says how.
    """
    if repeated and not isolation.network:
        spec = spec._replace(arguments=drop_arguments(spec.arguments, "network"))
    for option, asked in (("--no-network", not isolation.network), ("--read-only", isolation.read_only)):
        for name, value in spec.arguments if asked else ():
            found = _find_loophole(get_long_name(name), value or "", option)
            if found is not None:
                given = name if value is None else f"{name}={value}"
                message = f"{option} would not hold: --docker-args {given} {found.gives}"
                raise UsageError(message, hint="leave one of the two out")
    return spec


def _find_loophole(name: str, value: str, option: str) -> Loophole | None:
    for loophole in LOOPHOLES:
        counts = loophole.network if option == "--no-network" else loophole.read_only
        if counts and loophole.option == name and re.fullmatch(loophole.pattern, value):
            return None if name == "device" and _is_harmless(value) else loophole
    return None


def _is_harmless(device: str) -> bool:
    """Whether a device of this machine (``/dev/dri``, ``/dev/x:/dev/y:r``) is no disk, or is only read."""
    path, *rest = device.split(":")
    if rest and re.fullmatch("[rm]+", rest[-1]):
        return True
    devices = [Path(path), *Path(path).rglob("*")] if os.path.isdir(path) else [Path(path)]
    try:
        return not any(stat.S_ISBLK(each.stat().st_mode) for each in devices)
    except OSError:
        return False
