from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.cli import VERBS, main
from reenact.cli.console import ask, read_env_file
from reenact.home import Home
from reenact.world import World
from tests.recorded import record_run

Reenact = Callable[..., tuple[int, str, str]]


def test_the_verbs_are_listed_without_being_imported() -> None:
    script = (
        "import sys\nfrom reenact.cli import main\nassert main(['--help']) == 0\n"
        "print(*(name for name in sys.modules if name.startswith('reenact.cli.')), 'reenact.api' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    *helped, imported = done.stdout.splitlines()
    assert imported == "reenact.cli.console reenact.cli.parser False"
    for verb, about in VERBS.items():
        assert any(line.split(None, 1) == [verb, about] for line in helped)


def test_the_package_costs_nothing_until_it_is_used() -> None:
    script = (
        "import sys\nimport reenact\nbefore = {name for name in sys.modules if name.startswith('reenact.')}\n"
        "from reenact import *\nprint(before, run.__module__, RunFailed.__module__, reenact.nothing)"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "module 'reenact' has no attribute 'nothing'" in done.stderr
    script = script.replace("reenact.nothing", "reenact.__version__")
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.startswith("set() reenact.api reenact.errors ")


def test_help_and_version(reenact: Reenact) -> None:
    assert reenact("-h") == reenact("--help")
    code, out, err = reenact("--version")
    assert (code, out.split()[:2], err) == (0, ["reenact,", "version"], "")
    code, out, err = reenact("run", ".", "-qh")
    assert (code, err) == (0, "")
    assert "--entry-point" in out
    code, out, err = reenact()
    assert (code, out) == (2, "")
    assert err.startswith("usage: reenact [OPTIONS] COMMAND")


@pytest.mark.parametrize(
    ("words", "error", "hint"),
    [
        (["lst"], "No such command 'lst'.", "did you mean 'ls'?"),
        (["qqq"], "No such command 'qqq'.", "reenact --help tells more"),
        (["--json", "ls"], "No such option: --json", ""),
        (["run"], "Missing argument 'URI'.", "reenact run --help tells more"),
        (["run", ".", "--no-conda"], "No such option: --no-conda", ""),
        (["export", "--to", "x"], "No such option: --to", "reenact export --help tells more"),
        (["import", "--from", "x"], "No such option: --from", "reenact import --help tells more"),
        (["run", "-p", "x=1"], "No such option: -p", "did you mean '-P'?"),
        (["run", ".", "--upgrad"], "No such option: --upgrad", "did you mean '--upgrade'?"),
        (["run", ".", "again"], "unrecognized arguments: again", "reenact run --help tells more"),
        (["--debug", "run"], "Missing argument 'URI'.", "reenact run --help tells more"),
    ],
)
def test_a_wrong_call_is_told_in_our_style(reenact: Reenact, words: list[str], error: str, hint: str) -> None:
    code, out, err = reenact(*words)
    assert (code, out) == (2, "")
    assert err.startswith(f"error: {error}\n  hint: {hint}")


@pytest.mark.parametrize("words", [["--debug", "show", "nothing"], ["show", "--debug", "nothing"]])
def test_debug_stands_before_the_verb_or_after_it(words: list[str]) -> None:
    with pytest.raises(Exception, match="there is no run 'nothing'"):
        main(words)
    assert main([word for word in words if word != "--debug"]) == 68


def test_mlflow_options_are_all_there() -> None:
    from reenact.cli import make_parser

    options = make_parser("run").options
    names = "-e --entry-point -v --version -P --param-list -A --docker-args --experiment-name --experiment-id -b"
    names += " --backend -c --backend-config --env-manager --storage-dir --run-id --run-name --build-image --help"
    assert set(names.split()) <= set(options)


@pytest.fixture
def shell_project(project_dir: Path) -> Path:
    (project_dir / "MLproject").write_text(
        "name: shell\nentry_points:\n  main:\n    parameters: {x: {type: string, default: d}}\n"
        "    command: echo {x} $COLOUR $SHAPE\n"
    )
    return project_dir


def test_a_value_may_begin_with_a_dash(reenact: Reenact, shell_project: Path) -> None:
    words = ["run", str(shell_project), "--env-manager", "local", "--dry-run", "--json", "--param-list"]
    code, out, _ = reenact(*words, "x=--y", "-P", "--z=1")
    assert code == 0
    assert json.loads(out)["command"] == "echo --y $COLOUR $SHAPE ----z 1"
    code, _, err = reenact(*words, "-x")
    assert "-x" in err and code != 0


@pytest.mark.parametrize("first", [True, False])
def test_a_file_of_variables(
    reenact: Reenact, shell_project: Path, home: Home, monkeypatch: pytest.MonkeyPatch, first: bool
) -> None:
    """MLflow L-06: the file is loaded first, and what is set already wins."""
    file = shell_project / "vars.env"
    file.write_text('# two\nexport COLOUR=red\nSHAPE="a ${CORNERS} corner"\nNOTHING\n')
    monkeypatch.setenv("CORNERS", "sharp")
    option, verb = ["--env-file", str(file)], ["run", str(shell_project), "--env-manager", "local", "-q"]
    code, out, _ = reenact(*option, *verb) if first else reenact(*verb, *option)
    assert (code, out) == (0, "d red a sharp corner\n")
    monkeypatch.setenv("COLOUR", "green")
    assert reenact(*option, *verb)[1] == "d green a sharp corner\n"


def test_the_file_of_variables_may_say_where_home_is(reenact: Reenact, tmp_path: Path, world: World) -> None:
    run = record_run(world)
    (tmp_path / "vars").write_text(f"REENACT_HOME={tmp_path / 'other'}\n")
    assert run.id in reenact("--env-file", str(tmp_path / "vars"), "ls", "-q")[1], "what is set already wins"


@pytest.mark.parametrize("content", [None, b"A=\xff\n"])
def test_a_file_of_variables_that_cannot_be_read(reenact: Reenact, tmp_path: Path, content: bytes | None) -> None:
    file = tmp_path / "vars"
    if content is not None:
        file.write_bytes(content)
    code, _, err = reenact("--env-file", str(file), "ls")
    assert code == 2
    assert f"cannot read the variables in {file}" in err


def test_an_empty_file_of_variables(tmp_path: Path) -> None:
    (tmp_path / "vars").touch()
    assert read_env_file(str(tmp_path / "vars")) == {}


def test_a_directory_that_is_gone(reenact: Reenact, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    code, _, err = reenact("ls")
    assert code == 2
    assert "the current directory does not exist any more" in err


@pytest.mark.parametrize(
    ("said", "yes"), [("y\n", True), (" YES \n", True), ("n\n", False), ("\n", False), ("", False)]
)
def test_asking(said: str, yes: bool, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    from io import StringIO

    monkeypatch.setattr(sys, "stdin", StringIO(said))
    assert ask("Sure?") is yes
    assert capsys.readouterr() == ("", "Sure? [y/N] ")


def test_nobody_reads_on(home: Home) -> None:
    script = f"{sys.executable} -m reenact completion bash | true; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert done.stdout in ("141\n", "0\n")
