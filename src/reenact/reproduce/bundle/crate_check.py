"""Whether a bundle is a Workflow Run RO-Crate to others, too: as the library ``rocrate`` reads it, an extra.

No bundle needs that to be written, and no run to be imported: it is for whoever hands a bundle on.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from urllib.parse import unquote

from reenact.errors import RecordError, UnsupportedError
from reenact.hints import Any
from reenact.reproduce.bundle.crate import PROCESS, PROFILES, WORKFLOW
from reenact.reproduce.bundle.manifest import CRATE, NAME, PROVENANCE, Entry

Entity = Any
"""What the library gives: a mapping of properties, or the text where the crate does not describe what it names."""

TOOLS = {"SoftwareApplication", "SoftwareSourceCode", "ComputationalWorkflow"}
MAIN = {"File", "SoftwareSourceCode", "ComputationalWorkflow"}


def expect_crate(data: bytes, members: Iterable[Entry]) -> None:
    """See that ``data``, the crate's metadata, is read by the library, holds what the profiles ask for, and speaks of
    the ``members`` as they are.

    Raises:
        RecordError: it does not; everything that is wrong is told.
        UnsupportedError: the library is not installed.
    """
    load = find_library()
    try:
        crate = load(json.loads(data))
        problems = [*_check_root(crate.root_dataset), *_check_data(crate, {entry.name: entry for entry in members})]
    except (ValueError, LookupError, TypeError, AttributeError, AssertionError, RecursionError) as problem:
        raise _refused([f"its {CRATE} cannot be read: {problem}"]) from problem
    if problems:
        raise _refused(problems)


def find_library() -> Callable[[object], Any]:
    """What makes a crate of its metadata.

    Raises:
        UnsupportedError: the library is not installed.
    """
    import warnings

    try:
        from rocrate.rocrate import ROCrate  # type: ignore[import-untyped]
    except ImportError as problem:
        raise UnsupportedError(
            "to check the crate takes a package that is not installed", hint="python -m pip install 'reenact[rocrate]'"
        ) from problem

    def load(plain: object) -> Any:
        if not isinstance(plain, dict) or not plain:
            raise TypeError("it holds nothing")
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # The files are not beside it: the members are looked at here.
            return ROCrate(plain)

    return load


def _refused(problems: Iterable[str]) -> RecordError:
    listed = "".join(f"\n  {each}" for each in dict.fromkeys(problems))
    return RecordError(f"the bundle is no Workflow Run RO-Crate:{listed}")


def _check_root(root: Entity) -> Iterator[str]:
    for name in ("name", "description", "datePublished", "license", "hasPart", "mentions"):
        if not root.get(name):
            yield f"its root has no {name}"
    profiles = {_identify(each): each for each in _list(root, "conformsTo")}
    if PROCESS not in profiles:
        yield f"it does not conform to {PROCESS}"
    for profile, entity in profiles.items():
        if profile in PROFILES and "CreativeWork" not in _list_types(entity):
            yield f"it does not say what {profile} is"
    actions = [each for each in _list(root, "mentions") if "CreateAction" in _list_types(each)]
    if not actions:
        yield "no CreateAction is among what its root mentions"
    for action in actions:
        yield from _check_action(action)
    if WORKFLOW in profiles:
        yield from _check_workflow(root, actions)


def _check_action(action: Entity) -> Iterator[str]:
    tools = _list(action, "instrument")
    if not tools or not all(TOOLS & _list_types(tool) for tool in tools):
        yield f"{_identify(action)} has no instrument that is a program"
    for part in ("agent", "object", "result"):
        for each in _list(action, part):
            if not _list_types(each):
                yield f"{_identify(action)} names {_identify(each)} as its {part}, which is not described"


def _check_workflow(root: Entity, actions: list[Entity]) -> Iterator[str]:
    main = next(iter(_list(root, "mainEntity")), None)
    if main is None or not _list_types(main) >= MAIN:
        yield "its mainEntity is no workflow"
        return
    name = _identify(main)
    if not any("ComputerLanguage" in _list_types(each) for each in _list(main, "programmingLanguage")):
        yield f"{name} is in no programming language"
    if not any(_identify(tool) == name for action in actions for tool in _list(action, "instrument")):
        yield f"{name} is no action's instrument"
    slots = {_identify(each): each for each in (*_list(main, "input"), *_list(main, "output"))}
    for identity, slot in slots.items():
        if "FormalParameter" not in _list_types(slot) or not slot.get("additionalType"):
            yield f"{identity} is no parameter that says what fits"
    for data in (each for action in actions for part in ("object", "result") for each in _list(action, part)):
        for slot in _list(data, "exampleOfWork"):
            if _identify(slot) not in slots:
                yield f"{_identify(data)} is an example of {_identify(slot)}, which is no parameter of {name}"


def _check_data(crate: Any, members: Mapping[str, Entry]) -> Iterator[str]:
    for entity in crate.data_entities:
        identity = _identify(entity)
        name = unquote(identity, errors="surrogateescape")
        entry = members.get(name)
        if "Dataset" in _list_types(entity):
            if not any(each.startswith(name) for each in members):
                yield f"there is nothing in {identity}"
        elif entry is None:
            if name not in (NAME, PROVENANCE):
                yield f"there is no {identity}"
        elif (entity.get("contentSize"), entity.get("sha256")) != (str(entry.size), entry.sha256):
            yield f"{identity} is not what it says (size or digest)"


def _list(entity: Entity, name: str) -> list[Entity]:
    """The values of a property; an entity that is only named is text."""
    found = entity.get(name) if not isinstance(entity, str) else None
    return list(found) if isinstance(found, list) else [] if found is None else [found]


def _list_types(entity: Entity) -> set[str]:
    found = entity.get("@type", ()) if not isinstance(entity, str) else ()
    return {found} if isinstance(found, str) else set(map(str, found))


def _identify(entity: Entity) -> str:
    return entity if isinstance(entity, str) else str(entity.get("@id"))
