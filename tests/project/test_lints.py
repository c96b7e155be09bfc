from __future__ import annotations

import pytest

from reenact.errors import ParameterError
from reenact.project.diagnostics import Diagnostic
from reenact.project.quoting import Word
from reenact.project.template import render_command
from reenact.project.types import Project
from tests.project.corpus import needs_corpus, project_file, rows
from tests.project.read import codes, main_with, only_finding, project_of


def with_block(style: str, *lines: str, parameters: str = "") -> Project:
    body = "".join(f"      {line}\n" if line else "\n" for line in lines)
    return project_of(f"entry_points:\n  main:\n    parameters: {{{parameters}}}\n    command: {style}\n{body}")


def place(found: Diagnostic) -> tuple[int, int]:
    assert found.position is not None
    return found.position.line, found.position.column


def test_a_parameter_that_the_command_never_uses() -> None:
    found = only_finding(main_with("a: int\nb: int"))
    assert (found.code, found.severity, place(found)) == ("unused-parameter", "warning", (5, 7))


@pytest.mark.parametrize("command", ["x {a}", "x {a:>5}", "x {a!r}", "x {a[0]}", "x {a.real}", "x '{a}'", "x #{a}"])
def test_every_kind_of_use_counts(command: str) -> None:
    assert "unused-parameter" not in {code for _, code in codes(main_with("a: str", command))}


@pytest.mark.parametrize("name", ["a-b", "a b", "a.b", "0", "é", "on"])
def test_odd_names_are_seen_in_the_command(name: str) -> None:
    assert "unused-parameter" not in {code for _, code in codes(main_with(f"'{name}': str", f"x {{{name}}}"))}


def test_a_placeholder_that_is_not_declared() -> None:
    found = only_finding(main_with("alpha: float", "x {alpha} {alhpa}"))
    assert (found.code, found.hint) == ("undeclared-placeholder", "did you mean 'alpha'?")
    assert found.line is not None
    assert found.line[place(found)[1] - 1 :].startswith("{alhpa}")


@pytest.mark.parametrize(
    "command",
    [
        "echo ${HOME}",
        "echo {{a}}",
        "awk '{print}'",
        "awk '{print $1}'",
        "echo {1..3}",
        "echo {a,b}",
        "f() { x; }",
        "{}",
    ],
)
def test_braces_that_are_no_placeholder_are_left_alone(command: str) -> None:
    assert only_main(command) == []


def only_main(command: str) -> list[tuple[str, str]]:
    return codes(with_block("|", command))


@pytest.mark.parametrize("command", ["x '{a}'", "x 'b {a}'", 'x --c="{a}"', "x $'{a}'"])
def test_a_placeholder_between_quotes(command: str) -> None:
    found = only_finding(with_block("|", command, parameters="a: str"))
    assert (found.code, found.severity, place(found)[0]) == ("quoted-placeholder", "warning", 5)


def test_each_placeholder_is_pointed_at_where_it_stands() -> None:
    found = only_finding(with_block("|", "x {a} {b} \\", "  '{b}'", parameters="a: str, b: str"))
    assert (found.code, found.line, place(found)) == ("quoted-placeholder", "        '{b}'", (6, 10))


@pytest.mark.parametrize(
    ("command", "code"),
    [
        ('x "{b}" {a}', "undeclared-placeholder"),
        ("x {a.real} {a}", "bad-placeholder"),
        ("x {a:q} {a}", "bad-placeholder"),
        ("x {b}>&1 {a}", None),
        ("x ${b} {a}", None),
        ("x '{b}' {a}", None),
        ("x {a} # {b}", None),
    ],
)
def test_what_would_be_refused_is_doubted(command: str, code: str | None) -> None:
    found = codes(with_block("|", command, parameters="a: str"))
    assert found == ([("warning", code)] if code else [])
    try:
        render_command(command, {"a": Word("1")})
    except ParameterError:
        assert code
    else:
        assert code is None


@pytest.mark.parametrize("command", ['x "$(y {a})"', "x \"b\" {a} 'c'", "x \\' {a} \\'", "x # it's\ny {a}"])
def test_a_placeholder_beside_quotes(command: str) -> None:
    found = codes(with_block("|", *command.split("\n"), parameters="a: str"))
    assert ("warning", "quoted-placeholder") not in found


@pytest.mark.parametrize(
    ("style", "lines", "line"),
    [
        (">", ("python a.py", "  --x 1", "  --y 2"), 6),
        ("|", ("python a.py", "--x 1"), 6),
        ("|", ("python a.py \\ ", "  --x 1"), 6),
        ("|", ("set -e", "python a.py \\", "  --x 1", "  --y 1"), 8),
    ],
)
def test_a_line_of_options_that_became_a_command(style: str, lines: tuple[str, ...], line: int) -> None:
    found = only_finding(with_block(style, *lines))
    assert (found.code, place(found)[0]) == ("stray-line", line)


@pytest.mark.parametrize(
    ("style", "lines"),
    [
        (">", ("python a.py", "--x 1", "--y 2")),
        (">-", ("python a.py \\", "  --x 1 \\", "  --y 2")),
        ("|", ("python a.py \\", "  --x 1")),
        ("|", ("cat <<END", "- a", "END")),
        ("|", ("python -c 'x = 1", "- 1'",)),
        ("|", ("echo hello", "# - not a command")),
    ],
)  # fmt: skip
def test_lines_that_are_continued_are_left_alone(style: str, lines: tuple[str, ...]) -> None:
    assert codes(with_block(style, *lines)) == []


@pytest.mark.parametrize(
    ("lines", "hides"),
    [
        (("python a.py", "python b.py"), True),
        (("pip install x", "python b.py"), True),
        (("set -e", "python a.py", "python b.py"), False),
        (("set -euo pipefail", "python a.py", "python b.py"), False),
        (("python a.py &&", "python b.py"), False),
        (("python a.py || exit 1", "python b.py"), False),
        (("export A=1", "B=2", "echo go", "python b.py"), False),
        (("# first", "", "python b.py"), False),
        (("for i in 1 2; do", "  python b.py", "done"), False),
    ],
)
def test_a_failure_that_nobody_notices(lines: tuple[str, ...], hides: bool) -> None:
    # MLflow G-48
    assert codes(with_block("|", *lines)) == ([("warning", "hidden-failure")] if hides else [])


@pytest.mark.parametrize(
    "declared",
    [
        "a: {type: int, default: 0.5}",
        "a: {type: int, default: many}",
        "a: {type: float, default: high}",
        "a: {type: bool, default: 5}",
        "a: {type: uri, default: data/x.csv}",
        "a: {type: 'list[int]', default: '1,x'}",
        "a: {default: c, choices: [a, b]}",
        "a: {type: int, default: 0, min: 1}",
        "a: {type: 'list[int]', default: [1, 9], max: 5}",
    ],
)
def test_a_default_that_contradicts_its_declaration(declared: str) -> None:
    found = only_finding(main_with(declared))
    assert (found.code, found.severity, place(found)) == ("default-does-not-fit", "warning", (4, 7))


@pytest.mark.parametrize(
    "declared",
    [
        "a: {type: float, default: 1e-4}",
        "a: {type: float, default: 1}",
        "a: {type: int, default: 'None'}",
        "a: {type: int, default: ''}",
        "a: {type: int, default: -1}",
        "a: {type: bool, default: 'no'}",
        "a: {type: bool, default: 1}",
        "a: {type: uri, default: 's3://b/k'}",
        "a: {type: 'list[int]', default: [1, 2]}",
        "a: {type: 'list[int]', default: '1, 2'}",
        "a: {type: 'list[int]', default: []}",
        "a: {type: list, default: 'a,b', choices: [a, b, c]}",
        "a: {default: b, choices: [a, b]}",
        "a: {type: int, default: 1, min: 1, max: 1}",
        "a: {type: banana, default: 5}",
    ],
)
def test_a_default_that_fits(declared: str) -> None:
    assert {code for _, code in codes(main_with(declared))} <= {"unknown-type"}


def test_a_secret_default_is_not_shown() -> None:
    found = only_finding(main_with("a: {type: int, default: hunter2, secret: true}"))
    assert "hunter2" not in found.message + (found.hint or "")


@needs_corpus
def test_no_real_file_raises_a_false_alarm() -> None:
    # Each of these was looked at: what the warning says is true of the file.
    found: dict[str, int] = {}
    for row in rows("index"):
        for _, code in codes(project_of(project_file(row).read_bytes())):
            found[code] = found.get(code, 0) + 1
    assert found == {
        "empty-file": 1,
        "hidden-failure": 2,
        "missing-space": 3,
        "no-command": 1,
        "quoted-placeholder": 2,
        "short-variable": 1,
        "unknown-key": 9,
        "unused-parameter": 22,
        "yaml": 2,
    }
