"""What of this machine a container sees, and where.

Whatever a command may name by its path has the same path inside: the run folder, the files that parameters name, the
folders of a tracking store. The code is at :data:`CODE` besides.
"""

from __future__ import annotations

import os
import re
from collections.abc import Container, Iterable, Mapping
from contextlib import suppress
from pathlib import Path

from reenact.environments.docker.engine import Engine
from reenact.environments.launch import Site
from reenact.errors import UnsupportedError, UsageError
from reenact.values import NamedTuple

CODE = "/mlflow/projects/code"
"""The root of the project's code inside: the place that MLflow gives it in the images that it builds."""

_TAKEN = frozenset(
    ("/", "/bin", "/boot", "/dev", "/etc", "/lib", "/lib32", "/lib64", "/proc", "/run", "/sbin", "/sys", "/usr", "/var")
)
"""Folders that an image needs for itself."""


_ENGINES_OWN = r" - (overlay|nsfs|fuse\S*) |/(mounts|userdata)/shm "
"""Lines of ``/proc/self/mountinfo`` of what is there for a container, or for one user only."""


class Mount(NamedTuple):
    """A file or folder of this machine at an absolute path inside; ``own`` is what belongs to the run alone."""

    source: str
    target: str
    own: bool = False

    def covers(self, other: Mount) -> bool:
        """Whether whoever has this mount sees the other at its place already."""
        below = Path(other.source).is_relative_to(self.source) and Path(other.target).is_relative_to(self.target)
        return below and os.path.relpath(other.source, self.source) == os.path.relpath(other.target, self.target)


def make_mounts(
    site: Site, folders: Iterable[str], *, with_code: bool, taken: Container[str] = ()
) -> tuple[Mount, ...]:
    """The mounts of a run; ``folders`` are more that keep their path. Where something is mounted that the project or
    the caller has asked for (``taken``), nothing of ours is.

    Raises:
        UnsupportedError: a parameter names a folder that the image needs for itself.
    """
    places = [str(site.folder), *folders, *(find_visible(path) for path in site.plan.paths)]
    if site.plan.downloads and site.plan.storage_dir is not None:
        places.append(f"{site.plan.storage_dir}/{site.folder.name}")
    mounts = [Mount(str(site.root), CODE)] if with_code else []
    for place in dict.fromkeys(places):
        if place in _TAKEN:
            message = f"a parameter of the command names a file in {place}, which a container has its own of"
            raise UnsupportedError(message, hint="put the file into a folder of its own")
        mounts.append(Mount(place, place, own=place == places[0]))
    mounts = [mount for mount in mounts if mount.target not in taken]
    # Where the others are closed, what is the run's own stays open in them.
    open_ones = [m for m in mounts if m.own and site.plan.isolation.read_only]
    return tuple(m for m in mounts if m in open_ones or not any(o.covers(m) for o in mounts if o != m))


def find_visible(path: str) -> str:
    """What to mount so that ``path`` means the same inside: itself, or the folder that it is to be made in."""
    while not os.path.exists(path):
        path = os.path.dirname(path)
    return path


def render_mount(mount: Mount, *, read_only: bool = False) -> tuple[str, str]:
    """``--mount``, whose value is a line of CSV; unlike ``-v`` it makes no empty folder where the source is missing."""
    closed = ("readonly",) if read_only else ()
    fields = ("type=bind", f"source={mount.source}", f"target={mount.target}", *closed)
    quoted = ('"' + field.replace('"', '""') + '"' if re.search(r'[",\n]', field) else field for field in fields)
    return "--mount", ",".join(quoted)


def expand_volume(volume: str, folder: Path, caller: Mapping[str, str]) -> str:
    """A ``volumes`` item with the caller's variables in it, as MLflow's shell expands them; nothing else is special.

    ``$PWD`` is the project's folder, and a path that begins with ``.`` is relative to it; ``~/`` is the caller's home.

    Raises:
        UsageError: a variable is not set, or it takes a shell to read it.
    """
    if found := re.search(r"\$\([^)]*\)?|`[^`]*`?|\$\{(?!\w+\})[^}]*\}?", volume):
        message = f"the volume {volume} has {found[0]} in it, and no shell reads it"
        raise UsageError(message, hint="only $NAME, ${NAME} and ~/ are expanded; $PWD is the project's folder")

    def replace(found: re.Match[str]) -> str:
        name = found[1] or found[2]
        value = str(folder) if name == "PWD" else caller.get(name)
        if value is None:
            raise UsageError(f"the volume {volume} names ${name}, which is not set here", hint=f"export {name}=...")
        return value

    text = re.sub(r"\$(?:(\w+)|\{(\w+)\})", replace, volume)
    if text.startswith("~/"):
        text = caller.get("HOME", "~") + text[1:]
    if re.match(r"\.\.?(/|:)", text):
        source, colon, rest = text.partition(":")
        text = os.path.normpath(folder / source) + colon + rest
    return text


def make_sources(volumes: Iterable[str]) -> None:
    """Make each folder of this machine that is to be mounted and is not there: an engine would, as its own user, and
    the caller could not write into it."""
    for volume in volumes:
        source, _, rest = volume.partition(":")
        if source.startswith("/") and rest.startswith("/"):
            # The engine may be allowed to do what we are not.
            with suppress(OSError):
                os.makedirs(source, exist_ok=True)


def list_inner(mounts: Iterable[Mount]) -> tuple[Mount, ...]:
    """What this machine has mounted below the sources, each at its place inside: whoever closes a mount closes only
    what lies on the same file system, before Docker 25."""
    try:
        text = Path("/proc/self/mountinfo").read_text(errors="surrogateescape")
    except OSError:
        return ()
    # What engines mount for their containers comes and goes: to name it would fail now and then.
    lines = [line for line in text.splitlines() if not re.search(_ENGINES_OWN, line)]
    # proc(5): white space in a path is written in octal.
    points = [re.sub(r"\\(\d{3})", lambda code: chr(int(code[1], 8)), line.split(" ")[4]) for line in lines]
    found = [
        Mount(point, os.path.normpath(f"{mount.target}/{os.path.relpath(point, real)}"))
        for mount in mounts
        for real in [os.path.realpath(mount.source)]
        for point in dict.fromkeys(points)
        if point != real and Path(point).is_relative_to(real)
    ]
    return tuple(dict.fromkeys(found))


def find_target(volume: str) -> str:
    """Where a ``volumes`` item is mounted."""
    source, colon, rest = volume.partition(":")
    return os.path.normpath(rest.partition(":")[0] if colon else source)


def close_volume(volume: str) -> str:
    """A ``volumes`` item that cannot be written into; one that is made for the container is gone with it, and stays."""
    source, *rest = volume.split(":")
    if not rest:
        return volume
    modes = [mode for mode in ":".join(rest[1:]).split(",") if mode not in ("", "rw", "ro")]
    return f"{source}:{rest[0]}:{','.join(('ro', *modes))}"


def expect_nearby(engine: Engine, site: Site, folders: tuple[str, ...]) -> None:
    """See that an engine on another machine is asked for nothing that only this one has.

    Raises:
        UnsupportedError: it is.
    """
    outside = [path for path in (*site.plan.paths, *folders) if not Path(path).is_relative_to(site.folder)]
    if engine.remote and outside:
        raise UnsupportedError(
            f"the container engine is on another machine and does not see {outside[0]}",
            hint="give an address that it can be fetched from, or use an engine of this machine",
        )
