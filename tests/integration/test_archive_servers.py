"""Archives behind a real web server."""

from __future__ import annotations

from pathlib import Path

import pytest
from blake3 import blake3

from reenact.errors import SourceError
from reenact.sources import fetch, parse_uri
from reenact.world import World
from tests.integration.servers import Served, find_port, serve_http
from tests.sources.contract import SECRET, check_contract
from tests.sources.repositories import told


@pytest.mark.parametrize("name", ["sample.zip", "sample.tar.gz", "redirect/sample.zip", f"sample.zip?token={SECRET}"])
def test_a_remote_archive_keeps_the_promises(name: str, http: Served, served: Path, code: Path, world: World) -> None:
    snapshot = check_contract(f"{http.url}/{name}", code, world)
    file = served / name.partition("?")[0].removeprefix("redirect/")
    assert snapshot.archive == blake3(file.read_bytes()).hexdigest()
    assert snapshot.subdirectory == "sample-1.0"
    assert not [path for path in code.parent.iterdir() if path.is_file()], "the download is gone"
    assert any(kind == "step" and "MB" in text for kind, text in told(world))


def test_a_login_goes_through_the_address(served: Path, code: Path, world: World) -> None:
    with serve_http(served, user="me", password=SECRET) as server:
        with pytest.raises(SourceError, match="the server says 401"):
            fetch(parse_uri(f"{server.url}/sample.zip"), code, world)
        uri = server.url.replace("://", f"://me:{SECRET}@") + "/sample.zip"
        assert check_contract(uri, code, world).uri == f"{server.url}/sample.zip"


def test_a_login_is_not_sent_to_where_a_redirect_leads(http: Served, served: Path, code: Path, world: World) -> None:
    with serve_http(served, user="me", password=SECRET) as private:
        uri = private.url.replace("://", f"://me:{SECRET}@") + f"/away/{http.url}/sample.zip"
        assert fetch(parse_uri(uri), code, world).snapshot.archive
    assert http.requests == ["GET /sample.zip"]
    assert "Basic" in private.requests[0]


def test_a_redirect_leads_to_no_other_protocol(http: Served, served: Path, code: Path, world: World) -> None:
    for target in (f"file://{served}/sample.zip", "ftp://127.0.0.1/sample.zip", "data:application/zip,x.zip"):
        with pytest.raises(SourceError, match="Unable to retrieve ZIP file"):
            fetch(parse_uri(f"{http.url}/away/{target}"), code, world)


def test_what_fails_is_told(http: Served, served: Path, code: Path, world: World) -> None:
    (served / "page.zip").write_text("<html>please log in</html>")
    cases = {
        "status/404/a.zip": "Unable to retrieve ZIP file from .*404",
        f"status/500/a.zip?token={SECRET}": "Unable to retrieve ZIP file from .*500",
        "status/404/a.tar.gz": "Unable to retrieve archive from .*404",
        "cut/sample.zip": "broke off",
        "page.zip": "not a sound archive",
    }
    for path, message in cases.items():
        with pytest.raises(SourceError, match=message) as caught:
            fetch(parse_uri(f"{http.url}/{path}"), code, world)
        assert SECRET not in caught.value.message
        assert not [left for left in code.parent.iterdir() if left != code], path
    with pytest.raises(SourceError, match="Unable to retrieve ZIP file"):
        fetch(parse_uri(f"http://127.0.0.1:{find_port()}/a.zip"), code, world)
    with pytest.raises(SourceError, match="Unable to retrieve ZIP file"):
        fetch(parse_uri("http://[bad/a.zip"), code, world)
