"""The coach's profile and what steers its messages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, time
from typing import Any

from sqlalchemy import select, update

from bot.coach.model import (
    CheckinKind,
    DmSettings,
    Experience,
    FocusArea,
    Pacing,
    Preferences,
    Profile,
    Role,
    State,
    Style,
)
from storage.tables.coach import CoachProfileRow, CoachRuleCountRow, CoachStateRow
from storage.unit import Repository, Unit, UnitT

SEEN_WEEKS = 12


class CoachProfileRepository(Repository[UnitT]):
    """This owner's profile. Settings that belong to the person everywhere are put over it by the service."""

    async def get(self) -> Profile | None:
        row = await self._row()
        return None if row is None else _profile(row)

    async def save(self: "CoachProfileRepository[Unit]", profile: Profile) -> Profile:
        """Write the profile, new or changed."""
        row = await self._row()
        saved = replace(profile, updated_at=self.unit.now)
        if row is None:
            self.writing.add(CoachProfileRow(id=profile.id, owner_id=self.owner, **_columns(saved)))
        else:
            assign(row, _columns(saved))
        await self.writing.flush()
        return saved

    async def _row(self) -> CoachProfileRow | None:
        return (await self.session.execute(select(CoachProfileRow))).scalar_one_or_none()


class CoachStateRepository(Repository[UnitT]):
    """This owner's state; `due_*` and `advance_*` are for system units."""

    async def get(self) -> State | None:
        row = await self._row()
        return None if row is None else _state(row)

    async def save(self: "CoachStateRepository[Unit]", state: State) -> State:
        row = await self._row()
        if row is None:
            row = CoachStateRow(id=self.unit.new_id(), owner_id=self.owner, **_state_columns(state))
            self.writing.add(row)
        else:
            assign(row, _state_columns(state))
        await self.writing.flush()
        return state

    async def due_checkins(self, now: datetime, limit: int) -> list[tuple[int, str, State]]:
        """Return (owner, zone, state) of those with a check-in due, the longest waiting first."""
        rows = await self.session.execute(
            select(CoachStateRow)
            .where(CoachStateRow.next_checkin_at <= now)
            .order_by(CoachStateRow.next_checkin_at, CoachStateRow.owner_id)
            .limit(limit)
        )
        return [(row.owner_id, row.timezone, _state(row)) for row in rows.scalars()]

    async def due_closings(self, now: datetime, limit: int) -> list[tuple[int, str, State]]:
        rows = await self.session.execute(
            select(CoachStateRow)
            .where(CoachStateRow.next_close_at <= now)
            .order_by(CoachStateRow.next_close_at, CoachStateRow.owner_id)
            .limit(limit)
        )
        return [(row.owner_id, row.timezone, _state(row)) for row in rows.scalars()]

    async def advance(self: "CoachStateRepository[Unit]", coming: Sequence[Mapping[str, Any]]) -> None:
        """Set the next times: one mapping an owner, with `owner_id` and the columns to change."""
        for values in coming:
            changed = {name: value for name, value in values.items() if name != "owner_id"}
            await self.writing.execute(
                update(CoachStateRow)
                .where(CoachStateRow.owner_id == values["owner_id"])
                .values(**changed)
                .execution_options(synchronize_session=False)
            )

    async def _row(self) -> CoachStateRow | None:
        return (await self.session.execute(select(CoachStateRow))).scalar_one_or_none()


class CoachRuleCountRepository(Repository[UnitT]):
    """Counters of the adapting rules, over everybody and without anybody's id."""

    async def fired(self: "CoachRuleCountRepository[Unit]", rule: str) -> None:
        await self.unit.insert_new(CoachRuleCountRow, [{"rule": rule, "count": 0}])
        await self.writing.execute(
            update(CoachRuleCountRow)
            .where(CoachRuleCountRow.rule == rule)
            .values(count=CoachRuleCountRow.count + 1)
            .execution_options(synchronize_session=False)
        )

    async def all(self) -> dict[str, int]:
        rows = await self.session.execute(select(CoachRuleCountRow))
        return {row.rule: row.count for row in rows.scalars()}


def assign(row: Any, values: Mapping[str, Any]) -> None:
    """Change only what differs, so that the history names only that."""
    for name, value in values.items():
        if getattr(row, name) != value:
            setattr(row, name, value)


def _columns(profile: Profile) -> dict[str, Any]:
    chosen = profile.preferences
    return {
        "role": str(profile.role),
        "experience_level": str(profile.experience),
        "genre": profile.genre,
        "preferences": {
            "pacing": str(chosen.pacing),
            "focus_areas": [str(area) for area in chosen.focus_areas],
            "communication_style": str(chosen.style),
            "session_day": chosen.session_day,
            "time_commitment_hours": chosen.time_commitment_hours,
            "rest_days": sorted(chosen.rest_days),
            "energy": chosen.dm.energy,
            "send_reflections_to_ai": chosen.send_reflections_to_ai,
            "show_runs": chosen.show_runs,
            "paused_from": profile.paused_from.isoformat() if profile.paused_from else None,
        },
        "plan_size": profile.plan_size,
        "paused_until": profile.paused_until.isoformat() if profile.paused_until else None,
        "setup_step": profile.setup_step,
        "created_at": profile.created_at,
        "updated_at": profile.updated_at,
    }


def _profile(row: CoachProfileRow) -> Profile:
    kept = row.preferences
    return Profile(
        id=row.id,
        user_id=row.owner_id,
        role=Role(row.role),
        experience=Experience(row.experience_level),
        genre=row.genre,
        preferences=Preferences(
            pacing=Pacing(kept["pacing"]),
            focus_areas=tuple(FocusArea(area) for area in kept["focus_areas"]),
            style=Style(kept["communication_style"]),
            session_day=kept["session_day"],
            time_commitment_hours=kept["time_commitment_hours"],
            rest_days=frozenset(kept["rest_days"]),
            dm=DmSettings(quiet_from=time(21), quiet_to=time(9), energy=kept["energy"]),
            send_reflections_to_ai=kept["send_reflections_to_ai"],
            show_runs=kept["show_runs"],
        ),
        timezone="UTC",
        plan_size=row.plan_size,
        ai_consent=False,
        created_at=row.created_at,
        updated_at=row.updated_at,
        paused_from=date.fromisoformat(kept["paused_from"]) if kept["paused_from"] else None,
        paused_until=date.fromisoformat(row.paused_until) if row.paused_until else None,
        setup_step=row.setup_step,
    )


def _state_columns(state: State) -> dict[str, Any]:
    return {
        "timezone": state.timezone,
        "kinds": [str(kind) for kind in state.kinds],
        "next_kind": str(state.next_kind) if state.next_kind else None,
        "next_checkin_at": state.next_checkin_at,
        "next_close_at": state.next_close_at,
        "seen_at": state.seen_at,
        "seen_weeks": [week.isoformat() for week in sorted(state.seen_weeks)[-SEEN_WEEKS:]],
        "quiet_until": state.quiet_until,
        "dms_stopped": state.dms_stopped,
        "dismissed": {key: at.isoformat() for key, at in state.dismissed.items()},
    }


def _state(row: CoachStateRow) -> State:
    return State(
        seen_at=row.seen_at,
        timezone=row.timezone,
        seen_weeks=tuple(date.fromisoformat(week) for week in row.seen_weeks),
        quiet_until=row.quiet_until,
        dms_stopped=row.dms_stopped,
        dismissed={key: datetime.fromisoformat(at) for key, at in row.dismissed.items()},
        kinds=tuple(CheckinKind(kind) for kind in row.kinds),
        next_kind=CheckinKind(row.next_kind) if row.next_kind else None,
        next_checkin_at=row.next_checkin_at,
        next_close_at=row.next_close_at,
    )
