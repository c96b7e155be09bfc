"""Resolve a request to a lock: PEP 751, one artifact set for one interpreter and platform, a hash for each file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from reenact.codec import encode
from reenact.environments.credentials import HIDDEN, redact, restore
from reenact.environments.interpreters import find_interpreter
from reenact.environments.local_code import keep_copy
from reenact.environments.requirement_lines import parse_local
from reenact.environments.settings import platform_tag
from reenact.environments.uv import run_uv
from reenact.errors import BuildError
from reenact.files import lock as locked
from reenact.files import make_folder, write_atomic
from reenact.plan import EnvironmentLock, PythonSpec
from reenact.world import World

WORK = "pylock.work.toml"
LATEST = "pylock.toml"
DOING = "resolving packages"

PYPI = "https://pypi.org/simple"

_FROM_PYPI = (
    r"(?m)^\[\[packages\]\]\nname = .*\nversion = .*\n(?=(?:(?:marker|requires-python) = .*\n)*"
    r'(?:sdist|wheels) = (?:\[\s*)?\{ url = "https://files\.pythonhosted\.org/)'
)
_HASH = re.compile(r"--hash=(\w+):([0-9a-fA-F]+)")
_ITEM = re.compile(r"\{ (?:url|path) = .*?hashes = \{[^}]*\} \}")


def resolve(spec: PythonSpec, root: Path, path: Path, world: World, *, upgrade: bool) -> EnvironmentLock:
    """Resolve ``spec`` and keep the lock at ``path``; whoever asks for the same meanwhile waits and shares it."""
    from reenact.environments.python import find_lock

    family = make_folder(path.parent)
    with locked(family / ".lock") as descriptor:
        found = None if upgrade else find_lock(path)
        if found is None:
            for note in spec.notes:
                world.report.note(note)
            found = _resolve(spec, root, family, (descriptor,), world, upgrade=upgrade)
            write_atomic(path, encode(found))
            world.report.done()
    return found


def _resolve(
    spec: PythonSpec, root: Path, family: Path, keep_open: tuple[int, ...], world: World, *, upgrade: bool
) -> EnvironmentLock:
    choice = find_interpreter(spec.python or "", world)
    world.report.step(DOING, f"for Python {choice.interpreter.version}")
    arguments, text = _write_request(spec, root, family, world)
    work = family / WORK
    _prepare_output(work, family / LATEST, upgrade=upgrade)
    run_uv(
        [*arguments, "--python", choice.interpreter.path, "-o", WORK],
        family,
        world,
        doing=DOING,
        stdin=restore(text, root, spec.files).encode(),
        keep_open=keep_open,
    )
    resolved = keep_hashes(name_index(redact(work.read_text("utf-8"))), (*spec.build_dependencies, *spec.dependencies))
    write_atomic(family / LATEST, resolved.encode())
    work.unlink()
    return EnvironmentLock(
        kind="python",
        text=resolved,
        python=choice.interpreter.version,
        interpreter=choice.interpreter.path,
        platform=platform_tag(),
        options=spec.options,
        files=spec.files,
        local=spec.local,
        variables=spec.variables,
        notes=choice.notes,
    )


def _write_request(spec: PythonSpec, root: Path, family: Path, world: World) -> tuple[list[str], str]:
    """uv's arguments, and the text for its standard input: the requirements when a file must not hold them."""
    kept = {path: keep_copy(root / path, digest, world) for path, digest in spec.local.items()}
    places = {path: f"../../trees/{copy.relative_to(world.home.trees)}" for path, copy in kept.items()}
    options, flags = _split_options(spec.options, places)
    lines = [*options, *(_replace_local(line, places) for line in (*spec.build_dependencies, *spec.dependencies))]
    text = "".join(f"{line}\n" for line in lines)
    limits = "".join(f"{_replace_local(line, places)}\n" for line in spec.constraints)
    write_atomic(family / "requirements.in", text.encode())
    write_atomic(family / "constraints.in", limits.encode())
    secret = f"{HIDDEN}@" in text
    arguments = ["pip", "compile", "-" if secret else "requirements.in", "--format", "pylock.toml", "--no-header"]
    arguments += ["--quiet", "--no-python-downloads", "--no-annotate", *flags]
    if limits:
        arguments += ["--constraints", "constraints.in"]
    return arguments, text if secret else ""


def _split_options(options: Iterable[str], places: dict[str, str]) -> tuple[list[str], list[str]]:
    """Options as lines of a requirements file, and those that uv takes as arguments only."""
    lines, flags = [], []
    for option in options:
        name, _, value = option.partition(" ")
        if name == "--pre":
            flags += ["--prerelease", "allow"]
        elif name == "--trusted-host":
            flags += ["--allow-insecure-host", value]
        elif name == "--find-links":
            lines.append(f"--find-links {places.get(value, value)}")
        else:
            lines.append(option)
    return lines, flags


def _replace_local(line: str, places: dict[str, str]) -> str:
    """A requirement with its local path replaced by the copy's."""
    requirement, *hashes = line.split(" --hash=")
    local = parse_local(requirement, editable=requirement in places or requirement.partition(" ;")[0] in places)
    if local is None or local.path not in places:
        return line
    return " --hash=".join((local.render(places[local.path]), *hashes))


def _prepare_output(work: Path, latest: Path, *, upgrade: bool) -> None:
    """Let uv start from what the family resolved to last: it keeps the versions that still serve."""
    work.unlink(missing_ok=True)
    if upgrade or not latest.is_file():
        return
    try:
        text = latest.read_text("utf-8")
        whole = "lock-version" in tomllib.loads(text)
    except (OSError, ValueError):
        return
    if whole:
        write_atomic(work, text.encode())


def name_index(text: str) -> str:
    """The lock with the index named (PEP 751) of the packages that come from PyPI, whose files never change.

    uv leaves it out, and then asks the server of each file again, for every environment, whether it is still the same:
    a server that does not say how long an answer holds sends it again, and there are two copies.
    """
    return re.sub(_FROM_PYPI, rf'\g<0>index = "{PYPI}"\n', text)


def keep_hashes(text: str, lines: Iterable[str]) -> str:
    """The lock without the files that the requirements' own ``--hash`` options exclude.

    Raises:
        BuildError: nothing is left of a package.
    """
    allowed = {
        _normal(line): {found[2].lower() for found in _HASH.finditer(line)} for line in lines if "--hash" in line
    }
    if not allowed:
        return text
    blocks = re.split(r"(?m)^(?=\[\[packages\]\])", text)
    return "".join(_keep_block(block, allowed) for block in blocks)


def _keep_block(block: str, allowed: dict[str, set[str]]) -> str:
    if not block.startswith("[[packages]]"):
        return block
    package: dict[str, Any] = tomllib.loads(block)["packages"][0]
    hashes = allowed.get(package["name"])
    if not hashes:
        return block

    def keep(item: re.Match[str]) -> str:
        return item[0] if any(digest in item[0] for digest in hashes) else ""

    kept = re.sub(r"(?m)^(sdist|archive) = $\n", "", _ITEM.sub(keep, block))
    kept = re.sub(r"(?m)^wheels = \[[\s,]*\]\n", "", re.sub(r",(\s*,)+", ",", re.sub(r"\[\s*,", "[", kept)))
    if not any(key in tomllib.loads(kept)["packages"][0] for key in ("wheels", "sdist", "archive")):
        name = f"{package['name']} {package.get('version', '')}".strip()
        raise BuildError(
            f"{DOING} failed: no file of {name} has one of the hashes that the requirements allow (hash mismatch)",
            hint="the index serves other files than those that were pinned",
        )
    return kept


def _normal(line: str) -> str:
    name = re.match(r"[A-Za-z0-9._-]*", line)
    return re.sub(r"[-_.]+", "-", name[0]).lower() if name else ""
