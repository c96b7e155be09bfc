"""argv → api → print → exit code. One file a verb, imported when it is chosen; no decisions here."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from typing import Any

import click

from reenact import __version__
from reenact.cli.console import print_error
from reenact.errors import ReenactError

VERBS = {
    "run": "Run a project.",
    "lock": "Write the exact packages of a project's environment beside its files.",
    "check": "Find what is wrong in a project's files.",
    "describe": "Show a project's entry points, parameters and environment.",
    "ls": "List runs, newest first.",
    "show": "Show one run.",
    "logs": "Print what a run printed.",
    "env": "Look after environments: list, show, compare, export, delete.",
    "cancel": "Stop a run.",
    "rm": "Delete runs.",
    "reindex": "Rebuild the index from the run folders.",
    "completion": "Print the code that completes commands in a shell.",
}
"""Every verb and its one line of help; ``reenact.cli.<verb>`` holds it as ``command``."""


class Verbs(click.Group):
    """A group that imports a verb when it is used and lists all of them without importing any.

    ``verbs`` has each and its one line of help; ``package`` has a module of its name that holds it as ``command``.
    """

    def __init__(self, verbs: Mapping[str, str], package: str, **rest: Any) -> None:
        super().__init__(**rest)
        self.verbs = verbs
        self.package = package

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The verbs, in the order in which they are met."""
        return list(self.verbs)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The verb itself."""
        if cmd_name not in self.verbs:
            return None
        command: click.Command = import_module(f"{self.package}.{cmd_name}").command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The list of verbs in ``reenact --help``."""
        with formatter.section("Commands"):
            formatter.write_dl(list(self.verbs.items()))


@click.group(cls=Verbs, verbs=VERBS, package=__name__, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="reenact")
@click.option("--debug", is_flag=True, help="Show a traceback with every error.")
def reenact(debug: bool) -> None:
    """Run any machine-learning project with one command, and leave a record to run it again from."""


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code. Every error is told on stderr, in our own style."""
    arguments = list(sys.argv[1:] if argv is None else argv)
    try:
        code = reenact.main(arguments, prog_name="reenact", standalone_mode=False)
    except ReenactError as problem:
        if "--debug" in arguments:
            raise
        print_error(problem.message, problem.hint)
        return problem.exit_code
    except click.ClickException as problem:
        problem.show()
        return problem.exit_code
    except (KeyboardInterrupt, click.Abort):
        print_error("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain again when it flushes at exit.
        sys.stdout = None
        return 141
    return code if isinstance(code, int) else 0
