"""Phases' part of a week: the phase, bounces since it was entered, changes of form maps"""

from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.bounces.model import Filter
from bot.digest.model import (
    FormChange,
    PhaseLine,
    WeekData,
)
from bot.digest.schedule import Window
from bot.phases.service import PhaseService
from storage.repositories.bounces import BounceRepository
from storage.repositories.phases import FormMapRepository
from storage.unit import Database


class PhaseWeek:
    """The phase, bounces since it was entered, form map changes."""

    def __init__(self, database: Database, phases: PhaseService) -> None:
        self._database = database
        self._phases = phases

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        # Looking makes the offer that is due: the digest is one of the places where it is shown.
        look = await self._phases.look(owner)
        entry, offer = look.entry, look.offer
        async with self._database.read(owner) as unit:
            changes = await unit.repo(FormMapRepository).changes(window.after, window.until)
            wanted = Filter(since=entry.entered_at, until=window.until)
            bounces = await unit.repo(BounceRepository).count(wanted)
        line = None
        if entry.entered_at <= window.until:
            line = PhaseLine(str(entry.phase), entry.entered_at.astimezone(zone).date(), bounces, offer is not None)
        return replace(data, forms=tuple(FormChange(name, count) for name, count in changes), phase=line)
