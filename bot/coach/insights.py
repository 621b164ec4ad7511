"""Insights by rule: what the person's own data says, with the rows it was read from. No news, no guesses."""

import hashlib
import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from statistics import median

from bot.coach.model import (
    Category,
    Experience,
    Goal,
    GoalId,
    GoalStatus,
    Insight,
    InsightContent,
    InsightPriority,
    InsightType,
    Line,
    LoopFact,
    Release,
    Role,
    Task,
    TaskStatus,
)
from bot.coach.trend import Direction, GrowthArea

STEPS_MAX = 3
BASICS = ("bio", "photo", "one-sheet")
"""Words by which a done task is known to have covered a branding basic."""


@dataclass(frozen=True, slots=True)
class BounceFact:
    """A bounce of the person, read through a port."""

    id: str
    title: str
    duration_s: float
    at: datetime


@dataclass(frozen=True, slots=True)
class PlatformFact:
    """A checked fact about a platform. `checked` None: nobody has checked it since it was written down."""

    key: str
    text: str
    source: str
    checked: date | None


@dataclass(frozen=True, slots=True)
class InsightInputs:
    """What there is to read. A part that does not exist is empty and gives no insight."""

    today: date
    role: Role
    experience: Experience = Experience.INTERMEDIATE
    genre: str | None = None
    town: str | None = None
    goals: Sequence[Goal] = ()
    tasks: Sequence[Task] = ()
    """Of the last eight weeks, oldest first."""
    bounces: Sequence[BounceFact] = ()
    loops: Sequence[LoopFact] = ()
    releases: Sequence[Release] = ()
    growth: Sequence[GrowthArea] = ()
    facts: Sequence[PlatformFact] = ()
    labels: dict[str, str] = field(default_factory=dict)
    """Readable names of metrics."""


@dataclass(frozen=True, slots=True)
class Found:
    """An insight before it is kept."""

    type: InsightType
    content: InsightContent
    evidence: tuple[str, ...]

    @property
    def evidence_hash(self) -> str:
        """Same rows and same sentence, same hash."""
        text = "|".join((self.type, self.content.summary.key, *sorted(self.evidence)))
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def find_insights(inputs: InsightInputs) -> list[Found]:
    """Return everything the data says, one insight a rule at most."""
    rules = (_career, _creative, _branding, _growth, _release, _relationship, _promotional, _scene, _industry)
    return [found for rule in rules for found in rule(inputs)]


def fresh(found: Iterable[Found], kept: Iterable[Insight], now: datetime, repeat_days: int) -> list[Found]:
    """Leave out what was said with the same evidence lately."""
    recent = {insight.evidence_hash for insight in kept if now - insight.created_at < timedelta(days=repeat_days)}
    return [each for each in found if each.evidence_hash not in recent]


def _insight(
    kind: InsightType,
    variant: str,
    parts: dict[str, str | int | float],
    evidence: Iterable[str],
    priority: InsightPriority = InsightPriority.MEDIUM,
    goals: tuple[GoalId, ...] = (),
) -> Found:
    key = f"coach.insight.{kind}.{variant}"
    content = InsightContent(
        summary=Line(f"{key}.summary", parts),
        detail=Line(f"{key}.detail", parts),
        steps=(Line(f"{key}.step", parts),),
        priority=priority,
        related_goals=goals,
    )
    return Found(kind, content, tuple(evidence))


def _career(inputs: InsightInputs) -> Iterable[Found]:
    without_plan = [
        goal for goal in inputs.goals if goal.status is GoalStatus.ACTIVE and not (goal.woop and goal.woop.plan)
    ]
    if without_plan:
        goal = max(without_plan, key=lambda each: each.priority)
        yield _insight(
            InsightType.CAREER, "no_plan", {"goal": goal.title}, [goal.id], InsightPriority.MEDIUM, (goal.id,)
        )
    carried = [task for task in inputs.tasks if task.is_open and task.carry_count]
    if carried:
        task = max(carried, key=lambda each: (each.carry_count, each.created_at))
        yield _insight(InsightType.CAREER, "carried", {"task": task.title, "count": task.carry_count}, [task.id])


def _creative(inputs: InsightInputs) -> Iterable[Found]:
    bounces = sorted(inputs.bounces, key=lambda bounce: bounce.at)
    if len(bounces) >= 2:
        gaps = [(later.at - earlier.at).days for earlier, later in itertools.pairwise(bounces)]
        minutes = median(bounce.duration_s for bounce in bounces) / 60
        parts: dict[str, str | int | float] = {
            "count": len(bounces),
            "minutes": round(minutes, 1),
            "days": round(median(gaps)),
        }
        yield _insight(InsightType.CREATIVE, "bounces", parts, [bounce.id for bounce in bounces])
        return
    finished = sorted((at, clip) for loop in inputs.loops for clip, at in loop.finished)
    if len(finished) >= 3:
        gaps = [(later - earlier).days for (earlier, _), (later, _) in itertools.pairwise(finished)]
        told: dict[str, str | int | float] = {"count": len(finished), "days": round(median(gaps))}
        yield _insight(InsightType.CREATIVE, "clips", told, [clip for _, clip in finished])


def _branding(inputs: InsightInputs) -> Iterable[Found]:
    done = [task for task in inputs.tasks if task.status is TaskStatus.DONE]
    missing = [word for word in BASICS if not any(word in task.title.casefold() for task in done)]
    if missing and inputs.role is Role.ARTIST:
        yield _insight(
            InsightType.BRANDING, f"missing_{missing[0].replace('-', '_')}", {}, missing, InsightPriority.LOW
        )


def _growth(inputs: InsightInputs) -> Iterable[Found]:
    if inputs.growth:
        area = inputs.growth[0]
        rising = area.trend.direction in (Direction.IMPROVING, Direction.RISING)
        parts: dict[str, str | int | float] = {
            "metric": inputs.labels.get(area.metric, area.metric),
            "weeks": area.trend.n,
            "change": f"{area.change:+.2g}",
        }
        yield _insight(InsightType.GROWTH, "up" if rising else "down", parts, [f"metric:{area.metric}"])


def _release(inputs: InsightInputs) -> Iterable[Found]:
    coming = sorted((each for each in inputs.releases if each.on >= inputs.today), key=lambda each: each.on)
    if not coming:
        return
    release = coming[0]
    if release.next_deadline is not None and release.next_deadline_title:
        days = (release.next_deadline - inputs.today).days
        parts: dict[str, str | int | float] = {
            "release": release.name,
            "deadline": release.next_deadline_title,
            "count": days,
        }
        priority = InsightPriority.HIGH if days <= 14 else InsightPriority.MEDIUM
        yield _insight(
            InsightType.RELEASE, "deadline", parts, [release.id, release.next_deadline.isoformat()], priority
        )
        return
    loop = next((each for each in inputs.loops if each.id == release.id), None)
    if loop is not None:
        yield _insight(
            InsightType.RELEASE, "momentum", {"release": release.name, "label": loop.label}, [loop.id, loop.label]
        )


def _relationship(inputs: InsightInputs) -> Iterable[Found]:
    done = [
        task
        for task in inputs.tasks
        if task.category is Category.RELATIONSHIP_BUILDING and task.status is TaskStatus.DONE and task.decided_at
    ]
    if done:
        last = max(task.decided_at for task in done if task.decided_at)
        weeks = (inputs.today - last.date()).days // 7
        parts: dict[str, str | int | float] = {"count": len(done), "weeks": weeks}
        yield _insight(InsightType.RELATIONSHIP, "recent" if weeks < 3 else "quiet", parts, [task.id for task in done])


def _promotional(inputs: InsightInputs) -> Iterable[Found]:
    for loop in inputs.loops:
        if loop.promo_clips:
            parts: dict[str, str | int | float] = {"loop": loop.name, "clip": loop.promo_clips[0]}
            yield _insight(InsightType.PROMOTIONAL, "promo_waits", parts, [loop.id, *loop.promo_clips])
            return
    if inputs.experience is Experience.BEGINNER and inputs.role is Role.ARTIST:
        yield _insight(InsightType.PROMOTIONAL, "basics", {}, ["basics"], InsightPriority.LOW)


def _scene(inputs: InsightInputs) -> Iterable[Found]:
    if inputs.genre:
        yield _insight(
            InsightType.SCENE, "question", {"genre": inputs.genre}, [f"genre:{inputs.genre}"], InsightPriority.LOW
        )


def _industry(inputs: InsightInputs) -> Iterable[Found]:
    coming = any(release.on >= inputs.today for release in inputs.releases)
    if coming and inputs.facts:
        fact = inputs.facts[0]
        checked = fact.checked.isoformat() if fact.checked else ""
        variant = "fact" if checked else "fact_unchecked"
        parts: dict[str, str | int | float] = {"fact": fact.text, "source": fact.source, "checked": checked}
        yield _insight(InsightType.INDUSTRY, variant, parts, [fact.key, checked])
