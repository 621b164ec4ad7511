"""Who acts. Every change of data names one of these, whoever it is: a person, the AI, the schedule."""

from dataclasses import dataclass
from enum import StrEnum
from typing import NewType

PersonId = NewType("PersonId", int)
"""A Discord user id."""
GuildId = NewType("GuildId", int)
"""A Discord guild id."""
OwnerId = int
"""Whose row it is: a person's or a guild's Discord id. Snowflakes never collide between the two."""


class ActorKind(StrEnum):
    USER = "user"
    AI = "ai"
    SYSTEM = "system"


@dataclass(frozen=True, slots=True)
class Actor:
    """Somebody or something that changes data; `reference` is what is stored, `name` is frozen when written."""

    kind: ActorKind
    reference: str
    name: str
    user_id: PersonId | None = None
    rationale: str | None = None

    @staticmethod
    def user(user_id: int, name: str) -> "Actor":
        return Actor(ActorKind.USER, f"user:{user_id}", name, PersonId(user_id))

    @staticmethod
    def ai(mission: str, iteration: int, step: int, rationale: str, name: str = "AI") -> "Actor":
        return Actor(ActorKind.AI, f"ai:{mission}/{iteration}/{step}", name, None, rationale)

    @staticmethod
    def system(source: str) -> "Actor":
        return Actor(ActorKind.SYSTEM, f"system:{source}", "Studiohand")
