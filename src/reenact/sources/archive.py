"""A zip or tar archive, on this machine or behind a web address, unpacked into the run's own folder."""

from __future__ import annotations

from pathlib import Path
from urllib.error import HTTPError, URLError
from urllib.parse import unquote, urlsplit

from reenact.errors import SourceError
from reenact.files import digest_file, make_folder
from reenact.hints import TYPE_CHECKING
from reenact.plan import Snapshot, digest
from reenact.sources import Fetched, Kept, Wanted, keep_copy
from reenact.sources.path import find_path
from reenact.sources.redact import redact, strip_credentials
from reenact.sources.unpack import unpack
from reenact.world import World

if TYPE_CHECKING:
    from http.client import HTTPResponse
    from urllib.request import Request

SUFFIXES = (".zip", ".tar.gz", ".tgz", ".tar", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
_TIMEOUT = 60.0
"""Seconds without a byte after which a server is given up."""
_BLOCK = 1 << 18
_IGNORED = {"__MACOSX", ".DS_Store", "pax_global_header"}
"""What packing programs add beside the folder that was packed."""


def matches(uri: str, world: World) -> bool:
    """Whether ``uri`` ends in an archive's suffix, in any letter case and before any query, and can be one."""
    if uri.lower().startswith(("http://", "https://")):
        return uri.partition("?")[0].lower().endswith(SUFFIXES)
    path = find_path(uri, world)
    if path is None or not path.name.lower().endswith(SUFFIXES):
        return False
    # "git@host:name.zip" is no path, unless there is one.
    return path.is_file() if ":" in uri.partition("/")[0] and "://" not in uri else not path.is_dir()


def fetch(wanted: Wanted, code: Path, world: World) -> Fetched:
    """Unpack the archive at ``code``; where it holds nothing but one folder, that folder is the project.

    Raises:
        SourceError: it cannot be had, is no sound archive, or holds members that lead outside; a version is asked for.
    """
    shown = strip_credentials(wanted.uri)
    if wanted.version is not None:
        raise SourceError(
            f"Setting a version is only supported for Git projects, and {shown} is an archive",
            hint="leave the version out",
        )
    make_folder(code.parent)
    path = find_path(wanted.uri, world)
    if path is not None:
        content = _unpack_file(path, code, wanted.uri, world)
    else:
        aside = code.with_name(f".{code.name}.download")
        try:
            _download(wanted.uri, aside, world)
            content = _unpack_file(aside, code, wanted.uri, world)
        finally:
            aside.unlink(missing_ok=True)
            world.report.done()
    inside = _enter_single(code, wanted.subdirectory)
    return Fetched(Snapshot(kind="archive", uri=shown, subdirectory=inside, archive=content), code)


def keep(fetched: Fetched, world: World) -> Kept:
    """The files that were in the archive."""
    return keep_copy(fetched, digest(("archive", fetched.snapshot.archive)), world)


def _unpack_file(path: Path, code: Path, uri: str, world: World) -> str:
    if not path.exists():
        from reenact.sources.unknown import make_unknown

        raise make_unknown(uri, world)
    if not path.is_file():
        raise SourceError(f"{path} is not a file")
    try:
        world.report.step("unpacking", strip_credentials(uri))
        content = digest_file(path) if path.stat().st_size else ""
        unpack(path, code)
    except PermissionError as problem:
        raise SourceError(f"cannot read {path}: {problem.strerror}") from problem
    except SourceError as problem:
        raise SourceError(f"cannot unpack {strip_credentials(uri)}: {problem.message}", hint=problem.hint) from problem
    finally:
        world.report.done()
    return content


def _enter_single(code: Path, subdirectory: str) -> str:
    """The subdirectory from the archive's root: as written if it is there, else below the only folder."""
    entries = [entry for entry in code.iterdir() if entry.name not in _IGNORED]
    single = entries[0].name if len(entries) == 1 and entries[0].is_dir() and not entries[0].is_symlink() else None
    if single is None or (subdirectory and (code / subdirectory).is_dir()):
        return subdirectory
    return f"{single}/{subdirectory}" if subdirectory else single


def _download(uri: str, target: Path, world: World) -> None:
    """Stream what is behind ``uri`` to ``target``."""
    from http.client import HTTPException

    shown = strip_credentials(uri)
    kind = "ZIP file" if uri.partition("?")[0].lower().endswith(".zip") else "archive"
    failed = f"Unable to retrieve {kind} from {shown}"
    try:
        with _open(_make_request(uri)) as answer, target.open("wb") as file:
            expected = int(answer.headers.get("Content-Length") or -1)
            done = 0
            while block := answer.read(_BLOCK):
                file.write(block)
                done += len(block)
                world.report.step("fetching", f"{shown}: {_render_progress(done, expected)}")
    except HTTPError as problem:
        problem.close()
        hint = "the address may need a login" if problem.code in {401, 403, 404} else None
        raise SourceError(f"{failed}: the server says {problem.code} {redact(problem.reason)}", hint=hint) from problem
    except (URLError, HTTPException, OSError, ValueError) as problem:
        reason = getattr(problem, "reason", None) or problem
        raise SourceError(f"{failed}: {redact(str(reason))}", hint="check the address and the network") from problem
    if expected >= 0 and done != expected:
        raise SourceError(f"{failed}: the server broke off after {done} of {expected} bytes", hint="try again")


def _make_request(uri: str) -> Request:
    """The request, its credentials in a header that is not sent on to where the server redirects."""
    from base64 import b64encode
    from urllib.request import Request

    parts = urlsplit(uri)
    bare = parts._replace(netloc=parts.netloc.rpartition("@")[2], fragment="").geturl()
    request = Request(bare, headers={"User-Agent": "reenact"})  # noqa: S310
    if parts.username is not None:
        pair = f"{unquote(parts.username)}:{unquote(parts.password or '')}"
        request.add_unredirected_header("Authorization", f"Basic {b64encode(pair.encode()).decode()}")
    return request


def _open(request: Request) -> HTTPResponse:
    """Open by http and https only, wherever a redirect leads."""
    from urllib import request as web

    opener = web.OpenerDirector()
    for handler in (
        web.ProxyHandler(),
        web.HTTPHandler(),
        web.HTTPSHandler(),
        web.HTTPDefaultErrorHandler(),
        web.HTTPRedirectHandler(),
        web.HTTPErrorProcessor(),
        web.UnknownHandler(),
    ):
        opener.add_handler(handler)
    answer: HTTPResponse = opener.open(request, timeout=_TIMEOUT)
    return answer


def _render_progress(done: int, expected: int) -> str:
    million = 1_000_000
    return f"{done / million:.1f} of {expected / million:.1f} MB" if expected > 0 else f"{done / million:.1f} MB"
