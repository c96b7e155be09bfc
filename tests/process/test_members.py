"""Whose process is whose."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from reenact.process import members
from reenact.process.members import Command, find_members, find_process, list_processes, parse_time
from tests.process.running import eventually


def test_what_proc_says_is_what_ps_says() -> None:
    with subprocess.Popen(["sleep", "100"]) as child:
        try:
            assert eventually(lambda: b"sleep" in members._run_ps("-o", "comm=", "-p", str(child.pid)))
            here = find_process(child.pid)
            (there,) = members._ask_ps("-p", str(child.pid))
            assert here is not None
            assert (here.pid, here.parent, here.group) == (there.pid, there.parent, there.group)
            assert not here.ended and not there.ended
            assert here.memory == pytest.approx(there.memory, rel=0.5, abs=1 << 20)
        finally:
            child.kill()


def test_a_name_with_blanks_and_parentheses() -> None:
    code = "open('/proc/self/comm', 'w').write('a) S 1 (b'); print(flush=True); input()"
    with subprocess.Popen([sys.executable, "-c", code], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        child.stdout.readline()
        process = find_process(child.pid)
        assert process is not None
        assert process.parent == os.getpid()
        child.communicate(b"\n")


def test_a_process_that_is_gone() -> None:
    child = subprocess.Popen(["true"])
    child.wait()
    assert find_process(child.pid) is None


def test_a_young_look_finds_what_a_full_one_finds() -> None:
    child = subprocess.Popen(["bash", "-c", "sleep 100 & setsid sleep 100 & wait"], start_new_session=True)
    command = Command(child.pid, "REENACT_RUN_ID=none")
    try:
        assert eventually(lambda: len(find_members(command)) == 3)
        young, all_of_them = find_members(command, young=True), find_members(command)
        assert {p.pid for p in young} == {p.pid for p in all_of_them}
        assert child.pid in {p.pid for p in list_processes(child.pid)}
    finally:
        for member in find_members(command):
            os.kill(member.pid, 9)
        child.wait()


@pytest.mark.parametrize(
    ("text", "seconds"), [("0:00.25", 0.25), ("01:02", 62), ("00:01:02", 62), ("1-01:00:01", 90001)]
)
def test_cpu_time_as_ps_prints_it(text: str, seconds: float) -> None:
    assert parse_time(text) == seconds


def make_process(pid: int, parent: int) -> members.Process:
    return members.Process(pid, "1", parent, 0, 0, False, 0, 0)


def test_descent_through_any_number_of_generations() -> None:
    table = {pid: make_process(pid, pid - 1) for pid in range(2, 5000)}
    verdicts: dict[int, bool | None] = dict.fromkeys(table)
    verdicts[2] = True
    assert members._follow(table[4999], table, verdicts)
    assert all(verdicts.values())


def test_numbers_that_were_used_again_meanwhile() -> None:
    table = {2: make_process(2, 3), 3: make_process(3, 2)}
    assert not members._follow(table[2], table, dict.fromkeys(table))
