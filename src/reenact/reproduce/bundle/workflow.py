"""The project of a run as a Workflow Run Crate has it: its file is the workflow, with slots for what it is given and
what it leaves. https://w3id.org/ro/wfrun/workflow/0.5 says what that takes."""

from __future__ import annotations

from collections.abc import Iterator

from reenact.project.data_paths import belongs
from reenact.project.load import choose_project_files
from reenact.project.value_types import ALIASES
from reenact.reproduce.bundle.account import Account
from reenact.reproduce.bundle.entities import Thing, find_id, make_file, quote_name, refer
from reenact.reproduce.bundle.manifest import Entry
from reenact.values import NamedTuple

LANGUAGE = {
    "@id": "#mlproject",
    "@type": "ComputerLanguage",
    "name": "MLproject",
    "description": "The format of MLflow's projects, which reenact runs.",
    "identifier": {"@id": "https://mlflow.org/docs/latest/ml/projects/"},
    "url": {"@id": "https://mlflow.org/docs/latest/ml/projects/"},
}
FILE = "File"
TYPES = {"float": "Float", "int": "Integer", "bool": "Boolean", "uri": "URL"}


class Slot(NamedTuple):
    """Something that the workflow is given or leaves: what it is called, the kind of thing that fits, the ``@id`` of
    what it was this time, and a value that nobody gave."""

    name: str
    kind: str
    filled: tuple[str, ...]
    default: str | None = None


class Workflow(NamedTuple):
    """The project file, and its slots."""

    file: Entry
    inputs: tuple[Slot, ...]
    outputs: tuple[Slot, ...]

    @property
    def identity(self) -> str:
        """Its ``@id``."""
        return quote_name(self.file.name)

    def list_examples(self) -> dict[str, list[Thing]]:
        """The slots that an entity was in, by the entity's ``@id``."""
        found: dict[str, list[Thing]] = {}
        for part, slots in (("input", self.inputs), ("output", self.outputs)):
            for slot in slots:
                for identity in slot.filled:
                    found.setdefault(identity, []).append(refer(self._name(part, slot)))
        return found

    def list_entities(self, about: Thing) -> Iterator[Thing]:
        """The workflow, which ``about`` says more of, and its slots."""
        workflow: Thing = make_file(self.file)
        workflow["@type"] = ["File", "SoftwareSourceCode", "ComputationalWorkflow"]
        workflow |= {"encodingFormat": "application/yaml", "programmingLanguage": refer(str(LANGUAGE["@id"]))}
        for part, slots in (("input", self.inputs), ("output", self.outputs)):
            workflow[part] = [refer(self._name(part, slot)) for slot in slots]
        yield workflow | about
        yield LANGUAGE
        for part, slots in (("input", self.inputs), ("output", self.outputs)):
            for slot in slots:
                thing = {"@id": self._name(part, slot), "@type": "FormalParameter", "name": slot.name}
                default = {} if slot.default is None else {"defaultValue": slot.default}
                yield thing | {"additionalType": slot.kind, **default}

    def _name(self, part: str, slot: Slot) -> str:
        return f"{self.identity}#{part}/{quote_name(slot.name)}"


def find_workflow(account: Account) -> Workflow | None:
    """The workflow of the run; None where its project has no file of its own, or its code is not there."""
    plan, code = account.record.plan, account.record.code
    inside = (code.prefix if code is not None else "", plan.source.subdirectory)
    folder = "/".join(("code", *(part for part in inside if part))) + "/"
    files = {each.name: each for each in account.list_files("code")}
    names = [name.removeprefix(folder) for name in files if name.startswith(folder)]
    found = choose_project_files(names)
    if not found:
        return None
    return Workflow(files[folder + found[0]], tuple(_list_given(account)), tuple(_list_left(account)))


def name_parameter(name: str) -> str:
    """The ``@id`` of a parameter's value."""
    return f"#parameters/{quote_name(name)}"


def _list_given(account: Account) -> Iterator[Slot]:
    for each in account.record.plan.parameters:
        data = [file for file in account.inputs if file.origin == f"parameter {each.name}"]
        if each.origin == "extra":
            continue
        default = each.value if each.origin == "default" and not each.secret else None
        if data:
            yield Slot(each.name, FILE, tuple(map(find_id, data)), default)
        else:
            kind = TYPES.get(ALIASES.get(each.type, each.type), "Text")
            yield Slot(each.name, kind, (name_parameter(each.name),), default)
    for path in account.record.plan.inputs:
        data = [file for file in account.inputs if file.origin == path]
        yield Slot(path, FILE, tuple(map(find_id, data)))


def _list_left(account: Account) -> Iterator[Slot]:
    for each in account.record.plan.outputs:
        data = [file for file in account.outputs if belongs(file.path, each.path)]
        yield Slot(each.path, FILE, tuple(map(find_id, data)))
