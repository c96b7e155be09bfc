"""A run's environment in the words of other tools, from its lock alone: nothing is resolved, nothing is asked."""

from __future__ import annotations

import json
import shlex
from collections.abc import Callable, Iterable, Iterator

from reenact.environments.packages import Package, list_packages
from reenact.errors import UnsupportedError, UsageError
from reenact.plan import EnvironmentLock
from reenact.values import NamedTuple

_INSIDE = "/tmp"  # noqa: S108
"""Where whoever builds inside the image can write, root or not."""

_LONGEST = 60_000
"""Bytes of one argument of a program that every system takes."""


class Exported(NamedTuple):
    """What is exported: the environment of the run ``run`` of ``project``, from ``lock``, made at ``created``."""

    project: str
    run: str
    created: str
    lock: EnvironmentLock
    packages: tuple[Package, ...]

    @property
    def local(self) -> tuple[str, ...]:
        """The packages that are folders on this machine, which no other machine can install."""
        return tuple(package.name for package in self.packages if is_local(package))

    @property
    def remark(self) -> str:
        """A comment line for the head of a file."""
        return f"# the environment of run {self.run}: Python {self.lock.python} on {self.lock.platform}\n"


def make_export(project: str, run: str, created: str, lock: EnvironmentLock) -> Exported:
    """The parts of an export.

    Raises:
        UnsupportedError: the environment has no lock.
        RecordError: the lock is damaged.
    """
    if not lock.text:
        raise UnsupportedError(f"the environment of run {run} has no lock: it was that of the system")
    # On one line, for it goes into comments.
    return Exported(" ".join(project.split()), run, created, lock, list_packages(lock.text))


def render(exported: Exported, form: str) -> str:
    """The environment in one of the :data:`FORMATS`.

    Raises:
        UsageError: there is no such format.
        UnsupportedError: this kind of environment cannot be said in it, or a package of ours is not installed for it.
    """
    if form not in FORMATS:
        raise UsageError(f"no format '{form}': choose one of {', '.join(FORMATS)}")
    if exported.lock.kind == "docker" and form != "dockerfile":
        message = f"a container's packages are in its image, and no lock of ours names them: there is no {form} of it"
        raise UnsupportedError(message, hint="--format dockerfile; the image itself is in what 'reenact export' makes")
    return FORMATS[form](exported)


def is_local(package: Package) -> bool:
    """Whether it is a folder or file on this machine."""
    return bool(package.direct) and "://" not in package.direct


def render_pylock(exported: Exported) -> str:
    """PEP 751: the lock itself."""
    if exported.lock.kind != "python":
        raise UnsupportedError(
            "a pylock.toml cannot name conda packages",
            hint="--format environment.yml, or take the lock: reenact env show",
        )
    return exported.lock.text


def render_requirements(exported: Exported) -> str:
    """What pip and uv install from, with the hash of every file; conda packages are named in comments."""
    lines = [
        f"# {package.name}={package.version}={package.build}" for package in exported.packages if _is_conda(package)
    ]
    lines += _list_indexes(exported.lock)
    lines += (render_requirement(package, hashes=True) for package in exported.packages if not _is_conda(package))
    return exported.remark + "".join(f"{line}\n" for line in lines)


def render_requirement(package: Package, *, hashes: bool) -> str:
    """One requirement (PEP 508) as a line, or one a hash."""
    if not package.direct:
        line = f"{package.name}=={package.version}"
    else:
        line = f"{package.name} @ {package.direct}" if "://" in package.direct else package.direct
    if package.marker:
        line += f" ; {package.marker}"
    return " \\\n    ".join((line, *(f"--hash={value}" for value in package.hashes if hashes)))


def render_conda_file(exported: Exported) -> str:
    """``environment.yml``: exact builds from conda, exact versions from PyPI below ``pip:``."""
    conda = [package for package in exported.packages if _is_conda(package)]
    pip = [package for package in exported.packages if not _is_conda(package)]
    channels = list(dict.fromkeys(_find_channel(package) for package in conda)) or ["conda-forge"]
    wanted = [f"{package.name}={package.version}={package.build}" for package in conda]
    if not conda:
        wanted = [f"python={exported.lock.python}", "pip"]
    elif pip and not any(package.name == "pip" for package in conda):
        wanted.append("pip")
    lines = [
        f"name: {json.dumps(exported.project)}",
        "channels:",
        *_listed(channels),
        "dependencies:",
        *_listed(wanted),
    ]
    if pip:
        indexes = _list_indexes(exported.lock)
        lines += [
            "  - pip:",
            *_listed((*indexes, *(render_requirement(each, hashes=False) for each in pip)), deeper=True),
        ]
    if exported.lock.variables:
        lines.append("variables:")
        lines += (f"  {json.dumps(name)}: {json.dumps(value)}" for name, value in exported.lock.variables.items())
    return exported.remark + "".join(f"{line}\n" for line in lines)


def render_dockerfile(exported: Exported) -> str:
    """A Dockerfile that stands alone: the lock is inside."""
    if exported.lock.kind == "docker":
        return _render_image(exported)
    lines = [exported.remark.rstrip()]
    conda = [package for package in exported.packages if _is_conda(package)]
    pip = [package for package in exported.packages if not _is_conda(package)]
    if conda:
        lines += [
            "FROM mambaorg/micromamba:2",
            *_write_file(f"{_INSIDE}/explicit.txt", ["@EXPLICIT", *map(_render_explicit, conda)]),
        ]
        lines.append(f"RUN micromamba install --yes --name base --file {_INSIDE}/explicit.txt")
        start = "RUN micromamba run --name base python"
    else:
        lines.append(f"FROM python:{exported.lock.python}")
        start = "RUN python"
    if pip:
        wanted = [*_list_indexes(exported.lock), *(render_requirement(package, hashes=True) for package in pip)]
        lines += _write_file(f"{_INSIDE}/requirements.txt", wanted)
        lines.append(f"{start} -m pip install --no-cache-dir --no-deps --requirement {_INSIDE}/requirements.txt")
    lines += (
        f"ENV {name}={json.dumps(value).replace('$', chr(92) + '$')}" for name, value in exported.lock.variables.items()
    )
    return "".join(f"{line}\n" for line in lines)


def render_cyclonedx(exported: Exported) -> str:
    """CycloneDX 1.6 as JSON, by the format's own library."""
    from reenact.environments.cyclonedx import render_bom

    return render_bom(exported)


FORMATS: dict[str, Callable[[Exported], str]] = {
    "pylock": render_pylock,
    "requirements": render_requirements,
    "environment.yml": render_conda_file,
    "dockerfile": render_dockerfile,
    "cyclonedx": render_cyclonedx,
}
"""Every format and what renders it."""


def _is_conda(package: Package) -> bool:
    return package.kind == "conda"


def _render_image(exported: Exported) -> str:
    """The image by its digest; one that was built here by its recipe, with its base images by theirs."""
    lock = json.loads(exported.lock.text)
    head = f"# the image of run {exported.run}: {lock['name']}\n"
    if not lock.get("recipe"):
        return f"{head}FROM {lock.get('digest') or lock['id']}\n"
    text: str = lock["recipe"]["dockerfile"]
    for base in lock.get("bases", ()):
        text = text.replace(f"reenact/base:{base['id'].removeprefix('sha256:')}", base.get("digest") or base["id"])
    return head + text


def _find_channel(package: Package) -> str:
    """The channel of a conda package, without its platform."""
    return package.origin.rpartition("/")[0]


def _render_explicit(package: Package) -> str:
    md5 = next((value.partition(":")[2] for value in package.hashes if value.startswith("md5:")), "")
    return f"{package.direct}#{md5}" if md5 else package.direct


def _list_indexes(lock: EnvironmentLock) -> list[str]:
    names = ("--index-url ", "--extra-index-url ", "--find-links ", "--trusted-host ", "--no-index")
    return [option for option in lock.options if option.startswith(names)]


def _listed(items: Iterable[str], *, deeper: bool = False) -> list[str]:
    return [f"{'      ' if deeper else '  '}- {json.dumps(item)}" for item in items]


def _write_file(path: str, lines: Iterable[str]) -> Iterator[str]:
    """Steps that write a file: shell commands, which every builder knows, none longer than an argument may be."""
    words = [shlex.quote(line) for text in lines for line in text.split("\n")]
    while words:
        size, count = 0, 0
        while count < len(words) and (size := size + len(words[count]) + 7) < _LONGEST:
            count += 1
        part, words = words[: max(count, 1)], words[max(count, 1) :]
        yield " \\\n    ".join(("RUN printf '%s\\n'", *part, f">> {path}"))
