"""``reenact show``."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from reenact.cli.console import print_json
from reenact.cli.given import add_json, add_run
from reenact.cli.parser import Namespace, Parser
from reenact.cli.table import (
    paint,
    parse_timestamp,
    render_age,
    render_count,
    render_duration,
    render_isolation,
    render_size,
    render_state,
)
from reenact.errors import RecordError
from reenact.hints import TYPE_CHECKING
from reenact.plan import BoundParameter, CondaSpec, Determinism, DockerSpec, Plan, PythonSpec
from reenact.project.diagnostics import visible
from reenact.records.types import InputFile, LeftOut, OutputFile, Record
from reenact.run_folder import RunFolder
from reenact.runs import State
from reenact.world import World

LAST_LINES = 10
MOST_BYTES = 1 << 14
WIDTH = 100
MOST_FILES = 20
_INDENT = 14

if TYPE_CHECKING:
    from reenact.trace.record import Contact

Block = Iterator[tuple[str, str]]


class Given(Namespace):
    """The command line's words."""

    run: str
    as_json: bool
    patch: bool


def add_arguments(parser: Parser) -> None:
    """Declare them."""
    parser.description = "Show everything that is recorded of a run."
    add_run(parser)
    add_json(parser, "The whole record as one object.")
    parser.add_argument(
        "--patch", action="store_true", help="Only how the code differed from its commit, in the form of git apply."
    )


def run(given: Given, world: World) -> int:
    """Print the record."""
    from reenact.records.files import read_record
    from reenact.records.life import settle
    from reenact.records.lookup import get_run

    folder = get_run(given.run, world)
    settled = settle(folder, world)
    record = read_record(folder)._replace(run=settled)
    if given.patch:
        print_patch(record, world)
        return 0
    if given.as_json:
        from reenact.trace.record import read_trace

        print_json({**record._asdict(), "trace": read_trace(folder)})
        return 0
    text = render_record(record, world.now(), _has_lock(folder), _list_repetitions(settled.id, world))
    state, _, rest = text.partition("\n")
    print(paint(state, settled.state) + "\n" + rest)
    if settled.state in (State.FAILED, State.KILLED, State.LOST):
        _print_last_lines(folder)
    return 0


def print_patch(record: Record, world: World) -> None:
    """The difference between the commit and the code that ran, as it is.

    Raises:
        RecordError: there is no commit, or the code was not kept.
    """
    from reenact.sources.lacking import render_patch

    patch = render_patch(RunFolder(Path(record.run.folder)), world)
    if patch is None:
        why = "its code was not kept" if record.code is None else "its code is of no commit"
        raise RecordError(f"run {record.run.id[:8]} has no patch: {why}")
    sys.stdout.flush()
    sys.stdout.buffer.write(patch)


def _list_repetitions(run_id: str, world: World) -> tuple[RunFolder, ...]:
    """The runs that repeat it, newest first."""
    from reenact.records.index import open_index

    found = open_index(world).read(lambda store: store.list_repetitions(run_id))
    return tuple(RunFolder(Path(run.folder)) for run in found)


def render_record(record: Record, now: float, has_lock: bool, repetitions: tuple[RunFolder, ...] = ()) -> str:
    """The record as a page: what happened, what ran, where, with what, and the runs that repeat it."""
    run, name = record.run, f"  '{visible(record.run.name)}'" if record.run.name else ""
    blocks = [
        _outcome(record, now),
        (*_what(record), *_again(repetitions)),
        _parameters(record.plan),
        _data(record),
        _trace(record),
        _where(record, has_lock),
        _machine(record),
    ]
    parts = [f"{render_state(run.state, run.exit_code)}  {run.id}{name}"]
    for block in blocks:
        lines = [_render_line(label, text) for label, text in block]
        if lines:
            parts.append("\n".join(lines))
    return "\n\n".join(parts)


def _render_line(label: str, text: str) -> str:
    return f"{label:<{_INDENT}}" + text.replace("\n", "\n" + " " * _INDENT)


def _outcome(record: Record, now: float) -> Block:
    run, result = record.run, record.result
    if run.reason:
        yield "reason", visible(run.reason)
    began = run.started or run.created
    yield ("started" if run.started else "created"), f"{_moment(began)} ({render_age(now - parse_timestamp(began))})"
    if run.ended:
        yield "ended", _moment(run.ended)
    if result and result.usage:
        usage = result.usage
        yield "took", f"{render_duration(usage.wall)}, {render_duration(usage.cpu)} of CPU time"
        yield "peak memory", render_size(usage.peak_memory)
    elif run.started and (run.ended or not run.state.final):
        over = parse_timestamp(run.ended) if run.ended else now
        yield "took", render_duration(max(0.0, over - parse_timestamp(run.started)))


def _what(record: Record) -> Block:
    plan, source = record.plan, record.plan.source
    yield "project", visible(plan.project)
    yield "entry point", visible(plan.entry_point)
    place = visible(source.uri)
    if source.subdirectory and source.subdirectory not in source.uri:
        place += f"#{visible(source.subdirectory)}"
    yield "source", place
    if source.commit:
        told = source.version or ""
        asked = f" ({visible(told)})" if told and not source.commit.startswith(told) else ""
        branch = f" on {visible(source.branch)}" if source.branch else ""
        yield "commit", source.commit + branch + asked + (", with changes" if source.dirty else "")
    elif source.dirty is None and source.kind == "directory":
        yield "commit", "none: not under version control"
    if record.code is not None and record.code.left_out:
        yield "not kept", "\n".join(_render_left_out(record.code.left_out))
    if plan.repeats:
        yield "repeats", plan.repeats + _find_verdict(RunFolder(Path(record.run.folder)))
    yield "command", "\n".join(map(visible, plan.command.text.strip("\n").split("\n")))


def _again(repetitions: tuple[RunFolder, ...]) -> Block:
    if repetitions:
        yield "repeated as", "\n".join(f"{folder.id[:8]}{_find_verdict(folder)}" for folder in repetitions)


def _find_verdict(folder: RunFolder) -> str:
    """What the repetition was found to be, where it was judged."""
    if not folder.verification.exists():
        return ""
    from reenact.reproduce.verify import read_verification

    found = read_verification(folder)
    return f"  {found.verdict}: {visible(found.reason)}" if found else ""


def _render_left_out(left_out: Sequence[LeftOut]) -> Iterator[str]:
    """A line for each; folders that tools make and make again are many, and are counted."""
    told = [each for each in left_out if each.why != "tools"]
    for left in told[:MOST_FILES]:
        size = "" if left.size is None else f", {render_size(left.size)}"
        files = f", {left.files} files" if left.files is not None and left.path.endswith("/") else ""
        yield f"{visible(left.path)}  ({left.why}{files}{size})"
    if len(told) > MOST_FILES:
        yield f"and {len(told) - MOST_FILES} more"
    if tools := len(left_out) - len(told):
        yield f"{tools} folder{'s' * (tools > 1)} that tools make (.venv, __pycache__, ...)"


def _parameters(plan: Plan) -> Block:
    wide = max((len(visible(parameter.name)) for parameter in plan.parameters), default=0)
    lines = [_render_parameter(parameter, wide) for parameter in plan.parameters]
    if lines:
        yield "parameters", "\n".join(lines)


def _render_parameter(parameter: BoundParameter, wide: int) -> str:
    value = "(secret)" if parameter.secret else "(none)" if parameter.value is None else visible(parameter.value)
    origin = {"given": "", "default": "  (default)", "extra": "  (not declared)"}[parameter.origin]
    return f"{visible(parameter.name):<{wide}}  {value}{origin if parameter.value is not None else ''}"


def _data(record: Record) -> Block:
    """What it read, left and measured."""
    inputs = [(file.path, file.size, _tell_input(file)) for file in record.inputs]
    outputs = [(file.path, file.size, _tell_output(file)) for file in record.outputs]
    for label, files in (("inputs", inputs), ("outputs", outputs)):
        if files:
            yield label, "\n".join(_render_files(files))
    if record.metrics:
        wide = max(len(visible(name)) for name in list(record.metrics)[:MOST_FILES])
        lines = [f"{visible(name):<{wide}}  {visible(str(value))}" for name, value in record.metrics.items()]
        yield "metrics", "\n".join(_shorten(lines))


def _trace(record: Record) -> Block:
    """What it did beyond what is declared, where it was watched."""
    from reenact.trace.record import read_trace

    trace = read_trace(RunFolder(Path(record.run.folder)))
    if trace is None:
        return
    many = render_count(trace.processes, "process")
    yield "traced", f"{many} by {trace.by}" if trace.by != "python" else f"{many} of Python"
    found = {"read": trace.read, "wrote": trace.written, "spoke to": [_render_contact(each) for each in trace.contacts]}
    for label, lines in found.items():
        if lines:
            yield label, "\n".join(_shorten([visible(line) for line in lines]))
    if not trace.read and not trace.written:
        yield "read, wrote", "nothing that is not declared"
    if trace.more:
        yield "and more", f"{trace.more:,} files that are not named in the record"
    if trace.programs:
        yield "not watched", visible(", ".join(trace.programs))


def _render_contact(contact: Contact) -> str:
    names = f"  ({', '.join(contact.names)})" if contact.names else ""
    if not contact.port:
        return contact.host + names
    return (f"[{contact.host}]" if ":" in contact.host else contact.host) + f":{contact.port}{names}"


def _render_files(files: list[tuple[str, int | None, str]]) -> list[str]:
    shown = [(visible(path), "" if size is None else render_size(size), visible(told)) for path, size, told in files]
    wide, wider = (max(len(row[at]) for row in shown[:MOST_FILES]) for at in (0, 1))
    return _shorten([f"{path:<{wide}}  {size:>{wider}}  {told}".rstrip() for path, size, told in shown])


def _shorten(lines: list[str]) -> list[str]:
    more = len(lines) - MOST_FILES
    return [*lines[:MOST_FILES], f"and {more} more: reenact show --json"] if more > 0 else lines


def _tell_input(file: InputFile) -> str:
    known = file.problem or file.version or (file.digest[:12] if file.digest else "not read")
    count = f", {file.files:,} files" if file.files > 1 else ""
    origin = f"  ({file.origin})" if file.origin.startswith("parameter ") else ""
    return known + count + origin


def _tell_output(file: OutputFile) -> str:
    if file.digest is None:
        return file.problem or "not read"
    remarks = ["as it was before"] if file.unchanged else []
    remarks += ["not kept"] if file.kept is None else []
    return file.digest[:12] + (f"  ({', '.join(remarks)})" if remarks else "")


def _where(record: Record, has_lock: bool) -> Block:
    run, plan, folder = record.run, record.plan, RunFolder(Path(record.run.folder))
    spec = plan.environment
    if isinstance(spec, PythonSpec | CondaSpec):
        count = _count_packages(folder) if has_lock else None
        packages = f", {render_count(count, 'package')}" if count is not None else ""
        what = "conda" if isinstance(spec, CondaSpec) else f"Python {visible(spec.python or 'of any version')}"
        yield "environment", f"{what}{packages}" + (f", from {visible(spec.origin)}" if spec.origin else "")
    elif isinstance(spec, DockerSpec):
        yield "environment", f"a container of {_name_image(spec)}"
    else:
        yield "environment", "the system's own"
    if has_lock:
        yield "lock", str(folder.environment_lock)
    if folder.isolation.is_file():
        yield "isolation", render_isolation(plan.isolation)
    if plan.determinism is not None:
        yield "deterministic", _render_determinism(plan, plan.determinism)
    if folder.trust.is_file():
        yield "trust", _render_ground(folder)
    if run.backend != "local":
        yield "backend", visible(run.backend)
    yield "folder", visible(run.folder)


def _render_ground(folder: RunFolder) -> str:
    from reenact.trust import read_ground

    found = read_ground(folder)
    return f"code from elsewhere: {visible(found.ground)}" if found is not None else ""


def _render_determinism(plan: Plan, determinism: Determinism) -> str:
    from textwrap import wrap

    pairs = (f"{visible(name)}={visible(plan.command.environment.get(name, ''))}" for name in determinism.variables)
    lines = wrap(" ".join(pairs), WIDTH, break_long_words=False, break_on_hyphens=False)
    return "\n".join((*lines, "not promised:", *(f"  {visible(limit)}" for limit in determinism.limits)))


def _name_image(spec: DockerSpec) -> str:
    build = spec.container.build
    if build is not None:
        return f"an image built from {visible(build.context)}"
    return visible(spec.container.image) + (" with the project in it" if spec.bake else "")


def _machine(record: Record) -> Block:
    if record.imported:
        came = record.imported
        signed = f", signed with the key {came.key[:12]}" if came.key else ""
        yield "imported", visible(f"{_moment(came.time)}, from {came.file}{signed}")
    if record.origin:
        origin = record.origin
        yield "asked by", visible(f"{origin.user} on {origin.host}, in {origin.cwd}, with reenact {origin.version}")
    for name, value in record.machine.items():
        if value not in (None, "", [], {}):
            yield name.replace("_", " "), visible(_render_fact(name, value))


def _render_fact(name: str, value: object) -> str:
    if isinstance(value, int) and not isinstance(value, bool) and "memory" in name:
        return render_size(value)
    if name == "variables" and isinstance(value, dict):
        return " ".join(f"{variable}={text}" for variable, text in value.items())
    if isinstance(value, dict):
        return ", ".join(f"{key} {_render_fact(str(key), item)}" for key, item in value.items() if item is not None)
    if isinstance(value, list):
        return "; ".join(_render_fact(name, item) for item in value)
    return str(value)


def _moment(timestamp: str) -> str:
    return timestamp[:19].replace("T", " ") + " UTC"


def _has_lock(folder: RunFolder) -> bool:
    return folder.environment_lock.is_file()


def _count_packages(folder: RunFolder) -> int | None:
    """How many packages the lock (PEP 751, or rattler's) names; a line each begins one."""
    try:
        lines = folder.environment_lock.read_bytes().splitlines()
    except OSError:
        return None
    return sum(line == b"[[packages]]" or line.startswith((b"- conda: ", b"- pypi: ")) for line in lines)


def _print_last_lines(folder: RunFolder) -> None:
    from reenact.cli.logs import read_log

    printed = b""
    for entry in read_log(folder, LAST_LINES):
        printed = (printed + entry.printed)[-MOST_BYTES:] if entry else printed
    last = printed.decode("utf-8", "replace").splitlines()[-LAST_LINES:]
    if last:
        print(f"\nlast lines of its log (all of it: reenact logs {folder.id[:8]})")
        for line in last:
            print(f"  {visible(line)}")
