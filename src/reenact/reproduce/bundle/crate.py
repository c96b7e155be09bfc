"""``ro-crate-metadata.json``: the bundle as a Process Run Crate, the one of the Workflow Run RO-Crate profiles that is
for a command. https://w3id.org/ro/wfrun/process/0.5 says what it holds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from reenact.reproduce.bundle.account import Account, DataFile
from reenact.reproduce.bundle.manifest import BILL, CRATE, NAME, PROVENANCE, Entry
from reenact.runs import State

CRATE_FORMAT, PROFILE = "https://w3id.org/ro/crate/1.1", "https://w3id.org/ro/wfrun/process/0.5"
CONTEXT = [f"{CRATE_FORMAT}/context", "https://w3id.org/ro/terms/workflow-run/context"]
REENACT = "#reenact"
AGENT = "#agent"

Thing = dict[str, Any]


def render_crate(account: Account) -> bytes:
    """The member, equal for equal runs."""
    graph = [*_list_root(account), *_list_instruments(account), _make_action(account), *_list_agents(account)]
    graph += [*_list_parameters(account), *map(_make_data, (*account.inputs, *account.outputs)), *_list_parts(account)]
    unique = {thing["@id"]: thing for thing in reversed(graph)}
    ordered = [thing for thing in graph if unique.get(thing["@id"]) is thing]
    return (json.dumps({"@context": CONTEXT, "@graph": ordered}, indent=1) + "\n").encode()


def _list_root(account: Account) -> Iterator[Thing]:
    run = account.record.run
    parts = [each["@id"] for each in _list_parts(account)]
    parts += [_find_id(each) for each in (*account.inputs, *account.outputs) if each.member]
    parts += ["code/"] if account.list_files("code") else []
    licence = next((each for each in account.list_files("code") if _is_licence(each.name)), None)
    yield {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": _to("./"),
        "conformsTo": [_to(CRATE_FORMAT)],
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": [_to(PROFILE)],
        "name": account.title,
        "description": f"A recorded run of {run.project}, from which it can be run again with reenact.",
        "datePublished": _render_moment(account.ended),
        "license": _to(_quote(licence.name)) if licence else "no licence is stated in the project",
        "hasPart": [_to(each) for each in dict.fromkeys(parts)],
        "mentions": [_to(f"#{run.id}")],
    }
    yield {"@id": PROFILE, "@type": "CreativeWork", "name": "Process Run Crate", "version": "0.5"}


def _list_instruments(account: Account) -> Iterator[Thing]:
    plan, source = account.record.plan, account.record.plan.source
    about: Thing = {"name": plan.project, "description": f"The code of {plan.project} as it ran."}
    if source.repository or source.kind == "git":
        about["codeRepository"] = source.repository or source.uri
    if version := source.commit or source.tree:
        about["version"] = version
    if any(each.name == BILL for each in account.members):
        about["softwareRequirements"] = [_to(BILL)]
    if account.list_files("code"):
        yield {"@id": "code/", "@type": ["Dataset", "SoftwareSourceCode"], **about}
    else:
        yield {"@id": "#code", "@type": "SoftwareApplication", **about}


def _make_action(account: Account) -> Thing:
    run, plan = account.record.run, account.record.plan
    finished = run.state is State.FINISHED
    action: Thing = {
        "@id": f"#{run.id}",
        "@type": "CreateAction",
        "name": run.name or account.title,
        "description": plan.command.text.strip(),
        "startTime": _render_moment(account.began),
        "endTime": _render_moment(account.ended),
        "actionStatus": f"http://schema.org/{'Completed' if finished else 'Failed'}ActionStatus",
        "agent": _to(AGENT),
        "instrument": _to("code/" if account.list_files("code") else "#code"),
        "object": [_to(each["@id"]) for each in _list_parameters(account)]
        + [_to(_find_id(each)) for each in account.inputs],
        "result": [_to(_find_id(each)) for each in account.outputs],
        "subjectOf": [_to(each["@id"]) for each in _list_parts(account) if each["@id"].startswith("record/")],
    }
    if not finished:
        action["error"] = run.reason or f"exit code {run.exit_code}"
    return action


def _list_agents(account: Account) -> Iterator[Thing]:
    origin = account.record.origin
    yield {"@id": AGENT, "@type": "Person", "name": origin.user if origin else "unknown"}
    version = origin.version if origin else "unknown"
    yield {"@id": REENACT, "@type": "SoftwareApplication", "name": "reenact", "softwareVersion": version}


def _list_parameters(account: Account) -> Iterator[Thing]:
    for each in account.record.plan.parameters:
        value = "(secret)" if each.secret else each.value if each.value is not None else ""
        yield {"@id": f"#parameters/{_quote(each.name)}", "@type": "PropertyValue", "name": each.name, "value": value}


def _make_data(data: DataFile) -> Thing:
    if data.member is not None:
        return _make_file(data.member) | {"name": data.path}
    known = [f"blake3:{data.digest}"] if data.digest else []
    return {"@id": _find_id(data), "@type": "CreativeWork", "name": data.path, "identifier": known}


def _find_id(data: DataFile) -> str:
    return _quote(data.member.name) if data.member else f"#data/{_quote(data.path)}"


def _list_parts(account: Account) -> Iterator[Thing]:
    """What is not data of the run: its record, its packages, and what stands at the top."""
    told = {
        NAME: "The digest of every member.",
        PROVENANCE: "Where it comes from, as an in-toto statement.",
        BILL: "The packages, as CycloneDX has them.",
    }
    for name in (NAME, PROVENANCE):
        yield {
            "@id": name,
            "@type": "File",
            "name": name,
            "description": told[name],
            "encodingFormat": _find_format(name),
        }
    for entry in account.members:
        if entry.name == BILL or entry.name.startswith(("record/", "packages/")):
            more = {"description": told[entry.name]} if entry.name in told else {}
            yield _make_file(entry) | more
    licence = next((each for each in account.list_files("code") if _is_licence(each.name)), None)
    if licence is not None:
        yield _make_file(licence)


def _make_file(entry: Entry) -> Thing:
    return {
        "@id": _quote(entry.name),
        "@type": "File",
        "name": entry.name.rpartition("/")[2],
        "contentSize": str(entry.size),
        "sha256": entry.sha256,
        "encodingFormat": _find_format(entry.name),
    }


def _find_format(name: str) -> str:
    known = {".json": "application/json", ".jsonl": "application/jsonl", ".csv": "text/csv", ".png": "image/png"}
    return next((form for ending, form in known.items() if name.endswith(ending)), "application/octet-stream")


def _is_licence(name: str) -> bool:
    return name.count("/") == 1 and name.upper().startswith(("CODE/LICENSE", "CODE/LICENCE", "CODE/COPYING"))


def _render_moment(timestamp: str) -> str:
    """A moment as the profile writes it: milliseconds, and the zone as a number."""
    return f"{timestamp[:23]}+00:00"


def _quote(name: str) -> str:
    return quote(name.encode("utf-8", "surrogateescape"), safe="/")


def _to(identity: str) -> Thing:
    return {"@id": identity}
