"""/help: what this person may run here, by group, and short texts on topics."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import discord
from discord import app_commands
from discord.ext import commands

from bot.ai.cards import sent_text
from bot.client import StudioBot
from bot.errors import BotError, Refused
from bot.paths import assets_dir
from bot.say.card import Button, Card, Option, Row, Section, Select, Text, join, raw
from bot.ui.base import Interaction, Press, Turn
from bot.ui.commands import check_command, listed, verb, verb_of
from bot.ui.controls import control
from bot.ui.items import Who

GROUPS = ("loop", "bounce", "mission", "coach", "release", "digest", "client", "voice", "studio")
_SENT = "{sent}"
"""Where a text lists what is sent to the AI."""
FIRST_STEPS = ("/loop new", "/bounce new", "/coach start")


@dataclass(frozen=True, slots=True)
class Topic:
    """One text of assets/help: the name is the file's, the title its first line."""

    name: str
    title: str
    body: str


def read_topics(folder: Path | None = None) -> dict[str, Topic]:
    """Read every help text by name."""
    found: dict[str, Topic] = {}
    for file in sorted((folder or assets_dir() / "help").glob("*.md")):
        title, _, body = file.read_text(encoding="utf-8").partition("\n")
        found[file.stem] = Topic(file.stem, title.removeprefix("# ").strip(), body.strip())
    return found


def topic_card(topic: Topic, turn: Turn) -> Card:
    """Return a topic as a card."""
    parts = {"sent": sent_text(turn.services.ai_sends, turn.words)} if _SENT in topic.body else {}
    body = turn.words.fill(topic.body, **parts)
    return Card(topic.title, sections=[Section(None, [body], bullets=False)], rows=[[_back(turn)]])


class Help(commands.Cog):
    """The help command; it knows no area, only what is registered."""

    def __init__(self, bot: StudioBot) -> None:
        self.bot = bot

    @verb("help")
    async def show(self, interaction: Interaction, topic: str | None = None) -> None:
        """Show what can be run here, or one topic."""
        turn = Turn.of(interaction)
        if not topic:
            await turn.reply(await overview(turn))
            return
        await turn.reply(topic_card(_find_topic(topic), turn))

    @show.autocomplete("topic")
    async def topics(self, interaction: discord.Interaction[Any], typed: str) -> list[app_commands.Choice[str]]:
        wanted = typed.casefold()
        return [
            app_commands.Choice(name=topic.title, value=topic.name)
            for topic in read_topics().values()
            if wanted in topic.name or wanted in topic.title.casefold()
        ][:25]


async def overview(turn: Turn) -> Card:
    """Return the groups this person may use here, three things to try, and the topics."""
    words = turn.words
    usable = await _usable(turn)
    groups = [name for name in GROUPS if name in usable]
    first = [command for command in FIRST_STEPS if _runs(usable, command)]
    steps = [join(" ", [words.link(command), _said(usable, command)]) for command in first]
    lines = [
        join(" ", [raw(f"**/{name}**", f"/{name}"), words(f"{name}.command.description")])
        for name in groups
        if words.has(f"{name}.command.description")
    ]
    rows: list[Row] = []
    if groups:
        options = [Option(f"/{name}", name) for name in groups]
        rows.append(Select("help", "group", words("help.choose_group"), options))
    topics = [Option(topic.title, topic.name) for topic in read_topics().values()]
    if topics:
        rows.append(Select("help", "topic", words("help.choose_topic"), topics))
    sections = [Section(words("help.try"), steps)] if steps else []
    if lines:
        sections.append(Section(words("help.groups"), lines))
    return Card(words("help.title"), lead=words("help.lead"), sections=sections, rows=rows)


async def group_card(turn: Turn, name: str) -> Card:
    """Return every command of a group that this person may run here."""
    words = turn.words
    lines = [
        join(" ", [words.link(f"/{command.qualified_name}"), command.description])
        for command in (await _usable(turn)).get(name, ())
    ]
    return Card(
        f"/{name}",
        lead=words(f"{name}.command.description") if words.has(f"{name}.command.description") else None,
        sections=[Section(None, lines)],
        rows=[[_back(turn)]],
    )


@control("help", "group", who=Who.ANYONE)
async def open_group(press: Press) -> None:
    await press.update(await group_card(press, press.values[0]))


@control("help", "topic", who=Who.ANYONE)
async def open_topic(press: Press) -> None:
    await press.update(topic_card(_find_topic(press.values[0]), press))


@control("help", "home", who=Who.ANYONE)
async def back(press: Press) -> None:
    await press.update(await overview(press))


def _back(turn: Turn) -> Button:
    return Button("help", "home", turn.words("help.back"))


def _find_topic(typed: str) -> Topic:
    topics = read_topics()
    found = topics.get(typed.strip().casefold())
    if found is None:
        raise Refused("help_topic_unknown", typed=typed, topics=", ".join(sorted(topics)))
    return found


async def _usable(turn: Turn) -> dict[str, list[Any]]:
    """Return the commands this person may run here, by their first word."""
    found: dict[str, list[Any]] = {}
    for command in listed(turn.interaction.client.tree):
        root = command.root_parent or command
        needed = root.default_permissions
        if needed is not None and not needed <= turn.interaction.permissions:
            continue
        try:
            await check_command(turn, verb_of(command))
        except BotError:
            continue
        found.setdefault(command.qualified_name.split(" ")[0], []).append(command)
    return found


def _runs(usable: dict[str, list[Any]], command: str) -> bool:
    return any(f"/{known.qualified_name}" == command for group in usable.values() for known in group)


def _said(usable: dict[str, list[Any]], command: str) -> Text:
    known = next(known for group in usable.values() for known in group if f"/{known.qualified_name}" == command)
    return raw(known.description)


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Help(bot))
