"""Who reads what: every function, method, field and column of the project, and which code of the product uses it.

Where the type of `x` in `x.name` can be told from annotations, only that class's `name` is used, and what stands in for
it: subclasses, and whatever has all methods of a protocol. Where it cannot, every `name` is. So what is found unread is
unread, and a few unread ones may go unnoticed. What only unread functions use is unread too.
"""

import ast
import importlib
import inspect
from collections.abc import Iterable, Iterator
from functools import cache, cached_property

from tests.meta.declared import Function, FunctionNode, last
from tests.meta.kinds import Func, Kind, Lib, Of, Type
from tests.meta.typed import Typed
from tests.source import ROOT, modules, walk

# fmt: off
NEUTRAL = frozenset({
    "property", "staticmethod", "classmethod", "cache", "lru_cache", "cached_property", "contextmanager",
    "asynccontextmanager", "overload", "abstractmethod", "override", "dataclass", "wraps", "runtime_checkable",
    "final", "total_ordering", "setter", "hybrid_property",
})
"""Decorators that hand a function to nobody."""
# fmt: on


class Project(Typed):
    """All modules, their classes and functions, and who reads whom."""

    def _uses(self, root: ast.AST, module: str, function: Function | None) -> Iterator[str]:
        """Yield the keys of what is read in one function, or in a module outside its functions."""
        for node in _outside_functions(root) if function is None else walk(root)[1:]:
            if isinstance(node, ast.Attribute) and last(node.value) == "import_module":
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
            elif isinstance(node, ast.Call) and last(node.func) == "getattr" and len(node.args) > 1:
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
        outside = [key for module, source in self.sources.items() for key in self._uses(source.tree, module, None)]
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
            for source in self.sources.values()
            for node in source.of(ast.Constant)
            if isinstance(node.value, str) and len(node.value) < 80
        )

    @cached_property
    def imported(self) -> frozenset[str]:
        """The first names of all modules that are imported, wherever it stands."""
        found: set[str] = set()
        for source in self.sources.values():
            found |= {alias.name.split(".")[0] for node in source.of(ast.Import) for alias in node.names}
            found |= {
                node.module.split(".")[0] for node in source.of(ast.ImportFrom) if node.module and node.level == 0
            }
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
        return any(hasattr(base, name) for base in inspect.getmro(made) if base.__module__ not in self.sources)

    def _is_foreign(self, base: ast.expr, module: str) -> bool:
        named = base.value if isinstance(base, ast.Subscript) else base
        return not self.type_of(named, module) and last(named) not in (
            "Protocol",
            "Generic",
            "StrEnum",
            "Enum",
            "Exception",
        )

    def place(self, key: str) -> str:
        """Return where something is declared: "bot/loops/clips.py: ClipService.add_planned"."""
        module = (self.functions.get(key) or self.classes[key.rpartition(".")[0]]).module
        return f"{self.sources[module].path.relative_to(ROOT)}: {key.removeprefix(module + '.')}"


def _outside_functions(root: ast.AST) -> Iterator[ast.AST]:
    """Yield what runs as a module is imported: all but the inside of functions."""
    waiting = list(ast.iter_child_nodes(root))
    while waiting:
        node = waiting.pop()
        if isinstance(node, FunctionNode):
            waiting.extend(node.decorator_list)
            waiting.extend(node.args.defaults)
            waiting.extend(one for one in node.args.kw_defaults if one is not None)
        else:
            yield node
            waiting.extend(ast.iter_child_nodes(node))


@cache
def project() -> Project:
    """Return the project, followed once for all tests of a process."""
    return Project(modules())
