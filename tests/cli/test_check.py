from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.cli import main
from reenact.home import Home

BAD = "name: x\nentry_points:\n  main: {comand: python a.py}\n"


def check(capsys: pytest.CaptureFixture[str], *argv: str) -> tuple[int, str, str]:
    code = main(["check", *argv])
    out, err = capsys.readouterr()
    return code, out, err


def test_findings_are_told_with_their_place_and_counted(
    project_dir: Path, capsys: pytest.CaptureFixture[str], home: Home
) -> None:
    (project_dir / "MLproject").write_text(BAD)
    code, out, err = check(capsys, str(project_dir))
    assert (code, err) == (65, "")
    assert out == (
        "MLproject:3:9: error: entry point 'main' has no command [no-command]\n"
        "  3 |   main: {comand: python a.py}\n"
        "    |         ^\n"
        "  hint: write 'command: python train.py'\n"
        "\n"
        "MLproject:3:10: warning: unknown key 'comand' in entry point 'main'; it is ignored [unknown-key]\n"
        "  3 |   main: {comand: python a.py}\n"
        "    |          ^\n"
        "  hint: did you mean 'command'?\n"
        "\n"
        "MLproject: 1 error, 1 warning\n"
    )
    assert len(list(home.documents.iterdir())) == 1
    assert check(capsys, str(project_dir)) == (code, out, err)


def test_json_has_the_same_findings(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project_dir / "MLproject").write_text(BAD)
    code, out, _ = check(capsys, str(project_dir), "--json")
    found = json.loads(out)
    assert code == 65
    assert [list(one) for one in found] == [
        ["code", "severity", "message", "file", "line", "column", "hint", "entry_point"]
    ] * 2
    assert [(one["code"], one["file"], one["line"], one["column"]) for one in found] == [
        ("no-command", "MLproject", 3, 9),
        ("unknown-key", "MLproject", 3, 10),
    ]


def test_warnings_are_no_failure(
    project_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_dir / "MLproject").write_text("foo: 1\n")
    monkeypatch.chdir(project_dir)
    code, out, _ = check(capsys)
    assert code == 0
    assert out.endswith("MLproject: no errors, 1 warning\n")


def test_a_project_without_a_file_is_sound(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, str(project_dir)) == (0, "no project file in 'project': no errors, no warnings\n", "")
    assert check(capsys, str(project_dir), "--json") == (0, "[]\n", "")


def test_the_schema_is_printed(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = check(capsys, "--schema")
    assert code == 0
    assert json.loads(out)["title"] == "MLproject"


@pytest.mark.parametrize(
    ("uri", "code"),
    [("nowhere", 66), ("http://127.0.0.1:9/a.git", 66), ("ext::sh -c true", 66), ("x\0y", 66), ("y" * 5000, 66)],
)
def test_what_is_no_folder_is_an_error(uri: str, code: int, capsys: pytest.CaptureFixture[str]) -> None:
    assert check(capsys, uri)[0] == code


def test_a_file_is_no_folder(project_dir: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (project_dir / "MLproject").write_text("")
    code, _, err = check(capsys, str(project_dir / "MLproject"))
    assert code == 66
    assert "MLproject" in err


def test_a_home_that_cannot_be_written_is_no_error(
    project_dir: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    (project_dir / "MLproject").write_text("name: x\n")
    (project_dir / "file").touch()
    monkeypatch.setenv("REENACT_HOME", str(project_dir / "file"))
    assert check(capsys, str(project_dir))[0] == 0


@given(st.binary(max_size=120) | st.text("{}[]:,-&*!|>'\"%@` \n\tabmain<=#?", max_size=120).map(str.encode))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_file_is_checked(project_dir: Path, capsys: pytest.CaptureFixture[str], data: bytes) -> None:
    (project_dir / "MLproject").write_bytes(data)
    code, out, err = check(capsys, str(project_dir))
    assert code in (0, 65)
    assert out.isascii() or out.encode()
    assert err == ""


def test_nothing_in_a_file_reaches_the_terminal_unguarded(
    project_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (project_dir / "MLproject").write_text('"a\\e[31m\\nfake: error": 1\n')
    for verb in ("check", "describe"):
        main([verb, str(project_dir)])
        assert "\x1b" not in capsys.readouterr().out
