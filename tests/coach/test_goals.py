"""Goals, suggestions, insights and routines as rules."""

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coach.goals import (
    GoalDraft,
    checked,
    completed,
    progress_from,
    reopened,
    suggestions,
    weekly_increments,
)
from bot.coach.insights import BounceFact, InsightInputs, PlatformFact, find_insights, fresh
from bot.coach.model import (
    Effort,
    Experience,
    FocusArea,
    Goal,
    GoalCategory,
    GoalId,
    GoalStatus,
    Insight,
    InsightId,
    InsightPriority,
    InsightType,
    LoopFact,
    Release,
    Role,
    SessionId,
    Task,
    TaskId,
    TaskSource,
    TaskStatus,
)
from bot.coach.routines import PRESETS, area_for, parse_steps, written_steps
from bot.coach.rules import coach_rules
from bot.errors import Refused
from bot.say.words import read_catalogue

LIMITS = coach_rules().limits
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = NOW.date()


def goal(category: GoalCategory = GoalCategory.CREATIVE, progress: float = 40.0, **more: Any) -> Goal:
    values: dict[str, Any] = {
        "id": GoalId("g"),
        "title": "Six songs",
        "description": "",
        "category": category,
        "status": GoalStatus.ACTIVE,
        "priority": 1,
        "progress": progress,
        "created_at": NOW,
    }
    return Goal(**{**values, **more})


@given(st.floats(0, 100))
def test_completing_and_reopening_returns_the_earlier_progress(progress: float) -> None:
    done = completed(goal(progress=progress), NOW)
    assert (done.status, done.progress) == (GoalStatus.COMPLETED, 100.0)
    assert completed(done, NOW + timedelta(days=1)) == done
    again = reopened(done)
    assert (again.status, again.progress, again.completed_at) == (GoalStatus.ACTIVE, progress, None)


@pytest.mark.parametrize(
    ("draft", "code"),
    [
        (GoalDraft(" "), "coach_title_empty"),
        (GoalDraft("x" * 121), "coach_title_long"),
        (GoalDraft("x", "y" * 1001), "coach_description_long"),
        (GoalDraft("x", progress=100.1), "coach_progress_range"),
        (GoalDraft("x", progress=-0.1), "coach_progress_range"),
    ],
)
def test_bad_input_is_refused_with_the_accepted_form(draft: GoalDraft, code: str) -> None:
    with pytest.raises(Refused) as refused:
        checked(draft, LIMITS)
    assert refused.value.code == code


def test_input_of_exactly_the_accepted_size_is_kept() -> None:
    draft = GoalDraft("x" * 120, "y" * 1000, progress=100)
    assert checked(draft, LIMITS) == draft
    assert checked(GoalDraft("  Six \n songs "), LIMITS).title == "Six songs"


def test_progress_is_measured_in_both_directions() -> None:
    up = goal(start_value=100.0, target_value=300.0)
    down = goal(start_value=20.0, target_value=5.0)
    assert [progress_from(up, value) for value in (200, 300, 500, 100, 50)] == [50.0, 100.0, 100.0, 0.0, 0.0]
    assert [progress_from(down, value) for value in (5, 12.5, 20, 30, 2)] == [100.0, 50.0, 0.0, 0.0, 100.0]
    unmeasured: list[dict[str, Any]] = [
        {},
        {"start_value": 1.0},
        {"target_value": 1.0},
        {"start_value": 3.0, "target_value": 3.0},
    ]
    for ends in unmeasured:
        assert progress_from(goal(**ends), 5) is None


def test_steps_of_a_goal_are_counted_week_by_week_and_never_backwards() -> None:
    """A week without a record is a week without progress; one in which it fell back is no step either."""
    monday = TODAY - timedelta(days=TODAY.weekday())
    history = [(monday, 10.0), (monday + timedelta(weeks=1), 4.0), (monday + timedelta(weeks=4), 14.0)]
    assert weekly_increments(history) == [10.0, 0.0, 0.0, 0.0, 10.0]
    assert weekly_increments([]) == []


def test_a_paused_goal_comes_back_as_it_was() -> None:
    paused = goal(progress=40.0, status=GoalStatus.PAUSED)
    assert reopened(paused) == replace(paused, status=GoalStatus.ACTIVE)


def keys(
    role: Role,
    *,
    goals: Sequence[Goal] = (),
    releases: Sequence[Release] = (),
    loops: Sequence[LoopFact] = (),
    dismissed: Collection[str] = (),
) -> list[str]:
    found = suggestions(role, Experience.BEGINNER, goals, releases, loops, dismissed, TODAY)
    return [each.key for each in found]


def test_goals_are_suggested_by_role_and_only_where_there_is_a_gap() -> None:
    assert keys(Role.ARTIST) == ["visual_identity", "press_kit", "engaged_audience"]
    assert keys(Role.PR_AGENCY) == ["contact_relationships", "service_range"]
    assert keys(Role.MANAGER) == ["roadmap", "network"]
    assert keys(Role.ARTIST, goals=[goal(GoalCategory.BRANDING)]) == ["visual_identity", "engaged_audience"]
    assert keys(Role.ARTIST, goals=[goal(GoalCategory.BRANDING, status=GoalStatus.PAUSED)])[1] == "press_kit"
    assert keys(Role.ARTIST, dismissed={"press_kit"}) == ["visual_identity", "engaged_audience"]
    for days, first in ((30, "campaign"), (0, "campaign"), (-1, "roadmap")):
        assert keys(Role.MANAGER, releases=[Release("r", "Night Drive", TODAY + timedelta(days=days))])[0] == first
    quiet = [LoopFact("1", "A", "quiet"), LoopFact("2", "B", "quiet")]
    assert "finish_one" in keys(Role.MANAGER, loops=quiet)
    assert "finish_one" not in keys(Role.MANAGER, loops=quiet[:1])
    assert "finish_one" not in keys(Role.MANAGER, loops=[quiet[0], replace(quiet[1], label="steady")])
    assert "finish_one" not in keys(Role.MANAGER, loops=[quiet[0], replace(quiet[1], unfinished=0)])


def test_suggestions_come_by_what_presses_and_one_a_category() -> None:
    """A release first, then finishing what rests; a beginner's look comes before both of a kind."""
    coming = [Release("r", "Night Drive", TODAY + timedelta(days=30))]
    resting = [LoopFact("1", "Harbour", "quiet"), LoopFact("2", "Tides", "quiet"), LoopFact("3", "Dunes", "quiet")]

    def offered(role: Role, level: Experience) -> list[str]:
        return [each.key for each in suggestions(role, level, (), coming, resting, (), TODAY)]

    assert offered(Role.ARTIST, Experience.INTERMEDIATE) == ["campaign", "finish_one", "press_kit", "engaged_audience"]
    assert offered(Role.ARTIST, Experience.BEGINNER) == ["campaign", "visual_identity", "press_kit", "engaged_audience"]
    assert offered(Role.PR_AGENCY, Experience.ADVANCED) == [
        "campaign",
        "contact_relationships",
        "finish_one",
        "service_range",
    ]
    assert offered(Role.MANAGER, Experience.ADVANCED) == ["campaign", "roadmap", "finish_one", "network"]


def test_a_suggestion_names_the_release_and_the_loop_it_is_about() -> None:
    say = read_catalogue().words("en")
    coming = [Release("r", "Night Drive", TODAY + timedelta(days=30)), Release("s", "Dunes", TODAY + timedelta(days=9))]
    resting = [LoopFact("1", "Harbour", "quiet"), LoopFact("2", "Tides", "quiet")]
    found = suggestions(Role.MANAGER, Experience.ADVANCED, (), coming, resting, (), TODAY)
    told = {each.key: str(say(each.title.key, **each.title.parts)) for each in found}
    assert told["campaign"] == "A calm campaign for Dunes", "the next release, not the one after"
    assert told["finish_one"] == "Finish one: Harbour"
    assert told["network"] == "Two introductions a month"
    assert {each.key: each.target_date for each in found if each.target_date} == {"campaign": coming[1].on}


def test_insights_come_from_what_exists_and_nothing_else() -> None:
    assert find_insights(InsightInputs(TODAY, Role.MANAGER)) == []
    full = InsightInputs(
        TODAY,
        Role.ARTIST,
        genre="dub",
        goals=[goal()],
        bounces=[BounceFact("b1", "A", 180, NOW - timedelta(days=9)), BounceFact("b2", "B", 200, NOW)],
        loops=[LoopFact("r", "Night Drive", "steady", promo_clips=("Teaser",))],
        releases=[Release("r", "Night Drive", TODAY + timedelta(days=20), TODAY + timedelta(days=6), "Spotify pitch")],
        facts=[PlatformFact("spotify.pitch", "Pitch 7 days before", "Spotify for Artists", None)],
    )
    found = find_insights(full)
    assert {each.type for each in found} == {
        InsightType.CAREER,
        InsightType.CREATIVE,
        InsightType.BRANDING,
        InsightType.RELEASE,
        InsightType.PROMOTIONAL,
        InsightType.SCENE,
        InsightType.INDUSTRY,
    }
    assert all(each.evidence for each in found)
    kept = [Insight(InsightId("i"), each.type, each.content, NOW, evidence_hash=each.evidence_hash) for each in found]
    assert fresh(found, kept, NOW + timedelta(days=29), 30) == []
    assert fresh(found, kept, NOW + timedelta(days=30), 30) == found


ROUTINES = """
Morning creative session (110): listen back 10, capture 30, build 50, bounce 10, note the next step 10
Weekly outreach batch (85): choose people 15, hear or read their latest 20, write notes 35, log replies 15
Release week sprint (175): links and profiles 25, posts 40, thank-you list 20, notes 45, answers 30, stop and review 15
Wellness check-in (35): walk without headphones 20, ear rest 10, one line on energy 5
Monthly career review (70): numbers 20, goals and forecast 20, choose what to stop 15, next month 15
"""
"""The routines that come along, as people were promised them."""


@pytest.mark.parametrize(("days", "priority"), [(14, InsightPriority.HIGH), (15, InsightPriority.MEDIUM)])
def test_a_deadline_of_a_release_is_pressing_in_its_last_two_weeks(days: int, priority: InsightPriority) -> None:
    coming = Release("r", "Night Drive", TODAY + timedelta(days=40), TODAY + timedelta(days=days), "Spotify pitch")
    (found,) = find_insights(InsightInputs(TODAY, Role.MANAGER, releases=[coming]))
    assert (found.type, found.content.priority) == (InsightType.RELEASE, priority)
    assert found.content.summary.parts == {"release": "Night Drive", "deadline": "Spotify pitch", "count": days}


@pytest.mark.parametrize(("days", "told"), [(0, "recent"), (20, "recent"), (21, "quiet"), (35, "quiet")])
def test_contacts_are_called_quiet_after_three_whole_weeks(days: int, told: str) -> None:
    """The last task of the kind counts, however many lie before it."""
    at = [NOW - timedelta(days=days), NOW - timedelta(days=days + 30)]
    tasks = [
        Task(
            id=TaskId(f"t{place}"),
            session_id=SessionId("s"),
            bank_id=None,
            focus_area=FocusArea.RELATIONSHIPS,
            title="Write to somebody",
            description="",
            effort=Effort.LOW,
            minutes=15,
            status=TaskStatus.DONE,
            source=TaskSource.USER,
            position=place,
            created_at=NOW - timedelta(days=70),
            decided_at=when,
        )
        for place, when in enumerate(at)
    ]
    found = {each.type: each for each in find_insights(InsightInputs(TODAY, Role.MANAGER, tasks=tasks))}
    insight = found[InsightType.RELATIONSHIP]
    assert insight.content.summary.key == f"coach.insight.relationship.{told}.summary"
    assert insight.content.summary.parts == {"count": 2, "weeks": days // 7}


@pytest.mark.parametrize(("days", "speaks"), [(0, True), (-1, False)])
def test_a_release_is_spoken_of_up_to_its_own_day(days: int, speaks: bool) -> None:
    day = TODAY + timedelta(days=days)
    inputs = InsightInputs(
        TODAY,
        Role.MANAGER,
        releases=[Release("r", "Night Drive", day, day, "Post")],
        facts=[PlatformFact("k", "t", "s", None)],
    )
    assert [found.type for found in find_insights(inputs)] == (
        [InsightType.RELEASE, InsightType.INDUSTRY] if speaks else []
    )


def test_each_routine_that_comes_along_has_its_words_its_minutes_and_its_total() -> None:
    say = read_catalogue().words("en")
    lines: list[str] = []
    for preset in PRESETS:
        key = f"coach.routine.{preset.key}"
        steps = ", ".join(f"{say(f'{key}.step_{place}')} {each}" for place, each in enumerate(preset.minutes, 1))
        lines.append(f"{say(f'{key}.name')} ({preset.total}): {steps}")
    assert lines == ROUTINES.strip().splitlines()


@pytest.mark.parametrize(
    ("role", "areas"),
    [
        (Role.ARTIST, ["creative", "relationships", "promo", "wellbeing", "career"]),
        (Role.PR_AGENCY, ["promo_strategy", "contacts", "promo_strategy", "wellbeing", "skills"]),
        (Role.MANAGER, ["artist_roadmap", "networking", "strategic_planning", "wellbeing", "skills"]),
    ],
)
def test_a_routine_fills_the_area_it_is_about_in_every_role(role: Role, areas: list[str]) -> None:
    """Outreach is work on people for a manager too, not strategic planning."""
    routines = ("morning", "outreach", "release_week", "wellness", "review")
    assert [area_for(key, role) for key in routines] == areas
    assert area_for(None, role) == areas[0]


def test_steps_are_written_one_a_line() -> None:
    steps = parse_steps("listen back, 10\ncapture, loosely, 30 min\n", LIMITS)
    assert [(step.name, step.minutes) for step in steps] == [("listen back", 10), ("capture, loosely", 30)]
    assert parse_steps(written_steps(steps), LIMITS) == steps
    for text in ("", "listen back", "listen, soon", "x, 0", "\n".join(["a, 1"] * 13)):
        with pytest.raises(Refused):
            parse_steps(text, LIMITS)


@pytest.mark.parametrize(("minutes", "accepted"), [(0, False), (1, True), (240, True), (241, False), (-5, False)])
def test_a_step_takes_a_minute_to_four_hours(minutes: int, accepted: bool) -> None:
    if accepted:
        assert parse_steps(f"listen, {minutes}", LIMITS)[0].minutes == minutes
    else:
        with pytest.raises(Refused) as refused:
            parse_steps(f"listen, {minutes}", LIMITS)
        assert refused.value.code == "coach_routine_line"


def test_a_routine_holds_twelve_steps_and_no_thirteenth() -> None:
    assert len(parse_steps("\n".join(["a, 1"] * 12), LIMITS)) == 12
    with pytest.raises(Refused) as refused:
        parse_steps("\n".join(["a, 1"] * 13), LIMITS)
    assert refused.value.code == "coach_routine_steps"
