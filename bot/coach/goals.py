"""Goals: what may be entered, how states change, which ones to suggest."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from bot.coach.model import Experience, Goal, GoalCategory, GoalStatus, Line, LoopFact, Progress, Release, Role
from bot.coach.rules import LimitRules
from bot.errors import Refused

FULL = 100.0


@dataclass(frozen=True, slots=True)
class GoalDraft:
    """What a form or a mission hands in."""

    title: str
    description: str = ""
    category: GoalCategory = GoalCategory.CREATIVE
    priority: int = 0
    progress: float = 0.0
    target_date: date | None = None
    metric: str | None = None
    start_value: float | None = None
    target_value: float | None = None
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class Suggestion:
    """A goal to offer; `key` is remembered when it is dismissed. The title is `coach.suggestion.<key>.title`."""

    key: str
    category: GoalCategory
    priority: int
    target_date: date | None = None
    parts: Mapping[str, str] | None = None

    @property
    def title(self) -> Line:
        return Line(f"coach.suggestion.{self.key}.title", self.parts or {})

    @property
    def reason(self) -> Line:
        return Line(f"coach.suggestion.{self.key}.reason", self.parts or {})


_BY_ROLE: dict[Role, tuple[tuple[str, GoalCategory, int, Experience | None], ...]] = {
    Role.ARTIST: (
        ("visual_identity", GoalCategory.CREATIVE, 3, Experience.BEGINNER),
        ("press_kit", GoalCategory.BRANDING, 2, None),
        ("engaged_audience", GoalCategory.MARKETING, 2, None),
    ),
    Role.PR_AGENCY: (
        ("contact_relationships", GoalCategory.SKILLS, 3, None),
        ("service_range", GoalCategory.GROWTH, 2, None),
    ),
    Role.MANAGER: (
        ("roadmap", GoalCategory.CAREER, 3, None),
        ("network", GoalCategory.SKILLS, 2, None),
    ),
}


def checked(draft: GoalDraft, limits: LimitRules) -> GoalDraft:
    """Return the draft with tidy texts; raise Refused naming what is accepted."""
    return replace(
        draft,
        title=checked_title(draft.title, limits),
        description=checked_description(draft.description, limits),
        progress=checked_progress(draft.progress),
    )


def checked_title(text: str, limits: LimitRules) -> str:
    tidy = " ".join(text.split())
    if not tidy:
        raise Refused("coach_title_empty", max=limits.title)
    if len(tidy) > limits.title:
        raise Refused("coach_title_long", max=limits.title, length=len(tidy))
    return tidy


def checked_description(text: str, limits: LimitRules) -> str:
    tidy = text.strip()
    if len(tidy) > limits.description:
        raise Refused("coach_description_long", max=limits.description, length=len(tidy))
    return tidy


def checked_progress(value: float) -> float:
    if not 0 <= value <= FULL:
        raise Refused("coach_progress_range", value=value)
    return float(value)


def completed(goal: Goal, now: datetime) -> Goal:
    """Return the goal completed: status and 100 together, the earlier progress kept for reopening."""
    if goal.status is GoalStatus.COMPLETED:
        return goal
    return replace(goal, status=GoalStatus.COMPLETED, progress=FULL, progress_before=goal.progress, completed_at=now)


def reopened(goal: Goal) -> Goal:
    """Return a completed goal active again, with the progress it had."""
    if goal.status is not GoalStatus.COMPLETED:
        return replace(goal, status=GoalStatus.ACTIVE)
    before = goal.progress if goal.progress_before is None else goal.progress_before
    return replace(goal, status=GoalStatus.ACTIVE, progress=before, progress_before=None, completed_at=None)


def progress_from(goal: Goal, value: float) -> float | None:
    """Return progress 0..100 from a measured value; None when the goal has no start and target.

    Works in both directions: 20 down to 5 is as good as 5 up to 20.
    """
    if goal.start_value is None or goal.target_value is None or goal.start_value == goal.target_value:
        return None
    share = (value - goal.start_value) / (goal.target_value - goal.start_value)
    return round(min(max(share, 0.0), 1.0) * FULL, 1)


def suggestions(
    role: Role,
    experience: Experience,
    goals: Iterable[Goal],
    releases: Sequence[Release],
    loops: Sequence[LoopFact],
    dismissed: Collection[str],
    today: date,
) -> list[Suggestion]:
    """Return goals to offer, only in categories without an active one; the most important first."""
    busy = {goal.category for goal in goals if goal.status is GoalStatus.ACTIVE}
    found: list[Suggestion] = []
    coming = min((release for release in releases if release.on >= today), key=lambda each: each.on, default=None)
    if coming is not None:
        found.append(Suggestion("campaign", GoalCategory.RELEASE, 5, coming.on, {"release": coming.name}))
    for key, category, priority, only in _BY_ROLE[role]:
        if only is None or only is experience:
            found.append(Suggestion(key, category, priority))
    resting = [loop for loop in loops if loop.unfinished and loop.label == "quiet"]
    if len(resting) >= 2:
        found.append(Suggestion("finish_one", GoalCategory.CREATIVE, 3, None, {"loop": resting[0].name}))
    chosen: dict[GoalCategory, Suggestion] = {}
    for suggestion in sorted(found, key=lambda each: -each.priority):
        if suggestion.category not in busy and suggestion.key not in dismissed:
            chosen.setdefault(suggestion.category, suggestion)
    return list(chosen.values())


def weekly_increments(history: Sequence[tuple[date, float]]) -> list[float]:
    """Return progress a week from (Monday, progress at the week's end), weeks without a record as zero.

    >>> weekly_increments([(date(2026, 1, 5), 10.0), (date(2026, 1, 19), 25.0)])
    [10.0, 0.0, 15.0]
    """
    increments: list[float] = []
    before = 0.0
    for place, (monday, value) in enumerate(history):
        if place:
            gap = (monday - history[place - 1][0]).days // 7 - 1
            increments += [0.0] * gap
        increments.append(max(value - before, 0.0))
        before = value
    return increments


def latest(records: Iterable[Progress], metric: str) -> Progress | None:
    """Return the newest record of a metric."""
    return max(
        (record for record in records if record.metric == metric), key=lambda each: each.recorded_at, default=None
    )
