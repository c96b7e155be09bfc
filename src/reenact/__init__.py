"""Run any machine-learning project with one command, and leave a record from which anyone can run it again.

    import reenact

    submitted = reenact.run("https://github.com/mlflow/mlflow-example", parameters={"alpha": 0.5})

:func:`run` takes every argument of ``mlflow.projects.run``. What is here is imported when it is first used.
"""

TYPE_CHECKING = False

if TYPE_CHECKING:
    from reenact.api import SubmittedRun, rerun, run, verify
    from reenact.errors import (
        BuildError,
        ParameterError,
        ProjectError,
        RecordError,
        ReenactError,
        RunFailed,
        SourceError,
        StorageError,
        UnsupportedError,
        UsageError,
    )

__version__ = "0.1.0"

__all__ = [
    "BuildError",
    "ParameterError",
    "ProjectError",
    "RecordError",
    "ReenactError",
    "RunFailed",
    "SourceError",
    "StorageError",
    "SubmittedRun",
    "UnsupportedError",
    "UsageError",
    "__version__",
    "rerun",
    "run",
    "verify",
]


def __getattr__(name: str) -> object:
    """What the package offers, imported when it is asked for: the command line needs none of it."""
    if name not in __all__:
        raise AttributeError(f"module 'reenact' has no attribute '{name}'")
    from importlib import import_module

    module = import_module("reenact.api" if name in ("rerun", "run", "verify", "SubmittedRun") else "reenact.errors")
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
