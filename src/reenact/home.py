"""Where everything is kept: one folder, ``REENACT_HOME`` or the platform's place for data."""

import sys
from collections.abc import Mapping
from pathlib import Path

from reenact.errors import StorageError
from reenact.values import NamedTuple


class Home(NamedTuple):
    """The folder and the places in it. Nothing is created by looking."""

    root: Path

    @property
    def runs(self) -> Path:
        """One folder a run, named by its id."""
        return self.root / "runs"

    @property
    def staging(self) -> Path:
        """Run folders that are not runs yet."""
        return self.root / "staging"

    @property
    def environments(self) -> Path:
        """One folder an environment, named by its resolved identity."""
        return self.root / "environments"

    @property
    def shared(self) -> Path:
        """Folders that environments have in common: of bytecode, tests, licences. Each is linked into all that have it.

        The name is short, for links to it are many.
        """
        return self.root / "shared"

    @property
    def locks(self) -> Path:
        """What each asked environment resolved to, named by its asked identity."""
        return self.root / "locks"

    @property
    def trees(self) -> Path:
        """Copies of the local code that environments were made from, named by the digest of their content."""
        return self.root / "trees"

    @property
    def packages(self) -> Path:
        """Conda packages, unpacked once and linked into every environment that has them, and the channels' indexes."""
        return self.root / "packages"

    @property
    def artifacts(self) -> Path:
        """Wheels, conda packages and images as they were published, named by their SHA-256."""
        return self.root / "artifacts"

    @property
    def repositories(self) -> Path:
        """One bare mirror a repository."""
        return self.root / "repositories"

    @property
    def objects(self) -> Path:
        """The files of all runs' sources, each content once: a git object store, and what was captured last where."""
        return self.root / "objects"

    @property
    def documents(self) -> Path:
        """Parsed project files, named by the digest of their text."""
        return self.root / "documents"

    @property
    def digests(self) -> Path:
        """What the files that runs have read held, so that they are not read again while they do not change."""
        return self.root / "digests"

    @property
    def trust(self) -> Path:
        """What code from elsewhere somebody has agreed to run: a folder a repository, a file a content."""
        return self.root / "trust"

    @property
    def owed(self) -> Path:
        """A file for each run that has no row in the index yet, or an old one, named by its id."""
        return self.root / "owed"

    @property
    def store(self) -> Path:
        """The SQLite index over the run folders."""
        return self.root / "store.sqlite"

    @property
    def store_lock(self) -> Path:
        """The lock of whoever changes the index, or which run folders there are."""
        return self.root / "store.lock"


def find_home(environ: Mapping[str, str], platform: str = sys.platform) -> Home:
    """``REENACT_HOME``; else the data folder that the platform's users expect (XDG on Linux).

    Raises:
        StorageError: nothing says where the user's own folder is.
    """
    try:
        if chosen := environ.get("REENACT_HOME"):
            return Home(Path(chosen).expanduser().absolute())
        user = (Path(environ["HOME"]) if environ.get("HOME") else Path.home()).absolute()
    except RuntimeError as problem:
        # The user of a container may have a number and nothing else.
        raise StorageError(
            f"there is no folder to keep runs in: {str(problem).rstrip('.').lower()}",
            hint="set REENACT_HOME to a folder of yours",
        ) from problem
    if platform == "darwin":
        return Home(user / "Library" / "Application Support" / "reenact")
    data = environ.get("XDG_DATA_HOME", "")
    # The XDG base directory specification tells to ignore a relative path.
    return Home((Path(data) if data.startswith("/") else user / ".local" / "share") / "reenact")
