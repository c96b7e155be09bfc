"""The keys of an entry point that say what it reads, writes and measures: ``inputs``, ``outputs``, ``metrics``.

MLflow ignores them. Each takes a single path, a list, or a mapping of paths to what is said of them:

``inputs: [data/train.csv, "data/*.parquet", "{data}", https://host/x.csv]``
``outputs: [model.pkl, {path: preds.csv, rtol: 1e-6, ignore: [timestamp]}]``, ``outputs: {preds.csv: {rtol: 1e-6}}``
``metrics: metrics.json``, ``metrics: {metrics.json: {keys: [rmse, test.mae]}}``
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from reenact.project.document import Findings
from reenact.project.nodes import Mapping, Node, Scalar, Sequence, describe, is_null
from reenact.project.paths import is_remote
from reenact.project.placeholders import Placeholder, parse_template
from reenact.project.types import EntryPoint, MetricDeclaration, OutputDeclaration, Tolerance
from reenact.project.value_types import read_number

INPUT_KEYS = ("path",)
OUTPUT_KEYS = ("path", "rtol", "atol", "ignore")
METRIC_KEYS = ("path", "keys", "rtol", "atol", "ignore")

FORMS = {
    "inputs": "'inputs: [data/train.csv, \"data/*.parquet\"]'",
    "outputs": "'outputs: [model.pkl, {path: preds.csv, rtol: 1e-6}]'",
    "metrics": "'metrics: [metrics.json, {path: results.csv, keys: [rmse]}]'",
}


def parse_data(entry_point: EntryPoint, body: Mapping, findings: Findings) -> EntryPoint:
    """The entry point with what it declares under the three keys; what cannot be read is in ``findings``."""
    keys = _Keys(entry_point, findings)
    return entry_point._replace(
        inputs=tuple(path for path, _ in keys.items(body.find("inputs"), "inputs", INPUT_KEYS)),
        outputs=tuple(
            OutputDeclaration(path, keys.tolerance(said))
            for path, said in keys.items(body.find("outputs"), "outputs", OUTPUT_KEYS)
        ),
        metrics=tuple(
            MetricDeclaration(path, keys.names(said, "keys"), keys.tolerance(said))
            for path, said in keys.items(body.find("metrics"), "metrics", METRIC_KEYS)
        ),
    )


class _Keys:
    """One call of :func:`parse_data` while it collects."""

    def __init__(self, entry_point: EntryPoint, findings: Findings) -> None:
        self.entry_point = entry_point
        self.secret = {parameter.name for parameter in entry_point.parameters if parameter.secret}
        self.findings = findings

    def items(self, node: Node | None, key: str, known: tuple[str, ...]) -> Iterator[tuple[str, Mapping | None]]:
        """Each path with the mapping of what is said of it; each path once."""
        taken: set[str] = set()
        for place, said in self._split(node, key, known):
            path = self._path(place, key)
            if path is None:
                continue
            if said is not None:
                self.findings.unknown_keys(said, known, f"in '{key}'")
            if path in taken:
                message = f"'{path}' is listed twice in '{key}'; the first one counts"
                self.findings.warning(place, "duplicate-path", message, "remove one of them")
                continue
            taken.add(path)
            yield path, said

    def tolerance(self, said: Mapping | None) -> Tolerance:
        """How far a file may be from what it was."""
        if said is None:
            return Tolerance()
        return Tolerance(self._bound(said, "rtol"), self._bound(said, "atol"), self.names(said, "ignore"))

    def names(self, said: Mapping | None, key: str) -> tuple[str, ...]:
        """A list of names; a single one is as good."""
        node = None if said is None else said.find(key)
        if isinstance(node, Scalar):
            text = self.findings.text(node, f"'{key}'")
            return () if text is None else (text,)
        return self.findings.texts(node, f"'{key}'", f"'{key}: [name, other]'")

    def _split(self, node: Node | None, key: str, known: tuple[str, ...]) -> Iterator[tuple[Scalar, Mapping | None]]:
        """The nodes of the paths, whichever form was used."""
        if node is None or is_null(node):
            return
        if isinstance(node, Sequence):
            for item in node.items:
                yield from self._split_item(item, key, known)
        elif isinstance(node, Mapping) and node.find_entry("path") is None and len(node.entries) > 1:
            yield from self._split_by_path(node, key)
        else:
            yield from self._split_item(node, key, known)

    def _split_item(self, item: Node, key: str, known: tuple[str, ...]) -> Iterator[tuple[Scalar, Mapping | None]]:
        if isinstance(item, Scalar):
            yield item, None
        elif isinstance(item, Mapping) and (path := item.find("path")) is not None:
            if isinstance(path, Scalar):
                yield path, item
            else:
                self._refuse(path, key, "a 'path'")
        elif isinstance(item, Mapping) and not any(entry.name in known for entry in item.entries):
            yield from self._split_by_path(item, key)
        elif isinstance(item, Mapping):
            message = f"an item of '{key}' has no 'path', so that nothing can be meant"
            self.findings.error(item, "no-path", message, f"write {FORMS[key]}")
        else:
            self._refuse(item, key, f"an item of '{key}'")

    def _split_by_path(self, mapping: Mapping, key: str) -> Iterator[tuple[Scalar, Mapping | None]]:
        """``preds.csv: {rtol: 1e-6}``: the key is the path."""
        for entry in mapping.entries:
            if isinstance(entry.value, Mapping):
                yield entry.key, entry.value
            elif is_null(entry.value):
                yield entry.key, None
            else:
                message = f"what is said of '{entry.name}' in '{key}' must be a mapping, not {describe(entry.value)}"
                self.findings.error(entry.value, "wrong-kind", message, f"write {FORMS[key]}")

    def _path(self, node: Scalar, key: str) -> str | None:
        text = self.findings.text(node, f"an item of '{key}'", FORMS[key])
        problem = None
        if text is None:
            return None
        if not text.strip():
            problem = "is empty"
        elif key == "metrics" and is_remote(text):
            problem = "is a URI, and metrics are read from files"
        elif hidden := sorted(self.secret & {slot.name for slot in self._slots(text)}):
            problem = f"holds the secret parameter '{hidden[0]}', whose value no record may have"
        if problem is not None:
            self.findings.error(node, "bad-path", f"a path in '{key}' {problem}", f"write {FORMS[key]}")
            return None
        self._doubt(node, text, key)
        return text

    def _doubt(self, node: Scalar, text: str, key: str) -> None:
        for slot in self._slots(text):
            if slot.problem is not None:
                message = f"{slot.source} in '{key}' is kept as text: {slot.problem}"
                self.findings.warning(node, "undeclared-placeholder", message, "write {{ and }} where you mean braces")
        outside = text.startswith(("/", "~")) or ".." in text.split("/")
        if key == "outputs" and outside and not is_remote(text):
            message = f"the output '{text}' lies outside of the project: running again writes over it"
            self.findings.warning(
                node, "output-outside", message, "write into the project, or $REENACT_RUN_DIR/artifacts"
            )

    def _slots(self, text: str) -> list[Placeholder]:
        pieces = parse_template(text, self.entry_point.names)
        return [piece for piece in pieces if not isinstance(piece, str)]

    def _bound(self, said: Mapping, key: str) -> float | None:
        node = said.find(key)
        if node is None:
            return None
        number = read_number(node.text) if isinstance(node, Scalar) and node.type in ("int", "float", "str") else None
        if number is None or not 0 <= number < math.inf:
            message = f"'{key}' must be a number that is not negative, not {describe(node)}; it is ignored"
            self.findings.warning(node, "bad-tolerance", message, f"for example '{key}: 1e-6'")
            return None
        return number

    def _refuse(self, node: Node, key: str, what: str) -> None:
        self.findings.error(node, "wrong-kind", f"{what} must be a path, not {describe(node)}", f"write {FORMS[key]}")
