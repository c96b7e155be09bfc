"""Paths that a program writes out: a text, texts that are joined, what lies beside the file itself. Pure."""

from __future__ import annotations

import ast
import posixpath

from reenact.doctor.modules import Module
from reenact.values import NamedTuple

_DEEPEST = 20

_JOINS = ("os.path.join", "posixpath.join")
_SAME = ("os.path.abspath", "os.path.realpath", "os.path.normpath", "str", "os.fspath", "os.path.expanduser")


class Literal(NamedTuple):
    """A path as it is written; ``beside`` says that it is relative to the folder of the file that has it."""

    text: str
    beside: bool = False


def find_path(node: ast.expr | None, module: Module, depth: int = 0) -> Literal | None:
    """The path that an expression is, None where the text does not tell."""
    if node is None or depth > _DEEPEST:
        return None
    if isinstance(node, ast.Constant):
        return Literal(node.value) if isinstance(node.value, str) else None
    if isinstance(node, ast.Name):
        if node.id == "__file__":
            return Literal(posixpath.basename(module.file), beside=True)
        return find_path(module.constants.get(node.id), module, depth + 1)
    if isinstance(node, ast.BinOp):
        return _find_joined(node, module, depth)
    if isinstance(node, ast.Attribute) and node.attr == "parent":
        return _parent(find_path(node.value, module, depth + 1))
    return _find_called(node, module, depth) if isinstance(node, ast.Call) else None


def _find_joined(node: ast.BinOp, module: Module, depth: int) -> Literal | None:
    left, right = find_path(node.left, module, depth + 1), find_path(node.right, module, depth + 1)
    if left is None or right is None:
        return None
    if isinstance(node.op, ast.Div):
        return _join([left, right])
    return Literal(left.text + right.text, left.beside) if isinstance(node.op, ast.Add) else None


def _find_called(node: ast.Call, module: Module, depth: int) -> Literal | None:
    name = module.find_name(node.func)
    if not name and isinstance(node.func, ast.Attribute) and node.func.attr in ("resolve", "absolute", "joinpath"):
        inner = [node.func.value, *node.args]
    elif name in _SAME or name in _JOINS or name in ("os.path.dirname", "pathlib.Path", "pathlib.PurePath"):
        inner = node.args
    else:
        return None
    parts = [find_path(each, module, depth + 1) for each in inner]
    if not parts or any(part is None for part in parts):
        return None
    joined = _join([part for part in parts if part is not None])
    return _parent(joined) if name == "os.path.dirname" else joined


def _join(parts: list[Literal]) -> Literal:
    text = posixpath.join(*(part.text for part in parts))
    return Literal(text, parts[0].beside and not text.startswith("/"))


def _parent(path: Literal | None) -> Literal | None:
    if path is None:
        return None
    # The folder of what is beside the file is the file's own, and above it come the folders around.
    inside = posixpath.normpath(posixpath.join(path.text, ".."))
    return Literal(inside, path.beside)
