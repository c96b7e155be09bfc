"""A recorded run as a test: a file for pytest that runs the project again and holds the results against its own.

The file has everything in it: how to run the project, what came out, how far that may lie apart. A project of this
machine is found by its path from the file, so that the two can lie in one repository and the test is of the code as it
is checked out; any other is run at the commit of the record. ``REENACT_FROZEN_SOURCE`` names another source:
``run:ID`` is a recorded run, one from a bundle too.
"""

from __future__ import annotations

import base64
import os
import zlib
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from pprint import pformat
from tempfile import TemporaryDirectory

from reenact.codec import from_plain, to_plain
from reenact.environments import MANAGER_OF
from reenact.errors import RecordError
from reenact.plan import DockerSpec, Isolation
from reenact.prepare import Request, prepare
from reenact.project.parameters import Options
from reenact.project.paths import is_remote
from reenact.records.files import read_realised
from reenact.records.types import OutputFile, Record
from reenact.report import Silence
from reenact.reproduce.compare import Judgement
from reenact.reproduce.rerun import list_given
from reenact.reproduce.results import (
    Declared,
    Results,
    find_broken_end,
    judge_results,
    name_result,
    read_declared,
    read_results,
)
from reenact.reproduce.verify import carry_out_quietly
from reenact.run_folder import RunFolder
from reenact.runs import Run, State
from reenact.values import NamedTuple
from reenact.world import World, make_world

SOURCE = "REENACT_FROZEN_SOURCE"
LARGEST = 256 << 10
"""Bytes of an output that is held in the test; of a larger one it has the digest alone."""

_WIDE = 76
_LINE = 110


class Frozen(NamedTuple):
    """How to run a project, and what came out. ``source`` is relative to the test's folder, or an address.

    ``contents`` are those of the outputs, by path: base64 of zlib, in lines.
    """

    run: str
    source: str
    entry_point: str
    exit_code: int
    version: str | None = None
    parameters: Mapping[str, str] = {}
    manager: str | None = None
    docker_args: tuple[tuple[str, str | None], ...] = ()
    bake: bool = False
    shell_strict: bool = False
    deterministic: bool = False
    as_of: str | None = None
    accelerator: str | None = None
    timeout: float | None = None
    isolation: Isolation = Isolation()
    environment: str | None = None
    declared: Declared = Declared()
    outputs: tuple[OutputFile, ...] = ()
    contents: Mapping[str, tuple[str, ...]] = {}
    metrics: Mapping[str, int | float | str] = {}


def freeze(record: Record, test: Path, world: World) -> Frozen:
    """What the test at a path has to hold.

    Raises:
        RecordError: the run did not end by itself, or was given a secret.
    """
    run, plan = record.run, record.plan
    broken = find_broken_end(run)
    if broken or run.exit_code is None:
        raise RecordError(f"run {run.id[:8]} {broken}: there is no result to freeze")
    secret = next((each.name for each in plan.parameters if each.secret and each.origin != "default"), None)
    if secret is not None:
        raise RecordError(f"parameter '{secret}' is secret, and a test holds none", hint="give it a default")
    folder, spec = RunFolder(Path(run.folder)), plan.environment
    realised = read_realised(folder)
    source, version = _find_source(record, test)
    return Frozen(
        run=run.id,
        source=source,
        version=version,
        entry_point=plan.entry_point,
        exit_code=run.exit_code,
        parameters={name: str(value) for name, value in list_given(record).items()},
        manager=MANAGER_OF.get(spec.kind),
        docker_args=spec.arguments if isinstance(spec, DockerSpec) else (),
        bake=isinstance(spec, DockerSpec) and spec.bake,
        shell_strict="pipefail" in plan.command.shell or plan.command.shell == ("sh", "-e", "-c"),
        deterministic=plan.determinism is not None,
        as_of=getattr(spec, "as_of", None),
        accelerator=getattr(spec, "accelerator", None),
        timeout=plan.resources.timeout,
        isolation=plan.isolation,
        environment=realised.key if realised else None,
        declared=read_declared(plan),
        outputs=record.outputs,
        contents=dict(_read_contents(folder, record.outputs)),
        metrics=record.metrics,
    )


def _find_source(record: Record, test: Path) -> tuple[str, str | None]:
    """Where the project is seen from the test, and which commit of it is meant where it is not used in place."""
    source = record.plan.source
    if source.kind == "directory" or not is_remote(source.uri):
        place = os.path.join(source.root or source.uri, source.subdirectory)
        return os.path.relpath(place, test.parent), None if source.kind == "directory" else source.commit
    return source.uri, source.commit


def _read_contents(folder: RunFolder, outputs: Iterable[OutputFile]) -> Iterator[tuple[str, tuple[str, ...]]]:
    for file in outputs:
        if file.kept is not None and file.size is not None and file.size <= LARGEST:
            text = base64.b64encode(zlib.compress((folder.path / file.kept).read_bytes(), 9)).decode("ascii")
            yield file.path, tuple(text[at : at + _WIDE] for at in range(0, len(text), _WIDE))


def render_test(frozen: Frozen) -> str:
    """The file for pytest. Whatever the record holds is in it as a literal of Python and nothing else."""
    names = ["exit code", *(f"output {file.path}" for file in frozen.outputs)]
    names += [f"metric {name}" for name in frozen.metrics]
    plain = pformat(to_plain(frozen), width=_LINE, sort_dicts=False)
    return _TEMPLATE.format(run=frozen.run[:8], frozen=plain, names=pformat(names, width=_LINE))


_TEMPLATE = '''\
"""Run a project again and hold what comes out against run {run}. Written by: reenact verify --freeze

The run is recorded as any other: reenact ls. REENACT_FROZEN_SOURCE=URI runs the project from somewhere else.
"""

# ruff: noqa

from pathlib import Path

import pytest

from reenact.reproduce.freeze import rerun_frozen

FROZEN = {frozen}

NAMES = {names}


@pytest.fixture(scope="module")
def judged():
    return rerun_frozen(FROZEN, Path(__file__).parent)


@pytest.mark.parametrize("name", NAMES)
def test_it_comes_out_the_same(judged, name):
    if judged[name].verdict == "not verified":
        pytest.skip(judged[name].difference)
    assert judged[name].verdict in ("identical", "within tolerance"), judged[name].difference


def test_nothing_else_comes_out(judged):
    assert sorted(set(judged) - set(NAMES)) == []
'''


def rerun_frozen(plain: Mapping[str, object], place: Path, world: World | None = None) -> dict[str, Judgement]:
    """Run what was frozen, as seen from a folder, and judge every result, by its name.

    Raises:
        ValueError: it is no frozen run.
        ReenactError: the project cannot be run.
    """
    frozen = from_plain(Frozen, plain, "frozen run")
    world = world or make_world(Silence())
    again = _run(frozen, place, world)
    note = _compare_environments(frozen, again)
    with TemporaryDirectory(prefix="reenact-") as aside:
        old = _unpack(frozen, again.run, Path(aside))
        judged = judge_results(old, read_results(again), frozen.declared)
    return {name_result(each): _annotate(each.judgement, note) for each in judged}


def _run(frozen: Frozen, place: Path, world: World) -> Record:
    source = world.environ.get(SOURCE)
    uri = source or (frozen.source if is_remote(frozen.source) else str((place / frozen.source).resolve()))
    request = Request(
        uri=uri,
        entry_point=frozen.entry_point,
        version=None if source else frozen.version,
        parameters=dict(frozen.parameters),
        options=Options(lenient=True),
        env_manager=frozen.manager,
        docker_args=frozen.docker_args,
        build_image=frozen.bake,
        shell_strict=frozen.shell_strict,
        deterministic=frozen.deterministic,
        as_of=frozen.as_of,
        accelerator=frozen.accelerator,
        timeout=frozen.timeout,
        isolation=frozen.isolation,
        name=f"frozen {frozen.run[:8]}",
    )
    # A path that was given means the project's folder, wherever the tests are started.
    here = world._replace(cwd=Path(uri)) if Path(uri).is_dir() else world
    return carry_out_quietly(prepare(request, here), world)


def _unpack(frozen: Frozen, run: Run, aside: Path) -> Results:
    """The recorded results, their contents in a folder under names of ours."""
    outputs = []
    for number, file in enumerate(frozen.outputs):
        lines = frozen.contents.get(file.path)
        if lines is None:
            outputs.append(file._replace(kept=None))
            continue
        # The end of the name says what the format is.
        kept = f"{number}{Path(file.path).suffix}"
        aside.joinpath(kept).write_bytes(zlib.decompress(base64.b64decode("".join(lines))))
        outputs.append(file._replace(kept=kept))
    ended = run._replace(state=State.FAILED if frozen.exit_code else State.FINISHED, exit_code=frozen.exit_code)
    return Results(ended, aside, tuple(outputs), frozen.metrics)


def _compare_environments(frozen: Frozen, again: Record) -> str:
    realised = read_realised(RunFolder(Path(again.run.folder)))
    key = realised.key if realised else None
    if key == frozen.environment:
        return ""
    return f"the environment is another: {(frozen.environment or 'none')[:12]} → {(key or 'none')[:12]}"


def _annotate(judgement: Judgement, note: str) -> Judgement:
    if judgement.verdict in ("identical", "within tolerance") or not note:
        return judgement
    return judgement._replace(difference=f"{judgement.difference}\n{note}")
