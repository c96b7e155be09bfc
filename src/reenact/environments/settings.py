"""What of the caller's variables and uv's own settings decides how packages are found. Read on every run: cheap."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

FROM_PIP = {
    "PIP_INDEX_URL": "UV_DEFAULT_INDEX",
    "PIP_EXTRA_INDEX_URL": "UV_EXTRA_INDEX_URL",
    "PIP_TRUSTED_HOST": "UV_INSECURE_HOST",
    "PIP_CERT": "SSL_CERT_FILE",
}
"""pip's variables that are honoured, and uv's own for each, which counts more. pip's own files are not read."""

DECISIVE = (
    "UV_DEFAULT_INDEX",
    "UV_INDEX",
    "UV_INDEX_URL",
    "UV_EXTRA_INDEX_URL",
    "UV_FIND_LINKS",
    "UV_NO_INDEX",
    "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER",
    "UV_PRERELEASE",
    "UV_RESOLUTION",
    "UV_FORK_STRATEGY",
    "UV_CONSTRAINT",
    "UV_OVERRIDE",
    "UV_EXCLUDE",
    "UV_BUILD_CONSTRAINT",
    "UV_NO_BINARY",
    "UV_NO_BINARY_PACKAGE",
    "UV_ONLY_BINARY",
    "UV_NO_BUILD",
    "UV_NO_BUILD_PACKAGE",
    "UV_NO_SOURCES",
    "UV_CONFIG_FILE",
    "UV_NO_CONFIG",
)
"""uv's variables that change what a request resolves to."""


def decisive(environ: Mapping[str, str]) -> dict[str, str]:
    """Every setting that changes what a request resolves to, under uv's names. May hold credentials."""
    found = {name: environ[name] for name in DECISIVE if environ.get(name)}
    for theirs, ours in FROM_PIP.items():
        if ours in DECISIVE and environ.get(theirs) and ours not in found and not _replaced(ours, environ):
            found[ours] = environ[theirs]
    for path in _config_files(environ):
        try:
            with open(path, encoding="utf-8", errors="replace") as file:
                found[path] = file.read()
        except OSError:
            continue
    return found


def describe_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The same without credentials, and the variables that tell conda what the machine is: for the record."""
    found = decisive(environ)
    if found:
        from reenact.environments.credentials import redact

        found = {name: redact(value) for name, value in found.items()}
    for name in environ:
        if name.startswith("CONDA_OVERRIDE_") or name == "CONDA_SUBDIR":
            found[name] = environ[name]
    return found


def _replaced(name: str, environ: Mapping[str, str]) -> bool:
    """Whether the caller has said the same to uv under another of its names."""
    others = {"UV_DEFAULT_INDEX": "UV_INDEX_URL", "UV_EXTRA_INDEX_URL": "UV_INDEX"}
    return bool(environ.get(others.get(name, "")))


def uv_variables(environ: Mapping[str, str]) -> dict[str, str]:
    """pip's variables under uv's names, where the caller has not set uv's own."""
    return {
        ours: environ[theirs]
        for theirs, ours in FROM_PIP.items()
        if environ.get(theirs) and not environ.get(ours) and not _replaced(ours, environ)
    }


def _config_files(environ: Mapping[str, str]) -> list[str]:
    """https://docs.astral.sh/uv/concepts/configuration-files/: one file, or the user's and the system's."""
    if environ.get("UV_NO_CONFIG"):
        return []
    if chosen := environ.get("UV_CONFIG_FILE"):
        return [chosen]
    user = environ.get("XDG_CONFIG_HOME") or f"{environ.get('HOME', '')}/.config"
    return [f"{user}/uv/uv.toml", "/etc/uv/uv.toml"]


def platform_tag() -> str:
    """The system, the processor and the C library: ``linux-x86_64-glibc2.36``, ``darwin-arm64-23``."""
    machine = os.uname()
    tag = f"{sys.platform}-{machine.machine}"
    if sys.platform == "darwin":
        return f"{tag}-{machine.release.partition('.')[0]}"
    try:
        libc = os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        libc = "libc"
    return f"{tag}-{libc.replace(' ', '')}"
