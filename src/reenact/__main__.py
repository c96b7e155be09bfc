"""``python -m reenact`` and the installed command."""

from __future__ import annotations

import sys


def main() -> int:
    """Run the command line; returns its exit code."""
    from reenact.process.streams import open_closed_streams

    open_closed_streams()
    from reenact.cli import main as run_cli

    return run_cli()


if __name__ == "__main__":
    sys.exit(main())
