"""What a script says of its own environment: the block ``# /// script`` at its top (PEP 723). Pure."""

import re

from reenact.values import NamedTuple

_BLOCK = r"(?m)^# /// (?P<type>[a-zA-Z0-9-]+)$\s(?P<content>(^#(| .*)$\s)+)^# ///$"
"""The pattern that the specification gives (packaging.python.org: inline script metadata)."""

_OPENED = r"(?m)^# /// script[ \t\r]*$"


class Header(NamedTuple):
    """The TOML text of a header, and the line of the script, from 1, that its first line is."""

    text: str
    line: int


def find_header(source: str) -> Header | None:
    """The header of a script.

    Raises:
        ValueError: there are several; the message says so.
    """
    if "# /// script" not in source:
        return None
    # White space that nobody sees decides nothing: uv reads over it, too.
    source = re.sub(r"(?m)[ \t\r]+$", "", source.removeprefix("\ufeff"))
    blocks = [found for found in re.finditer(_BLOCK, source) if found["type"] == "script"]
    if len(blocks) > 1:
        raise ValueError("it has several blocks '# /// script', and may have one: keep one of them")
    if not blocks:
        return None
    lines = blocks[0]["content"].splitlines()
    text = "".join(line[2:] + "\n" if line.startswith("# ") else line[1:] + "\n" for line in lines)
    return Header(text, source.count("\n", 0, blocks[0].start("content")) + 1)


def is_unended(source: str) -> bool:
    """Whether a header begins and never ends, which has to be ignored."""
    return "# /// script" in source and find_header(source) is None and re.search(_OPENED, source) is not None
