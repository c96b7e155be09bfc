"""The first use of things from several threads at once, each time in a fresh interpreter."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path


def said_by(script: str, *argv: str) -> list[str]:
    """The lines that a new interpreter prints, whose threads take turns as often as they can."""
    hurried = f"import sys\nsys.setswitchinterval(1e-5)\n{script}"
    done = subprocess.run([sys.executable, "-c", hurried, *argv], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()


FIND_UV = """
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from reenact.environments.python.uv import find_uv

begin = Barrier(16)

def find(number):
    begin.wait()
    return find_uv()

with ThreadPoolExecutor(16) as threads:
    print(*threads.map(find, range(16)), sep="\\n")
"""


def test_uv_is_found_by_many_threads_at_once() -> None:
    # Python 3.11 fills the table of sysconfig, which uv asks where it is, without a lock.
    for _ in range(5):
        found = said_by(FIND_UV)
        assert len(found) == 16
        assert set(found) == {str(Path(sys.executable).with_name("uv"))}


RUN_A_CONTAINER = """
import time
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from importlib.machinery import PathFinder, SourceFileLoader
from threading import Event
import reenact
from reenact import api, environments
from reenact.world import make_world
from reenact.report import Silence

PACKAGE = environments.KINDS["docker"]
looking = Event()

class Slow(SourceFileLoader):
    # The package has been asked for and is not there yet, for as long as the other thread needs to come to it.
    def create_module(self, spec):
        looking.set()
        time.sleep(0.2)
        return None

class Finder(PathFinder):
    @classmethod
    def find_spec(cls, name, path=None, target=None):
        spec = super().find_spec(name, path, target) if name == PACKAGE else None
        if spec:
            spec.loader = Slow(name, spec.origin)
        return spec

sys.meta_path.insert(0, Finder)
world = make_world(Silence(), {"PATH": "", "REENACT_HOME": sys.argv[2]})
kind = ThreadPoolExecutor(1).submit(import_module, PACKAGE)
looking.wait()
try:
    reenact.run(sys.argv[1], docker_args={"gpus": "all"}, docker_auth={"username": "u", "password": "p"}, world=world)
except reenact.UnsupportedError as problem:
    print(problem.message.partition(";")[0])
print(kind.result().__name__ == PACKAGE)
"""


def test_a_container_is_asked_for_while_another_thread_begins_to_plan_one(project_dir: Path, tmp_path: Path) -> None:
    (project_dir / "MLproject").write_text("docker_env: {image: nothing}\nentry_points: {main: {command: 'true'}}\n")
    said = said_by(RUN_A_CONTAINER, str(project_dir), str(tmp_path))
    assert said == ["this project runs in a container, and no container engine answers", "True"]
