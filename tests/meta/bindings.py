"""Where the names inside a function get their values."""

import ast

from tests.meta.declared import Function, FunctionNode
from tests.source import walk

Place = tuple[str, ast.AST]
"""How a name gets its value ("value", "items", "annotation" …; "1:value": the second part of it), and from what."""


def bound(function: Function) -> dict[str, list[Place]]:
    """Return where each name of a function (and of those inside it) gets its value."""
    found: dict[str, list[Place]] = {}

    def bind(target: ast.AST, how: str, value: ast.AST) -> None:
        if isinstance(target, ast.Name):
            found.setdefault(target.id, []).append((how, value))
        elif isinstance(target, ast.Tuple | ast.List):
            for number, part in enumerate(target.elts):
                bind(part.value if isinstance(part, ast.Starred) else part, f"{number}:{how}", value)

    for node in walk(function.node):
        match node:
            case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                _parameters(node, function, found)
                if node is not function.node and not isinstance(node, ast.Lambda):
                    found.setdefault(node.name, []).append(("def", node))
            case ast.ClassDef(name=name) | ast.ExceptHandler(name=str() as name):
                found.setdefault(name, []).append(("unknown", node))
            case ast.Assign(targets=targets, value=value):
                for target in targets:
                    bind(target, "value", value)
            case ast.AnnAssign(target=target, annotation=annotation):
                bind(target, "annotation", annotation)
            case ast.NamedExpr(target=target, value=value):
                bind(target, "value", value)
            case ast.AugAssign(target=target, value=value):
                bind(target, "value", value)
            case ast.For(target=target, iter=value) | ast.AsyncFor(target=target, iter=value):
                bind(target, "items", value)
            case ast.comprehension(target=target, iter=value):
                bind(target, "items", value)
            case ast.withitem(context_expr=value, optional_vars=ast.AST() as target):
                bind(target, "with", value)
            case ast.MatchAs(name=str() as name) | ast.MatchStar(name=str() as name):
                found.setdefault(name, []).append(("unknown", node))
            case _:
                pass
    return found


def _parameters(node: FunctionNode | ast.Lambda, function: Function, found: dict[str, list[Place]]) -> None:
    arguments = node.args
    for at, one in enumerate([*arguments.posonlyargs, *arguments.args]):
        if node is function.node and at == 0 and function.owner and one.arg in ("self", "cls"):
            found.setdefault(one.arg, []).append((one.arg, node))
        else:
            found.setdefault(one.arg, []).append(("annotation", one.annotation) if one.annotation else ("unknown", one))
    for one in arguments.kwonlyargs:
        found.setdefault(one.arg, []).append(("annotation", one.annotation) if one.annotation else ("unknown", one))
    for how, one in (("stars", arguments.vararg), ("unknown", arguments.kwarg)):
        if one is not None:
            found.setdefault(one.arg, []).append((how, one.annotation) if one.annotation else ("unknown", one))
