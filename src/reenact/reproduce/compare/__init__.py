"""Whether two results are the same: one file per format, a table by name and content, imported when chosen.

Equal bytes are identical and are not looked into. A format's module has ``judge(old, new, tolerance, depth)``; it
raises :class:`Unreadable` where a file is not what it seems, so that it is compared as text or bytes instead, and
:class:`Unjudged` where its values cannot be compared; and :class:`Unequipped` where they could be, had somebody
installed what that takes: then nobody can say here whether other bytes are another result. Nothing that could run code
is ever loaded: of a pickle, and of whatever is not in the table, the bytes are compared and no more.

``ignore`` of a tolerance holds globs, or names as they are: of columns (CSV), key paths (``history.*.seconds`` in JSON,
YAML and TOML), arrays (npz), members (folders and archives), whole lines (text). How numbers match is said in
:mod:`reenact.reproduce.compare.judgement`.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

from reenact.project.types import Tolerance
from reenact.reproduce.compare.bytes_only import describe_bytes, find_first
from reenact.reproduce.compare.judgement import EXACT, Judgement, Spread, Unequipped, Unjudged, Unreadable, Verdict

__all__ = ["Judgement", "Spread", "Verdict", "compare"]

SUFFIXES = {
    **dict.fromkeys((".csv", ".tsv", ".tab"), "table"),
    **dict.fromkeys((".json", ".geojson", ".ipynb"), "json_file"),
    **dict.fromkeys((".jsonl", ".ndjson"), "json_lines"),
    **dict.fromkeys((".yaml", ".yml"), "yaml_file"),
    ".toml": "toml_file",
    **dict.fromkeys((".npy", ".npz"), "arrays"),
    **dict.fromkeys((".png", ".jpg", ".jpeg"), "image"),
    ".zip": "archive",
    ".gz": "gzip_file",
}
BEGINNINGS = {
    b"\x93NUMPY": "arrays",
    b"\x89PNG\r\n\x1a\n": "image",
    b"\xff\xd8\xff": "image",
    b"\x1f\x8b": "gzip_file",
}
PICKLES = frozenset({".pkl", ".pickle", ".joblib", ".pt", ".pth", ".ckpt", ".dill", ".cloudpickle"})
NEVER_LOADED = PICKLES | {".onnx", ".h5", ".hdf5", ".keras", ".safetensors", ".bin", ".model", ".parquet", ".so"}

MIB = 1 << 20
LARGEST = {
    **dict.fromkeys(("table", "arrays", "archive", "gzip_file"), 1024 * MIB),
    **dict.fromkeys(("text", "json_lines"), 256 * MIB),
    **dict.fromkeys(("json_file", "image"), 64 * MIB),
    **dict.fromkeys(("yaml_file", "toml_file"), 16 * MIB),
}
"""The size of a file that is read; of a larger one the bytes are compared and no more."""


def compare(old: Path, new: Path, tolerance: Tolerance = EXACT, depth: int = 0) -> Judgement:
    """How the file or folder ``new`` differs from ``old``. The work is bounded, whatever is in them.

    ``depth`` is how many archives they are inside of.

    Raises:
        OSError: one of them cannot be read.
    """
    before, after = _find_kind(old), _find_kind(new)
    if before != after:
        return Judgement("different", f"{before} → {after}", fixed=("",))
    if before == "a folder":
        from reenact.reproduce.compare.folder import judge

        return judge(old, new, tolerance, depth)
    if before != "a file":
        return Judgement("not verified", f"it is {before}")
    first = find_first(old, new)
    if first is None:
        return Judgement("identical")
    doubts: list[str] = []
    try:
        found = _compare_content(old, new, tolerance, depth, doubts)
    except Unequipped as want:
        return Judgement("not verified", f"{describe_bytes(old, new, first)}\n{want}", fixed=("",))
    return found or _compare_bytes(old, new, tolerance, first, doubts)


def _find_kind(path: Path) -> str:
    if path.is_dir():
        return "a folder"
    if path.is_file():
        return "a file"
    return "neither a file nor a folder" if path.exists() else "missing"


def _compare_content(old: Path, new: Path, tolerance: Tolerance, depth: int, doubts: list[str]) -> Judgement | None:
    """Two files in terms of their format, or as text; None where only their bytes can be compared."""
    chosen = _choose_format(old) or _choose_format(new)
    if old.suffix.lower() in NEVER_LOADED or new.suffix.lower() in NEVER_LOADED:
        return None
    for name in dict.fromkeys((chosen, "text")) if chosen else ("text",):
        try:
            for path in (old, new):
                _expect_size(path, LARGEST[name])
            found: Judgement = import_module(f"{__name__}.{name}").judge(old, new, tolerance, depth)
        except Unreadable as problem:
            doubts.append(str(problem))
        except Unjudged as problem:
            doubts.append(str(problem))
            return None
        else:
            return found._replace(difference="\n".join((found.difference, *(f"as text: {doubt}" for doubt in doubts))))
    return None


def _choose_format(path: Path) -> str | None:
    with path.open("rb") as file:
        beginning = file.read(8)
    return next((name for magic, name in BEGINNINGS.items() if beginning.startswith(magic)), None) or SUFFIXES.get(
        path.suffix.lower()
    )


def _expect_size(path: Path, largest: int) -> None:
    if path.stat().st_size > largest:
        raise Unreadable(f"larger than {largest // MIB} MiB")


def _compare_bytes(old: Path, new: Path, tolerance: Tolerance, first: int, doubts: list[str]) -> Judgement:
    """All that can be said of two files that are not looked into: that their bytes differ."""
    why = _explain(old.suffix.lower(), doubts)
    said = f"{describe_bytes(old, new, first)}\nonly bytes were compared: {why}"
    if tolerance.rtol is None and tolerance.atol is None:
        return Judgement("different", said, fixed=("",))
    return Judgement("not verified", f"{said}, so that nobody can say how far the numbers lie apart", fixed=("",))


def _explain(suffix: str, doubts: list[str]) -> str:
    if suffix in PICKLES:
        return "to load a pickle is to run its code"
    if suffix in NEVER_LOADED:
        return f"files of this kind ({suffix}) are not loaded"
    return "; ".join(doubts) or "the format is not known"
