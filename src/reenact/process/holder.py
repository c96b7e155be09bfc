"""Who holds a run's ``alive`` lock, written into the lock file: whom to signal, and how to know that it is still he."""

import os
from pathlib import Path

from reenact.codec import decode, encode
from reenact.process.members import find_process
from reenact.process.signals import in_main_thread
from reenact.values import NamedTuple


class Holder(NamedTuple):
    """A process that carries a run out.

    ``born`` tells it from a later process of the same number. ``listens`` says that a signal to it reaches the
    command; where it does not (a thread of somebody's program), ``group`` is the command's own, once there is one.
    """

    pid: int
    born: str
    host: str
    listens: bool
    group: int | None = None
    group_born: str = ""


def describe_self(group: int | None = None) -> Holder:
    """This process, and the process group of the command that it supervises."""
    return Holder(
        pid=os.getpid(),
        born=find_birth(os.getpid()),
        host=os.uname().nodename,
        listens=in_main_thread(),
        group=group,
        group_born="" if group is None else find_birth(group),
    )


def find_birth(pid: int) -> str:
    """When the process began, in the system's own words; empty if there is no such process."""
    process = find_process(pid)
    return "" if process is None else process.born


def write_holder(descriptor: int, holder: Holder) -> None:
    """Put it into the open lock file, in one write. The file must keep its identity, so it is not replaced."""
    text = encode(holder)
    os.pwrite(descriptor, text, 0)
    os.ftruncate(descriptor, len(text))


def read_holder(path: Path) -> Holder | None:
    """What the lock file says; None while it says nothing yet."""
    try:
        return decode(Holder, path.read_bytes())
    except (FileNotFoundError, ValueError):
        return None
