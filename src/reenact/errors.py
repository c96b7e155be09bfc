"""Every error that reenact raises on purpose.

    ReenactError            1    anything below, or a fault that has no better name
    ├── UsageError          2    the call itself is wrong: an option, a value's form
    │   └── ParameterError  64   a parameter is missing, unknown (under --strict) or does not fit
    ├── ProjectError        65   the project file, or a file it names, is wrong
    ├── SourceError         66   the code cannot be found or fetched
    ├── InputError          67   what the project declares to read is not there; under --strict-inputs: what was read
    │                            is not declared
    ├── RecordError         68   a run is not known, is not unique, or its record is damaged
    ├── UnsupportedError    69   right, but not possible here: no backend, no such platform
    ├── BuildError          70   the environment cannot be resolved or made
    ├── StorageError        74   our own home cannot be read or written
    ├── TrustError          77   the code is from elsewhere, and the user does not agree to run it
    └── RunFailed           —    the command failed and the caller asked to be told; carries its code

The numbers from 64 on are those of BSD's ``sysexits.h`` where it has a fitting one. The user's program
failing is a result and not an error of ours: ``reenact run`` exits with the program's own code, and only
the Python interface turns it into :class:`RunFailed`.
"""

from __future__ import annotations

from reenact.hints import TYPE_CHECKING

if TYPE_CHECKING:
    from typing import ClassVar

    from reenact.project.diagnostics import Diagnostic


class ReenactError(Exception):
    """What happened and where in ``message``; what to do next in ``hint``."""

    exit_code: ClassVar[int] = 1

    def __init__(self, message: str, *, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class UsageError(ReenactError):
    """The call itself is wrong."""

    exit_code = 2


class ParameterError(UsageError):
    """A parameter is missing, unknown under ``--strict``, or does not fit its declaration."""

    exit_code = 64


class ProjectError(ReenactError):
    """The project file, or a file that it names, is wrong; ``diagnostics`` say where."""

    exit_code = 65

    def __init__(self, message: str, *, hint: str | None = None, diagnostics: tuple[Diagnostic, ...] = ()) -> None:
        super().__init__(message, hint=hint)
        self.diagnostics = diagnostics


class SourceError(ReenactError):
    """The code cannot be found or fetched."""

    exit_code = 66


class InputError(ReenactError):
    """What the project declares to read is not there."""

    exit_code = 67


class RecordError(ReenactError):
    """A run is not known, a shortened id fits several, or a record is damaged."""

    exit_code = 68


class UnsupportedError(ReenactError):
    """A sound request that cannot be met on this machine or by this version."""

    exit_code = 69


class BuildError(ReenactError):
    """The environment cannot be resolved or made."""

    exit_code = 70


class StorageError(ReenactError):
    """reenact's own home cannot be read or written."""

    exit_code = 74


class TrustError(ReenactError):
    """The code is from elsewhere, and the person at the terminal said no."""

    exit_code = 77


class RunFailed(ReenactError):
    """The command of a run that was waited for did not finish; ``code`` is what the shell would report."""

    def __init__(self, message: str, *, run_id: str, code: int, hint: str | None = None) -> None:
        super().__init__(message, hint=hint)
        self.run_id = run_id
        self.code = code
