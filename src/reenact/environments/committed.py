"""``reenact.lock``: environments that the author resolved and committed, one for each platform and accelerator.

It is TOML, in a stable order. Each environment has the lines that were asked for when it was made and the text of its
lock; it is used for as long as the same lines are asked for. Paths in it are relative to the project.
"""

from __future__ import annotations

from pathlib import Path

from blake3 import blake3

from reenact.codec import encode, from_plain, to_plain
from reenact.document_cache import find_documents
from reenact.environments import MANAGER_OF
from reenact.environments.definition import parse_toml, read_bytes
from reenact.environments.local_code import digest_local, keep_copy, show_copy
from reenact.environments.once import find_lock
from reenact.environments.settings import platform_tag
from reenact.errors import ProjectError, RecordError
from reenact.files import make_folder, write_atomic
from reenact.hints import Any
from reenact.json_text import parse_json, render_json
from reenact.plan import CommittedLock, EnvironmentLock, EnvironmentSpec, digest
from reenact.project.environment_files import LOCK_FILE as FILE
from reenact.project.toml_text import Table
from reenact.values import NamedTuple
from reenact.world import World

VERSION = 1
HEAD = "# Made by `reenact lock`: commit it, and let nobody edit it by hand.\n"
BARE = "a bare Python"
"""What an environment is called that no file defines."""

ANEW = "take one side of a merge, or delete it; then make it anew: reenact lock"

KINDS = ("python", "conda")
"""The kinds of environment that can be committed."""

UNASKED = frozenset({"kind", "notes", "origin", "files", "lock_file", "locked", "as_of", "accelerator", "variables"})
"""Fields of a spec that do not say what is asked for, or say it a second time."""


class Entry(NamedTuple):
    """One environment of the file. ``local`` are the paths of the project's own code that it installs.

    ``interpreted`` says that it stands on an interpreter of the machine; ``resolved_for`` is else the lock's platform.
    """

    environment: str
    platform: str
    kind: str
    asked: tuple[str, ...]
    lock: str
    accelerator: str | None = None
    as_of: str | None = None
    python: str | None = None
    interpreted: bool = False
    resolved_for: str = ""
    options: tuple[str, ...] = ()
    local: tuple[str, ...] = ()

    @property
    def name(self) -> tuple[str, str, str]:
        """What no two environments of a file share."""
        return (self.environment, self.platform, self.accelerator or "")


def list_asked(spec: EnvironmentSpec) -> tuple[str, ...]:
    """What ``spec`` asks for as lines, each with its field's name in front: ``dependencies six``."""
    return tuple(_list_lines("", {name: value for name, value in to_plain(spec).items() if name not in UNASKED}))


def _list_lines(name: str, value: Any) -> list[str]:
    if isinstance(value, dict) and name == "local":
        value = sorted(value)  # its content is what it is now, whatever the lock says
    if isinstance(value, dict):
        parts = (_list_lines(key, item) for key, item in sorted(value.items()) if key not in UNASKED)
        return [f"{name} {line}".strip() for part in parts for line in part]
    if isinstance(value, list):
        return [f"{name} {item if isinstance(item, str) else render_json(item, sort=True)}" for item in value]
    return [] if value is None else [f"{name} {value}"]


def find_committed(spec: EnvironmentSpec, root: Path, world: World) -> CommittedLock | None:
    """The project's ``reenact.lock``, and whether it answers ``spec``; None where there is no such file.

    Raises:
        ProjectError: the file is damaged.
    """
    path = root / FILE
    if not path.is_file():
        return None
    data = read_bytes(path, FILE)
    wanted = _wanted(spec)
    asked = list_asked(spec)
    cache = find_documents(world.home)
    key = digest((blake3(data).hexdigest(), wanted, spec.kind, asked, getattr(spec, "as_of", None), VERSION))
    found = CommittedLock(FILE, blake3(data).hexdigest(), wanted[0])
    if (kept := cache.find(key)) is not None:
        try:
            return found._replace(stale=tuple(parse_json(kept)))
        except (ValueError, TypeError):
            pass  # damaged: to be made again
    stale = find_stale(read_entries(data, world), spec)
    cache.keep(key, render_json(stale).encode())
    return found._replace(stale=stale)


def find_stale(entries: tuple[Entry, ...], spec: EnvironmentSpec) -> tuple[str, ...]:
    """Why none of ``entries`` answers ``spec``; nothing where one does."""
    wanted = _wanted(spec)
    entry = next((each for each in entries if each.name == wanted), None)
    if entry is None:
        there = ", ".join(sorted({_describe(each.name) for each in entries})) or "nothing"
        return (f"it has no environment for {_describe(wanted)}, only for {there}",)
    _expect_sound(entry)
    if entry.kind != spec.kind:
        # Hardly a line of one is a line of the other.
        made, wants = (MANAGER_OF.get(kind, kind) for kind in (entry.kind, spec.kind))
        return (f"it was made with {made} (--env-manager {made}), and this is resolved with {wants}",)
    asked = list_asked(spec)
    lines = [f"new: {line}" for line in asked if line not in entry.asked]
    lines += [f"gone: {line}" for line in entry.asked if line not in asked]
    if not lines and asked != entry.asked:
        lines.append("the order of the lines")
    as_of = getattr(spec, "as_of", None)
    if as_of is not None and as_of != entry.as_of:
        lines.append(f"as of {as_of}, and it was made as of {entry.as_of or 'no moment'}")
    return tuple(lines)


def _expect_sound(entry: Entry) -> None:
    """See that what somebody has edited or merged can still be read.

    Raises:
        ProjectError: it cannot.
    """
    from reenact.environments.packages import list_packages
    from reenact.environments.python.versions import parse_request

    try:
        if entry.kind not in KINDS:
            raise ValueError(f"there is no kind of environment '{entry.kind}'")
        if entry.interpreted:
            parse_request(entry.python or "")
        elif not entry.resolved_for:
            raise ValueError("it says neither 'interpreted' nor 'resolved_for'")
        list_packages(entry.lock)
    except (ValueError, RecordError) as problem:
        raise ProjectError(f"{FILE} is damaged: {_describe(entry.name)}: {problem}", hint=ANEW) from problem


def adopt(committed: CommittedLock, spec: EnvironmentSpec, root: Path, world: World) -> EnvironmentLock:
    """The committed environment as a lock for this machine.

    Raises:
        ProjectError: the file is not what it was when the run was planned.
        BuildError: the Python that it names cannot be had.
    """
    local = find_local(spec)
    wanted = _wanted(spec)
    path = (
        world.home.locks
        / "committed"
        / f"{digest((committed.digest, wanted, sorted(local.items()), platform_tag()))}.json"
    )
    if (known := find_lock(path)) is None:
        data = read_bytes(root / committed.file, committed.file)
        if blake3(data).hexdigest() != committed.digest:
            raise ProjectError(f"{committed.file} is not what it was when the run was planned", hint="run again")
        entry = next(each for each in read_entries(data, world) if each.name == wanted)
        known = _settle(entry, spec, root, world)
        make_folder(path.parent)
        write_atomic(path, encode(known))
    for note in known.notes:
        world.report.warn(note)
    return known


def _settle(entry: Entry, spec: EnvironmentSpec, root: Path, world: World) -> EnvironmentLock:
    from reenact.environments.python.interpreters import find_interpreter

    local = {name: digest_local(root / name, world) for name in entry.local}
    text = entry.lock
    for name, content in local.items():
        copy = show_copy(keep_copy(root / name, content, world), world)
        text = text.replace(render_json(_mark(name)), render_json(copy))
    choice = find_interpreter(entry.python or "", world) if entry.interpreted else None
    return EnvironmentLock(
        kind=entry.kind,
        text=text,
        python=choice.interpreter.version if choice else entry.python,
        interpreter=choice.interpreter.path if choice else None,
        platform=platform_tag() if choice else entry.resolved_for,
        options=entry.options,
        files=_find_files(spec),
        local=local,
        variables=getattr(spec, "variables", {}),
        notes=choice.notes if choice else (),
    )


def make_entry(spec: EnvironmentSpec, lock: EnvironmentLock, root: Path, world: World) -> Entry:
    """The environment as the file has it, for what ``spec`` resolved to."""
    text = lock.text
    for name, content in lock.local.items():
        copy = show_copy(keep_copy(root / name, content, world), world)
        text = text.replace(render_json(copy), render_json(_mark(name)))
    environment, platform, accelerator = _wanted(spec)
    return Entry(
        environment=environment,
        platform=platform,
        kind=lock.kind,
        asked=list_asked(spec),
        lock=text,
        accelerator=accelerator or None,
        as_of=getattr(spec, "as_of", None),
        python=lock.python,
        interpreted=lock.interpreter is not None,
        resolved_for="" if lock.interpreter is not None else lock.platform,
        options=lock.options,
        local=tuple(sorted(lock.local)),
    )


def _mark(name: str) -> str:
    """How a path of the project is written where a lock's text names the copy of what is there."""
    return name if name.startswith(".") else f"./{name}"


def read_entries(data: bytes, world: World) -> tuple[Entry, ...]:
    """The environments in the text of a lock file.

    Raises:
        ProjectError: it is damaged, or of a version that is not known here.
    """
    plain = parse_toml(data, FILE, pick, world, hint=ANEW)
    if plain["version"] != VERSION:
        message = f"{FILE} is of version {plain['version']}, and this reenact knows version {VERSION}"
        raise ProjectError(message, hint="use a newer reenact, or make it anew: reenact lock")
    try:
        entries = tuple(from_plain(Entry, each, f"environment[{i}]") for i, each in enumerate(plain["environments"]))
    except ValueError as problem:
        raise ProjectError(f"{FILE} is damaged: {problem}", hint=ANEW) from problem
    names = [entry.name for entry in entries]
    if twice := next((name for name in names if names.count(name) > 1), None):
        # Two sides of a merge that git found no conflict in.
        raise ProjectError(f"{FILE} is damaged: it has {_describe(twice)} twice", hint=ANEW)
    return entries


def pick(table: Table) -> dict[str, Any]:
    """The whole file."""
    return {"version": table.get("version"), "environments": table.get("environment", [])}


def render_entries(entries: tuple[Entry, ...]) -> bytes:
    """The text of a lock file, in the order of the environments' names."""
    parts = [f"{HEAD}version = {VERSION}\n"]
    parts += [_render_entry(entry) for entry in sorted(entries, key=lambda each: each.name)]
    return "\n".join(parts).encode()


def _render_entry(entry: Entry) -> str:
    import tomli_w

    said = {key for key, value in entry._asdict().items() if value != entry._field_defaults.get(key, ...)}
    plain = {key: value for key, value in to_plain(entry).items() if key in said - {"lock"}}
    # Between these quotes nothing is escaped, so that a change shows as the lines that changed.
    literal = "'''" not in entry.lock and all(c.isprintable() or c in "\n\t" for c in entry.lock)
    lock = f"lock = '''\n{entry.lock}'''\n" if literal else tomli_w.dumps({"lock": entry.lock})
    return f"[[environment]]\n{tomli_w.dumps(plain)}{lock}"


def with_entry(entries: tuple[Entry, ...], entry: Entry) -> tuple[Entry, ...]:
    """``entries`` with this one in the place of the one of its name."""
    return (*(each for each in entries if each.name != entry.name), entry)


def find_local(spec: EnvironmentSpec) -> dict[str, str]:
    """The local code that a spec leads to, also where it does so by a part of its own."""
    inner = getattr(spec, "pip", None)
    return {**getattr(spec, "local", {}), **getattr(inner, "local", {})}


def _find_files(spec: EnvironmentSpec) -> tuple[str, ...]:
    return (*getattr(spec, "files", ()), *getattr(getattr(spec, "pip", None), "files", ()))


def _wanted(spec: EnvironmentSpec) -> tuple[str, str, str]:
    origin = getattr(spec, "origin", None) or getattr(getattr(spec, "pip", None), "origin", None)
    return (origin or BARE, find_platform(), getattr(spec, "accelerator", None) or "")


def find_platform() -> str:
    """The system and the processor, and the C library where it is not glibc: a committed lock serves all versions."""
    system, processor, *libc = platform_tag().split("-", 2)
    musl = bool(libc) and system == "linux" and not libc[0].startswith("glibc")
    return f"{system}-{processor}{'-musl' if musl else ''}"


def _describe(name: tuple[str, str, str]) -> str:
    environment, platform, accelerator = name
    return f"{environment} on {platform}{f' with {accelerator}' if accelerator else ''}"
