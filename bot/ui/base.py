"""One interaction being answered.

Commands get it by `Turn.of(interaction)`, presses as `Press`, sent forms as `Submit`; `bot/ui/edge.py` runs the
handler.
"""

import asyncio
import io
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

import discord
from discord import ui

from bot.actors import Actor, GuildId, OwnerId, PersonId
from bot.errors import NotAllowed
from bot.ports import Policy
from bot.posted import fingerprint
from bot.posted_model import PostedCard, Shows
from bot.say.card import Button, Card, OutFile, removable
from bot.say.words import Words
from bot.services import Services
from bot.studio.roles import Does
from bot.studio.service import Standing, unseen
from bot.ui import cards, errors
from bot.ui.frame import Frame
from bot.ui.inputs import Changed, Form, FormValues, modal, read_form
from bot.ui.items import ControlId

Interaction = discord.Interaction[Any]
NO_MENTIONS = discord.AllowedMentions.none()


class Turn:
    """One interaction and everything needed to answer it."""

    def __init__(self, interaction: Interaction, edge: Frame, *, ephemeral: bool = True) -> None:
        self.interaction = interaction
        self.edge = edge
        self.ephemeral = ephemeral
        self.began = edge.clock.now()
        self.owner: OwnerId = interaction.user.id
        """Whose things this is about: the person's own, or the server's, once the frame has asked whether they may."""
        self.words: Words = edge.catalogue.words(str(interaction.locale))
        self._answering = asyncio.Lock()
        self._deferred_reply = False
        self.asked: OwnerId | None = None
        """The server whose roles were asked last."""
        self.area = ""
        """The area of what was pressed or sent, or of the server's thing that a command is about."""
        self.retry: Button | None = None
        """Set it when trying again helps: error answers then carry the button."""
        self.in_place = False
        """Answers replace this turn's message (long work) instead of following it."""

    @staticmethod
    def of(interaction: Interaction) -> "Turn":
        """Return the turn of an interaction that the frame is running."""
        return interaction.extras["turn"]

    @property
    def services(self) -> Services:
        """What the areas offer, by name."""
        return self.edge.services

    @property
    def now(self) -> datetime:
        return self.edge.clock.now()

    @property
    def person(self) -> PersonId:
        return PersonId(self.interaction.user.id)

    @property
    def guild(self) -> GuildId | None:
        return GuildId(self.interaction.guild_id) if self.interaction.guild_id else None

    @property
    def server(self) -> GuildId:
        """The server this happens in. Raises NotAllowed where it is none of ours."""
        if self.guild is None or not self.interaction.is_guild_integration():
            raise NotAllowed("needs_server")
        return self.guild

    @property
    def standing(self) -> Standing:
        """What Discord says of the person where they act."""
        return Standing(self.person, self.guild, self.role_ids, self.can_manage_server)

    async def act_for(self, owner: OwnerId, area: str, does: Does) -> None:
        """Let this turn be about a server's things. Raises NotAllowed or NotFound where its roles don't let it."""
        self.asked = owner
        standing = await self.standing_with(owner)
        if standing.guild_id != owner:
            raise unseen(area)  # a person's, or of a server where I am not: no role elsewhere opens it
        await self.services.studio.require(standing, area, does)
        self.owner, self.area = owner, area

    async def must(self, does: Does) -> None:
        """Ask once more, where one control does several things. Raises NotAllowed or NotFound."""
        if self.owner != self.person:
            await self.act_for(self.owner, self.area, does)

    async def studio(self, area: str, does: Does = Does.SEE) -> OwnerId | None:
        """Return this server as an owner, where the person may do that with its things; None elsewhere."""
        if self.guild is None or not self.interaction.is_guild_integration():
            return None
        return self.guild if await self.services.studio.may(self.standing, area, does) else None

    async def standing_with(self, owner: OwnerId | None) -> Standing:
        """Return what Discord says of the person in the server that owns something, wherever they press."""
        if owner is None or owner in (self.person, self.guild):
            return self.standing
        if self.interaction.client.get_guild(owner) is None:
            return self.standing
        try:
            return await self.standing_of(GuildId(owner), self.person)
        except discord.HTTPException:
            return Standing(self.person, GuildId(owner), is_there=False)

    async def standing_of(self, guild_id: GuildId, user_id: int) -> Standing:
        """Return what Discord says now of somebody in a server. Raises what Discord answers, but for who left it."""
        guild: discord.Guild | None = self.interaction.client.get_guild(guild_id)
        member = guild.get_member(user_id) if guild is not None else None
        if guild is not None and member is None:
            try:
                member = await guild.fetch_member(user_id)
            except discord.NotFound:
                member = None
        if member is None:
            return Standing(user_id, guild_id, is_there=False)
        roles = frozenset(role.id for role in member.roles)
        return Standing(user_id, guild_id, roles, member.guild_permissions.manage_guild)

    @property
    def actor(self) -> Actor:
        return Actor.user(self.interaction.user.id, self.interaction.user.display_name)

    @property
    def key(self) -> str:
        """The idempotency key of what this turn makes."""
        return str(self.interaction.id)

    @property
    def role_ids(self) -> frozenset[int]:
        return frozenset(role.id for role in getattr(self.interaction.user, "roles", ()))

    @property
    def can_manage_server(self) -> bool:
        return self.interaction.guild_id is not None and self.interaction.permissions.manage_guild

    @property
    def guild_words(self) -> Words:
        """The words for posts in this server."""
        return self.edge.catalogue.words(str(self.interaction.guild_locale or self.interaction.locale))

    def hold(self, thing: str) -> "asyncio.Lock":
        """Return the lock of a thing ("loop:<id>"), to keep change, picture and edit in order."""
        return self.edge.lock(thing)

    async def reply(
        self, card: Card, *, ephemeral: bool | None = None, files: Sequence[OutFile] = ()
    ) -> discord.InteractionMessage | discord.WebhookMessage | None:
        """Answer with a card: as the first answer, into the "thinking…" message, or as a follow-up.

        `files` go into a plain message straight after the card (audio gets a player there).
        """
        hidden = self.ephemeral if ephemeral is None else ephemeral
        if self.in_place and self.interaction.response.is_done() and not files:
            return await self.settle(card)
        view = cards.layout(card, self.words)
        uploads = cards.discord_files(card)
        response = self.interaction.response
        message: discord.InteractionMessage | discord.WebhookMessage | None = None
        async with self._answering:
            if not response.is_done():
                callback = await response.send_message(
                    view=view, files=uploads, ephemeral=hidden, allowed_mentions=NO_MENTIONS
                )
                self.edge.acknowledged(self.interaction.id)
                if isinstance(callback.resource, discord.InteractionMessage):
                    message = callback.resource
            elif self._deferred_reply and hidden == self.ephemeral:
                self._deferred_reply = False
                message = await self.interaction.edit_original_response(
                    view=view, attachments=uploads, allowed_mentions=NO_MENTIONS
                )
            else:
                if self._deferred_reply:
                    # The placeholder was promised to everybody; what comes now is for one person only.
                    self._deferred_reply = False
                    await self.interaction.delete_original_response()
                message = await self._follow_up(view, uploads, hidden)
            for file in files:
                await self._send_plain(file, hidden)
        return message

    async def update(self, card: Card) -> None:
        """Put a card in place of the message that was pressed (or of this turn's own answer)."""
        view = cards.layout(card, self.words)
        uploads = cards.discord_files(card)
        response = self.interaction.response
        async with self._answering:
            if not response.is_done() and self.interaction.message is not None:
                await response.edit_message(view=view, attachments=uploads, allowed_mentions=NO_MENTIONS)
                self.edge.acknowledged(self.interaction.id)
                return
            if response.is_done():
                self._deferred_reply = False
                await self.interaction.edit_original_response(
                    view=view, attachments=uploads, allowed_mentions=NO_MENTIONS
                )
                return
        await self.reply(card)

    async def open(self, form: Form) -> None:
        """Open a form. It has to be the first answer: declare the command or control with its form."""
        if self.owner != self.person:
            form = replace(form, owner=self.owner)
        async with self._answering:
            self.edge.forms.opened(self.person, form, self.now)
            await self.interaction.response.send_modal(modal(form))
            self.edge.acknowledged(self.interaction.id)

    async def settle(self, card: Card) -> discord.InteractionMessage:
        """Put a card in place of this turn's own answer ("thinking…", or a progress line)."""
        async with self._answering:
            self._deferred_reply = False
            return await self.interaction.edit_original_response(
                view=cards.layout(card, self.words),
                attachments=cards.discord_files(card),
                allowed_mentions=NO_MENTIONS,
            )

    async def defer(self, *, new_message: bool = False) -> None:
        """Acknowledge now and answer later; does nothing when something was answered already.

        A press is acknowledged without a trace unless `new_message` asks for a "thinking…" message of its own.
        """
        async with self._answering:
            if self.interaction.response.is_done():
                return
            from_message = self.interaction.type is not discord.InteractionType.application_command and (
                self.interaction.message is not None
            )
            if from_message and not new_message:
                await self.interaction.response.defer()
            else:
                await self.interaction.response.defer(ephemeral=self.ephemeral, thinking=True)
                self._deferred_reply = True
            self.edge.acknowledged(self.interaction.id)

    async def post(self, card: Card, shows: Shows | None = None) -> None:
        """Post a card for everybody here, with Remove for its owner and managers, through the token alone.

        With `shows` it goes on showing what is stored of that thing, where I may edit it after the token's time.
        """
        shown = removable(card, self.guild_words("card.remove"), self.person)
        await self.defer()
        message = await self._follow_up(cards.layout(shown, self.guild_words), cards.discord_files(shown), False)
        if shows is None or not self._stays_mine:
            return
        posted = PostedCard(
            owner=shows.owner,
            kind=shows.kind,
            subject_id=shows.subject_id,
            channel_id=message.channel.id,
            message_id=message.id,
            look=shows.look,
            locale=str(self.interaction.guild_locale or "en"),
            posted_by=self.person,
            also=shows.also,
            shown_hash=fingerprint(shown),
        )
        await self.services.posted.follow(self.actor, posted, self.began)

    @property
    def _stays_mine(self) -> bool:
        """Whether I can edit here by myself: a server that I was added to, or a direct message to me."""
        return self.interaction.is_guild_integration() or self.interaction.context.dm_channel is True

    async def _follow_up(
        self, view: ui.LayoutView, uploads: Sequence[discord.File], hidden: bool
    ) -> discord.WebhookMessage | discord.InteractionMessage:
        try:
            return await self.interaction.followup.send(
                view=view, files=list(uploads), ephemeral=hidden, allowed_mentions=NO_MENTIONS, wait=True
            )
        except discord.HTTPException as error:
            if errors.classify(error).policy is not Policy.FOLD_INTO_EDIT:
                raise
            for upload in uploads:
                upload.reset(seek=True)
            return await self.interaction.edit_original_response(
                view=view, attachments=list(uploads), allowed_mentions=NO_MENTIONS
            )

    async def _send_plain(self, file: OutFile, hidden: bool) -> None:
        upload = discord.File(io.BytesIO(file.data), file.filename)
        await self.interaction.followup.send(file=upload, ephemeral=hidden, allowed_mentions=NO_MENTIONS)


class Press(Turn):
    """A press on a button, or a choice in a select."""

    def __init__(self, interaction: Interaction, edge: Frame, target: ControlId, *, ephemeral: bool) -> None:
        super().__init__(interaction, edge, ephemeral=ephemeral)
        self.target = target
        self.area = target.area
        self.id = target.id
        self.arg = target.arg

    @property
    def values(self) -> tuple[str, ...]:
        """What was chosen in a select; people, roles and channels as ids."""
        data: Mapping[str, Any] = self.interaction.data or {}  # type: ignore[assignment]
        return tuple(data.get("values", ()))


class Submit(Turn):
    """A form that was sent."""

    def __init__(self, interaction: Interaction, edge: Frame, target: ControlId, *, ephemeral: bool) -> None:
        super().__init__(interaction, edge, ephemeral=ephemeral)
        self.target = target
        self.area = target.area
        self.id = target.id
        self.arg = target.arg
        self.values: FormValues = read_form(interaction)

    @property
    def changed(self) -> Changed:
        """What was changed against what the form showed, as long as that is known."""
        form = self.edge.forms.find(self.person, self.target.format(), self.now)
        return Changed(self.values, form.shown if form is not None else None)
