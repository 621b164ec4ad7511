"""What the outbox sends about releases, from what is true then."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any

from bot.outbox import InboxText
from bot.outbox_model import Delivery
from bot.ports import OutMessage
from bot.posted_model import PostedCard
from bot.releases.cards import countdown_card, deadlines_card, release_card
from bot.releases.days import COUNTDOWN, ReleaseDays
from bot.releases.service import ReleaseService, ReleaseView
from bot.say.card import Card, Picture, removable
from bot.say.words import Catalogue, Words
from bot.studio.service import StudioService
from storage.repositories.studio import InboxRepository
from storage.unit import Unit

POSTED = "release"
"""The kind of posted card: the title, the date, how far it is, and the artwork."""
Artwork = Callable[[int, str | None, Words], Awaitable[Picture | None]]
"""Draws the cover of a release's bounce: owner, bounce, language; None where there is none."""


class ReleaseMessages:
    """Renders what the outbox sends about releases, from what is true then."""

    def __init__(
        self, service: ReleaseService, days: ReleaseDays, studio: StudioService, catalogue: Catalogue, artwork: Artwork
    ) -> None:
        self._service = service
        self._days = days
        self._studio = studio
        self._catalogue = catalogue
        self._artwork = artwork

    async def deadlines(self, delivery: Delivery) -> OutMessage | None:
        due = await self._days.still_due(delivery)
        if not due:
            return None
        words = self._catalogue.words(await self._studio.language(delivery.owner))
        return OutMessage(deadlines_card(due, due[0][0].today, words))

    async def deadlines_inbox(self, delivery: Delivery) -> InboxText | None:
        if delivery.target_kind == "channel":
            return None  # a server has nobody who reads an inbox
        due = await self._days.still_due(delivery)
        words = self._catalogue.words(await self._studio.language(delivery.owner))
        lines = [
            words("release.reminder.inbox", title=task.clip.name, day=task.deadline).plain
            for _, task in due
            if task.deadline
        ]
        title = words("release.reminder.title", count=len(lines)).plain
        return InboxText(title, "\n".join(lines)) if lines else None

    async def draw(self, posted: PostedCard) -> Card:
        """Draw a posted release card. Raises NotFound for a plan that is gone or in the bin."""
        words = self._catalogue.words(posted.locale)
        view = await self._service.show(posted.owner, posted.subject_id)
        card = await shared_card(view, words, self._artwork)
        return removable(card, words("card.remove"), posted.posted_by or posted.owner)

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
        words = self._catalogue.words("en")
        day = date.fromisoformat(payload["anchor"])
        artwork = await self._artwork(delivery.owner, view.release.bounce_id, words)
        return OutMessage(countdown_card(view.release.title, view.days_left, day, words, artwork))

    async def refused(self, unit: Unit, delivery: Delivery) -> None:
        """Tell the owner, once and in private, that a channel does not take the countdown any more.

        A server's leads read it in `/studio health`, as of every channel of theirs.
        """
        if await self._studio.is_server(delivery.owner):
            return
        words = self._catalogue.words(await self._studio.language(delivery.owner))
        title, body = words("release.refused.title").plain, words("release.refused.body").plain
        await unit.repo(InboxRepository).add_once(COUNTDOWN, title, body)


async def shared_card(view: ReleaseView, words: Words, artwork: Artwork) -> Card:
    """Return the card of a plan as it is posted for everybody."""
    return release_card(view, words, await artwork(view.release.owner_id, view.release.bounce_id, words), posted=True)
