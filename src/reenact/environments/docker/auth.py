"""Credentials for registries: in a variable, and in a file for as long as the engine's client needs them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from reenact.environments.docker.engine import Engine
from reenact.environments.docker.program import run_long
from reenact.errors import BuildError, UsageError
from reenact.process.tool import ToolResult
from reenact.world import World

AUTH = "DOCKER_AUTH_CONFIG"
"""The variable that may hold credentials for registries, in the form of Docker's ``config.json``."""

_HUB = "https://index.docker.io/v1/"


def make_auth(given: Mapping[str, str]) -> str:
    """The variable's value for ``docker_auth`` as MLflow takes it: username, password and registry.

    Raises:
        UsageError: the name or the password is missing.
    """
    from base64 import b64encode

    if not given.get("username") or given.get("password") is None:
        raise UsageError(
            "docker_auth needs 'username' and 'password'", hint="and 'registry', where it is not Docker Hub"
        )
    secret = b64encode(f"{given['username']}:{given['password']}".encode()).decode()
    return json.dumps({"auths": {given.get("registry") or _HUB: {"auth": secret}}})


def run_with_credentials(engine: Engine, arguments: tuple[str, ...], world: World) -> ToolResult:
    """Pull with the caller's registry credentials, in a file that only we can read and that is deleted."""
    given = world.environ.get(AUTH)
    if not given:
        return run_long(engine, arguments, world, "pulling")
    from tempfile import TemporaryDirectory

    with TemporaryDirectory(prefix="reenact-auth-") as folder:
        path = Path(folder, "config.json")
        path.touch(mode=0o600)
        path.write_text(_merge_credentials(given, world.environ))
        environ = {**world.environ, "DOCKER_CONFIG": folder, "REGISTRY_AUTH_FILE": str(path)}
        # The context's address is in the folder that is hidden now.
        if engine.socket is not None and engine.name == "docker":
            environ["DOCKER_HOST"] = f"unix://{engine.socket}"
        return run_long(engine, arguments, world, "pulling", environ=environ)


def _merge_credentials(given: str, environ: Mapping[str, str]) -> str:
    """The caller's own configuration with the credentials of the variable over it."""
    folder = Path(environ.get("DOCKER_CONFIG") or f"{environ.get('HOME', '')}/.docker")
    try:
        config = json.loads((folder / "config.json").read_bytes())
    except (OSError, ValueError):
        config = {}
    try:
        auths = json.loads(given)["auths"]
    except (ValueError, LookupError, TypeError) as problem:
        message = f'{AUTH} does not have the form {{"auths": {{"registry": {{"auth": "..."}}}}}}'
        raise BuildError(message) from problem
    # A helper program would be asked first, and know nothing of these.
    helpers = {name: value for name, value in config.get("credHelpers", {}).items() if name not in auths}
    kept = {name: value for name, value in config.items() if name not in ("credsStore", "currentContext")}
    return json.dumps({**kept, "auths": {**config.get("auths", {}), **auths}, "credHelpers": helpers})
