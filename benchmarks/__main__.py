"""``python -m benchmarks [NAME…]``: measure beside the named peers, print the tables, write them to README.md.

Everything happens in a scratch folder with a home of its own. Peers are installed there from PyPI when they are not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks import (
    bundles,
    captured_code,
    container_run,
    first_conda,
    first_environment,
    hidden_secrets,
    isolated_run,
    many_runs,
    pinned_git,
    shared_disk,
    trace,
    verified_run,
    warm_run,
)
from benchmarks.as_of import TITLE as AS_OF
from benchmarks.report import Table, describe_machine, list_sections, render_page, render_table

BENCHMARKS: dict[str, Callable[[Path], Table]] = {
    "warm-run": warm_run.measure,
    "first-environment": first_environment.measure,
    "first-conda": first_conda.measure,
    "container-run": container_run.measure,
    "many-runs": many_runs.measure,
    "pinned-git": pinned_git.measure,
    "shared-disk": shared_disk.measure,
    "isolated-run": isolated_run.measure,
    "trace": trace.measure,
    "hidden-secrets": hidden_secrets.measure,
    "captured-code": captured_code.measure,
    "bundles": bundles.measure,
    "verified-run": verified_run.measure,
}


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all; only all of them together are written to the page.

    What ``make bench-as-of`` has written stays.
    """
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        print(f"no benchmark {', '.join(unknown)}; there are {', '.join(BENCHMARKS)}", file=sys.stderr)
        return 2
    tables = []
    with TemporaryDirectory(prefix="reenact-bench-") as scratch:
        for name in names or BENCHMARKS:
            print(f"{name} …", file=sys.stderr, flush=True)
            folder = Path(scratch, name)
            folder.mkdir()
            tables.append(BENCHMARKS[name](folder))
            print("\n" + render_table(tables[-1]) + "\n", flush=True)
    if not names:
        page = Path(__file__).with_name("README.md")
        kept = [text for title, text in list_sections(page).items() if title == AS_OF]
        page.write_text(render_page(tables, describe_machine(), kept))
        print(f"written to {page}", file=sys.stderr)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
