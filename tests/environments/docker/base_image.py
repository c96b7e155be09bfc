"""A base image made on the spot from this machine's own Python, shell and tools: no registry is asked."""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO

TOOLS = (
    *("bash", "cat", "chmod", "cp", "cut", "date", "dd", "dirname", "echo", "env", "false", "grep", "head", "hostname"),
    *(
        "id",
        "ln",
        "ls",
        "mkdir",
        "mv",
        "pwd",
        "rm",
        "sed",
        "seq",
        "sh",
        "sleep",
        "sort",
        "stat",
        "tail",
        "tee",
        "touch",
    ),
    *("tr", "true", "wc"),
)
LEFT_OUT = frozenset(("test", "tests", "idlelib", "turtledemo", "lib2to3", "ensurepip", "site-packages", "__pycache__"))


def write_base_image(target: IO[bytes]) -> None:
    """Write the image's file system as a tar; the interpreter is ``/usr/local/bin/python``."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    python = Path(sys.executable).resolve()
    files = {f"usr/local/bin/{name}": python for name in ("python", "python3")}
    files |= {f"usr/local/lib/{stdlib.name}/{path.relative_to(stdlib)}": path for path in list_stdlib(stdlib)}
    tools = {name: Path(found).resolve() for name in TOOLS if (found := shutil.which(name, path="/usr/bin:/bin"))}
    files |= {f"usr/bin/{name}": path for name, path in tools.items()}
    loaded = [python, *tools.values(), *(path for path in files.values() if path.suffix == ".so")]
    # Every user must be able to read them: those from a user's own folder go where the loader looks by itself.
    for path in find_libraries(loaded):
        system = path.parts[1] in ("lib", "lib64", "usr")
        files[str(path).lstrip("/") if system else f"usr/lib/{path.name}"] = path
    texts = {
        "etc/passwd": "root:x:0:0:root:/root:/bin/sh\nnobody:x:65534:65534:nobody:/:/bin/false\n",
        "etc/group": "root:x:0:\nnogroup:x:65534:\n",
        "etc/nsswitch.conf": "hosts: files dns\n",
    }
    with tarfile.open(fileobj=target, mode="w|") as tar:
        for folder, mode in (("tmp", 0o1777), ("root", 0o700), ("usr/bin", 0o755), ("proc", 0o755), ("sys", 0o755)):
            entry = tarfile.TarInfo(folder)
            entry.type, entry.mode = tarfile.DIRTYPE, mode
            tar.addfile(entry)
        link = tarfile.TarInfo("bin")
        link.type, link.linkname = tarfile.SYMTYPE, "usr/bin"
        tar.addfile(link)
        for name, text in texts.items():
            entry = tarfile.TarInfo(name)
            entry.size, entry.mode = len(text), 0o644
            tar.addfile(entry, io.BytesIO(text.encode()))
        for name, path in files.items():
            add_file(tar, name, path)


def add_file(tar: tarfile.TarFile, name: str, path: Path) -> None:
    """Add the content of a file under a name, owned by root."""
    status = path.stat()
    entry = tarfile.TarInfo(name)
    entry.size, entry.mode, entry.mtime = status.st_size, status.st_mode & 0o755, int(status.st_mtime)
    with path.open("rb") as file:
        tar.addfile(entry, file)


def list_stdlib(stdlib: Path) -> Iterator[Path]:
    """The files of the standard library that programs import."""
    for folder, names, files in os.walk(stdlib):
        names[:] = [name for name in names if name not in LEFT_OUT and not name.startswith("config-")]
        yield from (Path(folder, name) for name in files if name.endswith((".py", ".so")))


def find_libraries(programs: Iterable[Path]) -> set[Path]:
    """What the programs load, by the names under which the loader looks for it (ldd(1))."""
    paths = sorted({str(path) for path in programs})
    told = subprocess.run(["ldd", *paths], capture_output=True, text=True, check=False).stdout
    return {Path(path) for path in re.findall(r"(?:=> |\t)(/\S+) \(0x", told)}
