"""Where the real project files are, for the tests that read them; they skip, saying so, where there are none."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

CORPUS = Path(__file__).parents[2] / ".." / "shared" / "corpus"
needs_corpus = pytest.mark.skipif(not CORPUS.is_dir(), reason="the corpus of real MLproject files is not here")


def rows(name: str) -> list[dict[str, Any]]:
    """A table of the corpus; empty where there is no corpus."""
    path = CORPUS / f"{name}.json"
    table: list[dict[str, Any]] = json.loads(path.read_text(encoding="utf-8")) if path.exists() else []
    return table


def project_file(row: dict[str, Any]) -> Path:
    """The file that a row of the index tells of."""
    return CORPUS / str(row["repo"]).replace("/", "__") / str(row["path"])
