"""The table of error kinds is whole: what is raised stands in it, what stands in it is raised, and says something."""

import ast
import re
from collections.abc import Iterator
from functools import cache

import pytest

from bot.ai.model import Reason
from bot.error_kinds import Mend, error_kinds
from bot.ports import Policy
from bot.say.words import read_catalogue
from bot.ui.errors import TABLE
from tests.source import modules

pytestmark = pytest.mark.xdist_group("source")

ENGLISH = read_catalogue().keys()
SAID_BY_THE_FRAME = frozenset({"error.entry", "error.lookup", "error.starting"})
"""Sentences that stand around what was typed, in a list of choices, and before anything can go wrong."""
PASSED_ON = frozenset({"_Answered"})
"""Errors that take over the code of another one, which was told already."""
CODE = re.compile(r"[a-z]+(_[a-z]+)*")
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef


@cache
def trees() -> dict[str, ast.Module]:
    return {name: source.tree for name, source in modules().items() if ".versions" not in name}


@cache
def classes() -> dict[str, ast.ClassDef]:
    """Return the error classes, BotError and all that is made from it, by their names."""
    declared = [node for tree in trees().values() for node in ast.walk(tree) if isinstance(node, ast.ClassDef)]
    found = {"BotError": next(node for node in declared if node.name == "BotError")}
    while more := {
        node.name: node
        for node in declared
        if node.name not in found and any(_last(base) in found for base in node.bases)
    }:
        found |= more
    return found


def raised() -> Iterator[tuple[str, str]]:
    """Yield (where, code) of every error that is made: the code given, or the one of its class."""
    for module, tree in trees().items():
        for function, node in _calls(tree):
            name = _last(node.func if isinstance(node, ast.Call) else node)
            if name in PASSED_ON:
                continue
            given = node.args[:1] if isinstance(node, ast.Call) and _takes_a_code(name) else []
            codes = _texts(given[0], function, tree) if given else _own(name)
            assert codes, f"{module}:{node.lineno}: no code can be seen of this {name}"
            yield from ((f"{module}:{node.lineno}", code) for code in codes)


def test_every_error_that_is_raised_is_in_the_table() -> None:
    unknown = sorted(f"{where}: {code}" for where, code in raised() if code not in error_kinds().ours)
    assert not unknown, "\n".join(unknown)


def test_every_line_of_the_table_is_raised_or_comes_from_discord() -> None:
    known = {code for _, code in raised()} | {row.ours for row in TABLE}
    assert sorted(error_kinds().ours.keys() - known) == []
    answered = {row.policy for row in TABLE} - {Policy.TELL}
    assert set(error_kinds().discord) == answered == set(Policy) - {Policy.TELL}


def test_every_sentence_is_there_and_belongs_to_a_kind() -> None:
    kinds = error_kinds()
    said = {kind.says for part in (kinds.ours, kinds.discord, kinds.ai) for kind in part.values() if kind.says}
    assert sorted(said - ENGLISH.keys()) == []
    written = {key for key in ENGLISH if key.startswith(("error.", "ai.why."))}
    assert sorted(key for key in written - said - SAID_BY_THE_FRAME if key.rpartition(".")[0] not in said) == []


def test_every_way_in_which_the_ai_gives_no_answer_has_its_own_sentence_that_names_who_can_mend_it() -> None:
    kinds = error_kinds().ai
    assert set(kinds) == set(Reason)
    assert len({kind.says for kind in kinds.values()}) == len(kinds)
    for reason, kind in kinds.items():
        if kind.mend is Mend.OPERATOR:
            assert "person who runs me" in str(ENGLISH[kind.says]), reason
        # A mission's run says it in its own words; without a key or consent it plans by rules and says nothing.
        if reason not in (Reason.OFF, Reason.NO_KEY, Reason.WITHHELD):
            assert f"mission.planner.rules_{reason}" in ENGLISH
            assert f"mission.run_error.ai.{reason}" in ENGLISH


def test_a_sentence_asks_to_try_again_just_where_that_helps() -> None:
    """The button goes by the table; who reads the sentence goes by the sentence."""
    for part in (error_kinds().ours, error_kinds().discord, error_kinds().ai):
        for name, kind in part.items():
            if kind.says:
                asks = re.search(r"\btry again\b", str(ENGLISH[kind.says]), re.IGNORECASE) is not None
                assert asks == kind.again, name


def _calls(tree: ast.Module) -> Iterator[tuple[FunctionNode | None, ast.Call | ast.expr]]:
    """Yield what makes an error, `Refused(…)` or a bare `raise Busy`, with the function it stands in."""
    functions = [node for node in ast.walk(tree) if isinstance(node, FunctionNode)]
    around = {id(node): function for function in functions for node in ast.walk(function)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _last(node.func) in classes():
            yield around.get(id(node)), node
        elif isinstance(node, ast.Raise) and node.exc is not None and _last(node.exc) in classes():
            yield around.get(id(node)), node.exc


def _takes_a_code(name: str) -> bool:
    """Tell whether a class takes its code first: those that make their own say so by an `__init__` of theirs."""
    own = (one for one in _line(name) if one.name != "BotError")
    return not any(isinstance(node, FunctionNode) and node.name == "__init__" for one in own for node in one.body)


def _own(name: str) -> set[str]:
    """Return the codes a class brings: its own or its base's, and what it chooses from."""
    for one in _line(name):
        chosen = {text for node in one.body if isinstance(node, FunctionNode) for text in _chosen(node)}
        given = {
            str(node.value.value)
            for node in one.body
            if isinstance(node, ast.Assign)
            and _last(node.targets[0]) == "code"
            and isinstance(node.value, ast.Constant)
        }
        if given or chosen:
            return given | chosen
    return set()


def _chosen(function: FunctionNode) -> Iterator[str]:
    """Yield what `self.code = …` may become."""
    for node in ast.walk(function):
        if isinstance(node, ast.Assign) and any(_last(one) == "code" for one in node.targets):
            for name in ast.walk(node.value):
                if isinstance(name, ast.Name) and name.id.isupper():
                    yield from _table(name.id)


def _table(name: str) -> Iterator[str]:
    """Yield the values of a table of codes, `_NOT_OWNER = {…}`."""
    for tree in trees().values():
        for node in tree.body:
            if isinstance(node, ast.Assign) and _last(node.targets[0]) == name and isinstance(node.value, ast.Dict):
                yield from (str(one.value) for one in node.value.values if isinstance(one, ast.Constant))


def _line(name: str) -> Iterator[ast.ClassDef]:
    """Yield a class and its bases."""
    one = classes().get(name)
    if one is not None:
        yield one
        for base in one.bases:
            yield from _line(_last(base))


def _texts(node: ast.expr, function: FunctionNode | None, tree: ast.Module) -> set[str]:
    """Return the codes an expression may be: what stands there, what a name was given, what callers give."""
    found = {one.value for one in ast.walk(node) if isinstance(one, ast.Constant) and isinstance(one.value, str)}
    for name in (one.id for one in ast.walk(node) if isinstance(one, ast.Name)):
        if function is None:
            continue
        for inner in ast.walk(function):
            if isinstance(inner, ast.Assign) and any(_last(target) == name for target in inner.targets):
                found |= _texts(inner.value, None, tree)
        parameters = [one.arg for one in function.args.args if one.arg != "self"]
        if name in parameters:
            for call in ast.walk(tree):
                if isinstance(call, ast.Call) and _last(call.func) == function.name:
                    found |= {text for one in call.args for text in _texts(one, None, tree)}
    return {text for text in found if CODE.fullmatch(text)}


def _last(node: ast.AST) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
        case _:
            return ""
