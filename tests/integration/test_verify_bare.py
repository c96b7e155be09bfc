"""``reenact verify`` where numpy and pillow are not installed: what only they can look into is not judged."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import pytest
import uv

import reenact
from tests.integration.command import User, write_project

pytestmark = pytest.mark.slow

TOP = Path(reenact.__file__).parents[2]
TRAIN = """
import random
import numpy as np
from PIL import Image, PngImagePlugin

np.save("same.npy", np.array([1.0, 2.0]))
np.save("near.npy", np.array([1.0, 2.0 + random.random() / 100]))
np.savez("arrays.npz", a=np.array([random.random()]))
note = PngImagePlugin.PngInfo()
note.add_text("made", str(random.random()))
pixels = Image.fromarray(np.zeros((4, 4), np.uint8))
pixels.save("same.png")
pixels.save("noted.png", pnginfo=note)
"""
PROJECT = """
entry_points:
  main:
    command: python train.py
    outputs: [same.npy, {path: near.npy, rtol: 0.1}, arrays.npz, same.png, noted.png]
"""
ADVICE = "python -m pip install 'reenact[verify]'"


def make_python(folder: Path, *more: str) -> Path:
    """A Python with what reenact depends on, and nothing but ``more``."""
    asked = tomllib.loads((TOP / "pyproject.toml").read_text())["project"]["dependencies"]
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, folder], check=True)
    python = folder / "bin" / "python"
    install = [uv.find_uv_bin(), "pip", "install", "-q", "--python", str(python)]
    subprocess.run([*install, "-c", str(TOP / "requirements-dev.txt"), *asked, *more], check=True)
    [packages] = folder.glob("lib/*/site-packages")
    (packages / "reenact.pth").write_text(f"{TOP / 'src'}\n")
    return python


def lacks(python: Path, name: str) -> bool:
    return subprocess.run([python, "-c", f"import {name}"], capture_output=True).returncode == 1


def verify(python: Path, user: User, run: str) -> tuple[int, dict[str, Any]]:
    argv = [str(python), "-m", "reenact", "verify", run, "--json"]
    done = subprocess.run(argv, cwd=user.folder, env=user.environ, capture_output=True, text=True)
    assert not done.stderr, done.stderr
    return done.returncode, json.loads(done.stdout)


def list_judged(found: dict[str, Any]) -> dict[str, dict[str, str]]:
    return {each["name"]: each["judgement"] for each in found["trials"][0]["judged"] if each["name"]}


def test_arrays_and_images_are_not_judged_without_what_reads_them(user: User, tmp_path: Path) -> None:
    project = write_project(user.folder / "p", PROJECT, train__py=TRAIN)
    assert user.run(str(project)).code == 0
    [run] = [each["id"] for each in user.runs()]
    bare = make_python(tmp_path / "bare")
    assert lacks(bare, "numpy")
    assert lacks(bare, "PIL")
    code, found = verify(bare, user, run)
    judged = list_judged(found)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert {name: each["verdict"] for name, each in judged.items()} == {
        "same.npy": "identical",
        "near.npy": "not verified",
        "arrays.npz": "not verified",
        "same.png": "identical",
        "noted.png": "not verified",
    }
    for name in ("near.npy", "arrays.npz", "noted.png"):
        assert "differs" in judged[name]["difference"]
        assert ADVICE in judged[name]["difference"]
    assert "could not be compared" in found["reason"]

    arrays = make_python(tmp_path / "arrays", "numpy")
    assert lacks(arrays, "PIL")
    judged = list_judged(verify(arrays, user, run)[1])
    assert judged["near.npy"]["verdict"] == "within tolerance"
    assert judged["arrays.npz"]["verdict"] == "different"
    assert judged["noted.png"]["verdict"] == "not verified"
    assert ADVICE in judged["noted.png"]["difference"]

    judged = list_judged(verify(Path(sys.executable), user, run)[1])
    assert judged["noted.png"]["verdict"] == "within tolerance"


def test_what_is_the_same_needs_no_package(user: User, tmp_path: Path) -> None:
    project = write_project(user.folder / "p", PROJECT, train__py=f"import random\nrandom.seed(1)\n{TRAIN}")
    assert user.run(str(project)).code == 0
    code, found = verify(make_python(tmp_path / "bare"), user, user.runs()[0]["id"])
    assert (code, found["verdict"]) == (0, "PASS")
