"""What ``conda activate`` would set, found once when an environment is made and kept as data.

The packages' ``etc/conda/env_vars.d`` and ``activate.d`` scripts are carried out once, without the caller's own
variables: a script that puts something before an inherited value finds none.
"""

from __future__ import annotations

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from reenact.errors import BuildError
from reenact.process.tool import run_tool
from reenact.values import NamedTuple
from reenact.world import World

SYSTEM_PATH = "/usr/local/bin:/usr/bin:/bin"
PASSED = ("HOME", "USER", "LOGNAME", "LANG", "LC_ALL", "TMPDIR", "TZ")
NOT_OURS = frozenset({"PATH", "PWD", "OLDPWD", "SHLVL", "_", "CONDA_PREFIX", "CONDA_SHLVL", "CONDA_DEFAULT_ENV"})
"""What every shell sets, and what is set whenever the environment is entered."""


class Activation(NamedTuple):
    """Variables that the environment's packages set, and folders that they put before its own programs."""

    variables: Mapping[str, str] = {}
    programs: tuple[str, ...] = ()


def find_activation(prefix: Path, world: World, keep_open: Sequence[int] = ()) -> Activation:
    """What the packages in ``prefix`` set on activation; nothing is started where they set nothing.

    Raises:
        BuildError: there is no bash to carry out their scripts with.
    """
    brought = [prefix / "etc" / "conda" / "activate.d", prefix / "etc" / "conda" / "env_vars.d"]
    if not any(any(folder.iterdir()) for folder in brought if folder.is_dir()):
        return Activation()
    from reenact.environments.conda.rattler_api import render_activation

    environ = {name: world.environ[name] for name in PASSED if name in world.environ}
    environ |= {"PATH": SYSTEM_PATH, "CONDA_DEFAULT_ENV": str(prefix)}
    dump = f"{shlex.quote(str(find_env()))} -0"
    # What a script prints belongs to no one; what follows the mark is ours.
    script = f"{{ {render_activation(prefix)}\n}} >&2\n{dump}"
    try:
        result = run_tool(("bash", "--norc", "-c", script), environ=environ, cwd=prefix, keep_open=keep_open)
    except FileNotFoundError as problem:
        raise BuildError("bash is needed to activate this environment", hint="install bash") from problem
    if not result.ok:
        last = "\n".join(f"  bash: {line}" for line in result.errors.splitlines()[-20:])
        raise BuildError(f"activating the environment failed: a script of its packages ended it\n{last}")
    return read_activation(result.output, environ, prefix)


def read_activation(dump: str, before: Mapping[str, str], prefix: Path) -> Activation:
    """What changed between the variables ``before`` and those in ``dump`` (``env -0``)."""
    after = dict(entry.split("=", 1) for entry in dump.split("\0") if "=" in entry)
    variables = {name: value for name, value in after.items() if name not in NOT_OURS and before.get(name) != value}
    own = f"{prefix}/bin"
    known = {own, *before.get("PATH", "").split(":")}
    programs = [entry for entry in after.get("PATH", "").split(":") if entry and entry not in known]
    return Activation(variables, tuple(dict.fromkeys(programs)))


def find_env() -> Path:
    """The system's ``env``, whatever the scripts make of the path."""
    return next((path for path in map(Path, ("/usr/bin/env", "/bin/env")) if path.exists()), Path("env"))
