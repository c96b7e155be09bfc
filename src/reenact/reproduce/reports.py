"""A verification as others read it: JSON, Markdown, JUnit's XML. Pure."""

from __future__ import annotations

import math
import re
from xml.etree import ElementTree

from reenact.codec import to_plain
from reenact.hints import Any
from reenact.reproduce.results import Judged, name_result
from reenact.reproduce.verify import Trial, Verification

# All that XML 1.0 has no way to write.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def make_plain(found: Verification) -> Any:
    """For JSON, which has no infinite numbers: they are texts."""
    return without_infinity(to_plain(found))


def without_infinity(plain: Any) -> Any:
    """The same with texts in place of infinite numbers."""
    if isinstance(plain, dict):
        return {key: without_infinity(item) for key, item in plain.items()}
    if isinstance(plain, list):
        return [without_infinity(item) for item in plain]
    return str(plain) if isinstance(plain, float) and not math.isfinite(plain) else plain


def render_markdown(found: Verification) -> str:
    """A page with a table for each repetition."""
    lines = [f"# {found.verdict}: run {found.run[:8]}", "", _escape(f"{found.reason}.")]
    if found.varies:
        lines += ["", _escape(f"Varies by itself: {', '.join(found.varies)}.")]
    for trial in found.trials:
        lines += ["", f"## Repetition {trial.run[:8]}" if trial.run else "## No repetition", ""]
        if trial.problem:
            lines += [_escape(trial.problem), ""]
        if trial.judged:
            lines += ["| result | verdict | first difference |", "| --- | --- | --- |"]
        lines += [_render_row(each) for each in trial.judged]
        if trial.changes:
            lines += ["", "Not the same around it:", ""]
        lines += [f"- {_escape(change.render())}" for change in trial.changes]
    return "\n".join(lines).rstrip("\n") + "\n"


def _render_row(judged: Judged) -> str:
    return f"| {_escape(name_result(judged))} | {judged.judgement.verdict} | {_escape(judged.judgement.difference)} |"


def _escape(text: str) -> str:
    """Text that Markdown shows as it is, on one line of a table."""
    text = "".join(c if c.isprintable() or c == "\n" else c.encode("unicode_escape").decode() for c in text)
    text = re.sub(r"([\\`*_{}\[\]<>#|~])", r"\\\1", text)
    return text.replace("&", "&amp;").replace("\n", "<br>")


def render_junit(found: Verification) -> str:
    """One test for each result of each repetition. Only a FAIL has failures; what is not known is skipped."""
    suites = ElementTree.Element("testsuites", name=f"reenact verify {found.run[:8]}")
    for trial in found.trials or (Trial(None, problem=found.reason),):
        suites.append(_make_suite(found, trial))
    for count in ("tests", "failures", "skipped"):
        suites.set(count, str(sum(int(suite.get(count, "0")) for suite in suites)))
    ElementTree.indent(suites)
    text = ElementTree.tostring(suites, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _make_suite(found: Verification, trial: Trial) -> ElementTree.Element:
    suite = ElementTree.Element("testsuite", name=f"run {trial.run[:8]}" if trial.run else "no run")
    told = [f"{found.verdict}: {found.reason}", *(change.render() for change in trial.changes)]
    for judged in trial.judged:
        case = _add_case(suite, found, name_result(judged))
        verdict, difference = judged.judgement.verdict, _clean(judged.judgement.difference)
        if verdict == "not verified" or (verdict == "different" and found.verdict != "FAIL"):
            _add(case, "skipped", difference, "")
        elif verdict == "different":
            _add(case, "failure", difference.partition("\n")[0], difference)
    if trial.problem:
        _add(_add_case(suite, found, "repetition"), "skipped", _clean(trial.problem), "")
    suite.set("tests", str(len(suite)))
    suite.set("failures", str(len(suite.findall("testcase/failure"))))
    suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    ElementTree.SubElement(suite, "system-out").text = _clean("\n".join(told))
    return suite


def _add_case(suite: ElementTree.Element, found: Verification, name: str) -> ElementTree.Element:
    return ElementTree.SubElement(suite, "testcase", classname=f"reenact.{found.run[:8]}", name=_clean(name))


def _add(case: ElementTree.Element, kind: str, message: str, text: str) -> None:
    ElementTree.SubElement(case, kind, message=message).text = text or None


def _clean(text: str) -> str:
    return _FORBIDDEN.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text)
