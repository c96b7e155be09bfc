"""Small projects and commands, for a comparison with ``mlflow run``.

``python -m tests.integration.mlflow_cases FOLDER CLI...`` runs all of them in FOLDER by a command line and prints what
came of each as JSON; ``mlflow_answers.json`` is what MLflow 3.17.2 made of them.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, NamedTuple

ANSWERS = Path(__file__).with_name("mlflow_answers.json")

PROBE = """
import json, os, sys
with open(os.environ["PROBE"], "a") as file:
    print(json.dumps({"argv": sys.argv[1:], "cwd": os.getcwd()}), file=file)
"""


class Case(NamedTuple):
    """A project's file, the arguments of the command, and what they name relative to the folder of all projects."""

    mlproject: str | None
    arguments: tuple[str, ...] = ()
    uri: str = "{project}"
    files: Mapping[str, str] = {}


def main(command: str, parameters: str = "") -> str:
    declared = f"    parameters:\n{parameters}" if parameters else ""
    return f"name: p\nentry_points:\n  main:\n{declared}    command: {command}\n"


def given(*assignments: str) -> tuple[str, ...]:
    return tuple(word for each in assignments for word in ("-P", each))


N = "      n: {type: int, default: 3}\n"
X = "      x: string\n"
HARD = 'it\'s "hard" $HOME $(id) `id` ; * ? & | > < \\ # ! ~ {n} %s é'

CASES: dict[str, Case] = {
    "plain": Case(main("python probe.py a 'b c'")),
    "default": Case(main("python probe.py {n}", N)),
    "given": Case(main("python probe.py {n}", N), given("n=4")),
    "hard value": Case(main("python probe.py {x} --x={x}", X), given(f"x={HARD}")),
    "hard extra": Case(main("python probe.py"), given(f"x={HARD}", "y=")),
    "extra name": Case(main("python probe.py"), given("a b=1", "c-d=2", "É=3")),
    "empty value": Case(main("python probe.py {x}", X), given("x=")),
    "equals signs": Case(main("python probe.py {x}", X), given("x==a=b=")),
    "newline": Case(main("python probe.py {x}", X), given("x=a\nb")),
    "spaces": Case(main("python probe.py {x}", X), given("x=  a  b ")),
    "float text": Case(main("python probe.py {a} {b}", "      a: {default: 1e-4}\n      b: {default: 1.0e-4}\n")),
    "octal": Case(main("python probe.py {a} {b}", "      a: {default: 010}\n      b: {default: 0o10}\n")),
    "truth": Case(main("python probe.py {a} {b}", "      a: {default: yes}\n      b: {default: 'yes'}\n")),
    "list default": Case(main("python probe.py {a}", "      a: {default: [1, a]}\n")),
    "date": Case(main("python probe.py {a}", "      a: {default: 2024-01-02}\n")),
    "short form": Case(main("python probe.py {a}", "      a: float\n"), given("a=0.1")),
    "order of extras": Case(main("python probe.py {n}", N), given("z=1", "a=2", "n=5")),
    "unused": Case(main("python probe.py", N)),
    "case of names": Case(main("python probe.py {n}", N), given("N=4")),
    "uri": Case(main("python probe.py {u}", "      u: uri\n"), given("u=s3://b/k?x=1&y=2")),
    "path default": Case(main("python probe.py {p}", "      p: {type: path, default: probe.py}\n")),
    "path given": Case(main("python probe.py {p}", "      p: path\n"), given("p={project}/probe.py")),
    "folded": Case(main(">\n      python probe.py\n      --n {n}\n", N)),
    "literal": Case(main("|\n      python probe.py one\n      python probe.py two {n}\n", N)),
    "pipe": Case(main("'echo a | python probe.py && python probe.py $HOME | cat'")),
    "bash": Case(main("'[[ a == a* ]] && python probe.py <(echo) | true'"), ()),
    "quoted placeholder": Case(main("'python probe.py \"{x}\"'", X), given("x=plain")),
    "writes": Case(main("'mkdir out && python probe.py > out/log'")),
    "fails": Case(main("'python probe.py; exit 3'")),
    "missing": Case(main("python probe.py {x}", X)),
    "no such entry point": Case(main("python probe.py"), ("-e", "nothing")),
    "other entry point": Case(main("'false'") + "  other: {command: python probe.py other}\n", ("-e", "other")),
    "script": Case(main("'false'"), ("-e", "probe.py", *given("a=1", "b=x y"))),
    "shell script": Case(main("'false'"), ("-e", "s.sh", *given("a=1")), files={"s.sh": "python probe.py sh $*\n"}),
    "no file": Case(None, ("-e", "probe.py", *given("a=1"))),
    "lower case": Case(None, files={"mlproject": main("python probe.py lower")}),
    "subdirectory": Case(None, (), "{project}#sub", {"sub/MLproject": main("python ../probe.py sub")}),
    "repeated": Case(main("python probe.py {n}", N), given("n=1", "n=2")),
    "no equals sign": Case(main("python probe.py {n}", N), given("n")),
    "two experiments": Case(main("python probe.py"), ("--experiment-name", "a", "--experiment-id", "1")),
    "no such option": Case(main("python probe.py"), ("--bogus",)),
    "no such folder": Case(main("python probe.py"), (), "{project}/nowhere"),
    "run name": Case(main("python probe.py"), ("--run-name", "a name")),
    "storage dir": Case(main("python probe.py"), ("--storage-dir", "{project}/../storage")),
    "build image": Case(main("python probe.py"), ("--build-image",)),
    "docker args": Case(main("python probe.py"), ("-A", "tty", "-A", "name=x")),
    "backend config": Case(main("python probe.py"), ("-c", "{}")),
    "bad backend config": Case(main("python probe.py"), ("-c", "{")),
    "backend": Case(main("python probe.py"), ("-b", "bogus")),
    "long options": Case(main("python probe.py {n}", N), ("--entry-point", "main", "--param-list", "n=9")),
}

Call = Callable[[list[str], dict[str, str]], int]


def answer(case: Case, folder: Path, call: Call) -> dict[str, Any]:
    """What came of a case: whether it went well, what the command was given and where, and the files it left."""
    project = folder / "p"
    shutil.rmtree(folder, ignore_errors=True)
    project.mkdir(parents=True)
    files = {"probe.py": PROBE, **case.files} | ({"MLproject": case.mlproject} if case.mlproject else {})
    for name, text in files.items():
        (project / name).parent.mkdir(exist_ok=True)
        (project / name).write_text(text)
    words = [word.replace("{project}", str(project)) for word in (*case.arguments, case.uri)]
    code = call(["run", "--env-manager", "local", *words], {"PROBE": str(folder / "probe"), "HOME": "/home/somebody"})
    told = (folder / "probe").read_text() if (folder / "probe").exists() else ""
    left = sorted(str(path.relative_to(project)) for path in project.rglob("*") if path.is_file())
    text = json.dumps({"good": code == 0, "calls": [json.loads(line) for line in told.splitlines()], "left": left})
    found: dict[str, Any] = json.loads(text.replace(str(folder), "FOLDER"))
    return found


def shell_call(program: list[str], environ: dict[str, str], cwd: Path) -> Call:
    """A call of a command line in a process of its own."""

    def call(words: list[str], more: dict[str, str]) -> int:
        done = subprocess.run([*program, *words], env=environ | more, cwd=cwd, capture_output=True, check=False)
        return done.returncode

    return call


if __name__ == "__main__":
    where = Path(sys.argv[1])
    own = {**os.environ, "MLFLOW_TRACKING_URI": f"sqlite:///{where}/mlflow.db", "PYTHONDONTWRITEBYTECODE": "1"}
    oracle = shell_call(sys.argv[2:], own, where)
    print(json.dumps({name: answer(case, where / "case", oracle) for name, case in CASES.items()}, indent=1))
