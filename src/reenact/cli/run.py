"""``reenact run``: every option of ``mlflow run`` with its meaning, and ours."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from pathlib import Path

import click

from reenact import api
from reenact.cli.console import console_world, print_json
from reenact.codec import to_plain
from reenact.errors import UsageError
from reenact.plan import Plan
from reenact.prepare import Request, Tracking, discard, prepare
from reenact.project.parameters import Rules, parse_assignments
from reenact.runs import State
from reenact.world import World


@click.command("run")
@click.argument("uri")
@click.option("-e", "--entry-point", default="main", show_default=True, metavar="NAME", help="What to run.")
@click.option("-v", "--version", metavar="VERSION", help="Branch, tag, commit or pull/N/head of a git project.")
@click.option("-P", "--param-list", multiple=True, metavar="NAME=VALUE", help="A parameter; repeatable.")
@click.option("--params-file", type=click.Path(), metavar="FILE", help="Parameters from a YAML or JSON file; -P wins.")
@click.option("--env-manager", metavar="NAME", help="uv, system (or local) for no environment; default: as the file says.")
@click.option("--upgrade", is_flag=True, help="Resolve the environment anew.")
@click.option("--keep", multiple=True, metavar="VARIABLE", help="Hand on a variable that an environment hides, as PYTHONPATH.")
@click.option("--strict", is_flag=True, help="Refuse undeclared parameters and paths that do not exist.")
@click.option("--lenient", is_flag=True, help="Warn of values that do not fit their type, and go on.")
@click.option("--shell-strict", is_flag=True, help="Stop a command at its first failing line or pipe (-eo pipefail).")
@click.option("--timeout", metavar="TIME", help="Stop the command after this long: 90, 90s, 15m, 2h.")
@click.option("--run-name", metavar="NAME", help="A name for the run.")
@click.option("--detach", "-d", is_flag=True, help="Print the run's id and leave it running.")
@click.option("--dry-run", is_flag=True, help="Print the plan and stop.")
@click.option("--json", "as_json", is_flag=True, help="With --dry-run or --detach: for machines.")
@click.option("--experiment-name", help="Experiment for the project's MLflow client.")
@click.option("--experiment-id", help="The same by id.")
@click.option("--run-id", metavar="RUN_ID", help="MLflow run that the project's MLflow client adopts.")
@click.option("-b", "--backend", default="local", show_default=True, metavar="NAME", help="Where to run.")
@click.option("-c", "--backend-config", metavar="FILE", help="Settings of the backend: a .json file, or JSON itself.")
@click.option("--storage-dir", envvar="MLFLOW_TMP_DIR", metavar="DIR", help="Where remote path parameters are downloaded.")
@click.option("-A", "--docker-args", multiple=True, metavar="NAME[=VALUE]", help="Argument for docker run; repeatable.")
@click.option("--build-image", is_flag=True, help="Build the project's image (container environments only).")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing but errors.")
def command(**given: Unpack[Options]) -> int:
    """Run the project at URI: a directory, a git repository, a web page of one, or an archive.

    The exit code is the command's own.
    """
    if given["as_json"] and not (given["dry_run"] or given["detach"]):
        raise UsageError("--json goes with --dry-run or --detach", hint="reenact show --json prints a run's record")
    world = console_world(quiet=given["quiet"])
    prepared = prepare(make_request(given, world), world)
    for warning in prepared.plan.notes:
        world.report.found(warning)
    if given["dry_run"]:
        discard(prepared.staged)
        print_plan(prepared.plan, as_json=given["as_json"])
        return 0
    if given["detach"]:
        submitted = api.submit(prepared, world)
        print_json({"id": submitted.run_id}) if given["as_json"] else print(submitted.run_id)
        return 0
    return wait_for(prepared, world)


def make_request(given: Options, world: World) -> Request:
    """The request that the options make; only files that they name are read."""
    if given["experiment_name"] and given["experiment_id"]:
        raise UsageError("Specify only one of 'experiment-name' or 'experiment-id' options.")
    return Request(
        uri=given["uri"],
        entry_point=given["entry_point"],
        version=given["version"],
        parameters={**read_params_file(given["params_file"], world), **parse_assignments(given["param_list"])},
        rules=Rules(strict=given["strict"], lenient=given["lenient"]),
        env_manager=given["env_manager"],
        upgrade=given["upgrade"],
        keep=given["keep"],
        backend=given["backend"],
        backend_config=api.read_backend_config(given["backend_config"]),
        shell_strict=given["shell_strict"],
        timeout=parse_duration(given["timeout"]),
        tracking=Tracking(given["experiment_name"], given["experiment_id"], given["run_id"]),
        storage_dir=given["storage_dir"],
        name=given["run_name"],
    )


def wait_for(prepared: Prepared, world: World) -> int:
    """Carry the plan out here; the exit code of the command."""
    folder, result = api.carry_out(prepared, world)
    world.report.note(render_end(folder.id, result))
    return result.exit_code if result.exit_code is not None else 1


def parse_duration(text: str | None) -> float | None:
    """Seconds from ``90``, ``90s``, ``1.5m``, ``2h`` or ``1d``.

    Raises:
        UsageError: another form, or not more than nothing.
    """
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in SECONDS else (text, "s")
    try:
        seconds = float(number) * SECONDS[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"a time is a number with s, m, h or d after it, not '{text}'", hint="for example 90s or 1.5h")
    return seconds
