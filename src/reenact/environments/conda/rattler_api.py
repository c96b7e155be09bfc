"""py-rattler, and nothing of it anywhere else: its interface still changes from release to release (pinned to 0.28).

Solve, write and read a lock file, link packages into a prefix, say how to activate it. What rattler does not do is done
beside it: :mod:`~reenact.environments.conda.build` checks the hashes of ``file:`` packages, uv installs the Python
packages of a lock. Nothing here starts a program; link scripts of packages are never run.
"""

from __future__ import annotations

import re
from collections.abc import Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from functools import partial
from pathlib import Path

import rattler
from rattler.exceptions import (
    ConfigError,
    FetchRepoDataError,
    GatewayError,
    InstallerError,
    InvalidChannelError,
    InvalidMatchSpecError,
    InvalidVersionError,
    ParseCondaLockError,
    ParseSubdirError,
    SolverError,
)
from rattler.install import InstallerReporter

from reenact.environments.conda.failure import explain_channel, explain_link, explain_solver
from reenact.environments.conda.store import find_store, linking
from reenact.environments.credentials import redact
from reenact.errors import BuildError
from reenact.files import make_folder
from reenact.hints import Any, TypeVar
from reenact.home import Home
from reenact.report import Report
from reenact.values import NamedTuple

T = TypeVar("T")

ENVIRONMENT = "default"
OVERRIDE = "CONDA_OVERRIDE_"


class CondaPackage(NamedTuple):
    """One package as its channel describes it: hashes are hexadecimal; ``record`` is rattler's own value."""

    name: str
    version: str
    build: str
    url: str
    sha256: str | None
    md5: str | None
    depends: tuple[str, ...]
    record: rattler.RepoDataRecord


class PipPackage(NamedTuple):
    """One package from a Python index: ``location`` is a URL or a path, its hash behind ``#``."""

    name: str
    version: str
    location: str


class Locked(NamedTuple):
    """What a lock file names."""

    conda: tuple[CondaPackage, ...]
    pip: tuple[PipPackage, ...]


class Answer(NamedTuple):
    """The packages that answer a question, ordered by name, and those that would be better if their date were known."""

    packages: tuple[CondaPackage, ...]
    dateless: tuple[CondaPackage, ...] = ()


class Question(NamedTuple):
    """What the solver is asked: channels by falling priority, match specs, and the platform with what it has.

    ``keep`` are packages that are preferred as they are, where they still serve. ``as_of`` is the moment after which
    nothing counts as released (RFC 3339, UTC).
    """

    channels: tuple[str, ...]
    specs: tuple[str, ...]
    platform: str
    environ: Mapping[str, str]
    keep: tuple[CondaPackage, ...] = ()
    as_of: str | None = None


def find_platform(environ: Mapping[str, str]) -> str:
    """The platform that packages are for, in conda's words (``linux-64``); ``CONDA_SUBDIR`` decides where it is set.

    Raises:
        BuildError: ``CONDA_SUBDIR`` names none.
    """
    chosen = environ.get("CONDA_SUBDIR")
    try:
        return str(rattler.Subdir(chosen) if chosen else rattler.Subdir.current())
    except ParseSubdirError as problem:
        raise BuildError(f"CONDA_SUBDIR names no platform: {problem}", hint="for example osx-64") from problem


def find_wrong_spec(spec: str) -> str | None:
    """What is wrong with a match spec, None if nothing is."""
    try:
        rattler.MatchSpec(spec)
    except InvalidMatchSpecError as problem:
        return str(problem).partition("\n")[0]
    return None


def list_channels(names: Iterable[str], specs: Iterable[str] = ()) -> tuple[str, ...]:
    """The addresses that are asked, in order; a channel that only a spec names comes behind the others."""
    asked = list(map(_channel, names))
    asked += [spec.channel for spec in map(rattler.MatchSpec, specs) if spec.channel is not None]
    return tuple(dict.fromkeys(channel.base_url for channel in asked))


def _channel(name: str) -> rattler.Channel:
    try:
        return rattler.Channel(name)
    except InvalidChannelError as problem:
        raise explain_channel(str(problem), [redact(name)]) from problem


def _detect(environ: Mapping[str, str]) -> dict[str, rattler.GenericVirtualPackage]:
    """What the machine has, by name: ``__glibc``, ``__cuda``, ``__archspec``, …

    ``CONDA_OVERRIDE_NAME`` replaces a version, and takes the package away where it is empty
    (https://docs.conda.io/projects/conda/en/stable/user-guide/tasks/manage-virtual.html).
    """
    found = {each.name.normalized: each for each in (v.into_generic() for v in rattler.VirtualPackage.detect())}
    for variable, value in environ.items():
        if variable.startswith(OVERRIDE):
            name = f"__{variable.removeprefix(OVERRIDE).lower()}"
            found.pop(name, None)
            if value.strip():
                version, build = ("1", value.strip()) if name == "__archspec" else (value.strip(), "0")
                found[name] = rattler.GenericVirtualPackage(
                    rattler.PackageName(name), _version(version, variable), rattler.BuildString(build)
                )
    return found


def _version(text: str, variable: str) -> rattler.Version:
    try:
        return rattler.Version(text)
    except InvalidVersionError as problem:
        raise BuildError(f"{variable} is not a version: {problem}", hint="for example 12.4") from problem


def solve(question: Question, home: Home) -> Answer:
    """The packages that answer ``question``.

    Channels have strict priority: what a channel has is not taken from one behind it, unless a spec of ``question``
    fits there only (as conda's own default, ``flexible``, has it). A package of which nobody knows when it came does
    not count where the question has a moment; whether one would have been taken is told by asking a second time.

    Raises:
        BuildError: nothing fits, or a channel cannot be read; rattler's explanation is kept.
    """
    channels = list_channels(question.channels, question.specs)
    # What is kept of a channel may hold its password.
    cache = make_folder(home.packages / "channels")
    cache.chmod(0o700)
    shown = [redact(channel) for channel in question.channels]

    async def ask() -> Answer:
        # Some of rattler's values want to be made inside an event loop.
        request = partial(
            rattler.solve,
            sources=[rattler.Channel(channel) for channel in channels],
            specs=[rattler.MatchSpec(spec) for spec in question.specs],
            gateway=rattler.Gateway.from_config(_config(), cache_dir=cache),
            platforms=[rattler.Subdir(question.platform), rattler.Subdir("noarch")],
            locked_packages=[package.record for package in question.keep],
            virtual_packages=list(_detect(question.environ).values()),
            exclude_newer=datetime.fromisoformat(question.as_of) if question.as_of else None,
        )
        found = _in_order(await request())
        if question.as_of is None:
            return Answer(found)
        again = _in_order(await request(timestamp_policy="allow-missing"))
        return Answer(found, tuple(filter(_is_dateless, again)))

    try:
        return _run(ask())
    except SolverError as problem:
        raise explain_solver(str(problem), question.platform, question.as_of, ", ".join(shown)) from problem
    except (GatewayError, FetchRepoDataError) as problem:
        raise explain_channel(str(problem), shown) from problem


def _in_order(records: Iterable[rattler.RepoDataRecord]) -> tuple[CondaPackage, ...]:
    return tuple(sorted(map(_package, records), key=lambda package: package.name))


def _is_dateless(package: CondaPackage) -> bool:
    return package.record.timestamp is None and package.record.indexed_timestamp is None


def list_virtual(environ: Mapping[str, str]) -> list[str]:
    """What the machine has, as the solver is told."""
    return sorted(map(str, _detect(environ).values()))


def render_lock(packages: Sequence[CondaPackage], pip: Sequence[PipPackage], question: Question, scratch: Path) -> str:
    """The lock file (rattler's, as in ``pixi.lock``) of an answer; ``scratch`` is written and deleted."""
    virtual = {depend.split()[0] for package in packages for depend in package.depends if depend.startswith("__")}
    found = _detect(question.environ) if virtual else {}
    here = rattler.LockPlatform(
        question.platform, virtual_packages=[str(found[name]) for name in sorted(virtual) if name in found]
    )
    file = rattler.LockFile([here])
    addresses = list_channels(question.channels, question.specs)
    file.set_channels(ENVIRONMENT, [rattler.LockChannel(address) for address in addresses])
    for package in packages:
        file.add_conda_package(ENVIRONMENT, here, package.record)
    for name, version, location in pip:
        file.add_pypi_package(ENVIRONMENT, here, name, version, location)
    try:
        file.to_path(scratch)
        return scratch.read_text("utf-8")
    finally:
        scratch.unlink(missing_ok=True)


def read_lock(path: Path) -> Locked:
    """What the lock file at ``path`` names.

    Raises:
        BuildError: it is not a lock file of rattler's, or is for several platforms.
    """
    try:
        environment = rattler.LockFile.from_path(path).default_environment()
        platforms = environment.platforms() if environment else []
        if environment is None or not platforms:
            return Locked((), ())
        if len(platforms) > 1:
            raise BuildError("the lock is for several platforms", hint="resolve it again")
        records = environment.conda_repodata_records_for_platform(platforms[0]) or []
        pip = environment.pypi_packages_for_platform(platforms[0]) or []
    except (ParseCondaLockError, OSError) as problem:
        raise BuildError(f"the lock cannot be read: {problem}", hint="resolve it again") from problem
    return Locked(
        tuple(map(_package, records)),
        tuple(PipPackage(package.name, package.version, package.location) for package in pip),
    )


def set_sha256(package: CondaPackage, digest: str) -> CondaPackage:
    """The package with this SHA-256 (64 hexadecimal digits), for channels that give none."""
    package.record.sha256 = bytes.fromhex(digest)
    return package._replace(sha256=digest)


def link(packages: Sequence[CondaPackage], prefix: Path, home: Home, report: Report, doing: str) -> None:
    """Unpack ``packages`` into our store, where they are not there yet, and link them into ``prefix``.

    Before a package that is in the store is used again, the SHA-256 of each of its files is compared with what the
    package itself says; one that was changed is unpacked anew. What was linked from it before stays as it is.

    Raises:
        BuildError: a package cannot be fetched, is not the one that was locked, or cannot be written.
    """
    store = find_store(home)
    kept = any((store / _folder_name(package)).is_dir() for package in packages)
    mode = rattler.ValidationMode.full() if kept else rattler.ValidationMode.fast()
    layer = rattler.PackageCacheLayer(store).with_validation_mode(mode)

    async def work() -> None:
        await rattler.install(
            records=[package.record for package in packages],
            target_prefix=prefix,
            package_cache=rattler.PackageCache.from_layers([layer]),
            config=_config(),
            execute_link_scripts=False,
            show_progress=False,
            reporter=_Progress(report, doing),  # type: ignore[abstract]  # its methods do nothing unless we say so
        )

    try:
        with linking(home):
            _run(work())
    except InstallerError as problem:
        raise explain_link(str(problem), doing) from problem


def render_activation(prefix: Path) -> str:
    """The bash script that activates ``prefix``: ``PATH``, conda's variables, then what its packages bring."""
    from rattler.shell import ActivationVariables, Shell, activate

    variables = ActivationVariables(None, [prefix / "bin"])
    return activate(prefix, variables, Shell.bash).script


class _Progress(InstallerReporter):
    """Tells how many packages are linked."""

    def __init__(self, report: Report, doing: str) -> None:
        self.report = report
        self.doing = doing
        self.total = 0
        self.ready = 0

    def on_transaction_start(self, total_operations: int) -> None:
        self.total = total_operations

    def on_transaction_operation_complete(self, operation: int) -> None:
        self.ready += 1
        self.report.step(self.doing, f"{self.ready} of {self.total}")


def _package(record: rattler.RepoDataRecord) -> CondaPackage:
    return CondaPackage(
        record.name.normalized,
        str(record.version),
        str(record.build),
        record.url,
        record.sha256.hex() if record.sha256 else None,
        record.md5.hex() if record.md5 else None,
        tuple(record.depends),
        record,
    )


def _folder_name(package: CondaPackage) -> str:
    return re.sub(r"\.(conda|tar\.bz2)$", "", package.url.rpartition("/")[2])


def _config() -> rattler.Config:
    """The user's settings for all rattler tools: mirrors, proxies, certificates, where passwords are kept."""
    try:
        return rattler.Config.load_from_default_locations("rattler")
    except ConfigError as problem:
        raise BuildError(f"rattler's configuration cannot be read: {problem}") from problem


def _run(coroutine: Coroutine[Any, Any, T]) -> T:
    import asyncio

    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return _run_alone(coroutine)
    # The caller has an event loop of its own (a notebook): ours runs beside it.
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(1) as pool:
        return pool.submit(_run_alone, coroutine).result()


def _run_alone(coroutine: Coroutine[Any, Any, T]) -> T:
    """Run ``coroutine``, and wait for rattler's threads to leave Python.

    A thread that brings a result wakes us while it is still inside a call; an interpreter that ends before it has
    left that call crashes (seen in one of five solves on a busy machine).
    """
    import asyncio
    import sys
    import threading
    import time

    before = sys._current_frames().keys()
    try:
        return asyncio.run(coroutine)
    finally:
        # Threads of the caller that began meanwhile are none of ours; those that hide from us are not waited for long.
        deadline = time.monotonic() + 1.0
        known = before | {thread.ident for thread in threading.enumerate()}
        while sys._current_frames().keys() - known and time.monotonic() < deadline:
            time.sleep(0.0002)
