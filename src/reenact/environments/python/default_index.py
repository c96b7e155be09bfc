"""The index that uv looks in when nobody names one, named in the lock (PEP 751: ``packages.index``).

uv leaves it out, and then does not know the files of a package for those of its default index, which never change: it
asks the server again, for every environment, whether each of them still is the same. A server that does not say how
long an answer holds sends the file again, and there are two copies of it on disk.
"""

from __future__ import annotations

import re

from reenact.environments.place import Workbench
from reenact.environments.python.uv import run_uv
from reenact.environments.settings import decisive
from reenact.plan import PythonSpec
from reenact.world import World

_OPTIONS = ("--index-url", "--extra-index-url", "--no-index", "--find-links http")
_VARIABLES = frozenset(
    {
        "UV_DEFAULT_INDEX",
        "UV_INDEX",
        "UV_INDEX_URL",
        "UV_EXTRA_INDEX_URL",
        "UV_NO_INDEX",
        "UV_FIND_LINKS",
        "UV_TORCH_BACKEND",
    }
)
_PACKAGE = re.compile(r"(?m)^(\[\[packages\]\]\nname = .*\nversion = .*\n)(?!index = )((?:.+\n)*)")
_DOWNLOADED = re.compile(r"(?m)^(?:sdist|wheels) = (?:\[\s*)?\{ url = \"https?://")


def uses_default_index(spec: PythonSpec, world: World) -> bool:
    """Whether every package of the request that is downloaded comes from uv's default index."""
    settings = decisive(world.environ)
    return not (
        spec.settings
        or spec.accelerator
        or any(option.startswith(_OPTIONS) for option in spec.options)
        or _VARIABLES & settings.keys()
        or any(name.startswith("/") for name in settings)
    )


def find_default_index(interpreter: str, bench: Workbench) -> str | None:
    """The address of uv's default index, as this uv says; nothing is asked of the network."""
    arguments = ["pip", "compile", "-", "--emit-index-url", "--no-header", "--quiet", "--offline"]
    arguments += ["--python", interpreter, "--no-python-downloads"]
    folder, world = bench.folder, bench.world
    result = run_uv(arguments, folder, world, doing="resolving packages", stdin=b"\n", keep_open=bench.held)
    found = re.search(r"(?m)^--index-url (\S+)$", result.output)
    return found[1] if found else None


def name_index(text: str, index: str) -> str:
    """The lock with ``index`` named for every package that is downloaded and names none."""

    def name(package: re.Match[str]) -> str:
        line = f'index = "{index}"\n' if _DOWNLOADED.search(package[2]) else ""
        return f"{package[1]}{line}{package[2]}"

    return _PACKAGE.sub(name, text)
