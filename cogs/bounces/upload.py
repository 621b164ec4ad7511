"""Bounces that come as attachments: by command, or from the menu of a message."""

import asyncio
from dataclasses import replace

import discord

from bot.bounces import facts as wording
from bot.bounces.cards import trouble_words
from bot.bounces.trouble import CannotMeasure
from bot.bounces.uploads import Upload, is_audio_name
from bot.errors import NotFound, Refused
from bot.say.card import Accent, Card, note
from bot.ui import progress
from bot.ui.base import Interaction, Turn
from bot.ui.works import Work
from cogs.phases.commands import with_open_offer


async def log_attachment(turn: Turn, file: discord.Attachment, loop_id: str | None, remark: str) -> None:
    """Download, measure and log an uploaded file for the turn's owner; the card is the answer."""
    services, words, owner = turn.services, turn.words, turn.owner
    if loop_id is not None and await services.bounces.service.loop(owner, loop_id) is None:
        raise NotFound("loop", "/loop list")
    uploads = services.bounces.uploads
    if not is_audio_name(file.filename):
        raise Refused("bounce_unreadable", name=file.filename, reason=trouble_words(words, "not_audio"))
    if file.size > uploads.most_bytes:
        raise Refused(
            "bounce_too_large",
            name=file.filename,
            size=wording.size(file.size),
            limit=wording.size(uploads.most_bytes),
        )
    key = f"upload-{file.id}"
    settings = await services.studio.guild_settings(turn.guild) if turn.guild is not None else None
    keep_audio = settings is not None and settings.keep_audio

    async def job(work: Work) -> Card:
        work.step(words("bounce.new.working"))
        place = uploads.place(owner, key, file.filename)
        try:
            await asyncio.to_thread(place.write_bytes, await file.read())
            logged = await uploads.take(
                turn.actor,
                owner,
                Upload(file.filename, place, loop_id=loop_id, note=remark, keep_audio=keep_audio),
                key=key,
            )
        except CannotMeasure as error:
            raise Refused("bounce_unreadable", name=file.filename, reason=trouble_words(words, error.trouble)) from None
        finally:
            await asyncio.to_thread(place.unlink, True)
        card = await services.bounces.messages.card(owner, logged.bounce.id, words=words)
        if logged.is_new:
            return await with_open_offer(turn, card) if owner == turn.person else card
        return replace(card, lead=words("bounce.new.known"), accent=Accent.IDLE)

    await progress.run(turn, "bounce upload", job)


async def log_as_bounce(interaction: Interaction, message: discord.Message) -> None:
    """Context menu: log the first audio file of a message."""
    turn = Turn.of(interaction)
    for file in message.attachments:
        if is_audio_name(file.filename):
            await log_attachment(turn, file, None, "")
            return
    await turn.reply(note(turn.words("bounce.new.not_audio_file")), ephemeral=True)
