"""Of the real environment files that PyPI alone could serve: how many resolve and install today, and as of their time.

``make bench-as-of``, or ``python -m benchmarks.as_of [--seconds N] [--limit N]``; the corpus is
``../shared/corpus`` beside the repository. Everything is resolved by ``reenact lock``, as a user would, in a home of
its own, with every Python that this machine has.

No file says when it was written, so a rule stands in for it: not before anything that it names. That is thirty days
after the newest of the first uploads of the versions that it names (``==``, ``>=``, ``~=``), and half a year after the
first release of the Python that it names, since packages follow so long after. A file that names nothing has no time;
it counts among those of today alone.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections import Counter
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date, datetime, timedelta
from errno import ENOSPC
from pathlib import Path
from shutil import rmtree
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from benchmarks.measure import environment
from benchmarks.report import Table, put_section, render_table
from reenact import environments
from reenact.document_cache import find_documents
from reenact.environments.python.python_version import RELEASES
from reenact.environments.python.uv import find_uv
from reenact.errors import ReenactError
from reenact.home import Home
from reenact.plan import PythonSpec
from reenact.project.load import read_project
from reenact.report import Silence
from reenact.world import World

TITLE = "Yesterday's packages"
CORPUS = Path(__file__).parents[1] / ".." / "shared" / "corpus"
MARGIN = timedelta(days=30)
HALF_A_YEAR = timedelta(days=183)
AT_ONCE = 4
"""So many files at a time: most of it is waiting for the index."""

EACH = 300.0
"""Seconds after which one resolution, or one installation, is given up."""

BATCH = 8
"""So many files are installed before what was fetched for them is thrown away: packages of this kind are large."""

_PIN = r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(?:\[[^\]]*\])?\s*(==|>=|~=)\s*([0-9][A-Za-z0-9.+!*]*)\s*(?:,.*)?(?:;.*)?$"


class Case(NamedTuple):
    """A project whose environment PyPI could serve: the versions that it names, its Python, the day that stands for
    its time."""

    folder: Path
    pins: tuple[str, ...]
    python: str | None
    moment: str | None = None


def find_cases(world: World) -> tuple[list[Case], Counter[str]]:
    """Every project of the corpus with an environment file of its own, and how many were left out for which reason."""
    cases, left_out = [], Counter[str]()
    seen = set()
    for entry in json.loads((CORPUS / "index.json").read_text("utf-8")):
        if entry["environment_file"] is None or entry["environment_file_is_stub"]:
            left_out["no environment file in the corpus"] += 1
            continue
        folder = CORPUS / entry["folder"]
        try:
            project = read_project(folder, find_documents(world.home))
            spec = environments.ask(project, folder, "uv", world)
        except ReenactError as problem:
            left_out["PyPI cannot serve it" if "not-on-pypi" in problem.message else "a file is missing or wrong"] += 1
            continue
        if not isinstance(spec, PythonSpec) or not spec.dependencies:
            left_out["it asks for no package"] += 1
            continue
        if (asked := (spec.python, spec.dependencies)) in seen:
            left_out["the same as another"] += 1
            continue
        seen.add(asked)
        cases.append(Case(folder, find_pins(spec.dependencies), spec.python))
    return cases, left_out


def find_pins(lines: tuple[str, ...]) -> tuple[str, ...]:
    """The versions that requirements name, exactly or as the least that will do."""
    found = [match for line in lines if (match := re.match(_PIN, line))]
    return tuple(f"{match[1]}=={match[3]}" for match in found)


def find_moment(case: Case, folder: Path, environ: dict[str, str]) -> str | None:
    """The day that stands for the time of ``case``: RFC 3339 without a time of day."""
    days = [day + MARGIN for day in list_uploads(case.pins, folder, environ)]
    minor = re.search(r"\d+\.\d+", case.python or "")
    days += [date.fromisoformat(first) + HALF_A_YEAR for name, first, _ in RELEASES if minor and name == minor[0]]
    return min(max(days), date.today()).isoformat() if days else None


def list_uploads(pins: tuple[str, ...], folder: Path, environ: dict[str, str]) -> list[date]:
    """The days on which the first files of these versions were uploaded, of those that the index has.

    One that it lacks spoils the answer for all: they are halved until it is alone. One that has no wheel is built.
    """
    if not pins:
        return []
    questions = [("3.9", "--no-build")]
    if len(pins) == 1:
        questions = [("3.12", "--no-build"), ("3.9", "--no-build"), ("3.7", "--no-build"), ("3.7", "--quiet")]
    for python, option in questions:
        argv = [find_uv(), "pip", "compile", "-", "--no-deps", option, "--universal", "--no-header", "--quiet"]
        argv += ["--format", "pylock.toml", "--python-version", python]
        given = "\n".join(pins)
        try:
            done = subprocess.run(
                argv, cwd=folder, env=environ, input=given, capture_output=True, text=True, check=False, timeout=EACH
            )
        except subprocess.TimeoutExpired:
            continue
        if done.returncode == 0:
            packages = tomllib.loads(done.stdout).get("packages", [])
            return [day for package in packages if (day := _first_upload(package)) is not None]
    half = len(pins) // 2
    return [day for part in (pins[:half], pins[half:]) for day in list_uploads(part, folder, environ)] if half else []


def _first_upload(package: dict[str, Any]) -> date | None:
    files = (*package.get("wheels", ()), package.get("sdist", {}))
    moments = [file["upload-time"] for file in files if isinstance(file.get("upload-time"), datetime)]
    return min(moments).date() if moments else None


def resolves(case: Case, as_of: str | None, folder: Path, environ: dict[str, str]) -> tuple[bool, str]:
    """Whether the environment can be resolved, and the first line of what was said if not."""
    argv = [sys.executable, "-m", "reenact", "lock", str(case.folder), "--env-manager", "uv"]
    argv += ["--output", str(folder / "reenact.lock"), *(["--as-of", as_of] if as_of else [])]
    (folder / "reenact.lock").unlink(missing_ok=True)
    return _run(argv, environ, "error: ")


def installs(case: Case, as_of: str | None, environ: dict[str, str]) -> tuple[bool, str]:
    """Whether the environment can be made: a script that does nothing runs in it."""
    with TemporaryDirectory() as copy:
        code = (
            "import sys; from pathlib import Path; from reenact import environments;"
            "from reenact.document_cache import find_documents;"
            "from reenact.project.load import read_project; from reenact.report import Silence;"
            "from reenact.world import make_world; w = make_world(Silence()); r = Path(sys.argv[1]);"
            "v = environments.Variant(as_of=sys.argv[2] or None);"
            "s = environments.ask(read_project(r, find_documents(w.home)), r, 'uv', w, v);"
            "from shutil import rmtree;"
            "rmtree(environments.realise(environments.lock(s, r, w), r, w).path)"
        )
        moment = f"{as_of}T00:00:00Z" if as_of else ""
        return _run([sys.executable, "-c", code, str(case.folder), moment], {**environ, "TMPDIR": copy}, "Error: ")


def _run(argv: list[str], environ: dict[str, str], mark: str) -> tuple[bool, str]:
    try:
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=EACH)
    except subprocess.TimeoutExpired:
        return False, f"given up after {EACH:g} s"
    if re.search("disk is full|No space left", done.stderr):
        raise OSError(ENOSPC, f"no answer is worth anything once {os.strerror(ENOSPC).lower()}")
    said = [line for line in done.stderr.splitlines() if mark in line]
    return done.returncode == 0, said[0].partition(mark)[2][:150] if said else ""


def find_pythons(environ: dict[str, str]) -> str:
    """The search path with every Python that pyenv keeps here, where there is a pyenv: no one of them is a shim."""
    root = Path(environ.get("PYENV_ROOT") or f"{environ.get('HOME', '')}/.pyenv")
    kept = sorted(str(folder) for folder in root.glob("versions/3.*/bin"))
    others = [folder for folder in environ.get("PATH", "").split(os.pathsep) if folder != str(root / "shims")]
    return os.pathsep.join([*others, *kept])


class Outcome(NamedTuple):
    """What became of a file, today and as of its time: None where it was not tried."""

    case: Case
    resolved: tuple[bool, bool | None]
    installed: tuple[bool | None, bool | None] = (None, None)


def resolve_all(cases: list[Case], deadline: float, folder: Path, environ: dict[str, str]) -> Iterator[Outcome]:
    """Each file as it stands and as of its time, until the time is up; a line is printed for each."""

    def work(at: int, case: Case) -> Outcome | None:
        if time.monotonic() > deadline:
            return None
        own = folder / f"case{at}"
        own.mkdir()
        moment = find_moment(case, own, environ)
        today, why = resolves(case, None, own, environ)
        then, why_then = resolves(case, moment, own, environ) if moment else (None, "")
        said = f"{f'| today: {why}' if why else ''} {f'| then: {why_then}' if why_then else ''}"
        print(f"{_mark(today)} {_mark(then)}  {case.folder.relative_to(CORPUS)} ({moment}) {said}".rstrip(), flush=True)
        return Outcome(case._replace(moment=moment), (today, then))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        yield from filter(None, pool.map(work, range(len(cases)), cases))


def install_all(outcomes: list[Outcome], deadline: float, environ: dict[str, str]) -> Iterator[Outcome]:
    """Those of them that resolve both ways and can be dated, until the time is up; nothing of them is kept.

    What is fetched goes to a cache of our own, which is emptied again and again.
    """
    cache = Path(environ["UV_CACHE_DIR"])

    def work(outcome: Outcome) -> Outcome:
        if outcome.resolved != (True, True) or time.monotonic() > deadline:
            return outcome
        (today, why), (then, why_then) = (installs(outcome.case, day, environ) for day in (None, outcome.case.moment))
        name = outcome.case.folder.relative_to(CORPUS)
        print(f"{_mark(today)} {_mark(then)}  installs: {name} | {why} | {why_then}".rstrip(" |"), flush=True)
        return outcome._replace(installed=(today, then))

    with ThreadPoolExecutor(AT_ONCE) as pool:
        for at in range(0, len(outcomes), BATCH):
            yield from pool.map(work, outcomes[at : at + BATCH])
            rmtree(cache, ignore_errors=True)


def make_table(outcomes: list[Outcome], count: int, left_out: Counter[str]) -> Table:
    """The shares, of those files that have a time."""
    dated = [outcome for outcome in outcomes if outcome.resolved[1] is not None]
    tried = [outcome for outcome in dated if outcome.installed[0] is not None]
    rows = [
        _share("resolve", [outcome.resolved for outcome in dated]),
        _share("install, of those that resolve both ways and were tried", [outcome.installed for outcome in tried]),
    ]
    undated = [outcome.resolved[0] for outcome in outcomes if outcome.resolved[1] is None]
    about = (
        f"{len(outcomes)} of the {count} real environment files that PyPI alone could serve, resolved by "
        f"`reenact lock` with the Pythons of this machine ({date.today().isoformat()}). {len(dated)} of them name a "
        "version, which stands for their time (`benchmarks/as_of.py` says how); of those:"
    )
    reasons = ", ".join(f"{count} {reason}" for reason, count in left_out.most_common())
    verdict = f"Of the {len(undated)} that name none, {sum(map(bool, undated))} resolve today. Left out: {reasons}."
    return Table(TITLE, about, ["", "files", "today", "as of their time"], rows, verdict)


def _share(what: str, results: Sequence[tuple[bool | None, bool | None]]) -> list[str]:
    counts = [sum(map(bool, column)) for column in zip(*results, strict=True)] or [0, 0]
    return [what, str(len(results)), *(f"{count} ({count / max(len(results), 1):.0%})" for count in counts)]


def _mark(holds: bool | None) -> str:
    return "   -" if holds is None else " yes" if holds else "  no"


def main() -> None:
    """Print a line a file, and write the shares to the page."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=3600.0, help="stop after this time")
    parser.add_argument("--limit", type=int, default=1000, help="at most so many files")
    terms = parser.parse_args()
    if not CORPUS.is_dir():
        raise SystemExit(f"there is no corpus at {CORPUS}")
    began = time.monotonic()
    with TemporaryDirectory(prefix="reenact-as-of-") as aside:
        folder = Path(aside)
        environ = {**environment(), "REENACT_HOME": str(folder / "home"), "UV_PYTHON_DOWNLOADS": "never"}
        environ["UV_CACHE_DIR"] = str(folder / "cache")
        environ["PATH"] = find_pythons(environ)
        world = World(Home(folder / "home"), environ, folder, Silence())
        cases, left_out = find_cases(world)
        # Two thirds of the time, so that some is left to install.
        resolved = list(resolve_all(cases[: terms.limit], began + terms.seconds * 2 / 3, folder, environ))
        outcomes = list(install_all(resolved, began + terms.seconds, environ))
    table = make_table(outcomes, len(cases), left_out)
    print("\n" + render_table(table))
    put_section(Path(__file__).with_name("README.md"), table)


if __name__ == "__main__":
    main()
