"""The data of one run as its worker records it: inputs before the command, outputs, metrics and a trace after it."""

import os
from collections.abc import Callable, Collection
from pathlib import Path

from reenact.codec import encode, to_plain
from reenact.data.inputs import Answer, expect_inputs, record_inputs
from reenact.data.outputs import ELSEWHERE, Before, keep_outputs, look_before
from reenact.data.places import Site
from reenact.errors import InputError, ReenactError, StorageError
from reenact.files import write_atomic
from reenact.hints import TYPE_CHECKING
from reenact.plan import Plan
from reenact.process import signals
from reenact.records.types import MISSING, OutputFile
from reenact.run_folder import RunFolder
from reenact.runs import Result, State
from reenact.world import World

if TYPE_CHECKING:
    from reenact.trace.tracer import Tracer

STOPPED = 2.0
"""Seconds that are spent on the outputs of a run that was asked to end."""


class Recorder:
    """Records what one run reads and leaves. No text of ``secrets`` is in what it writes."""

    def __init__(self, plan: Plan, folder: RunFolder, world: World, secrets: Collection[str] = ()) -> None:
        root = Path(plan.source.root) if plan.source.root is not None else folder.code
        self._plan = plan
        self._folder = folder
        self._site = Site(Path(os.path.realpath(root / plan.source.subdirectory)), folder.path, world.home.root)
        self._world = world
        self._before = Before()
        self._secrets = secrets
        self._tracer = None if plan.trace is None else self._make_tracer(Path(os.path.realpath(root)))

    def _make_tracer(self, root: Path) -> "Tracer":
        from reenact.trace.tracer import Tracer

        return Tracer(self._plan, root, self._site, self._world)

    def expect(self) -> None:
        """See that every declared input is there, before anything is made.

        Raises:
            InputError: some are not; all of them are told together.
        """
        expect_inputs(self._plan, self._site)

    def begin(self, argv: tuple[str, ...]) -> tuple[str, ...]:
        """Record the inputs, and how the outputs stand before the command; the command as it is to be started.

        Raises:
            InputError: an input is gone meanwhile.
            StorageError: the run folder cannot be written.
        """
        self.expect()
        if inputs := record_inputs(self._plan, self._site, self._world, self._ask):
            write_atomic(self._folder.input_files, encode(self._conceal(inputs)))
        self._before = look_before(self._plan, self._site)
        return argv if self._tracer is None else self._tracer.begin(argv)

    def finish(self, result: Result) -> Result:
        """Record what the command has left; the run's result.

        That is the command's own, but where a command has finished that read what it may not. Recording can fail or be
        broken off: that is told, and changes nothing else.
        """
        try:
            with signals.raising():
                self._record_outputs(result)
                return result if self._tracer is None else self._judge_trace(result, self._tracer)
        except signals.Stopped:
            problem = "stopped while the outputs were recorded: the record does not say what they are"
        except (OSError, ReenactError) as trouble:
            problem = f"what the command left is not in the record: {trouble}"
        self._world.report.warn(problem)
        return _refuse(result, problem) if self._plan.strict_inputs else result

    def _ask(self, uri: str) -> Answer:
        from reenact.downloads.ask import ask  # imports all that the web takes

        return ask(uri, self._world)

    def _record_outputs(self, result: Result) -> None:
        stopped = result.state is State.KILLED
        outputs = keep_outputs(self._plan, self._site, self._before, self._world, STOPPED if stopped else None)
        warnings = _judge(outputs)
        self._write(self._folder.output_files, tuple(map(self._disown, outputs)))
        if self._plan.metrics:
            from reenact.data.metrics import read_metrics

            metrics, problems = read_metrics(self._plan, self._site, self._before)
            self._write(self._folder.metrics, metrics)
            warnings += problems
        for warning in warnings if result.state is State.FINISHED else ():
            self._world.report.warn(warning)

    def _judge_trace(self, result: Result, tracer: "Tracer") -> Result:
        from reenact.trace.tracer import find_undeclared

        trace = tracer.finish()
        self._write(self._folder.trace, trace)
        problem = find_undeclared(trace, lambda path: str(self._conceal(path)))
        if self._plan.strict_inputs and problem is not None:
            return _refuse(result, problem)
        if trace.by == "python" and not trace.processes:
            self._world.report.warn("no Python that can be traced was started; --trace=strace sees every program")
        return result

    def _disown(self, output: OutputFile) -> OutputFile:
        """An output without its copy where its name has a secret in it."""
        if self._conceal(output.path) == output.path:
            return output
        if output.kept is not None and not output.kept.startswith("artifacts/"):
            (self._folder.path / output.kept).unlink(missing_ok=True)
        return output._replace(kept=None)

    def _write(self, path: Path, value: object) -> None:
        if not value:
            return
        try:
            write_atomic(path, encode(self._conceal(value)))
        except StorageError as problem:
            self._world.report.warn(problem.message)

    def _conceal(self, value: object) -> object:
        """The value without secrets; numbers stay."""
        if not self._secrets:
            return value
        from reenact.scrub import get_scrubber

        return _map_texts(to_plain(value), get_scrubber(tuple(self._secrets)).scrub_text)


def _map_texts(plain: object, change: Callable[[str], str]) -> object:
    """JSON with every text in it changed, names too."""
    if isinstance(plain, str):
        return change(plain)
    if isinstance(plain, list):
        return [_map_texts(item, change) for item in plain]
    if isinstance(plain, dict):
        return {change(name): _map_texts(item, change) for name, item in plain.items()}
    return plain


def _refuse(result: Result, problem: str) -> Result:
    """The result of a command that has read what it may not; one that has failed already keeps its code."""
    if result.state is State.FINISHED:
        return result._replace(state=State.FAILED, exit_code=InputError.exit_code, reason=f"--strict-inputs: {problem}")
    return result._replace(reason="; ".join(filter(None, (result.reason, f"--strict-inputs: {problem}"))))


def _judge(outputs: tuple[OutputFile, ...]) -> list[str]:
    """What the user should know of the outputs of a command that has finished."""
    told = []
    for output in outputs:
        if output.problem == MISSING:
            told.append(f"the output {output.path} was not written")
        elif output.problem is not None and output.problem != ELSEWHERE:
            told.append(f"the output {output.path} is not in the record: {output.problem}")
        elif output.unchanged:
            told.append(f"the output {output.path} is as it was before the command")
    return told
