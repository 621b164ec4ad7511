"""From what a bot sends to a message in the world: files, media, component ids, mentions."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from bot.local import limits
from bot.local.errors import ApiError, Form
from bot.local.files import FileStore, dimensions, type_of
from bot.local.model import Attachment, Channel, Message, MessageFlag, Wire
from bot.local.parts import complete, complete_embed, walk
from bot.local.world import World

_MENTION = re.compile(r"<@!?(\d+)>")
_ROLE_MENTION = re.compile(r"<@&(\d+)>")
_OUR_LINK = re.compile(r"/(?:ephemeral-)?attachments/\d+/(\d+)/")
_MEDIA_KEYS = ("image", "thumbnail", "media", "file")
_ICON_HOLDERS = ("author", "footer")
SETTABLE_FLAGS = MessageFlag.SUPPRESS_EMBEDS | MessageFlag.SUPPRESS_NOTIFICATIONS | MessageFlag.COMPONENTS_V2
NONCE_LIFE = timedelta(minutes=5)
KEPT_NONCES = 1_000


@dataclass(frozen=True, slots=True)
class Upload:
    """One file on its way in."""

    filename: str
    data: bytes
    content_type: str = ""


Uploads = Mapping[int, Upload]
"""The `files[n]` parts of a request by n."""


class Posting:
    """Create and edit messages from request bodies."""

    def __init__(self, world: World, store: FileStore) -> None:
        self._world = world
        self._store = store
        self._nonces: dict[tuple[int, int, str], Message] = {}
        for message in sorted((m for place in world.messages.values() for m in place.values()), key=lambda m: m.id):
            self._remember_nonce(message)

    def create(
        self,
        channel: Channel,
        author_id: int,
        body: Wire,
        uploads: Uploads,
        *,
        fill: Message | None = None,
        message_type: int = 0,
        viewer_id: int | None = None,
        **more: Any,
    ) -> Message:
        """Check a body and add the message, or put it in the place of the placeholder `fill`."""
        limit = self._world.upload_limit(channel)
        by_bot = author_id == self._world.application.bot_id
        limits.check_message(body, uploads, upload_limit=limit, by_bot=by_bot)
        if fill is None and (repeated := self._repeated(channel, author_id, body)):
            return repeated
        message = fill or Message(
            self._world.ids.new(),
            channel.id,
            author_id,
            self._world.clock.now(),
            type=message_type,
            viewer_id=viewer_id,
            **more,
        )
        message.flags |= int(body.get("flags") or 0) & SETTABLE_FLAGS
        if message.ephemeral:
            message.flags |= MessageFlag.EPHEMERAL
        message.tts = bool(body.get("tts"))
        message.nonce = body.get("nonce")
        message.poll = body.get("poll")
        self._reference(message, body)
        self._write(message, body, uploads)
        if fill is not None:
            self._world.finish_loading(message)
            self._world.touch_message(message, edited=False)
            return message
        self._remember_nonce(message)
        return self._world.add_message(message)

    def edit(self, message: Message, body: Wire, uploads: Uploads, *, edited: bool = True) -> Message:
        """Check an edit against the message as it stands and apply it."""
        channel = self._world.channels[message.channel_id]
        before = limits.Existing(
            content=message.content,
            embeds=len(message.embeds),
            components=len(message.components),
            attachments={i: self._world.attachments[i].filename for i in message.attachment_ids},
            v2=bool(message.flags & MessageFlag.COMPONENTS_V2),
            loading=message.loading,
        )
        limits.check_message(
            body,
            uploads,
            upload_limit=self._world.upload_limit(channel),
            before=before,
            by_bot=message.author_id == self._world.application.bot_id,
        )
        flags = body.get("flags")
        if flags is not None:
            kept = message.flags & ~MessageFlag.SUPPRESS_EMBEDS
            message.flags = kept | (int(flags) & SETTABLE_FLAGS)
        was_loading = message.loading
        self._world.finish_loading(message)
        self._write(message, body, uploads)
        self._world.touch_message(message, edited=edited and not was_loading)
        return message

    def keep_file(self, channel_id: int, upload: Upload, *, ephemeral: bool = False, **more: Any) -> Attachment:
        """Store a file and return its record."""
        size = dimensions(upload.data)
        attachment = Attachment(
            self._world.ids.new(),
            upload.filename,
            len(upload.data),
            upload.content_type or type_of(upload.filename),
            channel_id,
            width=size[0] if size else None,
            height=size[1] if size else None,
            ephemeral=ephemeral,
            **more,
        )
        self._world.attachments[attachment.id] = attachment
        self._store.put(attachment.id, upload.data)
        return attachment

    # Parts

    def _repeated(self, channel: Channel, author_id: int, body: Wire) -> Message | None:
        """Return the message sent shortly before with the same nonce, when the sender insists on it."""
        if not body.get("enforce_nonce") or body.get("nonce") is None:
            return None
        key = (channel.id, author_id, str(body["nonce"]))
        message = self._nonces.get(key)
        if message is None or self._world.clock.now() - message.created_at > NONCE_LIFE:
            return None
        return self._world.message(channel.id, message.id)

    def _remember_nonce(self, message: Message) -> None:
        """Keep the latest nonces, so that looking for a repeat costs the same in a long channel."""
        if message.nonce is not None:
            self._nonces[message.channel_id, message.author_id, str(message.nonce)] = message
        while len(self._nonces) > KEPT_NONCES:
            del self._nonces[next(iter(self._nonces))]

    def _reference(self, message: Message, body: Wire) -> None:
        reference = body.get("message_reference")
        if not reference:
            return
        channel_id = int(reference.get("channel_id") or message.channel_id)
        target = self._world.message(channel_id, int(reference["message_id"]))
        if target is None or target.ephemeral:
            if reference.get("fail_if_not_exists", True):
                form = Form()
                form.wrong(("message_reference",), "MESSAGE_REFERENCE_UNKNOWN_MESSAGE", "Unknown message")
                form.raise_if_wrong()
            return
        message.type = 19
        message.reference = {"type": 0, "channel_id": str(channel_id), "message_id": str(target.id)}
        if guild_id := self._world.channels[channel_id].guild_id:
            message.reference["guild_id"] = str(guild_id)

    def _write(self, message: Message, body: Wire, uploads: Uploads) -> None:
        self._attach(message, body, uploads)
        if "content" in body:
            message.content = (body["content"] or "").strip()
        if "embeds" in body:
            message.embeds = [complete_embed(self._media(message, embed)) for embed in body["embeds"] or []]
        if "components" in body:
            message.components = self._media(message, body["components"] or [])
            complete(message.components)
        if "content" in body or "components" in body:
            self._mentions(message, body.get("allowed_mentions"))
        if message.flags & MessageFlag.COMPONENTS_V2:
            message.content = ""
            message.embeds = []

    def _attach(self, message: Message, body: Wire, uploads: Uploads) -> None:
        listed = body.get("attachments")
        described = {int(entry["id"]): entry for entry in listed or []}
        if listed is not None:
            message.attachment_ids = [i for i in message.attachment_ids if i in described]
            for kept in message.attachment_ids:
                if "description" in described[kept]:
                    self._world.attachments[kept].description = described[kept]["description"]
        for index, upload in sorted(uploads.items()):
            entry = described.get(index, {})
            name = entry.get("filename") or upload.filename
            attachment = self.keep_file(
                message.channel_id,
                Upload(name, upload.data, upload.content_type),
                ephemeral=message.ephemeral,
                description=entry.get("description"),
                spoiler=name.startswith("SPOILER_"),
            )
            message.attachment_ids.append(attachment.id)

    def _media(self, message: Message, node: Any) -> Any:
        """Copy embeds or components, turning links to own files into their ids."""
        if isinstance(node, list):
            return [self._media(message, item) for item in node]
        if not isinstance(node, dict):
            return node
        copied: Wire = {}
        for key, value in node.items():
            if value is None and key != "accent_color":
                continue
            if key in _MEDIA_KEYS and isinstance(value, dict) and "url" in value:
                copied[key] = self._media_item(message, value["url"])
            elif key in _ICON_HOLDERS and isinstance(value, dict):
                copied[key] = self._with_icon(message, value)
            else:
                copied[key] = self._media(message, value)
        return copied

    def _with_icon(self, message: Message, value: Wire) -> Wire:
        kept = {k: v for k, v in value.items() if v is not None}
        if str(kept.get("icon_url", "")).startswith("attachment://"):
            kept["icon_url"] = self._media_item(message, kept["icon_url"])
        return kept

    def _media_item(self, message: Message, url: str) -> Wire:
        if url.startswith("attachment://"):
            name = url.removeprefix("attachment://")
            for attachment_id in reversed(message.attachment_ids):
                if self._world.attachments[attachment_id].filename == name:
                    return {"attachment_id": attachment_id}
        if (ours := _OUR_LINK.search(url)) and int(ours[1]) in self._world.attachments:
            return {"attachment_id": int(ours[1])}
        return {"url": url}

    def _mentions(self, message: Message, allowed: Wire | None) -> None:
        # Texts in components mention people as the content does.
        said = "\n".join([message.content, *(part.get("content") or "" for part in walk(message.components))])
        people = dict.fromkeys(int(i) for i in _MENTION.findall(said))
        roles = dict.fromkeys(int(i) for i in _ROLE_MENTION.findall(said))
        everyone = "@everyone" in said or "@here" in said
        if allowed is not None:
            parse = allowed.get("parse") or []
            named = {int(i) for i in allowed.get("users") or []}
            named_roles = {int(i) for i in allowed.get("roles") or []}
            people = {i: None for i in people if "users" in parse or i in named}
            roles = {i: None for i in roles if "roles" in parse or i in named_roles}
            everyone = everyone and "everyone" in parse
        message.mention_ids = [i for i in people if i in self._world.users]
        message.mention_role_ids = list(roles)
        message.mention_everyone = everyone


def require_author(message: Message, user_id: int) -> None:
    """Refuse an edit of somebody else's message."""
    if message.author_id != user_id:
        raise ApiError(50005)
