"""Tunable numbers of releases (`assets/rules.toml`, section `releases`)."""

from pydantic import Field

from bot.rules import Rules, load_rules


class ReleaseRules(Rules):
    plans_most: int = Field(ge=1)
    studio_plans_most: int = Field(ge=1)
    title_most: int = Field(ge=1, le=80)
    day_hour: int = Field(ge=0, le=23)
    late_hours: int = Field(ge=1)
    next_shown: int = Field(ge=1)
    alarm_days: int = Field(ge=1)


def release_rules() -> ReleaseRules:
    return load_rules("releases", ReleaseRules)
