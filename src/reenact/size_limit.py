"""Sizes as people write them, and the one above which a file is recorded by its digest alone."""

import re
from collections.abc import Mapping

from reenact.errors import UsageError

VARIABLE = "REENACT_SIZE_LIMIT"
DEFAULT = 50 << 20

_UNITS = {"": 0, "k": 1, "m": 2, "g": 3, "t": 4}


def find_size_limit(environ: Mapping[str, str]) -> int:
    """Bytes: ``REENACT_SIZE_LIMIT``, else 50 MiB.

    Raises:
        UsageError: the variable says no size.
    """
    text = environ.get(VARIABLE)
    return parse_size(text) if text else DEFAULT


def parse_size(text: str) -> int:
    """Bytes from ``20G``, ``500M``, ``1.5T``, ``4096``; the units are binary, ``GB`` and ``GiB`` are the same as ``G``.

    Raises:
        UsageError: another form.
    """
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kmgt]?)i?b?", text.strip().lower())
    if found is None:
        raise UsageError(f"'{text}' is no size", hint="for example 20G or 500M")
    return int(float(found[1]) * 1024 ** _UNITS[found[2]])
