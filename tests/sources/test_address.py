from __future__ import annotations

import pytest

from reenact.errors import SourceError
from reenact.sources.git.address import Address, is_remote, make_local, parse_address, resolve_relative


@pytest.mark.parametrize(
    ("text", "url"),
    [
        ("https://host/o/r.git", "https://host/o/r.git"),
        ("HTTPS://Host/o/r.git", "https://Host/o/r.git"),
        ("git+https://host/o/r", "https://host/o/r"),
        ("git+ssh://git@host:2222/o/r", "ssh://git@host:2222/o/r"),
        ("ssh+git://git@host/o/r", "ssh://git@host/o/r"),
        ("git://host/r", "git://host/r"),
        ("git@host:o/r.git", "git@host:o/r.git"),
        ("git+git@host:o/r.git", "git@host:o/r.git"),
        ("host.example:o/r", "host.example:o/r"),
        ("ssh://git:secret@host/r", "ssh://git@host/r"),
        ("https://host/r?token=secret", "https://host/r?token=secret"),
    ],
)
def test_an_address_as_git_is_told_it(text: str, url: str) -> None:
    address = parse_address(text)
    assert address.url == url
    assert "secret" not in address.shown


def test_credentials_are_taken_out_and_decoded() -> None:
    assert parse_address("https://us%40er:p%2Fw@host/r") == Address(
        "https://host/r", "us@er", "p/w", base="https://host/r"
    )


@pytest.mark.parametrize(
    "text",
    [
        "ext::sh -c id",
        "-oProxyCommand=x:y",
        "ssh://-oProxyCommand=x/y",
        "ssh://git@/y",
        "https://",
        "https://host",
        "git@host:-x",
        "ftp://host/r",
        "s3://bucket/r",
        "file:///etc",
        "https://host/a\nb",
        "https://u:p%0aq@host/r",
        "/plain/path",
        "host::path",
        "https://[bad/r",
        "ssh://-x@host/r",
    ],
)
def test_an_address_that_is_not_allowed(text: str) -> None:
    with pytest.raises(SourceError):
        parse_address(text)


def test_spellings_of_one_repository_share_a_key() -> None:
    same = ["https://Host/o/r.git", "https://host:443/o/r", "https://host/o/r/", "https://u:p@host/o/r.git/"]
    assert len({parse_address(text).key for text in same}) == 1
    others = ["https://host/o/R", "http://host/o/r", "https://host:8443/o/r", "git@host:o/r"]
    assert len({parse_address(text).key for text in [*same, *others]}) == 5


@pytest.mark.parametrize(
    ("text", "remote"), [("c:/windows", False), ("./a:b", False), ("a/b:c", False), ("h.x:p", True)]
)
def test_a_colon_makes_a_host_only_before_any_slash(text: str, remote: bool) -> None:
    assert is_remote(text) is remote


# The cases of gitmodules(5) and of git's own t0060.
@pytest.mark.parametrize(
    ("base", "relative", "url"),
    [
        ("https://host/o/r.git", "../lib.git", "https://host/o/lib.git"),
        ("https://host/o/r.git/", "./lib", "https://host/o/r.git/lib"),
        ("https://host/o/r", "../../p/lib/", "https://host/p/lib"),
        ("git@host:o/r.git", "../lib.git", "git@host:o/lib.git"),
        ("git@host:r.git", "../lib.git", "git@host:lib.git"),
        ("/srv/r", "../lib", "/srv/lib"),
    ],
)
def test_a_relative_submodule_address(base: str, relative: str, url: str) -> None:
    assert resolve_relative(base, relative) == url


def test_a_relative_address_cannot_leave_the_host() -> None:
    with pytest.raises(SourceError, match="above"):
        resolve_relative("https://host/r", "../../other/lib")
    assert make_local("/srv/r").base == "/srv/r"
