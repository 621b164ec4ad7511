"""Places where the bot may not post: remembered for health, told once a day, never hammered."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.clock import Clock
from bot.outbox_model import Delivery
from storage.repositories.studio import FactRepository
from storage.unit import Database

KEY = "troubles"
FORGET_AFTER = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Trouble:
    """One channel that refused a post."""

    channel_id: int
    kind: str
    detail: str
    at: datetime


class Troubles:
    """Told by the outbox; read by health."""

    def __init__(self, database: Database, clock: Clock, token_refused: Callable[[], Awaitable[None]]) -> None:
        self._database = database
        self._clock = clock
        self._token_refused = token_refused

    async def no_access(self, delivery: Delivery, detail: str) -> None:
        await self._note(delivery, "no_access", detail)

    async def place_gone(self, delivery: Delivery) -> None:
        await self._note(delivery, "place_gone", "")

    async def token_refused(self) -> None:
        await self._token_refused()

    async def list(self) -> list[Trouble]:
        async with self._database.system_read() as unit:
            known = await unit.repo(FactRepository).get(KEY) or {}
        oldest = self._clock.now() - FORGET_AFTER
        found = [
            Trouble(int(channel), value["kind"], value["detail"], datetime.fromisoformat(value["at"]))
            for channel, value in known.items()
        ]
        return sorted((trouble for trouble in found if trouble.at > oldest), key=lambda t: t.at, reverse=True)

    async def clear(self, channel_id: int) -> None:
        """Forget a channel that takes posts again."""
        async with self._database.system_write("trouble") as unit:
            facts = unit.repo(FactRepository)
            known = await facts.get(KEY) or {}
            if str(channel_id) in known:
                await facts.put(KEY, {key: value for key, value in known.items() if key != str(channel_id)})

    async def _note(self, delivery: Delivery, kind: str, detail: str) -> None:
        async with self._database.system_write("trouble") as unit:
            facts = unit.repo(FactRepository)
            known = await facts.get(KEY) or {}
            entry = {"kind": kind, "detail": detail, "at": unit.now.isoformat()}
            await facts.put(KEY, {**known, str(delivery.target_id): entry})
