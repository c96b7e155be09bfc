"""``--deterministic``: the variables by which common libraries are told to give the same result every time. Pure.

Only what the libraries' own documentation names is here. A value of the caller's, or of the project's, that repeats as
well is kept; one that does not is replaced, and that is told. What no variable can fix is in :data:`LIMITS`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping

from reenact.plan import CondaSpec, Determinism, DockerSpec, EnvironmentSpec, Plan, PythonSpec
from reenact.project.diagnostics import Diagnostic
from reenact.values import NamedTuple

EARLIEST = 315532800
"""1980-01-01, the first day that a zip archive can hold: ``SOURCE_DATE_EPOCH`` where there is no commit."""

XLA_FLAG = "--xla_gpu_deterministic_ops=true"


class Setting(NamedTuple):
    """A variable, the value that we give it, why, and which other values (a pattern) repeat as well."""

    name: str
    value: str
    reason: str
    fine: str = "(?!)"


_THREADS = "several threads add in an order of their own"

SETTINGS = (
    Setting("PYTHONHASHSEED", "0", "the order of sets of texts", r"\d+"),
    Setting("OMP_NUM_THREADS", "1", _THREADS, "1"),
    Setting("OMP_DYNAMIC", "FALSE", "OpenMP may choose another number of threads while it runs", "(?i)false"),
    Setting(
        "KMP_DETERMINISTIC_REDUCTION", "TRUE", "Intel's and LLVM's OpenMP add in the order of arrival", "(?i)true|1"
    ),
    Setting("OPENBLAS_NUM_THREADS", "1", _THREADS, "1"),
    Setting("BLIS_NUM_THREADS", "1", _THREADS, "1"),
    Setting("VECLIB_MAXIMUM_THREADS", "1", _THREADS, "1"),
    Setting("NUMEXPR_NUM_THREADS", "1", _THREADS, "1"),
    Setting("NUMBA_NUM_THREADS", "1", _THREADS, "1"),
    Setting("POLARS_MAX_THREADS", "1", "several threads group rows in an order of their own", "1"),
    Setting("MKL_NUM_THREADS", "1", _THREADS, "1"),
    Setting("MKL_DYNAMIC", "FALSE", "MKL may choose another number of threads while it runs", "(?i)false"),
    Setting("MKL_CBWR", "COMPATIBLE", "MKL chooses its code by the processor", r"(?!(?i:off)$).+"),
    Setting("CUBLAS_WORKSPACE_CONFIG", ":4096:8", "cuBLAS shares its workspace between streams", ":4096:[28]|:16:8"),
    Setting("NVIDIA_TF32_OVERRIDE", "0", "TF32 rounds as the generation of the GPU does", "0"),
    Setting("TF_DETERMINISTIC_OPS", "1", "TensorFlow's faster operations add in any order", "(?i)true|1"),
    Setting("TF_CUDNN_DETERMINISTIC", "1", "TensorFlow lets cuDNN choose by measuring", "(?i)true|1"),
    Setting("TF_ENABLE_ONEDNN_OPTS", "0", "oneDNN adds in the order that suits the processor", "0"),
    Setting("TORCHINDUCTOR_DETERMINISTIC", "1", "torch.compile chooses kernels by measuring", "1"),
    Setting("XLA_FLAGS", XLA_FLAG, "XLA chooses kernels by measuring, and adds in any order on a GPU"),
    Setting("SOURCE_DATE_EPOCH", str(EARLIEST), "archives and documents hold the time of their making", r"\d+"),
)
"""What is set. The values of TZ, LANG and LC_ALL decide results too, and stay: they decide what is printed as well."""

LIMITS = (
    "random numbers that the program draws without a seed",
    "threads and processes of the program's own, and the order in which they end",
    "what it reads of the clock, the network, unsorted folders and the machine's name",
    "operations of a GPU that have no deterministic form (in PyTorch, torch.use_deterministic_algorithms(True) "
    "refuses them), and several GPUs together",
    "another processor, GPU, driver or version of a library",
)
"""What is not promised."""


PROMISED = Determinism(tuple(setting.name for setting in SETTINGS), (), LIMITS)
"""What a plan that asks for it has, whatever was so already."""


def make_deterministic(plan: Plan, environ: Mapping[str, str], committed: float | None) -> Plan:
    """The plan with the variables in its command; ``environ`` are the caller's.

    ``committed`` is when the commit was made, in seconds since the epoch; None where there is none.
    """
    seen = find_seen(plan, environ)
    chosen: dict[str, str] = {}
    kept: list[str] = []
    notes: list[Diagnostic] = []
    for setting in SETTINGS:
        theirs = seen.get(setting.name)
        value = _choose(setting, theirs, committed)
        if theirs == value:
            kept.append(setting.name)
        if doubt := _find_doubt(setting, value, theirs):
            notes.append(Diagnostic("warning", "not-deterministic", doubt))
        chosen[setting.name] = value
    notes += (Diagnostic("warning", "not-deterministic", doubt) for doubt in _list_overruled(plan, chosen))
    command = plan.command._replace(environment={**plan.command.environment, **chosen})
    determinism = Determinism(tuple(chosen), tuple(kept), LIMITS)
    return plan._replace(command=command, determinism=determinism, notes=(*plan.notes, *notes))


def _choose(setting: Setting, theirs: str | None, committed: float | None) -> str:
    if setting.name == "XLA_FLAGS":
        return add_xla_flag(theirs or "")
    if theirs is not None and re.fullmatch(setting.fine, theirs):
        return theirs
    if setting.name == "SOURCE_DATE_EPOCH" and committed is not None:
        return str(int(committed))
    return setting.value


def _find_doubt(setting: Setting, value: str, theirs: str | None) -> str | None:
    """What to tell of a value of somebody else's."""
    if setting.name == "XLA_FLAGS":
        return f"XLA_FLAGS names a file, {value}: write {XLA_FLAG} into it" if names_file(value) else None
    if not theirs or theirs == value:
        return None
    return f"--deterministic sets {setting.name} to {value} in place of {theirs}: {setting.reason}"


def _list_overruled(plan: Plan, chosen: Mapping[str, str]) -> Iterator[str]:
    """What to tell of the variables that the caller gives to the container's engine himself: they stand over ours."""
    spec = plan.environment
    for name, value in spec.arguments if isinstance(spec, DockerSpec) else ():
        variable, _, theirs = (value or "").partition("=")
        if name in ("e", "env") and variable in chosen and theirs != chosen[variable]:
            yield f"--docker-args sets {variable} to {theirs}, over what --deterministic asks for: {chosen[variable]}"


def add_xla_flag(flags: str) -> str:
    """``flags`` with ours at the end, where it wins over what stands before it.

    What does not begin with a dash is the name of a file that holds the flags, and stays.

    >>> add_xla_flag("--xla_dump_to=/tmp/x")
    '--xla_dump_to=/tmp/x --xla_gpu_deterministic_ops=true'
    """
    flags = flags.strip()
    if names_file(flags) or flags.split()[-1:] == [XLA_FLAG]:
        return flags
    return f"{flags} {XLA_FLAG}".lstrip()


def names_file(flags: str) -> bool:
    """Whether ``XLA_FLAGS`` is the name of a file."""
    return bool(flags) and not flags.startswith("-")


def find_seen(plan: Plan, environ: Mapping[str, str]) -> Mapping[str, str]:
    """What the command would see of the caller's and the project's variables."""
    spec = plan.environment
    if isinstance(spec, DockerSpec):
        copied = {name: value for name, value in environ.items() if name in plan.keep}
        return {**copied, **_list_container(spec, environ), **plan.command.environment}
    return {**environ, **_list_own(spec), **plan.command.environment}


def _list_own(spec: EnvironmentSpec) -> Mapping[str, str]:
    return spec.variables if isinstance(spec, PythonSpec | CondaSpec) else {}


def _list_container(spec: DockerSpec, environ: Mapping[str, str]) -> Mapping[str, str]:
    listed = spec.container.environment
    return dict((item, environ.get(item, "")) if isinstance(item, str) else item for item in listed)


def render_limits(determinism: Determinism) -> str:
    """What is told of it when a run begins."""
    return (
        f"deterministic: {len(determinism.variables)} variables are set (reenact show lists them); not promised are\n"
        + "\n".join(f"  {limit}" for limit in determinism.limits)
    )
