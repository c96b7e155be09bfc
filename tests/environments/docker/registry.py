"""A registry on loopback that serves one small image (OCI distribution API, for reading), with a password if wanted."""

from __future__ import annotations

import base64
import gzip
import hashlib
import io
import json
import os
import tarfile
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from tests.serving import answering

INDEX = "application/vnd.docker.distribution.manifest.v2+json"


def digest_of(data: bytes) -> str:
    return f"sha256:{hashlib.sha256(data).hexdigest()}"


class Registry:
    """What it serves; :meth:`publish` moves the tag ``1`` to a new image."""

    def __init__(self, address: str) -> None:
        self.address = address
        self.blobs: dict[str, bytes] = {}
        self.tagged = ""
        self.password: str | None = None
        self.asked: list[str] = []

    @property
    def name(self) -> str:
        """The image's name."""
        return f"{self.address}/team/tiny:1"

    def publish(self, content: str, label: str) -> str:
        """Serve an image of one file; its digest."""
        layer = io.BytesIO()
        with tarfile.open(fileobj=layer, mode="w") as tar:
            entry = tarfile.TarInfo("content")
            entry.size = len(content)
            tar.addfile(entry, io.BytesIO(content.encode()))
        packed = gzip.compress(layer.getvalue(), mtime=0)
        key, _, value = label.partition("=")
        config = json.dumps(
            {
                "architecture": {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine],
                "os": "linux",
                "config": {"Labels": {key: value}},
                "rootfs": {"type": "layers", "diff_ids": [digest_of(layer.getvalue())]},
            }
        ).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": INDEX,
                "config": self._describe("application/vnd.docker.container.image.v1+json", config),
                "layers": [self._describe("application/vnd.docker.image.rootfs.diff.tar.gzip", packed)],
            }
        ).encode()
        self.blobs |= {digest_of(data): data for data in (packed, config, manifest)}
        self.tagged = digest_of(manifest)
        return self.tagged

    def _describe(self, kind: str, data: bytes) -> dict[str, object]:
        return {"mediaType": kind, "size": len(data), "digest": digest_of(data)}


@contextmanager
def serving() -> Iterator[Registry]:
    """A registry, until the end of the block."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            registry.asked.append(self.path)
            if registry.password is not None:
                expected = base64.b64encode(f"me:{registry.password}".encode()).decode()
                if self.headers.get("Authorization") != f"Basic {expected}":
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="registry"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                    return
            name = self.path.rpartition("/")[2]
            data = b"{}" if self.path == "/v2/" else registry.blobs.get(registry.tagged if name == "1" else name)
            self.send_response(404 if data is None else 200)
            self.send_header("Content-Type", INDEX if data is not None else "application/json")
            if data is not None:
                self.send_header("Docker-Content-Digest", digest_of(data))
            body = (
                data if data is not None else b'{"errors":[{"code":"MANIFEST_UNKNOWN","message":"manifest unknown"}]}'
            )
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_HEAD = do_GET  # noqa: N815

        def log_message(self, *_: object) -> None:
            pass

    with answering(ThreadingHTTPServer(("127.0.0.1", 0), Handler)) as address:
        registry = Registry(address)
        yield registry
