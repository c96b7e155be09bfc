"""The command line of a container. Values are arguments; no shell of this machine sees any of them."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from reenact.environments.docker.arguments import drop_arguments, find_argument, list_variables, render_arguments
from reenact.environments.docker.engine import Engine
from reenact.environments.docker.image import Image
from reenact.environments.docker.mounts import (
    CODE,
    Mount,
    expand_volume,
    expect_nearby,
    make_mounts,
    render_mount,
)
from reenact.environments.docker.variables import Reach, find_governing, hand_variables, make_reach, make_variables
from reenact.environments.launch import Launch, Site, make_hook
from reenact.errors import UnsupportedError
from reenact.plan import Command, DockerSpec
from reenact.process.guard import Ending
from reenact.values import NamedTuple

MEANINGS = {
    125: "the container engine did not start the command, if this code is not the command's own",
    137: "killed, perhaps for want of memory",
}

_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
_FIND_SHELL = 'command -v bash >/dev/null 2>&1 && exec bash "$@"; exec sh "$@"'
_DETACH_KEYS = "--detach-keys=ctrl-^,ctrl-_,ctrl-^"


class Container(NamedTuple):
    """An image that is here and the engine to start it: the place of a run. ``made`` says that it was not here yet."""

    kind: str
    engine: Engine
    image: Image
    path: str | None = None
    variables: Mapping[str, str] = {}
    made: bool = False


class _Parts(NamedTuple):
    """What a container is made with."""

    name: str
    options: tuple[str, ...]
    mounts: tuple[Mount, ...]
    command: tuple[str, ...]


def make_launch(command: Command, container: Container, spec: DockerSpec, site: Site) -> Launch:
    """The container as a command of this machine.

    Raises:
        UsageError: a variable that the project lists or names is not set.
        UnsupportedError: the engine cannot be shown what the command is given.
    """
    engine = container.engine
    variables = make_variables(command, spec, site)
    variables |= make_hook(variables.get("PYTHONPATH") or container.image.variables.get("PYTHONPATH"), site)
    asked = find_argument(spec.arguments, "network") or spec.container.network
    ports = bool(spec.container.ports) or any(name in ("p", "publish", "P") for name, _ in spec.arguments)
    reach = make_reach(variables, engine, asked, publishes=ports)
    expect_nearby(engine, site, reach.folders)
    user = _make_user(engine, spec, site.world.environ)
    inside = {**user.variables, **variables, **reach.variables}
    handed = hand_variables(inside, site.world.environ)
    alone = not site.plan.isolation.network
    network = "none" if alone else asked or reach.network
    parts = _Parts(
        name=find_argument(spec.arguments, "name") or site.folder.name,
        options=(
            *("--init", "--interactive"),
            *(("--tty", _DETACH_KEYS) if site.terminal else ()),
            *("--label", f"reenact.run={site.folder.name}"),
            *("--workdir", os.path.normpath(f"{CODE}/{command.cwd}")),
            *user.options,
            *(("--network", network) if network else ()),
            *(() if alone else reach.options),
            *_render_container(engine, spec, site),
            *handed.options,
            *render_arguments(drop_arguments(spec.arguments, "name", "network")),
        ),
        mounts=make_mounts(site, _list_folders(reach, variables), with_code=not spec.bake),
        command=_make_command(command, container),
    )
    launch = _launch_far if engine.remote else _launch_near
    folders = tuple(map(Path, reach.folders))
    seen = {**container.image.variables, **inside, **list_variables(spec.arguments)}
    started = launch(engine, parts, site)._replace(environ=handed.environ, folders=folders, handed=handed.file)
    return started._replace(meanings=MEANINGS, inside=seen)


def _launch_near(engine: Engine, parts: _Parts, site: Site) -> Launch:
    """One client that starts the container and waits for it."""
    closed = site.plan.isolation.read_only
    mounts = tuple(word for mount in parts.mounts for word in render_mount(mount, read_only=closed and not mount.own))
    # Programs of another system's security policy may not read our files otherwise.
    labels = ("--security-opt", "label=disable") if os.path.exists("/sys/fs/selinux/enforce") else ()
    return Launch(
        argv=(
            *(engine.program, "run", "--rm", "--pull", "never", "--name", parts.name),
            *labels,
            *(("--read-only", "--tmpfs", "/tmp:exec,mode=1777") if closed else ()),  # noqa: S108
            *mounts,
            *parts.options,
            *parts.command,
        ),
        cwd=site.root,
        environ={},
        ending=Ending((engine.program, "rm", "--force", "--volumes", parts.name), find_governing(site.world.environ)),
    )


def _launch_far(engine: Engine, parts: _Parts, site: Site) -> Launch:
    """An engine that does not see our files: they are copied in, and what the run made is copied out."""
    if site.plan.isolation.read_only:
        message = "--read-only is not possible with a container engine on another machine: it works on copies"
        raise UnsupportedError(message, hint="use an engine of this machine")
    if site.plan.trace is not None:
        message = "--trace is not possible with a container engine on another machine: it does not see the run's folder"
        raise UnsupportedError(message, hint="use an engine of this machine")
    run = site.folder
    names = ("inputs", "artifacts") if site.plan.downloads else ("artifacts",)
    made = [str(run / name) for name in names]
    copied = [mount for mount in parts.mounts if mount.source != str(run)] + [Mount(path, path) for path in made]
    volumes = tuple(word for mount in copied for word in ("--mount", f"type=volume,target={mount.target}"))
    client = engine.program
    create = (client, "create", "--pull", "never", "--name", parts.name, *volumes, *parts.options, *parts.command)
    # Whoever owns a file here owns it there.
    fill = [(client, "cp", f"{mount.source}/.", f"{parts.name}:{mount.target}") for mount in copied]
    governing = find_governing(site.world.environ)
    return Launch(
        argv=(engine.program, "start", "--attach", "--interactive", parts.name),
        cwd=site.root,
        environ={},
        ending=Ending((engine.program, "kill", parts.name), governing),
        before=(create, *fill),
        after=((engine.program, "cp", f"{parts.name}:{run / 'artifacts'}/.", str(run / "artifacts")),),
        removal=Ending((engine.program, "rm", "--force", "--volumes", parts.name), governing),
    )


def _make_command(command: Command, container: Container) -> tuple[str, ...]:
    """The image and what runs in it: the best shell that the image has, given the whole text as one argument.

    An image's entry point that prepares and then runs what it is given is kept; one that is a shell or an interpreter
    itself would take the shell's name for a script.
    """
    words: tuple[str, ...] = command.argv
    if command.shell[0] in _SHELLS:
        words = ("sh", "-c", _FIND_SHELL, "reenact", *command.argv[1:])
    entry = os.path.basename(container.image.entrypoint[0]) if container.image.entrypoint else ""
    if entry in _SHELLS or entry.startswith("python"):
        return ("--entrypoint", words[0], container.image.id, *words[1:])
    return (container.image.id, *words)


class _User(NamedTuple):
    options: tuple[str, ...] = ()
    variables: Mapping[str, str] = {}


def _make_user(engine: Engine, spec: DockerSpec, caller: Mapping[str, str]) -> _User:
    """Who the command is inside: the caller, so that what it writes is the caller's, unless somebody else is asked for.

    A user whom the image does not know has no home there and no name: ``/tmp`` can be written by everybody.
    """
    if find_argument(spec.arguments, "user") is not None:
        return _User()
    if spec.container.user is not None:
        return _User(("--user", spec.container.user))
    user = os.geteuid()
    if engine.rootless and engine.name == "docker":
        return _User(("--user", "0:0"))
    keep = ("--userns", "keep-id") if engine.rootless else ()
    known = {"HOME": "/tmp", "USER": caller.get("USER") or str(user)} if user else {}  # noqa: S108
    return _User((*keep, "--user", f"{user}:{os.getegid()}"), known)


def _render_container(engine: Engine, spec: DockerSpec, site: Site) -> tuple[str, ...]:
    """The project's own settings as options."""
    asked = spec.container
    folder = site.root / site.plan.command.cwd
    words: list[str] = []
    if asked.gpus:
        gpus = ("--device", "nvidia.com/gpu=all") if engine.name == "podman" else ("--gpus", asked.gpus)
        words += gpus
    if asked.shm_size:
        words += ("--shm-size", asked.shm_size)
    if asked.platform:
        words += ("--platform", asked.platform)
    for port in asked.ports:
        words += ("--publish", port)
    for volume in asked.volumes:
        words += ("--volume", expand_volume(volume, folder, site.world.environ))
    return tuple(words)


def _list_folders(reach: Reach, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The folders of tracking, and the file of credentials that one of the variables names."""
    file = variables.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    return (*reach.folders, file) if file.startswith("/") and os.path.exists(file) else reach.folders
