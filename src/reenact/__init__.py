"""Run any machine-learning project with one command, and leave a record from which anyone can run it again."""

from __future__ import annotations

__version__ = "0.1.0"
