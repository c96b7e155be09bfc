from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.cli import ROOT, Family, find_family, make_family_parser, make_parser, read_command_line
from reenact.cli.parser import Namespace, Parser, at_least, split_at_verb
from reenact.errors import UsageError


def make() -> Parser:
    parser = Parser("tool", "A tool.")
    parser.add_argument("where", metavar="WHERE", help="Something.")
    parser.add_argument("more", metavar="MORE", nargs="*", help="Something.")
    parser.add_argument("-q", "--quiet", action="store_true", help="Something.")
    parser.add_argument("-f", "--force", action="store_true", help="Something.")
    parser.add_argument("-P", "--param", action="append", default=[], metavar="NAME=VALUE", help="Something.")
    parser.add_argument("--name", metavar="NAME", help="Something.")
    parser.add_argument("-n", "--count", type=at_least(1), default=5, help="Something.")
    return parser


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["here"], {}),
        (["-P", "a=1", "here"], {"param": ["a=1"]}),
        (["here", "-P", "--x=1"], {"param": ["--x=1"]}),
        (["here", "-P", "-x=1", "-P", "--", "-P", ""], {"param": ["-x=1", "--", ""]}),
        (["here", "--param", "--x=1", "--param=--y", "--param==z"], {"param": ["--x=1", "--y", "=z"]}),
        (["-Pa=1", "here", "-P=2", "-P--x"], {"param": ["a=1", "=2", "--x"]}),
        (["-qfPa=1", "here"], {"quiet": True, "force": True, "param": ["a=1"]}),
        (["-qfP", "-q", "here"], {"quiet": True, "force": True, "param": ["-q"]}),
        (["--name", "--quiet", "here"], {"name": "--quiet"}),
        (["--name=--", "here"], {"name": "--"}),
        (["here", "a", "-q", "b", "--name", "c", "d"], {"quiet": True, "name": "c", "more": ["a", "b", "d"]}),
        (["here", "--", "-q", "--", "--name"], {"more": ["-q", "--", "--name"]}),
        (["-n3", "--", "here"], {"count": 3}),
        (["here", "-"], {"more": ["-"]}),
    ],
)
def test_words_are_read_as_getopt_and_click_read_them(words: list[str], expected: dict[str, object]) -> None:
    nothing = {"where": "here", "more": [], "quiet": False, "force": False, "param": [], "name": None, "count": 5}
    assert vars(make().parse(words, Namespace())) == {**nothing, **expected}


@pytest.mark.parametrize(
    ("words", "message", "hint"),
    [
        ([], "Missing argument 'WHERE'.", "tool --help tells more"),
        (["-q"], "Missing argument 'WHERE'.", "tool --help tells more"),
        (["here", "-P"], "Option '-P' requires an argument.", "-P NAME=VALUE"),
        (["here", "--name"], "Option '--name' requires an argument.", "--name NAME"),
        (["here", "--nam", "x"], "No such option: --nam", "did you mean '--name'?"),
        (["here", "--par=x"], "No such option: --par", "did you mean '--param'?"),
        (["here", "-z"], "No such option: -z", "tool --help tells more"),
        (["here", "-qz"], "No such option: -z", "tool --help tells more"),
        (["here", "--quiet=yes"], "Option '--quiet' does not take a value.", None),
        (["here", "-n", "0"], "argument -n/--count: '0' is not a whole number of at least 1", "tool --help tells more"),
    ],
)
def test_what_is_wrong_is_said_with_a_way_out(words: list[str], message: str, hint: str | None) -> None:
    with pytest.raises(UsageError) as caught:
        make().parse(words, Namespace())
    assert caught.value.message == message
    assert hint is None or caught.value.hint == hint


@given(st.lists(st.text(max_size=8).filter(lambda text: "\0" not in text), max_size=5))
def test_any_text_is_a_value_and_any_text_is_an_operand(texts: list[str]) -> None:
    given_as_values = [word for text in texts for word in ("-P", text)]
    assert make().parse([*given_as_values, "here"], Namespace()).param == texts
    assert make().parse([*(f"--param={text}" for text in texts), "here"], Namespace()).param == texts
    assert make().parse(["here", "--", *texts], Namespace()).more == texts


@pytest.mark.parametrize(
    ("nargs", "words", "expected"),
    [
        ((None, "?"), ["a"], ("a", None)),
        ((None, "?"), ["a", "b"], ("a", "b")),
        (("?", None), ["a"], (None, "a")),
        (("+", None), ["a", "b", "c"], (["a", "b"], "c")),
        (("*", "?"), ["a", "b"], (["a", "b"], None)),
        (("*",), [], ([],)),
    ],
)
def test_an_operand_that_takes_several_leaves_what_the_others_need(
    nargs: tuple[str | None, ...], words: list[str], expected: tuple[object, ...]
) -> None:
    parser = Parser("tool", "A tool.")
    for at, each in enumerate(nargs):
        parser.add_argument(f"operand{at}", metavar="X", nargs=each, help="One.")
    said = vars(parser.parse(words, Namespace()))
    assert tuple(said[f"operand{at}"] for at in range(len(nargs))) == expected


def test_a_choice_is_checked_and_a_default_is_nobodys_list() -> None:
    parser = Parser("tool", "A tool.")
    parser.add_argument("--format", choices=["a", "b"], default="a", metavar="FORMAT", help="Which.")
    parser.add_argument("-P", "--param", action="append", default=["x"], metavar="NAME", help="Some.")
    with pytest.raises(UsageError, match="argument --format: invalid choice: 'c'"):
        parser.parse(["--format", "c"], Namespace())
    parser.parse([], Namespace()).param.append("z")
    said = parser.parse(["-P", "y"], Namespace())
    assert (said.param, said.format) == (["x", "y"], "a")


def test_the_verb_is_the_first_word_that_belongs_to_no_option() -> None:
    root = make_family_parser()
    assert split_at_verb(["--env-file", "run", "ls", "--debug"], root) == (["--env-file", "run"], "ls", ["--debug"])
    assert split_at_verb(["--debug"], root) == (["--debug"], None, [])
    assert split_at_verb(["--", "ls", "--"], root) == (["--"], "ls", ["--"])


def list_verbs(family: Family = ROOT) -> Iterator[tuple[Family, str]]:
    for verb in family.verbs:
        inner = find_family(verb, family)
        yield from [(family, verb)] if inner is None else list_verbs(inner)


@pytest.mark.parametrize(
    ("family", "verb"), [pytest.param(*each, id=f"{each[0].prog} {each[1]}") for each in list_verbs()]
)
def test_every_verb_has_help_and_a_long_name_for_every_option(family: Family, verb: str) -> None:
    parser = make_parser(verb, family)
    assert parser.format_help().startswith(f"usage: {family.prog} {verb} [OPTIONS]")
    for name, option in parser.options.items():
        assert name.startswith("--") or option.names[-1].startswith("--")
        assert option.help


def test_a_family_lists_its_verbs_and_takes_the_shared_options() -> None:
    family = find_family("env", ROOT)
    assert family is not None
    assert "  gc          Delete what is old, unfinished or too much." in make_family_parser(family).format_help()
    module, words = read_command_line(["--debug", "env", "rm", "--json", "abc"])
    assert (module.__name__, words.keys, words.as_json, words.debug) == ("reenact.cli.env.rm", ["abc"], True, True)
    assert read_command_line(["env", "--debug", "ls"])[1].debug
    with pytest.raises(UsageError) as caught:
        read_command_line(["env", "lss"])
    assert caught.value.hint == "did you mean 'ls'?"
