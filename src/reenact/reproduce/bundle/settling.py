"""The parts of an unpacked bundle, put where they belong: first what is known by its content, last the run itself."""

from __future__ import annotations

import errno
from collections.abc import Iterable
from pathlib import Path

from reenact.codec import encode
from reenact.environments.artifacts import keep_artifact
from reenact.environments.local_code import adopt_copy
from reenact.errors import RecordError
from reenact.files import make_folder, write_atomic
from reenact.records.files import (
    read_code,
    read_imported,
    read_inputs,
    read_lock,
    read_metrics,
    read_outputs,
    read_plan,
    read_result,
    read_run,
)
from reenact.records.index import open_index
from reenact.records.store import Store
from reenact.records.types import Imported
from reenact.reproduce.bundle.contents import list_record
from reenact.reproduce.bundle.manifest import LINK, MADE, Entry, Manifest, digest_content
from reenact.reproduce.bundle.placing import place_inputs
from reenact.run_folder import RunFolder
from reenact.sources.capture.store import Entry as Kept
from reenact.sources.capture.store import open_store
from reenact.world import World


class _Faster(Exception):
    """Somebody else has just imported the same run."""


def settle_in(manifest: Manifest, imported: Imported, target: Path, most: int, world: World) -> bool:
    """Make what was unpacked to ``target`` a run; whether it was one already, and is as it was. Its folders of data may
    have ``most`` bytes.

    Raises:
        RecordError: the parts do not fit each other, or another record of the run is here.
        StorageError: our home cannot be written.
    """
    folder = _put_together(manifest, imported, target)
    _check_record(folder, manifest)
    place_inputs(folder, manifest, target / "inputs", most)
    here = RunFolder(world.home.runs / manifest.run)
    known = here.plan.exists()
    if known and not _is_same(here, manifest, world):
        message = f"another record of run {manifest.run} is here, and it is not replaced"
        raise RecordError(message, hint=f"reenact rm {manifest.run[:8]} deletes it")
    _keep_code(manifest, target / "code", world)
    _keep_packages(manifest, target, world)
    if known or not _publish(folder, here, world):
        _complete(here, folder, imported)
        return True
    return False


def _put_together(manifest: Manifest, imported: Imported, target: Path) -> RunFolder:
    """The run's folder, in the folder of the bundle."""
    if not (target / "record").is_dir():
        raise RecordError("the bundle is refused: it holds no record")
    folder = RunFolder((target / "record").rename(target / manifest.run))
    for place in (folder.outputs, folder.artifacts):
        if (target / place.name).is_dir():
            (target / place.name).rename(place)
    write_atomic(folder.imported, encode(imported))
    return folder


def _check_record(folder: RunFolder, manifest: Manifest) -> None:
    """See that the record can be read and is of a run that has ended, and that what is with it is what it says."""
    try:
        read_run(folder)
        read_lock(folder)
        read_metrics(folder)
        _expect_paths(each.path for each in read_inputs(folder))
        code = read_code(folder)
        if read_result(folder) is None:
            raise RecordError(f"run {folder.id} had not ended")
        if manifest.code != (code.tree if code else None):
            raise RecordError("its code is not the one that was recorded (tree)")
        if code is not None:
            _expect_inside((code.prefix, read_plan(folder).source.subdirectory, *code.folders))
            _expect_inside(each.path for each in code.nested)
            _expect_inside(each.path for each in code.left_out)
            _expect_inside(each.path for each in code.committed)
        _expect_inside(output.kept or "" for output in read_outputs(folder))
        members = {entry.name: entry for entry in manifest.members}
        for output in read_outputs(folder):
            member = members.get(output.kept or "")
            if member is not None and member.mode != LINK and output.digest not in (None, member.blake3):
                raise RecordError(f"the output {output.path} is not the one that was recorded (digest)")
    except RecordError as problem:
        message = problem.message.replace(f"{folder.path}/", "")
        raise RecordError(f"the bundle is refused: {message}") from problem


def _expect_inside(paths: Iterable[str]) -> None:
    """See that paths of a record that are looked up below a folder stay there."""
    for path in paths:
        if path.startswith("/") or "\0" in path or ".." in path.split("/"):
            raise RecordError(f"the path '{path}' leads elsewhere (path traversal)")


def _expect_paths(paths: Iterable[str]) -> None:
    """See that these could be paths; they may lead anywhere."""
    for path in paths:
        if not path or "\0" in path:
            raise RecordError(f"'{path}' is no path")


def _is_same(here: RunFolder, manifest: Manifest, world: World) -> bool:
    """Whether the record that is here is the one of the bundle."""
    theirs = {entry.name: entry.blake3 for entry in manifest.members if entry.name.startswith("record/")}
    ours = {member.name: digest_content(member.content) for member in list_record(here, world)}
    return ours == theirs


def _keep_code(manifest: Manifest, code: Path, world: World) -> None:
    """The files go into the store of all runs' code, where the record finds them by their tree.

    Raises:
        RecordError: they are not those of the tree.
    """
    if manifest.code is None:
        return
    store = open_store(world)
    modes = {each.name.removeprefix("code/"): each.mode for each in manifest.members if each.name.startswith("code/")}
    ids = store.keep_files(make_folder(code), list(modes))
    tree = store.write_tree({path: Kept(modes[path], oid) for path, oid in zip(modes, ids, strict=True)})
    if tree != manifest.code:
        raise RecordError("the bundle is refused: its code is not the one that was recorded (tree)")


def _keep_packages(manifest: Manifest, target: Path, world: World) -> None:
    """Packages and copies of local code go where those of this machine are: each is named by what is in it."""
    packages = target / "packages"
    trees = packages / "trees"
    for tree in sorted(trees.iterdir()) if trees.is_dir() else ():
        adopt_copy(tree, tree.name, world)
    for entry in manifest.members:
        if entry.name.startswith("packages/") and _is_file(entry):
            keep_artifact(target / entry.name, entry.name.rpartition("/")[2], entry.sha256, world.home)


def _is_file(entry: Entry) -> bool:
    parts = entry.name.split("/")
    return parts[1] not in ("trees", MADE)


def _publish(folder: RunFolder, here: RunFolder, world: World) -> bool:
    """One rename, with the run's row in the index; False where somebody else was faster."""
    make_folder(world.home.runs)
    run = read_run(folder)._replace(folder=str(here.path))

    def enter(store: Store) -> None:
        store.put(run)
        try:
            folder.path.rename(here.path)
        except OSError as problem:
            if problem.errno in (errno.EEXIST, errno.ENOTEMPTY):
                raise _Faster from problem
            raise

    try:
        open_index(world).write(enter)
    except _Faster:
        return False
    return True


def _complete(here: RunFolder, folder: RunFolder, imported: Imported) -> None:
    """Give a run that was imported before what came with it only now."""
    before = read_imported(here)
    if before is None:
        return
    for name in ("outputs", "artifacts", "kept_inputs"):
        ours, theirs = getattr(here, name), getattr(folder, name)
        if theirs.is_dir() and not ours.exists():
            theirs.rename(ours)
    for each in folder.kept_inputs.iterdir() if folder.kept_inputs.is_dir() else ():
        if not (here.kept_inputs / each.name).exists():
            each.rename(here.kept_inputs / each.name)
    if imported.made:
        write_atomic(here.imported, encode(before._replace(made={**before.made, **imported.made})))
