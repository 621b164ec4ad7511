"""`/bounce`: its commands and its menu. Lists, the card, what comes in, More and folders have their own files."""

import discord
from discord import app_commands

from bot.bounces.model import BounceTag, Filter
from bot.client import StudioBot
from bot.say.card import Option
from bot.ui.base import Interaction, Turn
from bot.ui.commands import Entity, StudioCog, choices, group, verb
from cogs.bounces import card as bounce_card
from cogs.bounces import comments as bounce_comments
from cogs.bounces import folders as bounce_folders
from cogs.bounces import forms as bounce_forms
from cogs.bounces import list as bounce_list
from cogs.bounces import more as bounce_more
from cogs.bounces import slices as bounce_slices
from cogs.bounces import targets as bounce_targets
from cogs.bounces.card import delete_bounce
from cogs.bounces.forms import open_edit, option_label
from cogs.bounces.list import write_filter
from cogs.bounces.upload import log_as_bounce, log_attachment
from cogs.phases.commands import with_open_offer

PARTS = (
    bounce_forms,
    bounce_list,
    bounce_card,
    bounce_more,
    bounce_comments,
    bounce_slices,
    bounce_targets,
    bounce_folders,
)
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

    def __init__(self, bot: StudioBot) -> None:
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
        await turn.reply(await bounce_list.BOUNCES.show(turn, write_filter(loop, tag, since)))

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
        turn = Turn.of(interaction)
        await open_edit(turn, turn.person, bounce)

    @verb("delete")
    async def delete(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        turn = Turn.of(interaction)
        await delete_bounce(turn, turn.person, bounce)

    @verb("folder", where="SD")
    async def folder(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        turn.services.studio.require_operator(turn.person)
        await turn.reply(await bounce_folders.panel(turn))


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Bounces(bot))
