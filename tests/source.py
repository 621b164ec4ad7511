"""The project's source, read once: each file has one text, one syntax tree and one walk through it in a process.

Several tests look at every file of the product. Whichever comes first pays for the reading, the others share it; they
stand in one group of pytest-xdist ("source"), so that only one of the processes of a run reads at all.
"""

import ast
import gc
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TypeVar, cast

Node = TypeVar("Node", bound=ast.AST)

ROOT = Path(__file__).parents[1]
PACKAGES = ("bot", "cogs", "storage")

_EMPTY = (ast.expr_context, ast.operator, ast.boolop, ast.unaryop, ast.cmpop)
"""Nodes that say only what stands in their parent already: half of all, and nobody looks for them."""
_SPANS: dict[ast.AST, tuple[list[ast.AST], int, int]] = {}
"""Statement → the nodes of its file, and which of them are its own."""


@dataclass(frozen=True, slots=True, eq=False)
class Source:
    """One file."""

    path: Path
    text: str
    tree: ast.Module
    nodes: list[ast.AST]
    """The tree and all in it, each before what it holds."""
    _of_kind: dict[type, list[ast.AST]] = field(default_factory=lambda: defaultdict(list))

    def of(self, kind: type[Node]) -> Sequence[Node]:
        """Return all nodes of one kind, in order."""
        return cast("Sequence[Node]", self._of_kind.get(kind, ()))


@cache
def read(path: Path) -> Source:
    """Return a file of the project, read when it is first asked for."""
    text = path.read_text("utf-8")
    source = Source(path, text, ast.parse(text), [])
    _walk_through(source.tree, source.nodes)
    for node in source.nodes:
        source._of_kind[type(node)].append(node)
    return source


@cache
def modules(root: Path = ROOT) -> Mapping[str, Source]:
    """Return every module of the product by its dotted name; a package by its `__init__.py`."""
    found: dict[str, Source] = {}
    with _no_look_for_garbage():
        for package in PACKAGES:
            for path in sorted((root / package).rglob("*.py")):
                parts = path.relative_to(root).with_suffix("").parts
                found[".".join(parts[:-1] if parts[-1] == "__init__" else parts)] = read(path)
    return found


def files(root: Path = ROOT) -> Mapping[str, Source]:
    """Return every file of the product by its path from the root: "bot/loops/clips.py"."""
    return {one.path.relative_to(root).as_posix(): one for one in modules(root).values()}


def walk(node: ast.AST) -> Sequence[ast.AST]:
    """Return a node and all in it, as `ast.walk` does; for statements of the project nothing is walked again."""
    if node not in _SPANS:
        return list(ast.walk(node))
    nodes, start, end = _SPANS[node]
    return nodes[start:end]


def _walk_through(node: ast.AST, nodes: list[ast.AST]) -> None:
    start = len(nodes)
    nodes.append(node)
    for name in node._fields:
        value = getattr(node, name, None)
        if isinstance(value, list):
            for part in value:
                if isinstance(part, ast.AST) and not isinstance(part, _EMPTY):
                    _walk_through(part, nodes)
        elif isinstance(value, ast.AST) and not isinstance(value, _EMPTY):
            _walk_through(value, nodes)
    if isinstance(node, ast.stmt | ast.Module):
        _SPANS[node] = (nodes, start, len(nodes))


@contextmanager
def _no_look_for_garbage() -> Iterator[None]:
    """Half a million nodes are made and none is garbage: looking for some takes longer than parsing."""
    looks = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looks:
            gc.enable()
