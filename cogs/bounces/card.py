"""The buttons of a bounce card: tag, link to a loop, post, delete; and the form of its words."""

from bot.actors import OwnerId
from bot.bounces.cards import TAG_ICONS
from bot.bounces.messages import POSTED, SHARED
from bot.bounces.model import Bounce, BounceTag
from bot.errors import Refused
from bot.posted_model import Shows
from bot.say.card import Card, Option, Select, SelectKind, note, raw
from bot.studio.roles import Does
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.items import Who
from bot.ui.places import must_be_theirs
from cogs.bounces.forms import owner_of, undo_bounce, whose
from cogs.phases.commands import with_open_offer


@control("bounce", "show", who=Who.ANYONE)
async def show_one(press: Press) -> None:
    """Show one of the person's own or of a server's, from a list or from a question which one."""
    bounce_id = press.values[0] if press.values else press.id
    await show_bounce(press, await owner_of(press, bounce_id, Does.SEE), bounce_id)


async def show_bounce(turn: Turn, owner: OwnerId, bounce_id: str) -> None:
    """Answer with the card of a bounce; one's own carries what is on offer for oneself."""
    card = await turn.services.bounces.messages.card(owner, bounce_id, words=turn.words)
    await turn.reply(await with_open_offer(turn, card) if owner == turn.person else card)


async def show_change(press: Turn, bounce: Bounce, told: str, group_id: str) -> None:
    """Say what changed, with Undo; cards that stand somewhere follow by themselves."""
    await press.reply(note(told, [undo_bounce(press, bounce.owner_id, group_id)]), ephemeral=True)


@control("bounce", "tag")
async def choose_tag(press: Press) -> None:
    owner = await whose(press)
    bounce = await press.services.bounces.service.get(owner, press.id)
    words = press.words
    options = [
        Option(words(f"bounce.tag.{tag}"), str(tag), emoji=TAG_ICONS[tag], default=bounce.tag is tag)
        for tag in BounceTag
    ]
    options.append(Option(words("bounce.tag.none"), "none", default=bounce.tag is None))
    select = Select("bounce", "tagged", words("bounce.pick.tag"), options, bounce.id, owner=owner)
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "tagged")
async def tagged(press: Press) -> None:
    value = press.values[0] if press.values else "none"
    changed = await press.services.bounces.service.edit(
        press.actor, await whose(press), press.id, tag=None if value == "none" else BounceTag(value)
    )
    name = press.words(f"bounce.tag.{value}")
    told = press.words("bounce.told.tagged", name=changed.bounce.title, tag=name)
    await show_change(press, changed.bounce, told, changed.group_id)


@control("bounce", "link")
async def choose_loop(press: Press) -> None:
    words, owner = press.words, await whose(press)
    bounce = await press.services.bounces.service.get(owner, press.id)
    loops = await press.services.bounces.service.loops(owner, "")
    if not loops and bounce.loop_id is None:
        await press.reply(note(words("bounce.told.no_loops")), ephemeral=True)
        return
    options = [Option(loop.name, loop.id, default=loop.id == bounce.loop_id) for loop in loops[:24]]
    options.append(Option(words("bounce.pick.no_loop"), "none", default=bounce.loop_id is None))
    select = Select("bounce", "linked", words("bounce.pick.loop"), options, bounce.id, owner=owner)
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "linked")
async def linked(press: Press) -> None:
    value = press.values[0] if press.values else "none"
    services, owner = press.services, await whose(press)
    loop_id = None if value == "none" else value
    changed = await services.bounces.service.edit(press.actor, owner, press.id, loop_id=loop_id)
    if changed.bounce.loop_id is None:
        told = press.words("bounce.told.unlinked", name=changed.bounce.title)
    else:
        loop = await services.bounces.service.loop(owner, changed.bounce.loop_id)
        told = press.words("bounce.told.linked", name=changed.bounce.title, loop="" if loop is None else loop.name)
    await show_change(press, changed.bounce, told, changed.group_id)


@control("bounce", "post")
async def choose_channel(press: Press) -> None:
    """Post the card, with its audio, in a channel of this server; elsewhere here by the token alone."""
    owner = await whose(press)
    bounce = await press.services.bounces.service.get(owner, press.id)
    if press.guild is None or not press.interaction.is_guild_integration():
        card = await press.services.bounces.messages.card(owner, bounce.id)
        await press.post(card, Shows(owner, POSTED, bounce.id, look=SHARED))
        return
    select = Select(
        "bounce", "posted", press.words("bounce.pick.channel"), id=bounce.id, kind=SelectKind.CHANNEL,
        owner=owner,
    )  # fmt: skip
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "posted")
async def post(press: Press) -> None:
    channel_id = int(press.values[0])
    await must_be_theirs(press, channel_id)
    owner = await whose(press)
    bounce = await press.services.bounces.service.get(owner, press.id)
    await press.services.bounces.service.post(press.actor, owner, bounce.id, channel_id, audio=True, key=press.key)
    told = press.words("bounce.told.posted", name=bounce.title, channel=raw(f"<#{channel_id}>"))
    await press.reply(note(told), ephemeral=True)


@control("bounce", "delete", does=Does.DELETE)
async def delete_pressed(press: Press) -> None:
    await delete_bounce(press, await whose(press, Does.DELETE), press.id)


async def delete_bounce(turn: Turn, owner: OwnerId, bounce_id: str) -> None:
    """Put a bounce into the bin; its posted cards go, each with its audio."""
    services = turn.services
    changed = await services.bounces.service.delete(turn.actor, owner, bounce_id)
    told = turn.words("bounce.told.deleted", name=changed.bounce.title)
    await turn.reply(note(told, [undo_bounce(turn, owner, changed.group_id)]), ephemeral=True)


@control("bounce", "restore", who=Who.ANYONE)
async def restore(press: Press) -> None:
    bounce_id = press.values[0] if press.values else press.id
    owner = await owner_of(press, bounce_id, Does.DELETE)
    changed = await press.services.bounces.service.restore(press.actor, owner, bounce_id)
    told = press.words("bounce.told.restored", name=changed.bounce.title)
    await press.reply(note(told, [undo_bounce(press, owner, changed.group_id)]), ephemeral=True)


@form("bounce", "save", who=Who.ANYONE)
async def save(submit: Submit) -> None:
    services, values, owner = submit.services, submit.values, await whose(submit, named=submit.arg)
    typed_loop = values.text("loop")
    loop_id: str | None = None
    if typed_loop:
        found = [
            loop
            for loop in await services.bounces.service.loops(owner, typed_loop)
            if loop.name.casefold() == typed_loop.casefold()
        ]
        if not found:
            raise Refused("bounce_loop", typed=typed_loop)
        loop_id = found[0].id
    tag = values.choice("tag") or "none"
    changed = await services.bounces.service.edit(
        submit.actor,
        owner,
        submit.id,
        title=values.text("title"),
        tag=None if tag == "none" else BounceTag(tag),
        loop_id=loop_id,
        note=values.text("note"),
        free_tags=values.text("free"),
    )
    await show_change(
        submit, changed.bounce, submit.words("bounce.told.edited", name=changed.bounce.title), changed.group_id
    )
