"""`/bounce`: list, show, new, edit, delete; the buttons of a bounce card. More and folders have their own files."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any
from zoneinfo import ZoneInfo

import discord
from discord import app_commands

from bot.bounces import facts as wording
from bot.bounces.model import Bounce, BounceTag, Filter
from bot.bounces.source import CannotMeasure
from bot.bounces.uploads import Upload, is_audio_name
from bot.errors import Refused
from bot.ports import SendFailed, Target, TargetKind
from bot.ui import progress
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.bounce_cards import TAG_ICONS, trouble_words
from bot.ui.commands import Entity, StudioCog, choices, group, verb
from bot.ui.common import undo_button
from bot.ui.items import Who, control, form
from bot.ui.model import (
    Accent,
    Button,
    Card,
    Option,
    OutFile,
    Section,
    Select,
    SelectKind,
    join,
    note,
    raw,
)
from bot.ui.pager import Page, Pager
from bot.ui.strings import Words
from bot.ui.works import Work
from cogs import bounce_folders, bounce_more, bounce_slices
from cogs.bounce_forms import open_edit, option_label
from cogs.bounce_slices import refresh_posts
from cogs.phases import with_open_offer

PARTS = (bounce_more, bounce_slices, bounce_folders)
_DAYS = 3650


class BounceOption(Entity):
    """The person's bounces, by autocomplete."""

    thing, list_command, opens = "bounce", "/bounce list", ("bounce", "show")

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        found = await turn.services.bounces.service.list(turn.person, Filter(text=typed.strip()), 25)
        return [Option(option_label(bounce, turn.words), bounce.id) for bounce in found]


class LinkableLoop(Entity):
    """The person's loops, as far as bounces may be linked to them."""

    thing, list_command = "loop", "/loop list"

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        return [Option(loop.name, loop.id) for loop in await turn.services.bounces.service.loops(turn.person, typed)]


@group("bounce", where="SDU")
class Bounces(StudioCog):
    """Every finished export."""

    def __init__(self, bot: Any) -> None:
        super().__init__(bot)
        self._menu = app_commands.ContextMenu(name="Log as bounce", callback=log_as_bounce)
        self._menu.allowed_contexts = app_commands.AppCommandContext(guild=True, dm_channel=True, private_channel=True)
        self._menu.allowed_installs = app_commands.AppInstallationType(guild=True, user=True)

    async def cog_load(self) -> None:
        self.bot.tree.add_command(self._menu)

    async def cog_unload(self) -> None:
        self.bot.tree.remove_command(self._menu.name, type=self._menu.type)

    @verb("list")
    @choices("tag", BounceTag)
    async def list(
        self,
        interaction: Interaction,
        loop: app_commands.Transform[str, LinkableLoop] | None = None,
        tag: str | None = None,
        since: app_commands.Range[int, 1, _DAYS] | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await BOUNCES.show(turn, write_filter(loop, tag, since)))

    @verb("show")
    async def show(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        turn = Turn.of(interaction)
        card = await turn.services.bounces.messages.card(turn.person, bounce, words=turn.words)
        await turn.reply(await with_open_offer(turn, card))

    @verb("new")
    async def new(
        self,
        interaction: Interaction,
        file: discord.Attachment,
        loop: app_commands.Transform[str, LinkableLoop] | None = None,
        note: app_commands.Range[str, 1, 1000] | None = None,
    ) -> None:
        await log_attachment(Turn.of(interaction), file, loop, note or "")

    @verb("edit", opens_form=True)
    async def edit(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        await open_edit(Turn.of(interaction), bounce)

    @verb("delete")
    async def delete(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        await delete_bounce(Turn.of(interaction), bounce)

    @verb("folder", where="SD")
    async def folder(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        turn.services.studio.require_operator(turn.person)
        await turn.reply(await bounce_folders.panel(turn))


# ---------------------------------------------------------------- lists


def write_filter(loop: str | None, tag: str | None, since_days: int | None, *, is_deleted: bool = False) -> str:
    """Return a filter as a short word for the page controls."""
    parts = [f"l{loop}" if loop else "", f"t{tag}" if tag else "", f"d{since_days}" if since_days else ""]
    return "bin" if is_deleted else ",".join(part for part in parts if part)


def read_filter(text: str, turn: Turn) -> Filter:
    if text == "bin":
        return Filter(is_deleted=True)
    found = Filter()
    for part in text.split(","):
        kind, value = part[:1], part[1:]
        match kind:
            case "l":
                found = replace(found, loop_id=value)
            case "t":
                found = replace(found, tag=BounceTag(value))
            case "d":
                found = replace(found, since=turn.now - timedelta(days=int(value)))
            case _:
                pass
    return found


async def _count(turn: Turn, text: str) -> int:
    return await turn.services.bounces.service.count(turn.person, read_filter(text, turn))


async def _rows(turn: Turn, text: str, offset: int, limit: int) -> Sequence[Bounce]:
    return await turn.services.bounces.service.list(turn.person, read_filter(text, turn), limit, offset)


def list_card(page: Page[Bounce], words: Words) -> Card:
    """Return one page of the catalogue, with a list to open one."""
    if page.filter == "bin":
        return bin_card(page, words)
    lines = [bounce_line(bounce, words) for bounce in page.rows]
    options = [Option(option_label(bounce, words), bounce.id) for bounce in page.rows]
    return Card(
        title=words("bounce.list.title"),
        lead=words("bounce.list.lead", count=page.total),
        sections=[Section(None, lines)],
        rows=[
            Select("bounce", "show", words("bounce.list.pick"), options),
            [
                Button("bounce", "numbers", words("bounce.list.numbers")),
                Button("bounce", "export", words("bounce.list.csv"), arg="csv"),
                Button("bounce", "export", words("bounce.list.json"), arg="json"),
                Button("bounce", "bin", words("bounce.list.bin")),
            ],
        ],
    )


def bin_card(page: Page[Bounce], words: Words) -> Card:
    lines = [
        words("bounce.bin.line", title=bounce.title, version=bounce.version_name, when=bounce.deleted_at)
        for bounce in page.rows
    ]
    options = [Option(option_label(bounce, words), bounce.id) for bounce in page.rows]
    return Card(
        title=words("bounce.bin.title"),
        lead=words("bounce.bin.lead", count=page.total),
        sections=[Section(None, lines)],
        rows=[Select("bounce", "restore", words("bounce.card.restore"), options)],
    )


def bounce_line(bounce: Bounce, words: Words) -> str:
    tag = words(f"bounce.tag.{bounce.tag or 'none'}")
    return words(
        "bounce.list.line",
        title=bounce.title,
        version=bounce.version_name,
        length=wording.clock(bounce.facts.duration_s),
        tag=raw(f"{tag} {TAG_ICONS[bounce.tag]}") if bounce.tag else tag,
        when=bounce.bounced_at,
    )


def no_bounces(text: str, words: Words) -> Card:
    if text == "bin":
        return note(words("bounce.bin.empty"))
    return note(words("bounce.list.none" if text else "bounce.list.empty"))


BOUNCES: Pager[Bounce] = Pager("bounce", "list", _count, _rows, list_card, no_bounces)


@control("bounce", "bin", who=Who.ANYONE)
async def show_bin(press: Press) -> None:
    await press.reply(await BOUNCES.show(press, "bin"))


@control("bounce", "numbers", who=Who.ANYONE)
async def show_numbers(press: Press) -> None:
    """Statistics of one's own catalogue."""
    words = press.words
    zone: ZoneInfo = await press.services.studio.zone(press.person, press.guild)
    numbers = await press.services.bounces.service.statistics(press.person, zone)
    waiting = await press.services.bounces.service.loops_without(press.person)
    weeks = [
        words("bounce.numbers.week", monday=monday, count=count, minutes=f"{minutes:g}")
        for monday, count, minutes in numbers.weeks
    ]
    tags = [
        words("bounce.numbers.tag", tag=words(f"bounce.tag.{tag or 'none'}"), count=count)
        for tag, count in numbers.by_tag
    ]
    extra: list[str] = []
    if numbers.versions_to_keeper is not None:
        extra.append(words("bounce.numbers.keeper", versions=f"{numbers.versions_to_keeper:g}"))
    if waiting:
        extra.append(words("bounce.numbers.waiting", loops=join(", ", [loop.name for loop in waiting[:5]])))
    lead = words(
        "bounce.numbers.lead", count=numbers.bounces, families=numbers.families, minutes=f"{numbers.minutes:g}"
    )
    sections = [Section(words("bounce.numbers.weeks"), weeks), Section(words("bounce.numbers.tags"), tags)]
    await press.reply(Card(words("bounce.numbers.title"), lead=lead, sections=sections, next_lines=extra))


@control("bounce", "export", who=Who.ANYONE)
async def export(press: Press) -> None:
    """The whole catalogue as a file."""
    kind = "json" if press.arg == "json" else "csv"
    data = await press.services.bounces.service.export(press.person, kind)
    name = f"bounces.{kind}"
    await press.reply(Card(press.words("bounce.list.title"), files=[OutFile(name, data)]))


# ---------------------------------------------------------------- one bounce


@control("bounce", "show", who=Who.ANYONE)
async def show_one(press: Press) -> None:
    """Show one of the person's own, from a list or from a question which one."""
    bounce_id = press.values[0] if press.values else press.id
    card = await press.services.bounces.messages.card(press.person, bounce_id, words=press.words)
    await press.reply(await with_open_offer(press, card))


async def show_change(press: Turn, bounce: Bounce, told: str, group_id: str) -> None:
    """Say what changed, with Undo, and refresh the cards that stand somewhere."""
    await press.reply(note(told, [undo_button(press, group_id)]), ephemeral=True)
    press.edge.supervisor.spawn(f"refresh bounce {bounce.id[-6:]}", refresh_posts(press, press.person, bounce.id))


@control("bounce", "tag")
async def choose_tag(press: Press) -> None:
    bounce = await press.services.bounces.service.get(press.person, press.id)
    words = press.words
    options = [
        Option(words(f"bounce.tag.{tag}"), str(tag), emoji=TAG_ICONS[tag], default=bounce.tag is tag)
        for tag in BounceTag
    ]
    options.append(Option(words("bounce.tag.none"), "none", default=bounce.tag is None))
    select = Select("bounce", "tagged", words("bounce.pick.tag"), options, bounce.id, owner=press.person)
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "tagged")
async def tagged(press: Press) -> None:
    value = press.values[0] if press.values else "none"
    changed = await press.services.bounces.service.edit(
        press.actor, press.person, press.id, tag=None if value == "none" else BounceTag(value)
    )
    name = press.words(f"bounce.tag.{value}")
    told = press.words("bounce.told.tagged", name=changed.bounce.title, tag=name)
    await show_change(press, changed.bounce, told, changed.group_id)


@control("bounce", "link")
async def choose_loop(press: Press) -> None:
    words = press.words
    bounce = await press.services.bounces.service.get(press.person, press.id)
    loops = await press.services.bounces.service.loops(press.person, "")
    if not loops and bounce.loop_id is None:
        await press.reply(note(words("bounce.told.no_loops")), ephemeral=True)
        return
    options = [Option(loop.name, loop.id, default=loop.id == bounce.loop_id) for loop in loops[:24]]
    options.append(Option(words("bounce.pick.no_loop"), "none", default=bounce.loop_id is None))
    select = Select("bounce", "linked", words("bounce.pick.loop"), options, bounce.id, owner=press.person)
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "linked")
async def linked(press: Press) -> None:
    value = press.values[0] if press.values else "none"
    services = press.services
    loop_id = None if value == "none" else value
    changed = await services.bounces.service.edit(press.actor, press.person, press.id, loop_id=loop_id)
    if changed.bounce.loop_id is None:
        told = press.words("bounce.told.unlinked", name=changed.bounce.title)
    else:
        loop = await services.bounces.service.loop(press.person, changed.bounce.loop_id)
        told = press.words("bounce.told.linked", name=changed.bounce.title, loop="" if loop is None else loop.name)
    await show_change(press, changed.bounce, told, changed.group_id)


@control("bounce", "post")
async def choose_channel(press: Press) -> None:
    """Post the card, with its audio, in a channel of this server; elsewhere here by the token alone."""
    bounce = await press.services.bounces.service.get(press.person, press.id)
    if press.guild is None or not press.interaction.is_guild_integration():
        await press.post(await press.services.bounces.messages.card(press.person, bounce.id))
        return
    select = Select(
        "bounce", "posted", press.words("bounce.pick.channel"), id=bounce.id, kind=SelectKind.CHANNEL,
        owner=press.person,
    )  # fmt: skip
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


@control("bounce", "posted")
async def post(press: Press) -> None:
    channel_id = int(press.values[0])
    channel = press.interaction.guild.get_channel(channel_id) if press.interaction.guild else None
    member = press.interaction.user
    may = (
        isinstance(channel, discord.TextChannel)
        and isinstance(member, discord.Member)
        and channel.permissions_for(member).send_messages
    )
    if not may:
        raise Refused("bounce_no_channel")
    bounce = await press.services.bounces.service.get(press.person, press.id)
    await press.services.bounces.service.post(
        press.actor, press.person, bounce.id, channel_id, audio=True, key=press.key
    )
    told = press.words("bounce.told.posted", name=bounce.title, channel=raw(f"<#{channel_id}>"))
    await press.reply(note(told), ephemeral=True)


@control("bounce", "delete")
async def delete_pressed(press: Press) -> None:
    await delete_bounce(press, press.id)


async def delete_bounce(turn: Turn, bounce_id: str) -> None:
    """Put a bounce into the bin and take its posts away, card and audio together."""
    services = turn.services
    posts = await services.bounces.service.posts(turn.person, bounce_id)
    changed = await services.bounces.service.delete(turn.actor, turn.person, bounce_id)
    told = turn.words("bounce.told.deleted", name=changed.bounce.title)
    await turn.reply(note(told, [undo_button(turn, changed.group_id)]), ephemeral=True)
    for post_ in posts:
        for message_id in (post_.message_id, post_.audio_message_id):
            if message_id is not None:
                try:
                    await services.outbox.sender.delete(Target(TargetKind.CHANNEL, post_.channel_id), message_id)
                except SendFailed:
                    continue


@control("bounce", "restore", who=Who.ANYONE)
async def restore(press: Press) -> None:
    bounce_id = press.values[0] if press.values else press.id
    changed = await press.services.bounces.service.restore(press.actor, press.person, bounce_id)
    told = press.words("bounce.told.restored", name=changed.bounce.title)
    await press.reply(note(told, [undo_button(press, changed.group_id)]), ephemeral=True)


@form("bounce", "save", who=Who.ANYONE)
async def save(submit: Submit) -> None:
    services, values = submit.services, submit.values
    typed_loop = values.text("loop")
    loop_id: str | None = None
    if typed_loop:
        found = [
            loop
            for loop in await services.bounces.service.loops(submit.person, typed_loop)
            if loop.name.casefold() == typed_loop.casefold()
        ]
        if not found:
            raise Refused("bounce_loop", typed=typed_loop)
        loop_id = found[0].id
    tag = values.choice("tag") or "none"
    changed = await services.bounces.service.edit(
        submit.actor,
        submit.person,
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


# ---------------------------------------------------------------- coming in


async def log_attachment(turn: Turn, file: discord.Attachment, loop_id: str | None, remark: str) -> None:
    """Download, measure and log an uploaded file; the card is the answer."""
    services, words = turn.services, turn.words
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

    async def job(work: Work) -> Card:
        work.step(words("bounce.new.working"))
        place = uploads.place(key, file.filename)
        try:
            await asyncio.to_thread(place.write_bytes, await file.read())
            logged = await uploads.take(
                turn.actor,
                turn.person,
                Upload(file.filename, place, loop_id=loop_id, note=remark),
                key=key,
            )
        except CannotMeasure as error:
            raise Refused("bounce_unreadable", name=file.filename, reason=trouble_words(words, error.trouble)) from None
        finally:
            await asyncio.to_thread(place.unlink, True)
        card = await services.bounces.messages.card(turn.person, logged.bounce.id, words=words)
        if logged.is_new:
            return await with_open_offer(turn, card)
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


async def setup(bot: Any) -> None:
    await bot.add_cog(Bounces(bot))
