"""Who reads what: every function, method, field and column of the project, and which code of the product uses it.

Where the type of `x` in `x.name` can be told from annotations, only that class's `name` is used, and what stands in for
it: subclasses, and whatever has all methods of a protocol. Where it cannot, every `name` is. So what is found unread is
unread, and a few unread ones may go unnoticed. What only unread functions use is unread too.
"""

import ast
import importlib
import inspect
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from tests.meta.imports import ROOT, modules

FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef

# ------------------------------------------------------------------ what an expression may be


@dataclass(frozen=True, slots=True)
class Of:
    """An instance of a class of ours."""

    cls: str


@dataclass(frozen=True, slots=True)
class Kind:
    """A class of ours itself."""

    cls: str


@dataclass(frozen=True, slots=True)
class Lib:
    """A module of ours."""

    name: str


@dataclass(frozen=True, slots=True)
class Func:
    """A function or method of ours, by its key."""

    key: str


@dataclass(frozen=True, slots=True)
class Gives:
    """Something callable, and what comes out."""

    result: "Type"


@dataclass(frozen=True, slots=True)
class Many:
    """Something with items."""

    item: "Type"


@dataclass(frozen=True, slots=True)
class Named:
    """A mapping, and its values."""

    value: "Type"


@dataclass(frozen=True, slots=True)
class Row:
    """A tuple of known parts."""

    parts: tuple["Type", ...]


@dataclass(frozen=True, slots=True)
class Plain:
    """A text, a number, a moment: nothing of ours."""


One = Of | Kind | Lib | Func | Gives | Many | Named | Row | Plain
Type = frozenset[One] | None
"""What an expression may be; None: anything."""

NOTHING: Type = frozenset()
PLAIN: Type = frozenset([Plain()])
# fmt: off
PLAIN_NAMES = frozenset({
    "str", "int", "float", "bool", "bytes", "complex", "date", "datetime", "time", "timedelta", "tzinfo", "ZoneInfo",
    "Path", "None", "bytearray", "memoryview", "NDArray", "Lock", "Event", "Task",
})
SEQUENCES = frozenset({
    "list", "set", "frozenset", "Sequence", "Iterable", "Iterator", "AsyncIterator", "AsyncIterable", "Collection",
    "Set", "deque", "Generator", "AsyncGenerator", "KeysView", "ValuesView", "MutableSequence", "MutableSet",
})
MAPPINGS = frozenset({
    "dict", "Mapping", "MutableMapping", "defaultdict", "OrderedDict", "MappingProxyType", "Counter",
})
SAME_ITEMS = frozenset({"sorted", "list", "tuple", "set", "frozenset", "reversed", "iter", "filter", "deque"})
ONE_ITEM = frozenset({"next", "max", "min", "choice"})
NEUTRAL = frozenset({
    "property", "staticmethod", "classmethod", "cache", "lru_cache", "cached_property", "contextmanager",
    "asynccontextmanager", "overload", "abstractmethod", "override", "dataclass", "wraps", "runtime_checkable",
    "final", "total_ordering", "setter", "hybrid_property",
})
"""Decorators that hand a function to nobody."""
# fmt: on


def join(parts: Iterable[Type]) -> Type:
    found: set[One] = set()
    for part in parts:
        if part is None:
            return None
        found |= part
    return frozenset(found)


# ------------------------------------------------------------------ what there is


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
        return {_last(one) for one in self.node.decorator_list}

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
        return any(_last(base) == "Protocol" for base in self.node.bases)


class Project:
    """All modules, their classes and functions, and who reads whom."""

    def __init__(self, paths: Mapping[str, Path] | None = None) -> None:
        known = modules() if paths is None else paths
        self.paths = {name: path for name, path in known.items() if ".versions" not in name}
        self.trees = {name: ast.parse(path.read_text("utf-8")) for name, path in self.paths.items()}
        self.classes: dict[str, Class] = {}
        self.functions: dict[str, Function] = {}
        self.scopes: dict[str, dict[str, Type]] = {name: {} for name in self.trees}
        self.values: dict[str, dict[str, list[tuple[str, ast.expr]]]] = {name: {} for name in self.trees}
        self._locals: dict[str, dict[str, list[tuple[str, ast.AST]]]] = {}
        self._busy: set[tuple[int, str, str]] = set()
        self._known: dict[tuple[int, str, str], Type] = {}
        self._kept: list[ast.AST] = []
        """Keeps the nodes whose identity is a key."""
        self._cut = 0
        self._aliases: list[tuple[ast.expr, str]] = []
        self._memo: dict[tuple[str, str], Type] = {}
        for name, tree in self.trees.items():
            self._declare(name, tree)
        for name, tree in self.trees.items():
            self._import(name, tree)
        for one in self.classes.values():
            self._fields(one)

    # -------------------------------------------------------------- declarations

    def _declare(self, module: str, tree: ast.Module) -> None:
        scope = self.scopes[module]
        for node in _statements(tree.body):
            if isinstance(node, ast.ClassDef):
                key = f"{module}.{node.name}"
                one = self.classes[key] = Class(key, module, node)
                scope[node.name] = frozenset([Kind(key)])
                for inner in _statements(node.body):
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

    def _import(self, module: str, tree: ast.Module) -> None:
        scope = self.scopes[module]
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                for alias in node.names:
                    if alias.name in self.trees:
                        scope[(alias.asname or alias.name).split(".")[0]] = frozenset([Lib(alias.name)])
            elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                for alias in node.names:
                    called = alias.asname or alias.name
                    if f"{node.module}.{alias.name}" in self.trees:
                        scope[called] = frozenset([Lib(f"{node.module}.{alias.name}")])
                    elif node.module in self.trees:
                        scope[called] = frozenset([Lib(f"{node.module}:{alias.name}")])

    def _fields(self, one: Class) -> None:
        for node in _statements(one.node.body):
            if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
                one.annotated[node.target.id] = node.annotation
                one.declared[node.target.id] = node.lineno
            elif isinstance(node, ast.Assign):
                for target in node.targets:
                    if isinstance(target, ast.Name):
                        one.fields.setdefault(target.id, []).append((node.value, None))
                        one.declared[target.id] = node.lineno
        for function in one.functions.values():
            for node in ast.walk(function.node):
                if isinstance(node, ast.AnnAssign) and _is_self(node.target):
                    one.annotated.setdefault(node.target.attr, node.annotation)  # type: ignore[union-attr]
                elif isinstance(node, ast.Assign):
                    for target in node.targets:
                        pairs = [(target, node.value)]
                        if isinstance(target, ast.Tuple) and isinstance(node.value, ast.Tuple):
                            pairs = list(zip(target.elts, node.value.elts, strict=False))
                        for left, right in pairs:
                            if isinstance(left, ast.Attribute) and _is_self(left):
                                one.fields.setdefault(left.attr, []).append((right, function.key))

    # -------------------------------------------------------------- classes

    def bases(self, key: str) -> list[str]:
        """Return the class and its bases of ours, nearest first."""
        found, waiting = [], [key]
        while waiting:
            one = waiting.pop(0)
            if one in found or one not in self.classes:
                continue
            found.append(one)
            for base in self.classes[one].node.bases:
                kind = self.type_of(base.value if isinstance(base, ast.Subscript) else base, self.classes[one].module)
                waiting.extend(item.cls for item in kind or () if isinstance(item, Kind))
        return found

    @cached_property
    def _mro(self) -> dict[str, list[str]]:
        return {key: self.bases(key) for key in self.classes}

    @cached_property
    def _stands_in(self) -> dict[str, set[str]]:
        """Class → those that may be met where it is named."""
        found: dict[str, set[str]] = {key: set() for key in self.classes}
        for key, line in self._mro.items():
            for base in line:
                found[base].add(key)
        has = {key: {name for base in line for name in self.classes[base].functions} for key, line in self._mro.items()}
        for key, one in self.classes.items():
            if one.is_protocol:
                wanted = {name for base in self._mro[key] for name in self.classes[base].functions}
                if wanted:
                    found[key] |= {other for other in self.classes if wanted <= has[other]}
        return found

    @cached_property
    def _by_name(self) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {}
        for key, one in self.classes.items():
            for name in one.functions.keys() | one.declared.keys() | one.fields.keys() | one.annotated.keys():
                found.setdefault(name, set()).add(f"{key}.{name}")
        return found

    def member(self, cls: str, name: str) -> Type:
        """Return what `instance.name` is."""
        for base in self._mro[cls]:
            one = self.classes[base]
            if name in one.functions:
                function = one.functions[name]
                return self.result(function) if function.is_read_as_value else frozenset([Func(function.key)])
            if name in one.annotated:
                return self.annotation(one.annotated[name], one.module)
            if name in one.fields:
                return join(
                    self.type_of(value, one.module, self.functions[key] if key else None)
                    for value, key in one.fields[name]
                )
        return None

    def has(self, cls: str, name: str) -> bool:
        return any(
            name in kind
            for base in self._mro.get(cls, ())
            for kind in (self.classes[base].functions, self.classes[base].annotated, self.classes[base].fields)
        )

    # -------------------------------------------------------------- types

    def annotation(self, node: ast.AST | None, module: str) -> Type:
        """Return what is meant by an annotation."""
        match node:
            case None:
                return None
            case ast.Constant(value=None):
                return NOTHING
            case ast.Constant(value=str() as text):
                return self.annotation(ast.parse(text, mode="eval").body, module)
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return join([self.annotation(left, module), self.annotation(right, module)])
            case ast.Subscript(value=value, slice=inside):
                return self._generic(_last(value), inside, value, module)
            case ast.Name() | ast.Attribute():
                kind = self.type_of(node, module)
                if kind:
                    return frozenset(Of(one.cls) if isinstance(one, Kind) else one for one in kind)
                if _last(node) in PLAIN_NAMES:
                    return PLAIN
                value = self._alias(node, module) or self._bound_of(node, module)
                if value is None or value in self._aliases:
                    return None
                self._aliases.append(value)
                try:
                    return self.annotation(*value)
                finally:
                    self._aliases.pop()
            case _:
                return None

    def _generic(self, name: str, inside: ast.expr, value: ast.expr, module: str) -> Type:
        parts = inside.elts if isinstance(inside, ast.Tuple) else [inside]
        if name in SEQUENCES:
            return frozenset([Many(self.annotation(parts[0], module))])
        if name in MAPPINGS:
            return frozenset([Named(self.annotation(parts[-1], module))])
        if name == "tuple":
            if len(parts) == 2 and isinstance(parts[1], ast.Constant):
                return frozenset([Many(self.annotation(parts[0], module))])
            return frozenset([Row(tuple(self.annotation(part, module) for part in parts))])
        if name in ("Optional", "Annotated", "Final", "ClassVar", "Mapped", "Awaitable", "Coroutine"):
            return self.annotation(parts[-1] if name == "Coroutine" else parts[0], module)
        if name == "Callable":
            return frozenset([Gives(self.annotation(parts[-1], module))])
        if name == "type":
            made = self.annotation(parts[0], module)
            return None if made is None else frozenset(Kind(one.cls) for one in made if isinstance(one, Of))
        if name == "Literal":
            return PLAIN
        return self.annotation(value, module) if self.type_of(value, module) else None

    def _alias(self, node: ast.AST, module: str) -> tuple[ast.expr, str] | None:
        """Return what a name of a module stands for, when it is an alias."""
        if not isinstance(node, ast.Name):
            return None
        given = self.values.get(module, {}).get(node.id)
        if given and len(given) == 1:
            how, value = given[0]
            is_type = isinstance(value, ast.Subscript | ast.BinOp | ast.Name) and how == "value"
            return (value, module) if is_type else None
        for one in self.scopes.get(module, {}).get(node.id) or ():
            if isinstance(one, Lib) and ":" in one.name:
                home, _, name = one.name.partition(":")
                return self._alias(ast.Name(name), home)
        return None

    def _bound_of(self, node: ast.AST, module: str) -> tuple[ast.expr, str] | None:
        """Return what a type variable is bound to; one that is given in a call is told by the call."""
        if not isinstance(node, ast.Name):
            return None
        for how, value in self.values.get(module, {}).get(node.id, ()):
            if how == "value" and isinstance(value, ast.Call) and _last(value.func) == "TypeVar":
                return next(((one.value, module) for one in value.keywords if one.arg == "bound"), None)
        for one in self.scopes.get(module, {}).get(node.id) or ():
            if isinstance(one, Lib) and ":" in one.name:
                home, _, name = one.name.partition(":")
                return self._bound_of(ast.Name(name), home)
        return None

    def result(
        self, function: Function, call: ast.Call | None = None, at: tuple[str, Function | None] | None = None
    ) -> Type:
        """Return what comes out of a function; a type variable is what was given for it."""
        returns = function.node.returns
        found = self.annotation(returns, function.module)
        varies = isinstance(returns, ast.Name) and (found is None or self._bound_of(returns, function.module))
        if varies and call is not None and at is not None and isinstance(returns, ast.Name):
            arguments = [one for one in function.node.args.args if one.arg not in ("self", "cls")]
            for parameter, given in zip(arguments, call.args, strict=False):
                said = parameter.annotation
                if isinstance(said, ast.Subscript) and _makes(said) == returns.id:
                    kind = self.type_of(given, *at)
                    return None if kind is None else frozenset(Of(one.cls) for one in kind if isinstance(one, Kind))
                if said is not None and _last(said) == returns.id:
                    return self.type_of(given, *at)
        return found

    def type_of(self, node: ast.AST, module: str, function: Function | None = None) -> Type:
        """Return what an expression may be, where it stands."""
        mark = (id(node), module, function.key if function else "")
        if mark in self._known:
            return self._known[mark]
        if mark in self._busy:
            self._cut += 1
            return NOTHING
        self._busy.add(mark)
        cut = self._cut
        try:
            found = self._type_of(node, module, function)
        finally:
            self._busy.discard(mark)
        if cut == self._cut:
            self._known[mark] = found
            self._kept.append(node)
        return found

    def _type_of(self, node: ast.AST, module: str, function: Function | None) -> Type:
        here = (module, function)
        match node:
            case ast.Name(id=name):
                return self._name(name, module, function)
            case ast.Constant(value=None):
                return NOTHING
            case ast.Constant() | ast.JoinedStr() | ast.Compare():
                return PLAIN
            case ast.Await(value=value) | ast.NamedExpr(value=value) | ast.Starred(value=value):
                return self.type_of(value, *here)
            case ast.IfExp(body=body, orelse=orelse):
                return join([self.type_of(body, *here), self.type_of(orelse, *here)])
            case ast.BoolOp(values=values):
                return join(self.type_of(value, *here) for value in values)
            case ast.Attribute(value=value, attr=name):
                return self._attribute(self.type_of(value, *here), name)
            case ast.Call():
                return self._call(node, *here)
            case ast.Subscript(value=value, slice=inside):
                base = self.type_of(value, *here)
                return base if isinstance(inside, ast.Slice) else self._item(base, inside)
            case ast.Tuple(elts=parts):
                return frozenset([Row(tuple(self.type_of(part, *here) for part in parts))])
            case ast.List(elts=parts) | ast.Set(elts=parts):
                return frozenset([Many(join(self._spread(part, *here) for part in parts))])
            case ast.Dict(values=values):
                return frozenset([Named(join(self.type_of(value, *here) for value in values))])
            case ast.ListComp(elt=part) | ast.SetComp(elt=part) | ast.GeneratorExp(elt=part):
                return frozenset([Many(self.type_of(part, *here))])
            case ast.DictComp(value=value):
                return frozenset([Named(self.type_of(value, *here))])
            case _:
                return None

    def _spread(self, node: ast.expr, module: str, function: Function | None) -> Type:
        if isinstance(node, ast.Starred):
            return self.items(self.type_of(node.value, module, function))
        return self.type_of(node, module, function)

    def _name(self, name: str, module: str, function: Function | None) -> Type:
        if function is not None:
            given = self._bound(function).get(name)
            if given is not None:
                return join(self._binding(how, node, name, module, function) for how, node in given)
        found = self.scopes.get(module, {}).get(name)
        if found is None:
            values = self.values.get(module, {}).get(name)
            if values is None or (module, name) in self._memo:
                return self._memo.get((module, name))
            self._memo[module, name] = None
            kinds = [
                self.type_of(value, module) if how == "value" else self.annotation(value, module)
                for how, value in values
            ]
            self._memo[module, name] = join(kinds)
            return self._memo[module, name]
        return join(self._follow(one) for one in found)

    def _follow(self, one: One) -> Type:
        """Go from an imported name to what it is."""
        if isinstance(one, Lib) and ":" in one.name:
            home, _, name = one.name.partition(":")
            return self._name(name, home, None)
        return frozenset([one])

    def _attribute(self, base: Type, name: str) -> Type:
        if base is None:
            return None
        found: list[Type] = []
        for one in base:
            match one:
                case Of(cls):
                    found.append(self.member(cls, name))
                case Kind(cls):
                    kind = self.member(cls, name)
                    found.append(frozenset([Of(cls)]) if kind == PLAIN and name.isupper() else kind)
                case Lib(home):
                    found.append(self._name(name, home, None))
                case Named(value):
                    found.append(_of_mapping(name, value))
                case Many(item):
                    found.append(frozenset([Gives(item)]) if name == "pop" else frozenset([Gives(frozenset([one]))]))
                case _:
                    found.append(None)
        return join(found)

    def _call(self, node: ast.Call, module: str, function: Function | None) -> Type:
        here = (module, function)
        name = _last(node.func)
        if name == "cast" and node.args:
            return self.annotation(node.args[0], module)
        if name == "replace" and node.args and isinstance(node.func, ast.Name):
            return self.type_of(node.args[0], *here)
        if isinstance(node.func, ast.Name) and node.args:
            if name in SAME_ITEMS:
                return frozenset([Many(self.items(self.type_of(node.args[-1 if name == "filter" else 0], *here)))])
            if name in ONE_ITEM and len(node.args) - (name == "next") <= 1:
                return self.items(self.type_of(node.args[0], *here))
            if name == "next":
                return join([self.items(self.type_of(node.args[0], *here)), self.type_of(node.args[1], *here)])
            if name == "enumerate":
                return frozenset([Many(frozenset([Row((PLAIN, self.items(self.type_of(node.args[0], *here))))]))])
            if name == "zip":
                parts = tuple(self.items(self.type_of(one, *here)) for one in node.args)
                return frozenset([Many(frozenset([Row(parts)]))])
        called = self.type_of(node.func, *here)
        if called is None:
            return None
        found: list[Type] = []
        for one in called:
            match one:
                case Kind(cls):
                    found.append(frozenset([Of(cls)]))
                case Func(key):
                    found.append(self.result(self.functions[key], node, here))
                case Gives(result):
                    found.append(result)
                case Of(cls) if self.has(cls, "__call__"):
                    found.append(self._attribute(frozenset([one]), "__call__"))
                    found[-1] = join(
                        self.result(self.functions[made.key]) for made in found[-1] or () if isinstance(made, Func)
                    )
                case _:
                    found.append(None)
        return join(found)

    def items(self, kind: Type) -> Type:
        """Return what iterating gives."""
        if kind is None:
            return None
        found: list[Type] = []
        for one in kind:
            match one:
                case Many(item):
                    found.append(item)
                case Row(parts):
                    found.append(join(parts))
                case Kind(cls):
                    found.append(frozenset([Of(cls)]))
                case Plain():
                    found.append(PLAIN)
                case _:
                    found.append(None)
        return join(found)

    def _item(self, kind: Type, inside: ast.expr) -> Type:
        if kind is None:
            return None
        found: list[Type] = []
        for one in kind:
            match one:
                case Many(item):
                    found.append(item)
                case Named(value):
                    found.append(value)
                case Row(parts):
                    at = inside.value if isinstance(inside, ast.Constant) else None
                    known = isinstance(at, int) and -len(parts) <= at < len(parts)
                    found.append(parts[at] if known and isinstance(at, int) else join(parts))
                case _:
                    found.append(None)
        return join(found)

    # -------------------------------------------------------------- names inside a function

    def _bound(self, function: Function) -> dict[str, list[tuple[str, ast.AST]]]:
        """Return where each name of a function (and of those inside it) gets its value."""
        if function.key in self._locals:
            return self._locals[function.key]
        found: dict[str, list[tuple[str, ast.AST]]] = {}

        def bind(target: ast.AST, how: str, value: ast.AST) -> None:
            if isinstance(target, ast.Name):
                found.setdefault(target.id, []).append((how, value))
            elif isinstance(target, ast.Tuple | ast.List):
                for number, part in enumerate(target.elts):
                    bind(part.value if isinstance(part, ast.Starred) else part, f"{number}:{how}", value)

        for node in ast.walk(function.node):
            match node:
                case ast.FunctionDef() | ast.AsyncFunctionDef() | ast.Lambda():
                    self._parameters(node, function, found)
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
        self._locals[function.key] = found
        return found

    @staticmethod
    def _parameters(
        node: FunctionNode | ast.Lambda, function: Function, found: dict[str, list[tuple[str, ast.AST]]]
    ) -> None:
        arguments = node.args
        for at, one in enumerate([*arguments.posonlyargs, *arguments.args]):
            if node is function.node and at == 0 and function.owner and one.arg in ("self", "cls"):
                found.setdefault(one.arg, []).append((one.arg, node))
            else:
                found.setdefault(one.arg, []).append(
                    ("annotation", one.annotation) if one.annotation else ("unknown", one)
                )
        for one in arguments.kwonlyargs:
            found.setdefault(one.arg, []).append(("annotation", one.annotation) if one.annotation else ("unknown", one))
        for how, one in (("stars", arguments.vararg), ("unknown", arguments.kwarg)):
            if one is not None:
                found.setdefault(one.arg, []).append((how, one.annotation) if one.annotation else ("unknown", one))

    def _binding(self, how: str, node: ast.AST, name: str, module: str, function: Function) -> Type:
        if ":" in how:
            place, _, rest = how.partition(":")
            whole = self._binding(rest, node, name, module, function)
            return self._item(whole, ast.Constant(int(place)))
        match how:
            case "self":
                return frozenset([Of(function.owner or "")])
            case "cls":
                return frozenset([Kind(function.owner or "")])
            case "annotation":
                return self.annotation(node, module)
            case "stars":
                return frozenset([Many(self.annotation(node, module))])
            case "value":
                return self.type_of(node, module, function)
            case "items":
                return self.items(self.type_of(node, module, function))
            case "with":
                return self._entered(node, module, function)
            case "def":
                assert isinstance(node, FunctionNode)
                return frozenset([Gives(self.annotation(node.returns, module))])
            case _:
                return None

    def _entered(self, node: ast.AST, module: str, function: Function) -> Type:
        kind = self.type_of(node, module, function)
        if kind is None:
            return None
        found: list[Type] = []
        for one in kind:
            match one:
                case Many(item):
                    found.append(item)
                case Of(cls):
                    name = "__aenter__" if self.has(cls, "__aenter__") else "__enter__"
                    enter = next(
                        (self.classes[b].functions[name] for b in self._mro[cls] if name in self.classes[b].functions),
                        None,
                    )
                    found.append(self.result(enter) if enter else None)
                case _:
                    found.append(None)
        return join(found)

    # -------------------------------------------------------------- uses

    def _uses(self, root: ast.AST, module: str, function: Function | None) -> Iterator[str]:
        """Yield the keys of what is read in one function, or in a module outside its functions."""
        waiting: list[ast.AST] = list(ast.iter_child_nodes(root))
        while waiting:
            node = waiting.pop()
            if function is None and isinstance(node, FunctionNode):
                waiting.extend(node.decorator_list)
                waiting.extend(one for one in node.args.defaults)
                waiting.extend(one for one in node.args.kw_defaults if one is not None)
                continue
            waiting.extend(ast.iter_child_nodes(node))
            if isinstance(node, ast.Attribute) and _last(node.value) == "import_module":
                yield from (key for key, one in self.functions.items() if one.name == node.attr and one.owner is None)
            elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                yield from self.used(self.type_of(node.value, module, function), node.attr)
            elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
                for one in self.type_of(node, module, function) or ():
                    if isinstance(one, Func):
                        yield one.key
            elif isinstance(node, ast.MatchClass):
                for name in node.kwd_attrs:
                    yield from self.used(None, name)
            elif isinstance(node, ast.Call) and _last(node.func) == "getattr" and len(node.args) > 1:
                yield from self._asked(node.args[1])

    def _asked(self, name: ast.expr) -> Iterator[str]:
        """Yield what a getattr may read: the name given, or all that fit a built one."""
        if isinstance(name, ast.Constant):
            yield from self.used(None, str(name.value))
        elif isinstance(name, ast.JoinedStr):
            ends = "".join(str(part.value) if isinstance(part, ast.Constant) else "*" for part in name.values)
            begin, _, end = ends.partition("*")
            for member in self._by_name:
                if begin + end and member.startswith(begin) and member.endswith(end):
                    yield from self.used(None, member)

    def used(self, base: Type, name: str) -> Iterator[str]:
        """Yield the keys of what `base.name` may be."""
        if base is None:
            yield from self._by_name.get(name, ())
            return
        for one in base:
            match one:
                case Of(cls) | Kind(cls):
                    if not self.has(cls, name):
                        yield from self._by_name.get(name, ())
                        continue
                    for other in self._stands_in[cls]:
                        for home in self._mro[other]:
                            if f"{home}.{name}" in self._by_name[name]:
                                yield f"{home}.{name}"
                                break
                case Lib(home):
                    for made in self._name(name, home, None) or ():
                        if isinstance(made, Func):
                            yield made.key
                case _:
                    pass

    @cached_property
    def read(self) -> frozenset[str]:
        """The keys of all functions, methods and fields that the running product reaches."""
        roots = [key for key, function in self.functions.items() if self._is_root(function)]
        outside = [key for module, tree in self.trees.items() for key in self._uses(tree, module, None)]
        return self.reached_from([*roots, *outside])

    def reached_from(self, keys: Iterable[str]) -> frozenset[str]:
        """Return these, and what they use, and what that uses."""
        reached: set[str] = set()
        waiting = list(keys)
        while waiting:
            key = waiting.pop()
            if key in reached:
                continue
            reached.add(key)
            function = self.functions.get(key)
            if function is not None:
                waiting.extend(self._uses(function.node, function.module, function))
        return frozenset(reached)

    @cached_property
    def texts(self) -> frozenset[str]:
        """All texts that stand in the code, those of documentation left out."""
        return frozenset(
            node.value
            for tree in self.trees.values()
            for node in ast.walk(tree)
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and len(node.value) < 80
        )

    @cached_property
    def imported(self) -> frozenset[str]:
        """The first names of all modules that are imported, wherever it stands."""
        found: set[str] = set()
        for tree in self.trees.values():
            for node in ast.walk(tree):
                if isinstance(node, ast.Import):
                    found |= {alias.name.split(".")[0] for alias in node.names}
                elif isinstance(node, ast.ImportFrom) and node.module and node.level == 0:
                    found.add(node.module.split(".")[0])
        return frozenset(found)

    def _is_root(self, function: Function) -> bool:
        """Tell whether something outside calls it: Python itself, a decorator's taker, a library's base class."""
        if function.name.startswith("__") and function.name.endswith("__"):
            return True
        if function.decorators - NEUTRAL or (function.name == "setup" and function.module.startswith("cogs.")):
            return True
        return function.owner is not None and self._is_asked_by_library(function.owner, function.name)

    def _is_asked_by_library(self, cls: str, name: str) -> bool:
        one = self.classes[cls]
        if not any(
            self._is_foreign(base, one.module) for key in self._mro[cls] for base in self.classes[key].node.bases
        ):
            return False
        if name.startswith("on_"):
            return True
        made = getattr(importlib.import_module(one.module), one.node.name)
        ours = tuple(self.trees)
        return any(hasattr(base, name) for base in inspect.getmro(made) if base.__module__ not in ours)

    def _is_foreign(self, base: ast.expr, module: str) -> bool:
        named = base.value if isinstance(base, ast.Subscript) else base
        return not self.type_of(named, module) and _last(named) not in (
            "Protocol",
            "Generic",
            "StrEnum",
            "Enum",
            "Exception",
        )

    def place(self, key: str) -> str:
        """Return where something is declared: "bot/loops/clips.py: ClipService.add_planned"."""
        module = (self.functions.get(key) or self.classes[key.rpartition(".")[0]]).module
        return f"{self.paths[module].relative_to(ROOT)}: {key.removeprefix(module + '.')}"


def _of_mapping(name: str, value: Type) -> Type:
    match name:
        case "get" | "pop" | "setdefault":
            return frozenset([Gives(value)])
        case "values":
            return frozenset([Gives(frozenset([Many(value)]))])
        case "items":
            return frozenset([Gives(frozenset([Many(frozenset([Row((None, value))]))]))])
        case _:
            return None


def _statements(body: Iterable[ast.stmt]) -> Iterator[ast.stmt]:
    """Yield the statements of a body, also those under `if` and `try`."""
    for node in body:
        yield node
        if isinstance(node, ast.If | ast.Try):
            yield from _statements([*node.body, *node.orelse])


def _last(node: ast.AST) -> str:
    """Return the last word of a dotted name, of what is called or subscribed."""
    match node:
        case ast.Name(id=name):
            return name
        case ast.Attribute(attr=name):
            return name
        case ast.Call(func=inner) | ast.Subscript(value=inner):
            return _last(inner)
        case ast.Constant(value=str() as text):
            return text
        case _:
            return ""


def _makes(said: ast.Subscript) -> str:
    """Return what comes of calling a parameter that is said to be `type[Made]` or `Callable[[…], Made]`."""
    match _last(said.value), said.slice:
        case "type", made:
            return _last(made)
        case "Callable", ast.Tuple(elts=[*_, made]):
            return _last(made)
        case _:
            return ""


def _is_self(node: ast.AST) -> bool:
    return isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) and node.value.id == "self"
