"""What several verbs are given, declared in the same words."""

from __future__ import annotations

from reenact.cli.parser import Parser


def add_run(parser: Parser) -> None:
    """Declare RUN, without which the newest is meant."""
    parser.add_argument(
        "run",
        metavar="RUN",
        nargs="?",
        default="@",
        complete="runs",
        help="An id or its beginning, or a name; the newest.",
    )


def add_repeated_run(parser: Parser) -> None:
    """Declare RUN for a verb that runs it again, which nobody means who does not name it."""
    parser.add_argument("run", metavar="RUN", complete="runs", help="The run: its id or name; @ for the newest.")


def add_project(parser: Parser, text: str = "The project; this folder.") -> None:
    """Declare URI, without which this folder is meant, and which version of it."""
    parser.add_argument("uri", metavar="URI", nargs="?", default=".", complete="files", help=text)
    parser.add_argument("-v", "--version", metavar="VERSION", help="Branch, tag or commit of a git project.")


def add_yes(parser: Parser) -> None:
    """Declare the answer to the question whether code from elsewhere is run."""
    parser.add_argument("-y", "--yes", action="store_true", help="Do not ask before code from elsewhere is run.")


def add_json(parser: Parser, text: str = "Print it as a JSON object.") -> None:
    """Declare ``--json``."""
    parser.add_argument("--json", dest="as_json", action="store_true", help=text)
