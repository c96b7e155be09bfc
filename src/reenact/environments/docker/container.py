"""A container as a command: what it is made with is decided here, and who asks the engine for it."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Mapping
from pathlib import Path

from reenact.environments.docker.arguments import (
    close_arguments,
    drop_arguments,
    find_argument,
    list_shown,
    list_targets,
    list_variables,
    render_arguments,
)
from reenact.environments.docker.engine import Engine, has_settings
from reenact.environments.docker.image import Image
from reenact.environments.docker.mounts import (
    CODE,
    Mount,
    close_volume,
    expand_volume,
    expect_nearby,
    find_target,
    list_inner,
    make_mounts,
    make_sources,
)
from reenact.environments.docker.parts import LABEL, Parts
from reenact.environments.docker.variables import Reach, find_governing, hand_variables, make_reach, make_variables
from reenact.environments.launch import Launch, Site, make_hook
from reenact.errors import UnsupportedError
from reenact.plan import Command, DockerSpec
from reenact.process.guard import Ending
from reenact.process.handed import HANDED
from reenact.values import NamedTuple

MEANINGS = {
    125: "the container engine did not start the command, if this code is not the command's own",
    127: "the image does not have a program that was called, or no shell to run the command",
    137: "killed, perhaps for want of memory",
}

_SHELLS = frozenset(("sh", "bash", "dash", "ash", "zsh", "ksh"))
_AROUND = """\
_reenact_shell=sh; ! command -v bash >/dev/null 2>&1 || _reenact_shell=bash
_reenact_told=
trap _reenact_told=1 TERM INT HUP QUIT
exec 3>&2 2>/dev/null
( exec 2>&3 3>&-; exec "$_reenact_shell" "$@" ); _reenact_code=$?
_reenact_turns=100
while [ "$_reenact_told" ] && set -- /proc/[0-9]* && [ $# -gt 2 ] && [ $_reenact_turns -gt 0 ] && sleep 0.1; do
  _reenact_turns=$((_reenact_turns - 1))
done
exit $_reenact_code
"""
"""The first process that a container's own starts. When it ends, the engine kills whatever is left, and a shell that is
asked to end does so before the programs that it had started: this one waits for them. It says nothing itself."""

_REMOVE = 'for id in $("$1" ps --all --quiet --filter "label=$2"); do "$1" rm --force --volumes "$id"; done'
"""Removes the containers that have a label."""


class Container(NamedTuple):
    """An image that is here and the engine to start it: the place of a run. ``made`` says that it was not here yet."""

    kind: str
    engine: Engine
    image: Image
    path: str | None = None
    variables: Mapping[str, str] = {}
    made: bool = False


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
    alone = not site.plan.isolation.network
    entrypoint, words = _make_command(command, container)
    volumes = _list_volumes(spec, site)
    if not engine.remote:
        make_sources(volumes)
    taken = (*map(find_target, volumes), *list_targets(spec.arguments))
    mounts = make_mounts(site, _list_folders(reach, variables), with_code=not spec.bake, taken=taken)
    if site.plan.isolation.read_only:
        mounts = _close_inner(mounts, (*volumes, *list_shown(spec.arguments)), taken)
    parts = Parts(
        name=find_argument(spec.arguments, "name") or site.folder.name,
        image=container.image.id,
        words=words,
        # An image is made of the project, whatever it is a part of.
        folder=CODE if spec.bake else os.path.normpath(f"{CODE}/{command.cwd}"),
        run=site.folder.name,
        entrypoint=entrypoint,
        variables={**user.variables, **variables, **reach.variables},
        mounts=mounts,
        volumes=volumes,
        user=user.name,
        network="none" if alone else asked or reach.network,
        hosts=() if alone else reach.hosts,
        # Programs of another system's security policy may not read our files otherwise.
        security=("label=disable",) if os.path.exists("/sys/fs/selinux/enforce") else (),
        closed=site.plan.isolation.read_only,
        terminal=site.terminal,
        more=(*user.options, *_render_settings(engine, spec), *_render_arguments(spec, site)),
    )
    seen = {**container.image.variables, **parts.variables, **list_variables(spec.arguments)}
    launch = _choose_launch(engine, parts, site)
    return launch._replace(folders=tuple(map(Path, reach.folders)), meanings=MEANINGS, inside=seen)


def _choose_launch(engine: Engine, parts: Parts, site: Site) -> Launch:
    if engine.remote:
        return _launch_far(engine, parts, site)
    if engine.name == "docker" and engine.socket and not parts.more and not has_settings(site.world.environ):
        return _launch_directly(engine, parts, site)
    return _launch_near(engine, parts, site)


def _launch_directly(engine: Engine, parts: Parts, site: Site) -> Launch:
    """Our own client, where the engine's has nothing to say to it."""
    from reenact.environments.docker import client

    return Launch(
        argv=(sys.executable, "-P", "-m", client.__name__, HANDED),
        cwd=site.root,
        environ={"PATH": os.defpath, "PYTHONPATH": str(Path(__file__).parents[3])},
        ending=_make_ending(engine, parts, site),
        handed=client.make_request(engine.socket or "", parts),
        inline=client.Order,
    )


def _launch_near(engine: Engine, parts: Parts, site: Site) -> Launch:
    """The engine's client, which starts the container and waits for it."""
    from reenact.environments.docker.words import render_run

    handed = hand_variables(parts.variables, site.world.environ)
    return Launch(
        argv=(engine.program, *render_run(parts, handed.options)),
        cwd=site.root,
        environ=handed.environ,
        ending=_make_ending(engine, parts, site),
        handed=handed.file,
    )


def _make_ending(engine: Engine, parts: Parts, site: Site) -> Ending:
    environ = find_governing(site.world.environ)
    if parts.name == parts.run:
        return Ending((engine.program, "rm", "--force", "--volumes", parts.name), environ)
    # A name that the caller chose may be that of a container that is none of ours.
    return Ending(("/bin/sh", "-c", _REMOVE, "reenact", engine.program, f"{LABEL}={parts.run}"), environ)


def _launch_far(engine: Engine, parts: Parts, site: Site) -> Launch:
    """An engine that does not see our files: they are copied in, and what the run made is copied out."""
    from reenact.environments.docker.words import render_create

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
    handed = hand_variables(parts.variables, site.world.environ)
    create = (engine.program, *render_create(parts._replace(mounts=tuple(copied)), handed.options))
    # Whoever owns a file here owns it there.
    fill = [(engine.program, "cp", f"{mount.source}/.", f"{parts.name}:{mount.target}") for mount in copied]
    return Launch(
        argv=(engine.program, "start", "--attach", "--interactive", parts.name),
        cwd=site.root,
        environ=handed.environ,
        ending=Ending((engine.program, "kill", parts.name), find_governing(site.world.environ)),
        before=(create, *fill),
        after=((engine.program, "cp", f"{parts.name}:{run / 'artifacts'}/.", str(run / "artifacts")),),
        removal=_make_ending(engine, parts, site),
        handed=handed.file,
    )


def _make_command(command: Command, container: Container) -> tuple[str | None, tuple[str, ...]]:
    """The entry point, where it is not the image's, and what runs: the best shell that the image has, given the whole
    text as one argument.

    An image's entry point that prepares and then runs what it is given is kept; one that is a shell or an interpreter
    itself would take the shell's name for a script.
    """
    words: tuple[str, ...] = command.argv
    if command.shell[0] in _SHELLS:
        words = ("sh", "-c", _AROUND, "reenact", *command.argv[1:])
    entry = os.path.basename(container.image.entrypoint[0]) if container.image.entrypoint else ""
    if entry in _SHELLS or entry.startswith("python"):
        return words[0], words[1:]
    return None, words


class _User(NamedTuple):
    """Who the command is inside, which variables say so, and options for that which only the client understands."""

    name: str | None = None
    variables: Mapping[str, str] = {}
    options: tuple[str, ...] = ()


def _make_user(engine: Engine, spec: DockerSpec, caller: Mapping[str, str]) -> _User:
    """Who the command is inside: the caller, so that what it writes is the caller's, unless somebody else is asked for.

    A user whom the image does not know has no home there and no name: ``/tmp`` can be written by everybody.
    """
    if find_argument(spec.arguments, "user") is not None:
        return _User()
    if spec.container.user is not None:
        return _User(spec.container.user)
    user = os.geteuid()
    if engine.rootless and engine.name == "docker":
        return _User("0:0")
    known = {"HOME": "/tmp", "USER": caller.get("USER") or str(user)} if user else {}  # noqa: S108
    return _User(f"{user}:{os.getegid()}", known, ("--userns", "keep-id") if engine.rootless else ())


def _render_settings(engine: Engine, spec: DockerSpec) -> tuple[str, ...]:
    """The project's own settings that are options of the client alone."""
    asked = spec.container
    words: list[str] = []
    if asked.gpus:
        words += ("--device", "nvidia.com/gpu=all") if engine.name == "podman" else ("--gpus", asked.gpus)
    if asked.shm_size:
        words += ("--shm-size", asked.shm_size)
    if asked.platform:
        words += ("--platform", asked.platform)
    for port in asked.ports:
        words += ("--publish", port)
    return tuple(words)


def _list_volumes(spec: DockerSpec, site: Site) -> tuple[str, ...]:
    """What the project mounts, each once, as this machine has it."""
    folder = site.root / site.plan.command.cwd
    volumes = [expand_volume(volume, folder, site.world.environ) for volume in spec.container.volumes]
    return tuple(dict.fromkeys(map(close_volume, volumes) if site.plan.isolation.read_only else volumes))


def _close_inner(mounts: tuple[Mount, ...], volumes: tuple[str, ...], taken: Collection[str]) -> tuple[Mount, ...]:
    """The mounts, and in them, and in what project and caller mount, each that would stay open."""
    theirs = [Mount(volume.partition(":")[0], find_target(volume)) for volume in volumes if volume.startswith("/")]
    there = {*(mount.target for mount in mounts), *taken}
    inner = list_inner([*(mount for mount in mounts if not mount.own), *theirs])
    return (*mounts, *(mount for mount in inner if mount.target not in there))


def _render_arguments(spec: DockerSpec, site: Site) -> tuple[str, ...]:
    given = drop_arguments(spec.arguments, "name", "network")
    return render_arguments(close_arguments(given) if site.plan.isolation.read_only else given)


def _list_folders(reach: Reach, variables: Mapping[str, str]) -> tuple[str, ...]:
    """The folders of tracking, and the file of credentials that one of the variables names."""
    file = variables.get("GOOGLE_APPLICATION_CREDENTIALS", "")
    return (*reach.folders, file) if file.startswith("/") and os.path.exists(file) else reach.folders
