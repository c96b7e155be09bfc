"""What the doctor's tests get."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.doctor.patient import Patient


@pytest.fixture
def patient(project_dir: Path) -> Patient:
    """A project with nothing in it yet."""
    return Patient(project_dir)
