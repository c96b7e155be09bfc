"""One thing is changed between a run and its verification, in every kind of environment: is the verdict true?"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple
from uuid import uuid4

import pytest

from tests.environments.conda.channel import index_channel, make_module_recipe, make_python_recipe, write_package
from tests.environments.conftest import make_wheel
from tests.environments.docker.engines import LABEL, get_base_image, get_engine
from tests.integration.command import Said, User

pytestmark = pytest.mark.slow

COMMAND = "python train.py {alpha} {data}"
TRAIN = """\
import json, os, pathlib, sys
import helper, tiny
numbers = [float(line) for line in open(sys.argv[2])]
found = {
    "package": tiny.version,
    "sum": sum(numbers) * float(sys.argv[1]) + helper.more,
    "threads": os.environ.get("OMP_NUM_THREADS"),
    "by itself": os.urandom(4).hex() if numbers[0] < 0 else None,
}
folder = pathlib.Path(os.environ["REENACT_RUN_DIR"], "artifacts")
(folder / "found.json").write_text(json.dumps(found))
"""
Act = Callable[[], object]


class Lab(NamedTuple):
    """A project in a kind of environment. ``move_on`` makes another version of its package what is found by its name,
    ``lose`` takes away the version that was recorded."""

    kind: str
    user: User
    project: Path
    data: Path
    move_on: Act
    lose: Act

    def record(self) -> str:
        """The id of a new run."""
        said = self.user.call("run", str(self.project), "-q", "-P", f"data={self.data}", *self._manager())
        assert said.code == 0, said.err
        return str(self.user.runs("-n", "1")[0]["id"])

    def _manager(self) -> tuple[str, ...]:
        return ("--env-manager", self.kind) if self.kind in ("system", "conda") else ()

    def verify(self, run: str, *words: str) -> tuple[int, dict[str, Any]]:
        """The exit code and what was found."""
        said: Said = self.user.call("verify", run, "--json", *words)
        assert said.out, said.err
        return said.code, json.loads(said.out)

    def differences(self, found: dict[str, Any]) -> str:
        """Of all results of the first repetition."""
        return "\n".join(each["judgement"]["difference"] for each in found["trials"][0]["judged"])


def write_project(project: Path, container: dict[str, object] | None = None) -> None:
    parameters = {"alpha": {"type": "float", "default": 1.0}, "data": "path"}
    file: dict[str, object] = {"entry_points": {"main": {"command": COMMAND, "parameters": parameters}}}
    if container:
        file["docker_env"] = container
    (project / "MLproject").write_text(json.dumps(file))
    (project / "train.py").write_text(TRAIN)
    (project / "helper.py").write_text("more = 0\n")
    for words in (("init", "-q"), ("add", "MLproject", "train.py"), ("commit", "-q", "-m", "first")):
        who = ("-c", "user.name=A", "-c", "user.email=a@localhost")
        subprocess.run(["git", *who, *words], cwd=project, check=True)


def make_system(user: User, project: Path, aside: Path) -> tuple[Act, Act]:
    module = aside / "tiny.py"
    module.write_text("version = '1.0'\n")
    user.environ["PYTHONPATH"] = str(aside)
    user.environ["PYTHONDONTWRITEBYTECODE"] = "1"
    return partial(module.write_text, "version = '2.0'\n"), module.unlink


def make_python(user: User, project: Path, aside: Path) -> tuple[Act, Act]:
    user.environ["UV_CACHE_DIR"] = str(user.folder / "uv-cache")
    make_wheel(aside, "tiny", "1.0")
    lines = ["--no-index", f"--find-links {aside}", "tiny"]
    (project / "python_env.yaml").write_text(json.dumps({"dependencies": lines}))

    def lose() -> None:
        # What was found in a folder is kept too.
        for folder in (user.home / "environments", user.home / "trees", user.folder / "uv-cache"):
            shutil.rmtree(folder)
        next(aside.glob("tiny-1.0*")).unlink()

    return partial(make_wheel, aside, "tiny", "2.0"), lose


def make_conda(user: User, project: Path, aside: Path) -> tuple[Act, Act]:
    if sys.platform != "linux" or os.uname().machine != "x86_64":
        pytest.skip("the channel is linux-64")

    def publish(version: str) -> None:
        write_package(aside, make_module_recipe("tiny", version, f"version = {version!r}\n"))
        index_channel(aside)

    write_package(aside, make_python_recipe())
    publish("1.0")
    file = {"channels": [aside.as_uri(), "nodefaults"], "dependencies": ["python", "tiny"]}
    (project / "conda.yaml").write_text(json.dumps(file))

    def lose() -> None:
        for folder in ("environments", "conda", "packages"):
            shutil.rmtree(user.home / folder, ignore_errors=True)
        shutil.rmtree(aside)

    return partial(publish, "2.0"), lose


def make_docker(user: User, project: Path, aside: Path) -> tuple[Act, Act]:
    engine = get_engine()
    name = f"reenact-test-verify:{uuid4().hex[:12]}"

    def build(version: str) -> str:
        container = ["run", "--cidfile", str(aside / version), get_base_image(engine), "bash", "-c"]
        put = f"mkdir -p /opt/more; echo \"version = '{version}'\" > /opt/more/tiny.py"
        subprocess.run([engine.program, *container, put], check=True)
        made = (aside / version).read_text().strip()
        settings = ["--change", "ENV PYTHONPATH=/opt/more", "--change", f"LABEL {LABEL}"]
        done = subprocess.run(
            [engine.program, "commit", *settings, made, name], check=True, capture_output=True, text=True
        )
        subprocess.run([engine.program, "rm", made], check=True, stdout=subprocess.DEVNULL)
        return done.stdout.strip()

    first = build("1.0")
    write_project(project, {"image": name, "environment": ["OMP_NUM_THREADS"]})

    def lose() -> None:
        subprocess.run([engine.program, "rmi", "-f", first], check=True, stdout=subprocess.DEVNULL)

    return partial(build, "2.0"), lose


MAKERS = {"system": make_system, "python": make_python, "conda": make_conda, "docker": make_docker}


@pytest.fixture(params=MAKERS)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Lab:
    project, aside, data = tmp_path / "project", tmp_path / "aside", tmp_path / "data" / "numbers.txt"
    for folder in (project, aside, data.parent):
        folder.mkdir()
    data.write_text("1\n2\n")
    user = User(tmp_path, tmp_path / "home", OMP_NUM_THREADS="1")
    write_project(project)
    move_on, lose = MAKERS[request.param](user, project, aside)
    return Lab(request.param, user, project, data, move_on, lose)


def spoil(lab: Lab) -> None:
    """Put another version into the installed environment, as pip would."""
    (module,) = (lab.user.home / "environments").glob("*/lib/python*/site-packages/tiny.py")
    text = module.read_text()
    module.unlink()
    module.write_text(text.replace("1.0", "6.6"))
    module.with_name("tiny-1.0.dist-info").rename(module.with_name("tiny-6.6.dist-info"))


def test_whatever_is_changed_the_verdict_is_true(lab: Lab) -> None:
    run = lab.record()
    code, found = lab.verify(run)
    assert (code, found["verdict"], found["reason"]) == (0, "PASS", "1 identical")

    # A tracked line, an untracked module, and a parameter's default: the record has them as they were.
    (lab.project / "train.py").write_text(TRAIN.replace("sum(numbers)", "len(numbers)"))
    (lab.project / "helper.py").write_text("more = 1\n")
    (lab.project / "MLproject").write_text((lab.project / "MLproject").read_text().replace("1.0", "2.0"))
    code, found = lab.verify(run)
    assert (code, found["verdict"]) == (0, "PASS"), found

    lab.user.environ["OMP_NUM_THREADS"] = "3"
    code, found = lab.verify(run)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "threads: '1' → '3'" in lab.differences(found)
    assert [change["what"] for change in found["trials"][0]["changes"]] == ["variable OMP_NUM_THREADS"]
    lab.user.environ["OMP_NUM_THREADS"] = "1"

    lab.data.write_text("1\n3\n")
    code, found = lab.verify(run)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
    assert "numbers.txt" in found["reason"]
    lab.data.write_text("1\n2\n")

    lab.move_on()
    code, found = lab.verify(run)
    if lab.kind == "system":
        assert (code, found["verdict"]) == (75, "INCONCLUSIVE")
        assert "package: '1.0' → '2.0'" in lab.differences(found)
        assert "the system's own" in found["reason"]
    else:
        assert (code, found["verdict"]) == (0, "PASS"), found

    if lab.kind == "python":
        spoil(lab)
        code, found = lab.verify(run)
        assert (code, found["verdict"]) == (75, "INCONCLUSIVE"), found
        assert "installed tiny" in [change["what"] for change in found["trials"][0]["changes"]]

    lab.lose()
    code, found = lab.verify(run)
    assert (code, found["verdict"]) == (75, "INCONCLUSIVE"), found


def test_a_result_that_varies_fails(lab: Lab) -> None:
    lab.data.write_text("-1\n")
    run = lab.record()
    code, found = lab.verify(run, "--times", "2")
    assert (code, found["verdict"]) == (1, "FAIL"), found
    assert found["varies"] == ["output artifacts/found.json"]
    if lab.kind != "system":
        code, found = lab.verify(run)
        assert (code, found["verdict"]) == (1, "FAIL"), found
        assert "by itself: " in lab.differences(found)
