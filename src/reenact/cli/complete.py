"""What a shell may put in the place of the word before the cursor: verbs, options, run ids, entry points, files."""

from __future__ import annotations

from collections.abc import Sequence

from reenact.cli import ROOT, Family, find_family, make_family_parser, make_parser
from reenact.cli.parser import Argument, Parser, read_words, split_at_verb
from reenact.errors import ReenactError
from reenact.hints import Any
from reenact.report import Silence
from reenact.values import NamedTuple
from reenact.world import World

MOST = 100
"""More runs than this are nothing that anybody picks from."""

_OPERAND = "x"
"""In the place of a word that has hardly begun: as the value of an option or as an operand, it shows which it is."""


class Answer(NamedTuple):
    """A word, and what to know of it."""

    text: str
    help: str = ""


class Answers(NamedTuple):
    """The words that fit; ``glued`` is what stands before each of them in the same word: ``--entry-point=``.

    ``files_too``: the names of files fit as well, and the shell completes those best itself.
    """

    found: Sequence[Answer] = ()
    glued: str = ""
    files_too: bool = False


def complete(words: Sequence[str], world: World) -> Answers:
    """What fits in the place of the last word, which is '' where a new one begins."""
    *before, last = words
    try:
        return _complete_in(ROOT, before, last, world._replace(report=Silence()))
    except ReenactError:
        return Answers()


def _complete_in(family: Family, before: Sequence[str], last: str, world: World) -> Answers:
    _, verb, after = split_at_verb([*before, _OPERAND], make_family_parser(family))
    if verb is None or not after:
        return _complete_before_verb(family, before, last, world)
    if verb not in family.verbs:
        return Answers()
    inner = find_family(verb, family)
    if inner is not None:
        return _complete_in(inner, after[:-1], last, world)
    return _complete_word(after[:-1], last, make_parser(verb, family), world)


def _complete_before_verb(family: Family, before: Sequence[str], last: str, world: World) -> Answers:
    answers = _complete_word(before, last, make_family_parser(family), world)
    if answers != Answers() or last.startswith("-"):
        return answers
    return Answers([Answer(verb, about) for verb, about in family.verbs.items() if verb.startswith(last)])


def _complete_word(before: Sequence[str], last: str, parser: Parser, world: World) -> Answers:
    *_, (option, _) = read_words(iter([*before, _OPERAND]), parser)
    if option is not None:
        return _complete_value(option, last, before[:-1], parser, world)
    only_operands = "--" in before
    if last.startswith("--") and "=" in last and not only_operands:
        name, _, value = last.partition("=")
        return _complete_value(parser.get_option(name), value, before, parser, world)._replace(glued=f"{name}=")
    if last.startswith("-") and not only_operands:
        return Answers(
            [
                Answer(name, action.help or "")
                for name, action in parser.options.items()
                if name.startswith(last) and (last != "-" or name.startswith("--"))
            ]
        )
    place = _find_place(len(_read_operands(before, parser)), parser.operands)
    return Answers() if place is None else _complete_value(place, last, before, parser, world)


def _find_place(before: int, operands: Sequence[Argument]) -> Argument | None:
    """The operand that a word is, after so many others."""
    if before < len(operands):
        return operands[before]
    return operands[-1] if operands and operands[-1].nargs in ("*", "+") else None


def _read_operands(before: Sequence[str], parser: Parser) -> list[str]:
    return [word for option, word in read_words(iter(before), parser) if option is None]


def _complete_value(action: Argument, begun: str, before: Sequence[str], parser: Parser, world: World) -> Answers:
    """What fits as the value of this option or operand, given the words before it."""
    if not action.takes_value:
        return Answers()
    if action.choices is not None:
        return Answers([Answer(choice) for choice in action.choices if choice.startswith(begun)])
    kind = parser.completions.get(action.dest)
    if kind == "runs":
        return Answers(complete_runs(begun, world))
    if kind == "entry points":
        return Answers(complete_entry_points(next(iter(_read_operands(before, parser)), "."), begun, world))
    return Answers(files_too=kind == "files")


def complete_runs(begun: str, world: World) -> list[Answer]:
    """Runs whose id or name begins with what is there, newest first."""
    from reenact.project.diagnostics import visible
    from reenact.records.filter import RunFilter
    from reenact.records.index import open_index

    if not world.home.runs.exists():
        return []

    def pick(store: Any) -> tuple[list[Any], int]:
        found = store.find(begun, MOST) if begun else store.select(RunFilter(), MOST)
        return found, store.shortest([run.id for run in found])

    runs, length = open_index(world).read(pick)
    length = max(length, len(begun))
    return [
        Answer(
            run.name if run.name and run.name == begun else run.id[:length],
            visible(f"{run.state.value}  {run.project} {run.entry_point}  {run.created[:16].replace('T', ' ')}"),
        )
        for run in runs
    ]


def complete_entry_points(uri: str, begun: str, world: World) -> list[Answer]:
    """The names in the project file below ``uri``, if that is a folder; what cannot be read completes to nothing."""
    from reenact.project.cache import NoCache
    from reenact.project.load import read_project
    from reenact.sources import parse_uri
    from reenact.sources.path import find_path

    wanted = parse_uri(uri)
    path = find_path(wanted.uri, world)
    if path is None or not (path / wanted.subdirectory).is_dir():
        return []
    project = read_project(path / wanted.subdirectory, NoCache())
    return [
        Answer(entry.name, entry.description or "") for entry in project.entry_points if entry.name.startswith(begun)
    ]
