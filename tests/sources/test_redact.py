from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reenact.sources.redact import redact, strip_credentials


@pytest.mark.parametrize(
    ("url", "clean"),
    [
        ("https://user:s3cret@host/a.git", "https://host/a.git"),
        ("https://s3cret@host/a.git", "https://host/a.git"),
        ("https://user:s3@cret@host/a", "https://host/a"),
        ("HTTPS://user:s3cret@host/a", "HTTPS://host/a"),
        ("git+https://user:s3cret@host/a", "git+https://host/a"),
        ("ssh://git@host/a", "ssh://git@host/a"),
        ("ssh://git:s3cret@host/a", "ssh://git@host/a"),
        ("git@host:a/b.git", "git@host:a/b.git"),
        ("https://host/a.zip?token=s3cret", "https://host/a.zip"),
        ("https://host/a.zip?x=1&private_token=s3cret&y=2", "https://host/a.zip?x=1&y=2"),
        ("https://host/a.zip?token=s3cret&y=2", "https://host/a.zip?y=2"),
        ("https://host/a.zip?X-Amz-Signature=s3cret&X-Amz-Credential=s3cret", "https://host/a.zip"),
        ("https://host/a.zip?sig=s3cret#sub", "https://host/a.zip#sub"),
        ("https://host/a?x=1", "https://host/a?x=1"),
        ("/a/path@with/at", "/a/path@with/at"),
        ("https://host/a@b", "https://host/a@b"),
    ],
)
def test_an_address_without_its_credentials(url: str, clean: str) -> None:
    assert strip_credentials(url) == clean
    assert "s3cret" not in redact(f"fatal: unable to access '{url}': no")


TOKEN = st.text("abcdefXYZ0123456789-_.~%!$*+,;=:", min_size=6, max_size=20).map(lambda text: "P" + text + "P")
USER = st.text("abcdefXYZ0123456789-_.", min_size=1, max_size=9)


@given(USER, TOKEN, st.sampled_from(["https", "http", "ssh", "git"]))
def test_no_password_survives(user: str, password: str, scheme: str) -> None:
    url = f"{scheme}://{user}:{password}@host.example/path"
    for text in (strip_credentials(url), redact(f"cannot fetch {url} or '{url}'")):
        assert password not in text
        assert "host.example/path" in text


@given(TOKEN, st.sampled_from(["token", "access_token", "Private-Token", "api_key", "password", "X-Amz-Signature"]))
def test_no_secret_of_a_query_survives(secret: str, name: str) -> None:
    secret = secret.replace(";", "")
    url = f"https://host/x.zip?a=1&{name}={secret}&b=2"
    assert secret not in redact(url)
    assert strip_credentials(url) == "https://host/x.zip?a=1&b=2"
