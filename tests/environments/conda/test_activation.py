"""What activation sets, read from what the shell had before and after."""

from __future__ import annotations

from pathlib import Path

from reenact.environments.conda.activation import Activation, read_activation

PREFIX = Path("/env")
BEFORE = {"PATH": "/usr/bin:/bin", "HOME": "/home/me", "CONDA_DEFAULT_ENV": "/env"}


def read(**after: str) -> Activation:
    dump = "".join(f"{name}={value}\0" for name, value in {**BEFORE, **after}.items())
    return read_activation(dump, BEFORE, PREFIX)


def test_what_was_there_before_is_not_ours() -> None:
    assert read(PATH="/env/bin:/usr/bin:/bin", SHLVL="1", _="/usr/bin/env", CONDA_SHLVL="1") == Activation()


def test_new_and_changed_variables_are() -> None:
    assert read(GDAL_DATA="/env/share/gdal", HOME="/else").variables == {
        "GDAL_DATA": "/env/share/gdal",
        "HOME": "/else",
    }


def test_a_value_may_hold_anything_but_nul() -> None:
    assert read(LINES="a=b\nc='d' ${e}").variables == {"LINES": "a=b\nc='d' ${e}"}


def test_folders_that_scripts_put_before_the_programs() -> None:
    found = read(PATH="/env/x/bin:/env/y:/env/bin:/env/x/bin:/usr/bin:/bin:")
    assert found.programs == ("/env/x/bin", "/env/y")
