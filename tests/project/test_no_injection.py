"""No value becomes a command, whatever the author put around its placeholder. Real shells say so."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from reenact.errors import ParameterError
from reenact.project.quoting import Word
from reenact.project.template import render_command

from .shells import SHELLS, received

CONSTRUCTS = (
    "@", "'@'", '"@"', "$(echo @)", '"$(echo @)"', "`echo @`", '"`echo @`"', "${{v:-@}}", '"${{v:-@}}"', "# @\n",
    "\\@", "a@b", "$'@'", "( @ )", "if true; then echo @; fi", "case x in x) echo @;; esac", "echo @ # it's\n",
    "cat <<E\n@\nE\n", "cat <<'E'\n@\nE\n", "cat <<-E\n\t@\nE\n", "${{v#@}}", '"${{v%@}}"', "$(( @ ))", "echo \\'@",
    'echo \\"@', '$"@"', "f() {{ echo @; }}",
    "echo $# @", "echo a#'@'", "\\\\@", '"\\\\@"', '"\\@"', '"a\\"@"', "'\\'@",
    "\"${{v:-'@'}}\"", "(( @ ))", "x=( @ )", "echo $(case a in a) echo @;; esac)", "echo $(echo hi # it's )\n @)",
    "cat <<A <<B\n@\nA\n'@'\nB\n", 'echo "$(cat <<E\n@\nE\n)"', "echo ${{v/x/@}}", "echo `echo \\`echo @\\``",
    "echo {{@,b}}", "@>/dev/null", "$v@", '"$v@"', "export Y=@", "$$'@'", "@|cat",
    "cat<<E\n`echo @`\nE\n", "echo $[ @ ]",
)  # fmt: skip
REACTIVE = (
    "canary", "$(canary)", "`canary`", ";canary;", "'", '"', "\\", "\n", "$", "`", "(", ")", "{", "}", " ", "&canary&",
    "|canary|", "E", "A\n", "'E'", "#", "$((", "))", "a[$(canary)]", ">&2", "<", "\t", ",", "\nE\n", "$'", "${", "x",
)  # fmt: skip


def guarded(command: str) -> str:
    """The command by itself, its output and errors thrown away; ``args called`` if it called ``canary``."""
    inner = "'" + ("canary() { echo called >&3; }\n" + command).replace("'", "'\\''") + "'"
    return f'x="$( (eval {inner}) 3>&1 >/dev/null 2>&1 </dev/null)"; case "$x." in .) ;; *) args called;; esac'


@pytest.mark.parametrize("shell", SHELLS)
def test_a_call_would_be_seen(shell: str) -> None:
    commands = ["canary", "echo `canary`", "echo 'canary'", "fi"]
    assert received(shell, [guarded(c) for c in commands]) == [[b"called"], [b"called"], [], []]


@pytest.mark.parametrize("shell", SHELLS)
@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(data=st.data())
def test_no_value_runs_a_command_of_its_own(shell: str, data: st.DataObject) -> None:
    """Constructs in constructs, and values made of what shells react to: ``canary`` is never called."""
    commands = []
    for _ in range(20):
        template = "{v}"
        for outer in data.draw(st.lists(st.sampled_from(CONSTRUCTS), min_size=1, max_size=4)):
            template = outer.replace("@", template)
        value = "".join(data.draw(st.lists(st.sampled_from(REACTIVE), min_size=1, max_size=6)))
        try:
            commands.append(render_command(template, {"v": Word("x" + value)}).text)
        except ParameterError:
            continue
    for command, arguments in zip(commands, received(shell, [guarded(c) for c in commands]), strict=True):
        assert b"called" not in arguments, f"{shell}: {command!r}"
