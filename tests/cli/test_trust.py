"""What is shown before code from elsewhere is run."""

from __future__ import annotations

from pathlib import Path

from reenact.cli.trust import describe_plan, render_question
from reenact.home import Home
from reenact.plan import (
    BoundParameter,
    Command,
    CondaSpec,
    DockerSpec,
    Isolation,
    Plan,
    PythonSpec,
    Snapshot,
    SystemSpec,
)
from reenact.project.types import DockerBuild, DockerEnvironment
from reenact.trust import Agreement, find_subject
from tests.recorded import make_world

GOLDEN = Path(__file__).parents[1] / "golden" / "trust.txt"

SOURCE = Snapshot(
    "git",
    "https://host/org/p.git",
    subdirectory="training",
    version="v1\x1b[2K",
    commit="0123456789" * 4,
    tree="9876543210" * 4,
    branch="main\u202e",
    repository="https://host/org/p.git",
)
COMMAND = Command("python train.py --alpha 0.5 \\\n  --note '\x1b]0;owned\x07'\nrm -rf \"$TMP\"\n")
PYTHON = PythonSpec(
    python="3.11",
    dependencies=tuple(f"package-{n}==1.{n}" for n in range(15)),
    options=("--extra-index-url https://****@index.example.org/simple",),
    local={"./lib": "digest"},
    origin="requirements.txt\n",
)
PLAN = Plan(
    "p",
    "main",
    SOURCE,
    COMMAND,
    PYTHON,
    (BoundParameter("token", None, "given", secret=True), BoundParameter("alpha", "0.5", "given")),
)
CONTAINER = DockerEnvironment(
    image="python:3.11\x1b[A",
    volumes=("./data:/data", "$HOME:/me", "$NOT_SET_ANYWHERE:/x"),
    environment=("HF_TOKEN", ("MODE", "fast")),
    network="host",
    ports=("8080:80",),
    gpus="all",
)
PLANS = [
    PLAN,
    PLAN._replace(environment=DockerSpec(container=CONTAINER, arguments=(("privileged", None), ("memory", "1g")))),
    PLAN._replace(environment=DockerSpec(container=DockerEnvironment(build=DockerBuild()), bake=True), parameters=()),
    PLAN._replace(
        environment=CondaSpec(channels=("conda-forge",), packages=("numpy 1.*",), pip=PYTHON._replace(options=())),
        isolation=Isolation(network=False, read_only=True),
    ),
    PLAN._replace(
        environment=SystemSpec(), source=Snapshot("archive", "https://host/p.zip", tree="ab" * 32), parameters=()
    ),
]


def test_the_question(home: Home) -> None:
    world = make_world(home)._replace(environ={"HOME": "/home/me"})
    shown = []
    for plan in PLANS:
        subject = find_subject(plan.source)
        assert subject is not None
        shown.append(render_question(subject, describe_plan(plan, world), None))
    subject = find_subject(SOURCE)
    assert subject is not None
    last = Agreement(subject._replace(commit="ffff" * 10, content="x"), "2026-01-02T03:04:05Z")
    shown.append(render_question(subject, describe_plan(PLAN, world), last))
    text = "\n----\n".join(shown)
    assert text + "\n" == GOLDEN.read_text()


def test_nothing_of_it_moves_the_terminal(home: Home) -> None:
    for plan in PLANS:
        subject = find_subject(plan.source)
        assert subject is not None
        text = render_question(subject, describe_plan(plan, make_world(home)), None)
        assert all(line.isprintable() for line in text.split("\n"))


def test_the_source_is_always_to_be_seen(home: Home) -> None:
    """No command is so long that it pushes away what stands above it, and no letter looks like another."""
    source = SOURCE._replace(uri="https://hоst/org/p.git")
    long = PLAN._replace(command=Command("echo\n" * 5000 + "x" * 100_000), source=source)
    subject = find_subject(source)
    assert subject is not None
    text = render_question(subject, describe_plan(long, make_world(home)), None)
    assert "https://h\\u043est/org/p.git" in text
    assert "… (4,981 more lines)" in text
    assert text.count("\n") < 45
    wide = PLAN._replace(command=Command("x" * 100_000))
    text = render_question(subject, describe_plan(wide, make_world(home)), None)
    assert "… (100,000 characters)" in text
    assert len(text) < 5000
