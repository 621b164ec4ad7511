"""Facts about platforms: value, source, when a person last looked, and the words for how fresh that is."""

import tomllib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

from bot.releases.model import Condition
from bot.say.dates import full_day, month_year
from bot.say.words import Speaks

FRESH_DAYS = 365
DATES_SHOWN = 3


@dataclass(frozen=True, slots=True)
class Fact:
    """One row. `as_of`: date of the source, in its own precision; `last_verified`: somebody looked."""

    key: str
    value: str
    source: str
    unit: str = ""
    url: str = ""
    as_of: str = ""
    last_verified: date | None = None
    note: str = ""
    dates: tuple[date, ...] = ()
    when: Condition | None = None

    def is_fresh(self, today: date) -> bool:
        return self.last_verified is not None and (today - self.last_verified).days <= FRESH_DAYS

    def checked(self, today: date, words: Speaks) -> str:
        """Return "checked Mar 2026", "not checked yet, please check" or "please check"."""
        if self.last_verified is None:
            return words("release.fact.unchecked")
        if not self.is_fresh(today):
            return words("release.fact.stale")
        return words("release.fact.checked", month=month_year(self.last_verified, words.locale))

    def line(self, today: date, words: Speaks) -> str:
        """Return the fact in one line with its source and the checked words."""
        coming = [full_day(day, words.locale) for day in self.dates if day >= today][:DATES_SHOWN]
        value = ", ".join(coming) or " ".join(part for part in (self.value, self.unit) if part)
        if self.note:
            value = f"{value}; {self.note}" if value else self.note
        return words(
            "release.fact.line",
            name=words(f"release.fact.name.{self.key.replace('.', '_')}"),
            value=value,
            source=self.source,
            checked=self.checked(today, words),
        )


@dataclass(frozen=True, slots=True)
class FactBook:
    """All facts by key, the operator's own rows already in place of the shipped ones."""

    facts: Mapping[str, Fact]

    def get(self, key: str) -> Fact | None:
        return self.facts.get(key)

    def shown(self, keys: Iterable[str], conditions: frozenset[Condition]) -> tuple[Fact, ...]:
        """Return the facts of `keys` that these conditions call for."""
        found = (self.facts[key] for key in keys if key in self.facts)
        return tuple(fact for fact in found if fact.when is None or fact.when in conditions)

    def unverified(self, today: date) -> tuple[Fact, ...]:
        """Return the rows nobody checked within twelve months."""
        return tuple(fact for fact in self.facts.values() if not fact.is_fresh(today))


class FactFileError(ValueError):
    """A facts file that can't be used: file, row and reason."""


def load_facts(shipped: Path, operator: Path | None = None) -> FactBook:
    """Read the shipped rows, then the operator's file, whose rows win. Raises FactFileError."""
    facts = _read(shipped)
    if operator is not None and operator.exists():
        own = _read(operator, partial=facts)
        facts = {**facts, **own}
    return FactBook(facts)


def _read(path: Path, partial: Mapping[str, Fact] | None = None) -> dict[str, Fact]:
    try:
        rows = tomllib.loads(path.read_text(encoding="utf-8")).get("fact", [])
    except tomllib.TOMLDecodeError as error:
        raise FactFileError(f"{path.name}: not readable as TOML: {error}") from None
    facts: dict[str, Fact] = {}
    for number, row in enumerate(rows, 1):
        name = str(row.get("key", f"fact {number}"))
        try:
            facts[name] = _fact(row, (partial or {}).get(name))
        except (KeyError, ValueError, TypeError) as error:
            raise FactFileError(f"{path.name}, {name}: {error}") from None
    return facts


def _fact(row: Mapping[str, Any], base: Fact | None) -> Fact:
    source = str(row.get("source", base.source if base else ""))
    if not source:
        raise ValueError("source is missing")
    verified = str(row.get("last_verified", ""))
    when = row.get("when", base.when if base else None)
    return Fact(
        key=str(row["key"]),
        value=str(row.get("value", base.value if base else "")),
        source=source,
        unit=str(row.get("unit", base.unit if base else "")),
        url=str(row.get("url", base.url if base else "")),
        as_of=str(row.get("as_of", base.as_of if base else "")),
        last_verified=date.fromisoformat(verified) if verified else None,
        note=str(row.get("note", base.note if base else "")),
        dates=tuple(date.fromisoformat(str(d)) for d in row["dates"])
        if "dates" in row
        else (base.dates if base else ()),
        when=Condition(when) if when else None,
    )
