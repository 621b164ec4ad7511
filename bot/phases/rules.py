"""Tunable numbers of phases, form maps and slices (`assets/rules.toml`, section `phases`)."""

from datetime import datetime

from pydantic import BaseModel, ConfigDict, Field

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
    back_within_days: int
    form_sections: int
    form_texture: int
    form_constraint: int
    form_bars: int
    drawn_sections: int


class PhaseChoices(BaseModel):
    """What a person set for their phases (settings section "phases").

    `silent_until`: offers are put away until then. `asked_back_at`: when the question after a long silence was
    answered.
    """

    model_config = ConfigDict(frozen=True, extra="ignore")

    bounces: int | None = Field(default=None, ge=1, le=5)
    silent_until: datetime | None = None
    asked_back_at: datetime | None = None
