"""Release plans: service, the daily look, reminders and public countdowns."""

from datetime import date
from typing import Any, Protocol

from bot.bounces.pictures import SHOWN_ART_PX
from bot.bounces.trouble import CannotMeasure
from bot.clock import Clock
from bot.engine import Engine
from bot.errors import BotError
from bot.loops.dated import DatedLoops
from bot.outbox import InboxText, Outbox
from bot.outbox_model import Delivery
from bot.paths import assets_dir
from bot.ports import OutMessage
from bot.releases.days import COUNTDOWN, DEADLINES, ReleaseDays
from bot.releases.facts import load_facts
from bot.releases.ports import ProfileReader
from bot.releases.presets import load_presets
from bot.releases.service import ReleaseService
from bot.settings import Settings
from bot.studio.service import StudioService
from bot.ui.bounce_cards import picture_of, say_in
from bot.ui.model import Picture
from bot.ui.strings import Catalogue, Finished, Words
from bot.wiring.bounces import WiredBounces
from bot.wiring.quiet import StudioQuiet
from cogs.release_cards import countdown_card, deadlines_card
from storage.repositories.studio import InboxRepository
from storage.unit import Database, Unit


class House(Protocol):
    """What this area needs of the application's services."""

    settings: Settings
    database: Database
    clock: Clock
    engine: Engine
    outbox: Outbox
    studio: StudioService
    catalogue: Catalogue
    bounces: WiredBounces


def wire_releases(house: House, loops: DatedLoops, profiles: ProfileReader) -> ReleaseService:
    """Make the service and make its slots and deliveries known."""
    facts = load_facts(assets_dir() / "facts" / "platform_facts.toml", house.settings.data_dir / "facts.toml")
    presets = load_presets(assets_dir() / "presets", facts.facts)
    words = Finished(house.catalogue.words("en"))
    service = ReleaseService(house.database, house.clock, presets, facts, house.studio, profiles, words, loops)
    days = ReleaseDays(house.database, house.clock, service, loops, StudioQuiet(house.studio))
    house.engine.register(days)
    messages = ReleaseMessages(house, service, days)
    house.outbox.register(DEADLINES, messages.deadlines, hold=days.hold, inbox=messages.deadlines_inbox)
    house.outbox.register(COUNTDOWN, messages.countdown, on_refused=messages.refused)
    return service


class ReleaseMessages:
    """Renders what the outbox sends about releases, from what is true then."""

    def __init__(self, house: House, service: ReleaseService, days: ReleaseDays) -> None:
        self._house = house
        self._service = service
        self._days = days

    async def deadlines(self, delivery: Delivery) -> OutMessage | None:
        due = await self._days.still_due(delivery)
        if not due:
            return None
        words = self._house.catalogue.words(await self._locale(delivery.owner))
        return OutMessage(deadlines_card(due, due[0][0].today, words))

    async def deadlines_inbox(self, delivery: Delivery) -> InboxText | None:
        due = await self._days.still_due(delivery)
        words = self._house.catalogue.words(await self._locale(delivery.owner))
        lines = [
            words("release.reminder.inbox", title=task.clip.name, day=task.deadline).plain
            for _, task in due
            if task.deadline
        ]
        title = words("release.reminder.title", count=len(lines)).plain
        return InboxText(title, "\n".join(lines)) if lines else None

    async def countdown(self, delivery: Delivery) -> OutMessage | None:
        payload: Any = delivery.payload
        views = await self._service.all(delivery.owner)
        view = next((view for view in views if view.release.id == payload["release"]), None)
        if view is None or not view.release.is_live or view.release.countdown_channel_id != delivery.target_id:
            return None
        if view.release.anchor_date.isoformat() != payload["anchor"]:
            return None
        if view.days_left < 0:
            return None  # a day late: "out today" would not be true any more
        words = self._house.catalogue.words("en")
        day = date.fromisoformat(payload["anchor"])
        artwork = await self._artwork(delivery.owner, view.release.bounce_id, words)
        return OutMessage(countdown_card(view.release.title, view.days_left, day, words, artwork))

    async def refused(self, unit: Unit, delivery: Delivery) -> None:
        """Tell the owner, once and in private, that a channel does not take the countdown any more."""
        words = self._house.catalogue.words(await self._locale(delivery.owner))
        title, body = words("release.refused.title").plain, words("release.refused.body").plain
        await unit.repo(InboxRepository).add_once(COUNTDOWN, title, body)

    async def _artwork(self, owner: int, bounce_id: str | None, words: Words) -> Picture | None:
        """Draw the cover of the release's bounce; a countdown goes without where that can't be done."""
        if bounce_id is None:
            return None
        bounces = self._house.bounces
        try:
            bounce = await bounces.service.get(owner, bounce_id)
            return picture_of(await bounces.pictures.art(bounce, say_in(words), SHOWN_ART_PX), bounce, "-cover")
        except (BotError, CannotMeasure):
            return None

    async def _locale(self, owner: int) -> str | None:
        person = await self._house.studio.person(owner)
        return person.locale if person else None
