"""What there is: every class, function and field of the project, and what the names of its modules stand for."""

import ast
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from tests.meta.kinds import Func, Kind, Lib, Type
from tests.source import Source, walk

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass(slots=True)
class Function:
    key: str
    module: str
    node: FunctionNode
    owner: str | None
    """The class; None for a function of a module."""

    @property
    def name(self) -> str:
        return self.node.name

    @property
    def decorators(self) -> set[str]:
        return {last(one) for one in self.node.decorator_list}

    @property
    def is_read_as_value(self) -> bool:
        return bool(self.decorators & {"property", "cached_property", "hybrid_property"})


@dataclass(slots=True)
class Class:
    key: str
    module: str
    node: ast.ClassDef
    functions: dict[str, Function] = field(default_factory=dict)
    fields: dict[str, list[tuple[ast.expr, str | None]]] = field(default_factory=dict)
    """Name → what it is annotated with or given (with the key of the function whose names the value uses)."""
    annotated: dict[str, ast.expr] = field(default_factory=dict)
    declared: dict[str, int] = field(default_factory=dict)
    """Fields of the class's own body, with their line."""

    @property
    def is_protocol(self) -> bool:
        return any(last(base) == "Protocol" for base in self.node.bases)


class Declared:
    """All modules, their classes and functions."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self.sources = {name: source for name, source in sources.items() if ".versions" not in name}
        self.classes: dict[str, Class] = {}
        self.functions: dict[str, Function] = {}
        self.scopes: dict[str, dict[str, Type]] = {name: {} for name in self.sources}
        """Module → what its classes, functions and imported names stand for."""
        self.values: dict[str, dict[str, list[tuple[str, ast.expr]]]] = {name: {} for name in self.sources}
        """Module → the names that it gives values to, and from what they can be told."""
        for name, source in self.sources.items():
            self._declare(name, source.tree)
        for name, source in self.sources.items():
            self._import(name, source)
        for one in self.classes.values():
            _fields(one)

    def _declare(self, module: str, tree: ast.Module) -> None:
        scope = self.scopes[module]
        for node in statements(tree.body):
            if isinstance(node, ast.ClassDef):
                key = f"{module}.{node.name}"
                one = self.classes[key] = Class(key, module, node)
                scope[node.name] = frozenset([Kind(key)])
                for inner in statements(node.body):
                    if isinstance(inner, FunctionNode):
                        made = Function(f"{key}.{inner.name}", module, inner, key)
                        one.functions[inner.name] = made
                        self.functions.setdefault(made.key, made)
            elif isinstance(node, FunctionNode):
                key = f"{module}.{node.name}"
                self.functions[key] = Function(key, module, node, None)
                scope[node.name] = frozenset([Func(key)])
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        self.values[module].setdefault(target.id, []).append(("value", node.value))
            elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                self.values[module].setdefault(node.target.id, []).append(("annotation", node.annotation))

    def _import(self, module: str, source: Source) -> None:
        scope = self.scopes[module]
        for node in source.of(ast.Import):
            for alias in node.names:
                if alias.name in self.sources:
                    scope[(alias.asname or alias.name).split(".")[0]] = frozenset([Lib(alias.name)])
        for node in source.of(ast.ImportFrom):
            if node.module and node.level == 0:
                for alias in node.names:
                    called = alias.asname or alias.name
                    if f"{node.module}.{alias.name}" in self.sources:
                        scope[called] = frozenset([Lib(f"{node.module}.{alias.name}")])
                    elif node.module in self.sources:
                        scope[called] = frozenset([Lib(f"{node.module}:{alias.name}")])


def _fields(one: Class) -> None:
    for node in statements(one.node.body):
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            one.annotated[node.target.id] = node.annotation
            one.declared[node.target.id] = node.lineno
        elif isinstance(node, ast.Assign):
            for target in node.targets:
                if isinstance(target, ast.Name):
                    one.fields.setdefault(target.id, []).append((node.value, None))
                    one.declared[target.id] = node.lineno
    for function in one.functions.values():
        for node in walk(function.node):
            if isinstance(node, ast.AnnAssign) and is_self(node.target):
                one.annotated.setdefault(node.target.attr, node.annotation)  # type: ignore[union-attr]
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    pairs = [(target, node.value)]
                    if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                        pairs = list(zip(target.elts, node.value.elts, strict=False))
                    for left, right in pairs:
                        if isinstance(left, ast.Attribute) and is_self(left):
                            one.fields.setdefault(left.attr, []).append((right, function.key))


def statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, also those under `if` and `try`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from statements([*node.body, *node.orelse])


def last(node: ast.AST) -> str:
    """Return the last word of a dotted name, of what is called or subscribed."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return last(inner)
        case ast.Constant(value=str() as text):
            return text
        case _:
            return ""


def is_self(node: ast.AST) -> bool:
    """Tell whether it is `self.something`."""
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
