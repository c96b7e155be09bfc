"""A container as words of the engine's client. Values are arguments; no shell of this machine sees any of them."""

from __future__ import annotations

from reenact.environments.docker.mounts import render_mount
from reenact.environments.docker.parts import LABEL, Parts

_DETACH_KEYS = "--detach-keys=ctrl-^,ctrl-_,ctrl-^"


def render_run(parts: Parts, handed: tuple[str, ...]) -> tuple[str, ...]:
    """``run`` and all that follows it: one client that starts the container and waits for it.

    ``handed`` are the options by which the variables travel (:mod:`reenact.environments.docker.variables`).
    """
    mounts = [word for mount in parts.mounts for word in render_mount(mount, read_only=parts.closed and not mount.own)]
    closed = ("--read-only",) if parts.closed else ()
    tmpfs = [word for folder in parts.folders_in_memory.items() for word in ("--tmpfs", ":".join(folder))]
    security = [word for option in parts.security for word in ("--security-opt", option)]
    return "run", "--rm", *security, *closed, *tmpfs, *mounts, *_render_rest(parts, handed)


def render_create(parts: Parts, handed: tuple[str, ...]) -> tuple[str, ...]:
    """``create`` and all that follows it, with an empty volume in place of each mount: the engine is elsewhere."""
    volumes = [word for mount in parts.mounts for word in ("--mount", f"type=volume,target={mount.target}")]
    return "create", *volumes, *_render_rest(parts, handed)


def _render_rest(parts: Parts, handed: tuple[str, ...]) -> tuple[str, ...]:
    chosen = {"--workdir": parts.folder, "--user": parts.user, "--network": parts.network}
    return (
        *("--pull", "never", "--name", parts.name),
        *("--init", "--interactive"),
        *(("--tty", _DETACH_KEYS) if parts.terminal else ()),
        *("--label", f"{LABEL}={parts.run}"),
        *(word for name, value in chosen.items() if value is not None for word in (name, value)),
        *(word for host in parts.hosts for word in ("--add-host", host)),
        *(word for volume in parts.volumes for word in ("--volume", volume)),
        *handed,
        *parts.more,
        *(("--entrypoint", parts.entrypoint) if parts.entrypoint is not None else ()),
        *(parts.image, *parts.words),
    )
