"""Which values are secret in a run: those that are declared so, and the credentials among the caller's variables. Pure.

Of what nobody declared, only what is surely meant as a secret counts: the variables in :data:`CREDENTIALS`, and the
password in an address (``https://user:password@host``). A plain word among them (``postgres``) is left: to take it out
of every log would spoil more than it hides.
"""

import re
from collections.abc import Callable, Iterator, Mapping

from reenact.plan import DockerSpec, Plan

LEAST = 8
"""Characters of a value that nobody declared."""

CREDENTIALS = frozenset(
    (
        *("AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AZURE_STORAGE_ACCESS_KEY", "AZURE_STORAGE_CONNECTION_STRING"),
        *("AZURE_CLIENT_SECRET", "DATABRICKS_TOKEN", "MLFLOW_TRACKING_PASSWORD", "MLFLOW_TRACKING_TOKEN"),
        *("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN", "WANDB_API_KEY", "COMET_API_KEY", "NEPTUNE_API_TOKEN", "KAGGLE_KEY"),
        *("OPENAI_API_KEY", "ANTHROPIC_API_KEY", "GEMINI_API_KEY", "REPLICATE_API_TOKEN", "NGC_API_KEY"),
        *("GITHUB_TOKEN", "GH_TOKEN", "GITLAB_TOKEN", "CI_JOB_TOKEN", "UV_PUBLISH_TOKEN", "TWINE_PASSWORD"),
        *("DOCKER_AUTH_CONFIG", "PGPASSWORD", "MYSQL_PWD"),
    )
)
"""Variables whose value is a secret wherever they are set."""

_AFTER_USER = r"[A-Za-z][A-Za-z0-9+.-]*://[^\s/?#@:'\"]*:([^\s/?#@'\"]+)@"
_INDEX = r"UV_INDEX_\w+_PASSWORD"


def list_secrets(given: Mapping[str, str], environ: Mapping[str, str]) -> tuple[str, ...]:
    """The values that nothing of ours may hold: ``given`` are declared to be secret, ``environ`` are the caller's."""
    declared = [*given.values(), *(password for value in given.values() for password in find_passwords(value))]
    found = [value for value in _list_credentials(environ) if len(value) >= LEAST and not is_word(value)]
    return tuple(dict.fromkeys((*declared, *found)))


def list_declared(plan: Plan, environ: Mapping[str, str]) -> Mapping[str, str]:
    """The caller's variables that the project declares to be secret."""
    if not isinstance(plan.environment, DockerSpec):
        return {}
    return {name: environ[name] for name in plan.environment.container.secrets if name in environ}


def find_passwords(text: str) -> Iterator[str]:
    """The passwords of the addresses in a text, as written and as meant."""
    if "@" not in text or "://" not in text:
        return
    from urllib.parse import unquote

    for found in re.findall(_AFTER_USER, text):
        yield from (found, unquote(found))


def make_hiding(secrets: tuple[str, ...]) -> Callable[[bytes], bytes]:
    """What takes them out of a stream, a chunk at a time; an empty chunk is the last."""
    if not secrets:
        return bytes
    from reenact.scrub import Stream, get_scrubber

    scrubber = get_scrubber(secrets)
    return Stream(scrubber).feed if scrubber else bytes


def is_word(text: str) -> bool:
    """Whether it is a word like any other."""
    return text.isalpha() and (text.islower() or text.isupper() or text.istitle())


def _list_credentials(environ: Mapping[str, str]) -> Iterator[str]:
    for name, value in environ.items():
        if name in CREDENTIALS or (name.startswith("UV_INDEX_") and re.fullmatch(_INDEX, name)):
            yield value
        elif "@" in value:
            yield from find_passwords(value)
