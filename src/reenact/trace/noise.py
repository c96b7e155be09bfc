"""What of all that a command opens is no news. Pure but for the names of paths.

Not news is what the record has otherwise: what is declared, the project's own code, the run's folder, the environment
and the system's programs; and what leaves no trace in a result: devices, temporary files of the command's own making,
byte code, caches of fonts.
"""

import os
import re
from collections.abc import Set

from reenact.values import NamedTuple

SYSTEM = frozenset(
    "/bin /boot /dev /etc /lib /lib32 /lib64 /proc /run /sbin /sys /usr /var/run".split()  # noqa: SIM905
)
"""Folders of the system; what it shares for programs of its own, like certificates and time zones, is there, too."""

TEMPORARY = frozenset(("/tmp", "/var/tmp", "/dev/shm"))  # noqa: S108

_PACKAGES = re.compile(r"/(site-packages|dist-packages|lib/python\d\.\d+|lib/python\d\.\d+t|lib-dynload)/|\.dist-info/")
_CACHES = re.compile(r"/(\.cache|\.config)/(matplotlib|fontconfig)/|/pyvenv\.cfg$")
_TRACKING = re.compile(r"/(mlruns|mlartifacts|wandb)/")
"""Where clients of tracking servers keep their own records."""

_BYTE_CODE = re.compile(r"(.*/)__pycache__/([^/]+?)\.[^/]*\.pyc(\.\d+)?$", re.DOTALL)
_BESIDE_PROGRAMS = ("lib", "lib64", "libexec", "etc", "plugins")


class Surroundings(NamedTuple):
    """What a run is made of: folders, and files where they stand for themselves; all of them absolute.

    ``code`` is what the record has of the project, less ``left_out`` of it. ``declared`` is what may be read,
    ``outputs`` what may be written. ``known`` is the environment, and what else no record needs. ``temporary`` are
    folders for temporary files. ``visible`` is what of a container is this machine's; None where all of it is.
    """

    code: Set[str] = frozenset()
    left_out: Set[str] = frozenset()
    declared: Set[str] = frozenset()
    outputs: Set[str] = frozenset()
    known: Set[str] = frozenset()
    temporary: Set[str] = TEMPORARY
    visible: Set[str] | None = None

    def explains_reading(self, path: str) -> bool:
        """Whether it is no news that a file was read."""
        path = find_source(path)
        above = list_above(path)
        if not self.declared.isdisjoint(above):
            return True
        if not self.code.isdisjoint(above) and self.left_out.isdisjoint(above):
            return True
        return self._is_noise(path, above)

    def explains_writing(self, path: str) -> bool:
        """Whether it is no news that a file was written."""
        above = list_above(path)
        if not self.outputs.isdisjoint(above) or _BYTE_CODE.match(path) or _TRACKING.search(path):
            return True
        if not self.code.isdisjoint(above):
            return False
        return not self.temporary.isdisjoint(above) or self._is_noise(path, above)

    def _is_noise(self, path: str, above: list[str]) -> bool:
        if self.visible is not None and self.visible.isdisjoint(above) and self.code.isdisjoint(above):
            return True
        if not self.known.isdisjoint(above) or _PACKAGES.search(path) or _CACHES.search(path):
            return True
        return not SYSTEM.isdisjoint(above) and self.temporary.isdisjoint(above)


def list_above(path: str) -> list[str]:
    """The path itself and every folder that it is in."""
    above = [path]
    while (cut := path.rfind("/")) > 0:
        path = path[:cut]
        above.append(path)
    return above


def find_source(path: str) -> str:
    """The module that a file of byte code belongs to; any other path as it is."""
    found = _BYTE_CODE.match(path)
    return f"{found[1]}{found[2]}.py" if found else path


def list_program_folders(path_variable: str) -> list[str]:
    """The folders of programs, and of what programs bring along beside them."""
    found = []
    for folder in path_variable.split(os.pathsep):
        if folder.startswith("/"):
            above = os.path.dirname(folder.rstrip("/"))
            found += [folder, *(f"{above.rstrip('/')}/{name}" for name in _BESIDE_PROGRAMS)]
    return found
