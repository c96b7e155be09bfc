"""The programs that are measured beside: each installed from PyPI into the scratch folder."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

import uv

from benchmarks.measure import environment

REENACT = str(Path(sys.executable).with_name("reenact"))
UV = uv.find_uv_bin()


def install_mlflow(scratch: Path) -> str:
    """The path of an ``mlflow`` command with what ``--env-manager`` needs beside it."""
    place = scratch / "mlflow"
    quietly([UV, "venv", "--quiet", "--python", sys.executable, str(place)])
    quietly([UV, "pip", "install", "--quiet", "--python", str(place / "bin/python"), "mlflow==3.17.2", "virtualenv"])
    return str(place / "bin/mlflow")


def quietly(argv: Sequence[str], cwd: Path | None = None, environ: Mapping[str, str] | None = None) -> str:
    """Run a command that has to succeed; what it printed."""
    done = subprocess.run(argv, cwd=cwd, env=environ or environment(), capture_output=True, text=True)
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return done.stdout
