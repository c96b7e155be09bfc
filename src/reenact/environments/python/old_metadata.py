"""What old packages need, in words that uv can read.

A version like ``2011k`` is none by PEP 440, and uv passes over every release that asks for one: without a word, so that
it answers with a release that is years older and asked for nothing yet. pip of that time took them all.

Source: the ``Requires-Dist`` of the releases on PyPI.
"""

from __future__ import annotations

from collections.abc import Mapping

from reenact.hints import Any
from reenact.plan import PythonSpec

_LAST = (3, 7)
"""The last Python for which such a release was built."""

_SINCE_24 = ("numpy>=1.12.0", "python-dateutil>=2.5.0", "pytz>=2011.11")
_SINCE_23 = ("numpy>=1.9.0", "python-dateutil>=2.5.0", "pytz>=2011.11")
_SINCE_20 = ("numpy>=1.7.0", "python-dateutil>=2", "pytz>=2011.11")

NEEDS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "pandas": {
        **dict.fromkeys(("0.24.2", "0.24.1", "0.24.0"), _SINCE_24),
        **dict.fromkeys(("0.23.4", "0.23.3", "0.23.2", "0.23.1", "0.23.0"), _SINCE_23),
        **dict.fromkeys(("0.22.0", "0.21.1", "0.21.0", "0.20.3", "0.20.2", "0.20.1", "0.20.0"), _SINCE_20),
        **dict.fromkeys(("0.19.2", "0.19.1", "0.19.0", "0.18.1", "0.18.0", "0.17.1", "0.17.0"), _SINCE_20),
    }
}
"""By package and version; pytz 2011k is of November 2011."""


def with_old_metadata(spec: PythonSpec, version: str) -> PythonSpec:
    """``spec`` with settings that say what old packages need, where Python ``version`` is of their time.

    What the project's own settings say of a package is left as it is.
    """
    if tuple(map(int, version.split(".")[:2])) > _LAST:
        return spec
    settings: Mapping[str, Any] = spec.settings
    own = list(settings.get("dependency-metadata", ()))
    told = {entry.get("name") for entry in own}
    ours = [
        {"name": name, "version": release, "requires-dist": list(needs)}
        for name, releases in NEEDS.items()
        if name not in told
        for release, needs in releases.items()
    ]
    return spec._replace(settings={**settings, "dependency-metadata": [*own, *ours]})
