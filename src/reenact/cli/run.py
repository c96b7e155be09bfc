"""``reenact run``: every option of ``mlflow run`` with its meaning, and ours."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from importlib import import_module

from reenact import api
from reenact.cli.console import make_report, print_error, print_json
from reenact.cli.given import add_json, add_yes
from reenact.cli.parser import HIDDEN, Namespace, Parser
from reenact.errors import UsageError
from reenact.plan import Isolation
from reenact.prepare import Prepared, Request, Tracking, discard, prepare
from reenact.process.plain_signal import name_signal
from reenact.process.signals import Stopped, raising
from reenact.project.parameters import Options, parse_assignments, parse_params_file
from reenact.world import World

SECONDS = {"s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}


class Launching(Namespace):
    """What every verb that starts a run is told of how to."""

    detach: bool
    yes: bool
    dry_run: bool
    as_json: bool


class Given(Launching):
    """The command line's words."""

    uri: str
    entry_point: str
    version: str | None
    param_list: list[str]
    params_file: str | None
    strict: bool
    lenient: bool
    env_manager: str | None
    upgrade: bool
    locked: bool
    as_of: str | None
    accelerator: str | None
    keep: list[str]
    shell_strict: bool
    timeout: str | None
    no_network: bool
    read_only: bool
    trace: str | None
    strict_inputs: bool
    deterministic: bool
    require_clean: bool
    run_name: str | None
    quiet: bool
    experiment_name: str | None
    experiment_id: str | None
    run_id: str | None
    backend: str
    backend_config: str | None
    storage_dir: str | None
    docker_args: list[str]
    build_image: bool
    skip_image_build: bool


def add_arguments(parser: Parser) -> None:
    """Declare them: those of ``mlflow run``, then ours for what runs, where and how it is told."""
    parser.epilog = "The exit code is the command's own."
    parser.add_argument(
        "uri", metavar="URI", complete="files", help="A folder, a git repository, a web page of one, or an archive."
    )
    add_mlflow_arguments(parser)
    parser.add_argument(
        "--params-file", metavar="FILE", complete="files", help="Parameters from a YAML or JSON file; -P wins over it."
    )
    parser.add_argument(
        "--strict", action="store_true", help="Refuse undeclared parameters, and paths that do not exist."
    )
    parser.add_argument("--lenient", action="store_true", help="Only warn of values that do not fit their type.")
    add_environment_arguments(parser)
    parser.add_argument(
        "--shell-strict", action="store_true", help="Stop the command at its first failure, also inside a pipe."
    )
    parser.add_argument("--timeout", metavar="TIME", help="Stop the command after 90, 90s, 15m, 2h, 1d.")
    add_isolation(parser)
    parser.add_argument(
        "--deterministic", action="store_true", help="Set the variables that make common libraries repeat."
    )
    parser.add_argument(
        "--require-clean", action="store_true", help="Refuse a work tree with changes that are not committed."
    )
    parser.add_argument(
        "--trace",
        nargs="?",
        const="python",
        choices=["python", "strace"],
        metavar="HOW",
        help="Record what the command reads, writes and speaks to beyond what is declared; =strace for every program.",
    )
    parser.add_argument(
        "--strict-inputs",
        action="store_true",
        help="Trace it, and fail (67) if it read a file that is neither declared nor the project's code.",
    )
    add_launching_arguments(parser)
    parser.add_argument("-q", "--quiet", action="store_true", help="Print warnings and errors only.")


def add_launching_arguments(parser: Parser) -> None:
    """Declare those of :class:`Launching`."""
    parser.add_argument("-d", "--detach", action="store_true", help="Print the run's id and leave it running.")
    add_yes(parser)
    parser.add_argument("--dry-run", action="store_true", help="Print what would run, and stop.")
    add_json(parser, "With --dry-run or --detach: print JSON.")


def add_isolation(parser: Parser) -> None:
    """Declare what the command is kept from."""
    parser.add_argument(
        "--no-network", action="store_true", help="Keep the command from the network, but for loopback of its own."
    )
    parser.add_argument(
        "--read-only",
        action="store_true",
        help="Let the command write into its run folder and a /tmp of its own only.",
    )


def add_environment_arguments(parser: Parser) -> None:
    """Declare ours for the environment."""
    parser.add_argument("--upgrade", action="store_true", help="Resolve the environment anew.")
    parser.add_argument(
        "--locked", action="store_true", help="Refuse to run with versions that no lock of the project says."
    )
    add_choice_of_packages(parser)
    parser.add_argument(
        "--keep",
        action="append",
        default=[],
        metavar="VARIABLE",
        help="Hand on a variable that would be hidden: PYTHONPATH.",
    )


def add_choice_of_packages(parser: Parser) -> None:
    """Declare what else than the project's files decides which packages those are."""
    parser.add_argument(
        "--as-of", metavar="DATE", help="Use packages as they were on a date; 'commit' for that of the commit."
    )
    parser.add_argument(
        "--accelerator", metavar="NAME", help="The build of PyTorch's packages: cpu, cu126, rocm6.4, xpu."
    )


def add_mlflow_arguments(parser: Parser) -> None:
    """Declare those of ``mlflow run``."""
    parser.add_argument(
        "-e",
        "--entry-point",
        default="main",
        metavar="NAME",
        complete="entry points",
        help="What to run. [default: %(default)s]",
    )
    parser.add_argument(
        "-v", "--version", metavar="VERSION", help="Branch, tag, commit or pull/N/head of a git project."
    )
    parser.add_argument(
        "-P", "--param-list", action="append", default=[], metavar="NAME=VALUE", help="A parameter; repeatable."
    )
    parser.add_argument(
        "--env-manager", metavar="NAME", help="uv; system or local for none; by default what the project asks for."
    )
    parser.add_argument("--run-name", metavar="NAME", help="A name for the run.")
    parser.add_argument("--experiment-name", metavar="NAME", help="Experiment for the project's own MLflow client.")
    parser.add_argument("--experiment-id", metavar="ID", help="The same, by id.")
    parser.add_argument("--run-id", metavar="RUN_ID", help="MLflow run for the project's own MLflow client to log to.")
    parser.add_argument("-b", "--backend", default="local", metavar="NAME", help="Where to run. [default: %(default)s]")
    parser.add_argument(
        "-c",
        "--backend-config",
        metavar="FILE",
        complete="files",
        help="Settings of the backend: a .json file, or JSON itself.",
    )
    parser.add_argument("--storage-dir", metavar="DIR", complete="files", help="Where remote path parameters are put.")
    parser.add_argument(
        "-A",
        "--docker-args",
        action="append",
        default=[],
        metavar="NAME[=VALUE]",
        help="Argument of docker run; repeatable.",
    )
    parser.add_argument("--build-image", action="store_true", help="Build an image with the project in it.")
    parser.add_argument("--skip-image-build", action="store_true", help=HIDDEN)


def run(given: Given, world: World) -> int:
    """Run the project, or say what would run; the command's own exit code."""
    if given.quiet:
        world = world._replace(report=make_report(quiet=True))
    return launch(lambda: _prepare(given, world), given, world)


def launch(prepare: Callable[[], Prepared], how: Launching, world: World) -> int:
    """Prepare a run, and print what would run, leave it running, or wait for it; the exit code."""
    if how.as_json and not (how.dry_run or how.detach):
        raise UsageError("--json goes with --dry-run or --detach", hint="for a run that has ended: reenact show --json")
    try:
        with raising():
            prepared = prepare()
    except Stopped as stopped:
        print_error(f"stopped by {name_signal(stopped.number)} before there was a run")
        return 128 + stopped.number
    if how.dry_run:
        from reenact.cli.plan_text import print_plan

        discard(prepared.staged)
        print_plan(prepared.plan, as_json=how.as_json)
        return 0
    if not how.detach:
        return wait_for(prepared, world)
    submitted = api.submit(prepared, world)
    if how.as_json:
        print_json({"id": submitted.run_id, "folder": str(submitted.folder.path)})
    else:
        print(submitted.run_id)
    return 0


def _prepare(given: Given, world: World) -> Prepared:
    """What is to run, once everything that there is to say of it is said and, where it has to be, agreed to."""
    prepared = prepare(make_request(given, world), world)
    plan = prepared.plan
    for doubt in plan.notes:
        world.report.found(doubt)
    if plan.determinism is not None:
        from reenact.determinism import render_limits

        world.report.note(render_limits(plan.determinism))
    if plan.source.kind != "directory" and not given.dry_run:
        from reenact.cli.trust import expect_agreement

        expect_agreement(prepared, world, yes=given.yes)
    return prepared


def make_request(given: Given, world: World) -> Request:
    """The request that the options make; only the files that they name are read.

    Raises:
        UsageError: an option has a wrong form, or two contradict each other.
    """
    if given.experiment_name and given.experiment_id:
        raise UsageError("Specify only one of 'experiment-name' or 'experiment-id' options.")
    if given.build_image and given.skip_image_build:
        raise UsageError("--build-image and --skip-image-build contradict each other")
    return Request(
        uri=given.uri,
        entry_point=given.entry_point,
        version=given.version,
        parameters=read_params_file(given.params_file, world) | parse_assignments(given.param_list),
        options=Options(strict=given.strict, lenient=given.lenient),
        env_manager=given.env_manager,
        docker_args=read_docker_args(given.docker_args),
        build_image=given.build_image,
        upgrade=given.upgrade,
        locked=given.locked,
        as_of=given.as_of,
        accelerator=given.accelerator,
        keep=tuple(given.keep),
        backend=given.backend,
        backend_config=api.read_backend_config(given.backend_config),
        shell_strict=given.shell_strict,
        timeout=parse_duration(given.timeout),
        isolation=Isolation(network=not given.no_network, read_only=given.read_only),
        trace=given.trace,
        strict_inputs=given.strict_inputs,
        deterministic=given.deterministic,
        tracking=Tracking(given.experiment_name, given.experiment_id, given.run_id),
        storage_dir=given.storage_dir or world.environ.get("MLFLOW_TMP_DIR"),
        name=given.run_name,
        require_clean=given.require_clean,
    )


def read_docker_args(items: list[str]) -> tuple[tuple[str, str | None], ...]:
    """The arguments of the engine's ``run``.

    Raises:
        UsageError: one has no name, comes twice, or cannot be served.
    """
    if not items:
        return ()
    from reenact.environments.docker.arguments import parse_arguments

    return parse_arguments(items)


def read_params_file(file: str | None, world: World) -> dict[str, object]:
    """The parameters in a file, none for no file.

    Raises:
        UsageError: it cannot be read, or holds something else.
    """
    if file is None:
        return {}
    try:
        text = (world.cwd / file).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as problem:
        why = getattr(problem, "strerror", None) or problem
        raise UsageError(f"cannot read the parameters in {file}: {why}") from problem
    return parse_params_file(text, file)


def parse_duration(text: str | None) -> float | None:
    """Seconds from ``90``, ``90s``, ``1.5m``, ``2h`` or ``1d``.

    Raises:
        UsageError: another form, or no time at all.
    """
    if text is None:
        return None
    number, unit = (text[:-1], text[-1]) if text[-1:] in SECONDS else (text, "s")
    try:
        seconds = float(number) * SECONDS[unit]
    except ValueError:
        seconds = 0.0
    if not 0 < seconds < float("inf"):
        raise UsageError(f"'{text}' is no time: write a number, with s, m, h or d behind it", hint="for example 90s")
    return seconds


def wait_for(prepared: Prepared, world: World) -> int:
    """Carry the plan out here; the exit code of the command."""
    folder, result = api.carry_out(prepared, world, meanwhile=partial(import_module, "reenact.cli.table"))
    from reenact.cli.table import render_end

    world.report.note(render_end(folder.id, result))
    return result.exit_code if result.exit_code is not None else 1
