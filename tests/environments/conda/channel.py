"""A conda channel made by hand: packages as conda-build would write them, and the machine's own CPython as one of them.

The formats are those of https://docs.conda.io/projects/conda-build/en/stable/resources/package-spec.html and
https://conda.org/learn/ceps/cep-0016 (``.conda``: a zip of two zstd tars).
"""

from __future__ import annotations

import asyncio
import glob
import hashlib
import io
import json
import os
import shutil
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import zstandard

PLACEHOLDER = "/opt/conda_placeholder" + "_placehold" * 23
SUBDIR = "linux-64"
LEFT_OUT = frozenset(
    ("test", "tests", "idlelib", "turtledemo", "__pycache__", "site-packages", "dist-packages", "lib2to3", "tkinter")
)


class File(NamedTuple):
    """What a package puts at a path; ``link`` makes it a symbolic link."""

    data: bytes = b""
    mode: int = 0o644
    link: str = ""


class Recipe(NamedTuple):
    """A package: a file that holds :data:`PLACEHOLDER` gets the prefix in its place when it is linked."""

    name: str
    version: str
    files: Mapping[str, File]
    build: str = "0"
    depends: tuple[str, ...] = ()
    noarch: bool = False
    entry_points: tuple[str, ...] = ()
    extra: Mapping[str, Any] = {}


def write_package(channel: Path, recipe: Recipe) -> Path:
    """Write the package into ``channel``, which has to be indexed after that."""
    subdir = "noarch" if recipe.noarch else SUBDIR
    index = {
        "name": recipe.name,
        "version": recipe.version,
        "build": recipe.build,
        "build_number": 0,
        "subdir": subdir,
        "depends": list(recipe.depends),
        "timestamp": 1_700_000_000_000,
        **({"noarch": "python"} if recipe.noarch else {}),
        **recipe.extra,
    }
    paths = [_describe(path, file) for path, file in sorted(recipe.files.items())]
    info = {
        "info/index.json": json.dumps(index),
        "info/paths.json": json.dumps({"paths": paths, "paths_version": 1}),
        "info/about.json": "{}",
        "info/files": "".join(f"{entry['_path']}\n" for entry in paths),
    }
    if recipe.noarch:
        link = {"noarch": {"type": "python", "entry_points": list(recipe.entry_points)}, "package_metadata_version": 1}
        info["info/link.json"] = json.dumps(link)
    stem = f"{recipe.name}-{recipe.version}-{recipe.build}"
    target = channel / subdir / f"{stem}.conda"
    target.parent.mkdir(parents=True, exist_ok=True)
    compress = zstandard.ZstdCompressor(level=1).compress
    with zipfile.ZipFile(target, "w", zipfile.ZIP_STORED) as archive:
        archive.writestr("metadata.json", json.dumps({"conda_pkg_format_version": 2}))
        archive.writestr(f"pkg-{stem}.tar.zst", compress(_tar(recipe.files)))
        archive.writestr(f"info-{stem}.tar.zst", compress(_tar({k: File(v.encode()) for k, v in info.items()})))
    return target


def index_channel(channel: Path) -> None:
    """(Re)write the channel's ``repodata.json`` and its kin."""
    from rattler.index import index_fs

    for subdir in ("noarch", SUBDIR):
        (channel / subdir).mkdir(parents=True, exist_ok=True)
    asyncio.run(index_fs(channel, force=True, write_shards=False))


def make_python_recipe() -> Recipe:
    """The CPython that runs this, as the conda package ``python``."""
    version = ".".join(map(str, sys.version_info[:3]))
    short = "{}.{}".format(*sys.version_info[:2])
    base = sys.base_prefix
    debian = base == "/usr"
    executable = os.path.realpath(f"{base}/bin/python{short}")
    files = {f"bin/python{short}": _copy(executable, base), "bin/python3": File(link=f"python{short}")}
    files["bin/python"] = File(link=f"python{short}")
    for library in [] if debian else glob.glob(f"{base}/lib/libpython*.so*"):
        name = os.path.basename(library)
        files[f"lib/{name}"] = File(link=os.readlink(library)) if os.path.islink(library) else _copy(library, base)
    standard = os.path.dirname(os.__file__)
    for folder, names, found in os.walk(standard):
        names[:] = [name for name in names if name not in LEFT_OUT and not name.startswith("config-")]
        for name in found:
            source = os.path.join(folder, name)
            if os.path.exists(source) and not name.endswith((".pyc", ".a", ".o")) and name != "EXTERNALLY-MANAGED":
                files[f"lib/python{short}/{os.path.relpath(source, standard)}"] = _copy(source, base)
    if debian:
        _undo_debian(files, short)
    packages = f"lib/python{short}/site-packages"
    files[f"{packages}/README.txt"] = File(b"third-party packages\n")
    extra = {"python_site_packages_path": packages}
    return Recipe("python", version, files, "h0_0_cpython", ("__glibc >=2.17",), extra=extra)


def make_module_recipe(name: str, version: str, source: str, *, command: str = "", **more: Any) -> Recipe:
    """A pure Python package with a module ``name`` and, with ``command``, a program that calls its ``main``."""
    info = f"site-packages/{name}-{version}.dist-info"
    module = {
        f"site-packages/{name}.py": File(source.encode()),
        f"{info}/METADATA": File(f"Metadata-Version: 2.1\nName: {name}\nVersion: {version}\n".encode()),
        f"{info}/INSTALLER": File(b"conda\n"),
    }
    listed = [path.removeprefix("site-packages/") for path in module]
    module[f"{info}/RECORD"] = File("".join(f"{path},,\n" for path in [*listed, listed[1][:-8] + "RECORD"]).encode())
    points = (f"{command} = {name}:main",) if command else ()
    return Recipe(name, version, module, "py_0", ("python >=3.8",), noarch=True, entry_points=points, **more)


def make_native_recipe(folder: Path) -> Recipe | None:
    """A program compiled here that knows its prefix, and activation scripts; None without a C compiler."""
    compiler = shutil.which("gcc") or shutil.which("cc")
    if compiler is None:
        return None
    source = folder / "where.c"
    source.write_text(
        f'#include <stdio.h>\nvolatile char prefix[] = "{PLACEHOLDER}/share";\n'
        'int main(void) { printf("native at %s\\n", (char *)prefix); return 0; }\n'
    )
    subprocess.run([compiler, "-o", folder / "where", source], check=True)
    files = {
        "bin/where-native": File((folder / "where").read_bytes(), 0o755),
        "bin/where-script": File(f"#!/bin/sh\necho script at {PLACEHOLDER}\n".encode(), 0o755),
        "etc/conda/env_vars.d/native.json": File(b'{"NATIVE_DATA": "from a package"}'),
        "etc/conda/activate.d/native.sh": File(
            b'echo noise\nexport NATIVE_HOME="$CONDA_PREFIX/share/native"\n'
            b'export PATH="$CONDA_PREFIX/native/bin:$PATH"\n'
        ),
    }
    return Recipe("where-native", "1.0", files, "h1_0", ("__glibc >=2.17",))


def _describe(path: str, file: File) -> dict[str, Any]:
    if file.link:
        return {"_path": path, "path_type": "softlink", "sha256": hashlib.sha256(b"").hexdigest(), "size_in_bytes": 0}
    entry = {
        "_path": path,
        "path_type": "hardlink",
        "sha256": hashlib.sha256(file.data).hexdigest(),
        "size_in_bytes": len(file.data),
    }
    if PLACEHOLDER.encode() in file.data:
        mode = "binary" if b"\0" in file.data else "text"
        entry |= {"file_mode": mode, "prefix_placeholder": PLACEHOLDER}
    return entry


def _tar(files: Mapping[str, File]) -> bytes:
    body = io.BytesIO()
    with tarfile.open(fileobj=body, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, (data, mode, link) in sorted(files.items()):
            member = tarfile.TarInfo(path)
            member.mtime = 1_700_000_000
            if link:
                member.type, member.linkname = tarfile.SYMTYPE, link
                archive.addfile(member)
            else:
                member.size, member.mode = len(data), mode
                archive.addfile(member, io.BytesIO(data))
    return body.getvalue()


def _copy(path: str, base: str) -> File:
    data = Path(path).read_bytes()
    library = f"{base}/lib".encode() + b"\0"
    if data[:4] == b"\x7fELF" and library in data and base != "/usr":
        # The search path of its libraries, in place: relative to where it is linked.
        data = data.replace(library, b"$ORIGIN/../lib".ljust(len(library), b"\0"))
    elif base != "/usr" and b"\0" not in data:
        data = data.replace(base.encode(), PLACEHOLDER.encode())
    return File(data, 0o755 if os.access(path, os.X_OK) else 0o644)


def _undo_debian(files: dict[str, File], short: str) -> None:
    """Debian's Python installs into dist-packages; a conda Python into site-packages."""
    path = f"lib/python{short}/sysconfig.py"
    files[path] = File(files[path].data.replace(b"'posix_local'", b"'posix_prefix'"))
    text = f"import site, sys\nsite.addsitedir(sys.prefix + '/lib/python{short}/site-packages')\n"
    files[f"lib/python{short}/sitecustomize.py"] = File(text.encode())
