"""Rules of our own over the syntax tree: `python -m tests.rules` (in `make check`) names every place that breaks one.

Each rule is a function with a reason. A place that has to break one says so here, by name, with why.
"""

import ast
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain
from pathlib import Path

from tests.source import ROOT, files, walk


@dataclass(frozen=True, slots=True)
class Place:
    """One place that breaks a rule."""

    path: str
    line: int
    why: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.why}"


OWN_SQL = {
    "bot/app/health.py": "asks whether the database answers, and reads no row",
    "storage/engine.py": "tunes the connection",
    "storage/jobs.py": "locks of the job queue, whose tables name nobody",
    "storage/migrations/__init__.py": "changes tables, before anybody's rows are read",
    "storage/moving.py": "copies whole tables as the system",
    "storage/ownership.py": "is the filter",
    "storage/repositories/ai.py": "a lock by number, no table",
    "storage/repositories/handovers.py": "lets keys wait for the end of a move, and touches no row by it",
    "storage/repositories/deliveries.py": "writes what many owners' messages became, as the system",
    "storage/tables/engine.py": "the condition of an index",
    "storage/unit.py": "says who the owner is, and checks rows itself",
}
"""Files that speak to the database beside the owner's filter, and why they may."""


def owner_filter(path: str, tree: ast.AST) -> Iterator[Place]:
    """Nothing reads or writes past the owner.

    The session adds the owner's condition to mapped statements only. Plain SQL, a bare connection and statements
    marked as checked get past it, so that one of them in a repository would show people each other's things.
    """
    if path in OWN_SQL or path.startswith(("storage/migrations/versions/", "bot/local/")):
        return
    for node in walk(tree):
        if isinstance(node, ast.Call):
            name = _last(node.func)
            imported = isinstance(node.func, ast.Name) and name == "text" and _imports(tree, "sqlalchemy", "text")
            if imported or name == "exec_driver_sql" or _dotted(node.func).endswith("session.connection"):
                yield Place(path, node.lineno, f"{name} goes past the owner's filter")
        elif (isinstance(node, ast.Name) and node.id == "CHECKED") or (
            isinstance(node, ast.Attribute) and node.attr == "__table__"
        ):
            yield Place(path, node.lineno, f"{_last(node)} goes past the owner's filter")


SLOW = frozenset(
    {
        "sleep",
        "to_thread",
        "run_in_executor",
        "send",
        "edit",
        "delete_message",
        "find_own",
        "fetch",
        "urlopen",
        "ask_ai",
    }
)
OUTSIDE = frozenset(
    {"sender", "outbox", "assistant", "client", "http", "bot", "interaction", "pool", "pictures", "audio"}
)


def waits_in_a_unit(path: str, tree: ast.AST) -> Iterator[Place]:
    """Nothing but the database is waited for inside a unit of work.

    A unit holds SQLite's only writer, or the owner's lock: a request to Discord in it would stop everybody for as long
    as that takes, and a rollback could not take the message back.
    """
    for node in walk(tree):
        if not isinstance(node, ast.AsyncWith) or not any(_opens_unit(item.context_expr) for item in node.items):
            continue
        for inner in chain.from_iterable(walk(statement) for statement in node.body):
            if isinstance(inner, ast.Await) and isinstance(inner.value, ast.Call):
                called = _dotted(inner.value.func)
                parts = {part.lstrip("_") for part in called.split(".")[:-1]}
                if "unit" in parts or "session" in parts:
                    continue
                if (_last(inner.value.func) in SLOW and parts) or parts & OUTSIDE:
                    yield Place(path, inner.lineno, f"{called} is waited for inside a unit of work")


PEOPLES = frozenset(
    {
        "text",
        "title",
        "note",
        "notes",
        "body",
        "content",
        "typed",
        "message_text",
        "answer",
        "display_name",
        "file_name",
    }
)
LOGS = frozenset(f"log.{level}" for level in ("debug", "info", "warning", "error", "exception", "critical"))
OWN_TERMINAL = ("bot/bounces/remote_watch.py", "bot/bounces/remote_client.py", "bot/cli/")
"""What runs on a person's own machine may name their files to them."""


def words_in_a_log(path: str, tree: ast.AST) -> Iterator[Place]:
    """No words of a person's reach the log.

    Logs are kept, copied and sent to others for help; what somebody wrote, named or called a file is theirs.
    """
    if path.startswith(OWN_TERMINAL):
        return
    for node in walk(tree):
        if not isinstance(node, ast.Call) or _dotted(node.func) not in LOGS:
            continue
        if node.args and not isinstance(node.args[0], ast.Constant):
            yield Place(path, node.lineno, "the event of a log line is a fixed text; what differs goes beside it")
        for keyword in node.keywords:
            if keyword.arg in PEOPLES or _last(keyword.value) in PEOPLES:
                yield Place(path, node.lineno, f"a person's words in the log: {keyword.arg}")


def typed_services(path: str, tree: ast.AST) -> Iterator[Place]:
    """Services are reached by a turn or a cog, which know their type.

    A client is untyped where discord.py hands it out: by it, a service that was renamed breaks when somebody presses.
    """
    for node in walk(tree):
        if isinstance(node, ast.Attribute) and _dotted(node).endswith(".client.services"):
            yield Place(path, node.lineno, "services by the client have no type: Turn.of(interaction).services")


AREAS = ("bounces", "loops", "missions", "coach", "phases", "releases", "digest")
READS = ("bot/{area}/read.py", "bot/{area}/week.py", "bot/coach/digest_week.py")


def reads_that_write(path: str, tree: ast.AST) -> Iterator[Place]:
    """What answers other areas changes nothing.

    `read.py` and a week's part are asked from everywhere, at any time; a change made there would have no actor, no
    undo, and would happen as often as somebody looks.
    """
    if path not in {pattern.format(area=area) for pattern in READS for area in AREAS}:
        return
    for node in walk(tree):
        if isinstance(node, ast.Call) and _last(node.func) in ("write", "system_write", "deliver", "add_slots"):
            yield Place(path, node.lineno, f"{_last(node.func)} where nothing may be changed")


REPOSITORIES = ("storage/repositories/", "storage/privacy.py", "storage/retention.py")
CHANGES_ROWS = frozenset({"assign", "setattr"})
"""Functions that assign to what they are given."""


def rows_changed_unsaid(path: str, tree: ast.AST) -> Iterator[Place]:
    """A method of a repository that assigns to a row says that it writes, `self: "LoopRepository[Unit]"`.

    Whatever else writes, the types know, and so refuse it to a unit that only reads. To assign to a row looks to them
    like any other assignment; unsaid, it would be found when somebody looks at the very page that does it.
    """
    if not path.startswith(REPOSITORIES):
        return
    for kind in ast.walk(tree):
        if not isinstance(kind, ast.ClassDef):
            continue
        for method in kind.body:
            if not isinstance(method, (ast.FunctionDef, ast.AsyncFunctionDef)) or _says_it_writes(method):
                continue
            for node in ast.walk(method):
                if (isinstance(node, ast.Call) and _last(node.func) in CHANGES_ROWS) or any(
                    isinstance(one, ast.Attribute) and _dotted(one.value) != "self" for one in _assigned(node)
                ):
                    yield Place(path, method.lineno, f"{kind.name}.{method.name} changes a row and does not say so")
                    break


RULES: tuple[Callable[[str, ast.AST], Iterator[Place]], ...] = (
    owner_filter,
    waits_in_a_unit,
    words_in_a_log,
    typed_services,
    reads_that_write,
    rows_changed_unsaid,
)


def broken(root: Path = ROOT) -> list[Place]:
    """Return every place of the project that breaks a rule, in order."""
    found: list[Place] = []
    for name, source in files(root).items():
        found += [place for rule in RULES for place in rule(name, source.tree)]
    return found


def _says_it_writes(method: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    first = method.args.args[0].annotation if method.args.args else None
    return isinstance(first, ast.Constant) and str(first.value).endswith("[Unit]")


def _assigned(node: ast.AST) -> Iterator[ast.AST]:
    """Yield what an assignment puts something into, out of its tuples."""
    if isinstance(node, ast.Assign):
        targets = node.targets
    elif isinstance(node, (ast.AugAssign, ast.AnnAssign)):
        targets = [node.target]
    else:
        return
    for target in targets:
        yield from target.elts if isinstance(target, ast.Tuple) else (target,)


def _opens_unit(context: ast.expr) -> bool:
    return isinstance(context, ast.Call) and _dotted(context.func).endswith(
        ("database.write", "database.read", ".system_write", ".system_read")
    )


def _imports(tree: ast.AST, package: str, name: str) -> bool:
    return any(
        isinstance(node, ast.ImportFrom)
        and (node.module or "").split(".")[0] == package
        and name in {alias.name for alias in node.names}
        for node in walk(tree)
    )


def _last(node: ast.AST) -> str:
    return _dotted(node).rpartition(".")[2]


def _dotted(node: ast.AST) -> str:
    """Return `a.b.c` of names and attributes; what is called or indexed on the way counts by its own name."""
    if isinstance(node, ast.Attribute):
        return f"{_dotted(node.value)}.{node.attr}"
    if isinstance(node, ast.Call):
        return _dotted(node.func)
    return node.id if isinstance(node, ast.Name) else ""


def main() -> int:
    places = broken()
    for place in places:
        print(place)
    return 1 if places else 0


if __name__ == "__main__":
    sys.exit(main())
