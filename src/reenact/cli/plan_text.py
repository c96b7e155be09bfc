"""A plan as ``--dry-run`` prints it, for people and for machines."""

from __future__ import annotations

from reenact.cli.console import print_json
from reenact.cli.table import render_isolation
from reenact.codec import to_plain
from reenact.plan import CommittedLock, Isolation, Plan
from reenact.project.diagnostics import visible


def print_plan(plan: Plan, *, as_json: bool) -> None:
    """The plan on stdout; for machines ``command`` is the shell text itself."""
    if as_json:
        shown = to_plain(plan)
        shown["shell"] = shown["command"]
        shown["command"] = plan.command.text
        shown["key"] = plan.key
        print_json(shown)
        return
    print(render_plan(plan))


def render_plan(plan: Plan) -> str:
    """The plan as a person reads it."""
    source = plan.source
    pinned = f" at {source.commit}{', with changes' if source.dirty else ''}" if source.commit else ""
    lines = [
        f"{'project':<13} {visible(plan.project)}, entry point {visible(plan.entry_point)}",
        f"{'source':<13} {visible(source.uri)}{pinned}",
        *(f"{'parameter':<13} {visible(p.name)} = {_render_value(p.value, p.secret)}" for p in plan.parameters),
        *(f"{'download':<13} {visible(d.uri)}" for d in plan.downloads),
        f"{'environment':<13} {visible(render_environment(plan))}",
        f"{'backend':<13} {visible(plan.backend)}",
        *([f"{'isolation':<13} {render_isolation(plan.isolation)}"] if plan.isolation != Isolation() else ()),
        *([f"{'trace':<13} {render_trace(plan)}"] if plan.trace else ()),
        *(f"{'variable':<13} {visible(name)}={visible(value)}" for name, value in list_deterministic(plan)),
        f"{'shell':<13} {' '.join(plan.command.shell)}",
        f"{'command':<13} " + ("\n" + " " * 14).join(map(visible, plan.command.text.strip("\n").split("\n"))),
    ]
    return "\n".join(lines)


def list_deterministic(plan: Plan) -> list[tuple[str, str]]:
    """The variables by which the command is made to repeat, with their values."""
    names = plan.determinism.variables if plan.determinism is not None else ()
    return [(name, plan.command.environment.get(name, "")) for name in names]


def render_trace(plan: Plan) -> str:
    """What watches the command, and whether it may read more than what is declared."""
    how = "by Python's audit hook" if plan.trace == "python" else f"by {plan.trace}"
    return how + ("; nothing may be read that is not declared" if plan.strict_inputs else "")


def render_environment(plan: Plan) -> str:
    """The kind of environment, the file that defines it, and what says its versions."""
    spec = plan.environment
    parts: list[str] = [spec.kind]
    if origin := getattr(spec, "origin", None):
        parts.append(f"from {origin}")
    if isinstance(plan.lock, CommittedLock) and not plan.lock.stale:
        parts.append(f"locked by {plan.lock.file}")
    elif lock := getattr(spec, "lock_file", None):
        parts.append(f"locked by {lock}")
    if as_of := getattr(spec, "as_of", None):
        parts.append(f"as of {as_of}")
    if accelerator := getattr(spec, "accelerator", None):
        parts.append(f"for {accelerator}")
    return ", ".join(parts)


def _render_value(value: str | None, secret: bool) -> str:
    return "(secret)" if secret else "(none)" if value is None else visible(value)
