"""A single from the first brief to the last review, in twelve weeks of the injected clock, digest by digest."""

import re
from datetime import date, datetime, timedelta
from typing import Any

import pytest

from bot.actors import Actor as Doer
from bot.bounces.model import Filter
from bot.coach.model import Role, TaskStatus
from bot.digest.model import Digest, DigestState
from bot.phases.model import Phase
from bot.releases.model import Condition, ReleaseState
from bot.releases.service import ReleaseDraft
from bot.releases.view import ReleaseView
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from tests.digest.people import put_bounce
from tests.product import Product
from tests.wire.kit import Stage

pytestmark = pytest.mark.no_cover  # long, over lines that shorter tests reach: twice as long under coverage


def _finished_in(markdown: str, names: set[str]) -> tuple[set[str], int]:
    """Return which of the names a digest tells as done, and how many it only counts."""
    line = re.search(r"^- Clips done: (.+)$", markdown, re.M)
    told = line[1].replace("\\", "") if line else ""
    more = re.search(r"^- and (\d+) more$", markdown, re.M)
    return {name for name in names if name in told}, int(more[1]) if more else 0


async def test_a_quick_single_is_lived_through_and_each_weeks_digest_tells_what_happened(product: Product) -> None:
    await _live_through(product, "sprint_single_4w", ahead=32, after=16)


@pytest.mark.soak
async def test_a_single_of_twelve_weeks_is_lived_through_from_brief_to_review(product: Product) -> None:
    await _live_through(product, "single_8w", ahead=81, after=37)


async def _live_through(product: Product, preset: str, *, ahead: int, after: int) -> None:
    """Do every task of a plan in time, looking at each digest that comes."""
    ada = Stage(product.server).person("Ada")
    services, clock = product.services, product.clock
    doer = Doer.user(ada.id, "Ada")
    await services.studio.save_person(doer, ada.id, dm_digests=True, timezone="UTC")
    clock.set(clock.now().replace(hour=18, minute=0, second=0) + timedelta(days=-clock.now().weekday() % 7))
    start = clock.now().date()
    day = start + timedelta(days=ahead)
    draft = ReleaseDraft("Night Drive", day, preset, frozenset(Condition), remind_deadlines=True)
    made = await services.releases.create(doer, ada.id, draft)
    release = made.view.release.id
    done_on: dict[str, date] = {}
    states: set[ReleaseState] = set()
    made_by_hand: dict[str, list[datetime]] = {"slice": [], "form": []}
    phases: list[tuple[datetime, Phase]] = [(clock.now(), Phase.BUILDER)]
    await services.phases.choose(doer, ada.id, Phase.BUILDER)
    await services.coach.profiles.start(doer, ada.id, Role.ARTIST)
    form = (await services.forms.draw_new(doer, ada.id, "Night Drive")).view.form.id

    while clock.now().date() < day + timedelta(days=after):
        view: ReleaseView = await services.releases.show(ada.id, release)
        states.add(view.release.state)
        for task in view.open:
            if task.last_day <= clock.now().date() + timedelta(days=1):
                await services.releases.finish_task(doer, ada.id, release, task.clip.id)
                done_on[task.clip.name] = clock.now().date()
        if clock.now().date() == start + timedelta(days=10):
            await put_bounce(services.database, ada.id, "night-drive-master.wav", clock.now(), 197.4)
            (bounce,) = await services.bounces.service.list(ada.id, Filter(), 1)
            await services.bounces.notes.mark(doer, ada.id, bounce.id, "0:42-0:58", "hook")
            made_by_hand["slice"].append(clock.now())
        if clock.now().date() in {start + timedelta(days=16), start + timedelta(days=18)}:
            await services.forms.save(doer, ada.id, form, f"intro 8\nverse {clock.now().day}", "")
            made_by_hand["form"].append(clock.now())
        if clock.now().date() == start + timedelta(days=20):
            await services.phases.choose(doer, ada.id, Phase.EXECUTOR)
            phases.append((clock.now(), Phase.EXECUTOR))
        await _do_one_task(services, ada.id)
        await product.live(step_s=86400 * 2, days=2)

    view = await services.releases.show(ada.id, release)
    assert states == {ReleaseState.PLANNED, ReleaseState.RELEASED, ReleaseState.REVIEWED}
    every = len(view.preset.tasks)
    assert (view.done, len(view.tasks)) == (every, every), "everything was done in time, so no window closed"
    assert view.missed == ()

    digests = await services.digests.stored(ada.id)
    assert len(digests) >= (ahead + after) // 7 - 4  # weeks without anything done have none
    for digest in digests:
        week = {name for name, on in done_on.items() if digest.cut_from.date() <= on < digest.cut_at.date()}
        named, more = _finished_in(digest.markdown, set(done_on))
        assert named <= week, f"{digest.week}: {named} but only {week} was done"
        assert len(named) + more == len(week), f"{digest.week}: counts agree with what happened"
        assert digest.state in {DigestState.SENT, DigestState.BUILT, DigestState.HELD, DigestState.FILED}
        for what, sentence in (("slice", r"(\d+) Oracle slices? saved"), ("form", r"Night Drive updated (\d+) times?")):
            told = re.search(sentence, digest.markdown)
            count = sum(digest.cut_from < at <= digest.cut_at for at in made_by_hand[what])
            assert (int(told[1]) if told else 0) == count, f"{digest.week}: {what}"
        phase = [to for at, to in phases if at <= digest.cut_at][-1]
        assert f"_Phase: {phase.value.capitalize()}" in digest.markdown
        done, planned = await _tasks_of(services, ada.id, digest)
        assert (f"{done} of {planned} tasks:" in digest.markdown) is (planned > 0)
        if digest.cut_at.date() <= day:
            left = (day - digest.cut_at.date()).days
            assert f"*Night Drive*: T-{left}" in digest.markdown or "tomorrow" in digest.markdown
    with_bounce = [digest for digest in digests if "night-drive-master.wav" in digest.markdown]
    assert len(with_bounce) == 1
    sent = [digest for digest in digests if digest.state is DigestState.SENT]
    messages = [m for m in ada.conversation.messages() if "Your week:" in str(m.components)]
    assert len(messages) == len(sent) >= len(digests) - 2
    reminders = [m for m in ada.conversation.messages() if "last day" in str(m.components)]
    assert len(reminders) >= 1


async def _do_one_task(services: Any, owner: int) -> None:
    """Tick the first open task of this week's plan."""
    doer = Doer.user(owner, "Ada")
    week = await services.coach.weeks.plan(doer, owner)
    task = next((task for task in week.tasks if task.is_open), None)
    if task is not None:
        await services.coach.tasks.done(doer, owner, task.id)


async def _tasks_of(services: Any, owner: int, digest: Digest) -> tuple[int, int]:
    """Return how many tasks of a digest's week were done by its cut, and how many were planned."""
    async with services.database.read(owner) as unit:
        week = await unit.repo(CoachWeekRepository).of(digest.week.monday)
        tasks = await unit.repo(CoachTaskRepository).of(week.id) if week else []
    kept = [task for task in tasks if task.status is not TaskStatus.LET_GO]
    done = [t for t in kept if t.status is TaskStatus.DONE and t.decided_at and t.decided_at <= digest.cut_at]
    return len(done), len(kept)
