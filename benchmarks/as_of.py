"""Of the real environment files that PyPI alone could serve: how many resolve today, and how many as of their time.

``python -m benchmarks.as_of [--seconds N] [--limit N] [--install N]``; the corpus is ``../shared/corpus`` beside the
repository. A file's time is not known, so a rule stands in for it: thirty days after the newest upload among the
versions that it names (``==``, ``>=``, ``~=``), as the package index tells it. Files that name none have no time and
are left out of the comparison. Everything is resolved by ``reenact lock``, as a user would, in a home of its own.
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
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

from reenact import environments
from reenact.document_cache import find_documents
from reenact.environments.python.uv import find_uv
from reenact.errors import ReenactError
from reenact.home import Home
from reenact.plan import PythonSpec
from reenact.project.load import read_project
from reenact.report import Silence
from reenact.world import World

CORPUS = Path(__file__).parents[1] / ".." / "shared" / "corpus"
MARGIN = timedelta(days=30)
EACH = 180.0
"""Seconds after which one resolution is given up."""

_PIN = r"([A-Za-z0-9][A-Za-z0-9._-]*)\s*(\[[^\]]*\])?\s*(?:==|>=|~=)\s*([0-9][A-Za-z0-9.+!*]*)\s*(?:,.*)?$"


class Case(NamedTuple):
    """A project whose environment PyPI could serve, and the moment that stands for its time."""

    folder: Path
    pins: tuple[str, ...]
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
        pins = [f"{found[1]}=={found[3]}" for line in spec.dependencies if (found := re.match(_PIN, line))]
        cases.append(Case(folder, tuple(pins)))
    return cases, left_out


def find_moment(case: Case, folder: Path, environ: dict[str, str]) -> str | None:
    """The day that stands for the time of ``case``: RFC 3339 without a time of day."""
    uploads = list_uploads(case.pins, folder, environ)
    return (max(uploads) + MARGIN).isoformat() if uploads else None


def list_uploads(pins: tuple[str, ...], folder: Path, environ: dict[str, str]) -> list[date]:
    """The days on which the first files of these versions were uploaded, of those that the index has.

    One that it lacks spoils the answer for all: they are halved until it is alone.
    """
    for python in ("3.12", "3.9", "3.7") if len(pins) == 1 else ("3.9",) if pins else ():
        argv = [find_uv(), "pip", "compile", "-", "--no-deps", "--no-build", "--universal", "--no-header", "--quiet"]
        argv += ["--format", "pylock.toml", "--python-version", python]
        given = "\n".join(pins)
        done = subprocess.run(argv, cwd=folder, env=environ, input=given, capture_output=True, text=True, check=False)
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
            "environments.realise(environments.lock(s, r, w), r, w)"
        )
        moment = f"{as_of}T00:00:00Z" if as_of else ""
        return _run([sys.executable, "-c", code, str(case.folder), moment], {**environ, "TMPDIR": copy}, "reenact.")


def _run(argv: list[str], environ: dict[str, str], mark: str) -> tuple[bool, str]:
    try:
        done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False, timeout=EACH)
    except subprocess.TimeoutExpired:
        return False, f"given up after {EACH:g} s"
    said = [line for line in done.stderr.splitlines() if line.startswith(mark)]
    return done.returncode == 0, said[0].removeprefix(mark)[:150] if said else ""


def main() -> None:
    """Print a line a file, and the shares."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=1200.0, help="stop after this time")
    parser.add_argument("--limit", type=int, default=1000, help="at most so many files")
    parser.add_argument("--install", type=int, default=0, help="also install so many of those that resolve")
    terms = parser.parse_args()
    if not CORPUS.is_dir():
        raise SystemExit(f"there is no corpus at {CORPUS}")
    deadline = time.monotonic() + terms.seconds
    with TemporaryDirectory(prefix="reenact-as-of-") as aside:
        folder = Path(aside)
        environ = {**os.environ, "REENACT_HOME": str(folder / "home"), "UV_PYTHON_DOWNLOADS": "never"}
        world = World(Home(folder / "home"), environ, folder, Silence())
        cases, left_out = find_cases(world)
        for reason, count in left_out.most_common():
            print(f"left out: {count:3}  {reason}")
        results = []
        for case in cases[: terms.limit]:
            if time.monotonic() > deadline:
                print("the time is up")
                break
            moment = find_moment(case, folder, environ)
            if moment is None:
                print(f"   -    -   {case.folder.relative_to(CORPUS)}: it names no version that the index has")
                continue
            (today, why), (then, why_then) = (resolves(case, as_of, folder, environ) for as_of in (None, moment))
            results.append((case._replace(moment=moment), today, then))
            shown = f"{case.folder.relative_to(CORPUS)} ({moment})"
            said = f"{f'| today: {why}' if why else ''} {f'| then: {why_then}' if why_then else ''}"
            print(f"{_mark(today)} {_mark(then)}  {shown} {said}".rstrip(), flush=True)
        print_shares("resolve", [(today, then) for _, today, then in results])
        sample = [case for case, today, then in results if today and then][: terms.install]
        made = [tuple(installs(case, as_of, environ)[0] for as_of in (None, case.moment)) for case in sample]
        print_shares("of those, install", [(today, then) for today, then in made])


def _mark(holds: bool) -> str:
    return " yes" if holds else "  no"


def print_shares(what: str, results: list[tuple[bool, bool]]) -> None:
    """The two shares in one line."""
    if results:
        count = len(results)
        today, then = (sum(result[i] for result in results) for i in (0, 1))
        print(
            f"{count} files {what}: {today} ({today / count:.0%}) today, {then} ({then / count:.0%}) as of their time"
        )


if __name__ == "__main__":
    main()
