"""``reenact lock``: write the exact packages of a project's environment beside its files, for the author to commit."""

from __future__ import annotations

from pathlib import Path

import click

from reenact.cli.complete import EntryPointName
from reenact.cli.console import console_world
from reenact.cli.resolve import resolving
from reenact.errors import ProjectError, UsageError
from reenact.locking import Answer, Wanted, check_lock, write_lock
from reenact.prepare import Request
from reenact.project.environment_files import LOCK_FILE
from reenact.sources.path import find_path
from reenact.world import World


@click.command(help=f"Write {LOCK_FILE}: the exact packages of a project's environment, for this platform.")
@click.argument("uri", default=".")
@click.option("-v", "--version", metavar="VERSION", help="Branch, tag or commit of a git project.")
@click.option("-e", "--entry-point", metavar="NAME", type=EntryPointName(), help="A script with a header of its own.")
@click.option("--check", is_flag=True, help=f"Write nothing; end with {ProjectError.exit_code} if it is stale.")
@click.option("--upgrade", is_flag=True, help="Resolve the environment anew, to the newest versions that fit.")
@click.option("--env-manager", metavar="NAME", help="uv or conda; by default what the project asks for.")
@click.option("--as-of", metavar="DATE", help="Use packages as they were on a date; 'commit' for that of the commit.")
@click.option("--accelerator", metavar="NAME", help="The build of PyTorch's packages: cpu, cu126, rocm6.4, xpu.")
@click.option("-o", "--output", metavar="FILE", help="Where to write it, for a project that is not a folder here.")
def command(
    uri: str,
    version: str | None,
    entry_point: str | None,
    check: bool,
    upgrade: bool,
    env_manager: str | None,
    as_of: str | None,
    accelerator: str | None,
    output: str | None,
) -> int:
    """Write or check the lock; the exit code."""
    world = console_world()
    request = Request(uri, env_manager=env_manager, upgrade=upgrade, as_of=as_of, accelerator=accelerator)
    with resolving(uri, version, world) as root:
        wanted = Wanted(root, _find_place(uri, version, output, root, world), entry_point)
        answer = check_lock(wanted, request, world) if check else write_lock(wanted, request, world)
        return _tell(answer, wanted.file, check=check)


def _find_place(uri: str, version: str | None, output: str | None, root: Path, world: World) -> Path:
    if output is not None:
        return world.cwd / output
    here = find_path(uri.partition("#")[0] or ".", world)
    if version is not None or here is None or not root.is_relative_to(here):
        raise UsageError(f"{uri} is fetched, and has no place for a {LOCK_FILE}", hint="name a file: --output FILE")
    return root / LOCK_FILE


def _tell(answer: Answer, file: Path, *, check: bool) -> int:
    if not answer.stale:
        click.echo(f"{file.name} answers what is asked for")
        return 0
    if check:
        click.echo("\n".join((f"{file.name} is stale", *(f"  {line}" for line in answer.stale))))
        return ProjectError.exit_code
    click.echo(f"{file.name} is written: {answer.packages} packages")
    return 0
