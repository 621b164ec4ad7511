"""The real client on the local Discord, for tests that act as people and look at what people see."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

from bot.client import StudioBot
from bot.clock import Clock
from bot.lifecycle import Supervisor
from bot.local.model import Interaction, InteractionState, Message
from bot.local.people import Person
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from bot.metrics import Metrics
from bot.say.words import Catalogue, read_catalogue
from bot.ui.cards import ui_rules
from tests.wire.kit import Stage, assert_clean
from tests.wire.openapi import SHARED


class MemoryStore:
    """The command store of a test."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}

    async def get(self, key: str) -> str | None:
        return self.kept.get(key)

    async def set(self, key: str, value: str) -> None:
        self.kept[key] = value


@dataclass
class Rig:
    """A running bot and its Discord. `seen` waits for what a person did and returns the message they look at."""

    server: LocalDiscord
    bot: StudioBot
    ada: Person = field(init=False)
    ben: Person = field(init=False)
    stage: Stage = field(init=False)
    """The people as a story tells of them: `rig.stage.person("Ada").press("Tag")`."""

    def __post_init__(self) -> None:
        self.ada, self.ben = self.server.person("Ada"), self.server.person("Ben")
        self.stage = Stage(self.server)

    async def settled(self, interaction: Interaction) -> Interaction:
        """Wait until the person has an answer that is not "thinking…"."""
        over = (InteractionState.WAITING, InteractionState.THINKING)
        await self.server.until(lambda: interaction.state not in over)
        return interaction

    async def seen(self, interaction: Interaction) -> Message:
        """Wait for the answer and return the newest message its person sees there."""
        await self.settled(interaction)
        person = self.server.person(interaction.user_id)
        await self.server.until(lambda: any(not m.loading for m in self._screen(person, interaction)))
        return self._screen(person, interaction)[-1]

    async def says(self, person: Person, words: str) -> Message:
        """Wait until the newest message on a person's screen says `words`."""

        def newest() -> Message | None:
            shown = person.sees()
            return shown[-1] if shown and words in texts(shown[-1]) else None

        found = await self.server.until(newest)
        assert found is not None
        return found

    def _screen(self, person: Person, interaction: Interaction) -> list[Message]:
        return [m for m in person.sees(self.server.world.channels[interaction.channel_id]) if not m.loading]


def texts(message: Message) -> str:
    """Return everything a message says."""

    def walk(parts: Sequence[Any]) -> list[str]:
        found: list[str] = []
        for part in parts:
            found += [part["content"]] if part.get("content") else []
            found += walk(part.get("components", ()))
            found += walk([part["accessory"]] if part.get("accessory") else ())
            found += [item.get("description") or "" for item in part.get("items", ())]
        return found

    return "\n".join([*([message.content] if message.content else []), *walk(message.components)])


def labels(message: Message) -> list[str]:
    """Return the words on the buttons of a message."""

    def walk(parts: Sequence[Any]) -> list[str]:
        found: list[str] = []
        for part in parts:
            found += [part["label"]] if part.get("type") == 2 and part.get("label") else []
            found += walk(part.get("components", ()))
            found += walk([part["accessory"]] if part.get("accessory") else ())
        return found

    return walk(message.components)


@asynccontextmanager
async def rig(
    clock: Clock,
    extensions: Sequence[str],
    services: Any = None,
    *,
    catalogue: Catalogue | None = None,
    store: MemoryStore | None = None,
    server: LocalDiscord | None = None,
    **rules: float,
) -> AsyncIterator[Rig]:
    """Run the bot with the given cogs. Pass `server` to start a second bot on the same world (a restart)."""
    own = server is None
    discord_server = server or LocalDiscord(clock, validator=SHARED.openapi)
    if own:
        await discord_server.start()
    supervisor = Supervisor()
    try:
        with redirected(discord_server.addresses):
            bot = StudioBot(
                services=services,
                clock=clock,
                catalogue=catalogue or read_catalogue(),
                supervisor=supervisor,
                metrics=Metrics(),
                store=store or MemoryStore(),
                extensions=extensions,
                rules=ui_rules().model_copy(update=rules),
                guild_ready_timeout=0.0,
            )
            async with bot:
                running = asyncio.ensure_future(bot.start(discord_server.token))
                waiting = asyncio.ensure_future(bot.wait_until_ready())
                await asyncio.wait({running, waiting}, return_when=asyncio.FIRST_COMPLETED, timeout=10)
                if running.done():
                    running.result()
                yield Rig(discord_server, bot)
                await bot.close()
                await asyncio.wait({running}, timeout=5)
            await supervisor.stop(finish_s=0, cancel_s=1)
        if own:
            assert_clean(discord_server)
    finally:
        if own:
            await discord_server.stop()
