from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.process.handed import HANDED, handing

SIZES = (0, 1, 1 << 20)


@pytest.mark.parametrize("size", SIZES)
def test_a_program_reads_it_as_a_file(size: int) -> None:
    text = os.urandom(size)
    with handing(("cat", HANDED), text) as (argv, descriptors):
        assert argv == ("cat", f"/dev/fd/{descriptors[0]}")
        assert subprocess.run(argv, pass_fds=descriptors, stdout=subprocess.PIPE, check=True).stdout == text


@pytest.mark.parametrize("size", SIZES)
def test_who_was_started_reads_it_after_we_have_let_go(size: int) -> None:
    text = os.urandom(size)
    code = "import sys; sys.stdin.read(); sys.stdout.buffer.write(open(sys.argv[1], 'rb').read())"
    with handing((sys.executable, "-c", code, HANDED), text) as (argv, descriptors):
        child = subprocess.Popen(argv, pass_fds=descriptors, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    with pytest.raises(OSError, match="Bad file descriptor"):
        os.fstat(descriptors[0])
    assert child.communicate()[0] == text


def test_nothing_is_opened_for_nothing(tmp_path: Path) -> None:
    with handing(("true", "handed", str(tmp_path)), b"") as (argv, descriptors):
        assert argv == ("true", "handed", str(tmp_path))
        assert descriptors == ()
