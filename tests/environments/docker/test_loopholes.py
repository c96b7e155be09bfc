"""What may not be asked of a container whose command is to be kept from something."""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from reenact.environments.docker.arguments import parse_arguments
from reenact.environments.docker.loopholes import close_loopholes
from reenact.errors import UsageError
from reenact.plan import DockerSpec, Isolation

NO_NETWORK, READ_ONLY = Isolation(network=False), Isolation(read_only=True)


def close(argument: str, isolation: Isolation, *, repeated: bool = False) -> tuple[tuple[str, str | None], ...]:
    return close_loopholes(DockerSpec(arguments=parse_arguments([argument])), isolation, repeated=repeated).arguments


@pytest.mark.parametrize(
    "argument",
    [
        *("privileged", "--privileged", "privileged=true", "privileged=1", "use-api-socket"),
        *("cap-add=SYS_ADMIN", "cap-add=cap_sys_admin", "cap-add=ALL", "cap-add=chown,sys_rawio"),
        *("pid=host", "pid=container:x", "security-opt=systempaths=unconfined", "security-opt=unmask=/proc/sys"),
    ],
)
def test_what_undoes_both(argument: str) -> None:
    for isolation, option in ((NO_NETWORK, "--no-network"), (READ_ONLY, "--read-only")):
        with pytest.raises(UsageError, match=f"{option} would not hold: --docker-args {argument.lstrip('-')} "):
            close(argument, isolation)
    assert close(argument, Isolation()) == parse_arguments([argument])


@pytest.mark.parametrize("argument", ["network=host", "net=bridge", "network=container:x"])
def test_another_network_is_none_of_ours_to_choose(argument: str) -> None:
    with pytest.raises(UsageError, match="is a network"):
        close(argument, NO_NETWORK)
    # A run is repeated without the network that it had.
    assert close(argument, NO_NETWORK, repeated=True) == ()
    assert close(argument, READ_ONLY) == parse_arguments([argument])


@pytest.mark.parametrize(
    "argument",
    [
        *("read-only=false", "ipc=host", "ipc=container:x", "device=/nowhere", "device=/nowhere:/dev/x:rw"),
        *("device-cgroup-rule=b 8:* rmw", "device-cgroup-rule=a *:* rwm"),
    ],
)
def test_what_writes_elsewhere(argument: str) -> None:
    with pytest.raises(UsageError, match="--read-only would not hold"):
        close(argument, READ_ONLY)
    assert close(argument, NO_NETWORK) == parse_arguments([argument])


def test_disks() -> None:
    disk = next((path for path in Path("/dev").iterdir() if stat.S_ISBLK(path.stat().st_mode)), None)
    if disk is None:
        pytest.skip("there is no disk here")
    for device in (str(disk), f"{disk}:/dev/x", f"{disk}:/dev/x:rwm", "/dev"):
        with pytest.raises(UsageError, match="a disk that it can write to"):
            close(f"device={device}", READ_ONLY)
    assert close(f"device={disk}:/dev/x:r", READ_ONLY)


@pytest.mark.parametrize(
    "argument",
    [
        *("privileged=false", "read-only", "network=none", "cap-add=NET_BIND_SERVICE", "cap-drop=ALL", "ipc=private"),
        *("gpus=all", "user=0", "e=privileged=1", "init=false", "security-opt=no-new-privileges", "memory=1g"),
        *(f"device={os.devnull}", "device=vendor.com/gpu=all", "device-cgroup-rule=c 42:* rmw", "v=/a:/b"),
    ],
)
def test_what_does_no_harm(argument: str) -> None:
    both = Isolation(network=False, read_only=True)
    assert close(argument, both) == parse_arguments([argument])
