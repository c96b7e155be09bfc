"""Every other scheme (``s3``, ``gs``, ``abfs``, ``hdfs``, ...) through fsspec, which comes with ``reenact[remote]``.

fsspec finds credentials where each store's own tools keep them.
"""

from __future__ import annotations

from pathlib import Path

from reenact.downloads.address import render_address
from reenact.errors import SourceError, UnsupportedError
from reenact.hints import Any
from reenact.world import World

DRIVERS = {
    "s3": "s3fs", "s3a": "s3fs", "gs": "gcsfs", "gcs": "gcsfs", "abfs": "adlfs", "abfss": "adlfs", "az": "adlfs",
    "hdfs": "pyarrow", "sftp": "paramiko", "ssh": "paramiko", "smb": "smbprotocol", "hf": "huggingface_hub",
    "oss": "ossfs", "dropbox": "dropboxdrivefs", "box": "boxfs", "gdrive": "gdrivefs",
}  # fmt: skip
"""The package that fsspec needs for a scheme."""

_TRACKING = ("runs", "models", "mlflow-artifacts")


def fetch(uri: str, place: Path, world: World) -> None:
    """Copy the file, or the folder with all that is in it.

    Raises:
        UnsupportedError: fsspec or the scheme's driver is not installed, or nobody knows the scheme.
        SourceError: the store has no such file, does not let us in, or sent less than the whole file.
    """
    shown = render_address(uri)
    store, path = _find_store(uri)
    world.report.step("fetching", shown)
    try:
        if store.isdir(path):
            store.get(path.rstrip("/") + "/", f"{place}/", recursive=True)
            return
        store.get_file(path, str(place))
        expected = store.info(path).get("size")
    except FileNotFoundError:
        raise SourceError(f"cannot fetch {shown}: no such file or directory") from None
    except Exception as problem:  # noqa: BLE001 - every store has exceptions of its own
        raise SourceError(f"cannot fetch {shown}: {_explain(problem, uri, shown)}") from None
    received = place.stat().st_size
    if expected is not None and received != expected:
        raise SourceError(f"cannot fetch {shown}: {received:,} of {expected:,} bytes came", hint="try again")


def _find_store(uri: str) -> tuple[Any, str]:
    scheme = uri.partition(":")[0].lower()
    if scheme in _TRACKING:
        message = f"'{scheme}:' is an address in an MLflow tracking server, from which reenact cannot fetch"
        raise UnsupportedError(message, hint="give the file's own address, or a local path")
    driver = DRIVERS.get(scheme)
    hint = "pip install 'reenact[remote]'" + (f" {driver}" if driver else "")
    try:
        from fsspec.core import url_to_fs  # type: ignore[import-untyped]
    except ImportError:
        raise UnsupportedError(f"'{scheme}:' addresses need fsspec, which is not installed", hint=hint) from None
    try:
        store, path = url_to_fs(uri)
    except ImportError as problem:
        needed = driver or problem.name or "a driver"
        raise UnsupportedError(f"'{scheme}:' addresses need {needed}, which is not installed", hint=hint) from None
    except ValueError:
        known = f"known are http, https, file, {', '.join(DRIVERS)}, and what fsspec adds"
        raise UnsupportedError(f"nobody knows how to fetch '{scheme}:' addresses", hint=known) from None
    except Exception as problem:  # noqa: BLE001 - every store has exceptions of its own
        shown = render_address(uri)
        raise SourceError(f"cannot fetch {shown}: {_explain(problem, uri, shown)}") from None
    return store, path


def _explain(problem: Exception, uri: str, shown: str) -> str:
    text = " ".join(str(problem).split()).replace(uri, shown)
    return f"{type(problem).__name__}: {text}" if text else type(problem).__name__
