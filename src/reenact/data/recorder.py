"""The data of one run as its worker records it: inputs before the command, outputs and metrics after it."""

import os
from collections.abc import Callable, Mapping
from pathlib import Path

from reenact.codec import encode
from reenact.data.inputs import Answer, expect_inputs, record_inputs
from reenact.data.outputs import ELSEWHERE, Before, keep_outputs, look_before
from reenact.data.places import Site
from reenact.errors import StorageError
from reenact.files import write_atomic
from reenact.plan import Plan
from reenact.records.files import MISSING, OutputFile
from reenact.run_folder import RunFolder
from reenact.runs import Result, State
from reenact.world import World

STOPPED = 2.0
"""Seconds that are spent on the outputs of a run that was asked to end."""


class Recorder:
    """Records what one run reads and leaves. ``project`` is the project's folder, ``ask`` asks a server what it has."""

    def __init__(
        self, plan: Plan, folder: RunFolder, project: Path, world: World, ask: Callable[[str], Answer]
    ) -> None:
        self._plan = plan
        self._folder = folder
        self._site = Site(Path(os.path.realpath(project)), folder.path, world.home.root)
        self._world = world
        self._ask = ask
        self._before = Before()

    def expect(self) -> None:
        """See that every declared input is there, before anything is made.

        Raises:
            InputError: some are not; all of them are told together.
        """
        expect_inputs(self._plan, self._site)

    def begin(self) -> None:
        """Record the inputs, and how the outputs stand before the command.

        Raises:
            InputError: an input is gone meanwhile.
            StorageError: the run folder cannot be written.
        """
        self.expect()
        if inputs := record_inputs(self._plan, self._site, self._world, self._ask):
            write_atomic(self._folder.input_files, encode(inputs))
        self._before = look_before(self._plan, self._site)

    def finish(self, result: Result) -> None:
        """Record the outputs and metrics. What goes wrong is told and changes nothing else."""
        stopped = result.state is State.KILLED
        outputs = keep_outputs(self._plan, self._site, self._before, self._world, STOPPED if stopped else None)
        warnings = _judge(outputs) if result.state is State.FINISHED else []
        self._write(self._folder.output_files, outputs)
        if self._plan.metrics:
            from reenact.data.metrics import read_metrics

            metrics, problems = read_metrics(self._plan, self._site, self._before)
            self._write(self._folder.metrics, metrics)
            warnings += problems if result.state is State.FINISHED else []
        for warning in warnings:
            self._world.report.warn(warning)

    def _write(self, path: Path, value: tuple[OutputFile, ...] | Mapping[str, object]) -> None:
        if not value:
            return
        try:
            write_atomic(path, encode(value))
        except StorageError as problem:
            self._world.report.warn(problem.message)


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
