from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from reenact.world import World
from tests.recorded import make_plan, record_run


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_the_script_for_each_shell(reenact: Callable[..., tuple[int, str, str]], shell: str) -> None:
    code, out, err = reenact("completion", shell)
    assert (code, err) == (0, "")
    assert f"_REENACT_COMPLETE={shell}_complete" in out


def test_an_unknown_shell(reenact: Callable[..., tuple[int, str, str]]) -> None:
    assert reenact("completion", "tcsh")[0] == 2


def complete(line: str, tmp_path: Path) -> list[str]:
    """What a real bash would offer at the end of ``line``."""
    (tmp_path / "bin").mkdir(exist_ok=True)
    program = tmp_path / "bin" / "reenact"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m reenact "$@"\n')
    program.chmod(0o755)
    script = (
        'eval "$(reenact completion bash)"\nread -ra COMP_WORDS <<< "$1"\n'
        '[[ "$1" == *" " ]] && COMP_WORDS+=("")\nCOMP_CWORD=$((${#COMP_WORDS[@]} - 1))\n'
        '_reenact_completion reenact\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    environ = {**os.environ, "PATH": f"{program.parent}:{os.environ['PATH']}"}
    done = subprocess.run(["bash", "-c", script, "bash", line], env=environ, capture_output=True, text=True, check=True)
    return [text for text in done.stdout.split("\n") if text]


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_verbs_options_and_runs(world: World, tmp_path: Path) -> None:
    first = record_run(world)
    second = record_run(world, make_plan(name="best"))
    assert complete("reenact re", tmp_path) == ["reindex"]
    assert "--timestamps" in complete("reenact logs --", tmp_path)
    assert complete("reenact show ", tmp_path) == [second.id[:8], first.id[:8]]
    assert complete(f"reenact show {first.id[:5]}", tmp_path) == [first.id[:8]]
    assert complete("reenact rm zzz", tmp_path) == []
