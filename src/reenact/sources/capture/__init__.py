"""The files of a source as they are, kept before anything starts, so that a run can be run again from its record.

``scan`` looks at every file, ``status`` asks git which of them belong to the code, ``store`` keeps their contents, and
``memo`` remembers all of it: where nothing has changed, no program is started and no file read. ``story`` tells it.
"""

from pathlib import Path

from reenact.codec import encode
from reenact.files import find_kept, make_folder, write_atomic
from reenact.records.types import Code
from reenact.size_limit import find_size_limit
from reenact.sources.capture.memo import Known, find_memo, make_fingerprint
from reenact.sources.capture.scan import scan
from reenact.sources.work_tree import Facts
from reenact.values import NamedTuple
from reenact.world import World


class Captured(NamedTuple):
    """What git says of a place, and what was kept of it; None where nothing can be kept here."""

    facts: Facts
    code: Code | None


def capture_in_place(root: Path, world: World) -> Captured:
    """Capture the folder ``root``, or all of the work tree that it is a part of.

    Raises:
        SourceError: the files change faster than they can be read.
        StorageError: the store cannot be written.
    """
    real = Path(root).resolve()
    memo = find_memo(real, world)
    known = memo.find_known()
    if known is not None and _is_unchanged(known, world):
        return Captured(known.facts, known.code)
    from reenact.sources.capture.story import capture

    return capture(real, memo, world)


def capture_copy(copy: Path, key: str, world: World) -> Code | None:
    """Capture a run's own copy of a source that is always the same under ``key``: once, whoever runs it.

    Raises:
        StorageError: the store cannot be written.
    """
    kept = world.home.objects / "sources" / f"{key}.json"
    if (known := find_kept(Code, kept)) is not None:
        return known
    from reenact.sources.capture.story import capture

    code = capture(copy.resolve(), None, world).code
    if code is not None:
        make_folder(kept.parent)
        write_atomic(kept, encode(code))
    return code


def _is_unchanged(known: Known, world: World) -> bool:
    found = scan(known.base, entered=known.entered, passed=known.passed)
    limit = str(find_size_limit(world.environ))
    return make_fingerprint(found, known.base, known.repositories, world, limit) == known.fingerprint
