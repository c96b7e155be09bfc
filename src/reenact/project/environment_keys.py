"""The keys of the project file that say what the project runs in."""

from __future__ import annotations

from pathlib import PurePosixPath

from reenact.project.document import Findings
from reenact.project.environment_files import PYPROJECT_LOCKS, key_of_file
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, describe, is_null
from reenact.project.types import DockerBuild, DockerEnvironment, EnvironmentKey, EnvironmentSource

ENVIRONMENT_KEYS: tuple[EnvironmentKey, ...] = ("docker_env", "python_env", "conda_env")
DOCKER_KEYS = (
    *("image", "volumes", "environment"),  # MLflow's
    *("gpus", "shm_size", "user", "ports", "network", "platform", "build", "secrets"),
)
BUILD_KEYS = ("context", "dockerfile", "args", "target")
PYPROJECT_KEYS = ("pyproject", "groups", "extras")
PYPROJECT_FORM = "'python_env: {pyproject: ., groups: [train], extras: [gpu]}'"
DOCKER_FORM = "'docker_env: {image: name:tag}'"


def parse_environment(root: Mapping, findings: Findings) -> EnvironmentSource:
    """What the file names; an empty source where it names nothing, so that the convention decides."""
    present = [entry for key in ENVIRONMENT_KEYS if (entry := root.find_entry(key))]
    if len(present) > 1:
        names = ", ".join(f"'{entry.name}'" for entry in present)
        message = f"a project cannot contain multiple environment fields: {names}"
        findings.error(present[1].key, "two-environments", message, "keep one of them")
        return EnvironmentSource()
    if not present or _is_empty(present[0].value):
        return EnvironmentSource()
    key, value = present[0]
    position = findings.document.position(value)
    if key.text == "docker_env":
        docker = _parse_docker(value, findings)
        return EnvironmentSource("docker_env", None, docker, declared=docker is not None, position=position)
    name: EnvironmentKey = "python_env" if key.text == "python_env" else "conda_env"
    if name == "python_env" and isinstance(value, Mapping):
        return _parse_pyproject(value, findings)
    if not isinstance(value, Scalar) or value.type != "str":
        message = f"'{name}' must be the name of a file, not {describe(value)}"
        file = "python_env.yaml" if name == "python_env" else "conda.yaml"
        findings.error(value, "wrong-kind", message, f"put it into {file} and write '{name}: {file}'")
        return EnvironmentSource()
    if PurePosixPath(value.text).name in PYPROJECT_LOCKS:
        message = f"'{name}' names a lock, which counts with the pyproject.toml beside it"
        beside = PurePosixPath(value.text).with_name("pyproject.toml")
        findings.error(value, "wrong-kind", message, f"write 'python_env: {beside}'")
        return EnvironmentSource()
    kind = key_of_file(value.text) if name == "python_env" else name
    return EnvironmentSource(kind, value.text, None, declared=True, position=position)


def _parse_pyproject(node: Mapping, findings: Findings) -> EnvironmentSource:
    """``python_env: {pyproject: FOLDER, groups: [...], extras: [...]}``: ours, beside MLflow's name of a file."""
    findings.unknown_keys(node, PYPROJECT_KEYS, "in python_env")
    given = node.find("pyproject")
    where = findings.text(given, "'pyproject'", PYPROJECT_FORM)
    if where is None and (given is None or is_null(given)):
        message = "'python_env' is a mapping, and 'pyproject' in it must name the folder of a pyproject.toml"
        findings.error(node, "wrong-kind", message, f"write {PYPROJECT_FORM}, or 'python_env: python_env.yaml'")
    if where is None:
        return EnvironmentSource()
    folder = where.removesuffix("pyproject.toml").rstrip("/")
    return EnvironmentSource(
        "pyproject",
        f"{folder}/pyproject.toml" if folder not in ("", ".") else "pyproject.toml",
        declared=True,
        position=findings.document.position(given or node),
        groups=_parse_names(node.find("groups"), "'groups'", findings),
        extras=_parse_names(node.find("extras"), "'extras'", findings),
    )


def _parse_names(node: Node | None, what: str, findings: Findings) -> tuple[str, ...]:
    if isinstance(node, Scalar) and not is_null(node):
        findings.warning(node, "not-a-list", f"{what} is a single text, and read as a list of one", "put [ ] around it")
        return (node.source,)
    return findings.texts(node, what, PYPROJECT_FORM)


def _is_empty(node: Node) -> bool:
    """What Python takes for false: MLflow goes on to the default files then."""
    if isinstance(node, Mapping):
        return not node.entries
    if isinstance(node, Sequence):
        return not node.items
    return node.is_null or node.text in ("", "False", "0", "0.0")


def _parse_docker(node: Node, findings: Findings) -> DockerEnvironment | None:
    mapping = findings.mapping(node, "'docker_env'", DOCKER_FORM)
    if mapping is None:
        return None
    findings.unknown_keys(mapping, DOCKER_KEYS, "in docker_env")
    given = mapping.find("image")
    image = findings.text(given, "'image'", DOCKER_FORM)
    build = _parse_build(mapping.find("build"), findings)
    if build is None and (given is None or image == ""):
        message = "docker_env is given but no image attribute found: 'image' names what to run in"
        findings.error(mapping, "no-image", message, f"write {DOCKER_FORM}")
    if not image and build is None:
        return None
    environment = _parse_variables(mapping.find("environment"), findings)
    secrets = findings.texts(mapping.find("secrets"), "'secrets'", "'secrets: [NAME_OF_A_VARIABLE]'")
    gpus = findings.text(mapping.find("gpus"), "'gpus'", "'gpus: all'")
    return DockerEnvironment(
        image=image or "",
        volumes=findings.texts(mapping.find("volumes"), "'volumes'", "'volumes: [\"/host/path:/container/path\"]'"),
        environment=(*environment, *(name for name in secrets if name not in environment)),
        gpus={"true": "all", "false": None}.get((gpus or "").lower(), gpus),
        shm_size=findings.text(mapping.find("shm_size"), "'shm_size'", "'shm_size: 8g'"),
        user=findings.text(mapping.find("user"), "'user'", "'user: \"1000:1000\"'"),
        ports=findings.texts(mapping.find("ports"), "'ports'", "'ports: [\"8080:80\"]'"),
        network=findings.text(mapping.find("network"), "'network'", "'network: host'"),
        platform=findings.text(mapping.find("platform"), "'platform'", "'platform: linux/amd64'"),
        build=build,
        secrets=secrets,
    )


def _parse_build(node: Node | None, findings: Findings) -> DockerBuild | None:
    form = "'build: {context: ., dockerfile: Dockerfile}'"
    if node is None or is_null(node):
        return None
    if isinstance(node, Scalar) and node.type == "str":
        return DockerBuild(node.text)
    mapping = findings.mapping(node, "'build'", form)
    if mapping is None:
        return None
    findings.unknown_keys(mapping, BUILD_KEYS, "in build")
    given = DockerBuild()
    return DockerBuild(
        context=findings.text(mapping.find("context"), "'context'", form) or given.context,
        dockerfile=findings.text(mapping.find("dockerfile"), "'dockerfile'", form) or given.dockerfile,
        args=_parse_build_arguments(mapping.find("args"), findings),
        target=findings.text(mapping.find("target"), "'target'", form),
    )


def _parse_build_arguments(node: Node | None, findings: Findings) -> tuple[str | tuple[str, str], ...]:
    """A mapping, or a list of ``NAME=value`` and ``NAME``; a name alone takes the variable of whoever builds."""
    form = "'args: {NAME: value}'"
    if isinstance(node, Sequence):
        texts = findings.texts(node, "'args'", form)
        split = (text.partition("=") for text in texts)
        return tuple((name, value) if mark else name for name, mark, value in split)
    mapping = None if node is None else findings.mapping(node, "'args'", form)
    entries = () if mapping is None else mapping.entries
    return tuple(
        entry.name
        if is_null(entry.value)
        else (entry.name, findings.text(entry.value, "an item of 'args'", form) or "")
        for entry in entries
    )


def _parse_variables(node: Node | None, findings: Findings) -> tuple[str | tuple[str, str], ...]:
    form = "'environment: [COPIED_FROM_HERE, [NAME, value]]'"
    variables: list[str | tuple[str, str]] = []
    for item in findings.items(node, "'environment'", form):
        if isinstance(item, Sequence):
            pair = [part.source for part in item.items if isinstance(part, Scalar) and not is_null(part)]
            if len(item.items) == len(pair) == 2:
                _check_variable(item, pair[0], findings)
                variables.append((pair[0], pair[1]))
                continue
            if len(item.items) == len(pair) == 1:
                message = "a list of one is taken for the name of a variable to copy; MLflow fails here"
                findings.warning(item, "short-variable", message, f"write '{pair[0]}' without the inner brackets")
                variables.append(pair[0])
                continue
        elif isinstance(item, Scalar) and item.type == "str":
            _check_variable(item, item.text, findings)
            variables.append(item.text)
            continue
        message = f"an item of 'environment' must be a variable's name or a pair, not {describe(item)}"
        findings.error(item, "wrong-kind", message, f"write {form}")
    return tuple(variables)


def _check_variable(node: Node, name: str, findings: Findings) -> None:
    """See that an environment can have a variable of that ``name``."""
    before, mark, value = name.partition("=")
    if mark or not before:
        hint = f"to set it, write [{before}, {value!r}]" if before else "write [NAME, value]"
        findings.error(node, "no-variable", f"'{name}' cannot be the name of a variable", hint)
