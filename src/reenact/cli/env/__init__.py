"""``reenact env``: the environments that stand in our home. One file a verb, imported when it is chosen."""

from __future__ import annotations

VERBS = {
    "ls": "List environments, last used first.",
    "show": "Show one environment, or that of a run, with its packages.",
    "du": "Show how much of the disk they use, shared files counted once.",
    "why": "Say why the environment of a run was made or found made.",
    "export": "Print the environment of a run in another tool's format.",
    "restore": "Make the environment of a run exist again, from its record.",
    "rm": "Delete environments.",
    "gc": "Delete what is old, unfinished or too much.",
}
"""Every verb and its one line of help."""
