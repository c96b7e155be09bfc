"""Locks, interpreters and images."""

from __future__ import annotations

import pytest

from reenact.doctor.treatment import mend
from tests.doctor.patient import Patient

MLPROJECT = "python_env: python_env.yaml\nentry_points: {main: {command: python train.py}}\n"


def test_packages_without_an_exact_version(patient: Patient) -> None:
    patient.have(
        MLproject=MLPROJECT,
        python_env__yaml="python: '3.11'\ndependencies:\n  - six==1.16.0\n  - numpy>=1.20\n  - pandas\n",
    )
    assert patient.places("no-lock") == [
        ("python_env.yaml:4:5", "2 of 3 packages have no exact version: numpy, pandas")
    ]
    assert [(one.level, one.fixable) for one in patient.find("no-lock")] == [("warning", True)]


def test_pinned_by_hand_is_half_of_a_lock(patient: Patient) -> None:
    patient.have(requirements__txt="six==1.16.0\nnumpy == 1.26.4 ; python_version > '3'\npip\n", train__py="")
    assert [finding.level for finding in patient.find("no-lock")] == ["note"]


def test_conda_pins(patient: Patient) -> None:
    patient.have(
        MLproject="conda_env: conda.yaml\nentry_points: {main: {command: python train.py}}\n",
        conda__yaml="name: numpy_project\ndependencies:\n- python=3.11\n- numpy=1.26.4\n- scipy=1.11\n- gdal\n",
    )
    assert patient.places("no-lock") == [("conda.yaml:5:3", "2 of 3 packages have no exact version: scipy, gdal")]
    assert patient.places("unpinned-interpreter") == []


def test_a_lock_is_written_once_and_then_found_stale(patient: Patient) -> None:
    patient.have(MLproject=MLPROJECT, python_env__yaml="python: '3.11'\ndependencies: []\n", train__py="")
    (patient.folder / "pkg").mkdir()
    patient.have(
        pkg___pyproject__toml="[project]\nname='pkg'\nversion='1'\n[build-system]\nrequires=[]\nbuild-backend='b'\n",
        python_env__yaml="python: '3.11'\ndependencies: ['./nothing-here']\n",
    )
    assert patient.places("no-lock") == []
    patient.have(python_env__yaml="python: '3.11'\n", reenact__lock="version = 1\n")
    assert [place for place, _ in patient.places("stale-lock")] == ["reenact.lock:1:1"]
    found = patient.examine()
    treated = mend(found, patient.folder, patient.world)
    assert (treated.changes, treated.unmended) == (("reenact.lock is written: 0 packages",), ())
    assert patient.places("stale-lock") == []
    before = (patient.folder / "reenact.lock").read_bytes()
    assert mend(found, patient.folder, patient.world).changes == ()
    assert (patient.folder / "reenact.lock").read_bytes() == before


def test_a_damaged_lock_is_an_error(patient: Patient) -> None:
    patient.have(MLproject=MLPROJECT, python_env__yaml="python: '3.11'\ndependencies: [six]\n", reenact__lock="=")
    assert "error" in {finding.level for finding in patient.examine().findings}


def test_a_foreign_lock_that_does_not_answer(patient: Patient) -> None:
    patient.have(requirements__txt="six>=2\nattrs\n", requirements__lock="six==1.16.0\nattrs==25.1.0\n", train__py="")
    ((place, message),) = patient.places("stale-lock")
    assert place == "requirements.lock:1:1"
    assert message.startswith("requirements.lock does not answer requirements.txt: changed: six>=2")
    assert all(not finding.fixable for finding in patient.find("stale-lock"))
    patient.have(requirements__txt="six\nattrs\n")
    assert not patient.codes() & {"stale-lock", "no-lock"}


@pytest.mark.parametrize(
    ("python", "level"),
    [(None, "warning"), ("3.11", None), ("3.11.7", None), (">=3.10,<3.12", None), (">=3.10", "note")],
)
def test_the_interpreter(patient: Patient, python: str | None, level: str | None) -> None:
    said = f"python: '{python}'\n" if python else ""
    patient.have(MLproject=MLPROJECT, python_env__yaml=f"{said}dependencies: [six==1.16.0]\n")
    assert [finding.level for finding in patient.find("unpinned-interpreter")] == ([level] if level else [])


def test_a_version_file_names_the_interpreter(patient: Patient) -> None:
    patient.have(requirements__txt="six==1.16.0\n", train__py="")
    assert patient.places("unpinned-interpreter") == [("requirements.txt:1:1", "requirements.txt names no Python")]
    (patient.folder / ".python-version").write_text("3.11\n")
    assert patient.places("unpinned-interpreter") == []


def test_packages_that_no_file_names(patient: Patient) -> None:
    patient.have(
        train__py="""\
            import os, numpy as np
            import lib
            from sklearn.linear_model import Ridge
            try:
                import torch
            except ImportError:
                torch = None
        """,
        lib__py="import yaml\n",
    )
    assert patient.places("no-environment") == [
        ("train.py:1:1", "no file says what to install, and train.py needs numpy, sklearn, yaml")
    ]
    patient.have(train__py="import os, lib\n", lib__py="import json\n")
    assert patient.places("no-environment") == []


@pytest.mark.parametrize(
    ("image", "level"),
    [
        ("a/b", "warning"),
        ("a/b:latest", "warning"),
        ("localhost:5000/b", "warning"),
        ("a/b:1.2", "note"),
        ("a/b@sha256:00", None),
        ("a/b:1.2@sha256:00", None),
    ],
)
def test_images(patient: Patient, image: str, level: str | None) -> None:
    patient.have(MLproject=f"docker_env:\n  image: {image}\nentry_points: {{main: {{command: 'true'}}}}\n")
    assert [finding.level for finding in patient.find("floating-image")] == ([level] if level else [])


def test_an_image_that_somebody_has_built(patient: Patient) -> None:
    patient.have(
        MLproject="docker_env:\n  image: mine\nentry_points: {main: {command: 'true'}}\n",
        Dockerfile="ARG V=3.11\nFROM python:$V AS base\nFROM base\nFROM scratch\nFROM ubuntu\n",
    )
    assert [place for place, _ in patient.places("local-image")] == ["MLproject:2:10"]
    assert [place for place, _ in patient.places("floating-image")] == ["Dockerfile:5:6", "Dockerfile:1:1"]
    patient.have(MLproject="docker_env: {build: .}\nentry_points: {main: {command: 'true'}}\n")
    assert patient.places("local-image") == []
    assert len(patient.places("floating-image")) == 2


def test_a_dockerfile_that_no_run_uses(patient: Patient) -> None:
    patient.have(train__py="", Dockerfile="FROM ubuntu\n")
    assert patient.places("floating-image") == []


def test_scripts_that_say_themselves_what_they_need(patient: Patient) -> None:
    header = "# /// script\n# requires-python = '>=3.11,<3.12'\n# dependencies = ['six']\n# ///\nimport six\n"
    patient.have(train__py=header)
    assert patient.places("no-lock") == [("train.py:3:20", "1 of 1 packages have no exact version: six")]
    assert not patient.codes() & {"no-environment", "unpinned-interpreter"}
    (patient.folder / "train.py").unlink()
    patient.have(a__py=header, b__py="import six\n")
    assert patient.places("no-environment") == [("b.py:1:1", "no file says what to install, and b.py needs six")]


def test_the_lock_of_a_script_is_made_for_the_script(patient: Patient) -> None:
    patient.have(
        train__py="# /// script\n# requires-python = '>=3.11'\n# dependencies = []\n# ///\n",
        reenact__lock="version = 1\n",
    )
    assert len(patient.places("stale-lock")) == 1
    assert mend(patient.examine(), patient.folder, patient.world).changes == ("reenact.lock is written: 0 packages",)
    assert "train.py" in (patient.folder / "reenact.lock").read_text()
    assert patient.places("stale-lock") == []
