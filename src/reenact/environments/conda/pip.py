"""What the ``pip:`` lines of a conda file add: resolved by uv given what conda provides, put into the same prefix.

A line that a conda package already satisfies adds nothing, as with pip; one that asks for another version replaces it.
Each package is locked as one file with its hash, the one that fits the prefix's interpreter best.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path

from reenact.environments import conda
from reenact.environments.conda.build import find_file
from reenact.environments.conda.rattler_api import PipPackage
from reenact.environments.credentials import HIDDEN, redact, restore
from reenact.environments.local_code import keep_copies, show_copy
from reenact.environments.place import Workbench
from reenact.environments.python.build import index_variables, list_installed
from reenact.environments.python.lock_files import find_file_name, prefer_wheel, take_kept
from reenact.environments.python.resolve import keep_hashes, replace_local, split_options
from reenact.environments.python.uv import exclude_newer, list_doubts, run_uv
from reenact.errors import BuildError
from reenact.files import write_atomic
from reenact.hints import Any
from reenact.plan import EnvironmentLock, PythonSpec
from reenact.values import NamedTuple

RESOLVING = "resolving pip packages"
INSTALLING = "installing pip packages"
WORK = "pylock.work.toml"
LOCK_FILE = "pylock.toml"
SECRET_LOCK_FILE = "pylock.secret.toml"  # noqa: S105

# " + six==1.17.0", " + six==1.17.0 (from URL)", " + six @ URL"
_PLANNED = re.compile(r"(?m)^ \+ ((?:(\S+)==\S+ \(from (.+)\)|\S.*))$")
_FULL_COMMIT = re.compile(r"(?P<url>git\+.+)@(?P<commit>[0-9a-f]{40,64})$")


class _Lines(NamedTuple):
    """The pip lines of a conda file as uv reads them in the folder of the family.

    ``copies`` are those of the local paths that the file names, by path; ``flags`` go with every call.
    """

    options: list[str]
    asked: list[str]
    limits: list[str]
    flags: list[str]
    copies: Mapping[str, Path]


class Added(NamedTuple):
    """What pip lines add, and what is doubtful about it."""

    packages: tuple[PipPackage, ...]
    doubts: tuple[str, ...]


def resolve_pip(spec: PythonSpec, base: EnvironmentLock, before: Sequence[PipPackage], bench: Workbench) -> Added:
    """What ``spec`` adds to the conda packages of ``base``, whose environment is made for it; ``before`` are preferred.

    Raises:
        BuildError: uv finds no answer; its explanation is kept.
    """
    prefix = conda.realise(base, bench.root, bench.world).path or ""
    bench.world.report.step(RESOLVING, f"for Python {base.python}")
    lines = _read_lines(spec, prefix, bench)
    said = _plan_near(spec, lines, before, bench)
    doubts = list_doubts(said)
    added = [f"{name} @ {url}" if url else line for line, name, url in _PLANNED.findall(said)]
    if not added:
        return Added((), doubts)
    resolved = tomllib.loads(_add_hashes(spec, lines, added, bench))
    shown = {copy: path for path, copy in lines.copies.items()}
    packages = (_read_package(package, bench.folder, shown, spec.local) for package in resolved["packages"])
    return Added(tuple(packages), doubts)


def _read_lines(spec: PythonSpec, prefix: str, bench: Workbench) -> _Lines:
    copies = keep_copies(spec.local, bench.root, bench.world)
    places = {path: show_copy(copy, bench.world) for path, copy in copies.items()}
    options, flags = split_options(spec.options, places)
    flags += ["--python", f"{prefix}/bin/python", "--no-python-downloads"]
    flags += exclude_newer(spec.as_of) if spec.as_of else []
    asked = [replace_local(line, places) for line in spec.dependencies]
    limits = [replace_local(line, places) for line in spec.constraints]
    return _Lines(options, asked, limits, flags, copies)


def _plan_near(spec: PythonSpec, lines: _Lines, before: Sequence[PipPackage], bench: Workbench) -> str:
    """What uv says that it would add, with the versions of ``before`` where they still serve."""
    pins = [f"{name}=={version}" for name, version, location in before if "://" in location and version]
    if pins:
        # What is asked for now may exclude one of them.
        with suppress(BuildError):
            return _plan(spec, lines, [*lines.limits, *pins], bench)
    return _plan(spec, lines, lines.limits, bench)


def _plan(spec: PythonSpec, lines: _Lines, constraints: list[str], bench: Workbench) -> str:
    family, root, world, held = bench
    text = _join([*lines.options, *lines.asked])
    write_atomic(family / "constraints.in", _join(constraints).encode())
    write_atomic(family / "requirements.in", text.encode())
    secret = f"{HIDDEN}@" in text
    arguments = ["pip", "install", "--dry-run", "--break-system-packages", "-r", "-" if secret else "requirements.in"]
    arguments += [*lines.flags, *(["--constraints", "constraints.in"] if constraints else [])]
    given = restore(text, root, spec.files).encode() if secret else b""
    return run_uv(arguments, family, world, doing=RESOLVING, stdin=given, keep_open=held).errors


def _add_hashes(spec: PythonSpec, lines: _Lines, added: list[str], bench: Workbench) -> str:
    """The same files again as a lock (PEP 751), each with its hash, and no other."""
    family, root, world, held = bench
    arguments = [
        "pip",
        "compile",
        "-",
        "--no-deps",
        "--format",
        "pylock.toml",
        "--no-header",
        "--no-annotate",
        "--quiet",
    ]
    given = restore(_join([*lines.options, *added]), root, spec.files).encode()
    work = family / WORK
    work.unlink(missing_ok=True)
    run_uv([*arguments, *lines.flags, "-o", WORK], family, world, doing=RESOLVING, stdin=given, keep_open=held)
    resolved = keep_hashes(redact(work.read_text("utf-8")), spec.dependencies)
    work.unlink()
    return resolved


def _read_package(
    package: Mapping[str, Any], family: Path, shown: Mapping[Path, str], local: Mapping[str, str]
) -> PipPackage:
    """One package of a ``pylock.toml`` (PEP 751) as an entry of our lock."""
    name, version = package["name"], package.get("version", "0")
    if vcs := package.get("vcs"):
        location = f"{vcs['type']}+{vcs.get('url') or vcs['path']}@{vcs['commit-id']}"
        return PipPackage(name, version, _with_fragment(location, subdirectory=vcs.get("subdirectory")))
    if directory := package.get("directory"):
        path = shown[(family / directory["path"]).resolve()]
        return PipPackage(name, version, _with_fragment(path, blake3=local[path]))
    wheels = package.get("wheels", ())
    file = max(wheels, key=lambda wheel: prefer_wheel(find_file_name(wheel))) if wheels else None
    file = file or package.get("sdist") or package.get("archive") or {}
    digest = file.get("hashes", {}).get("sha256")
    url = file.get("url", "")
    here = find_file(url) or (None if url else family / file.get("path", ""))
    where = _show_path(here, shown) if here else url
    if not digest:
        raise BuildError(
            f"{RESOLVING} failed: the index gives no SHA-256 for {name} {version}: it cannot be locked", hint=where
        )
    return PipPackage(name, version, _with_fragment(where, sha256=digest, subdirectory=file.get("subdirectory")))


def _show_path(path: Path, shown: Mapping[Path, str]) -> str:
    """A file in the copy of a local path, by the path that the project knows it by."""
    path = path.resolve()
    for copy, known in shown.items():
        if path.is_relative_to(copy):
            return f"{known}/{path.relative_to(copy)}" if path != copy else known
    return str(path)


def _with_fragment(location: str, **parts: str | None) -> str:
    fragment = "&".join(f"{name}={value}" for name, value in parts.items() if value)
    location = location.partition("#")[0]
    return f"{location}#{fragment}" if fragment else location


def _join(lines: Iterable[str]) -> str:
    return "".join(f"{line}\n" for line in lines)


def install_pip(lock: EnvironmentLock, packages: Sequence[PipPackage], bench: Workbench) -> None:
    """Put ``packages`` into the prefix at the bench, every hash checked by uv.

    Raises:
        BuildError: one cannot be had, or is not the one that was locked.
    """
    folder, root, world, held = bench
    world.report.step(INSTALLING)
    copies = keep_copies(lock.local, root, world)
    shown = render_pylock(packages, copies)
    text = restore(shown, root, lock.files)
    write_atomic(folder / LOCK_FILE, shown.encode())
    text = take_kept(text, lock.made, world.home)
    name = LOCK_FILE
    if text != shown:
        name = SECRET_LOCK_FILE
        write_atomic(folder / name, text.encode(), mode=0o600)
    arguments = ["pip", "install", "--no-deps", "-r", name, "--python", "bin/python", "--preview-features", "pylock"]
    arguments += ["--no-python-downloads", "--break-system-packages"]
    for option in lock.options:
        if option.startswith("--trusted-host "):
            arguments += ["--allow-insecure-host", option.partition(" ")[2]]
    indexes = index_variables(lock, root, world)
    try:
        run_uv(arguments, folder, world, doing=INSTALLING, extra=indexes, keep_open=held, lasting=False)
    finally:
        (folder / SECRET_LOCK_FILE).unlink(missing_ok=True)
    if missing := {package.name for package in packages} - list_installed(folder):
        raise BuildError(f"the environment was made, but lacks {', '.join(sorted(missing))}", hint="run again")


def render_pylock(packages: Iterable[PipPackage], copies: Mapping[str, Path]) -> str:
    """The packages as a lock file that uv reads (PEP 751); ``copies`` are what local paths stand for."""
    blocks = ['lock-version = "1.0"\ncreated-by = "reenact"\n']
    for name, version, location in packages:
        where, _, fragment = location.partition("#")
        facts = dict(part.split("=", 1) for part in fragment.split("&") if "=" in part)
        block = f"[[packages]]\nname = {json.dumps(name)}\n"
        if "blake3" not in facts:
            block += f"version = {json.dumps(version)}\n"
        blocks.append(f"{block}{_render_file(where, facts, copies)}\n")
    return "\n".join(blocks)


def _render_file(where: str, facts: Mapping[str, str], copies: Mapping[str, Path]) -> str:
    extra = f", subdirectory = {json.dumps(facts['subdirectory'])}" if "subdirectory" in facts else ""
    if found := _FULL_COMMIT.fullmatch(where):
        url = found["url"].removeprefix("git+")
        return f'vcs = {{ type = "git", url = {json.dumps(url)}, commit-id = "{found["commit"]}"{extra} }}'
    if "blake3" in facts:
        return f"directory = {{ path = {json.dumps(str(copies[where]))} }}"
    key = "url" if "://" in where else "path"
    target = where if key == "url" else str(_find_copy(where, copies))
    hashes = f'hashes = {{ sha256 = "{facts["sha256"]}" }}'
    if where.endswith(".whl"):
        return f"wheels = [{{ {key} = {json.dumps(target)}, {hashes} }}]"
    return f"archive = {{ {key} = {json.dumps(target)}, {hashes}{extra} }}"


def _find_copy(path: str, copies: Mapping[str, Path]) -> Path:
    for known, copy in copies.items():
        if path == known:
            return copy
        if path.startswith(f"{known}/"):
            return copy / path.removeprefix(f"{known}/")
    return Path(path)
