"""`/digest`: the weekly digest, its archive, settings, pausing, and the Markdown file."""

from typing import Any

import discord
from discord import app_commands

from bot.client import StudioBot
from bot.digest.cards import list_card, panel_card, public_card, stored_card
from bot.digest.model import IsoWeek
from bot.digest.service import Panel, Shown
from bot.errors import NotAllowed, NotFound, Refused
from bot.phases.cards import offer_rows
from bot.say.card import Button, Card, Option, OutFile, note
from bot.say.dates import week_span
from bot.say.when import Reading, TwoReadings, read_any
from bot.ui.base import Interaction, Press, Turn
from bot.ui.commands import Entity, StudioCog, group, verb
from bot.ui.confirm import ask
from bot.ui.controls import control
from bot.ui.items import Who
from bot.ui.panel import saved
from bot.ui.places import must_be_theirs
from cogs.digest.archive import ask_file, pack, pick_span, show_archive, take_over

NOW = "now"


class WeekOption(Entity):
    """A week, as "2025-W23"; stored ones by autocomplete. The command receives the text of the week."""

    thing, list_command = "digest", "/digest list"

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        digests = await turn.services.digests.stored(turn.person)
        wanted = typed.strip().casefold()
        options = [
            Option(f"{week_span(digest.week.monday, turn.words.locale)} · {digest.week}", str(digest.week))
            for digest in digests
        ]
        return [option for option in options if wanted in option.label.casefold()]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> str:
        week = IsoWeek.parse(str(value).strip())
        if week is None:
            raise Refused("digest_week", typed=str(value))
        return str(week)


@group("digest")
class Digests(StudioCog):
    """The weekly digest."""

    @verb("show")
    async def show(self, interaction: Interaction, week: app_commands.Transform[str, WeekOption] | None = None) -> None:
        turn = Turn.of(interaction)
        await _show(turn, await self.services.digests.show(turn.person, IsoWeek.parse(week) if week else None))

    @verb("list")
    async def list(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(list_card(await self.services.digests.stored(turn.person), turn.words, turn.person))

    @verb("edit", where="SD")
    async def edit(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await _panel(turn, await self.services.digests.panel(turn.person)))

    @verb("pause", where="SD")
    async def pause(self, interaction: Interaction, until: str | None = None) -> None:
        turn = Turn.of(interaction)
        await _pause(turn, until)

    @verb("resume", where="SD")
    async def resume(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        panel = await self.services.digests.resume(turn.actor, turn.person)
        await turn.reply(await _panel(turn, panel))

    @verb("export")
    async def export(self, interaction: Interaction, week: app_commands.Transform[str, WeekOption]) -> None:
        turn = Turn.of(interaction)
        await _file(turn, await self.services.digests.show(turn.person, IsoWeek.parse(week)))


# ---------------------------------------------------------------------- showing


async def _show(turn: Turn, shown: Shown) -> None:
    waveform = None
    if shown.picture is not None and shown.picture.source:
        waveform = await turn.services.digest_messages.waveform(turn.person, shown)
    can_post = turn.guild is not None
    card = stored_card(
        shown,
        turn.words,
        turn.person,
        waveform,
        can_plan=turn.services.digests.can_plan,
        can_post=can_post,
        offer=offer_rows(await turn.services.phases.open_offer(turn.person), turn.words, turn.person),
    )
    await turn.reply(card)


async def _of(turn: Turn, week: str) -> Shown:
    return await turn.services.digests.show(turn.person, None if week == NOW else IsoWeek.parse(week))


@control("digest", "open", who=Who.OWNER)
async def open_digest(press: Press) -> None:
    await _show(press, await press.services.digests.by_id(press.person, press.id))


@control("digest", "older", who=Who.OWNER)
async def older(press: Press) -> None:
    digests = await press.services.digests.stored(press.person)
    await press.update(list_card(digests, press.words, press.person, int(press.arg)))


@control("digest", "forget", who=Who.OWNER)
async def ask_forget(press: Press) -> None:
    """Ask before a digest is deleted: it is history, and can't be brought back."""
    shown = await press.services.digests.peek(press.person, press.values[0])
    if shown is None:
        raise NotFound("digest", "/digest list")
    week = week_span(shown.week.monday, press.words.locale)
    yes = Button("digest", "delete", press.words("digest.delete.yes", week=week), press.values[0])
    title, about = press.words("digest.delete.title", week=week), press.words("digest.delete.text")
    await ask(press, title, about, yes)


@control("digest", "delete", who=Who.OWNER)
async def delete(press: Press) -> None:
    await press.services.digests.delete(press.actor, press.person, press.id)
    await press.update(note(press.words("digest.delete.told")))


@control("digest", "file", who=Who.OWNER)
async def open_file(press: Press) -> None:
    await _file(press, await _of(press, press.id))


async def _file(turn: Turn, shown: Shown) -> None:
    name = shown.file_name.lower()
    title = turn.words("digest.file", week=week_span(shown.week.monday, turn.words.locale))
    await turn.reply(Card(title, files=[OutFile(name, shown.markdown.encode())]), ephemeral=True)


@control("digest", "post", who=Who.OWNER)
async def post(press: Press) -> None:
    """Post the public copy here: titles only, nothing private."""
    shown = await _of(press, press.id)
    if shown.public_card is None:
        raise NotFound("digest", "/digest show")
    card = public_card(shown.public_card, press.guild_words, press.person)
    await press.post(Card(card.title, lead=card.lead, facts=card.facts, sections=card.sections, meta=card.meta))


# ---------------------------------------------------------------------- buttons of the digest


@control("digest", "plan", who=Who.OWNER)
async def plan(press: Press) -> None:
    await _once(press, "plan")


@control("digest", "lighter", who=Who.OWNER)
async def lighter(press: Press) -> None:
    await _once(press, "lighter")


async def _once(press: Press, action: str) -> None:
    did = await press.services.digests.press_once(press.actor, press.person, press.id, action)
    await press.reply(note(press.words(f"digest.told.{action}" if did else "digest.told.before")), ephemeral=True)


@control("digest", "pause", who=Who.OWNER)
async def pause(press: Press) -> None:
    await _pause(press, None)


async def _pause(turn: Turn, until: str | None) -> None:
    at = None
    if until is not None:
        zone = await turn.services.studio.zone(turn.person, turn.guild)
        found = await read_any(until, turn.now, zone)
        if isinstance(found, TwoReadings):
            raise Refused("digest_until", typed=until)
        if not isinstance(found, Reading):
            raise Refused("digest_until", typed=until)
        at = found.at
    panel = await turn.services.digests.pause(turn.actor, turn.person, at)
    await turn.reply(saved(turn, await _panel(turn, panel), panel.group_id), ephemeral=True)


@control("digest", "settings", who=Who.OWNER)
async def settings(press: Press) -> None:
    await press.reply(await _panel(press, await press.services.digests.panel(press.person)), ephemeral=True)


# ---------------------------------------------------------------------- settings


async def _panel(turn: Turn, panel: Panel) -> Card:
    guild = turn.guild if turn.interaction.is_guild_integration() else None
    manager, server_on = False, False
    if guild is not None:
        manager = await turn.services.studio.is_manager(turn.standing)
        server_on = (await turn.services.studio.guild_settings(guild)).server_digest
    return panel_card(panel, turn.words, turn.person, guild, manager=manager, server_on=server_on)


async def _changed(press: Press, panel: Panel) -> None:
    await press.update(saved(press, await _panel(press, panel), panel.group_id))


@control("digest", "day", who=Who.OWNER)
async def pick_day(press: Press) -> None:
    panel = await press.services.digests.edit(press.actor, press.person, day=int(press.values[0]))
    await _changed(press, panel)


@control("digest", "hour", who=Who.OWNER)
async def pick_hour(press: Press) -> None:
    panel = await press.services.digests.edit(press.actor, press.person, hour=int(press.values[0]))
    await _changed(press, panel)


@control("digest", "switch", who=Who.OWNER)
async def switch(press: Press) -> None:
    digests = press.services.digests
    panel: Panel = await digests.panel(press.person)
    match press.id:
        case "dm":
            await press.services.studio.save_person(press.actor, press.person, dm_digests=not panel.by_dm)
            panel = await digests.panel(press.person)
        case "loops":
            panel = await digests.edit(press.actor, press.person, loops_public=not panel.settings.loops_public)
        case "energy":
            panel = await digests.edit(press.actor, press.person, energy=not panel.settings.energy)
        case "channel" | "member":
            panel = await _share(press, panel)
        case _:
            await _switch_server(press)
            panel = await digests.panel(press.person)
    await _changed(press, panel)


async def _share(press: Press, panel: Panel) -> Panel:
    guild, channel = press.guild, press.interaction.channel_id
    if guild is None or channel is None:
        raise Refused("digest_server_only")
    own = [share for share in panel.shares if share.guild_id == guild]
    digests = press.services.digests
    if press.id == "member":
        joined = any(share.channel_id == 0 for share in own)
        return await digests.share(press.actor, press.person, guild, 0, on=not joined)
    channels = [share.channel_id for share in own if share.channel_id]
    if channels:
        return await digests.share(press.actor, press.person, guild, channels[0], on=False)
    await must_be_theirs(press, channel)
    return await digests.share(press.actor, press.person, guild, channel, on=True)


async def _switch_server(press: Press) -> None:
    if press.guild is None:
        raise NotAllowed("needs_server")
    studio = press.services.studio
    settings = await studio.guild_settings(press.guild)
    values: dict[str, object] = {"server_digest": not settings.server_digest}
    if not settings.server_digest and settings.digest_channel is None:
        values["digest_channel"] = press.interaction.channel_id
    await studio.save_guild(press.actor, press.standing, press.guild, **values)


controls = (show_archive, pick_span, pack, ask_file, take_over)


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Digests(bot))
