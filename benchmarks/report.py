"""The tables as Markdown."""

from __future__ import annotations

import platform
import time
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from reenact.machine import read_machine


class Table(NamedTuple):
    """One benchmark: what was measured, a heading for each column, rows of text, and the bound it is held to."""

    title: str
    about: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    verdict: str


def render_table(table: Table) -> str:
    """A Markdown section; without columns nothing was measured, and the verdict says why."""
    if not table.columns:
        return f"## {table.title}\n\n{table.verdict}"
    lines = [f"## {table.title}", "", table.about, "", render_row(table.columns)]
    lines.append(render_row(["---", *["---:"] * (len(table.columns) - 1)]))
    lines += [render_row(row) for row in table.rows]
    return "\n".join([*lines, "", table.verdict])


def render_row(cells: Sequence[str]) -> str:
    """One line of a Markdown table."""
    return "| " + " | ".join(cells) + " |"


def render_page(tables: Sequence[Table], machine: str, more: Sequence[str] = ()) -> str:
    """The whole page; ``more`` are sections that were measured at another time."""
    head = (
        "# Measured\n\n`make bench` writes this page: every number is a median of runs taken in turn with those that it"
        f" stands beside, on one machine, one after the other.\n\n{machine}\n\n"
    )
    return head + "\n\n".join([*map(render_table, tables), *more]) + "\n"


def list_sections(page: Path) -> dict[str, str]:
    """The sections of the page by their titles, each with its heading."""
    text = page.read_text() if page.exists() else ""
    return {part.partition("\n")[0]: f"## {part}".strip() for part in text.split("\n## ")[1:]}


def put_section(page: Path, table: Table) -> None:
    """Write the table into the page, in the place of the section of that title or behind all others."""
    head = page.read_text().partition("\n## ")[0].strip()
    sections = {**list_sections(page), table.title: render_table(table)}
    page.write_text("\n\n".join([head, *sections.values()]) + "\n")


def describe_machine() -> str:
    """The machine and the day in one sentence."""
    facts = read_machine()
    memory = facts.memory / 2**30
    day = time.strftime("%Y-%m-%d", time.gmtime())
    return (
        f"Machine: {facts.cpu_model}, {facts.cpu_limit:g} cores, {memory:.0f} GiB, {facts.system}, "
        f"Python {platform.python_version()}, {day}."
    )


def milliseconds(seconds: float) -> str:
    """``12.3 ms``."""
    return f"{seconds * 1000:.1f} ms"


def hold(name: str, measured: float, bound: float, render: str = "{:.0f} ms", scale: float = 1000) -> str:
    """``name: measured, at most bound: held`` — or not held, as plainly."""
    verdict = "held" if measured <= bound else "NOT held"
    return f"{name}: {render.format(measured * scale)}, bound {render.format(bound * scale)}: **{verdict}**."
