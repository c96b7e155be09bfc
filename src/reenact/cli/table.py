"""Values as people read them: rows cut to the terminal, ages, durations, sizes, text without control codes."""

import os
import sys
from collections.abc import Sequence

from reenact.plan import Isolation
from reenact.process.plain_signal import name_signal
from reenact.project.diagnostics import visible
from reenact.runs import Result, State
from reenact.values import NamedTuple

_UNITS = ((86400 * 365, "y"), (86400 * 30, "mo"), (86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
_COLOURS = {
    State.FINISHED: "32",
    State.FAILED: "31",
    State.KILLED: "33",
    State.LOST: "35",
    State.RUNNING: "36",
    State.PREPARING: "36",
    State.QUEUED: "36",
}


class Column(NamedTuple):
    """A heading, and whether the column gives way when the terminal is narrow."""

    heading: str
    gives_way: bool = False


def render_table(columns: Sequence[Column], rows: Sequence[Sequence[str]], width: int | None) -> list[str]:
    """Lines with a heading, columns two spaces apart; columns that give way are cut so that a line fits ``width``."""
    wide = [
        max(measure(text) for text in (column.heading, *(row[at] for row in rows))) for at, column in enumerate(columns)
    ]
    if width is not None:
        # From the right, since what matters most stands on the left.
        for at in reversed(range(len(columns))):
            over = sum(wide) + 2 * (len(wide) - 1) - width
            if over > 0 and columns[at].gives_way:
                wide[at] = max(measure(columns[at].heading), wide[at] - over)
    lines = []
    for row in ([column.heading for column in columns], *rows):
        cells = [cut(text, size) for text, size in zip(row, wide, strict=True)]
        lines.append(
            "  ".join(cell + " " * (size - measure(cell)) for cell, size in zip(cells, wide, strict=True)).rstrip()
        )
    return lines


def measure(text: str) -> int:
    """How many cells of a terminal the text fills."""
    if text.isascii():
        return len(text)
    from unicodedata import combining, east_asian_width

    return sum(0 if combining(c) else 2 if east_asian_width(c) in "WF" else 1 for c in text)


def cut(text: str, width: int) -> str:
    """The text, or as much of its beginning as fits with an ellipsis after it."""
    if measure(text) <= width:
        return text
    while text and measure(text) > width - 1:
        text = text[:-1]
    return text + "…" if width > 0 else ""


def paint(text: str, state: State) -> str:
    """The text in the colour of a state, where stdout is a terminal and nobody asked for none (NO_COLOR)."""
    if os.environ.get("NO_COLOR") or not sys.stdout.isatty():
        return text
    return f"\x1b[{_COLOURS[state]}m{text}\x1b[0m"


def find_width() -> int | None:
    """The width of the terminal that stdout is, or None where it is none."""
    try:
        return os.get_terminal_size(sys.stdout.fileno()).columns
    except (OSError, ValueError):
        return None


def parse_timestamp(text: str) -> float:
    """Seconds since the epoch of one of our own timestamps, or of any in RFC 3339."""
    from datetime import datetime

    return datetime.fromisoformat(text).timestamp()


def render_age(seconds: float) -> str:
    """``3 min ago``, ``2 d ago``; ``now`` within a second."""
    for size, unit in _UNITS:
        if seconds >= size:
            return f"{int(seconds // size)} {unit} ago"
    return "now"


def render_duration(seconds: float) -> str:
    """``0.41 s``, ``12.3 s``, ``4 min 10 s``, ``3 h 05 min``, ``2 d 4 h``."""
    if seconds < 9.995:
        return f"{seconds:.2f} s"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    if whole < 86400:
        return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
    return f"{whole // 86400} d {whole % 86400 // 3600} h"


def render_count(count: int, thing: str) -> str:
    """``no runs``, ``1 run``, ``2 runs``, ``2 processes``."""
    return f"{count or 'no'} {thing}{'' if count == 1 else 'es' if thing.endswith('s') else 's'}"


def render_size(count: int) -> str:
    """Bytes in binary units: ``512 B``, ``38.2 MiB``."""
    size = float(count)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{count} B" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


def render_state(state: State, exit_code: int | None) -> str:
    """The state and what tells more of it: ``failed (1)``, ``killed (SIGTERM)``."""
    if state is State.KILLED and exit_code is not None and exit_code > 128:
        try:
            return f"killed ({name_signal(exit_code - 128)})"
        except ValueError:
            return f"killed ({exit_code})"
    if state is State.FAILED and exit_code is not None:
        return f"failed ({exit_code})"
    return state.value


def render_end(run_id: str, result: Result) -> str:
    """The line that is printed when a run has ended."""
    took = f" in {render_duration(result.usage.wall)}" if result.usage else ""
    why = f": {result.reason}" if result.reason else ""
    return f"run {run_id[:8]} {render_state(result.state, result.exit_code)}{took}{why}"


def render_isolation(isolation: Isolation) -> str:
    """What the command is kept from."""
    held = {"no network": not isolation.network, "read-only but for its run folder": isolation.read_only}
    return ", ".join(name for name, holds in held.items() if holds)


def render_change(what: str, old: str | None, new: str | None) -> str:
    """What came (None was there before), went or changed, as a line; a digest by its beginning."""
    if old is None:
        return f"  + {visible(what)}: {_cut(new or '')}"
    if new is None:
        return f"  - {visible(what)}: {_cut(old)}"
    return f"  ~ {visible(what)}: {_cut(old)} → {_cut(new)}"


def _cut(text: str) -> str:
    shown = visible(text)
    return shown[:12] if len(text) == 64 and set(text) <= set("0123456789abcdef") else shown
