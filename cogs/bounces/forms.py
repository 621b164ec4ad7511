"""What several files of `/bounce` need: whose bounce it is, its label in lists, Undo, the form to edit one."""

from collections import OrderedDict
from datetime import datetime, timedelta

import discord

from bot.actors import OwnerId
from bot.bounces import facts as wording
from bot.bounces.messages import POSTED
from bot.bounces.model import Bounce, BounceTag
from bot.errors import NotFound
from bot.say.card import Button, Option, note, plain
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import custom_ids, parse_custom_id


async def whose(turn: Press | Submit, does: Does = Does.EDIT, named: str = "") -> OwnerId:
    """Return whose bounces a press is about: a server's where its roles let the person do this, else their own.

    `named` is an owner in the argument of a form, which has no mark of its own. Raises NotAllowed, NotFound.
    """
    owner = int(named) if named else turn.target.owner
    if owner is None or owner == turn.person or not await turn.services.studio.is_server(owner):
        return turn.person
    await turn.act_for(owner, "bounce", does)
    return owner


async def owner_of(turn: Turn, bounce_id: str, does: Does) -> OwnerId:
    """Return whose bounce was chosen by its id alone. Raises NotFound, NotAllowed where it is not theirs to do this."""
    owner = await turn.services.bounces.service.owner_of(bounce_id)
    if owner is not None and owner != turn.person:
        if not await turn.services.studio.is_server(owner):
            raise NotFound("bounce", "/bounce list")
        await turn.act_for(owner, "bounce", does)
        return owner
    return turn.person


_SHOWN: OrderedDict[tuple[int, str], datetime] = OrderedDict()
"""Who was shown a card of a bounce that is not theirs, and until when they may go on from it without a new press."""
_SHOWN_FOR = timedelta(minutes=15)
_SHOWN_AT_MOST = 2_000


def _remember(turn: Press | Submit, bounce_id: str) -> None:
    _SHOWN[turn.person, bounce_id] = turn.now + _SHOWN_FOR
    _SHOWN.move_to_end((turn.person, bounce_id))
    while len(_SHOWN) > _SHOWN_AT_MOST:
        _SHOWN.popitem(last=False)


async def seen_by(turn: Press | Submit, owner: OwnerId, bounce_id: str) -> None:
    """Raise NotFound unless the bounce is theirs, or a card of it stands where they can read it."""
    if owner == turn.person or await is_of_team(turn, owner, Does.SEE):
        return
    message = turn.interaction.message
    if message is not None and not message.flags.ephemeral:
        for known in filter(None, map(parse_custom_id, custom_ids(message))):
            if known.area == "bounce" and known.id == bounce_id and known.owner == owner:
                # They pressed on a card of it that stands there for everybody; what follows is seen by them alone.
                _remember(turn, bounce_id)
                return
    if _SHOWN.get((turn.person, bounce_id), turn.now) > turn.now:
        return
    guild, member = turn.interaction.guild, turn.interaction.user
    for post in await turn.services.posted.of(owner, POSTED, bounce_id):
        channel = guild.get_channel_or_thread(post.channel_id) if guild is not None else None
        if channel is not None and isinstance(member, discord.Member) and channel.permissions_for(member).view_channel:
            return
    raise NotFound("bounce", "/bounce list")


async def is_of_team(turn: Press | Submit, owner: OwnerId, does: Does, area: str = "bounce") -> bool:
    """Tell whether a server owns it whose roles let the person do this; they see no more of it than they may."""
    studio = turn.services.studio
    return await studio.is_server(owner) and await studio.may(await turn.standing_with(owner), area, does)


def undo_bounce(turn: Turn, owner: OwnerId, group_id: str) -> Button:
    """Return the Undo of a change in somebody's catalogue; only who made it may press, for 10 minutes."""
    until = turn.now + timedelta(minutes=turn.edge.rules.undo_minutes)
    return Button(
        "bounce", "undo", turn.words("card.undo"), group_id, arg=str(owner), owner=turn.person, expires_at=until
    )


@control("bounce", "undo")
async def undo(press: Press) -> None:
    """Take a change back; history knows who made it, and refuses anybody else."""
    await press.services.changes.undo(press.actor, OwnerId(int(press.arg)), press.id)
    await press.update(note(press.words("card.undone")))


def option_label(bounce: Bounce, words: Words) -> str:
    tag = words(f"bounce.tag.{bounce.tag or 'none'}")
    return f"{bounce.title} · v{bounce.number} · {wording.clock(bounce.facts.duration_s)} · {plain(tag)}"


async def open_edit(turn: Turn, owner: OwnerId, bounce_id: str) -> None:
    """Open the form of a bounce with what it has now."""
    words, service = turn.words, turn.services.bounces.service
    bounce = await service.get(owner, bounce_id)
    loop = await service.loop(owner, bounce.loop_id) if bounce.loop_id is not None else None
    tags = [Option(words(f"bounce.tag.{tag}"), str(tag)) for tag in BounceTag]
    tags.append(Option(words("bounce.tag.none"), "none"))
    await turn.open(
        Form(
            "bounce", "save", words("bounce.form.edit"), id=bounce.id, arg=str(owner),
            fields=[
                Field("title", words("bounce.form.title"), words("bounce.form.title_help"), value=bounce.title,
                      max_length=100),
                Field("tag", words("bounce.form.tag"), kind=FieldKind.SELECT, options=tags,
                      value=str(bounce.tag or "none")),
                Field("loop", words("bounce.form.loop"), words("bounce.form.loop_help"), required=False,
                      value="" if loop is None else loop.name),
                Field("note", words("bounce.form.note"), words("bounce.form.note_help"), kind=FieldKind.PARAGRAPH,
                      value=bounce.note, required=False, max_length=1000),
                Field("free", words("bounce.form.free"), words("bounce.form.free_help"), required=False,
                      value=" ".join(bounce.free_tags), max_length=250),
            ],
        )
    )  # fmt: skip
