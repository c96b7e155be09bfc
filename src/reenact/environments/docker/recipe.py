"""How an image is made, as a value."""

from __future__ import annotations

from reenact.values import NamedTuple


class Recipe(NamedTuple):
    """What is needed to make an image: the text of a Dockerfile that names its base images by our names for them.

    ``context`` is relative to the project's folder. ``args`` items are a (name, value) pair or the name of a variable
    of whoever builds. ``ignore`` is the text of the Dockerfile's own rules of what is left out, None where those of the
    context's ``.dockerignore`` count.
    """

    dockerfile: str
    context: str = "."
    args: tuple[str | tuple[str, str], ...] = ()
    target: str | None = None
    platform: str | None = None
    ignore: str | None = None
