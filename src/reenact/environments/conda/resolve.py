"""Resolve a conda request to one lock: the solver's packages first, then what pip lines add to what these provide."""

from __future__ import annotations

from pathlib import Path

from reenact.environments.conda.channels import hide_secrets, restore_secrets
from reenact.environments.credentials import HIDDEN
from reenact.environments.definition import make_errors
from reenact.environments.place import Workbench
from reenact.errors import BuildError, UnsupportedError
from reenact.files import write_atomic
from reenact.hints import TYPE_CHECKING
from reenact.plan import CondaSpec, EnvironmentLock
from reenact.project.diagnostics import Diagnostic
from reenact.world import World

if TYPE_CHECKING:
    from reenact.environments.conda.rattler_api import CondaPackage, Locked, PipPackage, Question

LATEST = "pixi.lock"
DOING = "solving"


def require_rattler() -> None:
    """See that the extra is there.

    Raises:
        UnsupportedError: it is not; the hint says how to install it.
    """
    try:
        import rattler  # noqa: F401
    except ModuleNotFoundError as problem:
        if (problem.name or "").partition(".")[0] != "rattler":
            raise
        raise UnsupportedError(
            "this environment needs conda packages, and py-rattler, which installs them, is not there",
            hint="pip install 'reenact[conda]'; or --env-manager uv for what PyPI has of it",
        ) from problem


def resolve(spec: CondaSpec, bench: Workbench, *, upgrade: bool) -> EnvironmentLock:
    """What ``spec`` resolves to; packages of its family's last lock are kept where they serve, until ``upgrade``.

    Raises:
        ProjectError: a match spec cannot be read.
        BuildError: it cannot be resolved; the explanation is kept.
        UnsupportedError: py-rattler is not installed.
    """
    require_rattler()
    from reenact.environments.conda import rattler_api

    family, root, world, _ = bench
    before = None if upgrade else _find_latest(family)
    question = _make_question(spec, root, world)._replace(keep=before.conda if before else ())
    world.report.step(DOING, f"for {question.platform}")
    _refuse_wrong_specs(question, spec, root, world)
    world.report.said(_describe(question))
    answer = rattler_api.solve(question, world.home)
    packages = tuple(map(_with_hash, answer.packages))
    found = _make_lock(spec, packages, (), question, family)._replace(notes=_tell_of_dateless(answer.dateless))
    if spec.pip.dependencies:
        from reenact.environments.conda.pip import resolve_pip

        pip, doubts = resolve_pip(spec.pip, found, before.pip if before else (), bench)
        found = _make_lock(spec, packages, pip, question, family)._replace(notes=(*found.notes, *doubts))
    write_atomic(family / LATEST, found.text.encode())
    return found


def _tell_of_dateless(packages: tuple[CondaPackage, ...]) -> tuple[str, ...]:
    """What is to be said of packages that would have been taken, had their channel said when they came."""
    names = ", ".join(f"{package.name} {package.version} ({package.build})" for package in packages)
    told = f"the channel gives no upload dates for {names}: none of these builds counts under --as-of"
    return (told,) if packages else ()


def _make_question(spec: CondaSpec, root: Path, world: World) -> Question:
    from reenact.environments.conda import rattler_api

    files = (spec.origin,) if spec.origin else ()
    return rattler_api.Question(
        tuple(restore_secrets(channel, root, files) for channel in spec.channels),
        tuple(restore_secrets(package, root, files) for package in spec.packages),
        rattler_api.find_platform(world.environ),
        world.environ,
        as_of=spec.as_of,
    )


def _describe(question: Question) -> str:
    """What the solver is asked, in lines for a log; nothing secret."""
    from reenact.environments.conda import rattler_api

    lines = [f"solving with rattler for {question.platform}"]
    lines += [f"  channel: {hide_secrets(channel)}" for channel in question.channels]
    lines += [f"  asked for: {hide_secrets(spec)}" for spec in question.specs]
    lines += [f"  the machine has: {each}" for each in rattler_api.list_virtual(question.environ)]
    lines += [f"  as of: {question.as_of}"] if question.as_of else []
    return "\n".join(lines)


def _make_lock(
    spec: CondaSpec,
    packages: tuple[CondaPackage, ...],
    pip: tuple[PipPackage, ...],
    question: Question,
    family: Path,
) -> EnvironmentLock:
    from reenact.environments.conda import rattler_api

    text = rattler_api.render_lock(packages, pip, question, family / "pixi.work.lock")
    return EnvironmentLock(
        kind="conda",
        text=hide_secrets(text),
        python=next((package.version for package in packages if package.name == "python"), None),
        platform=question.platform,
        options=spec.pip.options,
        files=spec.pip.files,
        local=spec.pip.local if pip else {},
        variables=spec.variables,
    )


def _find_latest(family: Path) -> Locked | None:
    """What the family resolved to last: the versions that still serve are kept."""
    from reenact.environments.conda import rattler_api

    path = family / LATEST
    try:
        if HIDDEN in path.read_text("utf-8"):
            return None
        return rattler_api.read_lock(path)
    except (OSError, ValueError, BuildError):
        return None


def _refuse_wrong_specs(question: Question, spec: CondaSpec, root: Path, world: World) -> None:
    from reenact.environments.conda import rattler_api

    wrong = [(text, problem) for text in question.specs if (problem := rattler_api.find_wrong_spec(text))]
    if not wrong:
        return
    from reenact.environments.conda.file import read_conda_file
    from reenact.environments.conda.request import find_item
    from reenact.report import Silence

    file = read_conda_file(spec.origin or "", root, world._replace(report=Silence()))
    found = []
    for text, problem in wrong:
        item = find_item(text, file)
        message = f"'{text}' is not a package that conda can look for: {problem}"
        position = item.position if item else None
        found.append(Diagnostic("error", "bad-match-spec", message, position, hint="for example 'numpy>=1.20,<2'"))
    raise make_errors(tuple(found))


def _with_hash(package: CondaPackage) -> CondaPackage:
    """The package with a hash: that of its file where the channel gives none, and the file is at hand."""
    if package.sha256 or package.md5:
        return package
    from reenact.environments.conda import rattler_api
    from reenact.environments.conda.build import digest_package, find_file

    path = find_file(package.url)
    if path is None:
        name = f"{package.name} {package.version}"
        raise BuildError(f"the channel gives no hash for {name}: it cannot be locked", hint=package.url)
    return rattler_api.set_sha256(package, digest_package(path, "sha256"))
