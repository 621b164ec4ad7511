"""`/studio`: health, personal settings, undo, inbox, about, backup. Set-up and privacy have their own files."""

import math
import platform
from dataclasses import replace
from datetime import time

import discord
from discord.ext import commands

from bot import __version__
from bot.ai.cards import sent_sections
from bot.client import StudioBot
from bot.errors import Refused
from bot.say.card import Accent, Button, Card, Fact, Section, State, Style, join, note, raw, stamp
from bot.say.words import Words
from bot.studio.health import HealthLine, Word
from bot.studio.model import PersonSettings
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.cards import layout
from bot.ui.commands import MayRun, StudioCog, group, verb
from bot.ui.common import undo_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, Form
from bot.ui.items import Who
from bot.ui.panel import saved
from bot.ui.places import bot_rights
from cogs.clients.handover import offers
from cogs.clients.work import my_work
from cogs.studio import privacy as studio_privacy
from cogs.studio import roles as studio_roles
from cogs.studio import setup as studio_setup
from cogs.studio.access import WORDS, asking, channel_access
from cogs.studio.privacy import PrivacyCommands
from cogs.studio.setup import open_setup, read_zone, settings_card

PARTS = (studio_setup, studio_privacy, studio_roles)


@group("studio", where="SDU")
class Studio(StudioCog):
    """Settings and care of the installation."""

    privacy = PrivacyCommands()

    @verb("setup", where="S", who=MayRun.MANAGER)
    async def setup(self, interaction: Interaction) -> None:
        await open_setup(Turn.of(interaction))

    @verb("health", where="S", who=MayRun.MANAGER)
    async def health(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await health_card(turn))

    @verb("settings", where="S", who=MayRun.MANAGER)
    async def settings(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        settings = await self.services.studio.guild_settings(turn.server)
        await turn.reply(settings_card(settings, turn))

    @verb("me")
    async def me(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        settings = await self.services.studio.person_settings(turn.person)
        await turn.reply(me_card(settings, turn))

    @verb("undo")
    async def undo(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        studio = await turn.studio("ui")
        owners = [turn.person] if studio is None else [turn.person, studio]
        found = [(owner, one) for owner in owners for one in await self.services.changes.recent(turn.actor, owner)]
        found.sort(key=lambda pair: pair[1].at, reverse=True)
        recent = [one for _, one in found]
        if not recent:
            await turn.reply(note(turn.words("studio.undo.none")))
            return
        lines = [
            turn.words("studio.undo.line", what=operation_words(turn.words, group.operation), when=group.at)
            for group in recent[:10]
        ]
        buttons = [
            replace(
                undo_button(turn, group.group_id), label=turn.words("studio.undo.button", number=number), owner=owner
            )
            for number, (owner, group) in enumerate(found[:5], 1)
        ]
        numbered = [join(" ", [raw(f"{number}."), line]) for number, line in enumerate(lines, 1)]
        await turn.reply(Card(turn.words("studio.undo.title"), sections=[Section(None, numbered)], rows=[buttons]))

    @verb("inbox")
    async def inbox(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        notes = await self.services.studio.inbox(turn.person)
        work = await my_work(turn)
        if work is not None:
            await turn.reply(work)
        asked = await offers(turn)
        for card in asked:
            await turn.reply(card)
        if not notes:
            if work is None and not asked:
                await turn.reply(note(turn.words("client.work.none")))
            return
        lines = [
            join("", [raw("**"), item.title, raw("** "), stamp(item.created_at, "R"), raw("\n"), item.body])
            for item in notes
        ]
        await turn.reply(Card(turn.words("studio.inbox.title", count=len(notes)), sections=[Section(None, lines)]))

    @verb("about")
    async def about(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        words, settings = turn.words, self.services.settings
        ai = "studio.about.ai_key" if settings.anthropic_api_key is not None else "studio.about.ai_rules"
        started = await self.services.studio.fact("started_at")
        facts = [
            Fact(words("studio.about.version"), __version__),
            Fact(words("studio.about.ai"), words(ai)),
            Fact(words("studio.about.data"), words("studio.about.data_text")),
            Fact(words("studio.about.licence"), words("studio.about.licence_text")),
        ]
        if isinstance(started, int):
            facts.insert(1, Fact(words("studio.about.running"), raw(f"<t:{started}:R>")))
        await turn.reply(Card("Studiohand", lead=words("studio.about.lead"), facts=facts))

    @verb("backup", where="D", who=MayRun.OPERATOR)
    async def backup(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await backup_card(turn))


# ---------------------------------------------------------------------- health


async def health_card(turn: Turn) -> Card:
    """Return the health card; the operator also sees the host."""
    services, words = turn.services, turn.words
    await services.studio.require_manager(turn.standing)
    lines: list[HealthLine] = await services.checks.lines(await asking(turn), await channel_access(turn))
    worst = next((word for word in (Word.BROKEN, Word.LOOK) if any(line.word is word for line in lines)), Word.OK)
    shown = sorted(lines, key=lambda line: [Word.BROKEN, Word.LOOK, Word.OK].index(line.word))
    sections = [Section(None, [health_line(words, line) for line in shown])]
    runs = await services.checks.next_runs()
    if runs:
        lines_of_runs = [
            words("studio.health.next", kind=kind_words(words, kind), when=at) for kind, at in sorted(runs.items())
        ]
        sections.append(Section(words("studio.health.next_title"), lines_of_runs))
    if services.studio.is_operator(turn.person):
        sections.append(await host_section(turn))
    return Card(
        words("studio.health.title"),
        State(words(WORDS[worst]), accent=Accent.GOOD if worst is Word.OK else Accent.LOOK),
        lead=words(f"studio.health.lead_{worst}"),
        sections=sections,
        rows=[[Button("studio", "health", words("studio.health.again"), owner=turn.person)]],
    )


def health_line(words: Words, line: HealthLine) -> str:
    parts = dict(line.parts)
    if isinstance(parts.get("channel"), int):
        parts["channel"] = raw(f"<#{parts['channel']}>")
    return join(" ", [raw(f"**{words(WORDS[line.word])}**"), words(f"studio.health.{line.key}", **parts)])


def kind_words(words: Words, kind: str) -> str:
    key = f"studio.kind.{kind}"
    return words(key) if words.has(key) else words("studio.kind.other")


def operation_words(words: Words, operation: str) -> str:
    key = f"operation.{operation}"
    return words(key) if words.has(key) else words("operation.other")


async def host_section(turn: Turn) -> Section:
    words, services = turn.words, turn.services
    waiting = await services.checks.waiting()
    client = turn.interaction.client
    # Until the first heartbeat is answered discord.py says infinity, and without a connection not a number.
    known = math.isfinite(client.latency)
    lines = [
        words("studio.host.latency", ms=round(client.latency * 1000)) if known else words("studio.host.no_latency"),
        words("studio.host.waiting", count=sum(waiting.values())),
        words("studio.host.system", python=platform.python_version(), database=services.database.dialect),
    ]
    if turn.edge.recent_errors:
        lines.append(words("studio.host.errors", references=", ".join(turn.edge.recent_errors)))
    failed = await services.checks.failed_everywhere()
    if failed:
        lines.append(words("studio.host.failed", count=failed))
    return Section(words("studio.host.title"), lines)


@control("studio", "health", who=Who.OWNER)
async def health_again(press: Press) -> None:
    await press.update(await health_card(press))


# ---------------------------------------------------------------------- me


def me_card(settings: PersonSettings, turn: Turn) -> Card:
    """Return the personal settings, each with its present value."""
    words, me = turn.words, turn.person
    on, off = words("studio.on"), words("studio.off")
    facts = [
        Fact(words("studio.me.zone"), settings.timezone or words("studio.me.zone_unset")),
        Fact(
            words("studio.me.quiet"),
            words("studio.me.quiet_text", start=f"{settings.quiet_from:%H:%M}", end=f"{settings.quiet_until:%H:%M}"),
        ),
        Fact(words("studio.me.checkins"), on if settings.dm_checkins else off),
        Fact(words("studio.me.digests"), on if settings.dm_digests else off),
        Fact(words("studio.me.ai"), on if settings.ai_consent else off),
    ]

    def switch(name: str, value: bool) -> Button:
        label = words(f"studio.me.turn_{'off' if value else 'on'}", what=words(f"studio.me.{name}"))
        return Button("studio", "switch", label, id=name, owner=me)

    return Card(
        words("studio.me.title"),
        lead=words("studio.me.lead"),
        facts=facts,
        rows=[
            [
                Button("studio", "times", words("studio.me.edit_times"), style=Style.PRIMARY, owner=me),
                switch("checkins", settings.dm_checkins),
                switch("digests", settings.dm_digests),
                switch("ai", settings.ai_consent),
            ]
        ],
    )


SWITCHES = {"checkins": "dm_checkins", "digests": "dm_digests", "ai": "ai_consent"}


@control("studio", "switch")
async def switch(press: Press) -> None:
    studio = press.services.studio
    field = SWITCHES[press.id]
    present: PersonSettings = await studio.person_settings(press.person)
    if press.id == "ai" and not present.ai_consent and press.arg != "yes":
        agree = Button(
            "studio",
            "switch",
            press.words("studio.me.ai_agree"),
            id="ai",
            arg="yes",
            owner=press.person,
            style=Style.PRIMARY,
        )
        no = Button("ui", "dismiss", press.words("card.not_now"), owner=press.person)
        await press.update(
            Card(
                press.words("studio.me.ai_title"),
                lead=press.words("studio.me.ai_sent"),
                sections=sent_sections(press.services.ai_sends, press.words),
                rows=[[agree, no]],
            )
        )
        return
    result = await studio.save_person(press.actor, press.person, **{field: not getattr(present, field)})
    await press.update(saved(press, me_card(result.settings, press), result.group_id))


@control("studio", "times", opens_form=True)
async def times(press: Press) -> None:
    settings: PersonSettings = await press.services.studio.person_settings(press.person)
    words = press.words
    await press.open(
        Form(
            "studio",
            "times",
            words("studio.me.form_title"),
            [
                Field(
                    "zone",
                    words("studio.me.zone"),
                    words("studio.me.zone_help"),
                    value=settings.timezone,
                    max_length=60,
                ),
                Field(
                    "start",
                    words("studio.me.quiet_from"),
                    words("studio.me.time_help"),
                    value=f"{settings.quiet_from:%H:%M}",
                    max_length=5,
                ),
                Field(
                    "end",
                    words("studio.me.quiet_until"),
                    words("studio.me.time_help"),
                    value=f"{settings.quiet_until:%H:%M}",
                    max_length=5,
                ),
            ],
        )
    )


@form("studio", "times")
async def save_times(submit: Submit) -> None:
    values = submit.values
    result = await submit.services.studio.save_person(
        submit.actor,
        submit.person,
        timezone=read_zone(values.text("zone"), submit),
        quiet_from=read_time(values.text("start")),
        quiet_until=read_time(values.text("end")),
    )
    await submit.update(saved(submit, me_card(result.settings, submit), result.group_id))


def read_time(typed: str) -> time:
    try:
        hour, _, minute = typed.partition(":")
        return time(int(hour), int(minute or 0))
    except ValueError:
        raise Refused("studio_time", typed=typed) from None


# ---------------------------------------------------------------------- backup, joining


async def backup_card(turn: Turn) -> Card:
    words, services = turn.words, turn.services
    services.studio.require_operator(turn.person)
    made = services.checks.backups()
    lines = [words("studio.backup.line", when=item.made_at, kb=item.size_bytes // 1024 + 1) for item in made]
    button = Button("studio", "backup", words("studio.backup.now"), owner=turn.person, style=Style.PRIMARY)
    postgres = services.database.dialect == "postgresql"
    lead = "studio.backup.postgres" if postgres else "studio.backup.lead" if made else "studio.backup.none"
    return Card(
        words("studio.backup.title"),
        lead=words(lead),
        sections=[Section(None, lines)] if lines else [],
        rows=[] if postgres else [[button]],
    )


@control("studio", "backup")
async def backup_now(press: Press) -> None:
    press.services.studio.require_operator(press.person)
    made = await press.services.back_up()
    card = await backup_card(press)
    told = "studio.backup.made" if made is not None else "studio.backup.no_room"
    await press.update(replace(card, meta=[press.words(told)]))


@control("studio", "undo-setting", who=Who.MANAGER)
async def undo_setting(press: Press) -> None:
    """Take back a change of server settings; any manager may."""
    await press.services.studio.require_manager(press.standing)
    if press.guild is None:
        return
    await press.services.changes.undo(press.actor, press.guild, press.id, anyone=True)
    await press.update(note(press.words("card.undone")))


class Joining(commands.Cog):
    """Meets new servers with one short message and one button."""

    def __init__(self, bot: StudioBot) -> None:
        self.bot = bot
        self.services = bot.services

    @commands.Cog.listener()
    async def on_guild_available(self, guild: discord.Guild) -> None:
        await self._known(guild)

    @commands.Cog.listener()
    async def on_ready(self) -> None:
        for guild in self.bot.guilds:
            await self._known(guild)

    @commands.Cog.listener()
    async def on_guild_join(self, guild: discord.Guild) -> None:
        services = self.services
        await self._known(guild)
        words = services.catalogue.words(str(guild.preferred_locale))
        channel = guild.system_channel
        if channel is None or not (await bot_rights(guild, channel, self.bot.user)).send_messages:
            return
        if not await services.studio.welcomed(guild.id):
            return
        card = note(
            words("studio.join.hello"), [Button("studio", "setup", words("studio.join.button"), style=Style.PRIMARY)]
        )
        await channel.send(view=layout(card, words), allowed_mentions=discord.AllowedMentions.none())

    @commands.Cog.listener()
    async def on_guild_remove(self, guild: discord.Guild) -> None:
        await self.services.studio.left(guild.id)

    async def _known(self, guild: discord.Guild) -> bool:
        studio = self.services.studio
        return await studio.joined(guild.id, guild.name, str(guild.preferred_locale))


@control("studio", "setup", who=Who.ANYONE)
async def start_setup(press: Press) -> None:
    await open_setup(press)


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Studio(bot))
    await bot.add_cog(Joining(bot))
