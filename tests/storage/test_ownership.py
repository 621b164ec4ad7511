"""Nobody reaches anybody else's rows: every repository method as the wrong person, and PostgreSQL on its own."""

import importlib
import inspect
import pkgutil
import types
import typing
from collections.abc import Iterable
from dataclasses import fields, is_dataclass
from datetime import date, datetime, time, timedelta
from enum import Enum
from typing import Any

import pytest
from sqlalchemy import insert, select, text

import storage.repositories
from bot.actors import Actor
from bot.clock import FixedClock
from storage.base import Base, Owned
from storage.repository import Repository
from storage.unit import Database
from tests.storage.samples import sample_rows

ADA, BEN = 1001, 1002
MARK = "adas-secret"

NOT_BY_OWNER = {
    "SlotRepository": "works over all owners in system units; a finish is fenced by its lease",
    "GuildRepository": "servers are no person's",
    "FactRepository": "facts about the installation",
    "CoachRuleCountRepository": "counters of rules, without anybody's id",
    "PrivacyRepository": "goes over all tables for one person in system units",
}
"""Repositories without an owner, and why."""


def repositories() -> Iterable[type[Repository]]:
    for module in pkgutil.walk_packages(storage.repositories.__path__, "storage.repositories."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, Repository) and found.__module__ == module.name and found is not Repository:
                yield found


def owned_repositories() -> list[type[Repository]]:
    return [kind for kind in repositories() if kind.__name__ not in NOT_BY_OWNER]


def methods_of(kind: type[Repository]) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction) if not name.startswith("_")]


def value_for(hint: Any, name: str, rows: dict[str, dict[str, Any]], now: datetime, depth: int = 0) -> Any:
    """Return a likely value of a type; texts and ids point at Ada's rows."""
    origin, arguments = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return value_for(arguments[0], name, rows, now, depth)
    if origin is typing.Literal:
        return arguments[0]
    if origin is not None and isinstance(origin, type) and issubclass(origin, dict | typing.Mapping):
        return {}
    if origin is not None and isinstance(origin, type) and issubclass(origin, Iterable):
        return [value_for(arguments[0], name, rows, now, depth)] if arguments and arguments[0] is not Any else []
    if hasattr(hint, "__supertype__"):
        return value_for(hint.__supertype__, name, rows, now, depth)
    plain = {
        int: ADA,
        float: 1.0,
        bool: True,
        datetime: now,
        date: now.date(),
        time: now.time(),
        timedelta: timedelta(1),
    }
    if hint in plain:
        return plain[hint]
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if is_dataclass(hint) and depth < 4:
        hints = typing.get_type_hints(hint)
        return hint(**{f.name: value_for(hints[f.name], f.name, rows, now, depth + 1) for f in fields(hint) if f.init})  # type: ignore[operator]
    return adas_id(name, rows)


def adas_id(name: str, rows: dict[str, dict[str, Any]]) -> str:
    stem = name.removesuffix("_ids").removesuffix("_id")
    for table, row in rows.items():
        if stem and (table.rstrip("s").endswith(stem) or stem in table) and "id" in row:
            return str(row["id"])
    return next(str(row["id"]) for row in rows.values() if isinstance(row.get("id"), str))


async def seed(database: Database, clock: FixedClock) -> dict[str, dict[str, Any]]:
    rows = sample_rows(ADA, clock.now(), MARK)
    async with database.system_write("seed") as unit:
        for table in Base.metadata.sorted_tables:
            await unit.session.execute(insert(table).values(**rows[table.name]))
    return rows


async def everything(database: Database) -> dict[str, Any]:
    async with database.system_read() as unit:
        return {
            mapper.local_table.name: [tuple(row) for row in await unit.session.execute(select(mapper.local_table))]  # type: ignore[union-attr]
            for mapper in Base.registry.mappers
            if issubclass(mapper.class_, Owned)
        }


def adas(rows: dict[str, Any]) -> dict[str, list[Any]]:
    """Keep the rows that hold Ada's mark or id; what Ben made for himself does not matter."""
    return {name: [row for row in found if MARK in str(row) and BEN not in row] for name, found in rows.items()}


@pytest.mark.parametrize("kind", owned_repositories(), ids=lambda kind: kind.__name__)
async def test_the_wrong_person_sees_changes_and_deletes_nothing(
    kind: type[Repository], database: Database, clock: FixedClock
) -> None:
    """Call every method of a repository as Ben with Ada's ids; Ada's rows stay, and nothing of hers comes back."""
    rows = await seed(database, clock)
    before = adas(await everything(database))
    shown: list[str] = []
    for name in methods_of(kind):
        result: Any = None
        try:
            async with database.write(Actor.user(BEN, "Ben"), BEN, "attack") as unit:
                method = getattr(unit.repo(kind), name)
                hints = typing.get_type_hints(getattr(kind, name))
                arguments = {
                    p.name: value_for(hints.get(p.name, str), p.name, rows, clock.now())
                    for p in inspect.signature(method).parameters.values()
                    if p.kind in (p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY)
                }
                result = await method(**arguments)
        except Exception as refusal:
            result = type(refusal)
        shown += [
            f"{name} shows {mark}"
            for table, row in rows.items()
            for mark in map(str, row.values())
            if mark.startswith(f"{MARK}-{table}") and not mark.endswith("-id") and mark in repr(result)
        ]
    assert shown == []
    assert adas(await everything(database)) == before


async def test_postgresql_hides_rows_by_itself(postgres_database_url: str, clock: FixedClock) -> None:
    import psycopg

    from storage.engine import open_engines

    database = Database(open_engines(postgres_database_url), clock)
    await seed(database, clock)
    await database.close()
    with psycopg.connect(postgres_database_url, autocommit=True) as admin:
        admin.execute("DROP ROLE IF EXISTS studio_app")
        admin.execute("CREATE ROLE studio_app")
        admin.execute("GRANT ALL ON ALL TABLES IN SCHEMA public TO studio_app")
        admin.execute("SET ROLE studio_app")
        for owner, expected in ((str(BEN), 0), (str(ADA), 1), ("system", 1), ("", 0)):
            admin.execute("SELECT set_config('studiohand.owner', %s, false)", (owner,))
            assert admin.execute("SELECT count(*) FROM settings").fetchone() == (expected,), owner
        admin.execute("SELECT set_config('studiohand.owner', %s, false)", (str(BEN),))
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            admin.execute(
                "INSERT INTO settings (id, owner_id, section, value, updated_at) VALUES ('x', %s, 's', '{}', 0)", (ADA,)
            )
        admin.execute("RESET ROLE")
        admin.execute("REVOKE ALL ON ALL TABLES IN SCHEMA public FROM studio_app")
        admin.execute("DROP ROLE studio_app")


async def test_children_of_somebody_elses_parent_are_refused_by_the_database(database: Database) -> None:
    """Every owned child points at (id, owner_id) of its parent, so that even plain SQL cannot mix owners."""
    loose = []
    for mapper in Base.registry.mappers:
        table = mapper.local_table
        if not issubclass(mapper.class_, Owned):
            continue
        for constraint in table.foreign_key_constraints:  # type: ignore[union-attr]
            parent = constraint.referred_table
            if "owner_id" in parent.c and "owner_id" not in constraint.column_keys:
                loose.append(f"{table.name} → {parent.name}")  # type: ignore[union-attr]
    assert loose == []
    async with database.system_read() as unit:
        assert (await unit.session.execute(text("SELECT 1"))).scalar_one() == 1
