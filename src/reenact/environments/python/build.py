"""Make an environment from its lock: the interpreter's, packages with every hash checked, shared with others."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

from reenact.environments.credentials import redact, restore
from reenact.environments.local_code import keep_copies
from reenact.environments.marker import Marker, find_marker
from reenact.environments.names import normal_name
from reenact.environments.place import Workbench, delete, expect_platform, make_place
from reenact.environments.python import PROOF
from reenact.environments.python.lock_files import take_kept
from reenact.environments.python.sharing import share
from reenact.environments.python.uv import EXCLUDE_NEWER, exclude_newer, run_uv
from reenact.environments.settings import platform_tag
from reenact.errors import BuildError, StorageError
from reenact.files import make_folder, write_atomic
from reenact.plan import EnvironmentLock
from reenact.process.tool import run_tool
from reenact.world import World

DOING = "installing packages"
LOCK_FILE = "pylock.toml"
SECRET_LOCK_FILE = "pylock.secret.toml"  # noqa: S105


def build(lock: EnvironmentLock, bench: Workbench) -> Marker:
    """Make the environment of ``lock`` at the bench, or wait for whoever is making it.

    Raises:
        BuildError: it cannot be made, or does not work; nothing is left that looks finished.
        UnsupportedError: the lock is for another platform.
    """
    expect_platform(lock, platform_tag())

    def find() -> Marker | None:
        return find_marker(bench.folder, lock.key, PROOF)

    def make(bench: Workbench) -> Marker:
        return _build(lock, bench)

    def clean_up(folder: Path) -> None:
        _leave_lock_file(lock, folder)

    return make_place(bench, find, make, clean_up)


def _build(lock: EnvironmentLock, bench: Workbench) -> Marker:
    folder, root, world, held = bench
    world.report.step(DOING, f"for Python {lock.python}")
    keep_copies(lock.local, root, world)
    write_atomic(folder / LOCK_FILE, lock.text.encode())
    environment = ["venv", "--allow-existing", "--no-project", "--python", lock.interpreter or ""]
    run_uv([*environment, "--no-python-downloads", "."], folder, world, doing=DOING, keep_open=held, lasting=False)
    expected = list_locked(lock.text)
    if expected:
        _install(lock, bench)
    _check(folder, expected, world)
    return Marker(lock.key, lock.python, lock.interpreter or "", tuple(sorted(expected)), world.timestamp())


def _install(lock: EnvironmentLock, bench: Workbench) -> None:
    folder, root, world, held = bench
    text = take_kept(restore(lock.text, root, lock.files), lock.made, world.home)
    name = LOCK_FILE
    if text != lock.text:
        # With what only we may know: credentials, or where files are kept on this machine.
        name = SECRET_LOCK_FILE
        write_atomic(folder / name, text.encode(), mode=0o600)
    arguments = ["pip", "sync", name, "--python", "bin/python", "--preview-features", "pylock"]
    for option in lock.options:
        name, _, value = option.partition(" ")
        if name in ("--trusted-host", EXCLUDE_NEWER):
            # The moment also holds for what builds a package from its source.
            arguments += exclude_newer(value) if name == EXCLUDE_NEWER else ["--allow-insecure-host", value]
    indexes = index_variables(lock, root, world)
    try:
        run_uv(arguments, folder, world, doing=DOING, extra=indexes, keep_open=held, lasting=False)
        share(folder, lock.python or "", world.home)
        if world.environ.get("PYTHONDONTWRITEBYTECODE"):
            # Then no import will ever leave bytecode, and every run would compile all that it imports.
            arguments.append("--compile-bytecode")
            run_uv(arguments, folder, world, doing=DOING, extra=indexes, keep_open=held, lasting=False)
    finally:
        (folder / SECRET_LOCK_FILE).unlink(missing_ok=True)


def index_variables(lock: EnvironmentLock, root: Path, world: World) -> dict[str, str]:
    """The indexes with their credentials: by variables, so that the process list does not show them."""
    found: dict[str, list[str]] = {}
    for option in lock.options:
        name, _, url = restore(option, root, lock.files).partition(" ")
        variable = {"--index-url": "UV_DEFAULT_INDEX", "--extra-index-url": "UV_EXTRA_INDEX_URL"}.get(name)
        if variable:
            url = re.sub(r"\$\{([A-Z0-9_]+)\}", lambda name: world.environ.get(name[1], name[0]), url)
            found.setdefault(variable, []).append(url)
    return {
        variable: urls[-1] if variable == "UV_DEFAULT_INDEX" else " ".join(urls) for variable, urls in found.items()
    }


def list_locked(text: str) -> frozenset[str]:
    """The normalised names of all packages in a lock file (PEP 751)."""
    return frozenset(package["name"] for package in tomllib.loads(text).get("packages", ()))


def list_installed(folder: Path) -> frozenset[str]:
    """The normalised names of all distributions in an environment (PEP 503, PEP 376)."""
    found = folder.glob("lib*/*/site-packages/*.dist-info/METADATA")
    return frozenset(normal_name(path.parent.name.split("-")[0]) for path in found)


def _check(folder: Path, expected: frozenset[str], world: World) -> None:
    """See that the interpreter starts inside the environment and that all packages are there."""
    environ = {name: value for name, value in world.environ.items() if not name.startswith("PYTHON")}
    probe = "import sys; print(sys.prefix)"
    result = run_tool((str(folder / "bin" / "python"), "-I", "-c", probe), environ=environ, cwd=folder)
    if not result.ok or Path(result.output.strip()).resolve() != folder.resolve():
        said = redact(result.errors).strip()[-400:]
        raise BuildError(f"the environment was made, but its interpreter does not start\n{said}".rstrip())
    if missing := expected - list_installed(folder):
        raise BuildError(f"the environment was made, but lacks {', '.join(sorted(missing))}", hint="run again")


def _leave_lock_file(lock: EnvironmentLock, folder: Path) -> None:
    """Clean up; the lock file stays for whoever wants to repeat the step by hand, if there is room for it."""
    delete(folder)
    try:
        write_atomic(make_folder(folder) / LOCK_FILE, lock.text.encode())
    except StorageError:
        return
