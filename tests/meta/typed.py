"""What an expression may be, where it stands: followed from annotations, assignments and calls."""

import ast
from collections.abc import Mapping
from functools import cached_property

from tests.meta.bindings import Place, bound
from tests.meta.declared import Declared, Function, FunctionNode, last
from tests.meta.kinds import (
    MAPPINGS,
    NOTHING,
    ONE_ITEM,
    PLAIN,
    PLAIN_NAMES,
    SAME_ITEMS,
    SEQUENCES,
    Func,
    Gives,
    Kind,
    Lib,
    Many,
    Named,
    Of,
    One,
    Plain,
    Row,
    Type,
    join,
)
from tests.source import Source


class Typed(Declared):
    """Tells what expressions may be."""

    def __init__(self, sources: Mapping[str, Source]) -> None:
        self._locals: dict[str, dict[str, list[Place]]] = {}
        self._busy: set[tuple[ast.AST, str, str]] = set()
        self._known: dict[tuple[ast.AST, str, str], Type] = {}
        self._names: dict[tuple[str, str], Type] = {}
        self._cut = 0
        """How often a question went in a circle; what came out meanwhile holds only within that circle."""
        self._aliases: list[tuple[ast.expr, str]] = []
        self._memo: dict[tuple[str, str], Type] = {}
        super().__init__(sources)

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
                return self._generic(last(value), inside, value, module)
            case ast.Name() | ast.Attribute():
                kind = self.type_of(node, module)
                if kind:
                    return frozenset(Of(one.cls) if isinstance(one, Kind) else one for one in kind)
                if last(node) in PLAIN_NAMES:
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
            if how == "value" and isinstance(value, ast.Call) and last(value.func) == "TypeVar":
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
                if said is not None and last(said) == returns.id:
                    return self.type_of(given, *at)
        return found

    def type_of(self, node: ast.AST, module: str, function: Function | None = None) -> Type:
        """Return what an expression may be, where it stands."""
        mark = (node, module, function.key if function else "")
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
            if (name, function.key) in self._names:
                return self._names[name, function.key]
            given = self._bound(function).get(name)
            if given is not None:
                cut = self._cut
                kind = join(self._binding(how, node, name, module, function) for how, node in given)
                if cut == self._cut:
                    self._names[name, function.key] = kind
                return kind
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
        name = last(node.func)
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

    def _bound(self, function: Function) -> dict[str, list[Place]]:
        if function.key not in self._locals:
            self._locals[function.key] = bound(function)
        return self._locals[function.key]

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


def _makes(said: ast.Subscript) -> str:
    """Return what comes of calling a parameter that is said to be `type[Made]` or `Callable[[…], Made]`."""
    match last(said.value), said.slice:
        case "type", made:
            return last(made)
        case "Callable", ast.Tuple(elts=[*_, made]):
            return last(made)
        case _:
            return ""
