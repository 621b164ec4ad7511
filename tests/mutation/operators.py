"""Changes that cosmic-ray does not make, and the places where a change would say nothing."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import cosmic_ray.plugins
from cosmic_ray.ast import ast_nodes, get_ast_from_path
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Example, Operator
from parso.python.tree import Function, Name, PythonNode
from parso.tree import search_ancestor

Position = tuple[tuple[int, int], tuple[int, int]]

WITHOUT = (
    "core/VariableReplacer",  # needs to be told names
    "core/VariableInserter",
    "core/RemoveDecorator",  # nearly all are dataclasses and fixtures: the import fails, which tells nothing
    "core/ExceptionReplacer",  # the name it puts there does not exist, which tells nothing until it is reached
)


class DropOperand(Operator):
    """Leave out one operand of `and` or `or`: the second line of a condition."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:  # pyright: ignore[reportIncompatibleMethodOverride] - the library's has no types
        if node.type in ("and_test", "or_test"):
            for operand in node.children[::2]:
                yield operand.start_pos, operand.end_pos

    def mutate(self, node: Any, index: int) -> Any:
        # Operands stand at the even places, with the word between them; the word before goes with its operand.
        first = 2 * index
        node.children[max(first - 1, 0) : first + (2 if first == 0 else 1)] = []
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:  # pyright: ignore[reportIncompatibleMethodOverride] - the library's has no types
        return (Example("x = a and b", "x = b"), Example("x = a and b", "x = a", occurrence=1))


class DropGuard(Operator):
    """Never take an `if` without an `else` whose body only leaves: raise, return, continue or break."""

    def mutation_positions(self, node: Any) -> Iterator[Position]:  # pyright: ignore[reportIncompatibleMethodOverride] - the library's has no types
        if node.type == "if_stmt" and _leaves(node):
            yield node.children[1].start_pos, node.children[1].end_pos

    def mutate(self, node: Any, index: int) -> Any:
        node.children[1] = Name("False", node.children[1].start_pos, prefix=" ")
        return node

    @classmethod
    def examples(cls) -> tuple[Example, ...]:  # pyright: ignore[reportIncompatibleMethodOverride] - the library's has no types
        return (Example("if a:\n    raise b", "if False:\n    raise b"),)


_LEAVING = ("raise_stmt", "return_stmt")


def _leaves(node: Any) -> bool:
    """Say whether an `if` has one branch whose last statement leaves."""
    if len(node.children) != 4:
        return False
    body = node.children[3]
    last = body.children[-1] if isinstance(body, PythonNode) and body.type == "suite" else body
    if last.type == "simple_stmt":
        last = last.children[0]
    return last.type in _LEAVING or getattr(last, "value", None) in ("return", "continue", "break", "raise")


OWN: dict[str, type[Operator]] = {"own/DropOperand": DropOperand, "own/DropGuard": DropGuard}


def operators() -> dict[str, type[Operator]]:
    """Return every operator by its name."""
    known = {name: cosmic_ray.plugins.get_operator(name) for name in cosmic_ray.plugins.operator_names()}
    return {name: kind for name, kind in {**known, **OWN}.items() if name not in WITHOUT}


@dataclass(frozen=True, slots=True, order=True)
class Mutant:
    """One change of one place. `lines` are those of the statement it stands in."""

    path: str
    start: tuple[int, int]
    end: tuple[int, int]
    operator: str
    occurrence: int
    function: str | None
    lines: tuple[int, int]

    @property
    def place(self) -> tuple[str, tuple[int, int], tuple[int, int]]:
        return self.path, self.start, self.end

    @property
    def key(self) -> str:
        return f"{self.path}:{self.start[0]}:{self.start[1]} {self.operator} {self.occurrence}"

    def apply(self, source: str) -> str:
        """Return the changed text of the module."""
        changed = mutate_code(source, operators()[self.operator](), self.occurrence)
        assert changed is not None, f"{self.key} is not there any more"
        return changed


def mutants(root: Path, path: str) -> list[Mutant]:
    """Return every change of a module that could matter to somebody."""
    tree = get_ast_from_path(root / path)
    found: list[Mutant] = []
    for name, kind in operators().items():
        if name.endswith(_SAME) or (name.startswith(_IS) and not name.endswith(_IS_OR_NOT)):
            continue
        operator = cast(Any, kind())  # the library has no types: its base class seems to return None
        # The occurrence counts all positions of the operator, those passed over too.
        positions = [(node, *at) for node in ast_nodes(tree) for at in operator.mutation_positions(node)]
        for occurrence, (node, start, end) in enumerate(positions):
            if not _says_nothing(node):
                found.append(Mutant(path, start, end, name, occurrence, _function(node), _statement(node)))
    return found


_SAME = ("Is_Eq", "Eq_Is", "IsNot_NotEq", "NotEq_IsNot")
"""Comparisons of enumerations, None and booleans say the same with `is` and with `==`."""

_IS = ("core/ReplaceComparisonOperator_Is_", "core/ReplaceComparisonOperator_IsNot_")
_IS_OR_NOT = ("_Is_IsNot", "_IsNot_Is")
"""What is compared with `is` has no order: `<` between two states of a thing compares how they are spelled."""


def _says_nothing(node: Any) -> bool:
    """Say whether a place is a type, a decorator, a sign of a signature or a word for the log."""
    if node.parent is not None and node.parent.type in ("parameters", "param", "import_from"):
        return True  # the bare * and / of a signature
    if node.type == "operator" and node.value == "|" and _function(node) is None:
        return True  # a union of types
    while node.parent is not None:
        parent = node.parent
        if parent.type == "decorator":
            return True
        if parent.type in ("tfpdef", "annassign") and parent.children.index(node) == (
            2 if parent.type == "tfpdef" else 1
        ):
            return True
        if isinstance(parent, Function) and node is parent.annotation:
            return True
        if parent.type == "atom_expr" and parent.get_code(include_prefix=False).startswith("log."):
            return True
        if parent.type == "if_stmt" and "TYPE_CHECKING" in parent.children[1].get_code():
            return True
        node = parent
    return False


def _function(node: Any) -> str | None:
    """Return the name of the function around a place, None at the level of the module or a class."""
    function = search_ancestor(node, "funcdef", "lambdef")
    if not isinstance(function, Function):
        return None
    return str(function.name.value) if function.type == "funcdef" else "lambda"


def _statement(node: Any) -> tuple[int, int]:
    """Return the first and last line of the statement around a place; of a compound one, only its head."""
    inner = node
    while inner.parent is not None and inner.parent.type not in ("file_input", "suite", "simple_stmt"):
        if inner.parent.type in ("if_stmt", "while_stmt", "for_stmt", "with_stmt", "funcdef", "classdef", "try_stmt"):
            break
        inner = inner.parent
    last = inner.children[1] if inner.type in ("if_stmt", "while_stmt") else inner
    return node.start_pos[0] if inner.type == "if_stmt" else inner.start_pos[0], last.end_pos[0]
