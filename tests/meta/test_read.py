"""Nothing is declared that nobody reads: functions, ports, rules, columns, fields of content, dependencies.

Read means by the product as it runs; a test that reads something keeps it from nothing (docs/decisions/0012).
"""

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.metadata import packages_distributions
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Table, UniqueConstraint

from bot.paths import assets_dir
from storage.privacy_map import PRIVACY
from storage.tables import load_all
from tests.meta.declared import Class
from tests.meta.reading import project
from tests.source import ROOT

pytestmark = pytest.mark.xdist_group("source")

LOCAL = "bot.local."
"""The local Discord is what tests play on: its people, its faults and its server are their tools."""

ASKED_FROM_OUTSIDE: Mapping[str, str] = {
    "bot.clock.FixedClock.advance": "the clock of tests and benchmarks",
    "bot.coach.content.check_bank": "the task banks are checked before they ship, not at each start",
    "bot.coach.content.check_pathways": "as check_bank",
    "bot.recurrence.cron_times": "tests hold the times of a rule against the wall times of its expression",
    "bot.recurrence.latest_fire": "tests hold the way forward against the way back",
    "bot.say.words.Catalogue.keys": "the texts are checked before they ship",
    "bot.say.words.Catalogue.pseudo": "the texts are checked before they ship, also at twice their length",
    "bot.say.words.lint": "the texts are checked before they ship",
    "bot.say.words.placeholders": "the texts are checked before they ship",
    "bot.ui.panel.LiveCards.waiting": "tests look at what is about to be edited",
    "storage.driver.Cursor.executemany": "SQLAlchemy asks a driver's cursor for it",
    "storage.driver.Cursor.fetchmany": "SQLAlchemy asks a driver's cursor for it",
    "storage.jobs.JobQueue.waiting": "tests and benchmarks look at what waits",
    "storage.jobs.JobQueue.work_off": "tests and benchmarks work on what is there and go on",
    "storage.migrations.steps.differences": "a test asks whether tables and migrations agree",
}
"""Functions that nobody in the product calls, and who does."""

RECORDED: Mapping[str, str] = {
    "storage.tables.ai.AiUsageRow.call_id": "ties a call to its kept reply, in the export of its person",
    "storage.tables.missions.StepEventRow.state_before": "the whole of an arrow, in the export of its person",
}
"""Columns that are there to be exported: the record itself is what was promised."""

OWN_WORDS: Mapping[str, tuple[str, ...]] = {
    "errors.toml": ("discord", "ours"),
    "facts/ai_prices.toml": ("models",),
    "safety/wording.toml": ("american",),
}
"""Tables whose keys are data: names of models, spellings."""

LOADED_BY_NAME: Mapping[str, str] = {
    "tzdata": "zoneinfo reads its files where the machine has none",
}
"""Dependencies that no module of ours imports, and who does."""


@cache
def unread() -> frozenset[str]:
    """The keys of all functions that the running product does not reach."""
    return frozenset(key for key in project().functions if key not in project().read and not key.startswith(LOCAL))


def helpers_of(names: Mapping[str, str]) -> set[str]:
    """Return what only they call: private functions, and public ones that stand and fall with them."""
    reached = project().reached_from(names)
    return {key for key in unread() if key in reached and key not in names}


def test_every_function_is_called() -> None:
    excused = {*ASKED_FROM_OUTSIDE} | helpers_of(ASKED_FROM_OUTSIDE)
    ports = {key for key in unread() if _is_port(key)}
    wrong = sorted(f"{project().place(key)} is called by nobody" for key in unread() - excused - ports)
    assert not wrong, "\n".join(wrong)


def test_every_port_is_called() -> None:
    wrong = sorted(f"{project().place(key)} is promised and asked by nobody" for key in unread() if _is_port(key))
    assert not wrong, "\n".join(wrong)


def test_no_excuse_is_left_over() -> None:
    fields = {*RECORDED}
    wrong = sorted(({*ASKED_FROM_OUTSIDE} - unread()) | (fields & project().read))
    assert not wrong, "these are called, or gone: " + ", ".join(wrong)


def _is_port(key: str) -> bool:
    owner = project().functions[key].owner
    return owner is not None and project().classes[owner].is_protocol


def _fields(wanted: Any) -> Iterator[str]:
    """Yield the fields that classes declare, by their keys."""
    for key, one in project().classes.items():
        if wanted(one):
            yield from (f"{key}.{name}" for name in one.declared if not name.startswith("_") and name != "model_config")


def _is_a(one: Class, *names: str) -> bool:
    return any(base.rpartition(".")[2] in names for base in project().bases(one.key)[1:])


def test_every_rule_is_read() -> None:
    rules = _fields(lambda one: _is_a(one, "Rules"))
    wrong = [key for key in rules if key not in project().read]
    assert not wrong, "\n".join(f"{project().place(key)} is a number that changes nothing" for key in sorted(wrong))


def test_every_column_is_read() -> None:
    """Or holds rows together (keys, and what is unique, are read by the database), or tells the purge its age."""
    tables = {mapper.class_.__name__: cast("Table", mapper.local_table) for mapper in load_all().registry.mappers}
    wrong = []
    for key in _fields(lambda one: "__tablename__" in one.declared):
        name, _, column = key.rpartition(".")
        table = tables[name.rpartition(".")[2]]
        if key in project().read or key in RECORDED:
            continue
        if column == PRIVACY[table.name].keep.moment:
            continue
        if column in table.columns and not _is_key(table.columns[column]):
            wrong.append(f"{project().place(key)} is written and never read")
    assert not wrong, "\n".join(sorted(wrong))


def _is_key(column: Any) -> bool:
    table = column.table
    unique = [one.columns for one in table.constraints if isinstance(one, UniqueConstraint)]  # type: ignore[attr-defined]
    unique += [one.columns for one in table.indexes if one.unique]  # type: ignore[attr-defined]
    return bool(column.primary_key or column.foreign_keys or any(column.name in columns for columns in unique))


CONTENT = sorted(
    path
    for path in assets_dir().rglob("*")
    if path.suffix in (".json", ".toml")
    and not path.relative_to(assets_dir()).as_posix().startswith(("locales/", "rules.toml"))
)


@cache
def words_of_the_code() -> frozenset[str]:
    """All names that are read, and all texts of the code: what a key of a file can be asked by."""
    names = {key.rpartition(".")[2] for key in project().read}
    return frozenset(names | project().texts)


@pytest.mark.parametrize("file", CONTENT, ids=lambda path: str(path.relative_to(assets_dir())))
def test_every_field_of_a_content_file_is_read(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    found = json.loads(text) if file.suffix == ".json" else tomllib.loads(text)
    own = OWN_WORDS.get(str(file.relative_to(assets_dir())), ())
    unknown = sorted(key for key in set(_keys(found, own)) if key not in words_of_the_code())
    assert not unknown, f"nobody reads {', '.join(unknown)} of {file.relative_to(ROOT)}"


def _keys(found: object, own: tuple[str, ...], within: str = "") -> Iterator[str]:
    if isinstance(found, dict):
        for key, value in found.items():
            if within not in own:
                yield str(key)
            yield from _keys(value, own, str(key))
    elif isinstance(found, list):
        for value in found:
            yield from _keys(value, own, within + "[]")


def test_every_dependency_is_imported() -> None:
    declared = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    wanted = [*declared["dependencies"], *declared["optional-dependencies"]["postgres"]]
    modules = packages_distributions()
    imported = {_plain(dist) for name in project().imported for dist in modules.get(name, ())}
    names = {_plain(re.split(r"[^A-Za-z0-9_.-]", one)[0]) for one in wanted}
    assert sorted(names - imported - LOADED_BY_NAME.keys()) == [], "declared and imported nowhere"
    assert sorted(LOADED_BY_NAME.keys() & imported) == [], "imported after all: no excuse is needed"


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()
