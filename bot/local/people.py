"""A person at the keyboard: what they can do and what they see. Page and tests act through this."""

import asyncio
from typing import Any

from bot.local import changes, forms
from bot.local.core import Core
from bot.local.interactions import ANSWER_WITHIN
from bot.local.model import (
    Attachment,
    Channel,
    ChannelType,
    Command,
    CommandType,
    Interaction,
    InteractionState,
    InteractionType,
    Message,
    User,
    Wire,
)
from bot.local.parts import walk
from bot.local.permissions import Permission
from bot.local.picker import PersonError, Resolver, Usage, option_data, usable, usages
from bot.local.posting import Upload
from bot.local.world import visible_to

__all__ = ["Person", "PersonError", "Upload"]


class Person:
    """Act as one user. Actions return at once; what the bot makes of them shows in the interaction."""

    def __init__(self, core: Core, user: User) -> None:
        self._core = core
        self.user = user
        self.channel = self.places()[0]
        """Where this person is; actions happen there unless told otherwise."""

    @property
    def id(self) -> int:
        return self.user.id

    @property
    def name(self) -> str:
        return self.user.display_name

    # Places

    def places(self) -> list[Channel]:
        """Return what the channel list shows: guild channels, threads, then conversations."""
        world = self._core.world
        seen = [
            c
            for c in world.channels.values()
            if world.permissions(c, self.id) & Permission.VIEW_CHANNEL and self._listed(c)
        ]
        return sorted(seen, key=lambda c: (c.is_conversation, c.guild_id or 0, c.position, c.id))

    def _listed(self, channel: Channel) -> bool:
        private = channel.type == ChannelType.PRIVATE_THREAD
        return not private or self.id in channel.thread_member_ids

    def go(self, place: Channel | str) -> Channel:
        """Move to a channel, by `#name`, or to the conversation with the bot, by `DM`."""
        world = self._core.world
        if isinstance(place, Channel):
            self.channel = place
        elif place.upper() == "DM":
            self.channel = world.conversation(self.id, world.bot.id)
        else:
            self.channel = world.channel(place)
        return self.channel

    # Commands

    def commands(self, channel: Channel | None = None, kind: CommandType | None = None) -> list[Command]:
        """Return the commands this person may use there."""
        place = channel or self.channel
        return [
            c
            for c in self._core.world.commands.values()
            if kind in (None, c.type) and usable(self._core, c, place, self.id) is not None
        ]

    def usages(self, channel: Channel | None = None) -> list[Usage]:
        """Return the entries of the slash picker, subcommands one by one, by name."""
        found = [u for c in self.commands(channel, CommandType.SLASH) for u in usages(c)]
        return sorted(found, key=lambda u: u.name)

    def usage(self, name: str, channel: Channel | None = None) -> Usage:
        """Return one entry of the picker, by `/loop show` or `loop show`."""
        wanted = " ".join(name.removeprefix("/").split())
        offers = self.usages(channel)
        for found in offers:
            if found.name == wanted:
                return found
        place = self._place_name(channel or self.channel)
        listed = ", ".join(f"/{u.name}" for u in offers) or "nothing"
        raise PersonError(f"{self.name} has no /{wanted} in {place}. The picker offers: {listed}.")

    def _place_name(self, channel: Channel) -> str:
        return f"#{channel.name}" if channel.guild_id else "the conversation"

    def slash(self, name: str, /, *, channel: Channel | None = None, **options: Any) -> Interaction:
        """Use a slash command."""
        return self.use(name, options, channel=channel)

    def use(self, name: str, options: dict[str, Any], *, channel: Channel | None = None) -> Interaction:
        """Use a slash command with its options as a dictionary."""
        place = channel or self.channel
        found = self.usage(name, place)
        resolver = Resolver(self._core, place, self.id)
        data = self._command_data(found.command)
        data["options"] = option_data(found, options, resolver)
        if resolver.resolved:
            data["resolved"] = resolver.resolved
        return self._command(InteractionType.COMMAND, found.command, place, data, f"/{found.name}")

    async def autocomplete(
        self, name: str, option: str, text: str, /, *, channel: Channel | None = None, **others: Any
    ) -> list[Wire] | None:
        """Type into an option and return the choices that come; None if none came in time."""
        return await self.complete(name, option, text, others, channel=channel)

    async def complete(
        self, name: str, option: str, text: str, others: dict[str, Any], *, channel: Channel | None = None
    ) -> list[Wire] | None:
        """Do as `autocomplete`, with the other options as a dictionary: they may be called anything."""
        place = channel or self.channel
        found = self.usage(name, place)
        resolver = Resolver(self._core, place, self.id)
        data = self._command_data(found.command)
        data["options"] = option_data(found, {**others, option: text}, resolver, focused=option)
        if resolver.resolved:
            data["resolved"] = resolver.resolved
        done = asyncio.Event()

        def hear(change: changes.Change) -> None:
            if isinstance(change, changes.InteractionChanged) and change.interaction.id in mine:
                done.set()

        mine: set[int] = set()
        stop = self._core.world.listen(hear)
        try:
            asked = self._command(InteractionType.AUTOCOMPLETE, found.command, place, data, "")
            mine.add(asked.id)
            async with asyncio.timeout(ANSWER_WITHIN.total_seconds() * 3):
                await done.wait()
        except TimeoutError:
            return None
        finally:
            stop()
        return asked.choices

    def context_menu(
        self, name: str, target: "Message | User | Person", *, channel: Channel | None = None
    ) -> Interaction:
        """Use a message command on a message, or a user command on somebody."""
        on_message = isinstance(target, Message)
        kind = CommandType.MESSAGE if on_message else CommandType.USER
        place = self._core.world.channels[target.channel_id] if on_message else channel or self.channel
        offers = self.commands(place, kind)
        command = next((c for c in offers if c.name == name), None)
        if command is None:
            listed = ", ".join(c.name for c in offers) or "nothing"
            raise PersonError(f"The Apps menu has no {name!r}. It offers: {listed}.")
        resolver = Resolver(self._core, place, self.id)
        data = {**self._command_data(command), "target_id": str(target.id)}
        if on_message:
            data["resolved"] = {"messages": {str(target.id): self._core.payloads.message(target)}}
        else:
            resolver.user(target.id)
            data["resolved"] = resolver.resolved
        return self._command(InteractionType.COMMAND, command, place, data, name)

    def _command_data(self, command: Command) -> Wire:
        data: Wire = {"id": str(command.id), "name": command.name, "type": int(command.type)}
        if command.guild_id is not None:
            data["guild_id"] = str(command.guild_id)
        return data

    def _command(self, kind: InteractionType, command: Command, place: Channel, data: Wire, label: str) -> Interaction:
        owners = usable(self._core, command, place, self.id) or {}
        return self._core.interactions.start(kind, self.id, place, data, label=label, owners=owners)

    # Components and forms

    def click(self, message: Message, button: str) -> Interaction:
        """Press a button, by custom_id or label."""
        part = self._part(message, button, (2,), "button")
        if part.get("style") == 5:
            raise PersonError(f"{forms.label_of(part)!r} is a link to {part['url']}.")
        data = {"component_type": 2, "custom_id": part["custom_id"], "id": part["id"]}
        return self._component(message, data)

    def select(self, message: Message, select: str, *picked: Any) -> Interaction:
        """Choose in a select (by custom_id or placeholder) options by label or value, others by id or object."""
        part = self._part(message, select, forms.SELECTS, "select")
        place = self._core.world.channels[message.channel_id]
        resolver = Resolver(self._core, place, self.id)
        values = forms.select_values(part, picked, resolver)
        forms.check_count(part, values, forms.label_of(part) or select)
        data: Wire = {
            "component_type": part["type"],
            "custom_id": part["custom_id"],
            "id": part["id"],
            "values": values,
        }
        if resolver.resolved:
            data["resolved"] = resolver.resolved
        return self._component(message, data)

    def _part(self, message: Message, wanted: str, kinds: tuple[int, ...], what: str) -> Wire:
        if not self.can_see(message):
            raise PersonError(f"{self.name} cannot see that message.")
        part = forms.find_part(message.components, wanted, kinds)
        if part is None:
            there = [forms.label_of(p) for p in walk(message.components) if p.get("type") in kinds]
            raise PersonError(f"There is no {what} {wanted!r} on the message. There is: {', '.join(there)}.")
        if part.get("disabled"):
            raise PersonError(f"The {what} {wanted!r} is disabled.")
        return part

    def _component(self, message: Message, data: Wire) -> Interaction:
        place = self._core.world.channels[message.channel_id]
        return self._core.interactions.start(InteractionType.COMPONENT, self.id, place, data, message_id=message.id)

    def submit(self, opener: Interaction, values: dict[str, Any]) -> Interaction:
        """Send the form that an interaction opened; values by custom_id."""
        if opener.modal is None or opener.user_id != self.id:
            raise PersonError(f"{self.name} has no form open.")
        place = self._core.world.channels[opener.channel_id]
        resolver = Resolver(self._core, place, self.id)
        data = forms.form_data(opener.modal, values, resolver)
        return self._core.interactions.start(
            InteractionType.MODAL_SUBMIT,
            self.id,
            place,
            data,
            owners=opener.owners,
            message_id=opener.message_id,
            from_modal=opener.id,
            label=opener.label,
        )

    # Talking

    def say(self, text: str = "", *files: Upload, channel: Channel | None = None) -> Message:
        """Write a message, with files if any."""
        world = self._core.world
        place = channel or self.channel
        needed = Permission.SEND_MESSAGES_IN_THREADS if place.is_thread else Permission.SEND_MESSAGES
        if not world.permissions(place, self.id) & needed:
            raise PersonError(f"{self.name} cannot write in {self._place_name(place)}.")
        limit = world.upload_limit(place)
        if any(len(file.data) > limit for file in files):
            raise PersonError(f"Your files are too powerful. The maximum file size is {limit // (1024 * 1024)} MB.")
        if files and not world.permissions(place, self.id) & Permission.ATTACH_FILES:
            raise PersonError(f"{self.name} cannot attach files in {self._place_name(place)}.")
        if place.is_thread:
            if place.archived and place.locked and not world.permissions(place, self.id) & Permission.MANAGE_THREADS:
                raise PersonError("This thread is locked.")
            world.wake_thread(place)
            world.join_thread(place, self.id)
        return self._core.posting.create(place, self.id, {"content": text}, dict(enumerate(files)))

    def dm(self, text: str = "", *files: Upload) -> Message:
        """Write to the bot in private."""
        world = self._core.world
        return self.say(text, *files, channel=world.conversation(self.id, world.bot.id))

    def upload(self, file: Upload, *, channel: Channel | None = None) -> Attachment:
        """Upload a file ahead of a command or form that takes it."""
        resolver = Resolver(self._core, channel or self.channel, self.id)
        return self._core.world.attachments[int(resolver.attachment(file))]

    def react(self, message: Message, emoji: str) -> None:
        self._core.world.react(message, self.id, emoji)

    def unreact(self, message: Message, emoji: str) -> None:
        self._core.world.unreact(message, self.id, emoji)

    def type(self, channel: Channel | None = None) -> None:
        """Show that this person is typing."""
        self._core.world.emit(changes.TypingStarted((channel or self.channel).id, self.id))

    def edit(self, message: Message, text: str) -> None:
        if message.author_id != self.id:
            raise PersonError("One can only edit one's own messages.")
        self._core.posting.edit(message, {"content": text}, {})

    def delete(self, message: Message) -> None:
        """Delete an own message, or dismiss one that only this person sees."""
        world = self._core.world
        held = world.permissions(world.channels[message.channel_id], self.id)
        mine = message.author_id == self.id or message.viewer_id == self.id
        if not (mine or held & Permission.MANAGE_MESSAGES):
            raise PersonError("One can only delete one's own messages.")
        world.delete_message(message)

    def install(self) -> None:
        """Add the app to this person's own account."""
        self._core.world.user_installs.add(self.id)

    # Seeing

    def can_see(self, message: Message) -> bool:
        return visible_to(self._core.world, message, self.id)

    def sees(self, channel: Channel | None = None) -> list[Message]:
        """Return the messages on the screen there, oldest first, ephemeral ones of this person included."""
        place = channel or self.channel
        return [m for m in self._core.world.messages.get(place.id, {}).values() if self.can_see(m)]

    def failures(self, channel: Channel | None = None) -> list[Interaction]:
        """Return what this person did there that the bot did not answer in time."""
        place = channel or self.channel
        return [
            i
            for i in self._core.world.interactions.values()
            if i.user_id == self.id and i.channel_id == place.id and i.state is InteractionState.FAILED
        ]
