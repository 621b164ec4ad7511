"""The life of an interaction: three seconds to answer, fifteen minutes of token, one first answer."""

import secrets
from collections import deque
from collections.abc import Callable
from datetime import timedelta
from typing import Any

from bot.local import changes, limits
from bot.local.errors import ApiError, Form, FormError
from bot.local.model import (
    CallbackType,
    Channel,
    CommandType,
    Interaction,
    InteractionState,
    InteractionType,
    Message,
    MessageFlag,
    Wire,
)
from bot.local.posting import Posting, Uploads
from bot.local.world import World

ANSWER_WITHIN = timedelta(seconds=3)
TOKEN_LIFE = timedelta(minutes=15)
USER_INSTALL_FOLLOWUPS = 5

ALLOWED: dict[int, frozenset[int]] = {
    InteractionType.COMMAND: frozenset({4, 5, 9}),
    InteractionType.COMPONENT: frozenset({4, 5, 6, 7, 9}),
    InteractionType.AUTOCOMPLETE: frozenset({8}),
    InteractionType.MODAL_SUBMIT: frozenset({4, 5}),
}

FAILURES: dict[int, str] = {
    InteractionType.COMMAND: "The application did not respond",
    InteractionType.COMPONENT: "This interaction failed",
    InteractionType.AUTOCOMPLETE: "Loading options failed",
    InteractionType.MODAL_SUBMIT: "Something went wrong. Try again.",
}


class Interactions:
    """Start interactions for people and take the bot's answers."""

    def __init__(self, world: World, posting: Posting) -> None:
        self._world = world
        self._posting = posting
        self._waiting: dict[int, Interaction] = {}
        self.unanswered: deque[Interaction] = deque(maxlen=1_000)
        """Interactions that ran into the three seconds; tests look here at their end."""

    # Starting

    def start(
        self,
        kind: InteractionType,
        user_id: int,
        channel: Channel,
        data: Wire,
        *,
        owners: dict[str, str] | None = None,
        **more: Any,
    ) -> Interaction:
        """Send an interaction to the bot."""
        now = self._world.clock.now()
        interaction = Interaction(
            self._world.ids.new(),
            secrets.token_urlsafe(96),
            kind,
            user_id,
            channel.id,
            channel.guild_id if channel.guild_id in self._world.guilds else None,
            now,
            data,
            context=self.context(channel),
            owners=self.owners(channel, user_id) if owners is None else owners,
            locale=self._world.users[user_id].locale,
            **more,
        )
        self._world.interactions[interaction.id] = interaction
        self._waiting[interaction.id] = interaction
        self._forget_old()
        self._world.emit(changes.InteractionStarted(interaction))
        return interaction

    def context(self, channel: Channel) -> int:
        if channel.guild_id is not None:
            return 0
        return 1 if self._world.application.bot_id in channel.recipient_ids else 2

    def owners(self, channel: Channel, user_id: int) -> dict[str, str]:
        """Return the installs that allow using the app here."""
        me = self._world.application.bot_id
        owners: dict[str, str] = {}
        if channel.guild_id is not None:
            if me in self._world.guilds[channel.guild_id].members:
                owners["0"] = str(channel.guild_id)
        elif me in channel.recipient_ids:
            owners["0"] = "0"
        if user_id in self._world.user_installs:
            owners["1"] = str(user_id)
        return owners

    def _forget_old(self) -> None:
        horizon = self._world.clock.now() - TOKEN_LIFE * 2
        for interaction in list(self._world.interactions.values()):
            if interaction.created_at >= horizon:
                break
            del self._world.interactions[interaction.id]

    # Time

    @property
    def waiting(self) -> list[Interaction]:
        return list(self._waiting.values())

    def forget_waiting(self) -> None:
        """Let go of what nobody will answer any more."""
        self._waiting.clear()

    def expire(self) -> None:
        """Fail what has waited for three seconds."""
        now = self._world.clock.now()
        for interaction in self.waiting:
            if now - interaction.created_at >= ANSWER_WITHIN:
                interaction.failure = FAILURES[interaction.type]
                self.unanswered.append(interaction)
                self._move(interaction, InteractionState.FAILED)

    def _move(self, interaction: Interaction, state: InteractionState) -> None:
        self._waiting.pop(interaction.id, None)
        interaction.state = state
        self._world.emit(changes.InteractionChanged(interaction))

    # The first answer

    def answer(self, interaction_id: int, token: str, body: Wire, uploads: Uploads) -> Wire | None:
        """Take a callback; return the resource part of the reply, for types 4 and 7."""
        self.expire()
        interaction = self._world.interactions.get(interaction_id)
        if interaction is None or interaction.token != token or interaction.state is InteractionState.FAILED:
            raise ApiError(10062)
        if interaction.answer is not None:
            raise ApiError(40060)
        limits.check_callback(body)
        kind = int(body["type"])
        allowed = ALLOWED[interaction.type]
        if interaction.type == InteractionType.MODAL_SUBMIT and interaction.message_id is not None:
            allowed |= {6, 7}
        if kind not in allowed:
            form = Form()
            form.wrong(("type",), "INTERACTION_CALLBACK_TYPE_INVALID", "This answer does not fit the interaction")
            form.raise_if_wrong()
        data: Wire = body.get("data") or {}
        takers: dict[int, Callable[[Interaction, Wire, Uploads], Message | None]] = {
            CallbackType.MESSAGE: self._message,
            CallbackType.DEFERRED: self._deferred,
            CallbackType.DEFERRED_UPDATE: self._deferred_update,
            CallbackType.UPDATE: self._update,
            CallbackType.AUTOCOMPLETE: self._choices,
            CallbackType.MODAL: self._modal,
        }
        self._waiting.pop(interaction.id, None)
        try:
            message = takers[kind](interaction, data, uploads)
        except ApiError as error:
            self._waiting[interaction.id] = interaction
            if isinstance(error, FormError):
                raise FormError({"data": error.errors}) from None
            raise
        interaction.answer = kind
        states = {
            CallbackType.DEFERRED: InteractionState.THINKING,
            CallbackType.MODAL: InteractionState.MODAL,
        }
        self._move(interaction, states.get(CallbackType(kind), InteractionState.ANSWERED))
        return {"type": kind, "message": message} if kind in (4, 7) and message else None

    def _message(self, interaction: Interaction, data: Wire, uploads: Uploads) -> Message:
        ephemeral = bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL)
        message = self._post(interaction, data, uploads, ephemeral=ephemeral, first=True)
        interaction.response_id = message.id
        interaction.response_ephemeral = ephemeral
        return message

    def _deferred(self, interaction: Interaction, data: Wire, _: Uploads) -> Message:
        ephemeral = bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL)
        channel = self._world.channels[interaction.channel_id]
        message = Message(
            self._world.ids.new(),
            channel.id,
            self._world.application.bot_id,
            self._world.clock.now(),
            flags=int(MessageFlag.LOADING) | (int(MessageFlag.EPHEMERAL) if ephemeral else 0),
            viewer_id=interaction.user_id if ephemeral else None,
            **self._origin(interaction, first=True),
        )
        self._world.add_message(message)
        interaction.response_id = message.id
        interaction.response_ephemeral = ephemeral
        return message

    def _deferred_update(self, interaction: Interaction, _data: Wire, _uploads: Uploads) -> None:
        interaction.response_id = interaction.message_id

    def _update(self, interaction: Interaction, data: Wire, uploads: Uploads) -> Message:
        message = self._source(interaction)
        self._posting.edit(message, data, uploads)
        interaction.response_id = message.id
        interaction.response_ephemeral = message.ephemeral
        return message

    def _choices(self, interaction: Interaction, data: Wire, _: Uploads) -> None:
        limits.check_choices(data.get("choices") or [])
        interaction.choices = data.get("choices") or []

    def _modal(self, interaction: Interaction, data: Wire, _: Uploads) -> None:
        limits.check_modal(data)
        interaction.modal = data

    def _source(self, interaction: Interaction) -> Message:
        message = self._world.message(interaction.channel_id, interaction.message_id or 0)
        if message is None:
            raise ApiError(10008)
        return message

    def _origin(self, interaction: Interaction, *, first: bool) -> Wire:
        """Return what a message keeps of the interaction it came from."""
        kinds = {InteractionType.COMMAND: 2, InteractionType.COMPONENT: 3, InteractionType.MODAL_SUBMIT: 5}
        meta: Wire = {
            "id": str(interaction.id),
            "type": kinds[InteractionType(interaction.type)],
            "user": str(interaction.user_id),
            "authorizing_integration_owners": interaction.owners,
        }
        if interaction.type == InteractionType.COMPONENT:
            meta["interacted_message_id"] = str(interaction.message_id)
        if interaction.type == InteractionType.MODAL_SUBMIT:
            opener = self._world.interactions.get(interaction.from_modal or 0)
            kind = opener.type if opener else InteractionType.COMMAND
            trigger: Wire = {
                "id": str(interaction.from_modal or interaction.id),
                "type": int(kind),
                "user": str(interaction.user_id),
                "authorizing_integration_owners": interaction.owners,
            }
            if kind == InteractionType.COMPONENT:
                trigger["interacted_message_id"] = str(interaction.message_id or 0)
            meta["triggering_interaction_metadata"] = trigger
        if not first and interaction.response_id is not None:
            meta["original_response_message_id"] = str(interaction.response_id)
        return {
            "webhook_id": self._world.application.id,
            "interaction_id": interaction.id,
            "interaction_meta": meta,
            "command_label": interaction.label or None,
            "type": self._message_type(interaction) if first else 0,
        }

    def _message_type(self, interaction: Interaction) -> int:
        """Return what kind of message the first answer is: to a slash command, to the Apps menu, or plain."""
        if interaction.type != InteractionType.COMMAND:
            return 0
        return 20 if interaction.data.get("type") == CommandType.SLASH else 23

    def _post(self, interaction: Interaction, data: Wire, uploads: Uploads, *, ephemeral: bool, first: bool) -> Message:
        channel = self._world.channels[interaction.channel_id]
        origin = self._origin(interaction, first=first)
        message_type = origin.pop("type")
        if not first:
            origin["command_label"] = None
        return self._posting.create(
            channel,
            self._world.application.bot_id,
            data,
            uploads,
            message_type=message_type,
            viewer_id=interaction.user_id if ephemeral else None,
            **origin,
        )

    # Later answers, by token

    def by_token(self, token: str) -> Interaction:
        """Return the answered interaction of a token; raise what Discord says of dead and unknown ones."""
        for interaction in self._world.interactions.values():
            if secrets.compare_digest(interaction.token.encode(), token.encode()):
                if self._world.clock.now() - interaction.created_at >= TOKEN_LIFE:
                    raise ApiError(50027)
                if interaction.answer is None:
                    raise ApiError(10015)
                return interaction
        raise ApiError(10015)

    def original(self, interaction: Interaction) -> Message:
        message = self._world.message(interaction.channel_id, interaction.response_id or 0)
        if message is None:
            raise ApiError(10008)
        return message

    def owned(self, interaction: Interaction, message_id: int) -> Message:
        """Return a message that this token may read, edit and delete."""
        message = self._world.message(interaction.channel_id, message_id)
        mine = message is not None and message.interaction_id == interaction.id
        if message is None or not (mine or message.id == interaction.response_id):
            raise ApiError(10008)
        return message

    def follow_up(self, interaction: Interaction, data: Wire, uploads: Uploads) -> Message:
        """Post a follow-up; the first one after a defer takes the place of the placeholder."""
        original = self._world.message(interaction.channel_id, interaction.response_id or 0)
        deferred = interaction.answer == CallbackType.DEFERRED and not interaction.original_edited
        if deferred and original is not None and original.loading:
            interaction.original_edited = True
            channel = self._world.channels[interaction.channel_id]
            message = self._posting.create(channel, original.author_id, data, uploads, fill=original)
            self._done(interaction)
            return message
        if set(interaction.owners) == {"1"} and interaction.followups >= USER_INSTALL_FOLLOWUPS:
            raise ApiError(40094)
        ephemeral = bool(int(data.get("flags") or 0) & MessageFlag.EPHEMERAL)
        message = self._post(interaction, data, uploads, ephemeral=ephemeral, first=False)
        interaction.followups += 1
        return message

    def edit(self, interaction: Interaction, message: Message, data: Wire, uploads: Uploads) -> Message:
        self._posting.edit(message, data, uploads)
        if message.id == interaction.response_id:
            interaction.original_edited = True
            self._done(interaction)
        return message

    def delete(self, interaction: Interaction, message: Message) -> None:
        self._world.delete_message(message)
        if message.id == interaction.response_id:
            interaction.original_edited = True
            self._done(interaction)

    def _done(self, interaction: Interaction) -> None:
        if interaction.state is InteractionState.THINKING:
            self._move(interaction, InteractionState.ANSWERED)
