"""No form of a secret is left, wherever a text is cut; and nothing else is touched."""

from __future__ import annotations

import html
import json
import quopri
import shlex
from base64 import b64decode, b64encode, encodebytes, urlsafe_b64encode
from collections.abc import Callable, Iterator
from functools import cache
from itertools import pairwise
from textwrap import indent
from urllib.parse import quote, quote_plus, urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reenact.scrub import SHORTEST, Scrubber, Stream
from reenact.secret_forms import Form, make_forms

SECRET = "hush-5up3r/+='\"hush"

ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "address": lambda text: quote(text, safe=""),
    "path of an address": quote,
    "small digits": lambda text: quote(text, safe="").lower() if text.islower() else quote(text, safe=""),
    "form": quote_plus,
    "pair of a form": lambda text: urlencode({"k": text}),
    "address in an address": lambda text: quote(quote(text, safe=""), safe=""),
    "encodeURIComponent": lambda text: quote(text, safe="!'()*"),
    "JSON": json.dumps,
    "JSON, not ASCII": lambda text: json.dumps(text, ensure_ascii=False),
    "JSON in JSON": lambda text: json.dumps(json.dumps({"k": text})),
    "JSON of PHP": lambda text: json.dumps(text).replace("/", "\\/"),
    "shell": shlex.quote,
    "shell in a shell": lambda text: shlex.quote(shlex.quote(text)),
    "HTML": html.escape,
    "HTML without quotes": lambda text: html.escape(text, quote=False),
    "XML": lambda text: "".join(c if c.isalnum() and c.isascii() else f"&#{ord(c)};" for c in text),
    "Python": repr,
    "Python, ASCII": ascii,
    "CSV": lambda text: '"' + text.replace('"', '""') + '"',
    "SQL": lambda text: "'" + text.replace("'", "''") + "'",
    "CRLF": lambda text: text.replace("\n", "\r\n"),
    "hexadecimal": lambda text: text.encode().hex(),
    "HEXADECIMAL": lambda text: text.encode().hex().upper(),
    "hexadecimal with colons": lambda text: text.encode().hex(":"),
    "every byte of an address": lambda text: "".join(f"%{byte:02X}" for byte in text.encode()),
    "every byte of C": lambda text: "".join(f"\\x{byte:02x}" for byte in text.encode()),
    "base64": lambda text: b64encode(text.encode()).decode(),
    "base64 without padding": lambda text: b64encode(text.encode()).decode().rstrip("="),
    "base64 for addresses": lambda text: urlsafe_b64encode(text.encode()).decode(),
    "base64 in an address": lambda text: quote(b64encode(text.encode()).decode(), safe=""),
    "base64 in lines": lambda text: encodebytes(text.encode()).decode(),
    "base64 in lines, indented": lambda text: indent(encodebytes(text.encode()).decode(), " " * 9),
    "base64 in lines that we quote": lambda text: indent(encodebytes(text.encode()).decode(), "  uv:    "),
    "base64 of a pair": lambda text: b64encode(f"user:{text}".encode()).decode(),
}
"""What programs print: one secret in, one text out."""

SECRETS = st.text(
    st.characters(codec="utf-8") | st.sampled_from("ab01/+=%&'\"\\ \n\t$<>é€😀-_.~"), min_size=SHORTEST, max_size=60
)
TEXTS = st.text(st.sampled_from("ab01/+=%&'\"\\ \n$<>é😀*") | st.characters(codec="utf-8"), max_size=30)


def stream(scrubber: Scrubber, data: bytes, cuts: list[int]) -> bytes:
    """``data`` in pieces through a stream."""
    it = Stream(scrubber)
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return b"".join(it.feed(data[a:b]) for a, b in pairwise(places)) + it.feed(b"")


@pytest.mark.parametrize("name", ENCODINGS)
@settings(max_examples=40)
@given(secret=SECRETS, before=TEXTS, after=TEXTS, cuts=st.lists(st.integers(0, 1000), max_size=6))
def test_no_form_is_left_however_it_is_cut(name: str, secret: str, before: str, after: str, cuts: list[int]) -> None:
    scrubber = Scrubber([secret])
    form = ENCODINGS[name](secret)
    data = f"{before}{form}{after}".encode()
    said = stream(scrubber, data, cuts)
    assert not scrubber.find(said)
    assert scrubber.find(form.encode()), "the form itself is known"
    assert said == scrubber.scrub(data), "a stream says what the whole would"


@pytest.mark.parametrize("encode", [b64encode, urlsafe_b64encode])
@given(secret=SECRETS, before=st.binary(max_size=8), after=st.binary(max_size=8))
def test_inside_of_something_in_base64(
    encode: Callable[[bytes], bytes], secret: str, before: bytes, after: bytes
) -> None:
    data = encode(before + secret.encode() + after)
    scrubber = Scrubber([secret])
    assert not scrubber.find(scrubber.scrub(data))
    begin, _ = scrubber.find(data)[0]
    first = data[:begin].translate(bytes.maketrans(b"-_", b"+/"))
    # Blanks at its beginning do not belong to it.
    blanks = secret[: len(secret) - len(secret.lstrip())].encode()
    assert (before + blanks).startswith(b64decode(first[: begin // 4 * 4]))


@given(secret=SECRETS, text=TEXTS, cuts=st.lists(st.integers(0, 1000), max_size=6))
def test_a_text_without_it_is_unchanged(secret: str, text: str, cuts: list[int]) -> None:
    scrubber = Scrubber([secret])
    data = text.encode()
    if not scrubber.find(data):
        assert stream(scrubber, data, cuts) == scrubber.scrub(data) == data
        assert scrubber.scrub_text(text) == text


@given(st.lists(SECRETS, min_size=2, max_size=4), TEXTS, st.lists(st.integers(0, 1000), max_size=6))
def test_several_secrets_one_in_the_other_too(secrets: list[str], text: str, cuts: list[int]) -> None:
    scrubber = Scrubber([*secrets, secrets[0] + secrets[1], secrets[0][:SHORTEST]])
    data = (text + secrets[0] + secrets[1] + secrets[0][1:] + text).encode()
    said = stream(scrubber, data, cuts)
    assert not scrubber.find(said)
    assert said == scrubber.scrub(data)


@given(st.text("ab*\n", min_size=SHORTEST, max_size=8), st.text("ab*\n", max_size=40), st.lists(st.integers(0, 100)))
def test_secrets_that_repeat_themselves(secret: str, text: str, cuts: list[int]) -> None:
    scrubber = Scrubber([secret])
    said = stream(scrubber, text.encode(), cuts)
    assert not scrubber.find(said)
    assert said == scrubber.scrub(text.encode())


def read(form: Form, data: bytes, begin: int) -> Iterator[int]:
    """Every place where the form that begins there can end, one way at a time; one beyond the data if it is cut off."""

    @cache
    def list_ends(at: int, done: int) -> frozenset[int]:
        if done == len(form):
            return frozenset({at})
        cut = any(way.startswith(data[at:]) and way != data[at:] for way in form[done])
        steps = (at + len(way) for way in form[done] if data.startswith(way, at))
        return frozenset({len(data) + 1} if cut else ()).union(*(list_ends(step, done + 1) for step in steps))

    yield from list_ends(begin, 0)


def find_slowly(form: Form, data: bytes) -> list[tuple[int, int]]:
    found: list[tuple[int, int]] = []
    for begin in range(len(data)):
        ends = [end for end in read(form, data, begin) if end <= len(data)]
        if ends and (not found or found[-1][1] <= begin):
            found.append((begin, max(ends)))
    return found


ODD = st.text("\\'\" \n,ux", min_size=SHORTEST, max_size=12)


@pytest.mark.parametrize("more", [0, 400])
@settings(max_examples=60)
@given(secret=ODD, text=ODD | st.text("\\'", max_size=60))
def test_a_secret_that_can_be_read_in_many_ways(more: int, secret: str, text: str) -> None:
    """What is found, and what is held, is what following each way from each place would say; in long texts too, which
    are read from behind."""
    data = (text * (more // max(1, len(text)) + 1)).encode()
    forms = list(make_forms(secret.strip() if len(secret.strip()) >= SHORTEST else secret))
    spans = {span for form in forms for span in find_slowly(form, data)}
    scrubber = Scrubber([secret])
    found = scrubber.find(data)
    assert all(any(begin <= a and b <= end for begin, end in found) for a, b in spans)
    assert {begin for begin, _ in found} <= {a for a, _ in spans}
    assert {end for _, end in found} <= {b for _, b in spans}
    _, held = scrubber.take(data)
    open_places = [at for at in range(len(data)) if any(len(data) + 1 in set(read(f, data, at)) for f in forms)]
    first = min(open_places, default=len(data))
    assert len(data) - len(held) == next((begin for begin, end in found if begin < first < end), first)


@given(st.binary(max_size=80), st.lists(st.integers(0, 100)))
def test_any_bytes_can_come(data: bytes, cuts: list[int]) -> None:
    assert stream(Scrubber([SECRET]), data, cuts) == data


def test_a_secret_of_several_lines() -> None:
    key = "-----BEGIN KEY-----\nMIIEvQIBADANBgkqhkiG9w0BAQEFAASC\nBKcwggSjAgEA/+Ai\nx=\n-----END KEY-----\n"
    scrubber = Scrubber([key])
    assert scrubber.scrub(key.encode()) == b"***\n"
    assert scrubber.scrub(b"  | BKcwggSjAgEA/+Ai\n  | x=\n") == b"  | ***\n  | x=\n"
    assert scrubber.scrub(" ".join(key.split("\n")).encode()) == b"*** "
    assert scrubber.scrub(json.dumps({"key": key}).encode()) == b'{"key": "***\\n"}'
    assert scrubber.scrub(b64encode(key.encode())).startswith(b"***")
    assert Scrubber(["\n token-1234 \n"]).scrub(b"(token-1234)") == b"(***)"


def test_one_that_is_no_text() -> None:
    """An argument may be any bytes; Python holds them as halves of surrogate pairs."""
    secret = b"\xff\xfesecret\x80".decode("utf-8", "surrogateescape")
    scrubber = Scrubber([secret])
    assert scrubber.scrub(b"a \xff\xfesecret\x80 b") == b"a *** b"
    assert scrubber.scrub(b64encode(b"\xff\xfesecret\x80")) == b"***"
    assert scrubber.scrub_text(f"a {secret} b") == "a *** b"


@pytest.mark.parametrize("secret", ["", "a", "123", "a\nb"])
def test_what_is_too_short_is_left(secret: str) -> None:
    assert not Scrubber([secret])
    assert Scrubber([secret]).scrub(b"a 123 a\nb") == b"a 123 a\nb"


def test_the_mark_never_makes_a_secret() -> None:
    assert Scrubber(["****"]).scrub(b"*****") == "•••*".encode()
    assert Scrubber(["****", "••••", "ab12"]).scrub(b"ab12****") == "······".encode()


def test_what_a_stream_holds() -> None:
    """Only what may be the beginning of a secret waits; everything else is said at once."""
    it = Stream(Scrubber(["secret-value"]))
    assert it.feed(b"epoch 1\n") == b"epoch 1\n"
    assert it.feed(b"a secret-v") == b"a "
    assert it.feed(b"isit\n") == b"secret-visit\n"
    assert it.feed(b"secret-") == b""
    assert it.feed(b"value") == b"***"
    assert it.feed(b"\nsec") == b"\n"
    assert it.feed(b"") == b"sec"


@pytest.mark.parametrize("name", ["quoted-printable"])
def test_what_is_not_found(name: str) -> None:
    """Said so in the README: an encoding that nobody prints secrets in is not known."""
    data = quopri.encodestring(SECRET.encode(), quotetabs=True)
    assert Scrubber([SECRET]).scrub(data) == data
