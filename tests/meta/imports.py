"""The project's imports, read from the source: which module uses which, as the program runs."""

import ast
from collections.abc import Iterator, Mapping

from tests.source import Source, walk


def imports(known: Mapping[str, Source]) -> dict[str, set[str]]:
    """Return which of the known modules each imports, wherever in the file; not what only type checkers read."""
    return {
        name: {_known(one, known) for one in _named(source)} & known.keys() - {name} for name, source in known.items()
    }


def circles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """Return every group of modules that import each other in a loop (Tarjan's strongly connected components).

    >>> circles({"a": {"b"}, "b": {"a", "c"}, "c": set()})
    [['a', 'b']]
    """
    index: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    found: list[list[str]] = []

    def visit(node: str) -> None:
        index[node] = low[node] = len(index)
        stack.append(node)
        for other in sorted(graph.get(node, ())):
            if other not in index:
                visit(other)
                low[node] = min(low[node], low[other])
            elif other in stack:
                low[node] = min(low[node], index[other])
        if low[node] == index[node]:
            at = stack.index(node)
            group = sorted(stack[at:])
            del stack[at:]
            if len(group) > 1:
                found.append(group)

    for node in sorted(graph):
        if node not in index:
            visit(node)
    return found


def _named(source: Source) -> Iterator[str]:
    """Yield what a file imports, `from a import b` as `a.b`."""
    unread = {
        inner
        for node in source.of(ast.If)
        if "TYPE_CHECKING" in ast.dump(node.test)
        for statement in node.body
        for inner in walk(statement)
    }
    for node in source.of(ast.Import):
        if node not in unread:
            yield from (alias.name for alias in node.names)
    for node in source.of(ast.ImportFrom):
        if node.module and node.level == 0 and node not in unread:
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def _known(name: str, known: Mapping[str, Source]) -> str:
    """Return the module that a dotted name lies in; "" for what is not ours."""
    while name and name not in known:
        name = name.rpartition(".")[0]
    return name
