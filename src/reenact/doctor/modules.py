"""One Python file, read and never imported: its calls by their full names, and what stands around them."""

from __future__ import annotations

import ast
import warnings
from collections.abc import Iterator, Mapping

from reenact.project.diagnostics import Position
from reenact.values import NamedTuple


class Module(NamedTuple):
    """A file that was parsed. ``names`` are what its imports call something else: ``np`` → ``numpy``.

    ``constants`` are what a name of the module is set to once, ``parents`` the node around each node, ``called`` its
    calls in the order of the text, each with the full name of what is called.
    """

    file: str
    tree: ast.Module
    names: Mapping[str, str]
    constants: Mapping[str, ast.expr]
    parents: Mapping[ast.AST, ast.AST]
    called: tuple[tuple[ast.Call, str], ...] = ()

    @property
    def calls(self) -> tuple[Call, ...]:
        """Every call in it, in the order of the text."""
        return tuple(Call(self, node, name) for node, name in self.called)

    @property
    def imports(self) -> tuple[tuple[str, ast.AST], ...]:
        """What it imports by absolute names, each with its statement."""
        found: list[tuple[str, ast.AST]] = []
        for node in ast.walk(self.tree):
            if isinstance(node, ast.Import):
                found += [(alias.name, node) for alias in node.names]
            elif isinstance(node, ast.ImportFrom) and not node.level and node.module:
                found.append((node.module, node))
        return tuple(found)

    def is_optional(self, node: ast.AST) -> bool:
        """Whether what a node does may fail: it stands in a ``try`` that has an answer."""
        return any(isinstance(around, ast.Try) and around.handlers for around in self.around(node))

    def find_name(self, node: ast.expr) -> str:
        """The full name that an expression is: ``numpy.random.rand`` for ``np.random.rand``; '' for none."""
        parts = []
        while isinstance(node, ast.Attribute):
            parts.append(node.attr)
            node = node.value
        if not isinstance(node, ast.Name):
            return ""
        return ".".join((self.names.get(node.id, node.id), *reversed(parts)))

    def position(self, node: ast.AST) -> Position:
        """Where a node begins."""
        return Position(self.file, getattr(node, "lineno", 1), getattr(node, "col_offset", 0) + 1)

    def around(self, node: ast.AST) -> Iterator[ast.AST]:
        """The nodes around a node, from the inside."""
        while node in self.parents:
            node = self.parents[node]
            yield node


class Call(NamedTuple):
    """A call: ``name`` is the full name of what is called, '' where that cannot be told from the text."""

    module: Module
    node: ast.Call
    name: str

    @property
    def method(self) -> str:
        """The last part of its name, also where what it belongs to is unknown."""
        return self.node.func.attr if isinstance(self.node.func, ast.Attribute) else self.name.rpartition(".")[2]

    @property
    def position(self) -> Position:
        """Where it begins."""
        return self.module.position(self.node)

    @property
    def arguments(self) -> tuple[ast.expr, ...]:
        """The values of its arguments."""
        return (*self.node.args, *(word.value for word in self.node.keywords))

    @property
    def is_open(self) -> bool:
        """Whether it may have more arguments than can be seen: ``f(*given)``, ``f(**given)``."""
        return any(word.arg is None for word in self.node.keywords) or any(
            isinstance(one, ast.Starred) for one in self.node.args
        )

    def find(self, name: str, place: int | None = None) -> ast.expr | None:
        """The argument of that name, or at that place."""
        named = next((word.value for word in self.node.keywords if word.arg == name), None)
        if named is None and place is not None and place < len(self.node.args):
            return self.node.args[place]
        return named


def parse_module(file: str, text: str, *, is_main: bool = True) -> Module:
    """The module that a text is; without what only runs when it is the script itself, if it ``is_main`` not.

    Raises:
        ValueError: it is no Python of this interpreter's version, or nested deeper than can be read.
    """
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            tree = ast.parse(text)
        if not is_main:
            tree.body = [statement for statement in tree.body if not _is_for_main(statement)]
        parents = {child: node for node in ast.walk(tree) for child in ast.iter_child_nodes(node)}
    except SyntaxError as problem:
        raise ValueError(f"line {problem.lineno}: {problem.msg}") from problem
    except (RecursionError, MemoryError) as problem:
        raise ValueError("it is nested too deeply") from problem
    module = Module(file, tree, _find_names(tree), _find_constants(tree), parents)
    calls = sorted((node for node in parents if isinstance(node, ast.Call)), key=_order)
    return module._replace(called=tuple((node, module.find_name(node.func)) for node in calls))


def list_names(text: str) -> frozenset[str]:
    """The names in a text, for tables that are read by people."""
    return frozenset(text.split())


def is_given(value: ast.expr | None) -> bool:
    """Whether an argument is there and is not ``None``."""
    return value is not None and not (isinstance(value, ast.Constant) and value.value is None)


def find_constant(value: ast.expr | None) -> object:
    """The literal that an argument is, None for anything else."""
    return value.value if isinstance(value, ast.Constant) else None


def _is_for_main(statement: ast.stmt) -> bool:
    """``if __name__ == "__main__":``."""
    test = statement.test if isinstance(statement, ast.If) else None
    return isinstance(test, ast.Compare) and isinstance(test.left, ast.Name) and test.left.id == "__name__"


def _order(node: ast.Call) -> tuple[int, int]:
    return (node.lineno, node.col_offset)


def _find_names(tree: ast.Module) -> dict[str, str]:
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                if alias.asname:
                    names[alias.asname] = alias.name
                else:
                    names.setdefault(alias.name.partition(".")[0], alias.name.partition(".")[0])
        elif isinstance(node, ast.ImportFrom):
            inside = "." * node.level + (node.module or "")
            for alias in node.names:
                names[alias.asname or alias.name] = f"{inside}.{alias.name}"
    return names


def _find_constants(tree: ast.Module) -> dict[str, ast.expr]:
    """What each name of the module is set to, where it is set once."""
    found: dict[str, ast.expr | None] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            found[node.id] = None if node.id in found else node
    for statement in tree.body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            target = statement.targets[0]
            if isinstance(target, ast.Name) and found.get(target.id) is target:
                found[target.id] = statement.value
    return {name: value for name, value in found.items() if value is not None and not isinstance(value, ast.Name)}
