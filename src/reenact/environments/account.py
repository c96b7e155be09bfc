"""What is recorded of a run's environment, as one value to be compared."""

from __future__ import annotations

from reenact.environments.comparison import Account
from reenact.environments.packages import list_packages
from reenact.records.files import read_lock, read_plan
from reenact.records.types import Realised
from reenact.run_folder import RunFolder


def read_account(folder: RunFolder, realised: Realised) -> Account:
    """What the run at ``folder`` asked for and was given.

    Raises:
        RecordError: a file is damaged, or does not belong to the others.
    """
    lock = read_lock(folder) or realised.lock
    return Account(read_plan(folder).environment, realised.settings, realised.key, lock, list_packages(lock.text))
