"""The lock that a project brings along: which one counts, and what is said where it does not answer any more."""

from __future__ import annotations

from pathlib import Path

from reenact.errors import ProjectError
from reenact.plan import CommittedLock, DockerSpec, EnvironmentSpec, PythonSpec
from reenact.project.diagnostics import Diagnostic
from reenact.world import World

Chosen = tuple[CommittedLock | None, tuple[Diagnostic, ...]]
"""The committed lock, and a warning for each lock that does not answer any more."""


def choose_lock(
    spec: EnvironmentSpec, root: Path, world: World, *, locked: bool, upgrade: bool, manager: str | None = None
) -> Chosen:
    """``reenact.lock`` where it is meant for ``spec``, or the lock of another tool, which ``spec`` names.

    ``manager`` is the one that was asked for.

    Raises:
        ProjectError: it is damaged; or only what is ``locked`` may run, and this is not.
    """
    if isinstance(spec, DockerSpec) and locked:
        _expect_pinned(spec)
    if spec.kind in ("system", "docker"):
        return None, ()
    found: CommittedLock | None = None
    doubts: tuple[Diagnostic, ...] = ()
    if not upgrade:
        from reenact.environments.committed import find_committed

        found = find_committed(spec, root, world)
    own = spec if isinstance(spec, PythonSpec) and spec.lock_file is not None else None
    command = _render_command(spec, manager)
    if locked and found is None and own is None:
        raise ProjectError("--locked: no file of the project says which versions to install", hint=command)
    answers = found is not None and not found.stale
    if own is not None and (locked or not answers):
        doubts += _judge_own(own, root, world, locked=locked, strictly=locked and not answers)
    if found is not None:
        what = f"{found.file} does not answer what is asked for"
        doubts += _judge(what, found.stale, command, locked=locked and own is None)
    return found, doubts


def _render_command(spec: EnvironmentSpec, manager: str | None) -> str:
    """What makes the lock that a run of this environment uses."""
    options = {"env-manager": manager, "as-of": getattr(spec, "as_of", None)}
    options["accelerator"] = getattr(spec, "accelerator", None)
    given = {name: value for name, value in options.items() if value}
    if not given:
        return "reenact lock"
    from shlex import quote

    return " ".join(("reenact lock", *(f"--{name} {quote(value)}" for name, value in given.items())))


def list_doubts(spec: EnvironmentSpec, root: Path, world: World) -> tuple[Diagnostic, ...]:
    """A warning where another tool's lock, which ``spec`` takes as it is, does not answer any more."""
    if not isinstance(spec, PythonSpec) or spec.lock_file is None:
        return ()
    return _judge_own(spec, root, world, locked=False, strictly=False)


def _judge_own(spec: PythonSpec, root: Path, world: World, *, locked: bool, strictly: bool) -> tuple[Diagnostic, ...]:
    from reenact.environments.python.stale_lock import find_stale, make_hint

    stale = find_stale(spec, root, world, strictly=strictly)
    return _judge(
        f"{spec.lock_file} does not answer what {spec.origin} asks for", stale, make_hint(spec), locked=locked
    )


def _judge(what: str, stale: tuple[str, ...], hint: str, *, locked: bool) -> tuple[Diagnostic, ...]:
    """A warning that names the ``stale`` lines, if there are any; an error where only what is ``locked`` may run."""
    if not stale:
        return ()
    if locked:
        raise ProjectError("\n  ".join((what, *stale)), hint=hint)
    return (Diagnostic("warning", "stale-lock", f"{what}: {'; '.join(stale)}", hint=hint),)


def _expect_pinned(spec: DockerSpec) -> None:
    image = spec.container.image
    if spec.container.build is not None or "sha256:" not in image:
        what = image or "an image that is built"
        raise ProjectError(
            f"--locked: the project does not say which image exactly: {what}",
            hint="write the image with its digest: name@sha256:...",
        )
