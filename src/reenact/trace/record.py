"""What the record says of a traced command: ``trace.json`` in its run's folder."""

from reenact.records.files import read_value
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple


class Contact(NamedTuple):
    """A host that was spoken to: its address, and the names that it was asked for by; a unix socket has a path only."""

    host: str
    port: int
    names: tuple[str, ...] = ()


class Trace(NamedTuple):
    """What was seen of a command beyond what is declared, in the order of the first time; paths as of inputs.

    ``by`` is what watched: Python's audit hook in ``processes`` interpreters, or strace in all processes. ``programs``
    were started by Python and not looked into. ``more`` is how many files are not named, of very many.
    """

    by: str
    processes: int
    read: tuple[str, ...] = ()
    written: tuple[str, ...] = ()
    contacts: tuple[Contact, ...] = ()
    programs: tuple[str, ...] = ()
    more: int = 0


def read_trace(folder: RunFolder) -> Trace | None:
    """The trace, or None where none was asked for.

    Raises:
        RecordError: the file is damaged.
    """
    return read_value(folder.trace, Trace)
