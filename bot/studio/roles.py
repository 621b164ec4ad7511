"""What the people of a server may do with what belongs to it: one table, `assets/roles.toml`, asked by everybody."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from functools import cache

from bot.paths import assets_dir


class Role(StrEnum):
    """What somebody is in a server. Who is several of these is the first that fits."""

    LEAD = "lead"
    CLIENT = "client"
    GUEST = "guest"
    MEMBER = "member"


class Does(StrEnum):
    """What is done with a thing of a server."""

    SEE = "see"
    EDIT = "edit"
    APPROVE = "approve"
    ASSIGN = "assign"
    DELETE = "delete"
    COMMENT = "comment"
    TICK = "tick"


@dataclass(frozen=True, slots=True)
class RoleTable:
    """Who may do what, by area."""

    rights: Mapping[str, Mapping[Role, frozenset[Does]]]

    def may(self, role: Role | None, area: str, does: Does) -> bool:
        """Tell whether a role allows it. An area that no line names is closed to everybody."""
        return role is not None and does in self.rights.get(area, {}).get(role, frozenset())

    def who_may(self, area: str, does: Does) -> tuple[Role, ...]:
        """Return the roles that allow it, for the sentence of a refusal."""
        return tuple(role for role in Role if self.may(role, area, does))


@cache
def role_table() -> RoleTable:
    """Return the table that is shipped. Raises ValueError where it names a role or a verb that does not exist."""
    told = tomllib.loads((assets_dir() / "roles.toml").read_text("utf-8"))
    return RoleTable(
        {
            area: {Role(role): frozenset(map(Does, verbs)) for role, verbs in by_role.items()}
            for area, by_role in told.items()
        }
    )
