"""Slices and timed comments: what people mark inside a bounce."""

import re
from dataclasses import dataclass, replace

from bot.actors import Actor, OwnerId
from bot.bounces.model import Bounce, Comment, CommentId, Slice, SliceId, SliceKind
from bot.bounces.reading import LIST
from bot.bounces.rules import BounceRules
from bot.bounces.service import read_tags
from bot.errors import NotAllowed, NotFound, Refused
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.unit import Database, Reading

_CLOCK = r"(?:(\d{1,2}):)?(\d{1,3}):(\d{1,2}(?:[.,]\d{1,3})?)"
_SECONDS = r"(\d{1,5}(?:[.,]\d{1,3})?)"
_MOMENT = re.compile(rf"^(?:{_CLOCK}|{_SECONDS}\s*s?)$")
_RANGE = re.compile(r"^\s*(\S+?)\s*(?:-|–|—|\bto\b|\s)\s*(\S+)\s*$")
_NAME = 80


@dataclass(frozen=True, slots=True)
class Marked:
    """A slice after saving, and what Undo needs."""

    slice: Slice
    group_id: str


class NoteService:
    """Slices of the owner; comments by anybody who may see a card."""

    def __init__(self, database: Database, rules: BounceRules) -> None:
        self._database, self._rules = database, rules

    async def slices(self, owner: OwnerId, bounce_id: str) -> "list[Slice]":
        async with self._database.read(owner) as unit:
            return await unit.repo(SliceRepository).of_bounce(bounce_id)

    async def fragments(self, owner: OwnerId, tag: str | None = None) -> "list[tuple[Slice, Bounce]]":
        """Return all slices with their bounces, the newest first; `tag`: only those that carry it."""
        async with self._database.read(owner) as unit:
            found = await unit.repo(SliceRepository).all(self._rules.slices_per_person)
            bounces = await unit.repo(BounceRepository).many(list({one.bounce_id for one in found}))
        by_id = {bounce.id: bounce for bounce in bounces}
        return [
            (one, by_id[one.bounce_id]) for one in found if one.bounce_id in by_id and (tag is None or tag in one.tags)
        ]

    async def slice(self, owner: OwnerId, slice_id: str) -> Slice:
        """Return a slice. Raises NotFound."""
        async with self._database.read(owner) as unit:
            found = await unit.repo(SliceRepository).get(slice_id)
        if found is None or found.deleted_at is not None:
            raise NotFound("slice", LIST)
        return found

    async def mark(
        self,
        actor: Actor,
        owner: OwnerId,
        bounce_id: str,
        typed_range: str,
        name: str = "",
        tags: str = "",
        *,
        kind: SliceKind = SliceKind.MANUAL,
    ) -> Marked:
        """Save a part of a bounce; the same part again updates name and tags. Raises Refused, NotFound."""
        words = read_tags(tags)
        async with self._database.write(actor, owner, "bounce.slice") as unit:
            bounce = await _bounce(unit, bounce_id)
            start_s, end_s = read_range(typed_range, bounce.facts.duration_s, self._rules)
            slices = unit.repo(SliceRepository)
            same = await slices.same(bounce_id, start_s, end_s)
            if same is not None:
                saved = replace(same, name=name.strip()[:_NAME] or same.name, tags=words)
            elif await slices.count() >= self._rules.slices_per_person:
                raise Refused("bounce_full", most=self._rules.slices_per_person)
            else:
                title = name.strip()[:_NAME] or f"{bounce.title} {show_moment(start_s)}"
                saved = Slice(
                    SliceId(unit.new_id()), bounce.id, start_s, end_s, title[:_NAME], "", words, kind, unit.now
                )
            await slices.save(saved)
            return Marked(saved, unit.group_id)

    async def delete_slice(self, actor: Actor, owner: OwnerId, slice_id: str) -> Marked:
        async with self._database.write(actor, owner, "bounce.slice") as unit:
            found = await unit.repo(SliceRepository).get(slice_id)
            if found is None:
                raise NotFound("slice", LIST)
            found = replace(found, deleted_at=unit.now)
            await unit.repo(SliceRepository).save(found)
            return Marked(found, unit.group_id)

    async def comments(self, owner: OwnerId, bounce_id: str) -> "list[Comment]":
        async with self._database.read(owner) as unit:
            return await unit.repo(SliceRepository).comments(bounce_id)

    async def comment(self, actor: Actor, owner: OwnerId, bounce_id: str, at: str, text: str) -> Comment:
        """Note a remark at a moment. Raises Refused("bounce_moment", "bounce_comment", "bounce_full"), NotFound."""
        words = " ".join(text.split())
        if not 1 <= len(words) <= self._rules.comment_characters:
            raise Refused("bounce_comment", most=self._rules.comment_characters)
        async with self._database.write(actor, owner, "bounce.comment") as unit:
            bounce = await _bounce(unit, bounce_id)
            at_s = read_moment(at)
            if at_s is None or at_s > bounce.facts.duration_s:
                raise Refused("bounce_moment", typed=at[:40], length=show_moment(bounce.facts.duration_s))
            slices = unit.repo(SliceRepository)
            if len(await slices.comments(bounce_id)) >= self._rules.comments_per_bounce:
                raise Refused("bounce_full", most=self._rules.comments_per_bounce)
            comment = Comment(
                CommentId(unit.new_id()), bounce.id, int(actor.user_id or 0), actor.name, at_s, words, unit.now
            )
            await slices.comment(comment)
            return comment

    async def remove_comment(
        self, actor: Actor, owner: OwnerId, bounce_id: str, comment_id: str, *, is_manager: bool = False
    ) -> str:
        """Take a comment away: its author, the bounce's owner and managers may. Return what Undo needs."""
        async with self._database.write(actor, owner, "bounce.comment") as unit:
            comment = await unit.repo(SliceRepository).get_comment(comment_id)
            if comment is None or comment.bounce_id != bounce_id:
                raise NotFound("comment", LIST)
            if actor.user_id not in (comment.author_id, owner) and not is_manager:
                raise NotAllowed("needs_manager")
            await unit.repo(SliceRepository).remove_comment(comment_id)
            return unit.group_id


async def _bounce(unit: Reading, bounce_id: str) -> Bounce:
    bounce = await unit.repo(BounceRepository).get(bounce_id)
    if bounce is None or bounce.deleted_at is not None:
        raise NotFound("bounce", LIST)
    return bounce


def read_moment(typed: str) -> float | None:
    """Return seconds of "1:23", "1:02:03.5" or "83 s", or None.

    >>> read_moment("1:23"), read_moment("1:02:03,5"), read_moment("83s"), read_moment("1:75")
    (83.0, 3723.5, 83.0, None)
    """
    match = _MOMENT.match(typed.strip())
    if match is None:
        return None
    hours, minutes, seconds, plain = match.groups()
    if plain is not None:
        return float(plain.replace(",", "."))
    rest = float(seconds.replace(",", "."))
    if rest >= 60 or (hours is not None and int(minutes) >= 60):
        return None
    return int(hours or 0) * 3600 + int(minutes) * 60 + rest


def read_range(typed: str, duration_s: float, rules: BounceRules) -> tuple[float, float]:
    """Return start and end of "0:42-0:58". Raises Refused("bounce_range")."""
    match = _RANGE.match(typed.strip())
    start = read_moment(match[1]) if match else None
    end = read_moment(match[2]) if match else None
    length = show_moment(duration_s)
    if start is None or end is None or end > duration_s + 0.05:
        raise Refused("bounce_range", typed=typed[:40], length=length, most=f"{rules.slice_max_s:g}")
    end = min(end, duration_s)
    if not rules.slice_min_s <= end - start <= rules.slice_max_s:
        raise Refused("bounce_range", typed=typed[:40], length=length, most=f"{rules.slice_max_s:g}")
    return round(start, 3), round(end, 3)


def show_moment(seconds: float) -> str:
    """Return m:ss with what is below a second only where it matters.

    >>> show_moment(83.0), show_moment(3723.5)
    ('1:23', '1:02:03.5')
    """
    whole, part = divmod(round(seconds, 3), 1)
    hours, rest = divmod(int(whole), 3600)
    text = f"{hours}:{rest // 60:02}:{rest % 60:02}" if hours else f"{rest // 60}:{rest % 60:02}"
    return text + f"{part:.3f}".lstrip("0").rstrip("0").rstrip(".") if part else text
