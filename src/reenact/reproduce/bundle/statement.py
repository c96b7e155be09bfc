"""The provenance of a run: an in-toto statement with SLSA's predicate, from the record alone.

Its first subject is the bundle's manifest, which has the digest of every member; the others are the run's outputs.
https://github.com/in-toto/attestation/tree/main/spec/v1 and https://slsa.dev/spec/v1.0/provenance say the format.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from urllib.parse import quote

from reenact.environments.packages import Package
from reenact.errors import RecordError
from reenact.hints import Any
from reenact.reproduce.bundle.account import Account, DataFile
from reenact.reproduce.bundle.manifest import NAME

STATEMENT, PREDICATE = "https://in-toto.io/Statement/v1", "https://slsa.dev/provenance/v1"
BUILD_TYPE, BUILDER = "urn:reenact:run:1", "urn:reenact:worker"


def render_statement(account: Account, manifest: str) -> bytes:
    """The statement; ``manifest`` is the SHA-256 of the bundle's manifest."""
    run, plan, origin = account.record.run, account.record.plan, account.record.origin
    predicate = {
        "buildDefinition": {
            "buildType": BUILD_TYPE,
            "externalParameters": {
                "source": plan.source.uri,
                "project": plan.project,
                "entryPoint": plan.entry_point,
                "parameters": {each.name: each.value for each in plan.parameters},
            },
            "internalParameters": {
                "command": list(plan.command.argv),
                "environment": None if account.lock is None else account.lock.key,
                "platform": "" if account.lock is None else account.lock.platform,
            },
            "resolvedDependencies": list(_list_dependencies(account)),
        },
        "runDetails": {
            "builder": {"id": BUILDER, "version": {"reenact": origin.version if origin else ""}},
            "metadata": {"invocationId": run.id, "startedOn": account.began, "finishedOn": account.ended},
            "byproducts": [_name(each.name, {"sha256": each.sha256}) for each in account.list_files("record")],
        },
    }
    subjects = [_name(NAME, {"sha256": manifest}), *(_name_data(each) for each in account.outputs if each.digest)]
    statement = {"_type": STATEMENT, "subject": subjects, "predicateType": PREDICATE, "predicate": predicate}
    return json.dumps(statement, sort_keys=True).encode()


def check_statement(statement: dict[str, Any], manifest: str) -> None:
    """See that the statement is of this manifest (its SHA-256), and so of everything in the bundle.

    Raises:
        RecordError: it is of another, or of none.
    """
    subjects = statement.get("subject")
    named = [each for each in subjects if isinstance(each, dict)] if isinstance(subjects, list) else []
    found = [each.get("digest") for each in named if each.get("name") == NAME]
    if statement.get("_type") != STATEMENT or found != [{"sha256": manifest}]:
        raise RecordError("the bundle is refused: its provenance is that of something else")


def _list_dependencies(account: Account) -> Iterator[dict[str, Any]]:
    source = account.record.plan.source
    if source.commit is not None:
        uri = f"git+{source.repository or source.uri}@{source.commit}"
        yield {"uri": uri, "digest": {"gitCommit": source.commit}, "name": "source"}
    if source.tree is not None:
        kind = "gitTree" if len(source.tree) == 40 else "blake3"
        yield {"digest": {kind: source.tree}, "name": "code"}
    for package in account.packages:
        yield _name_package(package)
    yield from (_name_data(each) for each in account.inputs if each.digest)


def _name_package(package: Package) -> dict[str, Any]:
    build = f"?build={quote(package.build)}" if package.build else ""
    kind = "docker" if package.kind == "image" else package.kind
    found: dict[str, Any] = {"uri": f"pkg:{kind}/{quote(package.name)}@{quote(package.version)}{build}"}
    # Of several files that may stand for a package, none is the package's own.
    kinds = [value.partition(":")[0] for value in package.hashes]
    if package.hashes and len(set(kinds)) == len(kinds):
        found["digest"] = {kind: value for kind, _, value in (each.partition(":") for each in package.hashes)}
    return found


def _name_data(data: DataFile) -> dict[str, Any]:
    digest = {"blake3": data.digest or ""} | ({"sha256": data.member.sha256} if data.member else {})
    return _name(data.path, digest)


def _name(name: str, digest: dict[str, str]) -> dict[str, Any]:
    return {"name": name, "digest": digest}
