"""Phases' part of a week: the phase, bounces since it was entered, changes of form maps."""

from dataclasses import replace
from datetime import datetime
from typing import Protocol
from zoneinfo import ZoneInfo

from bot.digest.model import FormChange, PhaseLine, WeekData
from bot.digest.schedule import Window
from bot.phases.service import PhaseService
from storage.repositories.phases import FormMapRepository
from storage.unit import Database


class BounceCount(Protocol):
    """Counts bounces of a span."""

    async def count(self, owner: int, since: datetime, until: datetime) -> int: ...


class PhaseWeek:
    """The phase, bounces since it was entered, form map changes."""

    def __init__(self, database: Database, phases: PhaseService, bounces: BounceCount) -> None:
        self._database = database
        self._phases = phases
        self._bounces = bounces

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        # Looking makes the offer that is due: the digest is one of the places where it is shown.
        look = await self._phases.look(owner)
        entry, offer = look.entry, look.offer
        async with self._database.read(owner) as unit:
            changes = await unit.repo(FormMapRepository).changes(window.after, window.until)
        bounces = await self._bounces.count(owner, entry.entered_at, window.until)
        line = None
        if entry.entered_at <= window.until:
            line = PhaseLine(str(entry.phase), entry.entered_at.astimezone(zone).date(), bounces, offer is not None)
        return replace(data, forms=tuple(FormChange(name, count) for name, count in changes), phase=line)
