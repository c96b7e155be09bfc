"""``python -m tests.process.runner FOLDER``: supervise what FOLDER/config.json says, write FOLDER/outcome.json."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

from reenact.codec import encode
from reenact.process.child import Spawn
from reenact.process.guard import Ending
from reenact.process.supervise import supervise


def main(folder: Path) -> int:
    config: dict[str, Any] = json.loads((folder / "config.json").read_text())
    if config.pop("terminal_of_its_own", False):
        # The first terminal that the leader of a session opens becomes its own.
        os.close(os.open(os.ttyname(2), os.O_RDWR))
    if limit := config.pop("file_size", None):
        import resource

        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
    name, _, value = config["mark"].partition("=")
    notes: list[str] = []
    environ = {**os.environ, name: value}
    lists = {key: tuple(value) for key, value in config.items() if key in ("argv", "secrets")}
    if ending := config.pop("ending", None):
        config["ending"] = Ending(*ending)
    spawn = Spawn(cwd=folder, environ=environ, log=folder / "log", **{**config, **lists})
    outcome = supervise(spawn, note=notes.append)
    aside = folder / "outcome.aside"
    status = Path("/proc/self/status").read_text()
    peak = int(status.split("VmHWM:")[1].split()[0])
    aside.write_bytes(encode({**outcome._asdict(), "notes": notes, "our_peak_kib": peak}))
    aside.rename(folder / "outcome.json")
    return outcome.code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
