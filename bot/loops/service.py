"""Loops: make, edit, switch, duplicate, archive, delete, restore; the playhead; lists and what others read."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import TypeVar

from bot.actors import Actor, OwnerId
from bot.errors import NotFound, Refused
from bot.loops.dates import make_dated, make_undated, move_dates, timeline_milli
from bot.loops.inputs import Note, clamped, read_dates, read_name, read_pace, read_role
from bot.loops.model import MILLI, Clip, ClipId, Desk, Loop, LoopId, Pace, Plan, Role
from bot.loops.momentum import Momentum, measure
from bot.loops.saving import Intent
from bot.loops.store import LIST, Edited, LoopStore, LoopView
from bot.loops.who import changed, other_who_did
from bot.ports import ProfileReader, ZoneReader
from storage.failures import STORE_FAILURES
from storage.repositories.loops import ClipRepository, DeskRepository, LoopRepository
from storage.repositories.studio import RequestRepository
from storage.unit import Reading, Unit

ItemT = TypeVar("ItemT")
_FUZZY_ENOUGH = 60
"""Of 100: how alike a name has to be to what was typed."""


@dataclass(frozen=True, slots=True)
class LoopFields:
    """What a form, a command or a tool gives of a loop; None leaves a field as it is (or at its default)."""

    name: str | None = None
    bpm: str | float | None = None
    zoom: str | float | None = None
    pace: str | None = None
    role: str | None = None
    start: date | None = None
    end: date | None = None
    end_stays: bool = False
    """The last day stays where it is when the first one moves; else it moves along."""


@dataclass(frozen=True, slots=True)
class LoopLine:
    """A loop in a list, with its momentum."""

    loop: Loop
    momentum: Momentum
    clips: int
    is_active: bool


class LoopService:
    """Everything that is done with whole loops."""

    def __init__(self, store: LoopStore, profiles: ProfileReader, zones: ZoneReader) -> None:
        self._store = store
        self._rules = store.rules
        self._profiles = profiles
        self._zones = zones

    # ------------------------------------------------------------------ reading

    async def view(self, actor: Actor, owner: OwnerId, loop_id: str | None = None) -> LoopView:
        """Return a loop as cards show it: the one asked for, else the active one."""
        return await self._store.view(owner, loop_id or (await self.active(actor, owner)).id)

    async def active(self, actor: Actor, owner: OwnerId, studio: OwnerId | None = None) -> Loop:
        """Return the chosen loop, else the oldest open one; "My Loop" is made when there is none.

        With `studio` the chosen one may be a loop of that server; its `owner_id` says so.
        """
        shared = await self._open_in_studio(owner, studio) if studio is not None else None
        if shared is not None:
            return shared
        async with self._store.database.read(owner) as unit:
            found = await self._active_in(unit)
        if found is not None:
            return found
        edited = await self.create(actor, owner, LoopFields())
        return edited.loop

    async def owner_of(self, loop_id: str) -> OwnerId | None:
        """Return whose loop it is. Whoever asks must then ask whether this person may see it."""
        try:
            async with self._store.database.system_read() as unit:
                return await unit.repo(LoopRepository).owner_of(loop_id)
        except STORE_FAILURES:
            return self._store.remembered_owner(loop_id)

    async def owner_of_clip(self, clip_id: str) -> OwnerId | None:
        """Return whose loop a clip is in, as `owner_of`."""
        try:
            async with self._store.database.system_read() as unit:
                return await unit.repo(ClipRepository).owner_of(clip_id)
        except STORE_FAILURES:
            return None  # taken for one's own, whose edits wait until they can be stored

    async def lines(self, owner: OwnerId, state: str = "open", person: OwnerId | None = None) -> list[LoopLine]:
        """Return loops with their momentum: open, archived, or in the bin.

        `person`: who looks, where the loops are a server's; what is open to them is marked.
        """
        if person is not None and person != owner:
            opened = (await self._desk(person)).active_loop_id
            lines = await self.lines(owner, state)
            return [replace(line, is_active=line.loop.id == opened) for line in lines]
        async with self._store.database.read(owner) as unit:
            repository = unit.repo(LoopRepository)
            loops = await repository.binned() if state == "bin" else await repository.all()
            active = await self._active_in(unit)
        if state != "bin":
            loops = [loop for loop in loops if (loop.archived_at is not None) is (state == "archived")]
        now = self._store.now
        return [
            LoopLine(
                plan.loop,
                measure(plan, now, self._rules.momentum),
                len(plan.clips),
                active is not None and plan.loop.id == active.id,
            )
            for plan in await self._store.plans(owner, loops)
        ]

    async def search(
        self, owner: OwnerId, typed: str, limit: int = 25, studio: OwnerId | None = None
    ) -> list[LoopLine]:
        """Return the loops that fit what was typed, the best first; a server's after one's own, archived ones last."""
        owners = (owner,) if studio is None else (owner, studio)
        lines = [line for state in ("open", "archived") for one in owners for line in await self.lines(one, state)]
        return _ranked(lines, typed, lambda line: line.loop.name, limit)

    async def search_clips(
        self, actor: Actor, owner: OwnerId, typed: str, limit: int = 25, studio: OwnerId | None = None
    ) -> list[tuple[Loop, Clip]]:
        """Return the clip that is open, then those of the active loop, unfinished first, then of the others."""
        desk = await self._desk(owner)
        loops: list[Loop] = []
        clips: dict[LoopId, tuple[Clip, ...]] = {}
        for one in (owner,) if studio is None else (owner, studio):
            async with self._store.database.read(one) as unit:
                found = [loop for loop in await unit.repo(LoopRepository).all() if loop.archived_at is None]
                clips |= await unit.repo(ClipRepository).of_loops([loop.id for loop in found])
            loops += found
        active = next((loop.id for loop in loops if loop.id == desk.active_loop_id), None)
        if active is None and loops:
            active = min(loops, key=lambda loop: (loop.owner_id != owner, loop.created_at, loop.id)).id
        loops.sort(key=lambda loop: loop.id != active)
        pairs = [(loop, clip) for loop in loops for clip in clips[loop.id]]
        pairs.sort(key=lambda pair: (pair[1].id != desk.selected_clip_id, pair[0].id != active, pair[1].is_done))
        return _ranked(pairs, typed, lambda pair: pair[1].name, limit)

    async def plan(self, owner: OwnerId, loop_id: str) -> Plan:
        """Return a loop whole. Raises NotFound."""
        return await self._store.plan(owner, loop_id)

    async def select_clip(self, actor: Actor, owner: OwnerId, clip_id: str) -> None:
        """Remember which clip a person has open: it is offered first."""
        person = actor.user_id or owner  # a desk is a person's, also where the loop is a server's
        async with self._store.database.write(actor, person, "loop.select") as unit:
            await unit.repo(DeskRepository).select(clip_id)

    # ------------------------------------------------------------------ making

    async def create(self, actor: Actor, owner: OwnerId, fields: LoopFields, *, key: str | None = None) -> Edited:
        """Make a loop and make it the active one. `key` makes a repeat of the same interaction harmless."""
        rules, now = self._rules, self._store.now
        name = read_name(fields.name or "", rules.default_name, rules)
        start, end = fields.start, fields.end
        if start is not None and end is None:
            end = start + timedelta(days=28)
        start, end = read_dates(start, end)
        role, pace = await self._role_and_pace(owner)
        bpm, notes = clamped(fields.bpm if fields.bpm is not None else rules.default_bpm, *rules.bpm_range, "bpm")
        zone = await self._zones.zone(owner)
        async with self._store.database.write(actor, owner, "loop.create") as unit:
            if key is not None and (known := await unit.repo(RequestRepository).result(f"loop:{key}")):
                return Edited(await self._store.loop_in(unit, str(known)))
            loop = Loop(
                LoopId(unit.new_id()),
                owner,
                name,
                read_role(fields.role) if fields.role else role,
                read_pace(fields.pace) if fields.pace else pace,
                zone.key,
                now,
                now,
                bpm=bpm,
                zoom=rules.default_zoom,
                start_date=start,
                end_date=end,
            )
            await self._insert(unit, loop)
            if key is not None:
                await unit.repo(RequestRepository).remember(f"loop:{key}", loop.id)
        await self._open_for(actor, loop)
        return Edited(loop, notes=tuple(notes), group_id=unit.group_id)

    async def duplicate(
        self, actor: Actor, owner: OwnerId, loop_id: str, *, new_day: date | None = None, suffix: str
    ) -> Edited:
        """Copy a loop with its clips; ready and done are cleared.

        A dated one needs its new day: the one it leads to, else its first.
        """
        now = self._store.now
        async with self._store.database.write(actor, owner, "loop.duplicate") as unit:
            source = await self._store.loop_in(unit, loop_id)
            old_day = source.anchor_date or source.start_date
            if old_day is not None and new_day is None:
                raise Refused("loop_needs_day")
            clips = await unit.repo(ClipRepository).of_loop(source.id)
            if old_day is not None and new_day is not None:
                source, clips = move_dates(source, clips, (new_day - old_day).days)
            name = f"{source.name} {suffix}"[: self._rules.name_max]
            loop = replace(
                source,
                id=LoopId(unit.new_id()),
                name=name,
                playhead_milli=0,
                version=1,
                archived_at=None,
                created_at=now,
                updated_at=now,
            )
            await self._insert(unit, loop)
            for clip in clips:
                copied = replace(
                    clip,
                    id=ClipId(unit.new_id()),
                    loop_id=loop.id,
                    ready=False,
                    done_at=None,
                    created_at=now,
                    updated_at=now,
                )
                await unit.repo(ClipRepository).add(copied)
        await self._open_for(actor, loop)
        return Edited(loop, group_id=unit.group_id)

    # ------------------------------------------------------------------ changing

    async def edit(self, actor: Actor, owner: OwnerId, loop_id: str, fields: LoopFields) -> Edited:
        """Change what is given of a loop. New days move the plan; a first day makes an undated loop dated."""
        rules = self._rules
        notes: list[Note] = []
        values: dict[str, object] = {}
        if fields.name is not None:
            values["name"] = read_name(fields.name, rules.default_name, rules)
        if fields.bpm is not None:
            values["bpm"], told = clamped(fields.bpm, *rules.bpm_range, "bpm")
            notes += told
        if fields.zoom is not None:
            values["zoom"], told = clamped(fields.zoom, *rules.zoom_range, "zoom")
            notes += told
        if fields.pace is not None:
            values["pace"] = read_pace(fields.pace)
        if fields.role is not None:
            values["role"] = read_role(fields.role)

        def change(loop: Loop, clips: tuple[Clip, ...]) -> tuple[Loop, tuple[Clip, ...]]:
            wanted = replace(loop, **values)  # pyright: ignore[reportArgumentType]
            end = loop.end_date if fields.end is None and fields.end_stays else fields.end
            return _with_dates(wanted, clips, fields.start, end)

        edited = await self.rewrite(actor, owner, "loop.edit", loop_id, change)
        return replace(edited, notes=tuple(notes))

    async def make_undated(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Drop the dates and deadlines of a loop; the caller has shown which ones."""
        return await self.rewrite(actor, owner, "loop.make_undated", loop_id, make_undated)

    async def rewrite(
        self,
        actor: Actor,
        owner: OwnerId,
        operation: str,
        loop_id: str,
        change: Callable[[Loop, tuple[Clip, ...]], tuple[Loop, tuple[Clip, ...]]],
    ) -> Edited:
        """Change a loop and its clips together: `change` gets them as they are and returns them as wanted.

        Clips with an unknown id are new, those left out are removed; all in one transaction, one Undo.
        """

        async def work(unit: Unit, loop: Loop) -> Edited:
            clips = await unit.repo(ClipRepository).of_loop(loop.id)
            wanted_loop, wanted = change(loop, clips)
            if len(wanted) > self._rules.max_clips:
                raise Refused("loop_clips_full", limit=self._rules.max_clips)
            if wanted_loop == loop and tuple(wanted) == tuple(clips):
                return Edited(loop, unchanged=True)
            if wanted_loop != loop:
                loop = await unit.repo(LoopRepository).save(wanted_loop)
            await write_clips(unit, loop, clips, wanted)
            return Edited(loop)

        return await self._store.edit(actor, owner, operation, loop_id, Intent("loop"), work)

    async def set_playhead(self, actor: Actor, owner: OwnerId, loop_id: str, units: float) -> Edited:
        """Put the playhead of an undated loop somewhere on its timeline."""
        return await self._move_playhead(actor, owner, loop_id, lambda _now, _end: round(units * MILLI))

    async def step(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Move the playhead on by one bar; at the end of the timeline it begins again."""
        by = round(self._rules.playhead_step_units * MILLI)
        return await self._move_playhead(actor, owner, loop_id, lambda now, end: (now + by) % end)

    async def _move_playhead(
        self, actor: Actor, owner: OwnerId, loop_id: str, where: Callable[[int, int], int]
    ) -> Edited:
        async def work(unit: Unit, loop: Loop) -> Edited:
            if loop.is_dated:
                raise Refused("loop_playhead_dated")
            clips = await unit.repo(ClipRepository).of_loop(loop.id)
            end = timeline_milli(loop, clips, self._rules)
            wanted = max(0, min(where(loop.playhead_milli, end), end))
            return Edited(await unit.repo(LoopRepository).save(replace(loop, playhead_milli=wanted)))

        return await self._store.edit(actor, owner, "loop.playhead", loop_id, Intent("playhead"), work)

    async def switch(self, actor: Actor, owner: OwnerId, loop_id: str) -> Loop:
        """Make a loop the active one. An archived one has to be taken out of the archive first."""
        async with self._store.database.write(actor, owner, "loop.switch") as unit:
            loop = await self._store.loop_in(unit, loop_id)
            if loop.archived_at is not None:
                raise Refused("loop_is_archived", name=loop.name)
            if _is_theirs(actor, owner):
                await unit.repo(DeskRepository).open(loop.id)
        await self._open_for(actor, loop)
        return loop

    async def archive(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Put a loop away; the active one hands over to the most recently changed other."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            if loop.archived_at is not None:
                return Edited(loop, notes=(await _archived(unit, loop),), unchanged=True)
            saved = await unit.repo(LoopRepository).save(replace(loop, archived_at=self._store.now))
            await self._open_another(unit, loop.id)
            return Edited(saved)

        return await self._store.edit(actor, owner, "loop.archive", loop_id, Intent("loop"), work)

    async def unarchive(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Take a loop out of the archive."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            if loop.archived_at is None:
                return Edited(loop, notes=(Note("open_already"),), unchanged=True)
            await self._check_room(unit)
            return Edited(await unit.repo(LoopRepository).save(replace(loop, archived_at=None)))

        return await self._store.edit(actor, owner, "loop.unarchive", loop_id, Intent("loop"), work)

    async def delete(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Put a loop into the bin for 30 days."""

        async def work(unit: Unit, loop: Loop) -> Edited:
            saved = await unit.repo(LoopRepository).save(replace(loop, deleted_at=self._store.now))
            await self._open_another(unit, loop.id)
            return Edited(saved)

        return await self._store.edit(actor, owner, "loop.delete", loop_id, Intent("loop"), work)

    async def restore(self, actor: Actor, owner: OwnerId, loop_id: str) -> Edited:
        """Take a loop out of the bin."""
        async with self._store.database.write(actor, owner, "loop.restore") as unit:
            loop = await unit.repo(LoopRepository).get(loop_id, binned=True)
            if loop is None:
                raise NotFound("loop", LIST)
            if loop.deleted_at is None:
                return Edited(loop)
            await self._check_room(unit)
            saved = await unit.repo(LoopRepository).save(replace(loop, deleted_at=None))
        return Edited(saved, group_id=unit.group_id)

    # ------------------------------------------------------------------ inside

    async def _desk(self, person: OwnerId) -> Desk:
        async with self._store.database.read(person) as unit:
            return await unit.repo(DeskRepository).get()

    async def _open_in_studio(self, person: OwnerId, studio: OwnerId) -> Loop | None:
        """Return the loop of a server that somebody has open, if it is one of its."""
        opened = (await self._desk(person)).active_loop_id
        if opened is None:
            return None
        async with self._store.database.read(studio) as unit:
            loop = await unit.repo(LoopRepository).get(opened)
        return loop if loop is not None and loop.archived_at is None else None

    async def _open_for(self, actor: Actor, loop: Loop) -> None:
        """Open a server's loop for who made or chose it: what is open is a person's, in a transaction of its own."""
        if _is_theirs(actor, loop.owner_id) or self._store.database.open_unit is not None:
            return
        async with self._store.database.write(actor, actor.user_id or loop.owner_id, "loop.switch") as unit:
            await unit.repo(DeskRepository).open(loop.id)

    async def _active_in(self, unit: Reading) -> Loop | None:
        desk = await unit.repo(DeskRepository).get()
        repository = unit.repo(LoopRepository)
        if desk.active_loop_id is not None:
            chosen = await repository.get(desk.active_loop_id)
            if chosen is not None and chosen.archived_at is None:
                return chosen
        return await repository.oldest_open()

    async def _insert(self, unit: Unit, loop: Loop) -> None:
        await self._check_room(unit)
        await unit.repo(LoopRepository).add(loop)
        if _is_theirs(unit.actor, loop.owner_id):
            await unit.repo(DeskRepository).open(loop.id)

    async def _check_room(self, unit: Reading) -> None:
        count = await unit.repo(LoopRepository).count_open()
        if count >= self._rules.max_loops:
            raise Refused("loop_loops_full", count=count, limit=self._rules.max_loops)

    async def _open_another(self, unit: Unit, loop_id: str) -> None:
        desk = await unit.repo(DeskRepository).get()
        if desk.active_loop_id is not None and desk.active_loop_id != loop_id:
            return
        others = [loop for loop in await unit.repo(LoopRepository).all() if loop.archived_at is None]
        other = next((loop for loop in others if loop.id != loop_id), None)
        await unit.repo(DeskRepository).open(other.id if other else None)

    async def _role_and_pace(self, owner: OwnerId) -> tuple[Role, Pace]:
        known = await self._profiles.role_and_pace(owner)
        return (Role(known[0]), Pace(known[1])) if known else (Role.ARTIST, Pace.MODERATE)


def _is_theirs(actor: Actor, owner: OwnerId) -> bool:
    """Tell whether the owner is a person with a desk: who acts, or whom a mission acts for."""
    return actor.user_id is None or actor.user_id == owner


async def _archived(unit: Unit, loop: Loop) -> Note:
    """Say that a loop is in the archive already, and who put it there where it was another."""
    other = await other_who_did(unit, unit.actor, "loops", loop.id, changed("archived_at"))
    if other is None:
        return Note("archived_already")
    return Note("archived_already_by", {"who": other.actor_name, "when": other.at})


async def write_clips(unit: Unit, loop: Loop, before: Sequence[Clip], wanted: Sequence[Clip]) -> None:
    """Make a loop's clips the wanted ones: insert, update and delete what differs."""
    repository = unit.repo(ClipRepository)
    known = {clip.id: clip for clip in before}
    kept: set[str] = set()
    for clip in wanted:
        if clip.id in known:
            kept.add(clip.id)
            if clip != known[clip.id]:
                await repository.save(clip)
        else:
            await repository.add(replace(clip, id=ClipId(unit.new_id()), loop_id=loop.id))
    for clip in before:
        if clip.id not in kept:
            await repository.remove(clip.id)


def _with_dates(
    loop: Loop, clips: tuple[Clip, ...], start: date | None, end: date | None
) -> tuple[Loop, tuple[Clip, ...]]:
    """Give a loop new days: a dated plan moves with its first day, an undated one becomes dated."""
    if start is None and end is None:
        return loop, clips
    if loop.start_date is None or loop.end_date is None:
        if start is None:
            raise Refused("loop_dates_both")
        loop, clips = make_dated(loop, clips, start)
    elif start is not None and start != loop.start_date:
        loop, clips = move_dates(loop, clips, (start - loop.start_date).days)
    if end is not None:
        read_dates(loop.start_date, end)
        loop = replace(loop, end_date=end)
    return loop, clips


def _ranked(items: Sequence[ItemT], typed: str, name: Callable[[ItemT], str], limit: int) -> list[ItemT]:
    """Return the items that fit what was typed: prefixes first, then the most alike."""
    wanted = typed.strip().casefold()
    if not wanted:
        return list(items)[:limit]
    prefixed = [item for item in items if name(item).casefold().startswith(wanted)]
    rest = [item for item in items if not name(item).casefold().startswith(wanted)]
    # Loaded with its first use: an idle bot need not hold it.
    from rapidfuzz import fuzz

    scored = [(fuzz.partial_ratio(wanted, name(item).casefold()), item) for item in rest]
    alike = sorted((pair for pair in scored if pair[0] >= _FUZZY_ENOUGH), key=lambda pair: -pair[0])
    return [*prefixed, *(item for _, item in alike)][:limit]
