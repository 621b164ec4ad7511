"""What other areas make of a release plan and of a phase: coach, loops and missions, wired as in the product."""

from collections.abc import AsyncIterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.actors import Actor
from bot.app.app import App
from bot.clock import FixedClock
from bot.coach.model import Role
from bot.coach.week import window_match
from bot.missions.model import InputKind
from bot.phases.model import Phase
from bot.phases.tools import PhaseInput
from bot.releases.service import ReleaseDraft
from bot.releases.tools import ReleaseInput
from tests.digest.people import ADA
from tests.product import plain_settings

DOER = Actor.user(ADA, "Ada")


@pytest.fixture
async def services(tmp_path: Path, clock: FixedClock) -> AsyncIterator[Any]:
    """Every service of the product, with no Discord joined."""
    async with App(plain_settings(tmp_path, measure_workers=1), clock).at_hand() as services:
        yield services


async def _plan(services: Any, clock: FixedClock, days: int) -> tuple[str, date]:
    day = clock.now().date() + timedelta(days=days)
    made = await services.releases.create(DOER, ADA, ReleaseDraft("Night Drive", day, "single_8w"))
    return made.view.release.id, day


async def test_the_coach_knows_the_release_and_fills_the_week_from_its_window(services: Any, clock: FixedClock) -> None:
    await services.coach.profiles.start(DOER, ADA, Role.ARTIST)
    calm = await services.coach.weeks.plan(DOER, ADA)
    bank = {row.id: row for row in services.coach.desk.bank(Role.ARTIST)}
    release, day = await _plan(services, clock, 20)
    (told,) = await services.coach.desk.sources.loops.releases(ADA)
    assert (told.name, told.on) == ("Night Drive", day)
    view = await services.releases.show(ADA, release)
    assert told.next_deadline_title == (view.next_hard.clip.name if view.next_hard else None)
    planned = await services.coach.weeks.plan(DOER, ADA, calm.week.week_start + timedelta(days=7))
    windows = [
        bank[task.bank_id].window for task in planned.tasks if task.bank_id in bank and bank[task.bank_id].window
    ]
    assert windows, "a week before a release holds tasks of its window"
    assert all(window_match(window, planned.week.week_start, told, 14) is not None for window in windows)


async def test_the_releases_loop_is_a_dated_loop_among_the_others(services: Any, clock: FixedClock) -> None:
    release, day = await _plan(services, clock, 70)
    (line,) = await services.loops.loops.lines(ADA)
    assert (line.loop.name, line.loop.anchor_date) == ("Night Drive", day)
    view = await services.releases.show(ADA, release)
    first = view.next_tasks[0]
    await services.loops.clips.finish(DOER, ADA, first.clip.id)
    assert (await services.releases.show(ADA, release)).done == 1, "a clip done on the loop is a task done in the plan"
    await services.releases.finish_task(DOER, ADA, release, view.next_tasks[1].clip.id)
    plan = await services.loops.loops.plan(ADA, line.loop.id)
    assert sum(clip.is_done for clip in plan.clips) == 2


async def test_missions_read_releases_and_phases_and_may_use_their_tools(services: Any, clock: FixedClock) -> None:
    release, day = await _plan(services, clock, 70)
    choices = {choice.ref.kind: choice for choice in await services.missions.service.input_choices(ADA)}
    assert choices[InputKind.RELEASE].label == "Night Drive"
    assert InputKind.PHASE in choices
    say = services.catalogue.words("en")
    read = await ReleaseInput(services.releases, say).resolve(ADA, release, clock.now())
    assert isinstance(read.data, dict)
    assert (read.data["release_day"], read.data["days_to_go"]) == (day.isoformat(), 70)
    assert (await ReleaseInput(services.releases, say).resolve(ADA, "gone", clock.now())).data is None
    await services.phases.choose(DOER, ADA, Phase.BUILDER)
    assert (await PhaseInput(services.phases, say).resolve(ADA, "", clock.now())).data == "builder"
