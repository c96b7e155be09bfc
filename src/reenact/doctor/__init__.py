"""Will the run come out the same elsewhere, and later? Questions about a project, answered without running it.

A check is a module with

``CONCERNS: tuple[Concern, ...]``
    What it can find, each with its code, why it matters and how to mend it.
``find(subject: Subject, world: World) -> Iterator[Finding]``
    Look. Reads only; imports and starts nothing of the project.

It is here, and not among the lints of the project file, that something is said of what is sound but will not last. To
find nothing is better than to find what the author would shake their head at: a check that cannot tell says nothing.
"""

from collections.abc import Collection
from importlib import import_module
from pathlib import Path

from reenact.doctor.findings import Concern, Finding, in_order
from reenact.values import NamedTuple
from reenact.world import World

CHECKS = (
    "project_file",
    "secrets",
    "locks",
    "interpreter",
    "images",
    "paths",
    "inputs",
    "network",
    "randomness",
    "command_habits",
    "work_tree",
)
"""The modules of the checks, imported when they look."""


class Examination(NamedTuple):
    """What was found, the worst first, and how many findings the author has silenced.

    ``changes`` say what was mended, each in a line; ``unmended`` what could not be, with the reason. ``script`` is the
    one whose own environment was looked at in place of the project's.
    """

    project: str
    findings: tuple[Finding, ...]
    silenced: int = 0
    changes: tuple[str, ...] = ()
    unmended: tuple[str, ...] = ()
    script: str | None = None


def examine(
    root: Path, world: World, *, entry_point: str | None = None, ignored: Collection[str] = (), is_copy: bool = False
) -> Examination:
    """Everything that is found in the project in ``root``, or in one entry point of it.

    Raises:
        ProjectError: the folder cannot be read, or there is no such entry point.
    """
    from reenact.doctor.secrets import list_values
    from reenact.doctor.silence import split_silenced
    from reenact.doctor.subject import read_subject

    subject = read_subject(root, entry_point, world, is_copy=is_copy)
    found: list[Finding] = []
    for name in CHECKS:
        found += import_module(f"{__name__}.{name}").find(subject, world)
    told, silenced = split_silenced(found, root, ignored)
    hidden = list_values(subject)
    shown = in_order([_without(finding, hidden) for finding in told])
    source = subject.project.environment
    script = source.file if source.key == "script" else None
    return Examination(subject.project.name or root.name, shown, len(silenced), script=script)


def list_concerns() -> tuple[Concern, ...]:
    """All that can be found, by code; what `reenact check` finds is not among them."""
    modules = (import_module(f"{__name__}.{name}") for name in CHECKS)
    return tuple(sorted({concern.code: concern for module in modules for concern in module.CONCERNS}.values()))


def _without(finding: Finding, hidden: Collection[str]) -> Finding:
    """The finding with no secret in its words."""
    from reenact.doctor.secrets import HIDDEN

    words = finding.message + finding.fix + ((finding.diagnostic and finding.diagnostic.line) or "")
    for value in hidden:
        if value in words:
            told = finding.diagnostic
            diagnostic = told and told._replace(
                message=told.message.replace(value, HIDDEN),
                line=told.line and told.line.replace(value, HIDDEN),
                hint=told.hint and told.hint.replace(value, HIDDEN),
            )
            finding = finding._replace(
                message=finding.message.replace(value, HIDDEN),
                fix=finding.fix.replace(value, HIDDEN),
                diagnostic=diagnostic,
            )
    return finding
