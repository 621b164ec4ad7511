"""Commands: the tree that runs them inside the frame, how a verb is declared, entities with autocomplete.

Descriptions come from the catalogue by the command's own name: `loop.command.show.description`, options from
`loop.command.show.<option>` (or `command.option.<option>`), choices from `loop.choice.<option>.<value>`.
"""

import asyncio
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, ClassVar, Protocol

import discord
from discord import app_commands
from discord.app_commands import locale_str
from discord.ext import commands

from bot.actors import OwnerId
from bot.errors import NotAllowed, NotFound
from bot.say.card import Button, Option, note, plain
from bot.say.words import DEFAULT_LOCALE, Catalogue
from bot.services import Services
from bot.studio.roles import Does
from bot.ui import items
from bot.ui.base import Turn
from bot.ui.cards import clip
from bot.ui.edge import Edge
from bot.ui.errors import Ambiguous, NeedsServer

MAX_CHOICES = 25
MAX_CHOICE = 100


class Seen(StrEnum):
    """Who sees the answer of a command."""

    PRIVATE = "private"
    PUBLIC = "public"


class MayRun(StrEnum):
    """Whose command it is; shown by /help and asked before the command runs."""

    ANY = "any"
    MANAGER = "manager"
    OPERATOR = "operator"


@dataclass(frozen=True, slots=True)
class Verb:
    """What is declared beside a command: where it works, who may run it, who sees the answer.

    `leaves_trace`: that somebody used it may be noted; not where they ask what is kept of them.
    """

    where: str = "SDU"
    seen: Seen = Seen.PRIVATE
    who: MayRun = MayRun.ANY
    opens_form: bool = False
    leaves_trace: bool = True
    does: Does = Does.EDIT
    """What it does with a thing that is the server's: its roles decide by it who may."""
    is_door: bool = False
    """It brings people in, so it also works where a server keeps the bot for people with its member role."""


def verb(
    name: str,
    *,
    where: str = "SDU",
    seen: Seen = Seen.PRIVATE,
    who: MayRun = MayRun.ANY,
    opens_form: bool = False,
    leaves_trace: bool = True,
    does: Does = Does.EDIT,
    is_door: bool = False,
) -> Callable[[Any], Any]:
    """Declare a subcommand in a cog. `where`: letters of S(erver), D(irect message), U(ser install).

    `opens_form`: it answers with a form and may not ask the database first.
    """
    extras = {"verb": Verb(where, seen, who, opens_form, leaves_trace, does, is_door)}

    def declare(callback: Any) -> Any:
        command = app_commands.command(name=name, description="…", extras=extras)(callback)
        # Discord reads places at the top level only; a group's own come from `group`.
        command.allowed_contexts, command.allowed_installs = places(where)
        return command

    return declare


def group(name: str, *, where: str = "SDU") -> Callable[[type[Any]], type[Any]]:
    """Make a cog the owner of a top-level command: `@group("loop") class Loops(StudioCog)`."""

    def mark(cls: type[Any]) -> type[Any]:
        contexts, installs = places(where)
        cls.__discord_app_commands_contexts__ = contexts
        cls.__discord_app_commands_installation_types__ = installs
        cls.__cog_group_name__ = name
        cls.__cog_group_description__ = "…"
        return cls

    return mark


def places(where: str) -> tuple[app_commands.AppCommandContext, app_commands.AppInstallationType]:
    """Return the contexts and installs that letters of S, D, U stand for."""
    contexts = app_commands.AppCommandContext(guild="S" in where, dm_channel="D" in where, private_channel="U" in where)
    return contexts, app_commands.AppInstallationType(guild=True, user="U" in where)


class Client(Protocol):
    """What cogs know of the client."""

    @property
    def services(self) -> Services: ...

    @property
    def tree(self) -> app_commands.CommandTree[Any]: ...


class StudioCog(commands.GroupCog):
    """Base of every cog: knows the client, and by it what the areas offer."""

    def __init__(self, bot: Client) -> None:
        self.bot = bot
        super().__init__()

    @property
    def services(self) -> Services:
        return self.bot.services


class StudioTree(app_commands.CommandTree[Any]):
    """Runs commands and autocomplete inside the frame of `bot/ui/base.py`."""

    @property
    def edge(self) -> Edge:
        return self.client.edge

    async def _call(self, interaction: discord.Interaction[Any]) -> None:
        if interaction.type is discord.InteractionType.autocomplete:
            await self._complete(interaction)
            return
        command = self._find(interaction)
        rule = verb_of(command)
        turn = Turn(interaction, self.edge, ephemeral=rule.seen is Seen.PRIVATE)
        name = command.qualified_name if command is not None else "unknown command"

        async def handle() -> None:
            if not rule.is_door:
                await self.edge.enter(turn)
            await check_command(turn, rule)
            await super(StudioTree, self)._call(interaction)
            error = interaction.extras.pop("command_error", None)
            if error is not None:
                raise error
            if rule.leaves_trace and not rule.opens_form:
                await self._tell_waiting(turn)

        await self.edge.run(turn, name, handle, opens_form=rule.opens_form)

    async def _tell_waiting(self, turn: Turn) -> None:
        """Say once, for this person only, that notes wait which could not be delivered."""
        user = turn.interaction.user
        waiting = await self.edge.access.was_here(user.id, user.display_name, str(turn.interaction.locale))
        if waiting:
            await turn.reply(note(turn.words("studio.inbox.waiting", count=waiting)), ephemeral=True)

    async def on_error(self, interaction: discord.Interaction[Any], error: app_commands.AppCommandError, /) -> None:
        """Hand a command's error to the frame, which is waiting for it."""
        interaction.extras["command_error"] = error

    async def _complete(self, interaction: discord.Interaction[Any]) -> None:
        """Answer an autocomplete; whatever happens the person gets a list, never a red line."""
        turn = Turn(interaction, self.edge)

        async def handle() -> None:
            await self.edge.enter(turn)
            data: Any = interaction.data
            command, options = self._get_app_command_options(data)
            interaction._cs_command = command  # noqa: SLF001 - what discord.py's own _call does
            namespace = app_commands.Namespace(interaction, data.get("resolved", {}), options)
            interaction._cs_namespace = namespace  # noqa: SLF001
            focused = next((option["name"] for option in options if option.get("focused")), "")
            async with asyncio.timeout(self.edge.rules.autocomplete_timeout_s):
                await command._invoke_autocomplete(interaction, focused, namespace)  # noqa: SLF001

        await self.edge.run(turn, "autocomplete", handle)
        if not interaction.response.is_done() and self.edge.ready:
            sorry = app_commands.Choice(name=turn.words("error.lookup").plain, value="")
            try:
                await interaction.response.autocomplete([sorry])
            except discord.HTTPException:
                return

    def _find(self, interaction: discord.Interaction[Any]) -> Any:
        data: Any = interaction.data
        try:
            if data.get("type", 1) != discord.AppCommandType.chat_input.value:
                return self._get_context_menu(data)
            return self._get_app_command_options(data)[0]
        except app_commands.AppCommandError:
            return None


def verb_of(command: Any) -> Verb:
    """Return what was declared beside a command (context menus and plain commands get the defaults)."""
    declared = getattr(command, "extras", {}).get("verb")
    return declared if isinstance(declared, Verb) else Verb()


async def check_command(turn: Turn, rule: Verb) -> None:
    """Refuse a command in a place where it does not work, and to people it is not for.

    Discord knows places only for a whole group, so subcommands are checked here.
    """
    interaction = turn.interaction
    in_server = interaction.guild_id is not None and interaction.is_guild_integration()
    if in_server:
        if "S" not in rule.where:
            raise NotAllowed("needs_dm")
    elif interaction.guild_id is not None or interaction.context.private_channel:
        if "U" not in rule.where:
            raise NeedsServer
    elif "D" not in rule.where:
        raise NeedsServer
    if rule.who is MayRun.MANAGER:
        await turn.edge.access.check(turn.standing, items.Who.MANAGER, items.ControlId("ui", "command"))
    operators: Iterable[int] = getattr(interaction.client, "operators", frozenset())
    if rule.who is MayRun.OPERATOR and turn.person not in operators:
        raise NotAllowed("needs_operator")


class Entity(app_commands.Transformer):
    """An option that is one of the person's things, by autocomplete; the command gets its id.

    Subclass it with `thing` (a word of the catalogue), `list_command`, `opens` (the control that shows one)
    and `suggest`.
    """

    thing: ClassVar[str]
    list_command: ClassVar[str]
    area: ClassVar[str] = ""
    """Its line in the table of roles, where a server may own such things."""
    opens: ClassVar[tuple[str, str] | None] = None

    async def suggest(self, turn: Turn, typed: str) -> Sequence[Option]:
        """Return the person's things for what was typed, best first (25 at most are shown)."""
        raise NotImplementedError

    async def names(self, turn: Turn, typed: str) -> Sequence[Option]:
        """Return the things that are called exactly `typed`."""
        wanted = plain(typed).strip().casefold()
        options = await self.suggest(turn, typed)
        return [option for option in options if plain(option.label).split(" · ")[0].casefold() == wanted]

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        """Return whose thing it is, None where that is nobody's; only things that a server may own need to say."""
        return None

    async def _chosen(self, turn: Turn, thing_id: str) -> str:
        """Let the turn be about the server whose thing was chosen, if its roles let the person do this with it."""
        owner = await self.owner_of(turn, thing_id)
        if owner is not None and owner != turn.person and await turn.services.studio.is_server(owner):
            await turn.act_for(owner, self.area, verb_of(turn.interaction.command).does)
        return thing_id

    async def autocomplete(  # type: ignore[override]
        self, interaction: discord.Interaction[Any], value: str | int | float, /
    ) -> list[app_commands.Choice[str]]:
        options = await self.suggest(Turn.of(interaction), str(value))
        return [
            app_commands.Choice(name=clip(plain(option.label), MAX_CHOICE) or "…", value=option.value)
            for option in options[:MAX_CHOICES]
        ]

    async def transform(self, interaction: discord.Interaction[Any], value: Any, /) -> str:
        """Return the id: as chosen, or of the only thing with the typed name."""
        text = str(value).strip()
        turn = Turn.of(interaction)
        if is_id(text):
            return await self._chosen(turn, text)
        found = await self.names(turn, text)
        if len(found) == 1:
            return await self._chosen(turn, found[0].value)
        if len(found) > 1 and self.opens is not None:
            area, action = self.opens
            raise Ambiguous(text, [Button(area, action, option.label, option.value) for option in found])
        raise NotFound(self.thing, self.list_command)


def is_id(text: str) -> bool:
    """Tell a UUID in hex from a typed name."""
    return len(text) == 32 and all(sign in "0123456789abcdef" for sign in text)


def choices(param: str, values: Iterable[str]) -> Callable[[Any], Any]:
    """Offer fixed values for an option; their names come from the catalogue."""
    return app_commands.choices(**{param: [app_commands.Choice(name=value, value=value) for value in values]})


class CatalogueTranslator(app_commands.Translator):
    """Gives Discord the commands' texts in every language of the catalogue."""

    def __init__(self, catalogue: Catalogue) -> None:
        super().__init__()
        self._catalogue = catalogue
        self._languages = {re.split(r"[-_]", name)[0] for name in catalogue.locales} - {DEFAULT_LOCALE}

    async def translate(self, string: locale_str, locale: discord.Locale, context: Any) -> str | None:
        key = string.extras.get("key")
        # Asked at each start for every text in each of Discord's thirty languages, most of which we do not speak.
        is_spoken = locale is discord.Locale.american_english or locale.value.split("-")[0] in self._languages
        if not key or not is_spoken:
            return None
        known = self._catalogue.find(str(key), locale.value)
        if known is None:
            return None
        template, language = known
        # English is given explicitly for en-US; other languages without a text of their own fall back to it.
        if language == DEFAULT_LOCALE and locale is not discord.Locale.american_english:
            return None
        return clip(template, 100) if isinstance(template, str) else None


def describe(tree: app_commands.CommandTree[Any], catalogue: Catalogue) -> list[str]:
    """Put the catalogue's texts into every command; return the keys that are missing."""
    missing: list[str] = []

    def text(*keys: str) -> locale_str:
        for key in keys:
            if catalogue.find(key, DEFAULT_LOCALE) is not None:
                return locale_str(clip(catalogue.t(key).plain, 100), key=key)
        missing.append(keys[0])
        return locale_str("…", key=keys[0])

    for command in tree.walk_commands():
        if isinstance(command, app_commands.ContextMenu):
            continue
        area, *path = command.qualified_name.split(" ")
        base = ".".join([area, "command", *path])
        said = text(f"{base}.description")
        command.description = said.message
        command._locale_description = said  # noqa: SLF001 - set after the fact, as its constructor does
        if isinstance(command, app_commands.Group):
            continue
        for python_name, param in command._params.items():  # noqa: SLF001
            name = python_name.rstrip("_")  # "for" cannot be a parameter of a function
            param.description = text(f"{base}.{name}", f"command.option.{name}")
            for choice in param.choices or ():
                named = text(f"{area}.choice.{name}.{choice.value}", f"command.choice.{name}.{choice.value}")
                choice.name, choice._locale_name = named.message, named  # noqa: SLF001
    return missing


def listed(tree: app_commands.CommandTree[Any]) -> list[app_commands.Command[Any, ..., Any]]:
    """Return every command that can be run, by name."""
    found = [command for command in tree.walk_commands() if isinstance(command, app_commands.Command)]
    return sorted(found, key=lambda command: command.qualified_name)
