"""Missions as one thing: what `bot/app/app.py` makes and what cogs reach by `services.missions`."""

from dataclasses import dataclass

from bot.ai.sent import Sender
from bot.missions.client_side import ClientSide
from bot.missions.decisions import Decisions
from bot.missions.service import MissionService
from bot.missions.tools import Catalogue


@dataclass(frozen=True, slots=True)
class MissionArea:
    """The services of missions and the closed list of what they may do."""

    service: MissionService
    decisions: Decisions
    side: ClientSide
    """What clients' people decide."""
    catalogue: Catalogue
    sends: Sender
    """What a run sends to the AI."""
