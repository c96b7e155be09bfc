"""Resolve a request to a lock: PEP 751, one artifact set for one interpreter and platform, a hash for each file."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterable
from pathlib import Path

from reenact.environments.credentials import HIDDEN, redact, restore
from reenact.environments.local_code import keep_copies, show_copy
from reenact.environments.names import normal_name
from reenact.environments.place import Workbench
from reenact.environments.python.default_index import find_default_index, name_index, uses_default_index
from reenact.environments.python.frozen import translate
from reenact.environments.python.interpreters import Choice, find_interpreter
from reenact.environments.python.old_metadata import with_old_metadata
from reenact.environments.python.python_version import explain_choice, settle_python
from reenact.environments.python.requirement_lines import parse_local, split_marker
from reenact.environments.python.uv import EXCLUDE_NEWER, TORCH, exclude_newer, list_doubts, run_uv
from reenact.environments.python.uv_settings import list_options, with_places
from reenact.environments.settings import platform_tag
from reenact.errors import BuildError
from reenact.files import write_atomic
from reenact.hints import Any
from reenact.plan import EnvironmentLock, PythonSpec
from reenact.world import World

WORK = "pylock.work.toml"
LATEST = "pylock.toml"
SETTINGS = "pyproject.toml"
DOING = "resolving packages"

_HASH = re.compile(r"--hash=(\w+):([0-9a-fA-F]+)")
_ITEM = re.compile(r"\{ (?:url|path) = .*?hashes = \{[^}]*\} \}")


def resolve(spec: PythonSpec, bench: Workbench, *, upgrade: bool) -> EnvironmentLock:
    """What ``spec`` resolves to, starting from what its family resolved to last, until ``upgrade``.

    Raises:
        BuildError: it cannot be resolved, or there is no such Python.
        ProjectError: a lock of the project's own is damaged.
    """
    report = bench.world.report
    if bench.world.environ.get(TORCH):
        report.note(f"{TORCH} is not used: --accelerator says which build of PyTorch's packages is meant")
    choice = _choose_interpreter(spec, bench.world)
    report.step(DOING, f"for Python {choice.interpreter.version}")
    local, notes = spec.local, choice.notes
    if spec.frozen:
        resolved, local = translate(spec, choice.interpreter, bench)
    else:
        _prepare_output(bench.folder / WORK, bench.folder / LATEST, upgrade=upgrade)
        asked = with_old_metadata(spec, choice.interpreter.version)
        resolved, doubts = _compile(asked, choice.interpreter.path, bench)
        notes += doubts
        write_atomic(bench.folder / LATEST, resolved.encode())
    return EnvironmentLock(
        kind="python",
        text=resolved,
        python=choice.interpreter.version,
        interpreter=choice.interpreter.path,
        platform=platform_tag(),
        options=(
            *spec.options,
            *list_options(spec.settings),
            *([f"{EXCLUDE_NEWER} {spec.as_of}"] if spec.as_of else []),
        ),
        files=spec.files,
        local=local,
        variables=spec.variables,
        notes=notes,
    )


def _choose_interpreter(spec: PythonSpec, world: World) -> Choice:
    asked = settle_python(spec.python, spec.as_of)
    choice = find_interpreter(asked, world)
    if spec.python is None:
        shown = asked if spec.as_of is None else choice.interpreter.version
        why = explain_choice(shown, spec.as_of) if spec.as_of else "the one that reenact runs on"
        world.report.note(f"no Python version is asked for: {shown} is used, {why}")
    return choice


def _compile(spec: PythonSpec, interpreter: str, bench: Workbench) -> tuple[str, tuple[str, ...]]:
    """The lock that uv resolves the request to, and what is doubtful about it."""
    family, root, world, held = bench
    arguments, text = _write_request(spec, bench)
    arguments += ["--python", interpreter, "-o", WORK]
    given = restore(text, root, spec.files).encode()
    try:
        result = run_uv(arguments, family, world, doing=DOING, stdin=given, keep_open=held)
    finally:
        if f"{HIDDEN}@" in str(spec.settings):
            (family / SETTINGS).unlink()
    lines = (*spec.build_dependencies, *spec.dependencies, *spec.locked)
    resolved = keep_hashes(redact((family / WORK).read_text("utf-8")), lines)
    check_covered(resolved, spec)
    (family / WORK).unlink()
    if uses_default_index(spec, world) and (index := find_default_index(interpreter, bench)):
        resolved = name_index(resolved, index)
    return resolved, list_doubts(result.errors)


def check_covered(text: str, spec: PythonSpec) -> None:
    """See that a lock of the project's own has everything that was resolved.

    Raises:
        BuildError: a package is not in it.
    """
    if not spec.locked:
        return
    known = set(map(_normal, spec.locked))
    packages = tomllib.loads(text).get("packages", ())
    missing = [each["name"] for each in packages if each["name"] not in known and "directory" not in each]
    if missing:
        message = f"{DOING} failed: {spec.lock_file} does not have what is asked for: {', '.join(missing)}"
        raise BuildError(message, hint=f"{spec.lock_file} is older than {spec.origin}: make it anew")


def _write_request(spec: PythonSpec, bench: Workbench) -> tuple[list[str], str]:
    """uv's arguments, and the text for its standard input: the requirements when a file must not hold them."""
    family, root = bench.folder, bench.root
    copies = keep_copies(spec.local, root, bench.world)
    places = {path: show_copy(copy, bench.world) for path, copy in copies.items()}
    options, flags = split_options(spec.options, places)
    lines = [*options, *(replace_local(line, places) for line in (*spec.build_dependencies, *spec.dependencies))]
    text = "".join(f"{line}\n" for line in lines)
    held = (line.partition(" --hash=")[0] for line in spec.locked)
    limits = "".join(f"{replace_local(line, places)}\n" for line in (*spec.constraints, *held))
    write_atomic(family / "requirements.in", text.encode())
    write_atomic(family / "constraints.in", limits.encode())
    secret = f"{HIDDEN}@" in text
    arguments = ["pip", "compile", "-" if secret else "requirements.in", "--format", "pylock.toml", "--no-header"]
    arguments += ["--no-python-downloads", "--no-annotate", *flags, *_variant_flags(spec)]
    if spec.settings:
        arguments.insert(2, _write_settings(spec, places, root, family))
    if limits:
        arguments += ["--constraints", "constraints.in"]
    return arguments, text if secret else ""


def _variant_flags(spec: PythonSpec) -> list[str]:
    flags = exclude_newer(spec.as_of) if spec.as_of else []
    return [*flags, "--torch-backend", spec.accelerator] if spec.accelerator else flags


def _write_settings(spec: PythonSpec, places: dict[str, str], root: Path, family: Path) -> str:
    """A project of the request's own that has the settings, since uv reads sources from a project only."""
    import tomli_w

    lines = [line for line in spec.dependencies if parse_local(line) is None and " --hash=" not in line]
    request = {"name": "reenact-request", "version": "0", "dependencies": lines}
    table = {"project": request, "tool": {"uv": with_places(spec.settings, places)}}
    write_atomic(family / SETTINGS, restore(tomli_w.dumps(table), root, spec.files).encode(), mode=0o600)
    return SETTINGS


def split_options(options: Iterable[str], places: dict[str, str]) -> tuple[list[str], list[str]]:
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


def replace_local(line: str, places: dict[str, str]) -> str:
    """A requirement with its local path replaced by the copy's."""
    requirement, *hashes = line.split(" --hash=")
    local = parse_local(requirement, editable=split_marker(requirement)[0] in places)
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


def keep_hashes(text: str, lines: Iterable[str]) -> str:
    """The lock without the files that the requirements' own ``--hash`` options exclude.

    Raises:
        BuildError: nothing is left of a package.
    """
    allowed: dict[str, set[str]] = {}
    for line in lines:
        if "--hash" in line:
            allowed.setdefault(_normal(line), set()).update(found[2].lower() for found in _HASH.finditer(line))
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
    return normal_name(name[0]) if name else ""
