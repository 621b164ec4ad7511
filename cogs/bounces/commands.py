"""`/bounce`: its commands and its menu. Lists, the card, what comes in, More and folders have their own files."""

import discord
from discord import app_commands

from bot.actors import OwnerId
from bot.bounces.model import BounceTag, Filter
from bot.client import StudioBot
from bot.say.card import Option
from bot.studio.roles import Does
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
from cogs.bounces.card import delete_bounce, show_bounce
from cogs.bounces.forms import open_edit, option_label
from cogs.bounces.list import write_filter
from cogs.bounces.upload import log_as_bounce, log_attachment

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
    """The person's bounces and this server's, by autocomplete."""

    thing, list_command, opens, area = "bounce", "/bounce list", ("bounce", "show"), "bounce"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.bounces.service.owner_of(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        service, wanted = turn.services.bounces.service, Filter(text=typed.strip())
        studio = await turn.studio("bounce")
        owners = [turn.person] if studio is None else [turn.person, studio]
        found = [bounce for owner in owners for bounce in await service.list(owner, wanted, 25)]
        return [Option(option_label(bounce, turn.words), bounce.id) for bounce in found[:25]]


class LinkableLoop(Entity):
    """The person's loops and this server's, as far as bounces may be linked to them."""

    thing, list_command, area = "loop", "/loop list", "bounce"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.loops.loops.owner_of(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        service, studio = turn.services.bounces.service, await turn.studio("bounce")
        owners = [turn.person] if studio is None else [turn.person, studio]
        return [Option(loop.name, loop.id) for owner in owners for loop in await service.loops(owner, typed)]


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

    @verb("list", does=Does.SEE)
    @choices("tag", BounceTag)
    @choices("owner", ["all", "me", "studio"])
    async def list(
        self,
        interaction: Interaction,
        loop: app_commands.Transform[str, LinkableLoop] | None = None,
        tag: str | None = None,
        since: app_commands.Range[int, 1, _DAYS] | None = None,
        owner: str = "all",
    ) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await bounce_list.BOUNCES.show(turn, write_filter(loop, tag, since, owner=owner)))

    @verb("show", does=Does.SEE)
    async def show(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        turn = Turn.of(interaction)
        await show_bounce(turn, turn.owner, bounce)

    @verb("new")
    @choices("for_", ["me", "studio"])
    @app_commands.rename(for_="for")
    async def new(
        self,
        interaction: Interaction,
        file: discord.Attachment,
        loop: app_commands.Transform[str, LinkableLoop] | None = None,
        note: app_commands.Range[str, 1, 1000] | None = None,
        for_: str = "me",
    ) -> None:
        turn = Turn.of(interaction)
        if for_ == "studio":
            await turn.act_for(turn.server, "bounce", Does.EDIT)
        await log_attachment(turn, file, loop, note or "")

    @verb("edit", opens_form=True)
    async def edit(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        turn = Turn.of(interaction)
        await open_edit(turn, turn.owner, bounce)

    @verb("delete", does=Does.DELETE)
    async def delete(self, interaction: Interaction, bounce: app_commands.Transform[str, BounceOption]) -> None:
        turn = Turn.of(interaction)
        await delete_bounce(turn, turn.owner, bounce)

    @verb("folder", where="SD")
    async def folder(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        turn.services.studio.require_operator(turn.person)
        await turn.reply(await bounce_folders.panel(turn))


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Bounces(bot))
