"""Templates: what is a placeholder, what is text, where extra parameters go, what is said about it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.errors import ParameterError
from reenact.project.placeholders import parse_template
from reenact.project.quoting import Word, quote
from reenact.project.script import read_script
from reenact.project.shell import choose_shell, hides_failure
from reenact.project.template import MAX_ARGUMENT, Rendered, read_template, render_command


def render(template: str, *extras: tuple[str, str], **values: str | Word | None) -> Rendered:
    words = {name: Word(value) if isinstance(value, str) else value for name, value in values.items()}
    return render_command(template, words, [(name, Word(value)) for name, value in extras])


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("python a.py --x {x}", "python a.py --x 1"),
        ("awk '{{print $1}}' ${{HOME}}", "awk '{print $1}' ${HOME}"),  # MLflow G-39
        ("echo {{{x}}}", "echo {1}"),
        ("echo {x:>5}|{x:<3}|{x!r}|{x!s}|{x[0]}", "echo     1|1  |'1'|1|1"),  # MLflow G-40
        ("echo {x:{w}}.", "echo 1  ."),
        ("echo {learning-rate} {a b}", "echo 0.1 c"),  # MLflow G-43
        ("echo {a.b} {1}", "echo dot one"),
    ],
)
def test_placeholders_follow_pythons_format_strings(template: str, text: str) -> None:
    values = {"x": "1", "w": "3", "learning-rate": "0.1", "a b": "c", "a.b": "dot", "1": "one"}
    assert render(template, **values).text == text


@pytest.mark.parametrize(
    "template",
    [
        "echo ${HOME} \\${HOME} $HOME",
        "awk '{print $1}' f",
        "find . -name '*.pyc' -exec rm {} \\;",
        "xargs -I{} echo {}",
        'curl -d \'{"a": {"b": [1, {"c": 2}]}}\' url',
        "echo {1..3} {a,b} {0}",
        "echo ${VAR:-{}} ${arr[0]} ${x%.*} ${#x}",
        "{ echo a; echo b; }",
        "f() { echo a; }; f",
        "echo } {",
        "exec {fd}>log",
        "python -c 'print({1: 2}, {x!z})'",
        "",
    ],
)
def test_braces_that_are_no_placeholder_stay(template: str) -> None:
    assert render(template).text == template


def test_placeholders_and_other_braces_live_together() -> None:
    assert render('curl -d \'{"a": {"b": {x}}}\' ${HOME}', x="1").text == 'curl -d \'{"a": {"b": 1}}\' ${HOME}'
    assert render("echo ${{V:-{x}}}", x="1").text == "echo ${V:-1}"
    assert render("echo ${V:-{x}}", x="1").text == "echo ${V:-1}"


@given(st.text(st.sampled_from("{}a:!.[]0 $'\"\\\n<>#`()"), max_size=30), st.sampled_from(["", "v", "a b"]))
def test_no_template_makes_a_traceback_and_what_python_renders_is_rendered_so(template: str, value: str) -> None:
    try:
        rendered = render(template, a=value).text
    except ParameterError:
        return
    if value != "v" or "[" in template or "." in template:
        return
    try:
        expected = template.format(a=quote(value))
    except (ValueError, KeyError, IndexError):
        return
    assert rendered == expected


@given(st.text(max_size=40))
def test_doubled_braces_are_what_any_text_becomes(text: str) -> None:
    doubled = text.replace("{", "{{").replace("}", "}}")
    assert "".join(p for p in parse_template(doubled, ()) if isinstance(p, str)) == text


def test_an_undeclared_placeholder_takes_the_users_value_and_is_not_added_again() -> None:
    assert render("echo {b}", ("b", "v v"), ("c", "1"), a="1").text == "echo 'v v' --c 1"


@pytest.mark.parametrize("template", ["echo {b}", 'echo "{b}"', "echo {b!r}", "cat <<E\n{b}\nE"])
def test_a_placeholder_that_nobody_declared_or_gave_says_both_ways_out(template: str) -> None:
    with pytest.raises(ParameterError, match="no parameter 'b' is declared or given") as caught:
        render(template, a="1")
    assert caught.value.hint is not None
    assert "-P b=VALUE" in caught.value.hint
    assert "{{b" in caught.value.hint


@pytest.mark.parametrize("template", ["awk '{print}' f", "cat <<'E'\n{print}\nE"])
def test_inside_single_quotes_a_word_in_braces_is_text_and_warned_about(template: str) -> None:
    rendered = render(template)
    assert rendered.text == template
    assert [found.code for found in rendered.diagnostics] == ["kept-as-text"]


def test_a_misspelt_placeholder_is_told_the_right_name() -> None:
    with pytest.raises(ParameterError, match="did you mean 'alpha'"):
        render("echo {aplha}", alpha="1")


@pytest.mark.parametrize("template", ["echo {a.__class__}", "echo {a:.4f}", "echo {a!x}", "echo {a[x]}"])
def test_what_no_text_has_is_explained_and_shows_no_internals(template: str) -> None:
    with pytest.raises(ParameterError, match="a value"):
        render(template, a="0.5")


def test_a_dollar_before_a_placeholder_stays_and_is_warned_about() -> None:
    rendered = render("echo ${a} $DATA_{a}", a="b")
    assert rendered.text == "echo $b $DATA_b"
    assert [found.code for found in rendered.diagnostics] == ["dollar-placeholder"]
    assert render("echo ${a}", a="$(date)").text == "echo '$(date)'"


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("python a.py", "python a.py --x 1 --y 'b c'"),
        ("python a.py ", "python a.py  --x 1 --y 'b c'"),
        ("python a.py\n", "python a.py --x 1 --y 'b c'\n"),  # MLflow G-47
        ("python a.py \n\n", "python a.py --x 1 --y 'b c' \n\n"),
        ("python a.py \\\n", "python a.py \\\n --x 1 --y 'b c'"),
        ("python a.py \\\n  --z\n", "python a.py \\\n  --z --x 1 --y 'b c'\n"),
        ("python a.py \\", "python a.py  --x 1 --y 'b c'"),
        ("python a.py # why", "python a.py --x 1 --y 'b c' # why"),
        ("python a.py\n# why\n", "python a.py --x 1 --y 'b c'\n# why\n"),
        ("python a.py '# no'\n", "python a.py '# no' --x 1 --y 'b c'\n"),
        ("python a.py a#b", "python a.py a#b --x 1 --y 'b c'"),
        ("python a.py &\n", "python a.py --x 1 --y 'b c' &\n"),
        ("python a.py;", "python a.py --x 1 --y 'b c';"),
        ("a\npython a.py\n", "a\npython a.py --x 1 --y 'b c'\n"),
        ("python - <<EOF\nprint()\nEOF\n", "python - <<EOF --x 1 --y 'b c'\nprint()\nEOF\n"),
        ("python - <<'A' <<-B\n1\nA\n\t2\n\tB\n", "python - <<'A' <<-B --x 1 --y 'b c'\n1\nA\n\t2\n\tB\n"),
        ("python a.py > log", "python a.py > log --x 1 --y 'b c'"),
        ("cat f | python a.py $(x)\n", "cat f | python a.py $(x) --x 1 --y 'b c'\n"),
        ("(cd x; make)\npython a.py\n", "(cd x; make)\npython a.py --x 1 --y 'b c'\n"),
    ],
)
def test_extra_parameters_stay_on_the_last_command(template: str, text: str) -> None:
    assert render(template, ("x", "1"), ("y", "b c")).text == text


@pytest.mark.parametrize(
    "template", ["if a; then b; fi\n", "(a)", "{ a; }", "for i in 1; do a; done", "case a in a) b;; esac"]
)
def test_a_compound_command_takes_no_extra_parameters(template: str) -> None:
    assert render(template).text == template
    with pytest.raises(ParameterError, match="nothing takes 'x'"):
        render(template, ("x", "1"))


def test_extra_names_are_quoted_and_not_cleaned() -> None:
    assert render("a", ("--x", "1"), ("a b", ""), ("c", "True")).text == "a ----x 1 --'a b' '' --c True"  # MLflow G-46


@pytest.mark.parametrize(
    ("template", "text"),
    [
        ("p --x {x} --y 2", "p --y 2"),
        ("p --x={x} --y 2", "p --y 2"),
        ('p --x "{x}"\n', "p\n"),
        ("p file={x} y", "p y"),
        ("p a{x}b", "p ab"),
        ('p "a {x} b"', 'p "a  b"'),
        ("p \\\n  --x {x} \\\n  --y 2", "p \\\n   \\\n  --y 2"),
        ("p {x}", "p"),
        ("p 'a' {x}", "p 'a'"),
    ],
)
def test_an_absent_parameter_takes_its_word_and_its_option_with_it(template: str, text: str) -> None:
    assert render(template, x=None).text == text


def test_an_absent_parameter_leaves_no_redirection_without_a_file() -> None:
    with pytest.raises(ParameterError, match=r"redirects to \{x\}"):
        render("p > {x}", x=None)


@pytest.mark.parametrize(
    ("template", "value"),
    [
        ("cat <<EOF\n{a}\nEOF", "x\nEOF\ntouch bad"),
        ("cat <<'EOF'\nE{a}\nEOF", "OF"),
        ("cat <<-EOF\n\t{a}\n\tEOF", "x\n\ty"),
        ("echo $(( {a} + 1 ))", "x[$(touch bad)]"),
        ("(( {a} ))", "1 + 1"),
        ('cat <<E\n"`echo \\"{a}\\"`"\nE\n', "x y"),
        ("echo $((cat); {a})", "1 2"),
        ('echo "$[ {a} ]"', "x[$(touch bad)]"),
        ('echo "${{x%{a}}}"', "'"),
        ("cat <<{a}\nx\nEOF", "E F"),
        ('"${{v:-"`echo \\"{a}\\"`"}}"', ";touch bad;"),
    ],
)
def test_what_cannot_be_written_safely_is_refused_without_showing_it(template: str, value: str) -> None:
    with pytest.raises(ParameterError) as caught:
        render(template, a=value)
    assert len(value) < 3 or value not in caught.value.message
    assert "'a'" in caught.value.message


def test_plain_values_may_stand_anywhere() -> None:
    assert render("echo $(( {a} + 1 ))", a="3").text == "echo $(( 3 + 1 ))"


def test_a_value_in_an_inner_script_is_warned_about() -> None:
    codes = [d.code for d in render("bash -c 'echo {a}'; eval {a}; python -c \"f('{a}')\"", a="x y").diagnostics]
    assert codes == ["value-in-code"] * 3
    assert render("bash -c 'echo \"$1\"' _ {a}", a="x y").diagnostics == ()
    assert render("bash -c 'echo {a}'", a="plain").diagnostics == ()
    assert render("python train.py -c {a}", a="x y").diagnostics == ()


def test_a_secret_stays_a_variable_in_every_place() -> None:
    text = render("p {s} '{s}' \"{s}\" `p {s}`\n", s=Word(variable="V")).text
    assert text == 'p "$V" \'\'"${V}"\'\' "${V}" `p "\\$V"`\n'
    assert render("p {s}", s=Word("/inputs/a b", "V")).text == "p \"$V\"'/inputs/a b'"
    for template in ("p {s:>5}", "p {s[0]}", "cat <<'E'\n{s}\nE", "echo $(( {s} ))"):
        with pytest.raises(ParameterError, match="cannot be put in"):
            render(template, s=Word(variable="V"))


def test_a_command_longer_than_an_argument_is_told_as_that() -> None:
    assert len(render("p {a}", a="x" * (MAX_ARGUMENT - 2)).text) == MAX_ARGUMENT
    with pytest.raises(ParameterError, match="E2BIG"):
        render("p {a}", a="x" * MAX_ARGUMENT)


def test_problems_are_told_together() -> None:
    with pytest.raises(ParameterError) as caught:
        render("p {b} {c} $(( {a} ))", a="x y")
    assert len(caught.value.message.splitlines()) == 3


def test_quotes_that_never_close_are_warned_about() -> None:
    assert [d.code for d in render("echo 'a {b}", b="1").diagnostics] == ["unclosed-quote"]
    with pytest.raises(ParameterError, match="opens ' and never closes it"):
        render("echo 'a {b}", b="1 2")


def test_a_thousand_brackets_are_no_traceback() -> None:
    assert render("echo " + "$(" * 1000 + "{a}", a="1").text.endswith("1")
    with pytest.raises(ParameterError):
        render("echo " + "$(" * 1000 + "{a}", a="1 2")


def test_a_template_says_where_its_placeholders_stand() -> None:
    template = read_template("p {a} '{a}' \"{b}\" '{b}'", frozenset({"a", "z"}))
    assert [(slot.name, place.quote) for slot, place in zip(template.slots, template.places, strict=True)] == [
        ("a", "bare"),
        ("a", "single"),
        ("b", "double"),
        ("b", "single"),
    ]
    assert [template.weigh(number) for number in range(4)] == [None, None, "error", "warning"]
    assert template.names == {"a"}
    assert template.source(2) == "{a} '{a}' \"{b}\" '{b}'"


@pytest.mark.parametrize(
    ("text", "hides"),
    [
        ("a\nb", True),
        ("a\n", False),
        ("a \\\n  b\n", False),
        ("a &&\nb", False),
        ("a || exit 1\nb", False),
        ("set -e\na\nb", False),
        ("set -euo pipefail\na\nb", False),
        ("set -o errexit\na\nb", False),
        ("export A=1\nB=2\nb", False),
        ("# a\n\nb\n", False),
        ("if a\nthen b\nfi\n", False),
        ("if a\nthen b\nfi\nc\n", True),
        ("python - <<E\na\nb\nE\n", False),
        ("python - <<E\na\nb\nE\nc", True),
        ("echo 'a\nb'", False),
        ("f() {\na\nb\n}\nf", False),
        ("function f {\na\nb\n}\nf", False),
        ("a; b", False),
    ],
)
def test_a_failure_hidden_by_later_lines(text: str, hides: bool) -> None:
    assert hides_failure(read_script(text)) is hides


def test_the_shell_is_bash_where_it_is() -> None:
    assert choose_shell(strict=False, have_bash=True) == ("bash", "-c")
    assert choose_shell(strict=True, have_bash=True) == ("bash", "-eo", "pipefail", "-c")
    assert choose_shell(strict=False, have_bash=False) == ("sh", "-c")
    assert choose_shell(strict=True, have_bash=False) == ("sh", "-e", "-c")
