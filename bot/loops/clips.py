"""Clips: one method a use case, whoever acts. Every edit is one transaction on the row as it is then."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.actors import Actor, OwnerId
from bot.ai.others import SOMEBODY
from bot.errors import AlreadyDone, Refused
from bot.loops.dates import timeline_milli
from bot.loops.inputs import Note, read_lane, read_length, read_name, read_notes, read_start
from bot.loops.model import MILLI, Clip, ClipId, DeadlineKind, Lane, Loop, Source
from bot.loops.others import rewritten, writer_notes
from bot.loops.placing import free_slot
from bot.loops.rules import LoopRules
from bot.loops.saving import Intent
from bot.loops.store import Edited, LoopStore
from bot.loops.who import changed, other_who_did
from storage.repositories.loops import ClipRepository, DeskRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Reading, Unit


@dataclass(frozen=True, slots=True)
class ClipFields:
    """What a form or a tool gives of a clip; None leaves a field as it is (or at its default on a new clip)."""

    name: str | None = None
    lane: str | None = None
    start: str | float | None = None
    length: str | float | None = None
    notes: str | None = None


@dataclass(frozen=True, slots=True)
class DeadlineFields:
    """What a form gives of a deadline; None leaves a part as it is. `clears`: there is none any more."""

    day: date | None = None
    kind: DeadlineKind | None = None
    clears: bool = False


class ClipService:
    """Everything that people, missions and schedules do with clips."""

    def __init__(self, store: LoopStore) -> None:
        self._store = store
        self._rules = store.rules

    async def get(self, owner: OwnerId, clip_id: str) -> tuple[Loop, Clip]:
        """Return a clip with its loop. Raises Gone."""
        return await self._store.loop_of_clip(owner, clip_id)

    async def take_message(self, actor: Actor, owner: OwnerId, key: str, author: int | None) -> str:
        """Remember whose message a form is filled in with (None: a program's); return what the form carries for `add`.

        It stays here and is found by `key`, so that nobody's client says whose words a clip holds.
        """
        if author is not None and author == actor.user_id:
            return ""
        async with self._store.database.write(actor, owner, "loop.take_message") as unit:
            requests = unit.repo(RequestRepository)
            if await requests.result(f"message:{key}") is None:
                await requests.remember(f"message:{key}", SOMEBODY if author is None else author)
        return key

    async def add(
        self,
        actor: Actor,
        owner: OwnerId,
        loop_id: str,
        fields: ClipFields,
        *,
        source: Source = Source.MANUAL,
        key: str | None = None,
        message: str = "",
    ) -> Edited:
        """Add a clip and select it. `key` makes a repeat of the same interaction harmless.

        `message` is what `take_message` gave where the clip is made from somebody else's message.
        """
        name = read_name(fields.name or "", self._rules.default_clip_name, self._rules)
        lane = read_lane(fields.lane) if fields.lane is not None else Lane.CREATIVE
        notes = read_notes(fields.notes or "", self._rules)

        async def work(unit: Unit, loop: Loop) -> Edited:
            if key is not None and (known := await self._known(unit, key)):
                return Edited(loop, known)
            start, told = read_start(fields.start if fields.start is not None else 0, loop, self._rules)
            wanted = fields.length if fields.length is not None else self._rules.default_length_units
            length, more = read_length(wanted, loop, self._rules, creating=True)
            clip = Clip(
                ClipId(unit.new_id()),
                loop.id,
                lane,
                start,
                length,
                name,
                self._store.now,
                self._store.now,
                notes=notes,
                source=source,
                written_by=await _writer(unit, message),
            )
            await insert_clips(unit, loop, [clip], self._rules)
            await unit.repo(DeskRepository).select(clip.id)
            if key is not None:
                await unit.repo(RequestRepository).remember(f"clip:{key}", clip.id)
            return Edited(loop, clip, (*told, *more, *writer_notes(clip)))

        return await self._store.edit(
            actor, owner, "loop.add_clip", loop_id, Intent("add", {"name": name, "lane": lane.value}), work
        )

    async def edit(self, actor: Actor, owner: OwnerId, clip_id: str, fields: ClipFields) -> Edited:
        """Change what is given of a clip; the rest stays."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            notes: list[Note] = []
            wanted = clip
            if fields.name is not None:
                name = read_name(fields.name, self._rules.default_clip_name, self._rules)
                wanted = replace(wanted, name=name)
            if fields.lane is not None:
                wanted = replace(wanted, lane=read_lane(fields.lane))
            if fields.start is not None:
                start, told = read_start(fields.start, loop, self._rules)
                wanted, notes = replace(wanted, start_milli=start), [*notes, *told]
            if fields.length is not None:
                length, told = read_length(fields.length, loop, self._rules)
                wanted, notes = replace(wanted, length_milli=length), [*notes, *told]
            if fields.notes is not None:
                wanted = replace(wanted, notes=read_notes(fields.notes, self._rules))
            wanted = rewritten(clip, wanted)
            return wanted, [*notes, *([Note("own_words")] if wanted.written_by != clip.written_by else [])]

        return await self._change(actor, owner, "loop.edit_clip", clip_id, "edit", change)

    async def move(self, actor: Actor, owner: OwnerId, clip_id: str, start: str | float) -> Edited:
        """Move a clip to a start."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            milli, notes = read_start(start, loop, self._rules)
            return replace(clip, start_milli=milli), notes

        parts = {"start": str(start)[:40]}
        return await self._change(actor, owner, "loop.move_clip", clip_id, "move", change, parts)

    async def nudge(self, actor: Actor, owner: OwnerId, clip_id: str, units: float) -> Edited:
        """Move a clip by so many units; it stops at the first one."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            wanted = clip.start_milli + round(units * MILLI)
            start, notes = read_start(max(0, wanted) / MILLI, loop, self._rules)
            return replace(clip, start_milli=start), [*notes, *([Note("start_zero")] if wanted < 0 else [])]

        return await self._change(actor, owner, "loop.move_clip", clip_id, "nudge", change, {"units": f"{units:+g}"})

    async def lengthen(self, actor: Actor, owner: OwnerId, clip_id: str, units: float) -> Edited:
        """Make a clip longer or shorter by so many units. Raises Refused when nothing would be left."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            length, notes = read_length((clip.length_milli + round(units * MILLI)) / MILLI, loop, self._rules)
            return replace(clip, length_milli=length), notes

        return await self._change(actor, owner, "loop.edit_clip", clip_id, "lengthen", change, {"units": f"{units:+g}"})

    async def move_lane(self, actor: Actor, owner: OwnerId, clip_id: str, lane: str) -> Edited:
        """Put a clip on another lane."""
        wanted = read_lane(lane)

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            return replace(clip, lane=wanted), []

        parts = {"lane": wanted.value}
        return await self._change(actor, owner, "loop.move_clip", clip_id, "lane", change, parts, already="lane")

    async def move_to_free_slot(self, actor: Actor, owner: OwnerId, clip_id: str) -> Edited:
        """Move a clip to the next place in its lane where nothing overlaps it."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            clips = await unit.repo(ClipRepository).of_loop(loop.id)
            clip = await self._store.clip_in(unit, clip_id)
            latest = max(timeline_milli(loop, clips, self._rules), clip.end_milli) + clip.length_milli
            start = free_slot(
                clips,
                clip.lane,
                clip.length_milli,
                earliest=clip.start_milli,
                latest=latest,
                ignore=(clip.id,),
            )
            if start is None or start == clip.start_milli:
                return Edited(loop, clip, (Note("already_free", {"clip": clip.name}),), unchanged=True)
            saved = await unit.repo(ClipRepository).save(replace(clip, start_milli=start))
            return Edited(loop, saved)

        return await self._with_clip(actor, owner, "loop.move_clip", clip_id, "free_slot", work)

    async def mark_ready(self, actor: Actor, owner: OwnerId, clip_id: str, *, ready: bool = True) -> Edited:
        """Set or clear the owner's own mark."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            return replace(clip, ready=ready), []

        code = "ready" if ready else "unready"
        return await self._change(actor, owner, "loop.mark_ready", clip_id, code, change, already="ready")

    async def finish(self, actor: Actor, owner: OwnerId, clip_id: str) -> Edited:
        """Mark a clip done now. Raises AlreadyDone with the time it was done, and by whom where it was another."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            clip = await self._store.clip_in(unit, clip_id)
            if clip.done_at is not None:
                other = await other_who_did(unit, actor, "loop_clips", clip.id, changed("done_at"))
                if other is None:
                    raise AlreadyDone("loop_clip_done", what=clip.name, when=clip.done_at)
                raise AlreadyDone("loop_clip_done_by", what=clip.name, when=clip.done_at, who=other.actor_name)
            return Edited(loop, await unit.repo(ClipRepository).save(replace(clip, done_at=self._store.now)))

        return await self._with_clip(actor, owner, "loop.finish_clip", clip_id, "finish", work)

    async def reopen(self, actor: Actor, owner: OwnerId, clip_id: str) -> Edited:
        """Take the done mark off again."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            return replace(clip, done_at=None), []

        return await self._change(actor, owner, "loop.reopen_clip", clip_id, "reopen", change, already="done_at")

    async def remove(self, actor: Actor, owner: OwnerId, clip_id: str) -> Edited:
        """Delete a clip; Undo brings it back."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            clip = await self._store.clip_in(unit, clip_id)
            await unit.repo(ClipRepository).remove(clip_id)
            return Edited(loop, clip)

        return await self._with_clip(actor, owner, "loop.remove_clip", clip_id, "remove", work)

    async def set_deadline(self, actor: Actor, owner: OwnerId, clip_id: str, fields: DeadlineFields) -> Edited:
        """Set or clear the deadline of a clip in a dated loop; those of a release plan move with the release only."""

        def change(loop: Loop, clip: Clip) -> tuple[Clip, list[Note]]:
            day = None if fields.clears else fields.day or clip.deadline
            if not loop.is_dated and day is not None:
                raise Refused("loop_deadline_undated")
            if clip.task_key:
                raise Refused("loop_deadline_of_release", clip=clip.name)
            if day is None:
                return replace(clip, deadline_kind=DeadlineKind.NONE, deadline=None), []
            was = DeadlineKind.SOFT if clip.deadline_kind is DeadlineKind.NONE else clip.deadline_kind
            return replace(clip, deadline_kind=fields.kind or was, deadline=day), []

        return await self._change(actor, owner, "loop.edit_clip", clip_id, "edit", change)

    async def _known(self, unit: Reading, key: str) -> Clip | None:
        known = await unit.repo(RequestRepository).result(f"clip:{key}")
        return await unit.repo(ClipRepository).get(str(known)) if known else None

    async def _change(
        self,
        actor: Actor,
        owner: OwnerId,
        operation: str,
        clip_id: str,
        code: str,
        change: Callable[[Loop, Clip], tuple[Clip, list[Note]]],
        parts: Mapping[str, object] | None = None,
        *,
        already: str | None = None,
    ) -> Edited:
        """Change one clip as it stands in the row; an edit that changes nothing writes nothing.

        `already`: the column that says so where it was all done before; then it is told by whom.
        """

        async def work(unit: Unit, loop: Loop) -> Edited:
            clip = await self._store.clip_in(unit, clip_id)
            wanted, notes = change(loop, clip)
            if wanted != clip:
                return Edited(loop, await unit.repo(ClipRepository).save(wanted), tuple(notes))
            if already is not None:
                notes = [*notes, await self._was_so(unit, actor, clip, already)]
            return Edited(loop, clip, tuple(notes), unchanged=True)

        return await self._with_clip(actor, owner, operation, clip_id, code, work, parts)

    @staticmethod
    async def _was_so(unit: Unit, actor: Actor, clip: Clip, column: str) -> Note:
        other = await other_who_did(unit, actor, "loop_clips", clip.id, changed(column))
        if other is None:
            return Note("as_wanted", {"clip": clip.name})
        return Note("as_wanted_by", {"clip": clip.name, "who": other.actor_name, "when": other.at})

    async def _with_clip(
        self,
        actor: Actor,
        owner: OwnerId,
        operation: str,
        clip_id: str,
        code: str,
        work: Callable[[Unit, Loop], Awaitable[Edited]],
        parts: Mapping[str, object] | None = None,
    ) -> Edited:
        loop, clip = await self._store.loop_of_clip(owner, clip_id)
        intent = Intent(code, {"clip": clip.name, **(parts or {})})
        return await self._store.edit(actor, owner, operation, loop.id, intent, work)


async def _writer(unit: Reading, message: str) -> int | None:
    if not message:
        return None
    known = await unit.repo(RequestRepository).result(f"message:{message}")
    # A form from days ago: that it was somebody else's message is all that is left.
    return SOMEBODY if known is None else int(known)


async def insert_clips(unit: Unit, loop: Loop, clips: Sequence[Clip], rules: LoopRules) -> None:
    """Add clips to a loop. Raises Refused("loop_clips_full") when it would hold too many."""
    repository = unit.repo(ClipRepository)
    if await repository.count(loop.id) + len(clips) > rules.max_clips:
        raise Refused("loop_clips_full", limit=rules.max_clips)
    for clip in clips:
        await repository.add(clip)
