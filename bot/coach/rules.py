"""The coach's tunable numbers, read from `assets/rules.toml`, section `[coach]`."""

from datetime import time

from bot.coach.model import FocusArea, Pacing, Role
from bot.rules import Rules, load_rules


class PaceRules(Rules):
    """How large and how heavy a week of one pace is."""

    total: int
    high_effort_max: int
    dms_a_week: int


class MinutesRules(Rules):
    """Minutes of a task without its own; `high` where a high-effort one takes longer."""

    usual: int
    high: int | None = None


class WindowRules(Rules):
    """Local times of the fixed check-in windows."""

    monday: time
    friday: time
    sunday: time


class DmRules(Rules):
    """When unasked messages may go out."""

    spacing_hours: int
    stale_hours: int
    unanswered_hours: int
    snoozes_max: int
    halve_after: int
    stop_after: int
    join_hours: int
    quiet_days_after_crisis: int
    catch_up_hours: int


class TrendRules(Rules):
    """Thresholds of the trend test."""

    weeks: int
    weeks_min: int
    z: float
    gate: float


class ForecastRules(Rules):
    """Sizes of the goal forecast."""

    increments_min: int
    samples: int
    weeks_max: int


class LimitRules(Rules):
    """Upper ends of what one person may keep."""

    active_goals: int
    habits: int
    routines: int
    routine_steps: int
    title: int
    description: int


class AdaptRules(Rules):
    """Thresholds of adapting and carrying."""

    low: float
    high: float
    floor: int
    ceiling: int
    step_down: int
    counted_weeks: int
    silent_weeks: int
    carry_max: int
    carry_times: int
    reserve_every: int
    half_life_weeks: float
    tasks_per_goal: int


class SeasonRules(Rules):
    """Days around a release day that make a season."""

    pre_days: int
    post_from: int
    post_days: int
    soon_days: int


class CoachRules(Rules):
    """All numbers of the coach."""

    repeat_weeks: int
    late_tick_days: int
    default_hours: float
    insight_repeat_days: int
    suggestion_rest_days: int
    paces: dict[Pacing, PaceRules]
    areas: dict[Role, dict[FocusArea, float]]
    minutes: dict[FocusArea, MinutesRules]
    limits: LimitRules
    adapt: AdaptRules
    season: SeasonRules
    windows: WindowRules
    dm: DmRules
    trend: TrendRules
    forecast: ForecastRules


def coach_rules() -> CoachRules:
    """Return the validated section."""
    return load_rules("coach", CoachRules)
