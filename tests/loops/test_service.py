"""Loops on a real database: edits as intents, limits, undo, other people's loops, and a store that will not write."""

import asyncio
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import date, timedelta
from typing import Any, cast
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy.exc import OperationalError

from bot.actors import Actor
from bot.clock import FixedClock
from bot.errors import AlreadyDone, BotError, ChangedSince, Gone, NotFound, Refused
from bot.loops.area import LoopArea, Neighbours, open_loops
from bot.loops.clips import ClipFields, DeadlineFields
from bot.loops.dated import DatedClip, DatedLoop, DatedLoops
from bot.loops.model import MILLI, Clip, DeadlineKind, Lane, LoopBounce, LoopId, Pace, Role, Source
from bot.loops.saving import NotSaved, Saving, TooManyWaiting
from bot.loops.service import LoopFields
from bot.loops.store import Edited
from bot.undo import ChangeService
from storage.retention import Retention
from storage.unit import Database
from tests.loops.plans import NOW

ADA, BEN = 1001, 1002
ACTOR = Actor.user(ADA, "Ada")


class London:
    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return ZoneInfo("Europe/London")


class Bounces:
    """Bounces by loop, as the bounce area would tell."""

    def __init__(self) -> None:
        self.known: dict[str, list[LoopBounce]] = {}

    async def bounces_of(self, owner, loop_ids):
        return {loop_id: self.known.get(loop_id, []) for loop_id in loop_ids}


@pytest.fixture
def bounces() -> Bounces:
    return Bounces()


@pytest.fixture
def area(sqlite_database: Database, clock: FixedClock, bounces: Bounces) -> LoopArea:
    return open_loops(sqlite_database, clock, Neighbours(London(), bounces=bounces))


async def planned(area: LoopArea, *clips: ClipFields, name: str = "Night Drive", **fields: Any) -> LoopId:
    """Make a loop with clips and return its id."""
    edited = await area.loops.create(ACTOR, ADA, LoopFields(name=name, **fields))
    for one in clips:
        await area.clips.add(ACTOR, ADA, edited.loop.id, one)
    return edited.loop.id


async def only_clip(area: LoopArea, loop_id: str) -> Clip:
    return (await area.loops.plan(ADA, loop_id)).clips[0]


def clip_of(edited: Edited) -> Clip:
    """Return the clip that an edit made or changed."""
    assert edited.clip is not None
    return edited.clip


# ------------------------------------------------------------------ edits are intents


async def test_a_hundred_nudges_at_once_all_count(database: Database, clock: FixedClock):
    area = open_loops(database, clock, Neighbours(London()))
    loop_id = await planned(area, ClipFields("Sketch"))
    clip_id = (await only_clip(area, loop_id)).id
    before = (await area.loops.plan(ADA, loop_id)).loop.version

    async def nudge_twenty_times() -> None:
        for _ in range(20):
            await area.clips.nudge(ACTOR, ADA, clip_id, 1)

    await asyncio.gather(*(nudge_twenty_times() for _ in range(5)))
    plan = await area.loops.plan(ADA, loop_id)
    assert plan.clips[0].start_milli == 100 * MILLI
    assert plan.loop.version == before + 100


async def test_two_windows_editing_different_fields_lose_nothing(area: LoopArea):
    loop_id = await planned(area, ClipFields("Sketch"))
    clip_id = (await only_clip(area, loop_id)).id
    await asyncio.gather(
        area.clips.move(ACTOR, ADA, clip_id, 12),
        area.clips.lengthen(ACTOR, ADA, clip_id, 2),
        area.clips.move_lane(ACTOR, ADA, clip_id, " PROMO "),
        area.clips.mark_ready(ACTOR, ADA, clip_id),
        area.clips.edit(ACTOR, ADA, clip_id, ClipFields(name="Sketch two")),
    )
    found = await only_clip(area, loop_id)
    assert (found.start_milli, found.length_milli, found.lane, found.ready, found.name) == (
        12 * MILLI,
        6 * MILLI,
        Lane.PROMO,
        True,
        "Sketch two",
    )


async def test_new_clips_and_loops_have_the_defaults(area: LoopArea):
    loop = await area.loops.active(ACTOR, ADA)
    assert (loop.name, loop.bpm, loop.zoom, loop.is_dated, loop.playhead_milli) == ("My Loop", 120, 1, False, 0)
    edited = await area.clips.add(ACTOR, ADA, loop.id, ClipFields())
    made = clip_of(edited)
    assert (made.name, made.lane, made.start_milli, made.length_milli) == ("New clip", "creative", 0, 4 * MILLI)
    assert (made.ready, made.source, made.notes) == (False, Source.MANUAL, "")


async def test_the_same_interaction_makes_one_clip(area: LoopArea):
    loop_id = await planned(area)
    first = await area.clips.add(ACTOR, ADA, loop_id, ClipFields("Once"), key="77")
    second = await area.clips.add(ACTOR, ADA, loop_id, ClipFields("Once"), key="77")
    assert clip_of(first).id == clip_of(second).id
    assert len((await area.loops.plan(ADA, loop_id)).clips) == 1
    made = [await area.loops.create(ACTOR, ADA, LoopFields(name="X"), key="9") for _ in range(2)]
    assert made[0].loop.id == made[1].loop.id


async def test_finishing_twice_says_when_it_was_done(area: LoopArea):
    loop_id = await planned(area, ClipFields("Sketch"))
    clip_id = (await only_clip(area, loop_id)).id
    await area.clips.finish(ACTOR, ADA, clip_id)
    with pytest.raises(AlreadyDone):
        await area.clips.finish(ACTOR, ADA, clip_id)


async def test_every_edit_can_be_undone(area: LoopArea, sqlite_database: Database):
    changes = ChangeService(sqlite_database)
    loop_id = await planned(area, ClipFields("Sketch", start=4))
    before = await only_clip(area, loop_id)
    for edit in (
        area.clips.move(ACTOR, ADA, before.id, 9),
        area.clips.finish(ACTOR, ADA, before.id),
        area.clips.remove(ACTOR, ADA, before.id),
        area.loops.edit(ACTOR, ADA, loop_id, LoopFields(name="Other", bpm="90")),
        area.loops.archive(ACTOR, ADA, loop_id),
        area.loops.delete(ACTOR, ADA, loop_id),
    ):
        done = await edit
        await changes.undo(ACTOR, ADA, done.group_id)
        plan = await area.loops.plan(ADA, loop_id)
        assert (plan.loop.name, plan.loop.bpm, plan.loop.archived_at) == ("Night Drive", 120, None)
        assert [replace(one, updated_at=before.updated_at) for one in plan.clips] == [before]


async def test_undo_is_refused_where_somebody_changed_it_since(area: LoopArea, sqlite_database: Database):
    loop_id = await planned(area, ClipFields("Sketch"))
    clip_id = (await only_clip(area, loop_id)).id
    moved = await area.clips.move(ACTOR, ADA, clip_id, 4)
    await area.clips.move(ACTOR, ADA, clip_id, 8)
    with pytest.raises(ChangedSince):
        await ChangeService(sqlite_database).undo(ACTOR, ADA, moved.group_id)


# ------------------------------------------------------------------ bad input


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        (ClipFields(lane="drums"), "loop_lane"),
        (ClipFields(start="soon"), "loop_number"),
        (ClipFields(start="nan"), "loop_number"),
        (ClipFields(length="inf"), "loop_number"),
        (ClipFields(start="100001"), "loop_start_far"),
        (ClipFields(length="10001"), "loop_length_long"),
        (ClipFields(name="x" * 81), "loop_name_long"),
        (ClipFields(notes="x" * 1001), "loop_notes_long"),
    ],
)
async def test_input_that_is_refused_names_the_accepted_form(area: LoopArea, fields: ClipFields, code: str):
    loop_id = await planned(area)
    with pytest.raises(Refused) as refused:
        await area.clips.add(ACTOR, ADA, loop_id, fields)
    assert refused.value.code == code
    assert not (await area.loops.plan(ADA, loop_id)).clips


async def test_input_that_is_fitted_is_told(area: LoopArea):
    loop_id = await planned(area)
    edited = await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start="-3", length="0"))
    assert (clip_of(edited).start_milli, clip_of(edited).length_milli) == (0, 4 * MILLI)
    assert [note.code for note in edited.notes] == ["start_zero", "length_default"]
    with pytest.raises(Refused):
        await area.clips.edit(ACTOR, ADA, clip_of(edited).id, ClipFields(length="0"))
    changed = await area.loops.edit(ACTOR, ADA, loop_id, LoopFields(bpm="500"))
    assert (changed.loop.bpm, changed.notes[0].code) == (180, "bpm_clamped")
    assert clip_of(await area.clips.edit(ACTOR, ADA, clip_of(edited).id, ClipFields(name="  "))).name == "New clip"


async def test_dated_loops_take_whole_days_and_no_start_before_the_first(area: LoopArea):
    loop_id = await planned(area, start=date(2026, 6, 1), end=date(2026, 7, 27))
    edited = await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start="3.5", length="1.2"))
    assert (clip_of(edited).start_milli, clip_of(edited).length_milli) == (3 * MILLI, 2 * MILLI)
    with pytest.raises(Refused) as refused:
        await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start="-1"))
    assert refused.value.parts["day"] == date(2026, 6, 1)
    with pytest.raises(Refused):
        await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start="2026-05-31"))
    by_day = await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start=" 2026-06-12 "))
    assert clip_of(by_day).start_milli == 11 * MILLI
    late = await area.clips.add(ACTOR, ADA, loop_id, ClipFields(start="2026-08-01"))
    assert [(note.code, note.parts["day"]) for note in late.notes] == [("after_end", date(2026, 7, 26))]


async def test_a_loop_holds_two_hundred_clips_and_a_person_fifty_loops(area: LoopArea):
    loop_id = await planned(area)
    for number in range(200):
        await area.clips.add(ACTOR, ADA, loop_id, ClipFields(f"Clip {number}"))
    with pytest.raises(Refused):
        await area.clips.add(ACTOR, ADA, loop_id, ClipFields())
    for _ in range(49):
        await area.loops.create(ACTOR, ADA, LoopFields())
    with pytest.raises(Refused) as refused:
        await area.loops.create(ACTOR, ADA, LoopFields())
    assert refused.value.code == "loop_loops_full"


# ------------------------------------------------------------------ other people


async def test_a_foreign_loop_reads_like_a_wrong_id(area: LoopArea):
    loop_id = await planned(area, ClipFields("Sketch"))
    clip_id = (await only_clip(area, loop_id)).id
    ben = Actor.user(BEN, "Ben")
    told = []
    for wanted in (loop_id, "0" * 32):
        with pytest.raises(NotFound) as error:
            await area.loops.plan(BEN, wanted)
        told.append((error.value.code, dict(error.value.parts)))
    assert told[0] == told[1]
    with pytest.raises(Gone):
        await area.clips.finish(ben, BEN, clip_id)
    with pytest.raises(NotFound):
        await area.loops.delete(ben, BEN, loop_id)
    assert (await only_clip(area, loop_id)).done_at is None


# ------------------------------------------------------------------ several loops


async def test_the_active_loop_is_the_chosen_one_else_the_oldest(area: LoopArea, clock: FixedClock):
    first = await planned(area, name="First")
    clock.advance(minutes=1)
    second = await planned(area, name="Second")
    assert (await area.loops.active(ACTOR, ADA)).id == second
    await area.loops.switch(ACTOR, ADA, first)
    assert (await area.loops.active(ACTOR, ADA)).id == first
    await area.loops.archive(ACTOR, ADA, first)
    assert (await area.loops.active(ACTOR, ADA)).id == second
    with pytest.raises(Refused):
        await area.loops.switch(ACTOR, ADA, first)
    assert [line.loop.name for line in await area.loops.lines(ADA, "archived")] == ["First"]


async def test_the_bin_gives_back_for_thirty_days(area: LoopArea, sqlite_database: Database, clock: FixedClock):
    retention = Retention(sqlite_database)
    loop_id = await planned(area, ClipFields("Sketch"))
    await area.loops.delete(ACTOR, ADA, loop_id)
    assert [line.loop.id for line in await area.loops.lines(ADA, "bin")] == [loop_id]
    clock.advance(days=29)
    assert await retention.purge() == {}
    await area.loops.restore(ACTOR, ADA, loop_id)
    assert (await only_clip(area, loop_id)).name == "Sketch"
    await area.loops.delete(ACTOR, ADA, loop_id)
    clock.advance(days=31)
    assert (await retention.purge())["loops"] == 1
    with pytest.raises(NotFound):
        await area.loops.restore(ACTOR, ADA, loop_id)


async def test_a_copy_starts_afresh(area: LoopArea):
    loop_id = await planned(area, ClipFields("Sketch"))
    first = await only_clip(area, loop_id)
    await area.clips.mark_ready(ACTOR, ADA, first.id)
    await area.clips.finish(ACTOR, ADA, first.id)
    copied = await area.loops.duplicate(ACTOR, ADA, loop_id, suffix="(copy)")
    again = await only_clip(area, copied.loop.id)
    assert copied.loop.name == "Night Drive (copy)"
    assert (again.name, again.ready, again.done_at) == ("Sketch", False, None)
    assert again.id != first.id


async def test_a_dated_copy_moves_to_the_new_day_it_leads_to(area: LoopArea):
    days = date(2026, 6, 1), date(2026, 7, 1), date(2026, 6, 20)
    async with area.store.database.write(ACTOR, ADA, "release.new") as unit:
        made = await DatedLoops().create(
            unit,
            DatedLoop("Single", Role.ARTIST, Pace.MODERATE, "Europe/London", *days, "single_8w"),
            [DatedClip("pitch", "Pitch", Lane.PROMO, date(2026, 6, 4), 4, deadline=date(2026, 6, 9), hard=True)],
        )
    with pytest.raises(Refused):
        await area.loops.duplicate(ACTOR, ADA, made.loop.id, suffix="(copy)")
    copied = await area.loops.duplicate(ACTOR, ADA, made.loop.id, new_day=date(2026, 9, 20), suffix="(copy)")
    assert (copied.loop.start_date, copied.loop.end_date) == (date(2026, 9, 1), date(2026, 10, 1))
    assert copied.loop.anchor_date == date(2026, 9, 20)
    assert (await only_clip(area, copied.loop.id)).deadline == date(2026, 9, 9)


async def test_a_deadline_needs_dates_and_one_of_a_release_moves_with_it_only(area: LoopArea):
    free = await planned(area, ClipFields("Sketch"))
    with pytest.raises(Refused) as undated:
        wanted = DeadlineFields(date(2026, 6, 9), DeadlineKind.SOFT)
        await area.clips.set_deadline(ACTOR, ADA, (await only_clip(area, free)).id, wanted)
    assert undated.value.code == "loop_deadline_undated"
    days = date(2026, 6, 1), date(2026, 7, 1), date(2026, 6, 20)
    async with area.store.database.write(ACTOR, ADA, "release.new") as unit:
        made = await DatedLoops().create(
            unit,
            DatedLoop("Single", Role.ARTIST, Pace.MODERATE, "Europe/London", *days, "single_8w"),
            [DatedClip("pitch", "Pitch", Lane.PROMO, date(2026, 6, 4), 4, deadline=date(2026, 6, 9), hard=True)],
        )
    with pytest.raises(Refused) as of_release:
        await area.clips.set_deadline(ACTOR, ADA, made.clips[0].id, DeadlineFields(clears=True))
    assert of_release.value.code == "loop_deadline_of_release"


async def test_today_is_the_day_where_the_owner_is_now(sqlite_database: Database):
    class Moved:
        key = "Europe/London"

        async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
            return ZoneInfo(self.key)

    where = Moved()
    area = open_loops(sqlite_database, FixedClock(NOW), Neighbours(where))
    loop_id = await planned(area, start=date(2026, 6, 1), end=date(2026, 7, 27))
    where.key = "Pacific/Kiritimati"
    assert (await area.store.view(ADA, loop_id)).moment.at_milli == 10 * MILLI
    where.key = "America/Los_Angeles"
    assert (await area.store.view(ADA, loop_id)).moment.at_milli == 9 * MILLI
    assert [line.loop.timezone for line in await area.loops.lines(ADA)] == ["America/Los_Angeles"]


async def test_dates_come_and_go(area: LoopArea):
    loop_id = await planned(area, ClipFields("Sketch", start=2.5, length=1.2), ClipFields("Mix", start=8))
    dated = await area.loops.edit(ACTOR, ADA, loop_id, LoopFields(start=date(2026, 6, 1)))
    assert dated.loop.is_dated
    plan = await area.loops.plan(ADA, loop_id)
    assert [(one.name, one.start_milli, one.length_milli) for one in plan.clips] == [
        ("Sketch", 2000, 2000),
        ("Mix", 8000, 4000),
    ]
    moved = await area.loops.edit(ACTOR, ADA, loop_id, LoopFields(start=date(2026, 6, 8)))
    assert moved.loop.start_date is not None
    assert moved.loop.end_date is not None
    assert (moved.loop.end_date - moved.loop.start_date) == timedelta(days=12)
    with pytest.raises(Refused):
        await area.loops.step(ACTOR, ADA, loop_id)
    undated = await area.loops.make_undated(ACTOR, ADA, loop_id)
    assert not undated.loop.is_dated


async def test_the_playhead_steps_by_bars_and_wraps(area: LoopArea):
    loop_id = await planned(area)
    for _ in range(14):
        await area.loops.step(ACTOR, ADA, loop_id)
    edited = await area.loops.step(ACTOR, ADA, loop_id)
    assert edited.loop.playhead_milli == 60 * MILLI
    assert (await area.loops.step(ACTOR, ADA, loop_id)).loop.playhead_milli == 0
    assert (await area.loops.set_playhead(ACTOR, ADA, loop_id, 900)).loop.playhead_milli == 64 * MILLI


async def test_moving_to_the_next_free_place(area: LoopArea):
    loop_id = await planned(
        area, ClipFields("One", "promo", 0), ClipFields("Two", "promo", 2), ClipFields("Three", "promo", 4)
    )
    clips = {one.name: one.id for one in (await area.loops.plan(ADA, loop_id)).clips}
    moved = await area.clips.move_to_free_slot(ACTOR, ADA, clips["Two"])
    assert clip_of(moved).start_milli == 8 * MILLI
    again = await area.clips.move_to_free_slot(ACTOR, ADA, clips["Two"])
    assert again.notes[0].code == "already_free"


async def test_searching_finds_what_is_meant(area: LoopArea):
    await planned(area, ClipFields("Mix pass"), ClipFields("Mixtape cover"), name="Harbour")
    await planned(area, ClipFields("Sketch"), name="Night Drive")
    assert [line.loop.name for line in await area.loops.search(ADA, "harb")] == ["Harbour"]
    assert [line.loop.name for line in await area.loops.search(ADA, "nigth drive")] == ["Night Drive"]
    assert [one.name for _, one in await area.loops.search_clips(ACTOR, ADA, "mix")] == [
        "Mix pass",
        "Mixtape cover",
    ]
    assert await area.loops.search(BEN, "") == []


async def test_a_bounce_counts_as_finished_creative_work(area: LoopArea, bounces: Bounces, clock: FixedClock):
    loop_id = await planned(area, ClipFields("Mix", "refine", 0))
    assert (await area.store.view(ADA, loop_id)).sequenced.clips[0].blocked_by
    bounces.known[loop_id] = [LoopBounce("a", clock.now()), LoopBounce("a", clock.now())]
    view = await area.store.view(ADA, loop_id)
    assert not view.sequenced.clips[0].blocked_by
    assert view.momentum.components.output == 1


# ------------------------------------------------------------------ a store that will not write


class Stubborn:
    """A database whose writes can be made to fail, as a full disk or a stuck lock does."""

    def __init__(self, real: Database) -> None:
        self._real = real
        self.announcer = real.announcer
        self.refusing = False
        self.deaf = False
        self.writes = 0

    @property
    def open_unit(self):
        return self._real.open_unit

    @asynccontextmanager
    async def write(self, actor, owner, operation):
        self.writes += 1
        if self.refusing:
            raise OperationalError("COMMIT", {}, Exception("database is locked"))
        async with self._real.write(actor, owner, operation) as unit:
            yield unit

    @asynccontextmanager
    async def read(self, owner):
        if self.deaf:
            raise OperationalError("SELECT", {}, Exception("disk I/O error"))
        async with self._real.read(owner) as unit:
            yield unit

    @asynccontextmanager
    async def system_read(self):
        if self.deaf:
            raise OperationalError("SELECT", {}, Exception("disk I/O error"))
        async with self._real.system_read() as unit:
            yield unit


@pytest.fixture
def stubborn(area: LoopArea, sqlite_database: Database) -> Stubborn:
    database = Stubborn(sqlite_database)
    area.store.database = cast(Any, database)  # it has what a store uses of a database
    area.store.saving = Saving(area.rules.panel, (OperationalError,), sqlite_database.announcer, _no_time)
    return database


async def _no_time(_seconds: float) -> None:
    await asyncio.sleep(0)


async def test_a_failing_store_keeps_the_edit_and_the_next_success_clears_it(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area, ClipFields("Teaser edit"))
    clip_id = (await only_clip(area, loop_id)).id
    told: list[str] = []
    stubborn.announcer.hear("loop", lambda _owner, loop: told.append(loop))
    stubborn.refusing, stubborn.writes = True, 0
    with pytest.raises(NotSaved):
        await area.clips.move(ACTOR, ADA, clip_id, 12)
    assert stubborn.writes == 4
    view = await area.store.view(ADA, loop_id)
    assert [(intent.code, dict(intent.parts)) for intent in view.waiting] == [
        ("move", {"clip": "Teaser edit", "start": "12"})
    ]
    assert view.plan.clips[0].start_milli == 0
    with pytest.raises(NotSaved):
        await area.clips.mark_ready(ACTOR, ADA, clip_id)
    stubborn.refusing = False
    await area.store.saving.retry_all()
    view = await area.store.view(ADA, loop_id)
    assert not view.waiting
    assert (view.plan.clips[0].start_milli, view.plan.clips[0].ready) == (12 * MILLI, True)
    assert told[-1] == loop_id


async def test_later_edits_come_after_those_that_wait(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area, ClipFields("Teaser edit"))
    clip_id = (await only_clip(area, loop_id)).id
    stubborn.refusing = True
    with pytest.raises(NotSaved):
        await area.clips.move(ACTOR, ADA, clip_id, 12)
    stubborn.refusing = False
    await area.clips.nudge(ACTOR, ADA, clip_id, 1)
    assert (await only_clip(area, loop_id)).start_milli == 13 * MILLI


async def test_waiting_edits_are_bounded_and_let_go_by_their_owner(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area, ClipFields("Teaser edit"))
    clip_id = (await only_clip(area, loop_id)).id
    stubborn.refusing = True
    for _ in range(20):
        with pytest.raises(NotSaved):
            await area.clips.nudge(ACTOR, ADA, clip_id, 1)
    with pytest.raises(TooManyWaiting):
        await area.clips.nudge(ACTOR, ADA, clip_id, 1)
    assert await area.store.saving.discard(loop_id) == 20
    assert not area.store.saving.waiting(loop_id)


async def test_a_waiting_edit_of_a_clip_that_is_gone_is_let_go(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area, ClipFields("Teaser edit"))
    clip_id = (await only_clip(area, loop_id)).id
    stubborn.refusing = True
    for edit in (area.clips.remove(ACTOR, ADA, clip_id), area.clips.nudge(ACTOR, ADA, clip_id, 1)):
        with pytest.raises(NotSaved):
            await edit
    stubborn.refusing = False
    assert await area.store.saving.retry(loop_id)
    assert not (await area.loops.plan(ADA, loop_id)).clips


async def test_a_loop_is_shown_from_memory_when_it_cannot_be_read(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area, ClipFields("Teaser edit"))
    await area.store.view(ADA, loop_id)
    stubborn.deaf = True
    view = await area.store.view(ADA, loop_id)
    assert view.from_memory
    assert view.plan.clips[0].name == "Teaser edit"
    with pytest.raises(OperationalError):
        await area.store.view(BEN, loop_id)


async def test_rules_errors_are_no_reason_to_wait(area: LoopArea, stubborn: Stubborn):
    loop_id = await planned(area)
    with pytest.raises(BotError):
        await area.clips.add(ACTOR, ADA, loop_id, ClipFields(lane="drums"))
    assert not area.store.saving.waiting(loop_id)
