"""Does a program read what somebody else may change?"""

from __future__ import annotations

import re
from collections.abc import Iterator

from reenact.doctor.findings import Concern, Finding
from reenact.doctor.literals import find_path
from reenact.doctor.modules import Call, find_constant, is_given
from reenact.doctor.reads import LOOPBACK, find_reads, is_address
from reenact.doctor.subject import Subject
from reenact.doctor.text import exists
from reenact.sources.redact import strip_credentials
from reenact.world import World

READ = Concern(
    "network-read",
    "warning",
    "what is behind an address changes or goes away, and the record has neither the content nor its digest",
    "declare the address below `inputs:`, or give it as a parameter of type path: it is fetched first, with its digest",
)
FLOATING = Concern(
    "floating-model",
    "warning",
    "the name means the newest version, which its owner replaces at any time",
    "name the version: revision='COMMIT'",
)
CONCERNS = (READ, FLOATING)

_GETTERS = {
    "requests.get": "url",
    "httpx.get": "url",
    "urllib.request.urlopen": "url",
    "urllib.request.urlretrieve": "url",
    "wget.download": "url",
    "gdown.download": "url",
    "torch.hub.load_state_dict_from_url": "url",
    "torch.hub.download_url_to_file": "url",
    "yfinance.download": "tickers",
}
_CHECKED = {"tensorflow.keras.utils.get_file": ("file_hash", "md5_hash"), "keras.utils.get_file": ("file_hash",)}
_HUBS = ("datasets.load_dataset", "huggingface_hub.hf_hub_download", "huggingface_hub.snapshot_download")
_LOCAL_FORMATS = frozenset(("csv", "json", "parquet", "text", "imagefolder", "audiofolder", "arrow", "pandas"))
_REPOSITORY = r"[\w.-]+(/[\w.-]+)?"
_HUB_CLASSES = r"(transformers|diffusers|sentence_transformers|peft)\..*from_pretrained"


def find(subject: Subject, world: World) -> Iterator[Finding]:
    """Addresses that are read, and names of models and data sets without a version."""
    declared = {name for each in subject.entry_points for name in each.inputs}
    for module in subject.modules:
        for access in find_reads(module):
            if is_address(access.path.text) and access.path.text not in declared:
                yield READ.found(_show(access.call, access.path.text), access.call.position)
        for call in module.calls:
            yield from _judge(call, declared, subject)


def _judge(call: Call, declared: set[str], subject: Subject) -> Iterator[Finding]:
    if call.name in _GETTERS:
        address = find_path(call.find(_GETTERS[call.name], 0), call.module)
        text = address.text if address else ""
        if text not in declared and not re.match(LOOPBACK, text):
            concern = READ if text else READ._replace(level="note")
            yield concern.found(_show(call, text), call.position)
    elif call.name in _CHECKED:
        if not call.is_open and not any(is_given(call.find(word)) for word in _CHECKED[call.name]):
            yield READ.found(f"{call.method} without a digest", call.position)
    elif call.name in _HUBS or re.fullmatch(_HUB_CLASSES, call.name):
        yield from _judge_hub(call, subject)
    elif call.name == "torch.hub.load":
        repository = find_constant(call.find("repo_or_dir", 0))
        is_local = find_constant(call.find("source")) == "local"
        if isinstance(repository, str) and ":" not in repository and not is_local:
            yield FLOATING.found(f"'{repository}' from torch.hub", call.position)


def _judge_hub(call: Call, subject: Subject) -> Iterator[Finding]:
    name = find_path(call.node.args[0] if call.node.args else call.find("repo_id"), call.module)
    if name is None or call.is_open or is_given(call.find("revision")) or not re.fullmatch(_REPOSITORY, name.text):
        return
    if name.text in _LOCAL_FORMATS or name.beside or exists(subject.root / name.text):
        return
    yield FLOATING.found(f"'{name.text}' by {call.method}", call.position)


def _show(call: Call, text: str) -> str:
    bare = strip_credentials(text)
    shown = bare if len(bare) <= 80 else f"{bare[:79]}…"
    return f"'{shown}' by {call.method}" if is_address(text) else f"{call.name}()"
