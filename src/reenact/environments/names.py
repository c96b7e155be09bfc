"""Names of Python packages, as indexes and locks compare them."""

import re


def normal_name(name: str) -> str:
    """The one way to write a name, of a package, an extra or a group.

    >>> normal_name("Typing_Extensions")
    'typing-extensions'
    """
    return re.sub(r"[-_.]+", "-", name).lower()
