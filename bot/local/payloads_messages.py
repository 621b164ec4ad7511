"""Messages, their files and reactions as Discord sends them."""

from typing import Any

from bot.local.files import signed_query
from bot.local.model import Attachment, Message, Wire
from bot.local.payloads_places import PlacePayloads


class MessagePayloads(PlacePayloads):
    """Build messages; what they show is linked anew each time."""

    def attachment(self, attachment: Attachment) -> Wire:
        url = self.attachment_url(attachment)
        body: Wire = {
            "id": str(attachment.id),
            "filename": attachment.filename,
            "size": attachment.size,
            "url": url,
            "proxy_url": url,
            "content_type": attachment.content_type,
        }
        if attachment.width is not None:
            body |= {"width": attachment.width, "height": attachment.height}
        if attachment.description is not None:
            body["description"] = attachment.description
        if attachment.ephemeral:
            body["ephemeral"] = True
        return body

    def attachment_url(self, attachment: Attachment) -> str:
        kind = "ephemeral-attachments" if attachment.ephemeral else "attachments"
        query = signed_query(self.world.secret, attachment.id, self.world.clock.now())
        path = f"{kind}/{attachment.channel_id}/{attachment.id}/{attachment.filename}"
        return f"{self.addresses.cdn}/{path}?{query}"

    def message(self, message: Message, *, referenced: bool = True) -> Wire:
        shown = media_ids(message.embeds) | media_ids(message.components)
        loose = [self.world.attachments[i] for i in message.attachment_ids if i not in shown]
        body: Wire = {
            "id": str(message.id),
            "channel_id": str(message.channel_id),
            "author": self.user(self.world.users[message.author_id]),
            "content": message.content,
            "type": message.type,
            "timestamp": message.created_at.isoformat(),
            "edited_timestamp": message.edited_at.isoformat() if message.edited_at else None,
            "tts": message.tts,
            "pinned": message.pinned_at is not None,
            "mention_everyone": message.mention_everyone,
            "mentions": [self.user(self.world.users[i]) for i in message.mention_ids],
            "mention_roles": [str(i) for i in message.mention_role_ids],
            "attachments": [self.attachment(a) for a in loose],
            "embeds": self._with_media(message.embeds),
            "components": self._with_media(message.components, component=True),
            "flags": message.flags,
        }
        if message.nonce is not None:
            body["nonce"] = message.nonce
        if message.poll is not None:
            body["poll"] = message.poll
        if message.webhook_id is not None:
            body |= {"webhook_id": str(message.webhook_id), "application_id": str(message.webhook_id)}
        if message.interaction_meta is not None:
            body["interaction_metadata"] = self._metadata(message.interaction_meta)
        if message.reactions:
            body["reactions"] = [self._reaction(e, people) for e, people in message.reactions.items()]
        if message.reference is not None:
            body["message_reference"] = message.reference
            if referenced and message.type == 19:
                origin = self.world.message(int(message.reference["channel_id"]), int(message.reference["message_id"]))
                body["referenced_message"] = self.message(origin, referenced=False) if origin else None
        if message.thread_id is not None and (thread := self.world.channels.get(message.thread_id)):
            body["thread"] = self.channel(thread)
        return body

    def message_event(self, message: Message) -> Wire:
        """Return a message as the gateway sends it: with guild and member beside the author."""
        body = self.message(message)
        channel = self.world.channels[message.channel_id]
        body["channel_type"] = channel.type
        if channel.guild_id is not None:
            guild = self.world.guilds[channel.guild_id]
            body["guild_id"] = str(guild.id)
            if member := guild.members.get(message.author_id):
                body["member"] = self.member(guild, member, with_user=False)
        return body

    def _metadata(self, meta: Wire) -> Wire:
        shown = {**meta, "user": self.user(self.world.users[int(meta["user"])])}
        if trigger := meta.get("triggering_interaction_metadata"):
            shown["triggering_interaction_metadata"] = self._metadata(trigger)
        return shown

    def _reaction(self, emoji: str, people: list[int]) -> Wire:
        return {
            "emoji": emoji_payload(emoji),
            "count": len(people),
            "count_details": {"burst": 0, "normal": len(people)},
            "burst_colors": [],
            "me_burst": False,
            "burst_me": False,
            "burst_count": 0,
            "me": self.world.application.bot_id in people,
        }

    def _with_media(self, node: Any, *, component: bool = False) -> Any:
        """Copy embeds or components, turning each held file into a link of this moment."""
        if isinstance(node, list):
            return [self._with_media(item, component=component) for item in node]
        if not isinstance(node, dict):
            return node
        if "attachment_id" in node and (held := self.world.attachments.get(int(node["attachment_id"]))):
            url = self.attachment_url(held)
            media: Wire = {"url": url, "proxy_url": url, "content_type": held.content_type, "flags": 0}
            if held.width is not None:
                media |= {"width": held.width, "height": held.height}
            if component:
                media |= {"id": str(held.id), "attachment_id": str(held.id), "loading_state": 2}
                media |= {} if held.width is not None else {"width": None, "height": None}
            return {**{k: v for k, v in node.items() if k != "attachment_id"}, **media}
        copied = {key: self._with_media(value, component=component) for key, value in node.items()}
        if isinstance(copied.get("icon_url"), dict):
            copied["icon_url"] = copied["icon_url"]["url"]
        if component and set(node) == {"url"}:
            copied |= {"id": "0", "proxy_url": node["url"], "loading_state": 2}
        if component and node.get("type") == 13 and "attachment_id" in node.get("file", {}):
            held = self.world.attachments[int(node["file"]["attachment_id"])]
            copied |= {"name": held.filename, "size": held.size}
        return copied


def media_ids(node: Any) -> set[int]:
    """Return the ids of all files that embeds or components show."""
    if isinstance(node, list):
        return set[int]().union(*(media_ids(item) for item in node))
    if isinstance(node, dict):
        own = {int(node["attachment_id"])} if "attachment_id" in node else set[int]()
        return own.union(*(media_ids(value) for value in node.values()))
    return set()


def emoji_payload(emoji: str) -> Wire:
    """Return the wire form of `👍` or `name:id`."""
    name, _, identity = emoji.partition(":")
    return {"id": identity or None, "name": name}
