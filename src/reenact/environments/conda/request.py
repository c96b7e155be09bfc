"""From what a conda file says to a :class:`~reenact.plan.CondaSpec`, and whether PyPI could stand in for it."""

from __future__ import annotations

import re
from pathlib import Path

from reenact.environments.conda import names
from reenact.environments.conda.channels import choose_channels, find_channel, hide_secrets, is_local
from reenact.environments.conda.file import CondaFile, Item, read_conda_file
from reenact.environments.python.request import Request
from reenact.environments.python.request import make_spec as make_python_spec
from reenact.plan import CondaSpec, PythonSpec
from reenact.world import World

_NAME = re.compile(r"(?:.*::)?\s*([A-Za-z0-9_.-]+)")


def make_spec(path: str, root: Path, world: World) -> CondaSpec:
    """What the conda file ``path``, relative to ``root``, asks for.

    Raises:
        ProjectError: it, or a file that its ``pip:`` lines lead to, is missing or wrong.
    """
    file = read_conda_file(path, root, world)
    pip = _make_pip(file, root, world)
    packages = [re.sub(r"\s+#.*$", "", item.text) for item in file.packages]
    notes = list(pip.notes)
    if pip.dependencies and "python" not in map(find_name, packages):
        packages.append("python")
        notes.append("python is added, which the 'pip:' list needs")
    listed = tuple(channel.text for channel in file.channels)
    channels = choose_channels(listed, tuple(packages), (root / file.folder, root))
    return CondaSpec(
        channels=tuple(map(hide_secrets, channels.names)),
        packages=tuple(map(hide_secrets, channels.packages)),
        pip=pip._replace(notes=()),
        variables=file.variables,
        origin=path,
        notes=(*channels.notes, *notes),
    )


def needs_conda(file: CondaFile) -> str | None:
    """Why PyPI cannot stand in for what the file asks for, None if it may: the packages, each with its reason.

    What a channel on this machine has, PyPI has not, or has from somebody else.
    """
    refused = {name: names.find_refusal(name) for name in (find_name(item.text) for item in file.packages)}
    reasons = [f"{name} is {reason}" for name, reason in refused.items() if reason]
    named = [item.text for item in file.channels]
    named += [found[1] for item in file.packages if (found := find_channel(item.text))]
    reasons += [f"the channel {name} is a folder of this machine" for name in dict.fromkeys(named) if is_local(name)]
    return f"PyPI cannot stand in for it: {', '.join(reasons)}" if reasons else None


def find_name(spec: str) -> str:
    """The package that a match spec names, in conda's lower case; '' for none."""
    found = _NAME.match(spec)
    return found[1].lower() if found else ""


def find_item(spec: str, file: CondaFile) -> Item | None:
    """Where the file says what became this match spec."""
    name = find_name(spec)
    exact = (item for item in file.packages if item.text == spec)
    return next(exact, next((item for item in file.packages if find_name(item.text) == name), None))


def _make_pip(file: CondaFile, root: Path, world: World) -> PythonSpec:
    # Which Python it is says the solver.
    request = Request(origin=file.path, python="*", dependencies=file.pip, cwd=file.folder)
    return make_python_spec(request, root, world)._replace(python=None)
