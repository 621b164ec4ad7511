"""The ground that the services of this area share: reading a loop whole, and one way to edit it."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime

from bot.actors import Actor, OwnerId
from bot.ai.others import Agreements, NobodyAgreed
from bot.clock import Clock
from bot.errors import Gone, NotFound
from bot.loops.dates import Moment, moment_of
from bot.loops.inputs import Note
from bot.loops.model import Clip, Loop, LoopId, Plan
from bot.loops.momentum import Momentum, distinct_bounces, measure
from bot.loops.others import plan_for_ai, writers
from bot.loops.ports import BounceReader, DoerReader, NoDoers, PhaseReader, Servers
from bot.loops.rules import LoopRules
from bot.loops.saving import Edit, Intent, Saving
from bot.loops.sequence import Sequenced, sequence
from bot.loops.whatif import WhatIf, what_ifs
from bot.loops.who import changed, other_who_did, removed, who_did
from bot.ports import ZoneReader
from storage.failures import STORE_FAILURES
from storage.repositories.loops import ClipRepository, LoopRepository
from storage.unit import Database, Reading, Unit

LIST = "/loop list"
_REMEMBERED = 200


@dataclass(frozen=True, slots=True)
class Edited:
    """What an edit did. `group_id` is what Undo needs; `notes` say what was changed on the way in.

    `unchanged`: all was already as it was wanted, so nothing is written and there is nothing to undo.
    """

    loop: Loop
    clip: Clip | None = None
    notes: tuple[Note, ...] = ()
    group_id: str = ""
    unchanged: bool = False


@dataclass(frozen=True, slots=True)
class LoopView:
    """A loop as cards show it: the plan with what both engines say at `now`.

    `waiting` are edits that are not stored yet; `from_memory` tells that the store could not be read.
    """

    plan: Plan
    sequenced: Sequenced
    momentum: Momentum
    what_ifs: tuple[WhatIf, ...]
    moment: Moment
    now: datetime
    phase: str = "any"
    saving: bool = False
    waiting: tuple[Intent, ...] = ()
    from_memory: bool = False
    is_studios: bool = False
    """It belongs to a server."""
    client: str | None = None
    """The client of that server it is filed under, by name."""
    doers: Mapping[str, Sequence[str]] = field(default_factory=dict)
    """Who does clips of a server's loop, by the clip."""

    @property
    def loop(self) -> Loop:
        return self.plan.loop


class LoopStore:
    """Read and edit loops. Every edit is one transaction under the loop's lock."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        rules: LoopRules,
        bounces: BounceReader,
        phases: PhaseReader,
        zones: ZoneReader,
        servers: Servers,
        saving: Saving | None = None,
        agreements: Agreements | None = None,
    ) -> None:
        self.database = database
        self.clock = clock
        self.rules = rules
        self.saving = saving or Saving(rules.panel, STORE_FAILURES, database.announcer)
        self._bounces = bounces
        self._phases = phases
        self._zones = zones
        self._servers = servers
        self.doers: DoerReader = NoDoers()
        self._agreements = agreements or NobodyAgreed()
        self._remembered: dict[LoopId, tuple[OwnerId, Plan]] = {}

    @property
    def now(self) -> datetime:
        """The present in whole milliseconds, as it is stored."""
        now = self.clock.now().astimezone(UTC)
        return now.replace(microsecond=now.microsecond // 1000 * 1000)

    async def plan(self, owner: OwnerId, loop_id: str) -> Plan:
        """Return a loop with its clips and bounces. Raises NotFound for a wrong or a foreign id."""
        async with self.database.read(owner) as unit:
            loop = await self.loop_in(unit, loop_id)
            clips = await unit.repo(ClipRepository).of_loop(loop.id)
        found = await self._bounces.bounces_of(owner, [loop.id])
        # "Today" is the owner's, who may have moved since the loop was made.
        loop = replace(loop, timezone=(await self._zones.zone(owner)).key)
        return Plan(loop, clips, distinct_bounces(found.get(loop.id, ())))

    async def plans(self, owner: OwnerId, loops: Sequence[Loop]) -> list[Plan]:
        """Return several loops whole, in two queries."""
        ids = [loop.id for loop in loops]
        async with self.database.read(owner) as unit:
            clips = await unit.repo(ClipRepository).of_loops(ids)
        found = await self._bounces.bounces_of(owner, ids)
        zone = (await self._zones.zone(owner)).key
        loops = [replace(loop, timezone=zone) for loop in loops]
        return [Plan(loop, clips[loop.id], distinct_bounces(found.get(loop.id, ()))) for loop in loops]

    async def view(self, owner: OwnerId, loop_id: str) -> LoopView:
        """Return a loop as cards show it; from memory when the store cannot even be read."""
        remembered = False
        try:
            plan = await self.plan(owner, loop_id)
        except STORE_FAILURES:
            known = self._remembered.get(LoopId(loop_id))
            if known is None or known[0] != owner:
                raise
            plan, remembered = known[1], True
        self._remember(owner, plan)
        phase = "any" if remembered else await self._phases.phase_of(owner)
        is_studios = not remembered and await self._servers.is_server(owner)
        view = self.look(plan, phase=phase, from_memory=remembered)
        client = plan.loop.client_id if is_studios else None
        name = await self._servers.client_name(owner, client) if client is not None else None
        open_clips = [clip.id for clip in plan.clips if not clip.is_done] if is_studios else []
        doers = await self.doers.doers(owner, open_clips) if open_clips else {}
        return replace(view, is_studios=is_studios, client=name, doers=doers)

    async def for_ai(self, view: LoopView) -> LoopView:
        """Return a loop as the AI may read it: without words of others who did not agree to that."""
        people = writers(view.plan.clips)
        if not people:
            return view
        plan = plan_for_ai(view.plan, await self._agreements.agreed(people))
        return self.look(plan, phase=view.phase, from_memory=view.from_memory)

    def look(self, plan: Plan, *, phase: str = "any", from_memory: bool = False) -> LoopView:
        """Let both engines read a plan at the present."""
        now = self.now
        sequenced = self.sequenced(plan, now)
        return LoopView(
            plan=plan,
            sequenced=sequenced,
            momentum=measure(plan, now, self.rules.momentum),
            what_ifs=what_ifs(plan, sequenced, now, self.rules),
            moment=moment_of(plan.loop, now),
            now=now,
            phase=phase,
            saving=self.saving.is_saving(plan.loop.id),
            waiting=self.saving.waiting(plan.loop.id),
            from_memory=from_memory,
        )

    def sequenced(self, plan: Plan, now: datetime) -> Sequenced:
        return sequence(
            plan.clips,
            moment=moment_of(plan.loop, now),
            has_bounce=bool(plan.bounces),
            rules=self.rules.sequence,
            lanes_unused=plan.loop.lanes_unused,
        )

    async def phase_of(self, owner: OwnerId) -> str:
        return await self._phases.phase_of(owner)

    async def edit(
        self,
        actor: Actor,
        owner: OwnerId,
        operation: str,
        loop_id: str,
        intent: Intent,
        work: Callable[[Unit, Loop], Awaitable[Edited]],
    ) -> Edited:
        """Carry out one edit: the rows, the change record and the loop's version in one transaction."""

        async def attempt() -> Edited:
            async with self.database.write(actor, owner, operation) as unit:
                loop = await self.loop_in(unit, loop_id)
                done = await work(unit, loop)
                if done.unchanged:
                    return done
                done = replace(done, notes=(*done.notes, *await self._put_away(unit, loop, done.loop)))
                version = await unit.repo(LoopRepository).touch(loop.id)
                unit.touch("loop", loop.id)  # the playhead is shown and not recorded
                return replace(done, loop=replace(done.loop, version=version), group_id=unit.group_id)

        if self.database.open_unit is not None:
            # Part of a larger transaction: waiting for the loop's lock in here could wait for ever.
            return await attempt()
        return await self.saving.run(Edit(owner, LoopId(loop_id), intent, attempt))

    @staticmethod
    async def _put_away(unit: Unit, loop: Loop, after: Loop) -> list[Note]:
        """Say of a loop that somebody else put into the archive that it was worked on there."""
        if loop.archived_at is None or after.archived_at is None or after.deleted_at is not None:
            return []
        found = await other_who_did(unit, unit.actor, "loops", loop.id, changed("archived_at"))
        return [] if found is None else [Note("in_archive_by", {"who": found.actor_name, "when": found.at})]

    async def loop_of_clip(self, owner: OwnerId, clip_id: str) -> tuple[Loop, Clip]:
        """Return a clip with its loop. Raises Gone for a clip that is deleted, unknown or somebody else's.

        Where the history knows, it says who removed it.
        """
        async with self.database.read(owner) as unit:
            clip = await self.clip_in(unit, clip_id)
            return await self.loop_in(unit, clip.loop_id), clip

    @staticmethod
    async def loop_in(unit: Reading, loop_id: str) -> Loop:
        """Return a loop. Raises NotFound, or Gone with who put it into the bin, for who may know that."""
        loop = await unit.repo(LoopRepository).get(loop_id)
        if loop is not None:
            return loop
        binned = await unit.repo(LoopRepository).get(loop_id, binned=True)
        found = await who_did(unit, "loops", loop_id, changed("deleted_at")) if binned is not None else None
        if binned is None or found is None:
            raise NotFound("loop", LIST)
        raise Gone("loop_in_bin", name=binned.name, who=found.actor_name, when=found.at)

    @staticmethod
    async def clip_in(unit: Reading, clip_id: str) -> Clip:
        clip = await unit.repo(ClipRepository).get(clip_id)
        if clip is not None:
            return clip
        found = await who_did(unit, "loop_clips", clip_id, removed)
        if found is None or found.change.before is None:
            raise Gone("loop_clip_gone")
        raise Gone("loop_clip_removed", what=found.change.before["name"], who=found.actor_name, when=found.at)

    def remembered_owner(self, loop_id: str) -> OwnerId | None:
        """Return whose loop it was when it was last read, for as long as nothing can be read."""
        known = self._remembered.get(LoopId(loop_id))
        return None if known is None else known[0]

    def _remember(self, owner: OwnerId, plan: Plan) -> None:
        self._remembered.pop(plan.loop.id, None)
        while len(self._remembered) >= _REMEMBERED:
            self._remembered.pop(next(iter(self._remembered)))
        self._remembered[plan.loop.id] = (owner, plan)
