"""Texts without the secrets that addresses carry. Pure.

Two places of an address hold secrets: the user information before its host (RFC 3986, section 3.2.1) and the values
of query parameters that are named for one (``?private_token=``, ``&X-Amz-Signature=``).
"""

from __future__ import annotations

import re

_NAME_OF_A_KEY = (
    r"[\w.~-]*(?:token|secret|password|passwd|pwd|signature|sig|credential|auth|api_?-?key|accesskeyid)[\w.~-]*"
)
_USER_INFORMATION = r"(?i)(?P<scheme>[a-z][a-z0-9+.-]*)://(?P<user>[^/?#\s'\"<>]*)@"
_SECRET_VALUE = rf"(?i)(?P<name>[?&;]{_NAME_OF_A_KEY}=)[^&;#\s'\"<>]*"
_SECRET_PARAMETER = rf"(?i)(?P<before>[?&]){_NAME_OF_A_KEY}=[^&#]*"


def strip_credentials(url: str) -> str:
    """``url`` without passwords, user names and secret query parameters; the user of an ssh address stays."""
    bare = re.sub(_USER_INFORMATION, _without_user, url)
    if "?" not in bare:
        return bare
    # What is left of "?a=1&b=2" after "?a=1" went must start with a question mark again.
    kept = re.sub(_SECRET_PARAMETER, lambda found: "?" if found["before"] == "?" else "", bare)
    return re.sub(r"\?(?=#|$)", "", kept.replace("?&", "?"))


def redact(text: str) -> str:
    """``text`` with every secret inside an address in it taken away or shown as ``***``."""
    return re.sub(_SECRET_VALUE, r"\g<name>***", re.sub(_USER_INFORMATION, _without_user, text))


def _without_user(found: re.Match[str]) -> str:
    scheme: str = found["scheme"]
    user: str = found["user"].partition(":")[0]
    return f"{scheme}://{user}@" if scheme.lower().endswith("ssh") and user else f"{scheme}://"
