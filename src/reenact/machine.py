"""Facts of the machine that carries a run out, read from files in about a millisecond; on Linux nothing is started."""

import os
import re
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from reenact.values import NamedTuple

VARIABLES = (
    *("PYTHONHASHSEED", "PYTHONPATH", "PYTHONOPTIMIZE", "PYTHONUTF8", "PYTHONIOENCODING", "PYTHONSAFEPATH"),
    *("LANG", "LANGUAGE", "LC_ALL", "LC_COLLATE", "LC_CTYPE", "LC_NUMERIC", "LC_TIME", "TZ", "SOURCE_DATE_EPOCH"),
    *("LD_PRELOAD", "LD_LIBRARY_PATH", "DYLD_INSERT_LIBRARIES", "DYLD_LIBRARY_PATH", "GLIBC_TUNABLES"),
    *("OMP_NUM_THREADS", "OMP_DYNAMIC", "OMP_SCHEDULE", "OMP_PROC_BIND", "OMP_PLACES", "OMP_THREAD_LIMIT"),
    *("KMP_AFFINITY", "KMP_DETERMINISTIC_REDUCTION", "GOMP_CPU_AFFINITY"),
    *("OPENBLAS_NUM_THREADS", "OPENBLAS_CORETYPE", "BLIS_NUM_THREADS", "VECLIB_MAXIMUM_THREADS"),
    *("NUMEXPR_NUM_THREADS", "NUMEXPR_MAX_THREADS", "NUMBA_NUM_THREADS", "POLARS_MAX_THREADS", "RAYON_NUM_THREADS"),
    *("LOKY_MAX_CPU_COUNT", "NPY_DISABLE_CPU_FEATURES", "TOKENIZERS_PARALLELISM"),
    *("MKL_NUM_THREADS", "MKL_DYNAMIC", "MKL_CBWR", "MKL_THREADING_LAYER", "MKL_ENABLE_INSTRUCTIONS"),
    *("DNNL_MAX_CPU_ISA", "ONEDNN_MAX_CPU_ISA", "ATEN_CPU_CAPABILITY"),
    *("CUDA_VISIBLE_DEVICES", "CUDA_DEVICE_ORDER", "CUDA_LAUNCH_BLOCKING", "CUBLAS_WORKSPACE_CONFIG"),
    *("NVIDIA_VISIBLE_DEVICES", "NVIDIA_TF32_OVERRIDE", "NCCL_ALGO", "NCCL_PROTO"),
    *("HIP_VISIBLE_DEVICES", "ROCR_VISIBLE_DEVICES", "HSA_OVERRIDE_GFX_VERSION"),
    *("TF_DETERMINISTIC_OPS", "TF_CUDNN_DETERMINISTIC", "TF_CUDNN_USE_AUTOTUNE", "TF_ENABLE_ONEDNN_OPTS"),
    *("TF_NUM_INTRAOP_THREADS", "TF_NUM_INTEROP_THREADS", "TF_XLA_FLAGS", "TF_USE_LEGACY_KERAS", "KERAS_BACKEND"),
    *("XLA_FLAGS", "JAX_PLATFORMS", "JAX_ENABLE_X64", "JAX_DEFAULT_MATMUL_PRECISION", "JAX_DEFAULT_PRNG_IMPL"),
    *("JAX_THREEFRY_PARTITIONABLE", "JAX_NUMPY_DTYPE_PROMOTION", "JAX_DISABLE_JIT"),
    *("TORCHINDUCTOR_DETERMINISTIC", "TORCH_COMPILE_DISABLE", "TORCHDYNAMO_DISABLE", "PYTORCH_JIT"),
    *("TORCH_ALLOW_TF32_CUBLAS_OVERRIDE", "TORCH_BLAS_PREFER_CUBLASLT", "PYTORCH_ENABLE_MPS_FALLBACK"),
    *("WORLD_SIZE", "RANK", "LOCAL_RANK"),
)
"""The variables that may decide a result and hold no secret. In full, for ``TF_`` is how Terraform's begin, too."""


class Gpu(NamedTuple):
    """One graphics processor, as its driver names it."""

    model: str
    driver: str | None = None


class Machine(NamedTuple):
    """What a result may depend on.

    ``cpu_count`` is what the machine has, ``cpu_limit`` what this process may use of it (affinity and control group,
    in CPUs, which need not be whole). ``memory`` and ``memory_limit`` are in bytes, the limit None where there is none.
    ``variables`` are those of :data:`VARIABLES` that the command found, as it found them.
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
    variables: Mapping[str, str] = {}


def read_machine(root: Path = Path("/"), environ: Mapping[str, str] = {}) -> Machine:
    """The facts of this machine, and of ``environ``, which the command finds there.

    ``root`` is where ``proc``, ``sys`` and ``etc`` are found.
    """
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
        variables={name: environ[name] for name in VARIABLES if name in environ},
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


def _find(name: str, sign: str, text: str) -> str | None:
    """The value behind the first ``name`` and ``sign`` that a line begins with."""
    for line in text.splitlines():
        key, found, value = line.partition(sign)
        if found and key.strip() == name:
            return value.strip()
    return None


def _read_cpu_model(root: Path) -> str | None:
    if sys.platform == "darwin":
        from reenact.process.tool import run_tool

        told = run_tool(["/usr/sbin/sysctl", "-n", "machdep.cpu.brand_string"], environ={})
        return told.output.strip() or None
    # ARM kernels name no model; the board's own name is the nearest.
    text = _read(root / "proc/cpuinfo", 4096)
    return _find("model name", ":", text) or _read(root / "proc/device-tree/model").strip("\0\n") or None


def _read_system(root: Path) -> str | None:
    if sys.platform == "darwin":
        text = _read(root / "System/Library/CoreServices/SystemVersion.plist")
        version = re.search(r"<key>ProductVersion</key>\s*<string>([^<]*)</string>", text)
        return f"macOS {version[1]}" if version else None
    name = _find("PRETTY_NAME", "=", _read(root / "etc/os-release"))
    return name and name.strip('"')


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
    version = re.search(r"Kernel Module\D*(\d+(?:\.\d+)+)", _read(folder / "version"))
    driver = version[1] if version else None
    for card in sorted((folder / "gpus").glob("*/information")):
        if model := _find("Model", ":", _read(card)):
            yield Gpu(model, driver)


def _find_amd(root: Path) -> Iterator[Gpu]:
    folder = root / "sys/class/kfd/kfd/topology/nodes"
    if not folder.is_dir():
        return
    driver = _read(root / "sys/module/amdgpu/version").strip() or None
    for node in sorted(folder.iterdir()):
        # A node without compute units is a CPU.
        if _find("simd_count", " ", _read(node / "properties")) not in (None, "0"):
            yield Gpu(_read(node / "name").strip() or "AMD", driver)
