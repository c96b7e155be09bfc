"""Which texts fit a declaration; given values and defaults are judged alike."""

from __future__ import annotations

import pytest

from reenact.errors import ParameterError
from reenact.project.document import Document
from reenact.project.lints import find_doubts
from reenact.project.nodes import Entry, Mapping, Scalar
from reenact.project.parameters import Options, bind
from reenact.project.paths import Places
from reenact.project.types import EntryPoint, Parameter
from reenact.project.value_types import find_misfit, find_type, read_truth
from tests.project.texts import BAD, GOOD

TEXTS = [(kind, text) for table in (GOOD, BAD) for kind, texts in table.items() for text in texts]


@pytest.mark.parametrize(
    ("word", "kind"),
    [
        ("str", "string"),
        ("Float", "float"),
        ("integer", "int"),
        ("list", "list[string]"),
        ("list[ Number ]", "list[float]"),
        ("list[list]", None),
        ("list[list[int]]", None),
        ("list[banana]", None),
        ("list[]", None),
        ("banana", None),
        ("", None),
    ],
)
def test_a_type_has_many_spellings_and_one_name(word: str, kind: str | None) -> None:
    assert find_type(word) == kind


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_a_text_fits_or_the_answer_says_what_would(kind: str, text: str) -> None:
    expected = find_misfit(Parameter("a", kind), text)
    assert (expected is None) == (text in GOOD.get(kind, ()))
    assert expected != ""


def scalar(text: str) -> Scalar:
    return Scalar("str", text, 1, 1, text)


@pytest.mark.parametrize(("kind", "text"), TEXTS)
def test_a_default_is_doubted_exactly_where_the_same_value_is_refused(kind: str, text: str) -> None:
    entry_point = EntryPoint("main", "run {a}", (Parameter("a", kind, default=text, choices=("1", "a", "true")),))
    declared = Mapping((Entry(scalar("main"), scalar("run {a}")),), 1, 1)
    root = Mapping((Entry(scalar("entry_points"), declared),), 1, 1)
    doubts = find_doubts(entry_point, Document("MLproject", ("",), root))
    try:
        bind(entry_point, {"a": text}, Options(), Places("/caller", "/project", lambda path: True))
    except ParameterError:
        assert [doubt.code for doubt in doubts] == ["default-does-not-fit"]
    else:
        assert doubts == ()


@pytest.mark.parametrize("text", ["", "None", "none", "null"])
@pytest.mark.parametrize("kind", ["int", "bool", "uri", "path", "list[int]"])
def test_an_authors_nothing_fits_any_type_and_can_be_given_again(kind: str, text: str) -> None:
    declared = Parameter("a", kind, default=text, choices=("1",), min=1)
    assert find_misfit(declared, text) is None
    assert find_misfit(declared._replace(default="1", type="int"), text) is not None


def test_a_secret_is_not_in_the_answer() -> None:
    assert find_misfit(Parameter("pin", "int"), "1234.0") == "a whole number (int), here 1234"
    assert find_misfit(Parameter("pin", "int", secret=True), "1234.0") == "a whole number (int)"


@pytest.mark.parametrize(("text", "truth"), [("YES", True), ("off", False), ("maybe", None)])
def test_truth_has_many_words(text: str, truth: bool | None) -> None:
    assert read_truth(text) is truth
