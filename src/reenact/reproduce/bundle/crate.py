"""``ro-crate-metadata.json``: the bundle as a Workflow Run RO-Crate.

Of those profiles it is the Process Run Crate, which is for a command, and where the project has a file of its own, the
Workflow Run Crate as well. https://w3id.org/ro/wfrun/process/0.5 says what the first holds.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

from reenact.reproduce.bundle.account import Account
from reenact.reproduce.bundle.entities import Thing, find_format, find_id, make_data, make_file, quote_name, refer
from reenact.reproduce.bundle.manifest import BILL, CRATE, NAME, PROVENANCE
from reenact.reproduce.bundle.workflow import Workflow, find_workflow, name_parameter
from reenact.runs import State

CRATE_FORMAT = "https://w3id.org/ro/crate/1.1"
PROCESS = "https://w3id.org/ro/wfrun/process/0.5"
WORKFLOW = "https://w3id.org/ro/wfrun/workflow/0.5"
WORKFLOW_CRATE = "https://w3id.org/workflowhub/workflow-ro-crate/1.0"
PROFILES = {PROCESS: "Process Run Crate", WORKFLOW: "Workflow Run Crate", WORKFLOW_CRATE: "Workflow RO-Crate"}
CONTEXT = [f"{CRATE_FORMAT}/context", "https://w3id.org/ro/terms/workflow-run/context"]
REENACT = "#reenact"
AGENT = "#agent"


def render_crate(account: Account) -> bytes:
    """The member, equal for equal runs."""
    workflow = find_workflow(account)
    examples = workflow.list_examples() if workflow is not None else {}
    graph = [*_list_root(account, workflow), *_list_code(account, workflow), _make_action(account, workflow)]
    graph += [*_list_agents(account), *_list_parameters(account)]
    graph += [*map(make_data, (*account.inputs, *account.outputs)), *_list_parts(account)]
    unique = {thing["@id"]: thing for thing in reversed(graph)}
    ordered = [_show(thing, examples) for thing in graph if unique.get(thing["@id"]) is thing]
    return (json.dumps({"@context": CONTEXT, "@graph": ordered}, indent=1) + "\n").encode()


def _show(thing: Thing, examples: dict[str, list[Thing]]) -> Thing:
    """The entity, with the slots of the workflow that it was in. One value is no list, and none is nothing."""
    whole = thing | {"exampleOfWork": examples.get(thing["@id"], [])}
    single = {name: value[0] for name, value in whole.items() if isinstance(value, list) and len(value) == 1}
    return {name: single.get(name, value) for name, value in whole.items() if value != []}


def _list_root(account: Account, workflow: Workflow | None) -> Iterator[Thing]:
    run = account.record.run
    profiles = [PROCESS] if workflow is None else list(PROFILES)
    parts = [each["@id"] for each in _list_parts(account)]
    parts += [find_id(each) for each in (*account.inputs, *account.outputs) if each.member]
    parts += ["code/"] if account.list_files("code") else []
    parts += [workflow.identity] if workflow is not None else []
    licence = next((each for each in account.list_files("code") if _is_licence(each.name)), None)
    yield {
        "@id": CRATE,
        "@type": "CreativeWork",
        "about": refer("./"),
        "conformsTo": [refer(CRATE_FORMAT), *([refer(WORKFLOW_CRATE)] if workflow is not None else [])],
    }
    yield {
        "@id": "./",
        "@type": "Dataset",
        "conformsTo": [refer(each) for each in profiles],
        "name": account.title,
        "author": refer(AGENT),
        "description": f"A recorded run of {run.project}, from which it can be run again with reenact.",
        "datePublished": _render_moment(account.ended),
        "license": refer(quote_name(licence.name)) if licence else "no licence is stated in the project",
        "hasPart": [refer(each) for each in dict.fromkeys(parts)],
        "mentions": [refer(f"#{run.id}")],
        **({"mainEntity": refer(workflow.identity)} if workflow is not None else {}),
    }
    for each in profiles:
        yield {"@id": each, "@type": "CreativeWork", "name": PROFILES[each], "version": each.rpartition("/")[2]}


def _list_code(account: Account, workflow: Workflow | None) -> Iterator[Thing]:
    plan, source = account.record.plan, account.record.plan.source
    about: Thing = {"name": plan.project, "description": f"The code of {plan.project} as it ran."}
    if source.repository or source.kind == "git":
        about["codeRepository"] = source.repository or source.uri
    if version := source.commit or source.tree:
        about["version"] = version
    if any(each.name == BILL for each in account.members):
        about["softwareRequirements"] = [refer(BILL)]
    if account.list_files("code"):
        yield {"@id": "code/", "@type": ["Dataset", "SoftwareSourceCode"], **about}
    else:
        yield {"@id": "#code", "@type": "SoftwareApplication", **about}
    if workflow is not None:
        yield from workflow.list_entities(about | {"isPartOf": refer("code/")})


def _make_action(account: Account, workflow: Workflow | None) -> Thing:
    run, plan = account.record.run, account.record.plan
    finished = run.state is State.FINISHED
    instrument = "code/" if account.list_files("code") else "#code"
    action: Thing = {
        "@id": f"#{run.id}",
        "@type": "CreateAction",
        "name": run.name or account.title,
        "description": plan.command.text.strip(),
        "startTime": _render_moment(account.began),
        "endTime": _render_moment(account.ended),
        "actionStatus": f"http://schema.org/{'Completed' if finished else 'Failed'}ActionStatus",
        "agent": refer(AGENT),
        "instrument": refer(instrument if workflow is None else workflow.identity),
        "object": [refer(each["@id"]) for each in _list_parameters(account)]
        + [refer(find_id(each)) for each in account.inputs],
        "result": [refer(find_id(each)) for each in account.outputs],
        "subjectOf": [refer(each["@id"]) for each in _list_parts(account) if each["@id"].startswith("record/")],
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
        yield {"@id": name_parameter(each.name), "@type": "PropertyValue", "name": each.name, "value": value}


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
            "encodingFormat": find_format(name),
        }
    for entry in account.members:
        if entry.name == BILL or entry.name.startswith(("record/", "packages/")):
            more = {"description": told[entry.name]} if entry.name in told else {}
            yield make_file(entry) | more
    licence = next((each for each in account.list_files("code") if _is_licence(each.name)), None)
    if licence is not None:
        yield make_file(licence)


def _is_licence(name: str) -> bool:
    return name.count("/") == 1 and name.upper().startswith(("CODE/LICENSE", "CODE/LICENCE", "CODE/COPYING"))


def _render_moment(timestamp: str) -> str:
    """A moment as the profile writes it: milliseconds, and the zone as a number."""
    return f"{timestamp[:23]}+00:00"
