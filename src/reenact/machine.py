"""Facts of the machine that carries a run out, read from files in about a millisecond; on Linux nothing is started."""

import os
import re
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple


class Gpu(NamedTuple):
    """One graphics processor, as its driver names it."""

    model: str
    driver: str | None = None


class Machine(NamedTuple):
    """What a result may depend on.

    ``cpu_count`` is what the machine has, ``cpu_limit`` what this process may use of it (affinity and control group,
    in CPUs, which need not be whole). ``memory`` and ``memory_limit`` are in bytes, the limit None where there is none.
    """

    cpu_model: str
    cpu_count: int
    cpu_limit: float
    memory: int
    memory_limit: int | None
    system: str
    kernel: str
    architecture: str
    libc: str
    python: str
    hostname: str
    gpus: tuple[Gpu, ...] = ()


def read_machine(root: Path = Path("/")) -> Machine:
    """The facts of this machine; ``root`` is where ``proc``, ``sys`` and ``etc`` are found."""
    names = os.uname()
    count = os.cpu_count() or 1
    groups = list(_find_control_groups(root))
    return Machine(
        cpu_model=_read_cpu_model(root) or names.machine,
        cpu_count=count,
        cpu_limit=_find_cpu_limit(groups, count),
        memory=os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE"),
        memory_limit=_find_memory_limit(groups),
        system=_read_system(root) or names.sysname,
        kernel=f"{names.sysname} {names.release}",
        architecture=names.machine,
        libc=_find_libc(),
        python=f"{sys.implementation.name} {sys.version.split()[0]}",
        hostname=names.nodename,
        gpus=(*_find_nvidia(root), *_find_amd(root)),
    )


def _read(path: Path, size: int = 1 << 14) -> str:
    """The beginning of a file; empty where there is none. One read, for some grow with the number of CPUs."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return ""
    try:
        return os.read(descriptor, size).decode("utf-8", "replace")
    except OSError:
        return ""
    finally:
        os.close(descriptor)


def _find(pattern: str, text: str) -> str | None:
    found = re.search(pattern, text, re.MULTILINE)
    return found[1].strip() if found else None


def _read_cpu_model(root: Path) -> str | None:
    if sys.platform == "darwin":
        from reenact.process.tool import run_tool

        told = run_tool(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], environ={})
        return told.output.strip() or None
    # ARM kernels name no model; the board's own name is the nearest.
    text = _read(root / "proc/cpuinfo", 4096)
    return _find(r"^model name\s*:(.*)$", text) or _read(root / "proc/device-tree/model").strip("\0\n") or None


def _read_system(root: Path) -> str | None:
    if sys.platform == "darwin":
        text = _read(root / "System/Library/CoreServices/SystemVersion.plist")
        version = _find(r"<key>ProductVersion</key>\s*<string>([^<]*)</string>", text)
        return f"macOS {version}" if version else None
    return _find(r'^PRETTY_NAME="?([^"\n]*)', _read(root / "etc/os-release"))


def _find_libc() -> str:
    try:
        return os.confstr("CS_GNU_LIBC_VERSION") or ""
    except (ValueError, OSError):
        return ""


def _find_control_groups(root: Path) -> Iterator[Path]:
    """Every folder of a control group that limits us, in both versions of the interface (cgroups(7))."""
    for line in _read(root / "proc/self/cgroup").splitlines():
        number, _, rest = line.partition(":")
        controllers, _, place = rest.partition(":")
        top = root / "sys/fs/cgroup"
        if number != "0":
            if not {"cpu", "memory"} & set(controllers.split(",")):
                continue
            top /= controllers
        group = top / place.lstrip("/")
        while top in (group, *group.parents):
            yield group
            group = group.parent


def _find_cpu_limit(groups: list[Path], count: int) -> float:
    limit = float(len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else count)
    for group in groups:
        quota, _, period = _read(group / "cpu.max").strip().partition(" ")
        if not quota:
            quota, period = _read(group / "cpu.cfs_quota_us").strip(), _read(group / "cpu.cfs_period_us").strip()
        if quota.isdecimal() and period.isdecimal() and int(period):
            limit = min(limit, int(quota) / int(period))
    return limit


def _find_memory_limit(groups: list[Path]) -> int | None:
    limits = [_read(group / name).strip() for group in groups for name in ("memory.max", "memory.limit_in_bytes")]
    # The first interface says "no limit" as the largest number of pages.
    numbers = [int(limit) for limit in limits if limit.isdecimal() and int(limit) < 1 << 62]
    return min(numbers, default=None)


def _find_nvidia(root: Path) -> Iterator[Gpu]:
    folder = root / "proc/driver/nvidia"
    if not folder.is_dir():
        return
    driver = _find(r"Kernel Module\D*(\d+(?:\.\d+)+)", _read(folder / "version"))
    for card in sorted((folder / "gpus").glob("*/information")):
        if model := _find(r"^Model:(.*)$", _read(card)):
            yield Gpu(model, driver)


def _find_amd(root: Path) -> Iterator[Gpu]:
    folder = root / "sys/class/kfd/kfd/topology/nodes"
    if not folder.is_dir():
        return
    driver = _read(root / "sys/module/amdgpu/version").strip() or None
    for node in sorted(folder.iterdir()):
        # A node without compute units is a CPU.
        if _find(r"^simd_count ([1-9]\d*)$", _read(node / "properties")):
            yield Gpu(_read(node / "name").strip() or "AMD", driver)
