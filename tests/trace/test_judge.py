"""What is news of all that was seen."""

from __future__ import annotations

from pathlib import Path

import pytest

from reenact.trace.events import Event, read_hook_events, unescape
from reenact.trace.judge import judge
from reenact.trace.noise import Surroundings, find_source, list_program_folders
from reenact.trace.record import Contact, Trace

AROUND = Surroundings(
    code={"/p"},
    left_out={"/p/large.bin", "/p/ignored"},
    declared={"/p/ignored/in.csv", "/data/set"},
    outputs={"/p/out", "/run"},
    known={"/home/environments", "/run"},
    temporary={"/tmp"},
)


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/p/train.py", True),
        ("/p/data/kept.csv", True),
        ("/p/large.bin", False),
        ("/p/ignored/other.csv", False),
        ("/p/ignored/in.csv", True),
        ("/p/ignored/__pycache__/m.cpython-311.pyc", False),
        ("/p/__pycache__/train.cpython-311.pyc", True),
        ("/data/set/x/y", True),
        ("/data/settings", False),
        ("/home/environments/e/lib/x", True),
        ("/home/runs/other/artifacts/model", False),
        ("/usr/lib/x.so", True),
        ("/etc/ssl/certs/ca.pem", True),
        ("/proc/self/stat", True),
        ("/opt/py/lib/python3.12/json/__init__.py", True),
        ("/opt/env/lib/site-packages/numpy/x.so", True),
        ("/users/me/.cache/matplotlib/fontlist.json", True),
        ("/users/me/.cache/huggingface/data", False),
        ("/tmp/data.csv", False),
        ("/elsewhere/module.py", False),
    ],
)
def test_what_may_be_read(path: str, known: bool) -> None:
    assert AROUND.explains_reading(path) is known


@pytest.mark.parametrize(
    ("path", "known"),
    [
        ("/p/out/x", True),
        ("/p/other", False),
        ("/p/__pycache__/m.cpython-311.pyc", True),
        ("/p/__pycache__/m.cpython-311.pyc.12345", True),
        ("/tmp/x", True),
        ("/run/artifacts/m", True),
        ("/dev/null", True),
        ("/p/mlruns/0/meta.yaml", True),
        ("/data/set/x", False),
        ("/users/me/x", False),
    ],
)
def test_what_may_be_written(path: str, known: bool) -> None:
    assert AROUND.explains_writing(path) is known


def test_a_project_among_temporary_files_is_a_project() -> None:
    around = AROUND._replace(code={"/tmp/p"}, left_out={"/tmp/p/data"}, outputs=set())
    assert not around.explains_writing("/tmp/p/x")
    assert around.explains_reading("/tmp/p/x")
    assert not around.explains_reading("/tmp/p/data/x")


def test_what_an_image_has_is_no_news() -> None:
    around = AROUND._replace(visible={"/mnt/v"})
    assert around.explains_reading("/weights/model.bin")
    assert not around.explains_reading("/mnt/v/x")
    assert not around.explains_reading("/p/large.bin")


def test_byte_code_stands_for_its_module() -> None:
    assert find_source("/a/__pycache__/m.cpython-311.pyc") == "/a/m.py"
    assert find_source("/a/__pycache__/m.cpython-311.opt-1.pyc") == "/a/m.py"
    assert find_source("/a/m.pyc") == "/a/m.pyc"


def test_programs_bring_files_along() -> None:
    assert list_program_folders("/a/bin::rel:/b")[:2] == ["/a/bin", "/a/lib"]


def seen(*events: tuple[str, ...]) -> list[Event]:
    return [Event(at, kind, tuple(fields)) for at, (kind, *fields) in enumerate(events)]


def judged(*events: tuple[str, ...]) -> Trace:
    return judge("python", seen(*events), AROUND, str)


def test_what_the_command_made_itself_is_no_news(tmp_path: Path) -> None:
    made = str(tmp_path / "made")
    Path(made).touch()
    around = AROUND._replace(temporary=set())
    events = seen(("r", "/x"), ("w", "/x"), ("w", "/y"), ("r", "/y"), ("b", "/z"), ("m", "/q", "/r"), ("r", "/r"))
    trace = judge("python", [*events, *seen(("w", made), ("w", "/gone"))], around, str)
    assert trace.read == ("/x", "/z")
    assert trace.written == (made,)


def test_what_lies_in_a_folder_of_its_own_making_is_no_news() -> None:
    assert judged(("r", "/d/a"), ("w", "/d"), ("r", "/d/b"), ("m", "/d", "/e"), ("r", "/e/b")).read == ("/d/a",)


def test_each_is_told_once_and_in_order() -> None:
    trace = judged(
        ("P", "/bin/python", "/usr"),
        ("r", "/b/../b/x"),
        ("r", "/a"),
        ("r", "/b/x"),
        ("r", "/m/__pycache__/n.cpython-312.pyc"),
        ("r", "/m/n.py"),
        ("p", "/usr/bin/gcc"),
        ("p", "python3.12"),
        ("p", "gcc"),
        ("c", "10.0.0.1", "443", "host.example"),
        ("c", "10.0.0.1", "443", "other.example"),
        ("c", "10.0.0.1", "443", ""),
        ("c", "\0abstract", "", ""),
    )
    assert trace == Trace(
        "python",
        1,
        ("/b/x", "/a", "/m/n.py"),
        (),
        (Contact("10.0.0.1", 443, ("host.example", "other.example")), Contact("@abstract", 0)),
        ("gcc",),
    )


def test_lines_are_read_back(tmp_path: Path) -> None:
    (tmp_path / "1").write_bytes(b"r\t20\t/a\\nb\\\\n\\t\nw\t10\t/c\nr\t30\t/cut sho")
    (tmp_path / "2").write_bytes(b"\x00\xff\nr\tx\t/a\nr\t5\n\nr\t15\t/\xff\n")
    (tmp_path / "hook").mkdir()
    assert read_hook_events(tmp_path) == [
        Event(10, "w", ("/c",)),
        Event(15, "r", ("/\udcff",)),
        Event(20, "r", ("/a\nb\\n\t",)),
    ]
    assert unescape(b"\\\\\\n") == b"\\\n"
