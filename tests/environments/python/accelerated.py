"""An index like PyTorch's, at whatever address it has in truth: a proxy on loopback that is every server behind it."""

from __future__ import annotations

import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple
from urllib.parse import unquote

from tests.environments.conftest import sha256
from tests.serving import answering


class Index(NamedTuple):
    """``environ`` leads a client to it; ``asked`` are the paths that were asked for."""

    environ: Mapping[str, str]
    asked: list[str]


@contextmanager
def serve_accelerators(wheels: Path, folder: Path) -> Iterator[Index]:
    """Serves ``wheels`` by their local version: ``/whl/cpu/torch/`` has ``torch-2.0+cpu-…``; ``folder`` is for keys."""
    authority = _make_authority(folder)
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_CONNECT(self) -> None:
            host = self.path.rpartition(":")[0]
            self.connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(_make_certificate(folder, host))
            with suppress(OSError), context.wrap_socket(self.connection, server_side=True) as inner:
                Handler(inner, self.client_address, self.server)
            self.close_connection = True

        def do_GET(self) -> None:
            path = unquote(self.path)
            asked.append(path)
            _, _, backend, name, *rest = [*path.split("/"), "", ""]
            found = wheels / backend / rest[0] if rest[0] else None
            if found is not None and found.is_file():
                self._answer(200, found.read_bytes(), "application/octet-stream")
                return
            files = sorted((wheels / backend).glob(f"{name}-*.whl"))
            links = "".join(
                f'<a href="{each.name.replace("+", "%2B")}#sha256={sha256(each)}">{each.name}</a>' for each in files
            )
            page = f"<!DOCTYPE html><html><body>{links}</body></html>"
            self._answer(200 if files else 404, page.encode(), "text/html")

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, code: int, body: bytes, kind: str) -> None:
            self.send_response(code)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with answering(server) as address:
        yield Index(
            {"HTTPS_PROXY": f"http://{address}", "NO_PROXY": "127.0.0.1", "SSL_CERT_FILE": str(authority)}, asked
        )


def _make_authority(folder: Path) -> Path:
    kind = "req -x509 -newkey rsa:2048 -nodes -subj /CN=test -days 2 -keyout ca.key -out ca.pem"
    _openssl(folder, *kind.split())
    return folder / "ca.pem"


def _make_certificate(folder: Path, host: str) -> Path:
    """A key and a certificate for ``host`` in one file."""
    made = folder / f"{host}.both"
    if not made.exists():
        (folder / f"{host}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        _openssl(folder, *f"req -newkey rsa:2048 -nodes -subj /CN=test -keyout {host}.key -out {host}.csr".split())
        signed = f"x509 -req -in {host}.csr -CA ca.pem -CAkey ca.key -CAcreateserial -days 2 -extfile {host}.ext"
        _openssl(folder, *signed.split(), "-out", f"{host}.crt")
        made.write_bytes((folder / f"{host}.key").read_bytes() + (folder / f"{host}.crt").read_bytes())
    return made


def _openssl(folder: Path, *words: str) -> None:
    subprocess.run(["openssl", *words], cwd=folder, check=True, capture_output=True)
