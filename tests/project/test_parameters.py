"""What the user gave, held against what the author declared."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.codec import decode, encode
from reenact.errors import ParameterError, UsageError
from reenact.plan import BoundParameter, Download
from reenact.project.parameters import Bound, Options, bind, parse_assignment, parse_assignments, parse_params_file
from reenact.project.paths import Places
from reenact.project.quoting import Word
from reenact.project.template import render_command
from reenact.project.types import EntryPoint, Parameter
from tests.project.texts import BAD, GOOD

NOWHERE = Places("/caller", "/project", lambda path: False)


def entry(*parameters: Parameter, command: str = "run") -> EntryPoint:
    return EntryPoint("main", command, parameters)


def bound(
    *parameters: Parameter,
    command: str = "run",
    options: Options | None = None,
    places: Places = NOWHERE,
    **given: object,
) -> Bound:
    return bind(entry(*parameters, command=command), given, options or Options(), places)


def test_assignments_are_split_at_the_first_equals_sign_and_not_trimmed() -> None:
    assert parse_assignments(["a=b=c", " x = y ", "e="]) == {"a": "b=c", " x ": " y ", "e": ""}


@pytest.mark.parametrize("item", ["a", "", "=x"])
def test_an_assignment_of_another_form_shows_the_form(item: str) -> None:
    with pytest.raises(UsageError, match="Invalid format for -P parameter") as caught:
        parse_assignment(item)
    assert caught.value.hint is not None
    assert "-P" in caught.value.hint
    assert "=" in caught.value.hint


def test_a_parameter_given_twice_is_refused() -> None:
    with pytest.raises(UsageError, match="Repeated parameter: 'a'"):
        parse_assignments(["a=1", "b=2", "a=3"])


def test_a_params_file_is_yaml_or_json() -> None:
    assert parse_params_file("a: 1\nb: x y\nc: 1e-4\nd: true\ne:\n", "p.yaml") == {
        "a": 1,
        "b": "x y",
        "c": "1e-4",
        "d": True,
    }
    assert parse_params_file('{"a": 0.5, "l": [1, "x"]}', "p.json") == {"a": 0.5, "l": '[1, "x"]'}
    assert parse_params_file("", "p.yaml") == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("- a\n", "expected 'name: value' lines, found a list"),
        ("just text", "found a str"),
        ("a: {b: 1}", "'a' is nested"),
        ("a: [[1], 2]", "'a' is nested"),
        ("a: 'x\n", "not YAML"),
        ("a: !!python/object/apply:os.getcwd []", "not YAML"),
        ("[" * 3000, "p.yaml"),
    ],
)
def test_a_params_file_that_cannot_be_used_says_why(text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message) as caught:
        parse_params_file(text, "p.yaml")
    assert "p.yaml" in caught.value.message


def test_values_are_recorded_raw_with_their_origin() -> None:
    result = bound(Parameter("a"), Parameter("b", default="d"), Parameter("c", required=False), a="x y", z="$(e)")
    assert result.parameters == (
        BoundParameter("a", "x y", "given"),
        BoundParameter("b", "d", "default"),
        BoundParameter("c", None, "default"),
        BoundParameter("z", "$(e)", "extra"),
    )
    assert result.words == {"a": Word("x y"), "b": Word("d"), "c": None}
    assert result.extras == (("z", Word("$(e)")),)
    assert result.diagnostics == ()


def test_values_from_python_become_text_as_str_writes_them() -> None:  # MLflow G-21, G-22
    result = bound(Parameter("a"), Parameter("p", "path"), a=None, p=Path("/x"), b=True, c=1e-5, d=[1, 2])
    assert [p.value for p in result.parameters] == ["None", "/x", "True", "1e-05", "[1, 2]"]


def test_all_missing_values_are_named_in_the_order_of_declaration() -> None:  # MLflow G-19
    with pytest.raises(ParameterError, match=r"^No value given for missing parameters: 'b', 'a'$") as caught:
        bound(Parameter("b"), Parameter("c", default=""), Parameter("a"), Parameter("d", required=False))
    assert caught.value.hint == "give them: -P b=VALUE -P a=VALUE"


def test_names_are_case_sensitive() -> None:  # MLflow G-20
    with pytest.raises(ParameterError, match="'alpha'"):
        bound(Parameter("alpha"), ALPHA="1")


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in GOOD.items() for value in values])
def test_a_value_that_fits_is_taken_as_it_is(kind: str, value: str) -> None:
    result = bound(Parameter("a", kind, default="default"), a=value)
    assert result.parameters[0].value == value
    assert [d.code for d in result.diagnostics if d.code != "path-not-there"] == []


@pytest.mark.parametrize(("kind", "value"), [(kind, value) for kind, values in BAD.items() for value in values])
def test_a_value_that_does_not_fit_is_refused_or_with_lenient_warned_about(kind: str, value: str) -> None:
    with pytest.raises(ParameterError, match=r"'a'.* but got") as caught:
        bound(Parameter("a", kind), a=value)
    assert repr(value) in caught.value.message
    lenient = bound(Parameter("a", kind), options=Options(lenient=True), a=value)
    assert lenient.words == {"a": Word(value)}
    assert [d.code for d in lenient.diagnostics] == ["value-does-not-fit"]
    default = bound(Parameter("a", kind, default=value))
    assert default.words == {"a": Word(value)}
    assert default.diagnostics == ()  # its author is told by the lints


def test_a_float_for_an_int_is_told_the_whole_number() -> None:
    with pytest.raises(
        ParameterError, match=r"parameter 'n' does not fit: expected .*\(int\), here 1000, but got '1e3'"
    ):
        bound(Parameter("n", "int"), n="1e3")


def test_a_uri_is_asked_for_by_mlflows_words() -> None:  # MLflow G-34
    with pytest.raises(ParameterError, match=r"Expected URI for parameter 'u' but got 'data/x.csv'"):
        bound(Parameter("u", "uri"), u="data/x.csv")


@pytest.mark.parametrize(
    ("parameter", "good", "bad", "expected"),
    [
        (Parameter("a", choices=("x", "y")), ["x", "y"], ["X", ""], "one of x, y"),
        (Parameter("a", "float", choices=("0.1", "1")), ["0.10", "1.0"], ["2"], "one of 0.1, 1"),
        (Parameter("a", "bool", choices=("true",)), ["YES", "1"], ["no"], "one of true"),
        (Parameter("a", "int", min=1, max=3), ["1", "3"], ["0", "4"], "from 1 to 3"),
        (Parameter("a", "float", min=0), ["0", "inf"], ["-1e-9", "nan"], "at least 0"),
        (Parameter("a", "float", max=0.5), ["0.5"], ["0.51"], "at most 0.5"),
        (Parameter("a", "list[int]", min=0, choices=("1", "2")), ["1,2"], ["1,3", "-1"], "a list with, at each place"),
    ],
)
def test_choices_and_ranges(parameter: Parameter, good: list[str], bad: list[str], expected: str) -> None:
    for value in good:
        assert bound(parameter, a=value).parameters[0].value == value
    for value in bad:
        with pytest.raises(ParameterError, match=expected):
            bound(parameter, a=value)


def test_several_problems_are_told_together() -> None:
    with pytest.raises(ParameterError) as caught:
        bound(
            Parameter("a"),
            Parameter("n", "int"),
            Parameter("b", "bool"),
            options=Options(strict=True),
            n="x",
            b="y",
            z="1",
        )
    assert [line.split("'")[1] for line in caught.value.message.splitlines()] == ["a", "n", "b", "z"]


def test_an_unknown_name_is_added_and_a_near_one_is_asked_about() -> None:
    result = bound(Parameter("alpha", default="1"), aplha="2", other="3")
    assert [name for name, _ in result.extras] == ["aplha", "other"]
    assert [(d.code, d.hint) for d in result.diagnostics] == [("unknown-parameter", "did you mean 'alpha'?")]


def test_strict_refuses_an_unknown_name_and_lists_the_known() -> None:
    with pytest.raises(ParameterError, match="'other' is not declared; main has 'alpha'"):
        bound(Parameter("alpha", default="1"), options=Options(strict=True), other="3")


def test_a_name_that_the_command_has_a_placeholder_for_is_not_unknown() -> None:
    result = bound(
        Parameter("alpha", default="1"), command="run {alpha} {alpho}", options=Options(strict=True), alpho="3"
    )
    assert render_command("run {alpha} {alpho}", result.words, result.extras).text == "run 1 3"


@pytest.mark.parametrize("value", ["a\0b", "\ud800", "x" * 200_000])
def test_what_no_program_can_be_given_is_refused_even_with_lenient(value: str) -> None:
    for values in ({"a": value}, {"a": "", "extra": value}):
        with pytest.raises(ParameterError, match=r"has (a NUL|half of|200,000 bytes)"):
            bind(entry(Parameter("a")), values, Options(lenient=True), NOWHERE)


def test_bytes_that_are_no_utf8_survive_the_record() -> None:
    result = bound(Parameter("a"), a=os.fsdecode(b"caf\xe9"))
    assert decode(BoundParameter, encode(result.parameters[0])) == result.parameters[0]


def test_a_secret_is_in_a_variable_and_nowhere_else() -> None:
    secret = Parameter("api-key", secret=True)
    result = bind(
        entry(secret, Parameter("api_key", secret=True)), {"api-key": "hunter2", "api_key": "b"}, Options(), NOWHERE
    )
    assert result.secrets == {"REENACT_SECRET_API_KEY": "hunter2", "REENACT_SECRET_API_KEY_2": "b"}
    assert result.words["api-key"] == Word("", "REENACT_SECRET_API_KEY")
    assert result.parameters[0] == BoundParameter("api-key", None, "given", "string", True)
    assert "hunter2" not in repr(result)
    assert "hunter2" not in encode(result._replace(secrets={})).decode()


@pytest.mark.parametrize("kind", ["int", "uri", "path", "list[int]", "bool"])
def test_a_secret_is_in_no_message(kind: str) -> None:
    secret = Parameter("s", kind, secret=True, choices=("1",))
    for value in ("hunter2", "hunter2\0"):
        with pytest.raises(ParameterError) as caught:
            bound(secret, options=Options(strict=True), s=value)
        assert "hunter2" not in f"{caught.value.message} {caught.value.hint}"
    told = bound(secret, options=Options(lenient=True), s="hunter2").diagnostics
    assert "hunter2" not in repr(told)
    assert "hunter2" not in repr(bound(secret._replace(default="hunter2")).diagnostics)


def test_a_password_in_a_value_that_is_no_secret_is_warned_about() -> None:
    result = bound(Parameter("db", "uri"), db="postgresql://me:pw@host/x", more="https://a:b@c")
    assert [d.code for d in result.diagnostics] == ["password-in-value"] * 2
    assert "pw" not in repr(result.diagnostics)


# -- paths


def places(*existing: str, copy: str | None = None) -> Places:
    return Places("/caller", "/project", lambda path: path in existing, copy)


@pytest.mark.parametrize(
    ("value", "default", "existing", "expected"),
    [
        ("d.csv", None, ["/caller/d.csv"], "/caller/d.csv"),
        ("../d.csv", None, ["/d.csv"], "/d.csv"),
        ("d.csv", None, ["/project/d.csv"], "/caller/d.csv"),
        (None, "d.csv", ["/project/d.csv"], "/project/d.csv"),
        (None, "d.csv", ["/project/d.csv", "/caller/d.csv"], "/caller/d.csv"),
        (None, "out", [], "/project/out"),
        ("out", None, [], "/caller/out"),
        ("/abs/x", None, [], "/abs/x"),
        ("a%20b", None, ["/caller/a%20b"], "/caller/a%20b"),
        ("C:/x", None, [], "/caller/C:/x"),
        ("a:b", None, [], "/caller/a:b"),
        ("~/x", None, [], "/caller/~/x"),
    ],
)
def test_a_path_is_made_absolute(value: str | None, default: str | None, existing: list[str], expected: str) -> None:
    given = {} if value is None else {"p": value}
    result = bind(entry(Parameter("p", "path", default)), given, Options(), places(*existing))
    assert result.words == {"p": Word(expected)}
    assert result.parameters[0].value == (default if value is None else value)
    warned = [] if expected in existing else ["path-not-there"]
    assert [d.code for d in result.diagnostics] == warned


def test_strict_wants_a_path_to_exist() -> None:  # MLflow G-26
    with pytest.raises(ParameterError, match="no such file or directory: /caller/x"):
        bound(Parameter("p", "path"), options=Options(strict=True), p="x")


def test_a_path_in_the_runs_own_copy_of_the_code_is_written_through_the_run_folder() -> None:
    result = bind(entry(Parameter("p", "path", "data/d.csv")), {}, Options(), places(copy="code/sub"))
    assert result.words == {"p": Word("/code/sub/data/d.csv", "REENACT_RUN_DIR")}


@pytest.mark.parametrize(
    ("uri", "target"),
    [
        ("https://host/a/d.csv?x=1#f", "inputs/p/d.csv"),
        ("http://host", "inputs/p/download"),
        ("file:///data/a%20b.tar.gz", "inputs/p/a_b.tar.gz"),
        ("file:/data/x/", "inputs/p/x"),
        ("s3://bucket/..%2f..%2fetc/%2e%2e", "inputs/p/download"),
        ("s3://bucket/-rf", "inputs/p/rf"),
        ("s3://bucket/.hidden", "inputs/p/hidden"),
        ("gs://b/" + "n" * 300 + ".csv", "inputs/p/" + "n" * 96 + ".csv"),
        ("https://h/日本.csv", "inputs/p/__.csv"),
    ],
)
def test_a_remote_path_is_downloaded_to_a_safe_name_in_the_run_folder(uri: str, target: str) -> None:
    result = bound(Parameter("p", "path"), p=uri)
    assert result.downloads == (Download("p", uri, target),)
    assert result.words == {"p": Word(f"/{target}", "REENACT_RUN_DIR")}
    assert render_command("run '{p}'", result.words).text == f"run ''\"${{REENACT_RUN_DIR}}/{target}\"''"
    assert render_command("run {p}", result.words).text == f'run "$REENACT_RUN_DIR"/{target}'


def test_two_parameters_never_share_a_folder() -> None:
    one, two = Parameter("a b", "path"), Parameter("A_B", "path")
    given = {"a b": "http://h/x", "A_B": "http://h/x"}
    result = bind(entry(one, two), given, Options(), NOWHERE)
    assert [d.target for d in result.downloads] == ["inputs/a_b/x", "inputs/A_B-2/x"]


def test_a_file_of_another_machine_is_refused() -> None:
    with pytest.raises(ParameterError, match="'somehost'"):
        bound(Parameter("p", "path"), p="file://somehost/x")


def test_credentials_of_a_remote_path_are_not_recorded() -> None:
    result = bound(Parameter("p", "path"), p="https://me:pw@host/d.csv")
    assert result.parameters[0].value == "https://host/d.csv"
    assert result.downloads == (Download("p", "$REENACT_SECRET_P", "inputs/p/d.csv"),)
    assert result.secrets == {"REENACT_SECRET_P": "https://me:pw@host/d.csv"}
    assert "pw" not in repr(result) + repr(result.diagnostics)


@given(st.dictionaries(st.text(max_size=5), st.text(max_size=10)), st.sampled_from(sorted(GOOD)))
def test_no_value_makes_a_traceback(given: dict[str, str], kind: str) -> None:
    parameters = [Parameter(name, kind) for name in list(given)[:2]]
    try:
        result = bind(entry(*parameters), given, Options(), NOWHERE)
        render_command("run", result.words, result.extras)
    except ParameterError:
        pass
