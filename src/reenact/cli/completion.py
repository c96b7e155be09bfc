"""``reenact completion``: the lines that teach a shell to complete our commands, and what it then asks us."""

from __future__ import annotations

from collections.abc import Sequence

from reenact.cli.parser import Namespace, Parser
from reenact.hints import TYPE_CHECKING
from reenact.world import World

if TYPE_CHECKING:
    from reenact.cli.complete import Answer

FILES_TOO = 3
"""The exit code that asks the shell to add its own completion of file names."""

SCRIPTS = {
    "bash": """\
_reenact_completion() {
    local word
    COMPREPLY=()
    while IFS= read -r word; do
        COMPREPLY+=("$word")
    done < <(reenact completion bash -- "${COMP_WORDS[@]:1:COMP_CWORD}" || [ $? -ne 3 ] || compgen -f -- "$2")
}
complete -o filenames -o nosort -F _reenact_completion reenact 2>/dev/null ||
    complete -o filenames -F _reenact_completion reenact
""",
    "zsh": """\
#compdef reenact
_reenact_completion() {
    local -a answers
    local code none=1
    answers=("${(@f)$(reenact completion zsh -- "${(@Q)words[2,CURRENT]}")}")
    code=$?
    [[ -n $answers[1] ]] && _describe -V reenact answers && none=0
    (( code == 3 )) && _files && none=0
    return none
}
compdef _reenact_completion reenact
""",
    "fish": """\
function _reenact_completion
    set --local words (commandline --tokenize --cut-at-cursor --current-process)
    set --local last (commandline --current-token --cut-at-cursor)
    reenact completion fish -- $words[2..] "$last"
    test $status -eq 3; and __fish_complete_path "$last"
end
complete --no-files --keep-order --command reenact --arguments '(_reenact_completion)'
""",
}

_WHERE = """\
To have it in every new shell, put the line for yours into its start file:

  eval "$(reenact completion bash)"    # in ~/.bashrc
  eval "$(reenact completion zsh)"     # in ~/.zshrc, after compinit
  reenact completion fish | source     # in ~/.config/fish/config.fish"""


class Given(Namespace):
    """The command line's words."""

    shell: str
    words: list[str]


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Print the shell code that completes options, entry points and run ids."
    parser.epilog = _WHERE
    parser.add_argument("shell", metavar="SHELL", choices=list(SCRIPTS), help="%(choices)s")
    parser.add_argument("words", metavar="WORD", nargs="*", help="What that code asks: our line up to the cursor.")


def run(given: Given, world: World) -> int:
    """Print the code; or, given words, what completes the last one, a line each."""
    if not given.words:
        print(SCRIPTS[given.shell], end="")
        return 0
    from reenact.cli.complete import complete

    words = join_pieces(given.words) if given.shell == "bash" else given.words
    answers = complete(words, world)
    for answer in answers.found:
        print(render_answer(given.shell, answers.glued, answer))
    return FILES_TOO if answers.files_too else 0


def render_answer(shell: str, glued: str, answer: Answer) -> str:
    """The line that the code for this shell reads."""
    if shell == "bash":
        # It replaces what stands behind the "=".
        return answer.text
    about = answer.help.partition("\n")[0]
    if shell == "fish":
        return f"{glued}{answer.text}\t{about}"
    text = f"{glued}{answer.text}".replace("\\", "\\\\").replace(":", "\\:")
    return f"{text}:{about}" if about else text


def join_pieces(words: Sequence[str]) -> list[str]:
    """bash's words put together again where it cut them: at ``=`` and ``:`` (its COMP_WORDBREAKS)."""
    joined: list[str] = []
    open_end = False
    for word in words:
        mark = word != "" and not word.strip("=:")
        if joined and (mark or open_end):
            joined[-1] += word
        else:
            joined.append(word)
        open_end = mark
    return joined
