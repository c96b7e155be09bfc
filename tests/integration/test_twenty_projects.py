"""Twenty projects are run and exported; originals, homes and caches go; what is imported elsewhere passes."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path

import pytest
from uv import find_uv_bin

from reenact.environments.docker.engine import Engine
from tests.environments.docker.engines import LABEL, get_base_image, get_engine, tell
from tests.integration.command import User
from tests.integration.shapes import IMAGE, PROJECTS, Shape
from tests.sources.repositories import write

pytestmark = pytest.mark.slow

LONG = 300.0
"""Seconds: a tenth of it is enough on a machine that does nothing else."""

QUICK: dict[str, str | None] = {"PYTHONDONTWRITEBYTECODE": None}
"""Variables without the one for which every package is compiled before it is used."""

GONE = "http://127.0.0.1:9/simple"


@cache
def is_index_there() -> bool:
    """Whether a package index answers."""
    argv = [find_uv_bin(), "pip", "compile", "-", "--refresh", "--quiet"]
    return subprocess.run(argv, input=b"six\n", capture_output=True).returncode == 0


@pytest.fixture
def shape(request: pytest.FixtureRequest) -> Shape:
    """The project, where the machine has what it needs."""
    found = PROJECTS[request.param]
    if "index" in found.needs and not is_index_there():
        pytest.skip("no package index answers")
    if "conda" in found.needs:
        pytest.importorskip("rattler")
        if os.uname().machine != "x86_64" or os.uname().sysname != "Linux":
            pytest.skip("the channel is linux-64")
    if "engine" in found.needs:
        make_image(get_engine())
    return found


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """A folder for everything that goes, kept out of the way of what stays."""
    yield tmp_path / "first" / "project"
    with suppress(FileNotFoundError):
        shutil.rmtree(tmp_path / "first")


def make_image(engine: Engine) -> None:
    """An image that shares no layer with any other, so that nothing of it is left when it is removed."""
    base = get_base_image(engine)
    lines = (f"FROM {base} AS base", "FROM scratch", "COPY --from=base / /", "ENV PATH=/usr/local/bin:/usr/bin:/bin")
    argv = [engine.program, "build", "--quiet", "--no-cache", "--label", LABEL, "--tag", IMAGE, "-"]
    subprocess.run(argv, input="\n".join(lines).encode(), check=True, capture_output=True)


def remove_image(engine: Engine) -> None:
    """Take it out of the engine, and see that it is gone."""
    found = tell(engine, "images", "--quiet", "--no-trunc", IMAGE)
    tell(engine, "rmi", "--force", found)
    assert found not in tell(engine, "images", "--all", "--quiet", "--no-trunc")


@pytest.mark.parametrize("shape", PROJECTS, indirect=True)
def test_a_bundle_is_all_that_a_project_needs(shape: Shape, folder: Path, tmp_path: Path) -> None:
    bundle = tmp_path / "run.tar.zst"
    export(shape, folder, bundle)
    shutil.rmtree(folder.parent)
    if "engine" in shape.needs:
        remove_image(get_engine())
    there = User(make(tmp_path / "second"), tmp_path / "second" / "home", **without_network(tmp_path / "second"))
    said = there.call("import", "--check-crate", str(bundle), patience=LONG)
    assert said.code == 0, said
    said = there.call("verify", "--json", "@", environ=shape.environ, patience=LONG)
    assert said.code == 0, said
    told = json.loads(said.out)
    [trial] = told["trials"]
    judged = {one["name"]: one["judgement"]["verdict"] for one in trial["judged"]}
    assert (told["verdict"], trial["changes"], trial["problem"]) == ("PASS", [], None), told
    assert set(shape.results) <= set(judged), judged
    assert shape.verdict in judged.values(), judged


def export(shape: Shape, folder: Path, bundle: Path) -> None:
    """Run the project in ``folder`` and put the run into ``bundle``."""
    folder.mkdir(parents=True)
    write(folder, dict(shape.files))
    uri = shape.prepare(folder) or str(folder)
    here = User(folder.parent, folder.parent / "home", **QUICK, **shape.environ)
    options = [each.format(aside=folder.parent / "aside") for each in shape.options]
    said = here.call("run", "--quiet", "--yes", *options, uri, patience=LONG)
    assert said.code == 0, said
    parts = ("--with-packages", "--with-inputs", "--with-outputs")
    said = here.call("export", "--check-crate", "-o", str(bundle), *parts, patience=LONG)
    assert said.code == 0, said


def without_network(folder: Path) -> dict[str, str | None]:
    """Variables of somebody who has no index, no cache and no settings."""
    own = {"HOME": folder, "XDG_CACHE_HOME": folder / "cache", "UV_CACHE_DIR": folder / "uv"}
    gone = {"UV_DEFAULT_INDEX": GONE, "UV_INDEX_URL": None, "UV_OFFLINE": "1", "UV_FIND_LINKS": None}
    return {**QUICK, **{name: str(path) for name, path in own.items()}, **gone}


def make(folder: Path) -> Path:
    """A new folder."""
    folder.mkdir()
    return folder
