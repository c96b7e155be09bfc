"""``pylock.toml`` (PEP 751): used as it is; every file is checked against its hash."""

from __future__ import annotations

from pathlib import Path, PurePosixPath

from blake3 import blake3

from reenact.environments.definition import check_forms, parse_toml, read_bytes
from reenact.environments.local_code import digest_local
from reenact.environments.python.python_version import check_python, choose_python
from reenact.errors import ProjectError
from reenact.hints import Any
from reenact.plan import PythonSpec
from reenact.project.diagnostics import Position
from reenact.project.toml_text import Table
from reenact.project.types import Project
from reenact.world import World


def ask(project: Project, root: Path, manager: str | None, world: World) -> PythonSpec:
    """The packages of the lock, for whatever interpreter it admits.

    Raises:
        ProjectError: the file is missing or wrong, or local code that it installs is not there.
    """
    source = project.environment
    name = source.file or "pylock.toml"
    data = read_bytes(root / name, name)
    found = parse_toml(data, name, pick, world)
    paths = {str(PurePosixPath(name).parent / path): path for path in found["local"]}
    for path, written in paths.items():
        if not (root / path).exists():
            raise ProjectError(f"{name} installs '{written}', which is not there", hint=f"looked for {root / path}")
    stated = check_python(found["python"], Position(name, 1, 1))
    return PythonSpec(
        python=choose_python((root / name).parent, stated, name, world),
        files=(name,),
        local={f"./{path}" if path != "." else path: digest_local(root / path, world) for path in paths},
        origin=name,
        lock_file=name,
        frozen={name: blake3(data).hexdigest()},
        groups=source.groups,
        extras=source.extras,
    )


def pick(table: Table) -> dict[str, Any]:
    """The Python that the lock is for, and the files and folders of this machine that it installs."""
    check_forms(table, {"requires-python": str, "packages": list, "packages.*": dict, "packages.*.wheels": list})
    packages = table.get("packages", ())
    places = [package.get(kind, {}).get("path") for package in packages for kind in ("directory", "archive", "sdist")]
    places += [wheel.get("path") for package in packages for wheel in package.get("wheels", ())]
    return {"python": table.get("requires-python"), "local": sorted({place for place in places if place})}
