"""The coach's shipped texts: loading and checking. `assets/coach/README.md` has the format."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError

from bot.coach.model import (
    CATEGORY_OF,
    Category,
    Effort,
    Experience,
    FocusArea,
    GoalCategory,
    Phase,
    Resource,
    ResourceType,
    Role,
    Season,
)
from bot.coach.rules import LimitRules
from bot.coach.seats import areas_of
from bot.paths import assets_dir
from bot.say.wording import american_words, banned_words

TITLE_MAX = 60
HOW_MAX = 140
STANDING_MIN = (16, 14, 14, 12)
"""Tasks of areas A to D that are always on offer: enough for four intensive weeks without a repeat."""
WELLBEING_MIN = 12
BAND_MIN = 8
ALIKE = 93.0
"""Similarity (0..100) from which two titles read as the same task."""

EFFORTS = {"low": Effort.LOW, "medium": Effort.MEDIUM, "high": Effort.HIGH}
EffortWord = Literal["low", "medium", "high"]


@dataclass(frozen=True, slots=True)
class BankTask:
    """One task of a bank. `window`: days relative to a release day, both ends included."""

    id: str
    area: FocusArea
    title: str
    how: str
    effort: Effort
    experience: frozenset[Experience]
    minutes: int | None = None
    phase: Phase = Phase.ANY
    season: Season = Season.ANY
    window: tuple[int, int] | None = None
    goal_categories: tuple[GoalCategory, ...] = ()
    once: bool = False
    resources: tuple[Resource, ...] = ()

    @property
    def is_standing(self) -> bool:
        return self.window is None and self.season is Season.ANY and not self.once


@dataclass(frozen=True, slots=True)
class Milestone:
    title: str
    description: str
    weeks: int


@dataclass(frozen=True, slots=True)
class Pathway:
    """What somebody could learn over some months, step by step; `key` names it in buttons."""

    key: str
    name: str
    description: str
    milestones: tuple[Milestone, ...]

    @property
    def weeks(self) -> int:
        return sum(step.weeks for step in self.milestones)


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _ResourceRow(_Row):
    type: ResourceType
    title: str
    url: str | None = None


class _TaskRow(_Row):
    id: Annotated[str, Field(pattern=r"^[a-z]{3}\.[a-z]{3}\.\d{3}$")]
    focus_area: FocusArea
    category: Category
    title: Annotated[str, Field(min_length=1, max_length=TITLE_MAX)]
    how: Annotated[str, Field(min_length=1, max_length=HOW_MAX)]
    effort: EffortWord
    experience: Annotated[list[Experience], Field(min_length=1)]
    phase: Phase = Phase.ANY
    season: Season = Season.ANY
    minutes: Annotated[int, Field(ge=5, le=180)] | None = None
    release_window: tuple[int, int] | None = None
    goal_categories: list[GoalCategory] = []
    once: bool = False
    resources: list[_ResourceRow] = []


class _MilestoneRow(_Row):
    title: str
    description: str
    estimated_weeks: Annotated[int, Field(ge=1, le=26)]


class _PathwayRow(_Row):
    name: str
    description: str
    milestones: list[_MilestoneRow]


_PATHWAYS = TypeAdapter(list[_PathwayRow])


def bank_path(role: Role) -> Path:
    return assets_dir() / "coach" / "tasks" / f"{role}.json"


def pathways_path(role: Role, experience: Experience) -> Path:
    return assets_dir() / "coach" / "pathways" / f"{role}_{experience}.json"


@cache
def load_bank(role: Role) -> tuple[BankTask, ...]:
    """Return the tasks of a role; raises ValueError naming the file and the row that is wrong."""
    return parse_bank(bank_path(role).read_text("utf-8"), bank_path(role).name)


@cache
def load_pathways(role: Role, experience: Experience) -> tuple[Pathway, ...]:
    """Return what one role at one level could learn; raises ValueError naming the file and the field that is wrong."""
    path = pathways_path(role, experience)
    return parse_pathways(path.read_text("utf-8"), path.name)


def parse_bank(text: str, name: str) -> tuple[BankTask, ...]:
    """Read a bank file's text: a JSON array of task rows."""
    rows = json.loads(text)
    if not isinstance(rows, list):
        raise ValueError(f"{name}: a list of tasks is expected")
    return tuple(_task(row, f"{name}, row {number}") for number, row in enumerate(rows, 1))


def parse_pathways(text: str, name: str) -> tuple[Pathway, ...]:
    """Read a file of pathways: a JSON array, each with its milestones."""
    try:
        rows = _PATHWAYS.validate_json(text)
    except ValidationError as error:
        raise ValueError(f"{name}: {error}") from error
    stem = name.partition(".")[0]
    return tuple(
        Pathway(
            f"{stem}.{place}",
            row.name,
            row.description,
            tuple(Milestone(step.title, step.description, step.estimated_weeks) for step in row.milestones),
        )
        for place, row in enumerate(rows)
    )


def check_bank(role: Role, tasks: Sequence[BankTask]) -> list[str]:
    """Return what is wrong with a bank as sentences, none when it may ship."""
    problems = [f"{task.id}: used twice" for task in _repeated(tasks)]
    for task in tasks:
        problems += _text_problems(task.id, f"{task.title}. {task.how}")
        if task.area is FocusArea.WELLBEING and task.effort is not Effort.LOW:
            problems.append(f"{task.id}: a wellbeing task is low effort")
        if task.window and task.window[0] > task.window[1]:
            problems.append(f"{task.id}: the release window ends before it starts")
    problems += _alike(tasks)
    minimum = dict(zip(areas_of(role), STANDING_MIN, strict=True)) | {FocusArea.WELLBEING: WELLBEING_MIN}
    foreign = {task.area for task in tasks} - set(minimum)
    problems += [f"{area}: not an area of {role}" for area in sorted(foreign)]
    for area, least in minimum.items():
        problems += _area_problems(area, [task for task in tasks if task.area is area], least)
    return problems


def check_pathways(pathways: Sequence[Pathway], limits: LimitRules) -> list[str]:
    """Return what is wrong with pathways as sentences, none when they may ship."""
    problems = [] if len(pathways) >= 2 else ["at least 2 pathways"]
    for pathway in pathways:
        if not 3 <= len(pathway.milestones) <= 6:
            problems.append(f"{pathway.name}: 3 to 6 milestones")
        if len(pathway.name) > min(limits.title, TITLE_MAX):
            problems.append(f"{pathway.name}: too long for the title of a goal")
        texts = [pathway.name, pathway.description]
        texts += [text for step in pathway.milestones for text in (step.title, step.description)]
        problems += _text_problems(pathway.name, ". ".join(texts))
    return problems


def _area_problems(area: FocusArea, tasks: Sequence[BankTask], least: int) -> list[str]:
    problems: list[str] = []
    standing = [task for task in tasks if task.is_standing]
    if len(standing) < least:
        problems.append(f"{area}: {len(standing)} tasks without window, season or once; at least {least}")
    low = [task for task in tasks if task.effort is Effort.LOW]
    if len(low) * 2 < len(tasks):
        problems.append(f"{area}: {len(low)} of {len(tasks)} low effort; at least half")
    for level in Experience:
        fitting = sum(level in task.experience for task in tasks)
        if fitting < BAND_MIN:
            problems.append(f"{area}: {fitting} tasks for {level}; at least {BAND_MIN}")
    return problems


def _text_problems(where: str, text: str) -> list[str]:
    problems = [f"{where}: the word “{word}” is not used" for word in banned_words(text)]
    problems += [f"{where}: “{us}” is “{uk}” in British spelling" for us, uk in american_words(text)]
    return problems


def _repeated(tasks: Sequence[BankTask]) -> list[BankTask]:
    counts = Counter(task.id for task in tasks)
    seen: set[str] = set()
    return [task for task in tasks if counts[task.id] > 1 and (task.id in seen or seen.add(task.id))]


def _alike(tasks: Sequence[BankTask]) -> list[str]:
    # Loaded with its first use: an idle bot need not hold it.
    from rapidfuzz import fuzz

    titles = [(task.id, task.title.casefold()) for task in tasks]
    return [
        f"{one} and {other}: the titles are alike"
        for place, (one, title) in enumerate(titles)
        for other, second in titles[place + 1 :]
        if fuzz.ratio(title, second) >= ALIKE
    ]


def _task(row: object, where: str) -> BankTask:
    try:
        parsed = _TaskRow.model_validate(row)
    except ValidationError as error:
        raise ValueError(f"{where}: {error}") from error
    if parsed.category is not CATEGORY_OF[parsed.focus_area]:
        raise ValueError(f"{where}: {parsed.focus_area} belongs to {CATEGORY_OF[parsed.focus_area]}")
    return BankTask(
        id=parsed.id,
        area=parsed.focus_area,
        title=parsed.title,
        how=parsed.how,
        effort=EFFORTS[parsed.effort],
        experience=frozenset(parsed.experience),
        minutes=parsed.minutes,
        phase=parsed.phase,
        season=parsed.season,
        window=parsed.release_window,
        goal_categories=tuple(parsed.goal_categories),
        once=parsed.once,
        resources=tuple(Resource(each.type, each.title, each.url) for each in parsed.resources),
    )
