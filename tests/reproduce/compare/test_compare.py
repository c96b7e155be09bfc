"""What holds for every format: equal bytes, the order of the two, wider tolerances, hostile and broken files."""

from __future__ import annotations

import io
import json
import os
import pickle
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pytest
import tomli_w
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from reenact.project.types import Tolerance
from reenact.reproduce.compare import BEGINNINGS, LARGEST, SUFFIXES, compare
from tests.reproduce.compare.pairs import judge, write

FLOATS = st.lists(st.floats(allow_nan=False, width=32), min_size=1, max_size=8)


def _image(values: list[float]) -> bytes:
    pixels = np.array([[abs(hash(value)) % 256 for value in values]], np.uint8)
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def _array(values: list[float]) -> bytes:
    out = io.BytesIO()
    np.save(out, np.array(values))
    return out.getvalue()


def _arrays(values: list[float]) -> bytes:
    out = io.BytesIO()
    np.savez(out, a=np.array(values), b=np.arange(3))
    return out.getvalue()


def _zip(values: list[float]) -> bytes:
    from zipfile import ZipFile

    out = io.BytesIO()
    with ZipFile(out, "w") as archive:
        archive.writestr("scores.csv", _table(values))
    return out.getvalue()


def _gzip(values: list[float]) -> bytes:
    import gzip

    return gzip.compress(_table(values))


def _table(values: list[float]) -> bytes:
    return ("epoch,loss\n" + "".join(f"{at},{value!r}\n" for at, value in enumerate(values))).encode()


def _lines(values: list[float]) -> bytes:
    return "".join(json.dumps({"loss": value}) + "\n" for value in values).encode()


FORMATS: dict[str, Callable[[list[float]], bytes]] = {
    "scores.csv": _table,
    "scores.json": lambda values: json.dumps({"loss": values}).encode(),
    "scores.jsonl": _lines,
    "scores.yaml": lambda values: yaml.safe_dump({"loss": values}).encode(),
    "scores.toml": lambda values: tomli_w.dumps({"loss": values}).encode(),
    "scores.txt": lambda values: "".join(f"loss: {value!r}\n" for value in values).encode(),
    "scores.npy": _array,
    "scores.npz": _arrays,
    "scores.png": _image,
    "scores.zip": _zip,
    "scores.csv.gz": _gzip,
    "scores.pkl": pickle.dumps,
    "scores.unknown": lambda values: b"\0" + np.array(values).tobytes(),
}


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40)
@given(old=FLOATS, new=FLOATS, rtol=st.floats(0, 0.5), more=st.floats(0, 1))
def test_every_format_keeps_the_rules(name: str, old: list[float], new: list[float], rtol: float, more: float) -> None:
    with TemporaryDirectory() as scratch:
        folder = Path(scratch)
        ours, theirs = write(folder / "a" / name, FORMATS[name](old)), write(folder / "b" / name, FORMATS[name](new))
        same = ours.read_bytes() == theirs.read_bytes()
        assert compare(ours, ours).verdict == "identical"
        one, other = (compare(*pair, Tolerance(rtol=rtol)) for pair in ((ours, theirs), (theirs, ours)))
        assert one.verdict == other.verdict
        assert one.spreads == other.spreads
        assert (one.verdict == "identical") == same
        assert bool(one.difference) != same
        if one.verdict == "within tolerance":
            assert compare(ours, theirs, Tolerance(rtol=rtol + more, atol=more)).verdict == "within tolerance"


@pytest.mark.parametrize("name", FORMATS)
@settings(max_examples=40)
@given(noise=st.binary(max_size=60), cut=st.integers(0, 400))
def test_no_damage_is_more_than_a_difference(name: str, noise: bytes, cut: int) -> None:
    whole = FORMATS[name]([0.5, 1.25, 3.0])
    with TemporaryDirectory() as scratch:
        for damaged in (whole[:cut], whole[:cut] + noise + whole[cut:], noise):
            found = judge(Path(scratch), name, whole, damaged)
            assert found.verdict in ("identical", "within tolerance", "different")
            assert (found.verdict == "identical") == (whole == damaged)


@pytest.mark.parametrize("suffix", sorted({*SUFFIXES, ".txt", ".log", ".pkl", ".onnx", ""}))
def test_content_that_is_not_what_the_name_says(tmp_path: Path, suffix: str) -> None:
    for content in (b"", b"\0", b"{", b"PK\x03\x04", *BEGINNINGS):
        found = judge(tmp_path, f"file{suffix}", content, content + b"\0\xff more")
        assert found.verdict == "different", (suffix, content)
        assert found.difference


def test_the_table_names_formats_that_are_there() -> None:
    from importlib import import_module

    for name in {*SUFFIXES.values(), *BEGINNINGS.values(), "text"}:
        assert callable(import_module(f"reenact.reproduce.compare.{name}").judge)
        assert name in LARGEST


@pytest.mark.parametrize("name", ["model.pkl", "model.joblib", "model.pt", "model.onnx"])
def test_a_model_is_never_loaded(tmp_path: Path, name: str) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return os.mkdir, (str(tmp_path / "sprung"),)

    found = judge(tmp_path, name, pickle.dumps((1, Trap())), pickle.dumps((2, Trap())))
    assert found.verdict == "different"
    assert "only bytes were compared" in found.difference
    assert not (tmp_path / "sprung").exists()


def test_a_tolerance_that_nothing_can_be_held_to_is_not_verified(tmp_path: Path) -> None:
    assert judge(tmp_path, "model.pkl", b"a", b"b", Tolerance(rtol=0.1)).verdict == "not verified"
    assert judge(tmp_path, "model.pkl", b"a", b"a", Tolerance(rtol=0.1)).verdict == "identical"
    assert judge(tmp_path, "model.pkl", b"a", b"b", Tolerance(ignore=("x",))).verdict == "different"


def test_what_is_too_large_is_compared_by_its_bytes(tmp_path: Path) -> None:
    paths = [write(tmp_path / f"{name}.yaml", b"a: 1\n") for name in ("old", "new")]
    for path, last in zip(paths, (b"1", b"2"), strict=True):
        with path.open("r+b") as file:
            file.seek(LARGEST["yaml_file"] + 10)
            file.write(last)
    found = compare(paths[0], paths[1])
    assert found.verdict == "different"
    assert "larger than 16 MiB" in found.difference


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    for name in ("old", "new"):
        os.mkfifo(tmp_path / name)
    assert compare(tmp_path / "old", tmp_path / "new").verdict == "not verified"
    write(tmp_path / "file", "text")
    assert compare(tmp_path / "file", tmp_path / "new").difference == "a file → neither a file nor a folder"
    assert compare(tmp_path / "file", tmp_path / "nothing").difference == "a file → missing"
