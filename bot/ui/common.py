"""Controls every area uses: edit a form again, remove a post, show as text, put away. All by the id alone."""

import io
from collections.abc import Iterator, Mapping
from datetime import timedelta
from typing import Any

import discord

from bot.errors import NotAllowed
from bot.say.card import Button, note
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import NO_MENTIONS, Press, Turn
from bot.ui.controls import control
from bot.ui.errors import Expired
from bot.ui.items import Who


@control("ui", "again", who=Who.ANYONE, opens_form=True)
async def edit_again(press: Press) -> None:
    """Open a form with everything that was typed."""
    form = press.edge.forms.kept(press.person, press.id, press.now)
    if form is None:
        raise Expired("old_form")
    await press.open(form)


def undo_button(turn: Turn, group_id: str) -> Button:
    """Return the Undo of a change that was just made; only who made it may press, for 10 minutes."""
    until = turn.now + timedelta(minutes=turn.edge.rules.undo_minutes)
    return Button("ui", "undo", turn.words("card.undo"), id=group_id, owner=turn.owner, expires_at=until)


def text_button(words: Words, owner: int | None = None) -> Button:
    """Return "As text": the card's plain twin, made from the message itself."""
    return Button("ui", "text", words("card.text"), owner=owner)


@control("ui", "undo", who=Who.OWNER, does=Does.SEE)
async def undo(press: Press) -> None:
    """Take back one group of changes; refused when somebody changed the thing since."""
    await press.services.changes.undo(press.actor, press.owner, press.id)
    await press.update(note(press.words("card.undone")))


@control("ui", "remove", who=Who.MANAGER)
async def remove(press: Press) -> None:
    """Take a public post away; its owner and managers may."""
    message = press.interaction.message
    if message is not None:
        await _may_remove(press, message.id)
    await press.defer()
    await press.interaction.delete_original_response()
    if message is not None:
        await press.services.posted.taken_away(press.actor, message.id)


async def _may_remove(press: Press, message_id: int) -> None:
    """Hold the button against what is known of the card: whose it is, who posted it, who manages here."""
    card = await press.services.posted.by_message(message_id)
    if card is None or press.person in (card.owner, card.posted_by):
        return
    if not await press.services.studio.is_manager(press.standing):
        raise NotAllowed("needs_manager")


@control("ui", "dismiss", who=Who.OWNER, does=Does.SEE)
async def dismiss(press: Press) -> None:
    """Put a question away: "Not now" changes nothing."""
    await press.update(note(press.words("card.put_away")))


@control("ui", "text", who=Who.ANYONE)
async def show_as_text(press: Press) -> None:
    """Give a card's texts and the words of its pictures as a plain file."""
    message = press.interaction.message
    words = "\n".join(_texts([part.to_dict() for part in message.components])) if message else ""
    await press.defer()
    await press.interaction.followup.send(
        file=discord.File(io.BytesIO(words.encode()), "card.txt"),
        ephemeral=True,
        allowed_mentions=NO_MENTIONS,
    )


def _texts(parts: list[Any]) -> Iterator[str]:
    for part in parts:
        node: Mapping[str, Any] = part
        if node.get("content"):
            yield str(node["content"])
        for item in node.get("items", ()):
            if item.get("description"):
                yield str(item["description"])
        yield from _texts(list(node.get("components", ())))
