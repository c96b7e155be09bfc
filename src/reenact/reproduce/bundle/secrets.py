"""No bundle leaves with a secret of its maker in it: the values are known, and are looked for in every form."""

from __future__ import annotations

from reenact.errors import RecordError
from reenact.reproduce.bundle.manifest import read_chunks
from reenact.reproduce.bundle.writing import Sealed
from reenact.scrub import Scrubber
from reenact.secret_values import list_secrets
from reenact.world import World

MOST = 16 << 20
"""Bytes of a member that is looked into; what is larger is data. Packages are not: they are others'."""


def expect_no_secrets(sealed: Sealed, world: World) -> None:
    """See that no member holds a credential among the caller's variables.

    Raises:
        RecordError: some do; all of them are named, and the credential is not.
    """
    scrubber = Scrubber(list_secrets({}, world.environ))
    if not scrubber:
        return
    found = [
        entry.name
        for entry in sealed.manifest.members
        if not entry.name.startswith("packages/")
        and entry.size <= MOST
        and scrubber.find(b"".join(read_chunks(sealed.contents[entry.name])))
    ]
    if found:
        listed = "".join(f"\n  {name}" for name in found)
        message = f"the bundle would hold a credential that is in one of your variables:{listed}"
        raise RecordError(
            message, hint="take it out; or export without that variable, if it may be told: env -u NAME …"
        )
