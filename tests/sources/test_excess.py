"""What is too much to be kept."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from reenact.sources.capture.excess import find_excess

PATHS = st.lists(st.sampled_from(["a", "b", "data", "src"]), min_size=1, max_size=4).map("/".join)


def test_the_data_goes_and_the_code_beside_it_stays() -> None:
    sizes = {f"src/data/images/{number}": 10 for number in range(20)} | {"src/train.py": 3, "src/data/load.py": 2}
    assert find_excess(sizes, 100) == ("src/data/images/",)
    assert find_excess(sizes, 205) == ()


def test_files_at_the_top_have_no_folder_to_be_named_by() -> None:
    assert find_excess({"a": 100, "b": 100}, 50) == ()


@given(sizes=st.dictionaries(PATHS, st.integers(0, 100)), most=st.integers(0, 300))
def test_what_is_left_is_not_too_much(sizes: dict[str, int], most: int) -> None:
    folders = find_excess(sizes, most)
    left = {path: size for path, size in sizes.items() if not path.startswith(folders)} if folders else sizes
    assert sum(left.values()) <= most or not any("/" in path for path, size in left.items() if size)
    assert folders == () or sum(sizes.values()) > most
