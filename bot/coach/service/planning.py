"""Building and closing weeks inside a sitting; the use cases around it are in `weeks.py`."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

from bot.coach.adapt import Adaptation, Rule, WeekResult, adapt, is_reserve, result_of
from bot.coach.carryover import close_tasks, fit_carried
from bot.coach.model import (
    FocusArea,
    Goal,
    GoalCategory,
    GoalStatus,
    Line,
    LoadLevel,
    Phase,
    Plan,
    Reflections,
    Release,
    Revision,
    Role,
    Session,
    SessionId,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
    WeekState,
)
from bot.coach.rules import CoachRules
from bot.coach.seats import Frame, WeekShape, areas_of, frame, hours_of
from bot.coach.service.desk import Desk, Sitting
from bot.coach.times import suggest_times
from bot.coach.week import Kept, PlannedTask, WeekInputs, build_week, top_goals
from storage.repositories.coach import CoachRuleCountRepository
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_notes import CoachCheckinRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.unit import Reading, Unit

LOOK_BACK = 26
"""Weeks of history that results, recency and consistency are read from."""
TIRED = 2
WEEK = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class Around:
    """What other areas say about this person, read before the transaction."""

    phase: Phase = Phase.GENERATOR
    releases: Sequence[Release] = ()


async def look_around(desk: Desk, owner: int) -> Around:
    """Read the neighbours; one that is down is left out."""
    phase = await desk.sources.phases.phase(owner)
    releases = await desk.sources.loops.releases(owner)
    return Around(phase, tuple(releases))


async def past_results(sitting: Sitting[Reading], before: date) -> list[WeekResult]:
    """Return the weeks before `before`, oldest first; a week without a plan is one without anything planned."""
    since = before - LOOK_BACK * WEEK
    sessions = [week for week in await sitting.unit.repo(CoachWeekRepository).since(since) if week.week_start < before]
    if not sessions:
        return []
    sums = await sitting.unit.repo(CoachTaskRepository).sums([week.id for week in sessions])
    known = {
        week.week_start: WeekResult(
            week.week_start,
            week.state,
            *sums.get(week.id, (0, 0, 0)),
            touched=week.week_start in sitting.state.seen_weeks,
        )
        for week in sessions
    }
    results: list[WeekResult] = []
    monday = sessions[0].week_start
    while monday < before:
        seen = monday in sitting.state.seen_weeks
        results.append(known.get(monday) or WeekResult(monday, WeekState.ACTIVE, 0, 0, 0, seen))
        monday += WEEK
    return results


async def adaptation(sitting: Sitting[Reading], monday: date, rules: CoachRules) -> Adaptation:
    """Return what past weeks make of the week of `monday`; a tired last answer holds the size."""
    results = await past_results(sitting, monday)
    recent = await sitting.unit.repo(CoachCheckinRepository).since(sitting.now - 2 * WEEK)
    energies = [checkin.energy for checkin in recent if checkin.energy is not None]
    load = LoadLevel.AMBER if energies and energies[-1] <= TIRED else LoadLevel.GREEN
    return adapt(results, sitting.profile.plan_size, rules.adapt, load)


async def generate(
    sitting: Sitting[Unit], desk: Desk, monday: date, around: Around, shape: WeekShape | None = None
) -> Session:
    """Make the plan of a week that has none, carried tasks first."""
    rules = desk.rules
    adapted = await adaptation(sitting, monday, rules)
    chosen = shape or (WeekShape.RECOVERY if around.phase is Phase.RECOVERY else adapted.shape)
    if adapted.size != sitting.profile.plan_size:
        await sitting.save_profile(replace(sitting.profile, plan_size=adapted.size))
    await sitting.unit.repo(CoachRuleCountRepository).fired(str(adapted.rule))
    given = frame(sitting.profile.role, sitting.profile.preferences.pacing, adapted.week_size, chosen, rules)
    week = Session(
        id=SessionId(sitting.unit.new_id()),
        week_start=monday,
        state=WeekState.ACTIVE,
        plan=Plan(monday, Line.free(""), size=given.total, shape=str(chosen), rule=str(adapted.rule)),
        reflections=Reflections(),
        completed=False,
        revision=1,
        created_at=sitting.now,
    )
    await sitting.unit.repo(CoachWeekRepository).add(week)
    kept = [] if chosen is WeekShape.SOFT_LANDING else await _carry_in(sitting, week, given, rules)
    return await fill(sitting, desk, week, given, around, kept, swap_one_high=adapted.rule is Rule.ONE_LIGHTER)


async def fill(
    sitting: Sitting[Unit],
    desk: Desk,
    week: Session,
    given: Frame,
    around: Around,
    kept: Sequence[Task],
    *,
    swap_one_high: bool = False,
    replaced: Sequence[Task] = (),
) -> Session:
    """Choose tasks for the free seats of a week and write its theme, notes and times."""
    profile, rules = sitting.profile, desk.rules
    goals = await sitting.unit.repo(CoachGoalRepository).all(GoalStatus.ACTIVE)
    tasks = sitting.unit.repo(CoachTaskRepository)
    inputs = WeekInputs(
        user_id=profile.user_id,
        week_start=week.week_start,
        experience=profile.experience,
        frame=given,
        bank=desk.bank(profile.role),
        phase=around.phase,
        goals=goals,
        releases=around.releases,
        offered=await _offered(sitting, week.week_start, replaced),
        finished_once=await tasks.done_bank_ids(),
        kept=[Kept(task.focus_area, task.effort, task.goal_id, task.bank_id) for task in kept],
        swap_one_high=swap_one_high,
    )
    draft = build_week(inputs, rules)
    start = max((task.position for task in kept), default=-1) + 1
    fresh = [new_task(sitting, week.id, planned, start + place) for place, planned in enumerate(draft.tasks)]
    first = areas_of(profile.role)[0]
    times = suggest_times(
        [task.focus_area for task in fresh], first, week.week_start, sitting.zone, profile.preferences.rest_days
    )
    # A time that is over is no suggestion: the first week may begin on a Saturday.
    await tasks.add(
        [replace(task, at=at if at and at > sitting.now else None) for task, at in zip(fresh, times, strict=True)]
    )
    minutes = sum(task.minutes for task in (*kept, *fresh) if task.status is not TaskStatus.LET_GO)
    notes = _notes(profile.preferences.time_commitment_hours, minutes, has_repeat=draft.has_repeat)
    plan = replace(
        week.plan,
        theme=_theme(around, goals, week.week_start),
        metrics=_metrics(goals, energy=profile.preferences.dm.energy),
        recommendations=_recommendations(profile.role, profile.experience),
        estimated_minutes=minutes,
        notes=notes,
        size=given.total,
        shape=str(given.shape),
    )
    return await sitting.unit.repo(CoachWeekRepository).save(replace(week, plan=plan))


async def close_past(sitting: Sitting[Unit], desk: Desk) -> list[Session]:
    """Close every week that ended; idempotent, whoever comes first: the tick or a command."""
    weeks = sitting.unit.repo(CoachWeekRepository)
    over = [
        week
        for week in await weeks.since(sitting.monday - LOOK_BACK * WEEK)
        if week.closed_at is None and week.week_start < sitting.monday
    ]
    closed = [await _close(sitting, desk, week) for week in over]
    last = sitting.monday - WEEK
    if _is_away(sitting, last) and await weeks.of(last) is None and await weeks.newest(1):
        await weeks.add(_empty(sitting, last, WeekState.PAUSED))
    return closed


def new_task(sitting: Sitting[Unit], session_id: SessionId, planned: PlannedTask, position: int) -> Task:
    task = planned.task
    return Task(
        id=TaskId(sitting.unit.new_id()),
        session_id=session_id,
        bank_id=task.id,
        focus_area=task.area,
        title=task.title,
        description=task.how,
        effort=task.effort,
        minutes=planned.minutes,
        status=TaskStatus.PLANNED,
        source=TaskSource.BANK,
        position=position,
        created_at=sitting.now,
        due=planned.due,
        goal_id=planned.goal_id,
        resources=task.resources,
    )


def is_replaceable(task: Task) -> bool:
    """Say whether regenerating may replace a task: planned, ours, without anything of the person in it."""
    return (
        task.is_open
        and task.source is TaskSource.BANK
        and task.carried_from is None
        and task.if_then is None
        and task.loop_clip_id is None
    )


def empty_week(sitting: Sitting[Unit], monday: date, state: WeekState) -> Session:
    return _empty(sitting, monday, state)


async def offered_before(sitting: Sitting[Reading], monday: date) -> dict[str, date]:
    """Return when each bank task was on a plan last, this week included."""
    return await _offered(sitting, monday, ())


async def _close(sitting: Sitting[Unit], desk: Desk, week: Session) -> Session:
    rules = desk.rules
    tasks = sitting.unit.repo(CoachTaskRepository)
    own = await tasks.of(week.id)
    touched = week.week_start in sitting.state.seen_weeks
    state = week.state
    result = result_of(week, own, touched)
    if state is WeekState.ACTIVE and _is_away(sitting, week.week_start):
        state = WeekState.PAUSED
    elif state is WeekState.ACTIVE:
        earlier = await past_results(sitting, week.week_start)
        if is_reserve(result, earlier, rules.adapt):
            state = WeekState.RESERVE
    week = replace(week, state=state)
    await sitting.unit.repo(CoachWeekRepository).save(week)
    next_monday = week.week_start + WEEK
    following = await sitting.unit.repo(CoachWeekRepository).of(next_monday)
    adapted = await adaptation(sitting, next_monday, rules)
    shape = WeekShape(following.plan.shape) if following else adapted.shape
    size = following.plan.size if following else adapted.week_size
    given = frame(sitting.profile.role, sitting.profile.preferences.pacing, size, shape, rules)
    closing = close_tasks(own, next_monday, given.seats, rules.adapt, carry=shape is not WeekShape.SOFT_LANDING)
    for task in own:
        if task.id in closing.statuses:
            await tasks.save(replace(task, status=closing.statuses[task.id], decided_at=sitting.now))
    week = replace(week, completed=True, closed_at=sitting.now, choices=tuple(task.id for task in closing.choices))
    await sitting.unit.repo(CoachWeekRepository).save(week)
    if following is not None and following.closed_at is None and closing.carried:
        await _push_in(sitting, following, closing.carried, counts=state is WeekState.ACTIVE)
    return week


async def _carry_in(sitting: Sitting[Unit], week: Session, given: Frame, rules: CoachRules) -> list[Task]:
    """Copy last week's carried tasks into a new plan, within its seats; what finds none is skipped after all."""
    before = await sitting.unit.repo(CoachWeekRepository).of(week.week_start - WEEK)
    if before is None:
        return []
    tasks = sitting.unit.repo(CoachTaskRepository)
    waiting = [task for task in await tasks.of(before.id) if task.status is TaskStatus.CARRIED]
    fitting = fit_carried(waiting, given.seats, rules.adapt)
    for task in waiting:
        if task not in fitting:
            await tasks.save(replace(task, status=TaskStatus.SKIPPED))
    copies = [
        _carried_copy(sitting, week.id, task, place, counts=before.state is WeekState.ACTIVE)
        for place, task in enumerate(fitting)
    ]
    await tasks.add(copies)
    return copies


async def _push_in(sitting: Sitting[Unit], week: Session, carried: Sequence[Task], *, counts: bool) -> None:
    """Put carried tasks into a plan that was made before its week began, in place of ours of the same area."""
    tasks = sitting.unit.repo(CoachTaskRepository)
    own = await tasks.of(week.id)
    for task in carried:
        given_up = next((each for each in own if each.focus_area is task.focus_area and is_replaceable(each)), None)
        if given_up is None:
            await tasks.save(replace(task, status=TaskStatus.SKIPPED, decided_at=sitting.now))
            continue
        own.remove(given_up)
        await tasks.remove([given_up.id])
        await tasks.add([_carried_copy(sitting, week.id, task, given_up.position, counts=counts)])


def _carried_copy(sitting: Sitting[Unit], session_id: SessionId, task: Task, position: int, *, counts: bool) -> Task:
    return replace(
        task,
        id=TaskId(sitting.unit.new_id()),
        session_id=session_id,
        status=TaskStatus.PLANNED,
        carry_count=task.carry_count + int(counts),
        carried_from=task.id,
        position=position,
        at=task.at + WEEK if task.at else None,
        created_at=task.created_at,
        decided_at=None,
    )


async def _offered(sitting: Sitting[Reading], monday: date, replaced: Sequence[Task]) -> dict[str, date]:
    weeks = await sitting.unit.repo(CoachWeekRepository).since(monday - 8 * WEEK)
    tasks = await sitting.unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
    found: dict[str, date] = {}
    for week in weeks:
        if week.week_start > monday:
            continue
        ids = [task.bank_id for task in tasks[week.id]]
        ids += [bank_id for revision in week.revisions for bank_id, _ in revision.replaced]
        found |= {bank_id: week.week_start for bank_id in ids if bank_id}
    return found | {task.bank_id: monday for task in replaced if task.bank_id}


def _is_away(sitting: Sitting[Reading], monday: date) -> bool:
    """Say whether most of a week was paused or lay in a quiet time."""
    profile = sitting.profile
    days = [monday + timedelta(days=day) for day in range(7)]
    paused = 0
    if profile.paused_from and profile.paused_until:
        paused = sum(profile.paused_from <= day < profile.paused_until for day in days)
    return paused >= 4 or _quiet_days(sitting.state.quiet_until, days) > 0


def _quiet_days(until: datetime | None, days: Sequence[date]) -> int:
    if until is None:
        return 0
    return sum(until.date() - WEEK <= day < until.date() for day in days)


def _empty(sitting: Sitting[Unit], monday: date, state: WeekState) -> Session:
    return Session(
        id=SessionId(sitting.unit.new_id()),
        week_start=monday,
        state=state,
        plan=Plan(monday, Line(f"coach.theme.{state}"), size=0),
        reflections=Reflections(),
        completed=state is WeekState.PAUSED,
        revision=1,
        created_at=sitting.now,
        closed_at=sitting.now if monday < sitting.monday else None,
    )


def with_revision(week: Session, replaced: Sequence[Task]) -> Session:
    """Return the week one revision on, what it held before kept by name."""
    kept = Revision(week.revision, tuple((task.bank_id or "", task.title) for task in replaced))
    return replace(week, revision=week.revision + 1, revisions=(*week.revisions, kept)[-8:])


def _theme(around: Around, goals: Sequence[Goal], monday: date) -> Line:
    coming = min(
        (release for release in around.releases if release.on >= monday), key=lambda each: each.on, default=None
    )
    if around.phase is Phase.RECOVERY:
        return Line("coach.theme.recovery")
    if coming is not None and (coming.on - monday).days <= 42:
        return Line("coach.theme.release", {"release": coming.name})
    ordered = top_goals(goals)
    if ordered:
        return Line("coach.theme.goal", {"goal": ordered[0].title})
    return Line(f"coach.theme.{around.phase}")


def _metrics(goals: Sequence[Goal], *, energy: bool) -> tuple[str, ...]:
    names = ["tasks_completed", "learning_hours"]
    if energy:
        names.append("energy_level")
    wanted = {
        GoalCategory.CREATIVE: "creative_output",
        GoalCategory.MARKETING: "marketing_activities",
        GoalCategory.GROWTH: "audience_growth",
    }
    categories = {goal.category for goal in goals}
    return (*names, *(name for category, name in wanted.items() if category in categories))


def _recommendations(role: Role, experience: str) -> tuple[Line, ...]:
    return (Line(f"coach.recommend.{experience}"), Line(f"coach.recommend.{role}"))


def _notes(hours_wanted: float, minutes: int, *, has_repeat: bool) -> tuple[Line, ...]:
    notes: list[Line] = []
    if hours_of(minutes) > hours_wanted:
        notes.append(Line("coach.note.long", {"hours": hours_of(minutes), "wanted": f"{hours_wanted:g}"}))
    if has_repeat:
        notes.append(Line("coach.note.repeat"))
    return tuple(notes)


def area_counts(tasks: Sequence[Task], role: Role) -> list[tuple[FocusArea, int, int]]:
    """Return (area, done, counted) in the role's order; let-go tasks in neither."""
    order = (*areas_of(role), FocusArea.WELLBEING)
    found: list[tuple[FocusArea, int, int]] = []
    for area in order:
        own = [task for task in tasks if task.focus_area is area and task.status is not TaskStatus.LET_GO]
        if own:
            found.append((area, sum(task.status is TaskStatus.DONE for task in own), len(own)))
    return found
