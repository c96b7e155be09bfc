"""argv → api → print → exit code. One file a verb, imported when it is chosen; no decisions here.

A verb's module has:

``class Given(Namespace)``
    What its command line says, typed.
``add_arguments(parser: Parser) -> None``
    Declare them.
``run(given: Given, world: World) -> int``
    Do it; the exit code.

One that is a family of verbs, like ``reenact env``, is a package with ``VERBS`` of its own instead.
"""

import sys
from collections.abc import Mapping, Sequence
from importlib import import_module
from keyword import iskeyword

from reenact import __version__
from reenact.cli.console import console_world, print_error
from reenact.cli.parser import Namespace, Parser, split_at_verb
from reenact.errors import ReenactError, StorageError, UsageError
from reenact.hints import Any
from reenact.values import NamedTuple

VERBS = {
    "run": "Run a project.",
    "rerun": "Run a recorded run again.",
    "lock": "Write the exact packages of a project's environment beside its files.",
    "check": "Find what is wrong in a project's files.",
    "doctor": "Find what will keep a run from coming out the same elsewhere, or later.",
    "describe": "Show a project's entry points, parameters and environment.",
    "ls": "List runs, newest first.",
    "show": "Show one run.",
    "verify": "Run a recorded run again and judge whether it comes out the same.",
    "logs": "Print what a run printed.",
    "diff": "Show what is not the same in two runs.",
    "why": "Find the smallest change that explains why two runs came out different.",
    "env": "Look after environments: list, show, compare, export, delete.",
    "export": "Write a run to one file, for another machine.",
    "import": "Take a run out of such a file.",
    "cancel": "Stop a run.",
    "rm": "Delete runs.",
    "reindex": "Rebuild the index from the run folders.",
    "completion": "Print the code that completes commands in a shell.",
}
"""Every verb and its one line of help; :func:`name_module` names its module."""

ABOUT = "Run any machine-learning project with one command, and leave a record to run it again from."


class Family(NamedTuple):
    """Verbs that stand behind the same words."""

    prog: str
    package: str
    about: str
    verbs: Mapping[str, str]


ROOT = Family("reenact", __name__, ABOUT, VERBS)


class Shared(Namespace):
    """The options that every verb has, before it or after it."""

    debug: bool
    env_file: str | None


def main(argv: Sequence[str] | None = None) -> int:
    """Run one command line; returns its exit code. Every error is told on stderr, in our own style."""
    debug = False
    try:
        verb, given = read_command_line(sys.argv[1:] if argv is None else argv)
        debug = given.debug
        code: int = verb.run(given, console_world(given.env_file))
        # While somebody can still be told that nobody reads it.
        sys.stdout.flush()
    except ReenactError as problem:
        if debug:
            raise
        print_error(problem.message, problem.hint)
        return problem.exit_code
    except SystemExit as shown:
        return int(shown.code or 0)
    except KeyboardInterrupt:
        print_error("interrupted")
        return 130
    except BrokenPipeError:
        # Whoever read our output has seen enough; Python must not complain again when it flushes at exit.
        sys.stdout = None
        return 141
    except Exception as problem:
        if debug:
            raise
        # Nor when what it could not write is still there.
        sys.stdout = None
        print_fault(problem)
        return StorageError.exit_code if isinstance(problem, OSError) else ReenactError.exit_code
    return code


def print_fault(problem: Exception) -> None:
    """Tell of what nobody foresaw; the system's own refusals (a full disk behind a pipe) in its words."""
    if isinstance(problem, OSError) and problem.strerror:
        where = f": {problem.filename}" if problem.filename else ""
        print_error(f"{problem.strerror}{where}", "--debug shows what was being done")
    else:
        print_error(f"a fault in reenact: {type(problem).__name__}: {problem}", "--debug shows where; please report it")


def read_command_line(words: Sequence[str], family: Family = ROOT, shared: Shared | None = None) -> tuple[Any, Any]:
    """The module of the verb that the words name, and what they say to it.

    Raises:
        UsageError: they name none, or cannot be read.
        SystemExit: they ask for help or the version, which is printed.
    """
    parser = make_family_parser(family)
    before, verb, after = split_at_verb(words, parser)
    shared = parser.parse(before, shared or Shared())
    if verb is None:
        parser.print_help(sys.stderr)
        raise SystemExit(UsageError.exit_code)
    if verb not in family.verbs:
        from reenact.project.nearest import did_you_mean

        raise UsageError(f"No such command '{verb}'.", hint=did_you_mean(verb, family.verbs) or parser.where_help_is)
    inner = find_family(verb, family)
    if inner is not None:
        return read_command_line(after, inner, shared)
    module = import_module(name_module(verb, family))
    return module, make_parser(verb, family).parse(after, module.Given(**vars(shared)))


def name_module(verb: str, family: Family) -> str:
    """The module of a verb: its own name, with ``_`` behind a word that Python keeps for itself (PEP 8)."""
    return f"{family.package}.{verb}{'_' if iskeyword(verb) else ''}"


def find_family(verb: str, family: Family) -> Family | None:
    """The verbs behind this one; None where it is one that does something itself."""
    name = name_module(verb, family)
    verbs = getattr(import_module(name), "VERBS", None)
    return None if verbs is None else Family(f"{family.prog} {verb}", name, family.verbs[verb], verbs)


def make_family_parser(family: Family = ROOT) -> Parser:
    """What stands before the verb."""
    parser = Parser(family.prog, family.about)
    if family is ROOT:
        parser.add_argument(
            "--version", action="version", version=f"reenact, version {__version__}", help="Show the version and exit."
        )
    _add_shared(parser)
    parser.usage = f"{family.prog} [OPTIONS] COMMAND [ARGS]..."
    parser.epilog = "commands:\n" + "\n".join(f"  {verb:<12}{text}" for verb, text in family.verbs.items())
    return parser


def make_parser(verb: str, family: Family = ROOT) -> Parser:
    """What stands behind this verb."""
    parser = Parser(f"{family.prog} {verb}", family.verbs[verb])
    import_module(name_module(verb, family)).add_arguments(parser)
    _add_shared(parser)
    return parser


def _add_shared(parser: Parser) -> None:
    parser.add_argument(
        "--env-file",
        metavar="FILE",
        complete="files",
        help="Set the variables in FILE first, where they are not set yet.",
    )
    parser.add_argument("--debug", action="store_true", help="Show a traceback with every error.")
