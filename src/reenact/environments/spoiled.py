"""What is not in an installed Python environment as it was installed: files that were changed, packages put into it.

An environment is named by its lock, and nothing keeps its owner from writing into it. To read all of it takes a while,
so that only who has to know asks.
"""

from __future__ import annotations

import base64
import csv
import re
from collections.abc import Iterator
from pathlib import Path

from reenact.environments.packages import Package
from reenact.values import NamedTuple

_TOOLS = frozenset({"pip", "setuptools", "wheel"})


class Spoiled(NamedTuple):
    """Something that is not as it was installed; ``was`` or ``found`` is None where it was not there at all."""

    what: str
    was: str | None
    found: str | None


def list_spoiled(environment: Path, packages: tuple[Package, ...]) -> Iterator[Spoiled]:
    """Everything in an environment that neither its lock nor its installer has put there as it is.

    Files that are made when they are first used (bytecode) and programs in ``bin``, which hold the environment's own
    path, are not looked at.
    """
    locked = {_normalise(package.name): package.version for package in packages}
    for information in sorted(environment.glob("lib/python*/site-packages/*.dist-info")):
        name, _, version = information.name.removesuffix(".dist-info").partition("-")
        wanted = locked.get(_normalise(name))
        if (wanted is None and name not in _TOOLS) or (wanted and _normalise(wanted) != _normalise(version)):
            yield Spoiled(name, wanted, version)
        yield from _list_changed(information / "RECORD")


def _list_changed(record: Path) -> Iterator[Spoiled]:
    from hashlib import sha256

    try:
        rows = list(csv.reader(record.read_text("utf-8").splitlines()))
    except (OSError, UnicodeDecodeError, csv.Error):
        return
    for row in rows:
        if len(row) < 2 or not row[1].startswith("sha256=") or row[0].startswith(("..", "/")):
            continue
        try:
            found = base64.urlsafe_b64encode(sha256((record.parents[1] / row[0]).read_bytes()).digest())
        except OSError:
            yield Spoiled(row[0], "as installed", None)
            continue
        if found.rstrip(b"=").decode() != row[1].removeprefix("sha256="):
            yield Spoiled(row[0], "as installed", "changed")


def _normalise(name: str) -> str:
    return re.sub(r"[-_.+]+", "-", name).lower()
