"""Is it said which image a container is started from?"""

from __future__ import annotations

import posixpath
from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.subject import Subject
from reenact.doctor.text import find_text
from reenact.environments.docker.dockerfile import find_bases
from reenact.project.diagnostics import Position
from reenact.project.types import DockerBuild
from reenact.world import World

FLOATING = Concern(
    "floating-image",
    "warning",
    "a tag is moved to another image whenever its owner likes, and the system below the code changes with it",
    "write the image with its digest, name:tag@sha256:…, which `docker image inspect` shows as RepoDigests",
)
LOCAL = Concern(
    "local-image",
    "warning",
    "the image exists only where somebody has built it, as the Dockerfile was on that day",
    "let the run build it: `docker_env: {build: .}`, or push it and name it with its digest",
)
CONCERNS = (FLOATING, LOCAL)


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Images that the project's container stands on, and that are not pinned."""
    source = subject.project.environment
    container = source.docker
    if container is None:
        return
    position = source.position
    if container.build is not None:
        yield from _find_in_dockerfile(container.build, subject)
        return
    image = container.image
    place = position and subject.find_place(image, position.file, position.line)
    dockerfile = subject.root / "Dockerfile"
    if _has_digest(image) or not image:
        return
    if "/" not in image and dockerfile.is_file():
        yield LOCAL.found(f"'{image}' is built from the Dockerfile beside it, and the project does not say so", place)
        yield from _find_in_dockerfile(DockerBuild(), subject)
        return
    yield _judge(image, place)


def _find_in_dockerfile(build: DockerBuild, subject: Subject) -> Iterator[Finding]:
    file = posixpath.normpath(posixpath.join(build.context, build.dockerfile))
    text = find_text(subject.root / file) if not file.startswith(("..", "/")) else None
    if text is None:
        return
    given = dict(item for item in build.args if not isinstance(item, str))
    for image in find_bases(text, given):
        if not _has_digest(image):
            yield _judge(image, subject.find_place(image, file))


def _judge(image: str, place: Position | None) -> Finding:
    tag = image.rpartition("/")[2].partition(":")[2]
    if tag in ("", "latest"):
        return FLOATING.found(f"'{image}' has {'no tag' if not tag else 'the tag latest'} and no digest", place)
    return FLOATING._replace(level="note").found(f"'{image}' has a tag and no digest", place)


def _has_digest(image: str) -> bool:
    return "@sha256:" in image or image.startswith("sha256:")
