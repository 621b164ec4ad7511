"""The task bank: names and how-lines for clips that the rules suggest, by lane, role and phase.

`assets/loops/tasks.toml` fits the lanes. Where the coach's own bank is shipped
(`assets/coach/tasks/{role}.json`), its tasks are offered after those, by focus area.
"""

import json
import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Literal, Protocol

from pydantic import BaseModel, ConfigDict, Field

from bot.loops.model import Lane, Role
from bot.paths import assets_dir

Effort = Literal["low", "medium", "high"]

_LANE_OF_AREA: Mapping[str, Lane] = {
    "creative": Lane.CREATIVE,
    "promo": Lane.PROMO,
    "promo_strategy": Lane.PROMO,
    "relationships": Lane.ACTION,
    "contacts": Lane.ACTION,
    "client_relationships": Lane.ACTION,
    "networking": Lane.ACTION,
    "artist_roadmap": Lane.ACTION,
    "strategic_planning": Lane.ANALYSIS,
}


@dataclass(frozen=True, slots=True)
class BankTask:
    name: str
    how: str
    effort: Effort


class TaskBank(Protocol):
    """Give the tasks that suit a lane, best first; the order is the same every time."""

    def tasks(self, lane: Lane, role: Role, phase: str) -> Sequence[BankTask]: ...


class _Row(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    lane: Lane
    name: str = Field(max_length=60)
    how: str = Field(max_length=140)
    effort: Effort
    roles: tuple[Role, ...] = tuple(Role)
    phases: tuple[Literal["generator", "builder", "executor", "recovery"], ...] = ()


class _Document(BaseModel):
    task: tuple[_Row, ...]


class _CoachRow(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    focus_area: str
    title: str
    how: str
    effort: Effort
    phase: str = "any"


class ShippedBank:
    """The bank that comes with the product; files are read on first use."""

    def tasks(self, lane: Lane, role: Role, phase: str) -> Sequence[BankTask]:
        """Return the lane's own tasks for the phase, then those of any phase, then the coach's."""
        mine = [row for row in _shipped() if row.lane is lane and role in row.roles]
        suited = [row for row in mine if phase in row.phases] + [row for row in mine if not row.phases]
        found = [BankTask(row.name, row.how, row.effort) for row in suited]
        found += [
            BankTask(row.title, row.how, row.effort)
            for row in _coach(role)
            if _LANE_OF_AREA.get(row.focus_area) is lane and row.phase in (phase, "any")
        ]
        # A task that stands in both is offered once, in the words that fit the lane.
        return list({task.name.casefold(): task for task in reversed(found)}.values())[::-1]


@cache
def _shipped() -> tuple[_Row, ...]:
    with (assets_dir() / "loops" / "tasks.toml").open("rb") as file:
        return _Document.model_validate(tomllib.load(file)).task


@cache
def _coach(role: Role) -> tuple[_CoachRow, ...]:
    path = assets_dir() / "coach" / "tasks" / f"{role.value}.json"
    if not path.exists():
        return ()
    rows = json.loads(path.read_text(encoding="utf-8"))
    if isinstance(rows, dict):
        rows = rows.get("tasks", [])
    return tuple(_CoachRow.model_validate(row) for row in rows)
