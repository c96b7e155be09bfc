"""What a command in a container finds in its environment, and how it reaches the tracking server.

A container has its image's variables. Of the caller's it gets those that the project lists, those that MLflow's own
client needs to log to where it was told, and those that the caller names with ``--keep``.

Values are in no argument list and in no file on a disk. They travel by an environment file that is in memory only
(:mod:`reenact.process.handed`). Such files know no quoting: a value of several lines breaks them, and each engine reads
some others in a way of its own. What all of them do not read alike is named (``--env NAME``), and the engine's client
takes the value from its own environment, which only this user can read.
"""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping

from reenact.environments.docker.engine import Engine
from reenact.environments.launch import Site
from reenact.errors import UsageError
from reenact.plan import Command, DockerSpec
from reenact.process.handed import HANDED
from reenact.process.surroundings import TRACKING, make_environ
from reenact.project.types import DockerEnvironment
from reenact.values import NamedTuple

_CLIENT = ("MLFLOW_TRACKING_", "MLFLOW_REGISTRY_", "MLFLOW_EXPERIMENT_", "MLFLOW_RUN_", "MLFLOW_S3_")
_STORAGE = frozenset(
    (
        *("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_REGION", "AWS_DEFAULT_REGION"),
        *("DATABRICKS_HOST", "DATABRICKS_TOKEN"),
    )
)
_STORAGES = ("AZURE_STORAGE_",)
"""What MLflow's client needs for the artifacts of a tracking server: names, and beginnings of names."""

_ENGINES_OWN = frozenset(
    (
        *("PATH", "HOME", "USER", "TMPDIR", "REGISTRY_AUTH_FILE", "NOTIFY_SOCKET"),
        *("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "FTP_PROXY", "NO_PROXY"),
    )
)
_ENGINES_MORE = (
    *("DOCKER_", "BUILDKIT_", "CONTAINER_", "CONTAINERD_", "CONTAINERS_", "PODMAN_", "NERDCTL_"),
    *("LD_", "DYLD_", "XDG_", "SSL_CERT_", "SSH_", "DBUS_", "GO"),
)
"""Variables by which the engine's client is governed itself: names, and beginnings of names, in capital letters."""

_LINE = 1 << 14
"""Characters of a line of an environment file that every engine reads."""


class Reach(NamedTuple):
    """How tracking is reached from inside: variables to change, the network it takes, hosts that it must know
    (``name:address``), folders that have to be seen."""

    variables: Mapping[str, str] = {}
    network: str | None = None
    hosts: tuple[str, ...] = ()
    folders: tuple[str, ...] = ()


def check_variables(container: DockerEnvironment, caller: Mapping[str, str]) -> None:
    """See that every variable that the project lists can be had.

    Raises:
        UsageError: some are not set here.
    """
    missing = [item for item in container.environment if isinstance(item, str) and item not in caller]
    if missing:
        names = ", ".join(missing)
        raise UsageError(
            f"This project expects the environment variables {names}, which are not set here",
            hint="set them: " + " ".join(f"export {name}=..." for name in missing),
        )


def make_variables(command: Command, spec: DockerSpec, site: Site) -> dict[str, str]:
    """The variables of the command, without those of the image."""
    caller, container = site.world.environ, spec.container
    tracked = bool(caller.get(TRACKING[0]))
    chosen = {name: value for name, value in caller.items() if _is_clients(name, tracked) or name in site.plan.keep}
    check_variables(container, caller)
    listed = dict((item, caller[item]) if isinstance(item, str) else item for item in container.environment)
    inside = site.world._replace(environ={**chosen, **listed})
    made = make_environ(inside, command, site.folder, keep=site.plan.keep, secrets=site.secrets)
    if "PATH" not in listed and "PATH" not in chosen:
        # The image's own.
        del made["PATH"]
    # With it the container's first process hands signals to the whole group of the command, not to its shell alone:
    # tini(1), which is what --init means for Docker.
    return {"TINI_KILL_PROCESS_GROUP": "1", **made}


def make_reach(variables: Mapping[str, str], engine: Engine, network: str | None, *, publishes: bool) -> Reach:
    """How the addresses of tracking among ``variables`` are reached.

    A folder, or the folder of a SQLite file, is mounted at its own path. A server on this machine's loopback is reached
    by sharing the machine's network where the project has said nothing of networks or ports and the engine has the same
    network as we; else its address is written as the engine's name for this machine.
    """
    changed: dict[str, str] = {}
    folders: list[str] = []
    hosts: list[str] = []
    host_network = False
    inner = "host.containers.internal" if engine.name == "podman" else "host.docker.internal"
    for name in TRACKING:
        uri = variables.get(name)
        if not uri:
            continue
        if folder := find_store_folder(uri):
            folders.append(folder)
        if not is_loopback(uri) or network in ("host", "none"):
            continue
        if network is None and not publishes and shares_network(engine):
            host_network = True
            continue
        changed[name] = with_host(uri, inner)
        if engine.name != "podman" and sys.platform == "linux" and not hosts:
            hosts = [f"{inner}:host-gateway"]
    return Reach(changed, "host" if host_network else None, tuple(hosts), tuple(folders))


def shares_network(engine: Engine) -> bool:
    """Whether ``--network host`` is the network that we are in: not with a virtual machine or a user's own network."""
    desktop = engine.socket is not None and "/.docker/" in engine.socket
    return (
        sys.platform == "linux"
        and not engine.remote
        and not desktop
        and not (engine.rootless and engine.name == "docker")
    )


def find_store_folder(uri: str) -> str | None:
    """The folder of a store in files: ``/path``, ``file:///path``, ``sqlite:////path/x.db``; None for a server."""
    if uri.startswith("/"):
        return uri
    from urllib.parse import unquote, urlsplit

    parts = urlsplit(uri)
    if parts.scheme == "file" and parts.netloc in ("", "localhost"):
        return unquote(parts.path)
    found = re.match(r"sqlite(?:\+\w+)?:///(/[^?]+)", uri)
    # Its folder, because SQLite keeps a journal beside the file.
    return os.path.dirname(found[1]) if found else None


def is_loopback(uri: str) -> bool:
    """Whether an address means this machine's loopback."""
    from urllib.parse import urlsplit

    parts = urlsplit(uri)
    host = (parts.hostname or "").rstrip(".")
    return parts.scheme in ("http", "https") and (
        host in ("localhost", "::1", "0.0.0.0")  # noqa: S104
        or host.endswith(".localhost")
        or re.match(r"127(\.\d+){3}$", host) is not None
    )


def with_host(uri: str, host: str) -> str:
    """The address with another host; port and credentials stay."""
    from urllib.parse import urlsplit, urlunsplit

    parts = urlsplit(uri)
    user, at, _ = parts.netloc.rpartition("@")
    port = f":{parts.port}" if parts.port else ""
    return urlunsplit(parts._replace(netloc=f"{user}{at}{host}{port}"))


def find_governing(caller: Mapping[str, str]) -> dict[str, str]:
    """The caller's variables by which the engine's client is governed."""
    return {name: value for name, value in caller.items() if _is_engines(name)}


class Handed(NamedTuple):
    """Variables on their way into a container: the options of the client, its environment, the environment file."""

    options: tuple[str, ...]
    environ: Mapping[str, str]
    file: bytes


def hand_variables(variables: Mapping[str, str], caller: Mapping[str, str]) -> Handed:
    """The variables by an environment file; what it cannot hold by name, with the value in the client's environment.

    A variable by which the client itself is governed keeps the caller's value there. Another value for it that the file
    cannot hold, which only the project file can have given, stands in the option.
    """
    options: list[str] = []
    lines: list[str] = []
    environ = dict(caller)
    for name, value in variables.items():
        if fits_in_file(name, value):
            lines.append(f"{name}={value}\n")
        elif _is_engines(name) and caller.get(name) != value:
            options += ["--env", f"{name}={value}"]
        else:
            options += ["--env", name]
            environ[name] = value
    file = ("--env-file", HANDED) if lines else ()
    return Handed((*file, *options), environ, "".join(lines).encode())


def fits_in_file(name: str, value: str) -> bool:
    """Whether every engine reads the line ``name=value`` of an environment file as just that.

    They differ in what they make of quotation marks and white space around a value and of line ends other than ours,
    and some take no line beyond 64 KiB.
    """
    around = f"{value[:1]}{value[-1:]}"
    whole = f"{name}={value}"
    plain = re.fullmatch(r"[^\s#=][^\s=]*", name) and not re.search(r"[\s\"'`\\]", around)
    return bool(plain) and whole.isprintable() and len(whole) < _LINE


def _is_clients(name: str, tracked: bool) -> bool:
    """Whether MLflow's own client needs it inside; ``tracked``: it has been told of a server."""
    return name.startswith(_CLIENT) or (tracked and (name in _STORAGE or name.startswith(_STORAGES)))


def _is_engines(name: str) -> bool:
    name = name.upper()
    return name in _ENGINES_OWN or name.startswith(_ENGINES_MORE)
