"""Real servers on loopback: git over http (with and without a login), the git protocol, ssh, plain files, and
a package index."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import unquote, urlsplit

from tests.serving import answering
from tests.sources.repositories import git


class Served(NamedTuple):
    """A running http server: its address, and an event that lets the packs of git through while it is set."""

    url: str
    gate: threading.Event
    requests: list[str]


@contextmanager
def serve_http(root: Path, *, user: str = "", password: str = "", certificate: Path | None = None) -> Iterator[Served]:
    """Serve the repositories below ``root`` through ``git http-backend``, and its other files as they are.

    With ``certificate`` (a file with a key and its certificate) by TLS. ``/redirect/x`` leads to ``/x``,
    ``/away/URL`` to the URL, ``/status/404/x`` fails so, ``/cut/x`` breaks off in the middle, ``/dumb/x`` gives the
    files of a repository without git's help.
    """
    gate = threading.Event()
    gate.set()
    requests: list[str] = []
    login = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode() if user else None
    backend = git(root, "--exec-path") + "/git-http-backend"

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            path = unquote(urlsplit(self.path).path)
            requests.append(f"{self.command} {self.path} {self.headers.get('Authorization', '')}".strip())
            if login and self.headers.get("Authorization") != login:
                self.answer(401, b"", {"WWW-Authenticate": 'Basic realm="git"'})
            elif path.startswith("/redirect/"):
                self.answer(302, b"", {"Location": path.removeprefix("/redirect")})
            elif path.startswith("/away/"):
                self.answer(302, b"", {"Location": path.removeprefix("/away/")})
            elif path.startswith("/status/"):
                self.answer(int(path.split("/")[2]), b"no")
            elif path.startswith("/cut/"):
                data = (root / path.removeprefix("/cut/")).read_bytes()
                self.answer(200, data[: len(data) // 2], length=len(data))
            elif path.startswith("/dumb/"):
                file = root / path.removeprefix("/dumb/")
                self.answer(200, file.read_bytes()) if file.is_file() else self.answer(404, b"")
            elif (root / path.lstrip("/")).is_file() and ".git/" not in path:
                self.answer(200, (root / path.lstrip("/")).read_bytes())
            else:
                self.run_backend(path)

        def do_POST(self) -> None:
            self.do_GET()

        def run_backend(self, path: str) -> None:
            if self.headers.get("Transfer-Encoding", "").lower() == "chunked":
                body = b""
                while size := int(self.rfile.readline(), 16):
                    body += self.rfile.read(size)
                    self.rfile.readline()
                self.rfile.readline()
            else:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            variables = {
                **os.environ,
                "GIT_PROJECT_ROOT": str(root),
                "GIT_HTTP_EXPORT_ALL": "1",
                "GIT_CONFIG_GLOBAL": os.devnull,
                "REQUEST_METHOD": self.command,
                "PATH_INFO": path,
                "QUERY_STRING": urlsplit(self.path).query,
                "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                "CONTENT_LENGTH": str(len(body)),
                "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                "REMOTE_ADDR": "127.0.0.1",
            }
            output = subprocess.run([backend], input=body, env=variables, capture_output=True).stdout
            head, _, content = output.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line)
            status = int(headers.pop("Status", "200").split()[0])
            if b"fetch" in body:
                gate.wait()
            self.answer(status, content, headers)

        def answer(
            self, status: int, content: bytes, headers: dict[str, str] | None = None, length: int | None = None
        ) -> None:
            self.send_response(status)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(content) if length is None else length))
            self.end_headers()
            try:
                self.wfile.write(content)
                self.close_connection = length is not None
            except OSError:  # the client was killed
                self.close_connection = True

        def log_request(self, code: object = "-", size: object = "-") -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    scheme = "http" if certificate is None else "https"
    with answering(server) as address:
        try:
            yield Served(f"{scheme}://{address}", gate, requests)
        finally:
            gate.set()


@contextmanager
def serve_git(root: Path) -> Iterator[str]:
    """Serve the repositories below ``root`` by the git protocol; the address before a repository's name."""
    port = find_port()
    command = ["git", "daemon", "--reuseaddr", "--listen=127.0.0.1", f"--port={port}", "--export-all"]
    with _running([*command, f"--base-path={root}", str(root)], port):
        yield f"git://127.0.0.1:{port}"


def make_certificate(folder: Path) -> Path:
    """A key and a certificate of its own for 127.0.0.1, in one file."""
    file = folder / "server.pem"
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1", "-days", "2"]
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", *subject]
    subprocess.run([*make, "-keyout", str(folder / "key.pem"), "-out", str(file)], check=True, capture_output=True)
    file.write_bytes(file.read_bytes() + (folder / "key.pem").read_bytes())
    return file


class Shell(NamedTuple):
    """A running ssh server: the address before a path, and the program that logs in to it without a question."""

    url: str
    command: str
    strange_command: str


SSHD = shutil.which("sshd") or ("/usr/sbin/sshd" if Path("/usr/sbin/sshd").exists() else None)


@contextmanager
def serve_ssh(folder: Path) -> Iterator[Shell]:
    """An ssh server with keys of its own in ``folder``, for the user who runs the tests."""
    assert SSHD
    folder.mkdir(mode=0o700)
    port = find_port()
    for name in ("host_key", "id"):
        subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(folder / name)], check=True)
    shutil.copy(folder / "id.pub", folder / "authorized_keys")
    kind, key = (folder / "host_key.pub").read_text().split()[:2]
    (folder / "known_hosts").write_text(f"[127.0.0.1]:{port} {kind} {key}\n")
    (folder / "config").write_text(
        f"Port {port}\nListenAddress 127.0.0.1\nHostKey {folder}/host_key\n"
        f"AuthorizedKeysFile {folder}/authorized_keys\n"
        f"PidFile {folder}/pid\nStrictModes no\nUsePAM no\nPasswordAuthentication no\n"
        "PermitRootLogin prohibit-password\n"
    )
    if os.getuid() == 0:
        Path("/run/sshd").mkdir(exist_ok=True)  # sshd run by root wants it
    options = "-F none -o IdentitiesOnly=yes -o StrictHostKeyChecking=yes"
    command = f"ssh -i {folder}/id {options} -o UserKnownHostsFile={folder}/known_hosts -o BatchMode=yes"
    strange = f"ssh -i {folder}/id {options} -o UserKnownHostsFile=/dev/null -o BatchMode=yes"
    with _running([SSHD, "-D", "-e", "-f", str(folder / "config")], port):
        yield Shell(f"ssh://{getpass.getuser()}@127.0.0.1:{port}", command, strange)


def find_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def _running(command: list[str], port: int) -> Iterator[None]:
    process = subprocess.Popen(
        command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, process_group=0
    )
    try:
        while process.poll() is None:
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            threading.Event().wait(0.01)
        assert process.poll() is None, f"{command[0]} did not start"
        yield
    finally:
        os.killpg(process.pid, 15)
        process.wait()


class Index:
    """A package index that stops in the middle of what ``stalls`` names, until ``gate`` is set."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.stalls = "nothing"
        self.reached = threading.Event()
        self.gate = threading.Event()
        self.url = ""

    def read(self, path: str) -> bytes | None:
        if path.startswith("/simple/"):
            name = path.strip("/").rpartition("/")[2]
            links = "".join(f'<a href="/{each.name}">{each.name}</a>' for each in self.folder.glob(f"{name}-*.whl"))
            return f"<!DOCTYPE html><html><body>{links}</body></html>".encode() if links else None
        file = self.folder / path.lstrip("/")
        return file.read_bytes() if file.is_file() else None


@contextmanager
def serve_index(folder: Path, login: str | None = None) -> Iterator[Index]:
    """The wheels in the folder, as an index has them; to who logs in as ``login`` (``user:password``) alone."""
    index = Index(folder)
    basic = "Basic " + base64.b64encode(login.encode()).decode() if login else None

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            refused = basic is not None and self.headers.get("Authorization") != basic
            data = None if refused else index.read(self.path)
            self.send_response(401 if refused else 200 if data is not None else 404)
            self.send_header("Content-Type", "text/html" if self.path.startswith("/simple") else "application/zip")
            self.send_header("Content-Length", str(len(data or b"")))
            self.end_headers()
            data = data or b""
            half = len(data) // 2 if index.stalls in self.path else 0
            try:
                self.wfile.write(data[:half])
                self.wfile.flush()
                if half:
                    index.reached.set()
                    index.gate.wait()
                self.wfile.write(data[half:])
            except OSError:  # the client was killed
                self.close_connection = True

        def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    with answering(server) as address:
        index.url = f"http://{address}/simple"
        yield index
        index.gate.set()
