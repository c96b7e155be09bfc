"""Whatever the value and whatever the author's quotes: the child receives exactly the value. Real shells say so."""

from __future__ import annotations

import os

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.errors import ParameterError
from reenact.project.quoting import Word
from reenact.project.template import render_command

from .shells import SHELLS, received

PLACES = {
    "bare": ("args {v}", "", ""),
    "inside a word": ("args a{v}b", "a", "b"),
    "single quotes": ("args 'a {v} b'", "a ", " b"),
    "only single quotes": ("args '{v}'", "", ""),
    "double quotes": ('args "a {v} b"', "a ", " b"),
    "only double quotes": ('args "{v}"', "", ""),
    "backslash": ("args \\{v}", "", ""),
    "backslash in double quotes": ('args "\\{v}"', "\\", ""),
    "quotes side by side": ("args 'a'{v}\"b\"", "a", "b"),
    "substitution": ("$(echo args) \"$(args {v} | tr -d '\\0'; echo .)\"", "", "."),
    "substitution, double": ('args "$(printf \'%s.\' "{v}")"', "", "."),
    "substitution, single": ("args \"$(printf '%s.' '{v}')\"", "", "."),
    "backquotes": ("args \"`printf '%s.' {v}`\"", "", "."),
    "backquotes, bare": ("args `true {v}` {v}", "", ""),
    "backquotes, double": ('x=`printf \'%s.\' "{v}"`; args "$x"; unset x', "", "."),
    "backquotes, single": ("x=`printf '%s.' '{v}'`; args \"$x\"; unset x", "", "."),
    "backquotes in double, single": ("args \"`printf '%s.' '{v}'`\"", "", "."),
    "backquotes in double, double": ('args "`printf %s. "{v}"`"', "", "."),
    "nested backquotes": ("x=`echo \\`printf '%s.' {v} | od -An -c >/dev/null\\``; args {v}; unset x", "", ""),
    "default": ("args ${{x:-{v}}}", "", ""),
    "default in double quotes": ('args "${{x:-{v}}}"', "", ""),
    "default, quoted inside": ('args ${{x:-"{v}"}}', "", ""),
    "comment": ("args {v} # {v} '\n", "", ""),
    "comment before": ("# {v} '\nargs {v}", "", ""),
    "assignment": ('x={v}; args "$x"; unset x', "", ""),
    "after a case": ("args \"$(case a in a) printf '%s.' '{v}';; esac)\"", "", "."),
    "after a variable": ("args \"$HOME {v}\"'{v}' >/dev/null; args {v}", "", ""),
    "before a redirection": ("args {v}>&1", "", ""),
    "subshell": ("(true; args {v})", "", ""),
    "condition": ("if true; then args '{v}'; fi", "", ""),
    "nested shell, first level": ('sh -c \'printf "%s\\0" "$1"\' _ {v}', "", ""),
    "pipe": ("args {v} | cat", "", ""),
    "in a function": ('f() { args "{v}"; }; f', "", ""),
    "in a literal brace": ("args {{{v}}}", "{", "}"),
    "quoted hash": ("args '#' >/dev/null; args a#{v}", "a#", ""),
    "double quotes over lines": ('args "a\n{v}\n"', "a\n", "\n"),
    "continued line": ("args \\\n  {v}", "", ""),
}
REFUSING = {name for name, (template, _, _) in PLACES.items() if '"`' in template or '"${{' in template}
"""Here bash expands braces that are quoted, so that some values with braces are refused."""

BASH_ONLY = {
    "ansi quotes": ("args $'a {v} b'", "a ", " b"),
    "ansi quotes with an escaped quote": ("args $'\\'{v}'", "'", ""),
    "backslash in ansi quotes": ("args $'\\{v}'", "\\", ""),
    "here-string": ("x=$(cat <<< '{v}.'); args \"$x\"; unset x", "", "."),
    "process substitution": ("args \"$(cat <(printf '%s.' '{v}'))\"", "", "."),
    "array": ('y=(a {v}); args "${{y[1]}}"', "", ""),
    "locale string": ('args $"{v}"', "", ""),
}
HEREDOCS = {
    "here-document": "cat <<EOF | tr -d '\\0'\n<{v}>\nEOF\n",
    "here-document in a substitution": "printf '%s\\n' \"$(cat <<EOF\n<{v}>\nEOF\n)\"",
    "quoted here-document": "cat <<'EOF'\n<{v}>\nEOF\n",
    "here-document, tabs": "cat <<-EOF\n\t<{v}>\n\tEOF\n",
}

AWKWARD = (
    "", " ", "'", '"', "\\", "$", "`", "!", "~", "*", "?", "[a]", "#", "-", "--", "-n", "a b", "it's", 'say "x"',
    "$(echo bad)", "`echo bad`", "${HOME}", "$HOME", "\n", "a\nb", "a\n", "\n\n", "; echo bad", "| cat", "&& echo bad",
    "'; echo bad; '", '"; echo bad; "', "'\"'\"'", "\\'", '\\"', "\\\\", "\\\n", "{a,b}", "{1..3}", "a,b", "1..3", "\t",
    "\r", "é", "日本", "\U0001f600", "\udcff", "\x7f", "\x1b[31m", "%s", "}", "{", "{v}", "{{v}}", ")", "(", "))", "1",
    "22", "A=1", "A+=1", "if", "done", "=x", "a=b", "\\x41", "\\n", "$'x'", "a\\", "$1", "EOF", "<<EOF", "\\`", "\\$(",
    "!!",
)  # fmt: skip

texts = st.one_of(
    st.sampled_from(AWKWARD),
    st.lists(st.sampled_from(AWKWARD), max_size=4).map("".join),
    st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20),
)


def cases(shell: str) -> dict[str, tuple[str, str, str]]:
    return {**PLACES, **BASH_ONLY} if shell == "bash" else PLACES


def check(shell: str, names: list[str], values: list[str], word: str | None = None) -> None:
    places = cases(shell)
    commands, wanted, environ = [], [], {}
    for number, (name, value) in enumerate(zip(names, values, strict=True)):
        template, before, after = places[name]
        variable = f"SECRET_{number}" if word == "variable" else None
        environ.update({variable: value} if variable else {})
        put = Word("", variable) if variable else Word(value)
        try:
            commands.append(render_command(template, {"v": put}).text)
        except ParameterError as refusal:
            assert name in REFUSING and "{" in value, refusal.message
            continue
        wanted.append((name, value, [os.fsencode(before + value + after)]))
    got = received(shell, commands, environ)
    for (name, value, expected), arguments, command in zip(wanted, got, commands, strict=True):
        assert arguments == expected, f"{shell}, {name}, {value!r}: {command!r}"


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("word", ["literal", "variable"])
def test_awkward_values_arrive_whole_from_every_place(shell: str, word: str) -> None:
    for name in cases(shell):
        check(shell, [name] * len(AWKWARD), list(AWKWARD), word)


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_any_value_arrives_whole_from_every_place(shell: str, data: st.DataObject) -> None:
    names = list(cases(shell))
    check(shell, names, data.draw(st.lists(texts, min_size=len(names), max_size=len(names))))


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize("name", HEREDOCS)
def test_a_here_document_holds_exactly_the_value_or_refuses_it(shell: str, name: str) -> None:
    commands, wanted = [], []
    for value in AWKWARD:
        try:
            commands.append(render_command(HEREDOCS[name], {"v": Word(value)}).text)
        except ParameterError:
            assert "\t" in value, f"{name} refuses {value!r}"
        else:
            wanted.append(value)
    captured = [f'x="$({command}\necho .)"; args "${{x%.}}"' for command in commands]
    for value, arguments, command in zip(wanted, received(shell, captured), commands, strict=True):
        assert arguments == [os.fsencode(f"<{value}>\n")], f"{shell}, {value!r}: {command!r}"
