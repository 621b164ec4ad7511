"""Puts deliveries into Discord for the outbox: cards, plain files, edits, and finding what was sent before a crash.

The nonce makes a repeat shortly after return the first message. For later it also marks the message: the first
component carries a number made from the nonce, which people do not see and the history shows.
"""

import asyncio
import hashlib
import io
from collections.abc import Awaitable, Callable, Sequence
from datetime import datetime
from typing import TypeVar

import discord

from bot.ports import OutMessage, Policy, SendFailed, Sent, SentFile, Target
from bot.say.card import Card
from bot.say.words import Catalogue
from bot.ui.cards import discord_files, layout, ui_rules
from bot.ui.errors import as_send_failure, classify

MAX_NONCE = 25
_HISTORY = 100
Done = TypeVar("Done")


class DiscordSender:
    """The `Sender` of the running bot. `must_stop` tells that Discord refused too many calls."""

    def __init__(
        self, client: discord.Client, catalogue: Catalogue, must_stop: Callable[[], bool] | None = None
    ) -> None:
        self._client = client
        self._words = catalogue.words(None)
        self._must_stop = must_stop or (lambda: False)
        self._dms = asyncio.Semaphore(1)
        self._channels = asyncio.Semaphore(ui_rules().channel_sends_at_once)

    async def send(self, target: Target, message: OutMessage, nonce: str) -> Sent:
        """Send a card, then its plain files; a repeat with the same nonce gives the first message."""

        async def work() -> Sent:
            channel = await self._open(target)
            if message.card is None:
                return await self._send_plain(channel, message.files, nonce)
            card = _card(message)
            sent = await channel.send(
                view=layout(card, self._words, mark=mark_of(nonce)),
                files=discord_files(card),
                nonce=nonce[-MAX_NONCE:],
                allowed_mentions=_allowed(message),
            )
            await self._send_files(channel, message.files, nonce)
            return Sent(sent.channel.id, sent.id)

        return await self._try(target, work)

    async def edit(self, target: Target, message_id: int, message: OutMessage) -> None:
        """Put a card in the place of an earlier one."""

        async def work() -> None:
            channel = await self._open(target)
            card = _card(message)
            await channel.get_partial_message(message_id).edit(
                view=layout(card, self._words),
                attachments=discord_files(card),
                allowed_mentions=discord.AllowedMentions.none(),
            )

        await self._try(target, work)

    async def delete(self, target: Target, message_id: int) -> None:
        async def work() -> None:
            channel = await self._open(target)
            await channel.get_partial_message(message_id).delete()

        await self._try(target, work)

    async def find_own(self, target: Target, since: datetime, nonce: str) -> Sent | None:
        """Look through the history since `since` for our message with this nonce's mark."""
        wanted = mark_of(nonce)

        async def work() -> Sent | None:
            channel = await self._open(target)
            async for message in channel.history(after=since, limit=_HISTORY, oldest_first=True):
                ours = self._client.user is not None and message.author.id == self._client.user.id
                if ours and (
                    any(getattr(part, "id", None) == wanted for part in message.components)
                    or any(file.description == str(wanted) for file in message.attachments)
                    or message.nonce == nonce
                ):
                    return Sent(message.channel.id, message.id)
            return None

        return await self._try(target, work)

    async def _open(self, target: Target) -> "discord.DMChannel | discord.PartialMessageable":
        if target.kind == "dm":
            return await self._client.create_dm(discord.Object(target.id))
        return self._client.get_partial_messageable(target.id)

    async def _send_plain(
        self, channel: "discord.DMChannel | discord.PartialMessageable", files: Sequence[SentFile], nonce: str
    ) -> Sent:
        """Send one file as the message itself; its description carries the mark, as a card's first part does."""
        file = files[0]
        sent = await channel.send(
            file=discord.File(io.BytesIO(file.data), file.filename, description=str(mark_of(nonce))),
            nonce=nonce[-MAX_NONCE:],
            allowed_mentions=discord.AllowedMentions.none(),
        )
        return Sent(sent.channel.id, sent.id)

    async def _send_files(
        self, channel: "discord.DMChannel | discord.PartialMessageable", files: Sequence[SentFile], nonce: str
    ) -> None:
        """Send each file in a plain message: only there the client shows a player."""
        for index, file in enumerate(files):
            await channel.send(
                file=discord.File(io.BytesIO(file.data), file.filename), nonce=f"{nonce[-(MAX_NONCE - 2) :]}f{index}"
            )

    async def _try(self, target: Target, work: Callable[[], Awaitable[Done]]) -> Done:
        if self._must_stop():
            raise SendFailed(Policy.WAIT, "too many refused answers", ui_rules().refused_answers_window_s)
        async with self._dms if target.kind == "dm" else self._channels:
            try:
                try:
                    return await work()
                except discord.HTTPException as error:
                    if classify(error).policy is not Policy.UNARCHIVE:
                        raise
                    await self._unarchive(target.id)
                    return await work()
            except (discord.DiscordException, OSError, TimeoutError) as error:
                raise as_send_failure(error) from error

    async def _unarchive(self, channel_id: int) -> None:
        thread = await self._client.fetch_channel(channel_id)
        if isinstance(thread, discord.Thread):
            await thread.edit(archived=False)


def mark_of(nonce: str) -> int:
    """Return the component number that stands for a nonce: 31 bits, never one of the small automatic ones."""
    return int.from_bytes(hashlib.sha256(nonce.encode()).digest()[:4], "big") & 0x7FFFFFFF | 0x10000


def _card(message: OutMessage) -> Card:
    if not isinstance(message.card, Card):
        raise TypeError("a delivery's card is a bot.say.card.Card")
    return message.card


def _allowed(message: OutMessage) -> discord.AllowedMentions:
    if message.allowed_mention is None:
        return discord.AllowedMentions.none()
    return discord.AllowedMentions(
        everyone=False, roles=False, replied_user=False, users=[discord.Object(message.allowed_mention)]
    )
