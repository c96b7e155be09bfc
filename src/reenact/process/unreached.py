"""What a command is told to log to and will not come to, because it is kept from it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

from reenact.plan import DockerSpec, Plan
from reenact.process.surroundings import TRACKING, make_absolute
from reenact.project.diagnostics import Diagnostic

UNREACHED = "unreached-tracking"


def find_unreached(plan: Plan, caller: Mapping[str, str]) -> tuple[Diagnostic, ...]:
    """Tracking servers for a command without network, and stores in files for one that may not write."""
    variables = {**caller, **_list_own(plan)}
    return tuple(_find(plan, {name: variables[name] for name in TRACKING if variables.get(name)}))


def _list_own(plan: Plan) -> Mapping[str, str]:
    """What the environment says itself, over what the caller says."""
    spec = plan.environment
    if isinstance(spec, DockerSpec):
        return dict(item for item in spec.container.environment if not isinstance(item, str))
    return getattr(spec, "variables", {})


def _find(plan: Plan, variables: Mapping[str, str]) -> Iterator[Diagnostic]:
    for name, uri in variables.items():
        # No address is told: it may have a password in it.
        in_files = make_absolute(uri, Path("/")).startswith(("/", "file:", "sqlite"))
        if in_files and plan.isolation.read_only:
            message = f"nothing can be logged to the files that {name} names: --read-only keeps the command from them"
            yield Diagnostic("warning", UNREACHED, message)
        if not in_files and not plan.isolation.network:
            message = f"the command will not reach the server that {name} names"
            yield Diagnostic(
                "warning", UNREACHED, f"{message}: --no-network leaves it a loopback of its own and nothing else"
            )
