"""What strace says of a command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.trace.strace import make_argv, parse_line, read_strace_events

STRACE = shutil.which("strace")
needs_strace = pytest.mark.skipif(STRACE is None, reason="strace is not here")


def hexed(text: str) -> str:
    return "".join(f"\\x{byte:02x}" for byte in os.fsencode(text))


def parse(text: str) -> list[tuple[str, tuple[str, ...]]]:
    return [(event.kind, event.fields) for event in parse_line(f"1795710816.154343 {text}\n")]


HERE = f"AT_FDCWD<{hexed('/w')}>"


@pytest.mark.parametrize(
    ("line", "expected"),
    [
        (f'openat({HERE}, "{hexed("a")}", O_RDONLY|O_CLOEXEC) = 3<{hexed("/w/a")}>', [("r", ("/w/a",))]),
        (f'openat({HERE}, "{hexed("a")}", O_WRONLY|O_CREAT, 0666) = 3<{hexed("/w/a")}>', [("w", ("/w/a",))]),
        (f'openat({HERE}, "{hexed("a")}", O_RDWR) = 3<{hexed("/w/a")}>', [("b", ("/w/a",))]),
        (f'openat({HERE}, "{hexed("a")}", O_RDWR|O_CREAT|O_TRUNC, 0666) = 3<{hexed("/w/a")}>', [("w", ("/w/a",))]),
        (f'openat({HERE}, "{hexed("a")}", O_RDONLY) = -1 ENOENT (No such file or directory)', []),
        (f'openat({HERE}, "{hexed(".")}", O_RDONLY|O_DIRECTORY) = 3<{hexed("/w")}>', []),
        (f'openat({HERE}, "{hexed("/dev/null")}", O_RDONLY) = 3<{hexed("/dev/null")}<char 1:3>>', []),
        (f'openat({HERE}, "{hexed("a")}", O_RDONLY) = 3<pipe:[123]>', []),
        (f'creat("{hexed("/x")}", 0666) = 3<{hexed("/x")}>', [("w", ("/x",))]),
        (f'execve("{hexed("/bin/a")}", ["{hexed("a")}"], 0x7f /* 3 vars */) = 0', [("p", ("/bin/a",))]),
        (f'rename("{hexed("/a")}", "{hexed("/b")}") = 0', [("m", ("/a", "/b"))]),
        (f'renameat2({HERE}, "{hexed("a")}", {HERE}, "{hexed("/b")}", 0) = 0', [("m", ("/w/a", "/b"))]),
        (f'linkat({HERE}, "{hexed("a")}", {HERE}, "{hexed("b")}", 0) = 0', [("w", ("/w/b",))]),
        (f'symlinkat("{hexed("a")}", {HERE}, "{hexed("b")}") = 0', [("w", ("/w/b",))]),
        (f'mkdirat({HERE}, "{hexed("d")}", 0777) = 0', [("w", ("/w/d",))]),
        (f'truncate("{hexed("/a")}", 0) = 0', [("b", ("/a",))]),
        (
            f'connect(3<TCP:[1]>, {{sa_family=AF_INET, sin_port=htons(443), sin_addr=inet_addr("{hexed("1.2.3.4")}")}}'
            ", 16) = -1 EINPROGRESS (Operation now in progress)",
            [("c", ("1.2.3.4", "443", ""))],
        ),
        (
            "connect(3<TCPv6:[1]>, {sa_family=AF_INET6, sin6_port=htons(80), sin6_flowinfo=htonl(0), "
            f'inet_pton(AF_INET6, "{hexed("::1")}", &sin6_addr), sin6_scope_id=0}}, 28) = 0',
            [("c", ("::1", "80", ""))],
        ),
        (
            f'connect(3<TCP:[1]>, {{sa_family=AF_INET, sin_port=htons(9), sin_addr=inet_addr("{hexed("1.2.3.4")}")}}'
            ", 16) = -1 ECONNREFUSED (Connection refused)",
            [],
        ),
        (
            f'connect(5<UNIX-STREAM:[1]>, {{sa_family=AF_UNIX, sun_path="{hexed("/run/s")}"}}, 110) = 0',
            [("c", ("/run/s", "", ""))],
        ),
        ("openat(AT_FDCWD, 0x7f, O_RDONLY <unfinished ...>", []),
        ("+++ exited with 0 +++", []),
        ("", []),
    ],
)
def test_a_line_is_read(line: str, expected: list[tuple[str, tuple[str, ...]]]) -> None:
    assert parse(line) == expected


@given(st.text())
def test_no_line_breaks_the_reader(text: str) -> None:
    list(parse_line(text))
    list(parse_line(f"1.000000 openat({text}"))
    list(parse_line(f"1.000000 connect({text}) = 0"))


@given(st.binary(min_size=1).filter(lambda name: b"\0" not in name and b"/" not in name))
def test_any_name_is_read(name: bytes) -> None:
    path = "/w/" + os.fsdecode(name)
    line = f'openat({HERE}, "{hexed(os.fsdecode(name))}", O_RDONLY) = 3<{hexed(path)}>'
    assert parse(line) == [("r", (path,))]


@needs_strace
@pytest.mark.parametrize(("end", "code"), [("exit 7", 7), ("kill -TERM $$", -15), ("kill -KILL $$", -9)])
def test_the_command_ends_as_without_it(tmp_path: Path, end: str, code: int) -> None:
    argv = make_argv(str(STRACE), tmp_path, ("bash", "-c", f"echo out; echo err >&2; {end}"))
    done = subprocess.run(argv, capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (code, "out\n", "err\n")


@needs_strace
def test_every_program_is_seen(tmp_path: Path) -> None:
    traces, work = tmp_path / "traces", tmp_path / "work\n \udcff"
    traces.mkdir()
    work.mkdir()
    (work / "in").write_text("x")
    (work / "child").write_text("y")
    text = f"cat in > out; mv out moved; ({sys.executable} -c 'open(\"child\")' & wait)"
    subprocess.run(make_argv(str(STRACE), traces, ("bash", "-c", text)), cwd=work, check=True)
    wait_for_tracer(traces)
    events = read_strace_events(traces)
    assert {"in", "child"} <= {event.fields[0].removeprefix(f"{work}/") for event in events if event.kind == "r"}
    assert [event.fields for event in events if event.kind == "w" and "out" in event.fields[0]] == [(f"{work}/out",)]
    assert ("m", (f"{work}/out", f"{work}/moved")) in [(event.kind, event.fields) for event in events]


def wait_for_tracer(traces: Path) -> None:
    """Until the tracer, which nobody else waits for, has written all."""
    while any(name.isdecimal() and str(traces) in read_arguments(name) for name in os.listdir("/proc")):
        os.sched_yield()


def read_arguments(pid: str) -> str:
    try:
        return Path("/proc", pid, "cmdline").read_text(errors="replace")
    except OSError:
        return ""
