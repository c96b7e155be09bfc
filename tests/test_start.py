"""What a start may cost, told by what it imports: times differ from machine to machine, modules do not."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest

from reenact.cli import main
from reenact.environments.python.uv import find_uv
from reenact.report import Silence
from reenact.sources.capture.memo import find_memo
from reenact.world import make_world

NEVER = {
    "argparse",
    "ast",
    "asyncio",
    "dataclasses",
    "difflib",
    "dotenv",
    "hashlib",
    "gettext",
    "inspect",
    "json",
    "locale",
    "logging",
    "platform",
    "shlex",
    "shutil",
    "socket",
    "tempfile",
    "urllib.request",
    "uuid",
    "yaml",
    "reenact.backends.local",
    "reenact.cli.complete",
    "reenact.data.inputs",
    "reenact.data.outputs",
    "reenact.downloads.web",
    "reenact.environments.python.build",
    "reenact.environments.python.resolve",
    "reenact.environments.python.uv",
    "reenact.process.detach",
    "reenact.process.tool",
    "reenact.project.data_keys",
    "reenact.project.data_paths",
    "reenact.project.document",
    "reenact.project.lints",
    "reenact.project.mlproject",
    "reenact.project.yaml_reader",
    "reenact.recorder",
    "reenact.sources.archive",
    "reenact.trace",
}
"""What no warm run of a plain folder needs."""

if sys.version_info < (3, 12):
    # From then on pathlib itself makes use of it.
    NEVER |= {"re._compiler"}

if sys.version_info < (3, 14):
    # From then on our values are typing's own.
    NEVER |= {"typing"}


def modules_after(*argv: str) -> set[str]:
    """What a process that obeys this command line has imported at its end."""
    script = (
        "import sys\nfrom reenact.__main__ import SELDOM, put_off\n"
        "for name, functions in SELDOM.items(): put_off(name, *functions)\n"
        f"from reenact.cli import main\nmain({list(argv)!r})\n"
        "print(*(name for name, module in sys.modules.items() if type(module).__name__ != '_Later'))"
    )
    # -I -S: nothing of the machine's own start-up files.
    path = f"import sys; sys.path[:0] = {sys.path!r}\n"
    done = subprocess.run([sys.executable, "-IS", "-c", path + script], capture_output=True, text=True, check=True)
    return set(done.stdout.splitlines()[-1].split())


def warm_up(folder: Path, *options: str) -> None:
    """Run the project until all is there, and its files are as they are for so long that no look need read them."""
    memo = find_memo(folder.resolve(), make_world(Silence()))
    assert main(["run", str(folder), "-q", *options]) == 0
    while memo.find_known() is None:
        assert main(["run", str(folder), "-q", *options]) == 0


@pytest.fixture
def warm(project_dir: Path) -> Path:
    (project_dir / "MLproject").write_text("entry_points:\n  main: {command: 'true'}\n")
    warm_up(project_dir, "--env-manager", "system")
    return project_dir


def test_a_warm_run_imports_what_it_needs(warm: Path) -> None:
    imported = modules_after("run", str(warm), "-q", "--env-manager", "system")
    assert "reenact.worker" in imported
    assert not imported & NEVER


def test_a_warm_run_of_a_uv_lock_imports_what_it_needs(warm: Path) -> None:
    (warm / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n')
    subprocess.run([find_uv(), "lock", "--quiet", "--offline", "--directory", str(warm)], check=True)
    warm_up(warm)
    imported = modules_after("run", str(warm), "-q")
    assert "reenact.environments.python.stale_lock" in imported
    assert (imported & (NEVER | {"copy", "tomllib"})) == set()


def test_its_values_are_quick_to_define(warm: Path) -> None:
    """DESIGN.md, "A warm start is mostly imports", says why: from reenact.values import NamedTuple, not from typing."""
    names = [name for name in modules_after("run", str(warm), "-q", "--env-manager", "system") if "reenact." in name]
    sources = {name: Path(str(sys.modules[name].__file__)).read_text() for name in names if name in sys.modules}
    assert len(sources) > 40
    slow = [name for name, text in sources.items() if re.search(r"from typing import .*\bNamedTuple\b", text)]
    assert slow == ["reenact.values"]


def test_a_module_that_was_put_off_is_there_when_it_is_used() -> None:
    script = (
        "import sys\nfrom reenact.__main__ import put_off\nput_off('ipaddress')\nimport ipaddress, urllib.parse\n"
        "print(type(ipaddress).__name__)\n"
        "print(urllib.parse.urlsplit('http://[::1]:80/').hostname, sys.modules['ipaddress'].__file__ is not None)\n"
        "from ipaddress import ip_address\nprint(ip_address('::1') == ipaddress.ip_address('::1'))\n"
        "put_off('ipaddress')\nprint(sys.modules['ipaddress'].ip_address is ip_address)\n"
        "try: urllib.parse.urlsplit('http://[1]/')\nexcept ValueError as problem: print(problem)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == [
        "_Later",
        "::1 True",
        "True",
        "True",
        "'1' does not appear to be an IPv4 or IPv6 address",
    ]


def test_a_function_of_a_module_that_was_put_off_can_be_taken_from_it_before() -> None:
    script = (
        "import sys\nfrom reenact.__main__ import put_off\nput_off('urllib.parse', 'quote_from_bytes')\n"
        "from pathlib import Path\nimport urllib.parse as later\nimport urllib.parse\n"
        "print(type(later).__name__, urllib.parse is later)\n"
        "print(Path('/a b').as_uri(), type(sys.modules['urllib.parse']).__name__)\n"
        "print(later.unquote('a%20b'), urllib.parse.unquote('a%20b'), urllib.parse is sys.modules['urllib.parse'])\n"
        "from urllib.parse import urlsplit\nprint(urlsplit('http://a/b').netloc)\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["_Later True", "file:///a%20b module", "a b a b True", "a"]


def test_a_package_that_was_put_off_has_its_modules() -> None:
    script = (
        "import sys\nfrom reenact.__main__ import put_off\n"
        "for name in [name for name in sys.modules if name.partition('.')[0] == 're']: del sys.modules[name]\n"
        "put_off('re')\nimport re\nprint(type(sys.modules['re']).__name__)\n"
        "import re._parser\nprint(re._parser.parse('a')[0][1] == ord('a'), re.sub('a', 'b', 'xa'))\n"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines() == ["_Later", "True xb"]


def test_help_imports_next_to_nothing() -> None:
    imported = modules_after("--help")
    assert not imported & (NEVER - {"argparse", "gettext", "locale", "re._compiler", "shutil"})
    assert not imported & {"sqlite3", "subprocess", "reenact.api", "reenact.plan", "blake3"}
