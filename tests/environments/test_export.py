"""Lock files read, compared and said in the words of other tools."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from cyclonedx.exception import MissingOptionalDependencyException
from cyclonedx.schema import SchemaVersion

from reenact.environments.comparison import Account, Change, compare, explain
from reenact.environments.export import FORMATS, Exported, make_export, render
from reenact.environments.packages import Package, list_packages
from reenact.environments.python.default_index import name_index
from reenact.errors import RecordError, UnsupportedError, UsageError
from reenact.plan import EnvironmentLock, PythonSpec, SystemSpec
from reenact.world import World
from tests.environments.python.test_python import ask, make

PYLOCK = """\
lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "ours"
directory = { path = "../../trees/abc" }

[[packages]]
name = "six"
version = "1.16.0"
index = "https://index.example/simple"
marker = "python_version >= '3'"
sdist = { url = "https://files.example/six-1.16.0.tar.gz", hashes = { sha256 = "aa" } }
wheels = [{ url = "https://files.example/six-1.16.0-py3-none-any.whl", hashes = { sha256 = "bb" } }]

[[packages]]
name = "tool"
vcs = { type = "git", url = "https://git.example/tool", commit-id = "123", subdirectory = "py" }

[[packages]]
name = "wheel"
version = "2"
archive = { url = "https://files.example/wheel-2.whl", hashes = { sha256 = "cc" } }
"""
PIXI = """\
version: 6
environments:
  default: {}
packages:
- conda: https://channels.example/conda-forge/linux-64/libfoo-1.2-h1_0.conda
  sha256: dd
  md5: ee
- conda: file:///channel/noarch/py-thing-2.0-pyh_1.tar.bz2
  sha256: ff
- pypi: https://files.example/six-1.16.0-py3-none-any.whl
  name: six
  version: 1.16.0
  sha256: bb
"""
CREATED = "2026-11-23T06:00:00.000000Z"


def export(text: str, kind: str = "python", **more: Any) -> Exported:
    lock = EnvironmentLock(kind, text, "3.11.7", platform="linux-x86_64-glibc2.36")._replace(**more)
    return make_export("wine quality", "0123abc", CREATED, lock)


def test_a_python_lock_is_read() -> None:
    ours, six, tool, wheel = list_packages(PYLOCK)
    assert (ours.direct, ours.version) == ("../../trees/abc", "")
    assert six == Package(
        "six",
        "1.16.0",
        "https://index.example/simple",
        hashes=("sha256:bb", "sha256:aa"),
        marker="python_version >= '3'",
    )
    assert tool.direct == "git+https://git.example/tool@123#subdirectory=py"
    assert (wheel.direct, wheel.origin) == ("https://files.example/wheel-2.whl",) * 2


def test_a_conda_lock_is_read() -> None:
    libfoo, thing, six = list_packages(PIXI)
    assert (libfoo.name, libfoo.version, libfoo.build) == ("libfoo", "1.2", "h1_0")
    assert libfoo.origin == "https://channels.example/conda-forge/linux-64"
    assert (thing.name, thing.kind) == ("py-thing", "conda")
    assert (six.name, six.version, six.kind) == ("six", "1.16.0", "pypi")


@pytest.mark.parametrize("text", ["packages = 3", "[[packages]]\nversion = '1'", "version: 6\npackages: [{conda: x}]"])
def test_a_damaged_lock_is_an_error(text: str) -> None:
    with pytest.raises(RecordError, match="damaged"):
        list_packages(text)


def test_requirements_have_every_hash() -> None:
    text = render(export(PYLOCK, options=("--extra-index-url https://other.example/simple", "--pre")), "requirements")
    assert text.splitlines()[1:] == [
        "--extra-index-url https://other.example/simple",
        "../../trees/abc",
        "six==1.16.0 ; python_version >= '3' \\",
        "    --hash=sha256:bb \\",
        "    --hash=sha256:aa",
        "tool @ git+https://git.example/tool@123#subdirectory=py",
        "wheel @ https://files.example/wheel-2.whl \\",
        "    --hash=sha256:cc",
    ]


def test_a_conda_file_has_exact_builds() -> None:
    found = yaml.safe_load(render(export(PIXI, "conda", variables={"A": 'b "c"'}), "environment.yml"))
    assert found == {
        "name": "wine quality",
        "channels": ["https://channels.example/conda-forge", "file:///channel"],
        "dependencies": ["libfoo=1.2=h1_0", "py-thing=2.0=pyh_1", "pip", {"pip": ["six==1.16.0"]}],
        "variables": {"A": 'b "c"'},
    }
    python = yaml.safe_load(render(export(PYLOCK), "environment.yml"))
    assert python["dependencies"][:2] == ["python=3.11.7", "pip"]


def test_a_dockerfile_stands_alone() -> None:
    text = render(export(PYLOCK, variables={"GREETING": "a $b"}), "dockerfile")
    assert "\nFROM python:3.11.7\n" in text
    assert "    --hash=sha256:bb" in text
    assert 'ENV GREETING="a \\$b"\n' in text
    conda = render(export(PIXI, "conda"), "dockerfile")
    assert "https://channels.example/conda-forge/linux-64/libfoo-1.2-h1_0.conda#ee" in conda


def test_a_bill_of_materials_is_the_same_every_time() -> None:
    text = render(export(PIXI, "conda"), "cyclonedx")
    assert render(export(PIXI, "conda"), "cyclonedx") == text
    bom = json.loads(text)
    assert bom["specVersion"] == "1.6"
    assert {each["purl"] for each in bom["components"]} == {
        "pkg:conda/libfoo@1.2?build=h1_0",
        "pkg:conda/py-thing@2.0?build=pyh_1",
        "pkg:pypi/six@1.16.0",
    }
    assert [each["hashes"] for each in bom["components"] if each["name"] == "six"] == [
        [{"alg": "SHA-256", "content": "bb"}]
    ]


def test_what_cannot_be_exported_is_said() -> None:
    with pytest.raises(UnsupportedError, match="cannot name conda packages"):
        render(export(PIXI, "conda"), "pylock")
    with pytest.raises(UsageError, match="choose one of pylock"):
        render(export(PYLOCK), "spdx")
    with pytest.raises(UnsupportedError, match="no lock"):
        export("")
    assert export(PYLOCK).local == ("ours",)


def test_the_command_line_knows_every_format() -> None:
    from reenact.cli.env import export as verb

    assert tuple(FORMATS) == verb.FORMATS


def test_pip_and_uv_install_from_the_export(project_dir: Path, world: World, wheels: Path, tmp_path: Path) -> None:
    import uv

    found, _ = make(ask(["needy", "tiny<2"], project_dir, world, wheels), project_dir, world)
    requirements = tmp_path / "requirements.txt"
    exported = make_export("p", "1", CREATED, found._replace(options=("--no-index", f"--find-links {wheels}")))
    requirements.write_text(render(exported, "requirements"))
    # Both are files, and so direct; their hashes hold all the same.
    folder = tmp_path / "other"
    subprocess.run([uv.find_uv_bin(), "venv", "-q", "--python", sys.executable, folder], check=True)
    install = (uv.find_uv_bin(), "pip", "install", "-q", "--python", str(folder), "--no-deps", "-r", str(requirements))
    subprocess.run(install, check=True, cwd=next(world.home.locks.iterdir()))
    said = subprocess.run([folder / "bin/tiny-version"], capture_output=True, text=True, check=True)
    assert said.stdout == "1.0\n"
    validator = pytest.importorskip("cyclonedx.validation.json").JsonStrictValidator(SchemaVersion.V1_6)
    try:
        problem = validator.validate_str(render(exported, "cyclonedx"))
    except MissingOptionalDependencyException:
        return
    assert problem is None


def account(spec: PythonSpec | SystemSpec, *packages: Package, key: str = "k", **settings: str) -> Account:
    return Account(spec, settings, key, EnvironmentLock("python", "", "3.11.7", "/usr/bin/python"), packages)


def test_equal_environments_have_no_changes() -> None:
    one = account(PythonSpec(dependencies=("tiny",)), Package("tiny", "1"))
    assert compare(one, one) == ()
    noted = one._replace(spec=PythonSpec(dependencies=("tiny",), notes=("said",), origin="elsewhere"))
    assert compare(one, noted) == ()


def test_every_line_that_changed_is_named() -> None:
    old = account(
        PythonSpec(python="3.11", dependencies=("tiny<2", "gone"), options=("--pre",), local={"pkg": "aa"}),
        Package("tiny", "1.0", hashes=("sha256:aa",)),
        Package("same", "1", hashes=("sha256:aa",)),
        Package("gone", "1"),
        UV_INDEX="https://one.example",
    )
    new = account(
        PythonSpec(python="3.12", dependencies=("tiny", "needy"), local={"pkg": "bb"}),
        Package("tiny", "2.0", hashes=("sha256:bb",)),
        Package("same", "1", hashes=("sha256:cc",)),
        Package("needy", "1"),
        key="other",
        UV_INDEX="https://two.example",
    )
    new = new._replace(lock=new.lock._replace(python="3.12.1", platform="linux-aarch64"))
    assert compare(old, new) == (
        Change("asked", "Python", "3.11", "3.12"),
        Change("asked", "requirement", "tiny<2", "tiny"),
        Change("asked", "requirement", None, "needy"),
        Change("asked", "requirement", "gone", None),
        Change("asked", "option", "--pre", None),
        Change("asked", "local code pkg", "aa", "bb"),
        Change("asked", "setting UV_INDEX", "https://one.example", "https://two.example"),
        Change("asked", "platform", "", "linux-aarch64"),
        Change("resolved", "Python", "3.11.7", "3.12.1"),
        Change("resolved", "gone", "1", None),
        Change("resolved", "needy", None, "1"),
        Change("resolved", "same", "1, its files", "1, other files or hashes"),
        Change("resolved", "tiny", "1.0", "2.0"),
    )


def test_settings_in_files_and_the_order_of_lines() -> None:
    old = account(PythonSpec(dependencies=("a", "b")))._replace(settings={"/etc/uv/uv.toml": "x = 1\ny = 2\n"})
    new = account(PythonSpec(dependencies=("b", "a")))._replace(settings={"/etc/uv/uv.toml": "x = 1\ny = 3\n"})
    assert compare(old, new) == (
        Change("asked", "order of the requirements", "a, b", "b, a"),
        Change("asked", "/etc/uv/uv.toml", "y = 2", None),
        Change("asked", "/etc/uv/uv.toml", None, "y = 3"),
    )


def test_settings_of_a_project_are_compared_below_their_names() -> None:
    def asked(**settings: object) -> Account:
        return account(PythonSpec(settings=settings))

    old = asked(sources={"lib": {"path": "lib"}, "torch": [{"index": "cpu"}]}, **{"constraint-dependencies": ["a<1"]})
    new = asked(sources={"torch": [{"index": "cu126"}]}, index=[{"url": "https://h/s"}], prerelease="allow")
    assert compare(old, new) == (
        Change("asked", "settings constraint-dependencies", "a<1", None),
        Change("asked", "settings index", None, '{"url": "https://h/s"}'),
        Change("asked", "settings prerelease", None, "allow"),
        Change("asked", "settings sources lib path", "lib", None),
        Change("asked", "settings sources torch", None, '{"index": "cu126"}'),
        Change("asked", "settings sources torch", '{"index": "cpu"}', None),
    )


def test_the_reason_in_a_sentence() -> None:
    one, two = account(SystemSpec()), account(PythonSpec(), key="other")
    asked, resolved = (Change("asked", "a", "1", "2"),), (Change("resolved", "a", "1", "2"),)
    assert explain(None, one, (), made=True).startswith("made: no run of this project")
    assert explain(one, one, (), made=False) == "found made: it is that of the run before"
    assert explain(one, one, (), made=True).startswith("made again: nothing changed")
    assert explain(one, two, asked, made=True) == "made: what is asked for changed"
    assert explain(one, two, asked, made=False) == "found made: what is asked for changed"
    assert "resolved anew" in explain(one, two, resolved, made=True)


def test_the_index_of_what_is_downloaded_is_named() -> None:
    index = "https://index.example/simple"
    ours = '[[packages]]\nname = "six"\nversion = "1"\nwheels = [{ url = "https://files.example/six.whl" }]\n'
    named = ours.replace('version = "1"\n', f'version = "1"\nindex = "{index}"\n')
    assert name_index(ours, index) == named
    assert name_index(named, index) == named
    for other in ('wheels = [{ path = "six.whl" }]', 'directory = { path = "six" }', 'archive = { url = "https://x" }'):
        text = ours.replace('wheels = [{ url = "https://files.example/six.whl" }]', other)
        assert name_index(text, index) == text
    several = ours.replace("wheels = [{", 'marker = "a"\nwheels = [\n    {') + "\n" + ours
    assert name_index(several, index).count(index) == 2
