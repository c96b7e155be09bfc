"""The engine's client program, run to its end."""

from __future__ import annotations

import shlex

from reenact.environments.credentials import redact
from reenact.environments.docker.engine import Engine
from reenact.hints import Any
from reenact.process.tool import ToolResult, run_tool
from reenact.world import World


def run_client(engine: Engine, arguments: tuple[str, ...], world: World, **more: Any) -> ToolResult:
    """Run the engine's client to its end; ``more`` goes to :func:`~reenact.process.tool.run_tool`."""
    return run_tool((engine.program, *arguments), **{"environ": world.environ, **more})


def run_long(engine: Engine, arguments: tuple[str, ...], world: World, step: str, **more: Any) -> ToolResult:
    """The same for work that takes its time: its progress is told as ``step``, and all that it says is said."""

    def tell(line: str) -> None:
        if line.strip():
            world.report.said(redact(line))
            world.report.step(step, redact(line.strip()))

    world.report.said(f"$ {redact(shlex.join((engine.name, *arguments)))}")
    result = run_client(engine, arguments, world, on_line=tell, **more)
    for line in result.output.splitlines():
        world.report.said(redact(line))
    world.report.said(f"{engine.name} ended with code {result.code}")
    return result
