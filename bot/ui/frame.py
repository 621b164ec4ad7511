"""What every turn works with: services, clock, language, kept forms, questions that run out."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from weakref import WeakValueDictionary

import discord
import structlog

from bot.clock import Clock
from bot.lifecycle import Supervisor
from bot.metrics import Metrics
from bot.say.words import Catalogue
from bot.services import Services
from bot.ui import errors
from bot.ui.access import Access, OwnerAccess
from bot.ui.cards import UiRules
from bot.ui.inputs import KeptForms
from bot.ui.works import Works

log = structlog.stdlib.get_logger(__name__)


@dataclass(slots=True, kw_only=True)
class Frame:
    """What turns share, as long as the client lives."""

    services: Services
    clock: Clock
    catalogue: Catalogue
    rules: UiRules
    supervisor: Supervisor
    metrics: Metrics
    access: Access = field(default_factory=OwnerAccess)
    forms: KeptForms = field(init=False)
    works: Works = field(init=False)
    recent_errors: list[str] = field(default_factory=list, init=False)
    """References of the last five unexpected errors, for health."""
    _expiring: dict[int, asyncio.Task[None]] = field(default_factory=dict, init=False)
    _locks: WeakValueDictionary[str, asyncio.Lock] = field(default_factory=WeakValueDictionary, init=False)

    def __post_init__(self) -> None:
        self.forms = KeptForms(timedelta(minutes=self.rules.form_keep_minutes))
        self.works = Works()

    def lock(self, thing: str) -> asyncio.Lock:
        held = self._locks.get(thing)
        if held is None:
            held = self._locks[thing] = asyncio.Lock()
        return held

    def expire_later(self, message_id: int, expired: Callable[[int], Awaitable[None]]) -> None:
        """Let a question look expired after its minutes, unless it is pressed before."""

        async def wait() -> None:
            await asyncio.sleep(self.rules.confirm_minutes * 60)
            try:
                await expired(message_id)
            except (discord.HTTPException, discord.ClientException) as error:
                log.info("could not let a question expire", row=errors.classify(error).row.name)

        task = self.supervisor.spawn(f"question {message_id}", wait())
        self._expiring[message_id] = task
        task.add_done_callback(lambda _: self._expiring.pop(message_id, None))

    def pressed(self, message_id: int) -> None:
        """A question was answered: it no longer runs out."""
        question = self._expiring.get(message_id)
        if question is not None:
            question.cancel()

    def age_s(self, interaction_id: int) -> float:
        """Return how long ago an interaction began, in seconds, by its id."""
        return (self.clock.now() - discord.utils.snowflake_time(interaction_id)).total_seconds()

    def acknowledged(self, interaction_id: int) -> None:
        self.metrics.acknowledge_seconds.observe(max(0.0, self.age_s(interaction_id)))
