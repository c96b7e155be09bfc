"""``reenact completion``: the lines that teach a shell to complete our commands."""

from __future__ import annotations

import click

_WHERE = {
    "bash": 'eval "$(reenact completion bash)"    # in ~/.bashrc',
    "zsh": 'eval "$(reenact completion zsh)"     # in ~/.zshrc, after compinit',
    "fish": "reenact completion fish | source     # in ~/.config/fish/config.fish",
}


@click.command(epilog="\b\n" + "\n".join(_WHERE.values()))
@click.argument("shell", type=click.Choice(list(_WHERE)))
def command(shell: str) -> None:
    """Print the shell code that completes options, entry points and run ids.

    To have it in every new shell, put the line for yours into its start file:
    """
    from click.shell_completion import get_completion_class

    from reenact.cli import reenact

    kind = get_completion_class(shell)
    if kind is None:  # click dropped a shell that we offer
        raise click.UsageError(f"there is no completion for {shell}")
    complete = kind(reenact, {}, "reenact", "_REENACT_COMPLETE")
    # Not source(): for bash that would start one, only to learn its version.
    click.echo(complete.source_template % complete.source_vars())
