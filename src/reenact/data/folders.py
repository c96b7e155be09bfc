"""A folder of files as one text: every path in it, and what was found there. The digest of the text stands for the
folder; whoever has the text can say, and see for himself, what was in it."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

from blake3 import blake3

from reenact.records.files import find_kept_input, read_inputs, read_plan
from reenact.run_folder import RunFolder
from reenact.values import NamedTuple

MOST = 1_000_000
"""Files that are read from such a text."""


class Folder(NamedTuple):
    """A folder that holds what was recorded of it: the files that count, by their path in it, with the BLAKE3 of their
    contents, or with what kept them from being read."""

    place: Path
    files: Mapping[str, str]


def render_listing(files: Mapping[str, str | None]) -> bytes:
    """The text: for each file a line with its path, NUL, and the digest of its content, or what there was instead."""
    lines = (f"{path}\0{found or ''}\n" for path, found in sorted(files.items()))
    return "".join(lines).encode("utf-8", "surrogateescape")


def digest_listing(files: Mapping[str, str | None]) -> str:
    """The digest of the folder (BLAKE3)."""
    return blake3(render_listing(files)).hexdigest()


def parse_listing(text: bytes) -> dict[str, str]:
    """The inverse of :func:`render_listing`. A path may hold ends of lines.

    Raises:
        ValueError: it is no such text, or one of too many files.
    """
    if text.count(b"\0") > MOST:
        raise ValueError(f"more than {MOST:,} files")
    files, at = {}, 0
    while at < len(text):
        middle = text.index(b"\0", at)
        end = text.index(b"\n", middle)
        files[text[at:middle].decode("utf-8", "surrogateescape")] = text[middle + 1 : end].decode("utf-8", "replace")
        at = end + 1
    if render_listing(files) != text:
        raise ValueError("it is not in order")
    return files


def list_contents(files: Mapping[str, str]) -> dict[str, str]:
    """The files that were read: their digests by path."""
    return {path: found for path, found in files.items() if re.fullmatch("[0-9a-f]{64}", found)}


def list_parameter_folders(run: RunFolder) -> Iterator[tuple[str, dict[str, str]]]:
    """The folders outside of the project that parameters of the run lead to, with the digests of the files in them;
    those whose files are recorded one by one."""
    inputs = read_inputs(run)
    for value in read_plan(run).path_values:
        above = f"{value.path}/"
        files = {each.path.removeprefix(above): each.digest for each in inputs if each.path.startswith(above)}
        read = {path: digest for path, digest in files.items() if path and digest is not None}
        if value.path.startswith("/") and read:
            yield value.path, read


def name_listing(run: RunFolder, digest: str) -> Path:
    """Where the text of a folder is that came with the run."""
    return run.kept_inputs / f"{digest}.files"


def find_kept_folder(run: RunFolder, digest: str | None) -> Folder | None:
    """The folder with this digest that came with the run, None where none did or it is damaged."""
    place = find_kept_input(run, digest)
    if place is None or digest is None or not place.is_dir():
        return None
    try:
        text = name_listing(run, digest).read_bytes()
        return Folder(place, parse_listing(text)) if blake3(text).hexdigest() == digest else None
    except (OSError, ValueError):
        return None
