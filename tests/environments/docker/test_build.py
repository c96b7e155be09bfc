"""Images made from files: cached by content, ``.dockerignore`` honoured, base images pinned."""

from __future__ import annotations

import shutil
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import pytest

from reenact.environments import docker
from reenact.environments.docker.build import list_context
from reenact.environments.docker.container import Container
from reenact.environments.docker.engine import Engine
from reenact.errors import BuildError, ProjectError
from reenact.home import Home
from reenact.plan import DockerSpec
from reenact.project.types import DockerBuild, DockerEnvironment
from reenact.world import World
from tests.environments.conftest import told, write
from tests.environments.docker.engines import LABEL, tell
from tests.environments.docker.waiting import wait_for

Run = Callable[..., "subprocess.CompletedProcess[str]"]
Write = Callable[..., Path]
Start = Callable[..., "subprocess.Popen[str]"]


def make(spec: DockerSpec, world: World) -> Container:
    return docker.realise(docker.lock(spec, world.cwd, world), world.cwd, world)


def show(engine: Engine, container: Container, command: str) -> str:
    return tell(engine, "run", "--rm", "--network", "none", container.image.id, "sh", "-c", command)


def baked(image: str) -> DockerSpec:
    return DockerSpec(container=DockerEnvironment(image), bake=True)


def test_build_image_puts_the_code_inside(write_project: Write, run: Run, project_dir: Path) -> None:
    write(project_dir, {"x.txt": "first\n", "skipped/y": "", ".dockerignore": "skipped\n"})
    # Images are known by their content, and other tests have this one, too.
    write_project(f"cat x.txt; ls; pwd; echo > made && id -u # {project_dir}")
    done = run("--build-image")
    assert done.stdout.split() == ["first", "MLproject", "x.txt", "/mlflow/projects/code", "0"], done.stderr
    assert not (project_dir / "made").exists()
    again = run("--build-image")
    assert "building" in done.stderr
    assert "building" not in again.stderr


def test_a_project_that_is_a_part_of_a_repository(
    write_project: Write, project_dir: Path, environ: dict[str, str], tmp_path: Path
) -> None:
    write_project(f"pwd; cat x.txt; ls # {project_dir}")
    write(project_dir, {"x.txt": "found\n"})
    repository = tmp_path / "repository"
    shutil.copytree(project_dir, repository / "part")
    git = ["git", "-C", str(repository), "-c", "user.name=n", "-c", "user.email=e"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "x"]):
        subprocess.run([*git, *words], check=True)
    argv = [sys.executable, "-m", "reenact", "run", "-q", f"file://{repository}#part", "--build-image"]
    done = subprocess.run(argv, env=environ, capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["/mlflow/projects/code", "found", "MLproject", "x.txt"], done.stderr


def test_an_image_is_made_once_for_its_content(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    write(project_dir, {"a.txt": "a", ".dockerignore": "ignored\n.dockerignore\n", "ignored": "1"})
    first = make(baked(image), world)
    write(project_dir, {"ignored": "2"})
    assert make(baked(image), world).image.id == first.image.id
    write(project_dir, {"a.txt": "b"})
    second = make(baked(image), world)
    assert second.image.id != first.image.id
    (project_dir / "a.txt").chmod(0o755)
    assert make(baked(image), world).image.id != second.image.id


def test_the_engine_gets_what_was_digested(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    files = [
        "a.py",
        "b.txt",
        "data/a.bin",
        "data/keep/k.bin",
        "deep/x/y/z.log",
        "deep/x/z.txt",
        "# odd",
        "UP.log",
        "bare/q.log",
        "up/q",
    ]
    write(project_dir, dict.fromkeys(files, "x"))
    rules = "# comment\n*.log\n**/*.log\n data/** \n!data/keep\n\n/b.?xt\nup/\n!/up/none\n[a]nothing\n.dockerignore\n"
    write(project_dir, {".dockerignore": rules})
    found = make(baked(image), world)
    inside = show(engine, found, "cd /mlflow/projects/code && ls -AR . | cat")
    names = {line for line in inside.splitlines() if line and not line.endswith(":")}
    listed = sorted(list_context(project_dir))
    assert listed == ["# odd", "a.py", "bare", "data/keep/k.bin", "deep/x/y", "deep/x/z.txt"]
    assert {name.rpartition("/")[2] for name in listed} <= names
    assert not {"b.txt", "a.bin", "z.log", "UP.log", "q"} & names


def test_a_dockerfile_of_the_project(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    write(
        project_dir,
        {
            "docker/Dockerfile.train": f"\ufeffARG BASE={image}\nFROM ${{BASE}} AS first\nARG WORD\n"
            "RUN echo $WORD > /word\nFROM first AS second\nCOPY in.txt /in.txt\nFROM second\nRUN echo third > /third\n",
            "docker/in.txt": "in",
        },
    )
    build = DockerBuild("docker", "Dockerfile.train", (("WORD", "a 'b'"),), "second")
    found = make(DockerSpec(container=DockerEnvironment(build=build)), world)
    assert show(engine, found, "cat /word /in.txt; ls / | grep -c third || true") == "a 'b'\nin0"
    other = build._replace(args=(("WORD", "other"),))
    assert make(DockerSpec(container=DockerEnvironment(build=other)), world).image.id != found.image.id


def test_the_base_of_an_image_is_the_one_that_was_locked(
    engine: Engine, image: str, world: World, project_dir: Path
) -> None:
    base = f"reenact-test-{uuid4().hex}"
    tell(engine, "tag", image, base)
    write(project_dir, {"Dockerfile": f"FROM {base}\nRUN echo built > /built\n"})
    spec = DockerSpec(container=DockerEnvironment(build=DockerBuild()))
    lock = docker.lock(spec, world.cwd, world)
    tell(engine, "rmi", base)
    found = docker.realise(lock, world.cwd, world)
    assert show(engine, found, "cat /built; python -c 'print(1)'") == "built\n1"


def test_a_dockerfile_has_rules_of_its_own(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    write(
        project_dir,
        {
            "train/Dockerfile": f"FROM {image}\nCOPY . /code/\n",
            "train/Dockerfile.dockerignore": "*\n!kept*\n",
            ".dockerignore": "kept.txt\n",
            "kept.txt": "x",
            "left.txt": "1",
        },
    )
    spec = DockerSpec(container=DockerEnvironment(build=DockerBuild(".", "train/Dockerfile")))
    first = docker.lock(spec, world.cwd, world)
    write(project_dir, {"left.txt": "2"})
    assert docker.lock(spec, world.cwd, world) == first
    try:
        found = docker.realise(first, world.cwd, world)
    except BuildError as problem:
        assert "which docker's older builder does not read" in problem.message
        pytest.skip("docker has no buildx")
    assert show(engine, found, "ls -A /code") == "kept.txt"
    assert not list(world.home.locks.glob("docker/*.Dockerfile*"))


def test_a_failing_step_is_told(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    write(project_dir, {"Dockerfile": f"FROM {image}\nRUN echo before && echo why it fails >&2 && exit 7\n"})
    before = tell(engine, "ps", "--all", "--quiet", "--filter", f"ancestor={image}")
    with pytest.raises(BuildError) as caught:
        make(DockerSpec(container=DockerEnvironment(build=DockerBuild())), world)
    first, *rest = caught.value.message.splitlines()
    assert first == "building the image failed: a step of the Dockerfile failed"
    assert any("why it fails" in line for line in rest)
    assert any("why it fails" in text for text in told(world, "said"))
    assert tell(engine, "ps", "--all", "--quiet", "--filter", f"ancestor={image}") == before
    assert caught.value.hint is not None
    repeated = subprocess.run(
        caught.value.hint.partition(": ")[2], shell=True, capture_output=True, text=True, env=dict(world.environ)
    )
    assert "why it fails" in repeated.stdout + repeated.stderr


def test_a_dockerfile_that_is_not_there(engine: Engine, world: World) -> None:
    with pytest.raises(ProjectError, match="cannot read the Dockerfile sub/Dockerfile"):
        make(DockerSpec(container=DockerEnvironment(build=DockerBuild("sub"))), world)


def test_two_who_want_the_same_image_make_it_once(engine: Engine, image: str, world: World, project_dir: Path) -> None:
    write(project_dir, {"Dockerfile": f"FROM {image}\nRUN sleep 1 && echo {uuid4().hex} > /x\n"})
    spec = DockerSpec(container=DockerEnvironment(build=DockerBuild()))
    found: list[Container] = []
    threads = [threading.Thread(target=lambda: found.append(make(spec, world))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 2
    assert len({each.image.id for each in found}) == 1
    assert len([text for text in told(world, "step") if text == "building the image"]) == 1


@pytest.mark.parametrize("start", ["the engine's client"], indirect=True)
@pytest.mark.parametrize("sign", ["build --file", "the slow step"])
def test_kill_9_while_an_image_is_built(
    write_project: Write, start: Start, run: Run, engine: Engine, image: str, project_dir: Path, home: Home, sign: str
) -> None:
    """Whoever built is gone with its runner, and who comes next builds it whole. It is always the engine's client."""
    mark = uuid4().hex
    step = f"RUN echo the slow step {mark} && sleep 2 && echo done > /whole"
    write(project_dir, {"Dockerfile": f"FROM {image}\nLABEL {LABEL}\n{step}\n"})
    write_project("cat /whole", build=".", name=None)
    child = start()
    wait_for(lambda: any(sign in path.read_text() for path in home.runs.glob("*/build.log")))
    child.kill()
    child.wait()
    wait_for(lambda: not list_builds(home))
    done = run("-q")
    assert (done.returncode, done.stdout) == (0, "done\n"), done.stderr


def list_builds(home: Home) -> list[str]:
    """The argument lists of what builds for this home."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            found.append((process / "cmdline").read_bytes().decode("utf-8", "replace"))
    return [line for line in found if str(home.root) in line and "--tag" in line]
