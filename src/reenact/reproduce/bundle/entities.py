"""What a crate is made of: entities with an ``@id``, each told once, by which others refer to it."""

from __future__ import annotations

from urllib.parse import quote

from reenact.hints import Any
from reenact.reproduce.bundle.account import DataFile
from reenact.reproduce.bundle.manifest import Entry

Thing = dict[str, Any]


def refer(identity: str) -> Thing:
    """What stands for the entity elsewhere."""
    return {"@id": identity}


def quote_name(name: str) -> str:
    """A name as a part of an ``@id``."""
    return quote(name.encode("utf-8", "surrogateescape"), safe="/")


def find_id(data: DataFile) -> str:
    """The ``@id`` of an input or output: its member, or a name of our own."""
    return quote_name(data.member.name) if data.member else f"#data/{quote_name(data.path)}"


def make_file(entry: Entry) -> Thing:
    """A member that is a file."""
    return {
        "@id": quote_name(entry.name),
        "@type": "File",
        "name": entry.name.rpartition("/")[2],
        "contentSize": str(entry.size),
        "sha256": entry.sha256,
        "encodingFormat": find_format(entry.name),
    }


def make_data(data: DataFile) -> Thing:
    """An input or output."""
    if data.member is None:
        known = [f"blake3:{data.digest}"] if data.digest else []
        return {"@id": find_id(data), "@type": "CreativeWork", "name": data.path, "identifier": known}
    thing = make_file(data.member) | {"name": data.path}
    if data.path.endswith("/"):
        thing["description"] = "The files of a folder, each path with the BLAKE3 of its content, which is beside this."
    return thing


def find_format(name: str) -> str:
    """The media type that a name promises."""
    known = {".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv", ".png": "image/png"}
    return next((form for ending, form in known.items() if name.endswith(ending)), "application/octet-stream")
