"""Goals, suggestions, insights and routines as rules."""

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.coach.goals import GoalDraft, checked, completed, progress_from, reopened, suggestions
from bot.coach.insights import BounceFact, InsightInputs, PlatformFact, find_insights, fresh
from bot.coach.model import (
    Experience,
    Goal,
    GoalCategory,
    GoalId,
    GoalStatus,
    Insight,
    InsightId,
    InsightType,
    LoopFact,
    Release,
    Role,
)
from bot.coach.routines import PRESETS, area_for, parse_steps, written_steps
from bot.coach.rules import coach_rules
from bot.errors import Refused

LIMITS = coach_rules().limits
NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
TODAY = NOW.date()


def goal(category: GoalCategory = GoalCategory.CREATIVE, progress: float = 40.0, **more: object) -> Goal:
    values: dict[str, object] = {
        "id": GoalId("g"),
        "title": "Six songs",
        "description": "",
        "category": category,
        "status": GoalStatus.ACTIVE,
        "priority": 1,
        "progress": progress,
        "created_at": NOW,
    }
    return Goal(**{**values, **more})  # type: ignore[arg-type]


@given(st.floats(0, 100))
def test_completing_and_reopening_returns_the_earlier_progress(progress: float) -> None:
    done = completed(goal(progress=progress), NOW)
    assert (done.status, done.progress) == (GoalStatus.COMPLETED, 100.0)
    assert completed(done, NOW + timedelta(days=1)) == done
    again = reopened(done)
    assert (again.status, again.progress, again.completed_at) == (GoalStatus.ACTIVE, progress, None)


@pytest.mark.parametrize(
    "draft", [GoalDraft(" "), GoalDraft("x" * 121), GoalDraft("x", "y" * 1001), GoalDraft("x", progress=101)]
)
def test_bad_input_is_refused_with_the_accepted_form(draft: GoalDraft) -> None:
    with pytest.raises(Refused):
        checked(draft, LIMITS)


def test_progress_is_measured_in_both_directions() -> None:
    up = goal(start_value=100.0, target_value=300.0)
    down = goal(start_value=20.0, target_value=5.0)
    assert (progress_from(up, 200), progress_from(up, 500), progress_from(up, 50)) == (50.0, 100.0, 0.0)
    assert progress_from(down, 5) == 100.0
    assert progress_from(goal(), 5) is None


def keys(role: Role, **more: object) -> list[str]:
    values: dict[str, object] = {"goals": (), "releases": (), "loops": (), "dismissed": ()}
    found = {**values, **more}
    return [
        each.key
        for each in suggestions(
            role,
            Experience.BEGINNER,
            found["goals"],
            found["releases"],
            found["loops"],
            found["dismissed"],
            TODAY,  # type: ignore[arg-type]
        )
    ]


def test_goals_are_suggested_by_role_and_only_where_there_is_a_gap() -> None:
    assert keys(Role.ARTIST) == ["visual_identity", "press_kit", "engaged_audience"]
    assert keys(Role.PR_AGENCY) == ["contact_relationships", "service_range"]
    assert keys(Role.MANAGER) == ["roadmap", "network"]
    assert keys(Role.ARTIST, goals=[goal(GoalCategory.BRANDING)]) == ["visual_identity", "engaged_audience"]
    assert keys(Role.ARTIST, goals=[goal(GoalCategory.BRANDING, status=GoalStatus.PAUSED)])[1] == "press_kit"
    assert keys(Role.ARTIST, dismissed={"press_kit"}) == ["visual_identity", "engaged_audience"]
    release = Release("r", "Night Drive", TODAY + timedelta(days=30))
    assert keys(Role.MANAGER, releases=[release])[0] == "campaign"
    quiet = [LoopFact("1", "A", "quiet"), LoopFact("2", "B", "quiet")]
    assert "finish_one" in keys(Role.MANAGER, loops=quiet)
    assert "finish_one" not in keys(Role.MANAGER, loops=quiet[:1])


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


def test_the_five_routines_add_up() -> None:
    assert [preset.total for preset in PRESETS] == [110, 85, 175, 35, 70]
    assert [area_for(preset.key, Role.ARTIST) for preset in PRESETS] == [
        "creative",
        "relationships",
        "promo",
        "wellbeing",
        "career",
    ]


def test_steps_are_written_one_a_line() -> None:
    steps = parse_steps("listen back, 10\ncapture, loosely, 30 min\n", LIMITS)
    assert [(step.name, step.minutes) for step in steps] == [("listen back", 10), ("capture, loosely", 30)]
    assert parse_steps(written_steps(steps), LIMITS) == steps
    for text in ("", "listen back", "listen, soon", "x, 0", "\n".join(["a, 1"] * 13)):
        with pytest.raises(Refused):
            parse_steps(text, LIMITS)
    assert date(2026, 3, 4) == TODAY
