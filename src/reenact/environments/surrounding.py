"""What a launch wants run before and after its command: tools that put files where an engine elsewhere sees them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from reenact.environments.launch import Launch
from reenact.errors import BuildError
from reenact.process import signals
from reenact.process.ending import end_elsewhere
from reenact.process.guard import Ending, guarding
from reenact.process.handed import handing
from reenact.process.tool import run_tool


@contextmanager
def surrounding(launch: Launch, removal: Ending, mark: str) -> Iterator[None]:
    """Run ``launch.before`` and, after the block, ``launch.after``; ``removal`` takes away what that leaves, also when
    we are killed. ``mark`` is one ``NAME=value`` of the environment of whatever is started.

    Raises:
        BuildError: one of the tools failed.
        Stopped: a signal asked us to end before the command ran.
    """
    with guarding(mark, removal):
        try:
            with signals.raising():
                _run_tools(launch.before, launch)
            yield
            _run_tools(launch.after, launch)
        finally:
            end_elsewhere(*removal)


def _run_tools(tools: tuple[tuple[str, ...], ...], launch: Launch) -> None:
    for tool in tools:
        with handing(tool, launch.handed) as (argv, descriptors):
            result = run_tool(argv, environ=launch.environ, keep_open=descriptors)
        if not result.ok:
            said = result.errors.strip().splitlines()[-5:]
            raise BuildError(f"{argv[0]} {argv[1]} failed (code {result.code})\n" + "\n".join(said))
