"""What one person has on the message page, as JSON: Discord's own wire objects, seen by that person."""

from typing import Any

from bot.local.core import Core
from bot.local.model import Channel, Interaction, Message, Wire
from bot.local.people import Person
from bot.local.permissions import Permission

MAX_EXACT = 2**53 - 1
"""The largest whole number that a browser keeps exactly."""


def exact(node: Any) -> Any:
    """Copy wire JSON with ids as text: libraries may send them as numbers, which a browser would round."""
    if isinstance(node, dict):
        return {key: exact(value) for key, value in node.items()}
    if isinstance(node, list):
        return [exact(value) for value in node]
    if isinstance(node, int) and not isinstance(node, bool) and abs(node) > MAX_EXACT:
        return str(node)
    return node


class Screen:
    """Build the JSON of the page for one person."""

    def __init__(self, core: Core, person: Person) -> None:
        self._core = core
        self.person = person

    def world(self) -> Wire:
        """Return everything but messages and commands: who, where, which roles."""
        world = self._core.world
        guild = next((g for g in world.guilds.values() if self.person.id in g.members), None)
        people = [p for p in world.users.values() if not p.is_bot]
        return {
            "me": self._user(self.person.id),
            "actors": [str(p.id) for p in people],
            "application": {
                "id": str(world.application.bot_id),
                "name": world.application.name,
                "online": self._core.gateway.online,
            },
            "guild": {**self._core.payloads.guild(guild), "file_limit": guild.upload_limit} if guild else None,
            "users": [self._user(user_id) for user_id in world.users],
            "channels": [self.channel(c) for c in self.person.places()],
        }

    def _user(self, user_id: int) -> Wire:
        world = self._core.world
        body = self._core.payloads.user(world.users[user_id])
        body["bot"] = world.users[user_id].is_bot
        for guild in world.guilds.values():
            if (member := guild.members.get(user_id)) and self.person.id in guild.members:
                body |= {"roles": [str(i) for i in member.role_ids], "nick": member.nick}
        return body

    def channel(self, channel: Channel) -> Wire:
        """Return a place with what this person may do there and how large a file may be."""
        world, payloads = self._core.world, self._core.payloads
        body = payloads.channel(channel, for_user=self.person.id)
        held = world.permissions(channel, self.person.id)
        needed = Permission.SEND_MESSAGES_IN_THREADS if channel.is_thread else Permission.SEND_MESSAGES
        body |= {"can_send": bool(held & needed), "file_limit": world.upload_limit(channel)}
        if channel.is_conversation:
            others = [i for i in channel.recipient_ids if i != self.person.id]
            body["recipients"] = [payloads.user(world.users[i]) for i in others]
        return body

    def message(self, message: Message) -> Wire:
        """Return a message with the line "Ada used …" and with this person's own reactions marked."""
        body = self._core.payloads.message(message)
        if message.command_label and message.interaction_meta:
            user = self._core.world.users[int(message.interaction_meta["user"])]
            body["interaction"] = {"name": message.command_label, "user": self._core.payloads.user(user)}
        for reaction, people in zip(body.get("reactions", []), message.reactions.values(), strict=True):
            reaction["me"] = self.person.id in people
        body["components"] = exact(body["components"])
        return body

    def messages(self, channel: Channel, before: int | None, limit: int) -> list[Wire]:
        """Return up to `limit` messages older than `before`, oldest first."""
        seen = [m for m in self.person.sees(channel) if before is None or m.id < before]
        seen.sort(key=lambda message: message.id)
        return [self.message(message) for message in seen[-limit:]]

    def commands(self, channel: Channel) -> list[Wire]:
        """Return slash commands and context menus this person may use there."""
        return [self._core.payloads.command(command) for command in self.person.commands(channel)]

    def interaction(self, interaction: Interaction) -> Wire:
        """Return how an interaction stands: `answered`, `thinking`, `modal` with the form, `failed` with words."""
        body: Wire = {"interaction": str(interaction.id), "state": str(interaction.state)}
        if interaction.modal is not None:
            body["modal"] = {**exact(interaction.modal), "id": str(interaction.id)}
        if interaction.failure is not None:
            body["text"] = interaction.failure
        if interaction.response_id is not None:
            body["message"] = str(interaction.response_id)
        return body
