"""What every kind of source promises, whatever it is fetched from."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact import codec
from reenact.errors import SourceError
from reenact.plan import Snapshot
from reenact.sources import Fetched, fetch, keep, parse_uri
from reenact.sources.capture.store import open_store
from reenact.world import World

SECRET = "s3cret-value"


def check_contract(uri: str, code: Path, world: World) -> Snapshot:
    """Fetch the sample project at ``uri`` in every way that the protocol allows; its snapshot."""
    snapshot, root, _ = fetch(parse_uri(uri), code, world)
    project = root / snapshot.subdirectory
    assert (project / "train.py").read_text() == "three\n"
    assert (project / "MLproject").is_file()
    _check_snapshot(snapshot, root, code)
    kept, captured = keep(Fetched(snapshot, root), world)
    assert captured is not None
    assert (kept.tree, kept.kind, kept.subdirectory) == (captured.tree, snapshot.kind, snapshot.subdirectory)
    restored = code.with_name("restored")
    open_store(world).restore(captured, restored)
    assert (restored / captured.prefix / snapshot.subdirectory / "train.py").read_text() == "three\n"
    assert keep(Fetched(snapshot, root), world) == (kept, captured)

    again = code.with_name("again")
    same, _, _ = fetch(parse_uri(uri), again, world)
    assert same == snapshot, "the same source gives the same snapshot"

    inside, root, _ = fetch(parse_uri(f"'{uri}#nested/v1.0/'"), code.with_name("inside"), world)
    assert inside.subdirectory.endswith("nested/v1.0")
    assert (root / inside.subdirectory / "train.py").read_text() == "nested\n"
    assert keep(Fetched(inside, root), world).snapshot.tree == kept.tree
    assert inside.commit == snapshot.commit

    for number, outside in enumerate(("..", "/etc", "nested/../..", "a/../../b")):
        with pytest.raises(SourceError, match="leads out"):
            fetch(parse_uri(f"{uri}#{outside}"), code.with_name(f"out{number}"), world)
    with pytest.raises(SourceError, match=r"Could not find subdirectory '(sample-1\.0/)?nested/v2'"):
        fetch(parse_uri(f"{uri}#nested/v2"), code.with_name("missing"), world)
    with pytest.raises(SourceError, match=r"Setting a version is only supported|Unable to checkout version 'nope'"):
        fetch(parse_uri(uri, "nope"), code.with_name("nope"), world)
    assert SECRET not in repr(world.report.__dict__)
    return snapshot


def _check_snapshot(snapshot: Snapshot, root: Path, code: Path) -> None:
    encoded = codec.encode(snapshot)
    assert codec.decode(Snapshot, encoded) == snapshot
    assert SECRET not in encoded.decode()
    if snapshot.kind == "directory":
        assert Path(snapshot.root or "") == root
        assert not code.exists()
    else:
        assert snapshot.root is None
        assert root == code
    if snapshot.kind == "git":
        assert snapshot.commit
        assert snapshot.dirty is False
