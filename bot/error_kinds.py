"""All kinds of errors as one table, `assets/errors.toml`: what is told, who can mend it, whether trying again helps.

Whoever decides by one of these asks here: the frame for its Try again, the outbox for whom it tells.
"""

import tomllib
from enum import StrEnum
from functools import cache
from typing import Any

from pydantic import model_validator

from bot.ai.model import Reason
from bot.paths import assets_dir
from bot.ports import Policy
from bot.rules import Rules


class Mend(StrEnum):
    """Who can do something about an error."""

    PERSON = "person"
    MANAGER = "manager"
    OPERATOR = "operator"
    NOBODY = "nobody"
    """It is as it is, or passes by itself."""


class ErrorKind(Rules):
    """One line of the table."""

    mend: Mend
    says: str
    """The key of its sentence; "" where nothing is told."""
    again: bool = False
    """Trying the very same again can help."""

    @property
    def passes(self) -> bool:
        """Whether to wait is all there is to do, so that whoever waits may try again unasked."""
        return self.again and self.mend is Mend.NOBODY


class ErrorKinds(Rules):
    """The table: what Discord answers by what is done about it, what we refuse by code, why the AI has no answer."""

    discord: dict[Policy, ErrorKind]
    ours: dict[str, ErrorKind]
    ai: dict[Reason, ErrorKind]

    @model_validator(mode="before")
    @classmethod
    def _name_sentences(cls, given: dict[str, dict[str, dict[str, Any]]]) -> dict[str, dict[str, dict[str, Any]]]:
        """Give each kind the sentence of its own name where it names no other."""
        groups = {"ai": "ai.why"}
        return {
            part: {name: {"says": f"{groups.get(part, 'error')}.{name}", **kind} for name, kind in kinds.items()}
            for part, kinds in given.items()
        }


@cache
def error_kinds() -> ErrorKinds:
    """Return the table. Raises pydantic.ValidationError with the names of the wrong fields."""
    with (assets_dir() / "errors.toml").open("rb") as file:
        return ErrorKinds.model_validate(tomllib.load(file))


def kind_of(policy: Policy) -> ErrorKind:
    """Return the kind of what Discord answered. `TELL` has none: what we refuse has its kind by its code."""
    known = error_kinds().discord
    return known.get(policy, known[Policy.UNEXPECTED])


def kind_of_ai(reason: Reason) -> ErrorKind:
    """Return the kind of an answer that the AI did not give."""
    return error_kinds().ai[reason]
