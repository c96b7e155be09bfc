"""Ask whoever sits at the terminal before code from elsewhere is run for the first time."""

from __future__ import annotations

import os
import sys
import termios
from pathlib import Path

from reenact.cli.console import ask
from reenact.cli.table import render_isolation
from reenact.environments.docker.mounts import expand_volume
from reenact.errors import TrustError, UsageError
from reenact.home import find_home
from reenact.plan import CondaSpec, DockerSpec, Isolation, Plan, PythonSpec, RecordedLock, Snapshot
from reenact.prepare import Prepared, discard
from reenact.project.diagnostics import visible
from reenact.records.files import read_imported, read_plan
from reenact.run_folder import RunFolder
from reenact.trust import (
    AGREED,
    BEFORE,
    NOT_ASKED,
    OPTION,
    VARIABLE,
    Agreement,
    Subject,
    find_agreement,
    find_last_agreement,
    find_subject,
    is_trusted,
    keep_agreement,
    make_ground,
    record_ground,
)
from reenact.world import World

MOST = 12
"""Packages that are named; more are counted."""

MOST_LINES, LONGEST = 20, 400
"""Of the command, and of any line: what is on top must stay to be seen."""

Lines = list[tuple[str, str]]


def expect_agreement(prepared: Prepared, world: World, *, yes: bool, bundle: str | None = None) -> None:
    """See that what was prepared may run, and record on what ground; where it may not, nothing of it is left.

    ``bundle`` is the digest of what the run that is repeated was imported from.

    Raises:
        TrustError: it is from elsewhere, and the person at the terminal says no.
    """
    try:
        plan = prepared.plan
        subject = find_subject(plan.source, bundle)
        if subject is not None:
            ground = find_ground(subject, describe_plan(plan, world), world, yes=yes)
            record_ground(RunFolder(prepared.staged.path), make_ground(subject, ground, world))
    except BaseException:
        discard(prepared.staged)
        raise


def expect_agreement_to_record(folder: RunFolder, world: World, *, yes: bool) -> None:
    """The same before something of a recorded run is built, or run in parts, which nothing is prepared for yet.

    Raises:
        TrustError: it is from elsewhere, and the person at the terminal says no.
    """
    plan = read_plan(folder)
    subject = find_subject(plan.source, find_bundle(folder))
    if subject is not None:
        find_ground(subject, describe_plan(plan, world), world, yes=yes)


def find_bundle(folder: RunFolder) -> str | None:
    """The digest of what the run was imported from; None where it ran here."""
    imported = read_imported(folder)
    return imported.manifest if imported is not None else None


def find_ground(subject: Subject, facts: Lines, world: World, *, yes: bool) -> str:
    """On what ground the code is run; asks where nothing else decides and somebody is there.

    Raises:
        TrustError: the answer is no.
    """
    # Not the world's: a file of variables may be the project's own, and so may the home that it names.
    home, environ = find_home(os.environ), os.environ
    if find_agreement(subject, home) is not None:
        return BEFORE
    shown = ascii(subject.repository)[1:-1] + (f" at {subject.commit[:12]}" if subject.commit else "")
    grounds = {OPTION: yes, VARIABLE: is_trusted(subject, environ), NOT_ASKED: not is_somebody_there()}
    for ground, holds in grounds.items():
        if holds:
            world.report.note(f"this runs code from elsewhere, {shown} ({ground})")
            return ground
    print(render_question(subject, facts, find_last_agreement(subject, home)), file=sys.stderr)
    # What was typed before the question could be read is no answer to it.
    termios.tcflush(sys.stdin, termios.TCIFLUSH)
    if not ask("Run it?"):
        raise TrustError(
            f"nothing is run: you did not agree to the code of {shown}",
            hint="reenact describe shows what it declares and runs nothing",
        )
    keep_agreement(subject, home, world.timestamp())
    return AGREED


def is_somebody_there() -> bool:
    """Whether a person can read a question and answer it."""
    return sys.stdin.isatty() and sys.stderr.isatty()


def render_question(subject: Subject, facts: Lines, last: Agreement | None) -> str:
    """What is to be agreed to, as a person reads it; every line of it from outside is on one line, escaped."""
    if last is None:
        head = "This is code from elsewhere that has not run here yet."
    else:
        was, now = last.subject.commit or last.subject.content, subject.commit or subject.content
        day = last.time.partition("T")[0]
        was, now = visible(was)[:12], visible(now)[:12]
        head = f"This code has changed since you last agreed to it: {was} on {day}, now {now}."
    lines = [f"  {label:<12}  {shorten(visible(text))}" for label, text in facts]
    return "\n".join((head, "", *lines, ""))


def shorten(text: str) -> str:
    """The text, or its beginning and how long it is."""
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}… ({len(text):,} characters)"


def describe_plan(plan: Plan, world: World) -> Lines:
    """What there is to know before it runs: a label and a line each; the lines are not escaped yet."""
    spec = plan.environment
    command = plan.command.text.strip("\n").split("\n")
    if len(command) > MOST_LINES:
        command[MOST_LINES:] = [f"… ({len(command) - MOST_LINES:,} more lines)"]
    return [
        *describe_source(plan.source),
        ("entry point", plan.entry_point),
        *zip(("command", *[""] * len(command)), command, strict=False),
        *_describe_environment(plan),
        *(_describe_container(spec, plan, world) if isinstance(spec, DockerSpec) else _describe_reach(plan)),
        *_describe_secrets(plan),
    ]


def describe_source(source: Snapshot) -> Lines:
    """Where the code is from, and which code it is."""
    inside = source.subdirectory if source.subdirectory not in source.uri else ""
    place = f"{source.uri}#{inside}" if inside else source.uri
    asked = ", ".join(filter(None, (source.branch and f"branch {source.branch}", source.version)))
    # A letter of another alphabet may look like one of the host that is meant.
    place = place.encode("ascii", "backslashreplace").decode()
    content = source.commit or source.tree or ""
    return [
        ("source", place + (f" ({asked})" if asked else "")),
        ("commit" if source.commit else "content", content),
    ]


def _describe_environment(plan: Plan) -> Lines:
    spec = plan.environment
    if isinstance(spec, DockerSpec):
        return [("environment", _describe_image(spec))]
    if isinstance(spec, CondaSpec):
        where = f"conda packages from {', '.join(spec.channels) or 'the default channels'}"
        packages, options, local = (*spec.packages, *spec.pip.dependencies), spec.pip.options, spec.pip.local
    elif isinstance(spec, PythonSpec):
        where = f"Python {spec.python or 'of any version'}" + (f", from {spec.origin}" if spec.origin else "")
        packages, options, local = spec.dependencies, spec.options, spec.local
    else:
        return [("environment", "none: the programs of this machine")]
    locked = getattr(spec, "lock_file", None)
    if isinstance(plan.lock, RecordedLock):
        locked = f"run {plan.lock.run[:8]}"
    elif plan.lock is not None and not plan.lock.stale:
        locked = plan.lock.file
    more = f", and {len(packages) - MOST} more" if len(packages) > MOST else ""
    return [
        ("environment", where + (f", locked by {locked}" if locked else "")),
        *([("installs", ", ".join(packages[:MOST]) + more)] if packages else []),
        *([("index", " ".join(options))] if options else []),
        *([("builds", f"code of the project: {', '.join(local)}")] if local else []),
    ]


def _describe_image(spec: DockerSpec) -> str:
    build = spec.container.build
    if build is not None:
        return f"a container of an image that is built from {build.dockerfile} in {build.context}"
    return f"a container of {spec.container.image}" + (" with the project in it" if spec.bake else "")


def _describe_container(spec: DockerSpec, plan: Plan, world: World) -> Lines:
    asked = spec.container
    mounts = ["the project", "its run folder", *plan.paths]
    for volume in asked.volumes:
        try:
            mounts.append(expand_volume(volume, Path("the project"), world.environ))
        except UsageError:
            mounts.append(volume)
    rights = {"network": asked.network, "ports": " ".join(asked.ports), "user": asked.user, "gpus": asked.gpus}
    given = [f"--{name}" + ("" if value is None else f" {value}") for name, value in spec.arguments]
    return [
        ("mounts", "; ".join(mounts)),
        *(
            [("asks for", ", ".join(f"{name} {value}" for name, value in rights.items() if value))]
            if any(rights.values())
            else []
        ),
        *([("you add", " ".join(given))] if given else []),
        *([("kept from", render_isolation(plan.isolation))] if plan.isolation != Isolation() else []),
    ]


def _describe_reach(plan: Plan) -> Lines:
    reached = "your files, your variables" + (", the network" if plan.isolation.network else "")
    kept = f" ({render_isolation(plan.isolation)})" if plan.isolation != Isolation() else ""
    return [("reaches", reached + kept)]


def _describe_secrets(plan: Plan) -> Lines:
    spec = plan.environment
    names = [f"{parameter.name} (parameter)" for parameter in plan.parameters if parameter.secret]
    if isinstance(spec, DockerSpec):
        names += [f"{item} (your variable)" for item in spec.container.environment if isinstance(item, str)]
    return [("is given", ", ".join(names))] if names else []
