"""Projects whose environment is in a file that they have anyway: real uv, a real index on loopback."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from reenact import environments
from reenact.document_cache import find_documents
from reenact.environments import Place
from reenact.environments.python.build import list_installed
from reenact.environments.python.uv import find_uv
from reenact.errors import BuildError, ProjectError, UsageError
from reenact.plan import EnvironmentLock, PythonSpec
from reenact.project.environment_files import CONVENTIONS, with_own_environment
from reenact.project.load import get_entry_point, read_project
from reenact.world import World
from tests.environments.conftest import make_wheel, sha256, told, write

PROJECT = """
[project]
name = "ours"
version = "0.1"
requires-python = ">=3.10"
dependencies = ["tiny"]
[project.optional-dependencies]
gpu = ["needy"]
[dependency-groups]
train = ["dateless", {include-group = "more"}]
more = []
dev = ["absent-package"]
"""
PACKAGE = {
    "setup.cfg": "[metadata]\nname = ours\n",
    "ours.py": "answer = 42\n",
    "pyproject.toml": PROJECT + '[build-system]\nrequires = ["setuptools"]\nbuild-backend = "setuptools.build_meta"\n'
    '[tool.setuptools]\npy-modules = ["ours"]\n',
}
BUILT_ALONE = {
    "pyproject.toml": '[project]\nname = "lib"\nversion = "1"\n[build-system]\nrequires = []\n'
    'build-backend = "backend"\nbackend-path = ["."]\n',
    "backend.py": """
import zipfile
def build_wheel(folder, *_, **__):
    with zipfile.ZipFile(f"{folder}/lib-1-py3-none-any.whl", "w") as wheel:
        wheel.writestr("lib.py", "answer = 42")
        wheel.writestr("lib-1.dist-info/METADATA", "Metadata-Version: 2.1\\nName: lib\\nVersion: 1\\n")
        wheel.writestr("lib-1.dist-info/WHEEL", "Wheel-Version: 1.0\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n")
        wheel.writestr("lib-1.dist-info/RECORD", "")
    return "lib-1-py3-none-any.whl"
""",
}
"""Local code that needs nothing of an index to be built."""
LOCKABLE = PROJECT.replace('dev = ["absent-package"]\n', 'dev = ["needy"]\n')


@pytest.fixture
def here(world: World, dated_index: str) -> World:
    """The world with the index on loopback as its only one."""
    return world._replace(environ={**world.environ, "UV_DEFAULT_INDEX": dated_index})


def ask(root: Path, world: World, entry_point: str | None = None) -> PythonSpec:
    project = read_project(root, find_documents(world.home))
    assert not [found for found in project.diagnostics if found.severity == "error"]
    if entry_point is not None:
        project = with_own_environment(project, get_entry_point(project, entry_point, root), root)
    spec = environments.ask(project, root, None, world)
    assert isinstance(spec, PythonSpec)
    return spec


def make(root: Path, world: World, entry_point: str | None = None) -> tuple[EnvironmentLock, Place]:
    found = environments.lock(ask(root, world, entry_point), root, world)
    return found, environments.realise(found, root, world)


def run(place: Place, code: str) -> str:
    argv = [f"{place.path}/bin/python", "-c", code]
    return subprocess.run(argv, capture_output=True, text=True, check=True).stdout.strip()


def installed(place: Place) -> set[str]:
    return set(list_installed(Path(place.path or "")))


def uv(root: Path, world: World, *arguments: str) -> None:
    subprocess.run([find_uv(), *arguments], cwd=root, env=dict(world.environ), check=True, capture_output=True)


def test_uv_lock_is_used_frozen(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": LOCKABLE.replace('"tiny"', '"tiny<2"')})
    uv(project_dir, here, "lock")
    write(project_dir, {"pyproject.toml": LOCKABLE})  # the lock is older, and is what counts
    before = sorted(project_dir.rglob("*"))
    here = here._replace(environ={**here.environ, "UV_LOCKED": "1", "UV_DEV": "1"})
    spec = ask(project_dir, here)
    assert (spec.lock_file, spec.python) == ("uv.lock", ">=3.10")
    _, place = make(project_dir, here)
    assert run(place, "import tiny; print(tiny.version)") == "1.0"
    assert installed(place) == {"tiny"}  # no group that nobody chose, dev neither
    assert sorted(project_dir.rglob("*")) == before


def test_groups_and_extras_are_chosen_in_the_project_file(project_dir: Path, here: World) -> None:
    file = "python_env: {pyproject: ., groups: [train], extras: [gpu]}\n"
    write(project_dir, {"pyproject.toml": LOCKABLE, "MLproject": file})
    unlocked = make(project_dir, here)[1]
    assert installed(unlocked) == {"tiny", "needy", "dateless"}
    uv(project_dir, here, "lock")
    assert installed(make(project_dir, here)[1]) == {"tiny", "needy", "dateless"}


@pytest.mark.parametrize(("chosen", "what"), [("groups: [trian]", "group 'trian'"), ("extras: [cpu]", "extra 'cpu'")])
def test_an_unknown_group_or_extra_is_told(project_dir: Path, here: World, chosen: str, what: str) -> None:
    write(project_dir, {"pyproject.toml": PROJECT, "MLproject": f"python_env: {{pyproject: ., {chosen}}}\n"})
    with pytest.raises(ProjectError, match=f"declares no .*{what}"):
        ask(project_dir, here)


@pytest.mark.parametrize(
    "project", ['[project]\nname = "lib"\ndynamic = ["optional-dependencies"]\nversion = "1"\n', ""]
)
def test_extras_that_only_the_build_system_knows(project_dir: Path, here: World, project: str) -> None:
    build = BUILT_ALONE["pyproject.toml"].partition("[build-system]")[2]
    more = "Provides-Extra: x\\nRequires-Dist: tiny; extra == 'x'\\n"
    backend = BUILT_ALONE["backend.py"].replace("Version: 1\\n", f"Version: 1\\n{more}")
    write(project_dir, {"pyproject.toml": f"{project}[build-system]{build}", "backend.py": backend})
    write(project_dir, {"MLproject": "python_env: {pyproject: ., extras: [x]}\n"})
    assert installed(make(project_dir, here)[1]) == {"lib", "tiny"}


def test_groups_that_the_author_wants_by_default_are_installed(project_dir: Path, here: World) -> None:
    text = LOCKABLE + '[tool.uv]\ndefault-groups = ["train"]\n'
    write(project_dir, {"pyproject.toml": text})
    note = "pyproject.toml: the dependency groups of default-groups are installed: train"
    assert note in ask(project_dir, here).notes
    assert installed(make(project_dir, here)[1]) == {"tiny", "dateless"}
    uv(project_dir, here, "lock")
    assert note in ask(project_dir, here).notes
    assert installed(make(project_dir, here)[1]) == {"tiny", "dateless"}
    write(project_dir, {"MLproject": "python_env: {pyproject: ., groups: [dev]}\n"})
    assert installed(make(project_dir, here)[1]) == {"tiny", "needy"}
    (project_dir / "MLproject").unlink()
    write(project_dir, {"pyproject.toml": LOCKABLE + '[tool.uv]\ndefault-groups = "all"\n'})
    assert ask(project_dir, here).groups == ("train", "more", "dev")


@pytest.mark.parametrize(
    ("group", "line", "message"),
    [
        ('a = [{include-group = "c"}]', 5, "the dependency group 'a' includes 'c', which is not declared"),
        ('a = [{include-group = "a"}]', 5, "the dependency group 'a' includes itself"),
        ('a = []\n[tool.uv]\ndefault-groups = "dev"', 7, "'default-groups' must be a list of groups, or \"all\""),
        ('a = [{other = "x"}]', 5, "'dependency-groups.a' must be a list of requirements"),
    ],
)
def test_a_group_that_cannot_be_is_told_with_its_line(
    project_dir: Path, here: World, group: str, line: int, message: str
) -> None:
    text = f'[project]\nname = "a"\nversion = "1"\n[dependency-groups]\n{group}\n'
    write(project_dir, {"pyproject.toml": text, "MLproject": "python_env: {pyproject: ., groups: [a]}\n"})
    with pytest.raises(ProjectError) as caught:
        ask(project_dir, here)
    assert f"pyproject.toml:{line}:1: error: {message}" in str(caught.value)


SELF = """
[project]
name = "The.Ours"
version = "0.1"
dependencies = ["tiny"]
[project.optional-dependencies]
all = ["the_ours[one, Two]", "the-ours[all]"]
one = ["needy ; python_version > '3'"]
two = ["The-Ours[three] ; python_version > '3.1'"]
three = ["dateless"]
[dependency-groups]
dev = ["the.ours[one]; python_version < '3'", "the.ours [two]"]
"""


@pytest.mark.parametrize("built", [False, True])
def test_extras_of_the_project_itself(project_dir: Path, here: World, built: bool) -> None:
    build = BUILT_ALONE["pyproject.toml"].partition("[build-system]")[2].replace('"backend"', '"lib_backend"')
    write(project_dir, {"pyproject.toml": SELF + (f"[build-system]{build}" if built else "")})
    file = "python_env: {pyproject: ., %s}\n"
    write(project_dir, {"MLproject": file % "extras: [all]"})
    itself = (".[all]",) if built else ()
    three = "dateless ; python_version > '3.1'"
    assert ask(project_dir, here).dependencies == ("tiny", "needy ; python_version > '3'", three, *itself)
    write(project_dir, {"MLproject": file % "groups: [dev]"})
    one = "needy ; (python_version > '3') and (python_version < '3')"
    assert ask(project_dir, here).dependencies == ("tiny", one, three, *((".",) if built else ()))
    if not built:
        assert installed(make(project_dir, here)[1]) == {"tiny", "dateless"}
        uv(project_dir, here, "lock")
        assert installed(make(project_dir, here)[1]) == {"tiny", "dateless"}


MEMBER = """
[project]
name = "The.Member"
version = "1"
dependencies = ["tiny<2"]
[build-system]
requires = ["setuptools"]
build-backend = "setuptools.build_meta"
[tool.setuptools]
py-modules = ["member"]
"""
WORKSPACE = """
[project]
name = "ours"
version = "1"
dependencies = ["the-member", "tiny"]
[tool.uv.workspace]
members = ["packages/*"]
exclude = ["packages/old", "", "/"]
[tool.uv.sources]
the_member = {workspace = true}
"""


def test_members_of_a_workspace_without_a_lock(project_dir: Path, here: World) -> None:
    here = here._replace(environ={**here.environ, "UV_DEFAULT_INDEX": "", "UV_INDEX": here.environ["UV_DEFAULT_INDEX"]})
    write(
        project_dir,
        {
            "pyproject.toml": WORKSPACE,
            "packages/one/pyproject.toml": MEMBER,
            "packages/one/member.py": "answer = 1\n",
            "packages/old/pyproject.toml": MEMBER,
            "packages/notes/README": "",
        },
    )
    spec = ask(project_dir, here)
    assert list(spec.local) == ["packages/one"]
    _, place = make(project_dir, here)
    assert run(place, "import member, tiny; print(member.answer, tiny.version)") == "1 1.0"
    write(project_dir, {"packages/one/member.py": "answer = 2\n"})
    assert run(make(project_dir, here)[1], "import member; print(member.answer)") == "2"
    needy = MEMBER + "[tool.uv.sources]\nother = {workspace = true}\n"
    write(project_dir, {"packages/one/pyproject.toml": needy})
    with pytest.raises(ProjectError, match="members of a workspace are asked for"):
        ask(project_dir, here)


def test_dependencies_that_nobody_can_find_are_told(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": '[project]\nname = "a"\nversion = "1"\ndynamic = ["dependencies"]\n'})
    (note,) = ask(project_dir, here).notes
    assert "without a [build-system] none is installed" in note


def test_the_project_itself_is_installed_as_a_copy(project_dir: Path, here: World) -> None:
    here = here._replace(environ={**here.environ, "UV_DEFAULT_INDEX": "", "UV_INDEX": here.environ["UV_DEFAULT_INDEX"]})
    write(project_dir, PACKAGE)
    _, place = make(project_dir, here)
    assert run(place, "import ours, tiny; print(ours.answer)") == "42"
    write(project_dir, {"ours.py": "answer = 43\n"})
    _, second = make(project_dir, here)
    assert run(second, "import ours; print(ours.answer)") == "43"
    assert run(place, "import ours; print(ours.answer)") == "42"


def test_a_uv_lock_with_the_project_in_it(project_dir: Path, here: World) -> None:
    here = here._replace(environ={**here.environ, "UV_DEFAULT_INDEX": "", "UV_INDEX": here.environ["UV_DEFAULT_INDEX"]})
    write(project_dir, {**PACKAGE, "pyproject.toml": PACKAGE["pyproject.toml"].replace("absent-package", "needy")})
    uv(project_dir, here, "lock")
    found, place = make(project_dir, here)
    assert run(place, "import ours, tiny; print(ours.answer)") == "42"
    assert str(project_dir) not in found.text


def test_a_lock_beside_python_env_yaml_does_nothing_and_says_so(project_dir: Path, here: World) -> None:  # MLflow W-17
    write(project_dir, {"pyproject.toml": LOCKABLE, "python_env.yaml": "dependencies: [tiny<2]\n"})
    uv(project_dir, here, "lock")
    found, _ = make(project_dir, here)
    assert found.text.count("[[packages]]") == 1
    assert "uv.lock is not used: python_env.yaml counts first" in told(here, "note")
    write(project_dir, {"MLproject": "python_env: python_env.yaml\n"})
    assert "uv.lock is not used: MLproject has 'python_env'" in ask(project_dir, here).notes


def test_configuration_of_tools_is_no_environment(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": "[tool.ruff]\nline-length = 100\n", "uv.lock": "version = 1\n"})
    source = read_project(project_dir, find_documents(here.home)).environment
    assert source.file is None
    assert {over.file for over in source.passed_over} == {"pyproject.toml", "uv.lock"}
    write(project_dir, {"requirements.txt": "tiny\n"})
    assert installed(make(project_dir, here)[1]) == {"tiny"}


def test_sources_of_uv_are_honoured_without_a_lock(project_dir: Path, here: World, dated_index: str) -> None:
    table = f'[[tool.uv.index]]\nname = "here"\nurl = "{dated_index}"\nexplicit = true\n'
    table += '[tool.uv.sources]\ntiny = {index = "here"}\n[tool.uv]\nconstraint-dependencies = ["tiny<2"]\n'
    write(project_dir, {"pyproject.toml": f'[project]\nname = "p"\nversion = "1"\ndependencies = ["tiny"]\n{table}'})
    environ = {name: value for name, value in here.environ.items() if name != "UV_DEFAULT_INDEX"}
    _, place = make(project_dir, here._replace(environ=environ))
    assert run(place, "import tiny; print(tiny.version)") == "1.0"


def test_the_version_of_uv_that_an_author_has_is_nothing_of_the_packages(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": PROJECT + '[tool.uv]\nrequired-version = "==0.1.2"\n'})
    assert installed(make(project_dir, here)[1]) == {"tiny"}
    write(project_dir, {"train.py": SCRIPT.replace("# ///\n", '# [tool.uv]\n# required-version = "==0.1.2"\n# ///\n')})
    assert installed(make(project_dir, here, "train.py")[1]) == {"tiny"}


def test_credentials_of_an_index_are_kept_nowhere(project_dir: Path, world: World, basic_index: str) -> None:
    address = basic_index.replace("://", "://me:s3cret@")
    text = f'[project]\nname = "p"\nversion = "1"\ndependencies = ["tiny"]\n[[tool.uv.index]]\nurl = "{address}"\n'
    write(project_dir, {"pyproject.toml": text + "default = true\n"})
    spec = ask(project_dir, world)
    found, place = make(project_dir, world)
    assert installed(place) == {"tiny"}
    assert "s3cret" not in f"{spec}{found}{told(world)}"
    for path in world.home.root.rglob("*"):
        if path.is_file() and "site-packages" not in path.parts:
            assert b"s3cret" not in path.read_bytes(), path


@pytest.mark.parametrize("lock", ["requirements.lock", "requirements.txt.lock"])
def test_requirements_with_their_lock(project_dir: Path, here: World, wheels: Path, lock: str) -> None:
    digest = sha256(wheels / "tiny-1.0-py3-none-any.whl")
    write(project_dir, {"requirements.txt": "tiny\n", lock: f"tiny==1.0 \\\n    --hash=sha256:{digest}\n"})
    assert run(make(project_dir, here)[1], "import tiny; print(tiny.version)") == "1.0"
    write(project_dir, {"requirements.txt": "needy\n"})
    with pytest.raises(BuildError, match=f"{lock} does not have what is asked for: needy"):
        make(project_dir, here)


def poetry_lock(wheels: Path, version: str = "2.1") -> str:
    def package(name: str, release: str) -> str:
        wheel = f"{name}-{release}-py3-none-any.whl"
        file = f'{{file = "{wheel}", hash = "sha256:{sha256(wheels / wheel)}"}}'
        head = f'[[package]]\nname = "{name}"\nversion = "{release}"\noptional = false\npython-versions = ">=3.8"\n'
        if version == "1.1":
            files[name] = file
            return head
        return f'{head}groups = ["main"]\nfiles = [{file}]\n'

    files: dict[str, str] = {}
    text = package("tiny", "1.0") + package("needy", "1.0")
    old = "".join(f"{name} = [{file}]\n" for name, file in files.items())
    return f'{text}[metadata]\nlock-version = "{version}"\n' + (f"[metadata.files]\n{old}" if old else "")


POETRY = """
[tool.poetry]
name = "ours"
package-mode = false
[tool.poetry.dependencies]
python = "^3.10"
needy = "^1.0"
[tool.poetry.group.train.dependencies]
dateless = "*"
"""


@pytest.mark.parametrize("version", ["1.1", "2.1"])
def test_poetry_lock(project_dir: Path, here: World, wheels: Path, version: str) -> None:
    write(project_dir, {"pyproject.toml": POETRY, "poetry.lock": poetry_lock(wheels, version)})
    spec = ask(project_dir, here)
    assert (spec.python, spec.lock_file) == (">=3.10,<4", "poetry.lock")
    found, place = make(project_dir, here)
    assert run(place, "import tiny, needy; print(tiny.version)") == "1.0"
    assert installed(place) == {"tiny", "needy"}
    assert found.text.count("sha256") == 2


def test_a_file_with_another_hash_is_never_installed(project_dir: Path, here: World, wheels: Path) -> None:
    lock = poetry_lock(wheels)
    make_wheel(wheels, "tiny", "1.0", requires=("needy",))  # the index serves another file now
    write(project_dir, {"pyproject.toml": POETRY, "poetry.lock": lock})
    with pytest.raises(BuildError, match="hash mismatch"):
        make(project_dir, here)


def test_a_group_that_the_lock_lacks_is_named(project_dir: Path, here: World, wheels: Path) -> None:
    write(project_dir, {"pyproject.toml": POETRY, "poetry.lock": poetry_lock(wheels)})
    write(project_dir, {"MLproject": "python_env: {pyproject: ., groups: [train]}\n"})
    with pytest.raises(BuildError, match=r"poetry.lock does not have what is asked for: dateless"):
        make(project_dir, here)


def test_poetry_without_a_lock(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": POETRY})
    assert installed(make(project_dir, here)[1]) == {"tiny", "needy"}


def test_pdm_lock(project_dir: Path, here: World, wheels: Path) -> None:
    digest = sha256(wheels / "tiny-1.0-py3-none-any.whl")
    lock = (
        '[metadata]\nlock_version = "4.5.0"\n[[package]]\nname = "tiny"\nversion = "1.0"\nrequires_python = ">=3.8"\n'
    )
    lock += f'groups = ["default"]\nfiles = [{{file = "tiny-1.0-py3-none-any.whl", hash = "sha256:{digest}"}}]\n'
    write(project_dir, {"pyproject.toml": PROJECT, "pdm.lock": lock})
    assert run(make(project_dir, here)[1], "import tiny; print(tiny.version)") == "1.0"


def make_pylock(root: Path, world: World, name: str = "pylock.toml") -> None:
    write(root, {"in.txt": "needy\ntiny<2; sys_platform != 'win32'\ndateless; sys_platform == 'win32'\n"})
    uv(root, world, "pip", "compile", "in.txt", "--universal", "--format", "pylock.toml", "-o", name)


def test_pylock_is_used_as_it_is(project_dir: Path, here: World) -> None:
    make_pylock(project_dir, here)
    # Nothing is asked of an index but the files.
    _, place = make(project_dir, here)
    assert installed(place) == {"tiny", "needy"}
    assert run(place, "import tiny; print(tiny.version)") == "1.0"


def test_pylock_under_another_name_by_the_project_file(project_dir: Path, here: World) -> None:
    make_pylock(project_dir, here, "pylock.gpu.toml")
    write(project_dir, {"MLproject": "python_env: pylock.gpu.toml\n"})
    assert installed(make(project_dir, here)[1]) == {"tiny", "needy"}


def test_a_pylock_with_a_wrong_hash_is_never_installed(project_dir: Path, here: World, wheels: Path) -> None:
    make_pylock(project_dir, here)
    lock = project_dir / "pylock.toml"
    lock.write_text(lock.read_text().replace(sha256(wheels / "tiny-1.0-py3-none-any.whl"), "0" * 64))
    with pytest.raises(BuildError, match="not the one that was locked"):
        make(project_dir, here)
    assert not list(here.home.environments.rglob("tiny.py"))


@pytest.mark.parametrize(
    "damage",
    [
        "",
        "packages = 3",
        "lock-version = '1.0'\nrequires-python = 3.11",
        "lock-version = '1.0'\nrequires-python = 'soon'\npackages = []",
        "lock-version = '1.0'\n[[packages]]\nversion = '1'",
        "[",
        "\0",
    ],
)
def test_a_damaged_pylock_is_told(project_dir: Path, here: World, damage: str) -> None:
    write(project_dir, {"pylock.toml": damage})
    with pytest.raises(ProjectError, match=r"pylock\.toml"):
        make(project_dir, here)


def test_a_lock_that_changed_since_it_was_planned_is_told(project_dir: Path, here: World) -> None:
    make_pylock(project_dir, here)
    spec = ask(project_dir, here)
    (project_dir / "pylock.toml").write_text("")
    with pytest.raises(ProjectError, match="not what it was when the run was planned"):
        environments.lock(spec, project_dir, here)


SCRIPT = '# /// script\n# requires-python = ">=3.10"\n# dependencies = ["tiny<2"]\n# ///\nimport tiny\n'


def test_the_header_of_a_script(project_dir: Path, here: World) -> None:
    write(project_dir, {"train.py": SCRIPT, "requirements.txt": "needy\n"})
    _, place = make(project_dir, here, "train.py")
    assert installed(place) == {"tiny"}
    assert "requirements.txt is not used: train.py has a header of its own" in told(here, "note")
    assert installed(make(project_dir, here)[1]) == {"tiny", "needy"}  # what is no script has the project's


@pytest.mark.parametrize("text", [SCRIPT.replace("# ///\n", "\n"), SCRIPT.replace("# dep", "#dep")])
def test_a_header_without_an_end_is_ignored_and_that_is_said(project_dir: Path, here: World, text: str) -> None:
    write(project_dir, {"train.py": text})
    assert ask(project_dir, here, "train.py").dependencies == ()
    project = read_project(project_dir, find_documents(here.home))
    (found,) = with_own_environment(project, get_entry_point(project, "train.py", project_dir), project_dir).diagnostics
    assert (found.severity, found.code) == ("warning", "unended-header")


def test_white_space_at_the_end_of_a_header_s_lines_counts_for_nothing(project_dir: Path, here: World) -> None:
    write(project_dir, {"train.py": SCRIPT.replace("\n", " \t\r\n")})
    assert ask(project_dir, here, "train.py").dependencies == ("tiny<2",)


def test_a_header_that_names_local_code(project_dir: Path, here: World) -> None:
    header = '# dependencies = ["lib"]\n# [tool.uv.sources]\n# lib = {path = "../libs/lib"}\n'
    script = "\ufeff" + SCRIPT.replace('# dependencies = ["tiny<2"]\n', header)
    libs = {f"libs/lib/{name}": text for name, text in BUILT_ALONE.items()}
    write(project_dir, {"jobs/train.py": script, **libs})
    spec = ask(project_dir, here, "jobs/train.py")
    assert list(spec.local) == ["jobs/../libs/lib"]
    _, place = make(project_dir, here, "jobs/train.py")
    assert run(place, "import lib; print(lib.answer)") == "42"
    write(project_dir, {"jobs/train.py": script.replace("libs/lib", "libs/other")})
    with pytest.raises(ProjectError, match=r"jobs/train.py installs 'jobs/../libs/other', which is not there"):
        ask(project_dir, here, "jobs/train.py")


def test_the_lock_of_a_script(project_dir: Path, here: World) -> None:
    write(project_dir, {"train.py": SCRIPT})
    uv(project_dir, here, "lock", "--script", "train.py")
    write(project_dir, {"train.py": SCRIPT.replace("tiny<2", "tiny")})
    spec = ask(project_dir, here, "train.py")
    assert spec.lock_file == "train.py.lock"
    _, place = make(project_dir, here, "train.py")
    assert run(place, "import tiny; print(tiny.version)") == "1.0"
    write(project_dir, {"train.py": SCRIPT.replace("tiny<2", "tiny") + "print('more code')\n"})
    assert ask(project_dir, here, "train.py") == spec


def test_the_project_files_own_key_always_wins(project_dir: Path, here: World) -> None:
    write(
        project_dir, {"train.py": SCRIPT, "env.yaml": "dependencies: [needy]\n", "MLproject": "python_env: env.yaml\n"}
    )
    spec = ask(project_dir, here, "train.py")
    assert (spec.origin, spec.dependencies) == ("env.yaml", ("needy",))
    assert any(note.startswith("train.py is not used") for note in spec.notes)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (SCRIPT.replace("= [", "= "), "train.py:3:"),
        (SCRIPT + SCRIPT, "several blocks"),
        (SCRIPT.replace(">=3.10", "soon"), "not a Python version"),
        (SCRIPT.replace('["tiny<2"]', '"tiny"'), "train.py:2:1: error: cannot be understood: 'tiny' is not a list"),
        (SCRIPT.replace('">=3.10"', "3.10"), "3.1 is not a text"),
        (SCRIPT.replace("# ///\n", "# tool.uv = 3\n# ///\n"), "3 is not a table"),
    ],
)
def test_mistakes_in_a_header_name_their_place(project_dir: Path, here: World, text: str, message: str) -> None:
    write(project_dir, {"train.py": text})
    with pytest.raises(ProjectError, match=message):
        ask(project_dir, here, "train.py")


def test_the_stated_python_counts(project_dir: Path, here: World) -> None:
    write(project_dir, {"pyproject.toml": PROJECT, ".python-version": "# chosen\n3.12\n"})
    assert ask(project_dir, here).python == "3.12"
    write(project_dir, {".python-version": "my-env\n"})
    assert ask(project_dir, here).python == ">=3.10"
    assert told(here, "warn") == [".python-version names 'my-env', which is no version of Python; it is not used"]


@pytest.mark.parametrize(("version", "fits"), [("3.9", False), ("3.11", True), ("3.12.1", False), ("3.12.9", True)])
def test_a_python_that_the_project_excludes_is_told(project_dir: Path, here: World, version: str, fits: bool) -> None:
    text = PROJECT.replace(">=3.10", ">=3.10,!=3.12.1")
    write(project_dir, {"pyproject.toml": text, ".python-version": f"{version}\n"})
    assert ask(project_dir, here).python == version
    message = (
        f".python-version names {version}, which pyproject.toml excludes (>=3.10,!=3.12.1); it is used all the same"
    )
    assert told(here, "warn") == ([] if fits else [message])


def test_what_does_not_count_is_told_also_where_the_bare_python_is_known(project_dir: Path, here: World) -> None:
    make(project_dir, here)
    write(project_dir, {"Pipfile": "", "uv.lock": ""})
    make(project_dir, here)
    notes = told(here, "note")
    assert [note.partition(" is not used")[0] for note in notes[-2:]] == ["uv.lock", "Pipfile"]


def test_why_uv_does_not_read_a_lock_is_said_first(project_dir: Path, here: World) -> None:
    extras = '[project.optional-dependencies]\na = ["tiny<2"]\nb = ["tiny>=2"]\n'
    conflicts = '[tool.uv]\nconflicts = [[{extra = "a"}, {extra = "b"}]]\n'
    text = f'[project]\nname = "ours"\nversion = "1"\nrequires-python = ">=3.10"\n{extras}{conflicts}'
    file = "python_env: {pyproject: ., extras: [a, b]}\n"
    write(project_dir, {"pyproject.toml": text, "MLproject": file})
    uv(project_dir, here, "lock")
    with pytest.raises(BuildError, match="reading the lock failed: the chosen groups and extras exclude one another"):
        make(project_dir, here)
    wants = text.replace("[tool.uv]", '[tool.uv]\nrequired-version = "==0.1.2"')
    write(project_dir, {"pyproject.toml": wants})
    with pytest.raises(BuildError, match=r"reading the lock failed: it wants uv ==0.1.2, and this is \d"):
        make(project_dir, here)
    write(project_dir, {"pyproject.toml": text.replace("ours", "theirs")})
    with pytest.raises(BuildError, match=r"failed: uv.lock is the lock of another project: it does not have 'theirs'"):
        make(project_dir, here)


def test_the_order_of_the_files(project_dir: Path, here: World) -> None:
    """Each file of the table counts until an earlier one is there."""
    write(project_dir, {"pyproject.toml": PROJECT})
    for convention in reversed(CONVENTIONS):
        for name in (convention.file, convention.lock):
            if name and not (project_dir / name).exists():
                write(project_dir, {name: ""})
        source = read_project(project_dir, find_documents(here.home)).environment
        later = [c for c in CONVENTIONS[: CONVENTIONS.index(convention)] if c.file == "pyproject.toml" and not c.lock]
        if not later:
            assert (source.key, source.file, source.lock) == convention


def test_nobody_is_asked_for_a_bare_project(project_dir: Path, here: World) -> None:  # MLflow G-54
    assert installed(make(project_dir, here)[1]) == set()


def test_a_lock_of_its_own_excludes_other_variants(project_dir: Path, here: World) -> None:
    make_pylock(project_dir, here)
    project = read_project(project_dir, find_documents(here.home))
    for variant in (environments.Variant(as_of="2020-01-01T00:00:00Z"), environments.Variant(accelerator="cpu")):
        with pytest.raises(UsageError, match=r"cannot change what pylock\.toml says"):
            environments.ask(project, project_dir, None, here, variant)
