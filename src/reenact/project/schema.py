"""The JSON Schema of the project file, for editors; a file of the package beside this one."""

from __future__ import annotations

from pathlib import Path

SCHEMA_FILE = Path(__file__).with_name("mlproject.schema.json")


def read_schema() -> str:
    """JSON Schema (draft 2020-12) as JSON text with a newline at its end."""
    return SCHEMA_FILE.read_text(encoding="utf-8")
