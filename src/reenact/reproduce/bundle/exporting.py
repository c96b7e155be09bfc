"""``reenact export``: a run's record and what it leads to, as one file."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from tempfile import TemporaryDirectory

from reenact.environments.export import Exported as Environment
from reenact.environments.packages import Package, list_packages
from reenact.errors import RecordError, UsageError
from reenact.files import make_folder
from reenact.plan import EnvironmentLock
from reenact.records.files import read_code, read_lock, read_lock_with_made, read_plan, read_record
from reenact.records.life import settle
from reenact.reproduce.bundle import contents
from reenact.reproduce.bundle.account import Account
from reenact.reproduce.bundle.compression import load_zstd
from reenact.reproduce.bundle.contents import Wanted
from reenact.reproduce.bundle.crate import render_crate
from reenact.reproduce.bundle.crate_check import expect_crate, find_library
from reenact.reproduce.bundle.inputs import gather_inputs
from reenact.reproduce.bundle.manifest import BILL, CRATE, list_leading_out
from reenact.reproduce.bundle.packages import Gathered, gather
from reenact.reproduce.bundle.secrets import expect_no_secrets
from reenact.reproduce.bundle.signature import check_key, seal_statement
from reenact.reproduce.bundle.statement import render_statement
from reenact.reproduce.bundle.writing import Member, Sealed, seal, write_bundle
from reenact.run_folder import RunFolder
from reenact.sources.capture.store import open_store
from reenact.values import NamedTuple
from reenact.world import World


class Exported(NamedTuple):
    """The bundle that was written: its file, bytes, the SHA-256 of its manifest, how many members it has."""

    file: Path
    size: int
    manifest: str
    members: int


class _Whole(NamedTuple):
    """What is read of the run before anything is written."""

    folder: RunFolder
    lock: EnvironmentLock | None
    tree: str | None
    project: Path
    code: Path | None = None


def export(folder: RunFolder, wanted: Wanted, target: Path, key: Path | None, world: World) -> Exported:
    """Write the bundle of the run to ``target``, signed with ``key`` where there is one.

    Raises:
        RecordError: the run is under way, or its record is damaged; the bundle would hold a credential, or would be no
            crate to others.
        BuildError: packages are wanted, and some cannot be had.
        UsageError: the key cannot be used, or ``target`` is no place for a file.
        UnsupportedError: a package of ours that it takes is not installed.
        StorageError: it cannot be written.
    """
    load_zstd()
    if key is not None:
        check_key(key)
    if wanted.crate:
        find_library()
    if target.is_dir() or not target.parent.is_dir():
        raise UsageError(f"{target} is no place for a file")
    run = settle(folder, world)
    if not run.state.final:
        raise RecordError(
            f"run {run.id} is {run.state.value}", hint=f"wait for it, or stop it: reenact cancel {run.id[:8]}"
        )
    with TemporaryDirectory(prefix="export-", dir=make_folder(world.home.staging)) as scratch:
        whole = _read(folder, Path(scratch), world)
        sealed = _collect(whole, wanted, world)
        digest = sealed.digest
        statement = render_statement(_describe(whole, sealed), digest)
        write_bundle(sealed, seal_statement(statement, key), target, world)
    return Exported(target, target.stat().st_size, digest, len(sealed.manifest.members))


def _read(folder: RunFolder, scratch: Path, world: World) -> _Whole:
    lock = read_lock(folder)
    kept = read_code(folder)
    if kept is None:
        world.report.warn(f"the code of run {folder.id[:8]} was not kept: the bundle is a record, and cannot be run")
        return _Whole(folder, lock, None, scratch)
    code = scratch / "code"
    open_store(world).restore(kept, code)
    project = code / kept.prefix / read_plan(folder).source.subdirectory
    return _Whole(folder, lock, kept.tree, project, code)


def _collect(whole: _Whole, wanted: Wanted, world: World) -> Sealed:
    """Everything that goes in, with what others read of it."""
    folder = whole.folder
    members = [*contents.list_record(folder, world)]
    if whole.code is not None:
        members += contents.list_tree(whole.code, "code")
    if wanted.packages:
        members += contents.list_packages(_gather(whole, world))
    if wanted.outputs:
        members += contents.list_outputs(folder)
    if wanted.inputs:
        members += _list_inputs(whole, world)
    bill = _render_bill(whole)
    if bill is not None:
        members.append(Member(BILL, bill))
    sealed = seal(folder.id, members, whole.tree, world)
    crate = render_crate(_describe(whole, sealed))
    if wanted.crate:
        expect_crate(crate, sealed.manifest.members)
    sealed = sealed.add(Member(CRATE, crate))
    expect_no_secrets(sealed, world)
    _tell_of_links(list_leading_out(sealed.manifest), world)
    return sealed


def _gather(whole: _Whole, world: World) -> Gathered:
    if whole.lock is None:
        world.report.warn(
            f"run {whole.folder.id[:8]} has had no environment of its own: there are no packages to go along"
        )
        return Gathered()
    return gather(read_lock_with_made(whole.folder) or whole.lock, whole.project, world)


def _list_inputs(whole: _Whole, world: World) -> Iterable[Member]:
    gathered = gather_inputs(whole.folder, whole.project, world)
    for each in gathered.lacking:
        world.report.warn(f"not in the bundle: {each}")
    if ignored := gathered.ignored:
        more = f" and {len(ignored) - 3} more" if len(ignored) > 3 else ""
        world.report.note(f"with its folder of data goes what git ignores in it: {', '.join(ignored[:3])}{more}")
    return gathered.members.values()


def _render_bill(whole: _Whole) -> bytes | None:
    """CycloneDX of the lock; None where the environment has none."""
    if whole.lock is None or not whole.lock.text:
        return None
    from reenact.environments.cyclonedx import render_bom

    record = read_record(whole.folder)
    project = " ".join(record.plan.project.split())
    packages = _list_packages(whole.lock)
    return render_bom(Environment(project, whole.folder.id, record.run.created, whole.lock, packages)).encode()


def _describe(whole: _Whole, sealed: Sealed) -> Account:
    entries = sealed.manifest.members
    inputs = contents.describe_inputs(whole.folder, entries)
    outputs = contents.describe_outputs(whole.folder, entries)
    return Account(read_record(whole.folder), whole.lock, _list_packages(whole.lock), inputs, outputs, entries)


def _list_packages(lock: EnvironmentLock | None) -> tuple[Package, ...]:
    return list_packages(lock.text) if lock is not None else ()


def _tell_of_links(names: list[str], world: World) -> None:
    for name in names:
        world.report.warn(f"{name} is a link that leads out of the bundle: who imports it has to say --allow-links")
