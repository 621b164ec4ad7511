"""Our own rules bite: each finds what it is there for, and leaves the right way alone."""

import ast
from collections.abc import Callable, Iterator

import pytest

from tests.rules import (
    Place,
    broken,
    owner_filter,
    reads_that_write,
    rows_changed_unsaid,
    typed_services,
    waits_in_a_unit,
    words_in_a_log,
)

pytestmark = pytest.mark.xdist_group("source")
UNIT = "async def f(self):\n    async with self._database.write(a, o, 'x') as unit:\n        {}\n"
REPOSITORY = "class LoopRepository(Repository[UnitT]):\n    async def save({}, row):\n        {}\n"
BREAKS: list[tuple[Callable[[str, ast.AST], Iterator[Place]], str, str]] = [
    (owner_filter, "storage/repositories/loops.py", "from sqlalchemy import text\ntext('SELECT 1')"),
    (owner_filter, "storage/repositories/loops.py", "await self.session.connection()"),
    (owner_filter, "bot/loops/service.py", "execute(s, execution_options={CHECKED: True})"),
    (owner_filter, "storage/repositories/loops.py", "LoopRow.__table__.select()"),
    (waits_in_a_unit, "bot/loops/service.py", UNIT.format("await self._sender.send(1)")),
    (waits_in_a_unit, "bot/loops/service.py", UNIT.format("await asyncio.sleep(1)")),
    (waits_in_a_unit, "bot/loops/service.py", UNIT.format("x = [await self._assistant.ask(y) for y in z]")),
    (words_in_a_log, "bot/loops/service.py", "log.info('made', title=loop.title)"),
    (words_in_a_log, "bot/loops/service.py", "log.warning('made', what=bounce.file_name)"),
    (words_in_a_log, "bot/loops/service.py", "log.warning(f'made {x}')"),
    (typed_services, "cogs/loops/commands.py", "await interaction.client.services.loops.lines(1)"),
    (reads_that_write, "bot/loops/read.py", UNIT.format("pass")),
    (rows_changed_unsaid, "storage/repositories/loops.py", REPOSITORY.format("self", "row.name = 'x'")),
    (rows_changed_unsaid, "storage/repositories/loops.py", REPOSITORY.format("self", "row.done, row.at = 1, 2")),
    (rows_changed_unsaid, "storage/repositories/loops.py", REPOSITORY.format("self", "row.version += 1")),
    (rows_changed_unsaid, "storage/repositories/loops.py", REPOSITORY.format("self", "setattr(row, name, 1)")),
    (rows_changed_unsaid, "storage/retention.py", REPOSITORY.format("self", "assign(row, loop)")),
]
KEEPS: list[tuple[Callable[[str, ast.AST], Iterator[Place]], str, str]] = [
    (owner_filter, "storage/repositories/loops.py", "await self.session.execute(select(LoopRow))"),
    (owner_filter, "cogs/loops/forms.py", "values.text('title')"),
    (waits_in_a_unit, "bot/loops/service.py", UNIT.format("await unit.repo(LoopRepository).add(loop)")),
    (waits_in_a_unit, "bot/loops/service.py", "async def f(self):\n    await self._sender.send(1)"),
    (words_in_a_log, "bot/loops/service.py", "log.info('made', loop=loop.id, seconds=1)"),
    (words_in_a_log, "bot/bounces/remote_watch.py", "log.info('measured', file=path.name)"),
    (typed_services, "cogs/loops/commands.py", "await turn.services.loops.lines(1)"),
    (reads_that_write, "bot/loops/service.py", UNIT.format("pass")),
    (
        rows_changed_unsaid,
        "storage/repositories/loops.py",
        REPOSITORY.format("self: 'LoopRepository[Unit]'", "row.name = 'x'"),
    ),
    (rows_changed_unsaid, "storage/repositories/loops.py", REPOSITORY.format("self", "found = row.name")),
    (rows_changed_unsaid, "bot/loops/service.py", REPOSITORY.format("self", "row.name = 'x'")),
]


@pytest.mark.parametrize(("rule", "path", "source"), BREAKS)
def test_a_rule_finds_what_breaks_it(rule: Callable[[str, ast.AST], Iterator[Place]], path: str, source: str) -> None:
    assert [place.path for place in rule(path, _parsed(source))] == [path]


@pytest.mark.parametrize(("rule", "path", "source"), KEEPS)
def test_a_rule_leaves_the_right_way_alone(
    rule: Callable[[str, ast.AST], Iterator[Place]], path: str, source: str
) -> None:
    assert list(rule(path, _parsed(source))) == []


def test_nothing_in_the_project_breaks_a_rule() -> None:
    assert [str(place) for place in broken()] == []


def _parsed(source: str) -> ast.AST:
    return compile(source, "<rule>", "exec", ast.PyCF_ONLY_AST | ast.PyCF_ALLOW_TOP_LEVEL_AWAIT)
