"""Missions' part of a week: how many proposals wait."""

from dataclasses import replace
from zoneinfo import ZoneInfo

from bot.digest.model import WeekData
from bot.digest.schedule import Window
from storage.repositories.mission_steps import StepRepository
from storage.unit import Database


class MissionWeek:
    """How many proposals wait."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def fill(self, owner: int, window: Window, zone: ZoneInfo, data: WeekData) -> WeekData:
        async with self._database.read(owner) as unit:
            return replace(data, proposals=len(await unit.repo(StepRepository).pending()))
