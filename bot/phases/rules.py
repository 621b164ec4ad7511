"""Tunable numbers of phases, form maps and slices (`assets/rules.toml`, section `phases`)."""

from pydantic import Field

from bot.rules import Rules


class PhaseRules(Rules):
    generator_creative: int = Field(ge=1)
    builder_bounces: int = Field(ge=1, le=5)
    executor_days_after_release: int
    executors_until_recovery: int
    recovery_days: int
    least_days: int
    stay_silence_days: int
    idle_days: int
    form_sections: int
    form_texture: int
    form_constraint: int
    form_bars: int
    drawn_sections: int
