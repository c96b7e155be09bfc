"""``python -m benchmarks.channels FOLDER [PROJECT…]``: a conda channel in a folder: this machine's CPython, and the
wheels of real projects, as conda packages."""

from __future__ import annotations

import sys
import zipfile
from email.parser import HeaderParser
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from tests.environments.conda.channel import File, Recipe, index_channel, make_python_recipe, write_package

from benchmarks.peers import quietly


def make_channel(folder: Path, wanted: tuple[str, ...]) -> str:
    """A channel with Python and the ``wanted`` projects of PyPI, and all that they need; its address.

    In a process of its own: the peak memory of ours would count for whatever it starts.
    """
    argv = [sys.executable, "-m", "benchmarks.channels", str(folder), *wanted]
    quietly(argv, cwd=Path(__file__).parents[1])
    return folder.as_uri()


def write_channel(folder: Path, wanted: list[str]) -> None:
    """Write it."""
    write_package(folder, make_python_recipe())
    wheels = folder.with_name("wheels")
    if wanted:
        quietly([sys.executable, "-m", "pip", "download", "-q", "--only-binary=:all:", "-d", str(wheels), *wanted])
    for wheel in sorted(wheels.glob("*.whl")):
        write_package(folder, make_wheel_recipe(wheel))
    index_channel(folder)


def make_wheel_recipe(path: Path) -> Recipe:
    """The content of a wheel as conda has it: below the Python that it is for, with what it needs by name."""
    packages = "lib/python{}.{}/site-packages".format(*sys.version_info[:2])
    with zipfile.ZipFile(path) as wheel:
        names = [name for name in wheel.namelist() if not name.endswith("/")]
        files = {f"{packages}/{name}": File(wheel.read(name)) for name in names}
        metadata = next(name for name in names if name.endswith(".dist-info/METADATA"))
        said = HeaderParser().parsestr(wheel.read(metadata).decode())
    needed = [Requirement(line) for line in said.get_all("Requires-Dist", ())]
    here = [each for each in needed if each.marker is None or each.marker.evaluate({"extra": ""})]
    depends = ("python", *(canonicalize_name(each.name) for each in here))
    return Recipe(canonicalize_name(said["Name"]), said["Version"], files, "py_0", depends)


if __name__ == "__main__":
    write_channel(Path(sys.argv[1]), sys.argv[2:])
