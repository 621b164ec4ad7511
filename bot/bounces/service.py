"""The one door to the catalogue: log what was finished, name, tag, link and delete it. Reading is in `reading`."""

import asyncio
import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from bot.actors import Actor, OwnerId
from bot.bounces import families
from bot.bounces.model import (
    Bounce,
    BounceId,
    BounceSource,
    BounceTag,
    Facts,
    FileStamp,
    FileState,
    Folder,
    PostChoice,
    Tempo,
)
from bot.bounces.names import shown_name
from bot.bounces.ports import Channels, LoopLink, Loops, NoChannels, NoLoops, NoPhases, Phases
from bot.bounces.reading import LIST, BounceReader
from bot.bounces.retention import drop_drawn_blocking
from bot.bounces.rules import BounceRules
from bot.clock import Clock
from bot.errors import Gone, NotFound, Refused
from bot.happened import BOUNCE_LOGGED, happened
from bot.outbox_model import DeliveryDraft
from storage.privacy_map import kept_for
from storage.repositories.bounce_files import FileRepository
from storage.repositories.bounces import BounceRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Database, Reading, Unit

_FREE_TAG = re.compile(r"^[a-z0-9-]{1,24}$")
_TITLE, _NOTE, _FREE_TAGS = 100, 1000, 10


@dataclass(frozen=True, slots=True)
class FromFolder:
    """A finished file in a watched folder. `group_key`: it is told of together with others, later."""

    folder: Folder
    path: str
    stamp: FileStamp
    group_key: str | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """What is known of a finished export before it is in the catalogue."""

    file_name: str
    facts: Facts
    source: BounceSource
    bounced_at: datetime
    origin: FromFolder | None = None
    loop_id: str | None = None
    note: str = ""
    has_audio: bool = False
    post_to: int | None = None
    """Channel for a card where no folder says one."""
    with_audio: bool = False
    """Whether that card is followed by the audio."""


@dataclass(frozen=True, slots=True)
class Logged:
    """`is_new` is false for samples that were known already."""

    bounce: Bounce
    is_new: bool


@dataclass(frozen=True, slots=True)
class Changed:
    """A bounce after a change, and what Undo needs."""

    bounce: Bounce
    group_id: str


class BounceService(BounceReader):
    """One method a use case; see the module's docstring."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: BounceRules,
        media: Path,
        *,
        loops: Loops | None = None,
        channels: Channels | None = None,
        phases: Phases | None = None,
    ) -> None:
        super().__init__(database, rules, media, loops or NoLoops(), channels or NoChannels())
        self._clock = clock
        self._phases: Phases = phases or NoPhases()

    # ------------------------------------------------------------------ coming in

    async def log(self, actor: Actor, owner: OwnerId, finished: Finished, *, key: str | None = None) -> Logged:
        """Put a finished export into the catalogue, and its card into the outbox, in one transaction.

        The same samples again are the same bounce: nothing is posted, the further path is noted. `key` makes a
        repeated request return the first result.
        """
        channel = await self._target(owner, finished)
        phase = await self._phases.phase_of(owner)
        loop = await self._loops.get(owner, finished.loop_id) if finished.loop_id is not None else None
        async with self._database.write(actor, owner, "bounce.log") as unit:
            bounces, requests = unit.repo(BounceRepository), unit.repo(RequestRepository)
            if key is not None and (known_id := await requests.result(key)) is not None:
                first = await bounces.get(str(known_id))
                if first is not None:
                    return Logged(first, False)
            known = await bounces.by_content(finished.facts.content_hash)
            bounce, is_new = known, False
            if bounce is None:
                bounce, is_new = await self._new(unit, finished, phase, loop), True
                await bounces.add(bounce)
            elif bounce.deleted_at is not None:
                # Exported again: it is wanted after all.
                bounce, is_new = replace(bounce, deleted_at=None), True
                await bounces.save(bounce)
            if finished.has_audio and not bounce.has_audio:
                bounce = replace(bounce, has_audio=True)
                await bounces.save(bounce)
            if finished.origin is not None:
                await self._note_file(unit, finished.origin, bounce, will_post=is_new and channel is not None)
            if is_new and channel is not None and (finished.origin is None or finished.origin.group_key is None):
                await self._deliver(unit, bounce, channel, finished)
            if is_new:
                await unit.add_slots([happened(unit, BOUNCE_LOGGED, bounce.id, loop=bounce.loop_id)])
            if key is not None:
                await requests.remember(key, bounce.id)
        return Logged(bounce, is_new)

    async def _target(self, owner: OwnerId, finished: Finished) -> int | None:
        if finished.origin is None:
            return finished.post_to
        folder = finished.origin.folder
        if folder.post is PostChoice.NOTHING or finished.facts.duration_s < self._rules.min_posted_s:
            return None
        return folder.channel_id if folder.channel_id is not None else await self._channels.bounce_channel(owner)

    async def _new(self, unit: Unit, finished: Finished, phase: str | None, loop: LoopLink | None) -> Bounce:
        name = shown_name(finished.file_name)
        family = families.family(name)
        highest = await unit.repo(BounceRepository).highest_number(family.key)
        number = family.number if family.number is not None and family.number > highest else highest + 1
        facts = finished.facts
        stated = loop.bpm if loop is not None and loop.bpm else facts.tags.bpm or families.bpm_in_name(name)
        if stated is not None:
            facts = replace(facts, tempo=Tempo(stated, 1.0))
        return Bounce(
            id=BounceId(unit.new_id()),
            owner_id=unit.owner or 0,
            title=(facts.tags.title or family.title)[:_TITLE],
            file_name=name,
            family=family.key,
            family_title=family.title,
            number=number,
            content_hash=facts.content_hash,
            facts=facts,
            source=finished.source,
            bounced_at=finished.bounced_at,
            created_at=unit.now,
            updated_at=unit.now,
            note=finished.note[:_NOTE],
            loop_id=None if loop is None else loop.id,
            client_id=None if loop is None else loop.client_id,
            phase=phase,
            has_audio=finished.has_audio,
        )

    async def _note_file(self, unit: Unit, origin: FromFolder, bounce: Bounce, *, will_post: bool) -> None:
        waits = origin.group_key is not None and will_post
        await unit.repo(FileRepository).put(
            origin.folder.id,
            origin.path,
            FileState.CATALOGUED if waits or not will_post else FileState.POSTED,
            stamp=origin.stamp,
            bounce_id=bounce.id,
            group_key=origin.group_key if will_post else None,
        )
        await unit.repo(BounceRepository).add_path(bounce.id, origin.path)

    async def _deliver(self, unit: Unit, bounce: Bounce, channel: int, finished: Finished) -> None:
        plain = PostChoice.AUDIO if finished.with_audio else PostChoice.PICTURE
        post = finished.origin.folder.post if finished.origin is not None else plain
        payload = {"bounce": bounce.id, "post": str(post)}
        # A bounce that came back from the bin is a new occurrence.
        key = f"bounce:{bounce.id}:{unit.new_id()}" if bounce.created_at != unit.now else f"bounce:{bounce.id}"
        await unit.deliver(DeliveryDraft("bounce.card", key, "channel", channel, payload))

    async def tell_group(self, owner: OwnerId, folder: Folder, group_key: str, *, was_found: bool) -> int:
        """Post one card for a group of files, in the transaction that marks them; return how many."""
        channel = folder.channel_id if folder.channel_id is not None else await self._channels.bounce_channel(owner)
        async with self._database.write(Actor.system("watcher"), owner, "bounce.group") as unit:
            files = unit.repo(FileRepository)
            members = [file for file in await files.of_group(group_key) if file.state is FileState.CATALOGUED]
            ids = list(dict.fromkeys(file.bounce_id for file in members if file.bounce_id is not None))
            await files.group_posted(group_key)
            if not ids or channel is None or folder.post is PostChoice.NOTHING:
                return len(ids)
            if len(ids) == 1:
                payload: dict[str, object] = {"bounce": ids[0], "post": str(folder.post)}
                await unit.deliver(DeliveryDraft("bounce.card", f"bounce:{ids[0]}", "channel", channel, payload))
            else:
                payload = {"bounces": ids, "found": was_found}
                key = f"bounces:{group_key}"
                await unit.deliver(DeliveryDraft("bounce.group", key, "channel", channel, payload))
            return len(ids)

    # ------------------------------------------------------------------ changing

    async def adopt(self, actor: Actor, owner: OwnerId, bounces: Sequence[Bounce]) -> int:
        """Take over bounces of another catalogue; contents known here stay as they are. Return how many were new.

        A batch of a larger whole, in a transaction of its own: short, and without a history of each row.
        """
        async with self._database.write(actor, owner, "bounce.adopt") as unit:
            given = [replace(bounce, id=BounceId(unit.new_id()), owner_id=owner, has_audio=False) for bounce in bounces]
            added = await unit.repo(BounceRepository).add_new(given)
            for bounce in added:
                if bounce.loop_id is not None:
                    unit.touch("loop", bounce.loop_id)
            return len(added)

    async def edit(
        self,
        actor: Actor,
        owner: OwnerId,
        bounce_id: str,
        *,
        title: str | None = None,
        tag: BounceTag | str | None = "",
        loop_id: str | None = "",
        note: str | None = None,
        free_tags: str | None = None,
    ) -> Changed:
        """Change what people say about a bounce; "" leaves tag and loop as they are, None takes them away.

        Raises NotFound, Gone, Refused("bounce_title", "bounce_tags").
        """
        loop = None
        if loop_id:
            loop = await self._loops.get(owner, loop_id)
            if loop is None:
                raise NotFound("loop", "/loop list")
        words = None if free_tags is None else read_tags(free_tags)
        if title is not None and not 1 <= len(title.strip()) <= _TITLE:
            raise Refused("bounce_title", typed=title[:_TITLE], most=_TITLE)
        async with self._database.write(actor, owner, "bounce.edit") as unit:
            bounce = await self._own(unit, bounce_id)
            if title is not None:
                bounce = replace(bounce, title=title.strip())
            if tag != "":
                bounce = replace(bounce, tag=None if tag is None else BounceTag(tag))
            if loop_id != "":
                bounce = replace(bounce, loop_id=None if loop is None else loop.id)
                if loop is not None and loop.client_id is not None:
                    bounce = replace(bounce, client_id=loop.client_id)
            if note is not None:
                bounce = replace(bounce, note=note.strip()[:_NOTE])
            if words is not None:
                bounce = replace(bounce, free_tags=words)
            await unit.repo(BounceRepository).save(bounce)
            return Changed(bounce, unit.group_id)

    async def move_family(self, actor: Actor, owner: OwnerId, bounce_id: str, other_id: str) -> Changed:
        """Make a bounce the newest version of another one's family."""
        async with self._database.write(actor, owner, "bounce.move_family") as unit:
            bounces = unit.repo(BounceRepository)
            bounce, other = await self._own(unit, bounce_id), await self._own(unit, other_id)
            if bounce.family == other.family:
                raise Refused("bounce_same_family", name=other.family_title)
            number = await bounces.highest_number(other.family) + 1
            moved = replace(bounce, family=other.family, family_title=other.family_title, number=number)
            await bounces.save(moved)
            return Changed(moved, unit.group_id)

    async def delete(self, actor: Actor, owner: OwnerId, bounce_id: str) -> Changed:
        """Put a bounce into the bin, its pictures at once for good; its posted cards go."""
        async with self._database.write(actor, owner, "bounce.delete") as unit:
            bounce = replace(await self._own(unit, bounce_id), deleted_at=unit.now)
            await unit.repo(BounceRepository).save(bounce)
            changed = Changed(bounce, unit.group_id)
        await asyncio.to_thread(drop_drawn_blocking, self._media, bounce.content_hash, owner)
        return changed

    async def restore(self, actor: Actor, owner: OwnerId, bounce_id: str) -> Changed:
        """Take a bounce out of the bin."""
        async with self._database.write(actor, owner, "bounce.restore") as unit:
            bounce = await unit.repo(BounceRepository).get(bounce_id)
            if bounce is None:
                raise NotFound("bounce", LIST)
            bounce = replace(bounce, deleted_at=None)
            await unit.repo(BounceRepository).save(bounce)
            return Changed(bounce, unit.group_id)

    async def post(self, actor: Actor, owner: OwnerId, bounce_id: str, channel: int, *, audio: bool, key: str) -> None:
        """Put a card of a bounce into the outbox for a channel; `key` names the press."""
        async with self._database.write(actor, owner, "bounce.post") as unit:
            bounce = await self._own(unit, bounce_id)
            post = PostChoice.AUDIO if audio else PostChoice.PICTURE
            payload = {"bounce": bounce.id, "post": str(post)}
            await unit.deliver(DeliveryDraft("bounce.card", f"bounce.post:{key}", "channel", channel, payload))

    async def _own(self, unit: Reading, bounce_id: str) -> Bounce:
        bounce = await unit.repo(BounceRepository).get(bounce_id)
        if bounce is None:
            raise NotFound("bounce", LIST)
        if bounce.deleted_at is not None:
            until = bounce.deleted_at + kept_for("bounces")
            raise Gone("bounce_in_bin", name=bounce.title, until=until, id=bounce.id)
        return bounce


def read_tags(typed: str) -> tuple[str, ...]:
    """Return free tags from what was typed, lower-cased. Raises Refused("bounce_tags").

    >>> read_tags("Lofi, night-drive resolve")
    ('lofi', 'night-drive', 'resolve')
    """
    words = tuple(dict.fromkeys(word.lstrip("#") for word in re.split(r"[\s,;]+", typed.casefold()) if word.strip("#")))
    for word in words:
        if not _FREE_TAG.match(word):
            raise Refused("bounce_tags", typed=word[:40], most=_FREE_TAGS)
    if len(words) > _FREE_TAGS:
        raise Refused("bounce_tags", typed=words[_FREE_TAGS], most=_FREE_TAGS)
    return words
