"""The file names inside a run folder, and whether the run is alive.

The folder is the protocol between whoever asks for a run, whoever carries it out and whoever looks later: plain files
that survive being copied elsewhere. What is absent has not happened yet.
"""

from pathlib import Path

from reenact.files import is_held
from reenact.values import NamedTuple


class RunFolder(NamedTuple):
    """The places inside one run's folder. Its name is the run's id."""

    path: Path

    @property
    def id(self) -> str:
        """The run's id: 32 hexadecimal digits."""
        return self.path.name

    @property
    def plan(self) -> Path:
        """What was decided (:class:`reenact.plan.Plan`); a folder without it is no run."""
        return self.path / "plan.json"

    @property
    def created(self) -> Path:
        """When and by whom the run was asked for (:class:`reenact.records.types.Origin`)."""
        return self.path / "origin.json"

    @property
    def environment_lock(self) -> Path:
        """The lock file that the environment was made from."""
        return self.path / "env.lock"

    @property
    def environment(self) -> Path:
        """How the run came by its environment (:class:`reenact.records.types.Realised`)."""
        return self.path / "environment.json"

    @property
    def build_log(self) -> Path:
        """All that was said while the environment was made; not there where it was found made."""
        return self.path / "build.log"

    @property
    def isolation(self) -> Path:
        """From what the command was kept (:class:`reenact.process.isolation.Held`); only where that was asked for."""
        return self.path / "isolation.json"

    @property
    def trust(self) -> Path:
        """On what ground code from elsewhere was run (:class:`reenact.trust.Ground`)."""
        return self.path / "trust.json"

    @property
    def machine(self) -> Path:
        """Facts of the machine that carried it out."""
        return self.path / "machine.json"

    @property
    def log(self) -> Path:
        """Everything that the command printed, a line at a time with its moment and stream."""
        return self.path / "log"

    @property
    def events(self) -> Path:
        """The moves from state to state, one JSON object a line."""
        return self.path / "events"

    @property
    def result(self) -> Path:
        """How it ended (:class:`reenact.runs.Result`); written last."""
        return self.path / "result.json"

    @property
    def artifacts(self) -> Path:
        """What the run leaves for others."""
        return self.path / "artifacts"

    @property
    def inputs(self) -> Path:
        """What was downloaded for its ``path`` parameters."""
        return self.path / "inputs"

    @property
    def input_files(self) -> Path:
        """What the command had to read (a tuple of :class:`reenact.records.types.InputFile`)."""
        return self.path / "inputs.json"

    @property
    def output_files(self) -> Path:
        """What the command left (a tuple of :class:`reenact.records.types.OutputFile`)."""
        return self.path / "outputs.json"

    @property
    def outputs(self) -> Path:
        """Copies of the outputs that the project declares."""
        return self.path / "outputs"

    @property
    def trace(self) -> Path:
        """What a traced command did beyond what is declared (:class:`reenact.trace.record.Trace`)."""
        return self.path / "trace.json"

    @property
    def traces(self) -> Path:
        """What is seen of a traced command while it runs; read and deleted when it has ended."""
        return self.path / "trace"

    @property
    def trace_hook(self) -> Path:
        """The folder from which each Python of a traced command loads what watches it."""
        return self.traces / "hook"

    @property
    def metrics(self) -> Path:
        """What the command measured: a number or a text for each ``file:key``."""
        return self.path / "metrics.json"

    @property
    def verification(self) -> Path:
        """What a repetition was found to be beside the run that it repeats."""
        return self.path / "verification.json"

    @property
    def code(self) -> Path:
        """Its own copy of the source, where the source is not used in place."""
        return self.path / "code"

    @property
    def imported(self) -> Path:
        """Where the run came from (:class:`reenact.records.types.Imported`); only where it did not run here."""
        return self.path / "imported.json"

    @property
    def kept_inputs(self) -> Path:
        """Inputs that came with it, each under its name in a folder that is named by its BLAKE3."""
        return self.path / "kept-inputs"

    @property
    def captured(self) -> Path:
        """What was captured of the source, and what was left out (:class:`reenact.records.types.Code`)."""
        return self.path / "code.json"

    @property
    def patch(self) -> Path:
        """How its code differs from its commit; only of a run that did not run here, for the commit stays behind."""
        return self.path / "code.patch"

    @property
    def given_lock(self) -> Path:
        """The lock (:class:`reenact.plan.EnvironmentLock`) that is given, where the run repeats another."""
        return self.path / "lock.json"

    @property
    def alive(self) -> Path:
        """Locked for as long as the process that carries the run out lives; holds its process id."""
        return self.path / "alive"

    @property
    def is_alive(self) -> bool:
        """Whether some process is carrying the run out at this moment."""
        return is_held(self.alive)
