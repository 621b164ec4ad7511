"""Tunable numbers: `assets/rules.toml`, one section an area, validated by a frozen pydantic model of that area."""

import tomllib
from functools import cache
from typing import TypeVar

from pydantic import BaseModel, ConfigDict

from bot.paths import assets_dir


class Rules(BaseModel):
    """Base of an area's section; an unknown or missing number stops the start, naming the field."""

    model_config = ConfigDict(extra="forbid", frozen=True)


RulesT = TypeVar("RulesT", bound=Rules)


@cache
def _document() -> dict[str, object]:
    with (assets_dir() / "rules.toml").open("rb") as file:
        return tomllib.load(file)


@cache
def load_rules(section: str, model: type[RulesT]) -> RulesT:
    """Return section `section` as `model`.

    Raises pydantic.ValidationError with the names of the wrong fields, KeyError for an unknown section.
    """
    return model.model_validate(_document()[section])
