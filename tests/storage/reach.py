"""Ada's rows in every table, and arguments with which each method of each repository reaches them.

Most arguments are found by their names: `clip_id` is the id of Ada's clip, `path` the path in her row. Whole things
(a `Loop` to be saved) come from what her own reading methods return. What cannot be found so stands in `GIVEN`.
"""

import importlib
import inspect
import pkgutil
import re
import types
import typing
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, fields, is_dataclass, replace
from datetime import date, datetime, time, timedelta
from enum import Enum
from functools import cache
from typing import Any

from sqlalchemy import Table
from sqlalchemy.exc import IntegrityError, NoResultFound
from sqlalchemy.orm import Mapper

import storage.repositories
from bot.actors import Actor
from bot.ai.model import Asker, UsageEntry
from bot.bounces.model import Bounce, BounceId, FileStamp, FileState, Filter, Folder
from bot.changes import ChangeGroup
from bot.clients.model import Answer as WeekAnswer
from bot.clients.model import Assignment, AssignmentState, ClientPerson, Handover
from bot.coach.model import Checkin, CheckinState, Session, State
from bot.digest.model import DigestState, IsoWeek
from bot.errors import ChangedSince, NotFound
from bot.ids import uuid7
from bot.loops.model import ExportState, Suggestion
from bot.missions.model import Step, StepState, Vote
from bot.phases.model import FormContent, OfferState, PhaseBook, PhaseEntry
from bot.posted_model import PostedCard
from bot.releases.model import IfMissed
from storage.base import Base, Owned
from storage.ownership import ForeignOwner
from storage.tables import load_all
from storage.unit import Database, Repository, Unit
from tests.storage.samples import sample_row

ADA, BEN = 1001, 1002
MARK = "adas-secret"

NOT_BY_OWNER: Mapping[str, str] = {
    "SlotRepository": "works over all owners in system units; a finish is fenced by its lease",
    "GuildRepository": "servers are no person's",
    "FactRepository": "facts about the installation",
    "OfferRepository": "two owners are part of it: system units",
    "WorkRepository": "what somebody has to do over all servers, in system units",
    "MembershipRepository": "where somebody is with a client, over all servers, in system units",
    "DueDigestRepository": "whose week is over, over all servers, in system units",
    "CoachRuleCountRepository": "counters of rules, without anybody's id",
    "PrivacyRepository": "goes over all tables for one person in system units",
}
"""Repositories without an owner, and why."""

UNREACHABLE: Mapping[str, str] = {
    "AiRepository.one_at_a_time": "holds others back and touches no row",
    "DeliveryRepository.sent_all": "refused outside system units: a plain statement has no owner",
    "MissionRepository.advance": "refused outside system units: many rows by their keys have no owner",
}
"""Methods that nobody's own unit reaches rows with, and why."""

REFUSALS = (ChangedSince, ForeignOwner, IntegrityError, NotFound, NoResultFound)
"""What somebody else may be told instead of an answer. Anything else is a mistake of the test or of the code."""


def repositories() -> Iterator[type[Repository]]:
    for module in pkgutil.walk_packages(storage.repositories.__path__, "storage.repositories."):
        for _, found in inspect.getmembers(importlib.import_module(module.name), inspect.isclass):
            if issubclass(found, Repository) and found.__module__ == module.name and found is not Repository:
                yield found


def owned_repositories() -> list[type[Repository]]:
    return [kind for kind in repositories() if kind.__name__ not in NOT_BY_OWNER]


def methods_of(kind: type[Repository]) -> list[str]:
    return [name for name, _ in inspect.getmembers(kind, inspect.iscoroutinefunction) if not name.startswith("_")]


# ---------------------------------------------------------------------- rows


@cache
def owned_tables() -> list[Table]:
    load_all()
    return [typing.cast("Table", m.local_table) for m in Base.registry.mappers if issubclass(m.class_, Owned)]


@cache
def tables_of(kind: type[Repository]) -> list[Table]:
    """Return the tables that a repository names, the first one first."""
    module = importlib.import_module(kind.__module__)
    names = dict.fromkeys(re.findall(r"\b\w+Row\b", inspect.getsource(kind)))
    mappers: list[Mapper[Any]] = [inspect.getattr_static(module, name).__mapper__ for name in names]
    return [typing.cast("Table", mapper.local_table) for mapper in mappers]


def _world(now: datetime) -> Mapping[str, list[dict[str, Any]]]:
    """Return what has to be other than a sample row, by table; several where a state decides what is reached."""
    past, coming, day = now - timedelta(hours=1), now + timedelta(hours=1), now.date().isoformat()
    line = {"key": "key", "parts": {"title": MARK}}
    key = iter(range(1, 100))
    loop = {"start_date": day, "end_date": day, "anchor_date": day, "lanes_unused": [], "timezone": "UTC"}
    step = {
        "mission_id": f"{MARK}-missions-id",
        "params": {"mark": MARK},
        "preview": {"title": line, "before": [], "after": [], "basis": MARK},
        "edited": None,
        "state": "pending",
        "expires_at": coming,
    }
    clip = {"source": "manual", "requires": [], "deadline": day, "done_at": now}
    decided = {"inputs": [], "state": "active", "quorum_parts": [{"who": "approver", "count": 1}]}
    delivery = {"target_kind": "dm", "target_id": ADA, "state": "pending", "expires_at": coming}
    return {
        "inbox": [{"expires_at": coming}, {"expires_at": past}],
        "loops": [loop, {**loop, "deleted_at": past}],
        "loop_clips": [clip],
        "loop_suggestions": [
            {"payload": {"text": MARK}, "state": "open"},
            {"payload": {"text": MARK}, "state": "dismissed", "decided_at": now, "position": 2},
        ],
        "loop_insights": [{"lines": [MARK], "ai_written": True}],
        "loop_exports": [{"target": "analogue", "state": "ready", "clip_id": None}],
        "watched_folders": [{"ignore": [MARK]}],
        "bounces": [
            {**_FACTS, "free_tags": [MARK], "loop_id": f"{MARK}-loops-id", "phase": None},
            {**_FACTS, "free_tags": [MARK], "deleted_at": past, "family": "the bin", "number": 2},
        ],
        "bounce_files": [
            {"state": "catalogued", "inode": "7", "trouble": None, "bounce_id": f"{MARK}-bounces-id"},
            {"state": "unreadable", "inode": "8"},
            {"state": "seen", "inode": "9"},
        ],
        "saved_slices": [{"tags": [MARK]}],
        "releases": [
            {"anchor_date": day, "conditions": [], "loop_id": f"{MARK}-loops-id", "bounce_id": f"{MARK}-bounces-id"},
            {"anchor_date": day, "conditions": [], "loop_id": f"{MARK}-loops-id", "deleted_at": past},
        ],
        "clients": [{"zone": "UTC", "digest": "dm"}, {"digest": "off", "deleted_at": past}],
        "client_digests": [{"week": "2026-W10", "asked_week": "2026-W10", "last_outcome": "sent"}],
        "client_invites": [{"expires_at": coming}],
        "handovers": [{"expires_at": coming, "to_owner": 9}],
        "assignments": [{"due_on": day, "user_id": ADA, "assigned_by": BEN, "subject_id": f"{MARK}-loop_clips-id"}],
        "release_clocks": [{"zone": "UTC", "next_at": past}],
        "digests": [{"opened_at": now}, {"iso_week": 2}],
        "digest_clocks": [{"zone": "UTC", "next_at": past}],
        "digest_shares": [{"channel_id": 0}],
        "phase_offers": [{"entry_id": f"{MARK}-user_phases-id", "state": "open"}],
        "form_maps": [{"loop_id": f"{MARK}-loops-id", "bounce_id": f"{MARK}-bounces-id"}],
        "form_map_versions": [
            {"content": '{"constraint":"adas-secret","sections":[]}'},
            {"content": '{"constraint":"adas-secret","sections":[]}', "number": 2},
        ],
        "coach_profiles": [{"preferences": _PREFERENCES, "paused_until": None}],
        "coach_states": [
            {
                "kinds": [],
                "next_kind": None,
                "next_checkin_at": past,
                "next_close_at": past,
                "seen_weeks": [],
                "dismissed": {MARK: now.isoformat()},
            }
        ],
        "coach_goals": [{"target_date": day, "woop": None, "status": "active"}],
        "coach_sessions": [
            {
                "week_start": day,
                "plan": _plan(day, line),
                "reflections": {"wins": [MARK], "challenges": [], "learnings": [], "next_week_focus": ""},
                "details": {"choices": [], "revisions": [], "extras": []},
            }
        ],
        "coach_tasks": [
            {
                "category": "",
                "effort": 1,
                "due": None,
                "status": "done",
                "goal_id": f"{MARK}-coach_goals-id",
                "resources": [],
                "carried_from": f"{MARK}-coach_tasks-id",
            }
        ],
        "coach_checkins": [{"state": "sent", "sent_at": past}],
        "coach_insights": [
            {
                "content": {
                    "summary": line,
                    "detail": None,
                    "actionable_steps": [],
                    "priority": "low",
                    "related_goals": [],
                },
                "evidence": [MARK],
            }
        ],
        "coach_progress": [{"goal_id": f"{MARK}-coach_goals-id"}],
        "coach_routines": [{"steps": [[MARK, 5]]}],
        "mission_agents": [{"policies": {}, "is_default": True}],
        "missions": [
            {**decided, "cadence": "on goal", "title": MARK, "guild_id": 7},
            {**decided, "deleted_at": past, "number": 2},
        ],
        "mission_schedules": [{"zone": "UTC", "next_run_at": past, "switched_on": {MARK: 5}}],
        "mission_iterations": [
            {"phase": "calling-planner", "status": "running", "error": None, "dropped": [], "source": "tick"}
        ],
        "mission_steps": [
            step,
            {**step, "state": "done", "position": 2, "decided_at": now},
            {**step, "state": "rejected", "position": 3, "decided_at": now},
        ],
        "mission_votes": [{"fits": [MARK]}],
        "mission_events": [{"state_before": "pending", "state_after": "done"}],
        "deliveries": [
            delivery,
            {**delivery, "state": "sent", "sent_at": now, "sent_message_id": next(key), "sent_channel_id": 3},
        ],
        "posted_cards": [{"failed_at": past}],
        "changes": [
            {
                "actor_kind": "user",
                "actor_reference": f"user:{ADA}",
                "entity": "settings",
                "entity_id": f"{MARK}-settings-id",
                "before": _setting(now, "before"),
                "after": _setting(now, "after"),
            }
        ],
        "settings": [{"value": {"mark": f"{MARK}-after"}}],
        "ai_usage": [{"agent_id": f"{MARK}-mission_agents-id", "guild_id": 7}],
        "ai_answers": [{"kept_until": coming}],
    }


def _setting(now: datetime, value: str) -> dict[str, Any]:
    return {
        "id": f"{MARK}-settings-id",
        "owner_id": ADA,
        "section": f"{MARK}-settings-section",
        "value": {"mark": f"{MARK}-{value}"},
        "updated_at": int(now.timestamp() * 1000),
    }


def _plan(day: str, line: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "week_start": day,
        "focus_theme": line,
        "metrics_to_track": [],
        "recommendations": [],
        "estimated_minutes": 5,
        "notes": [],
        "size": 1,
        "shape": "even",
        "rule": None,
        "ai_model": None,
    }


_FACTS: dict[str, Any] = {
    "facts": {
        "duration_s": 1.0,
        "frames": 1,
        "sample_rate": 44100,
        "channels": 1,
        "bit_depth": 16,
        "codec": MARK,
        "size_bytes": 1,
        "content_hash": MARK,
        "file_hash": MARK,
    }
}
_PREFERENCES: dict[str, Any] = {
    "pacing": "moderate",
    "focus_areas": [],
    "communication_style": "direct",
    "session_day": 0,
    "time_commitment_hours": 3,
    "rest_days": [],
    "energy": False,
    "send_reflections_to_ai": False,
    "show_runs": False,
    "timezone": "UTC",
    "paused_from": None,
}


class NothingToGive(LookupError):
    """No argument could be made."""


class World:
    """What Ada has: at least one row in every table, and the whole things that her rows are read as."""

    def __init__(self, now: datetime) -> None:
        load_all()
        self.now = now
        self.rows: dict[str, list[dict[str, Any]]] = {}
        first: dict[str, dict[str, Any]] = {}
        given = _world(now)
        for table in Base.metadata.sorted_tables:
            for number, values in enumerate(given.get(table.name, [{}])):
                row = sample_row(table, ADA, first, now, MARK)
                empty = {c.name for c in table.columns if c.nullable and c.name.endswith(("_at", "_until", "_since"))}
                row |= dict.fromkeys(empty - {"owner_id"})
                unique = {c.name for c in table.columns if not c.foreign_keys} & {"id", *_UNIQUE}
                if number:
                    row |= {name: _other(row[name], number) for name in unique if name in row}
                row |= values
                self.rows.setdefault(table.name, []).append(row)
            first[table.name] = self.rows[table.name][0]
        self.things: dict[type, list[Any]] = {}

    def row(self, table: str) -> dict[str, Any]:
        return self.rows[table][0]

    def id_of(self, stem: str, nearest: Iterable[Table]) -> str:
        """Return the id of Ada's clip where `stem` is "clip", out of the nearest table of such a name."""
        for table in (*(table.name for table in nearest), *self.rows):
            if re.sub("ies$|s$", lambda end: "y" if end[0] == "ies" else "", table).endswith(stem) and isinstance(
                self.row(table).get("id"), str
            ):
                return str(self.row(table)["id"])
        raise LookupError(f"no table for {stem}_id")

    def remember(self, found: object) -> None:
        """Keep whole things for methods that take one."""
        if is_dataclass(found) and not isinstance(found, type):
            self.things.setdefault(type(found), []).append(found)
        elif isinstance(found, Mapping):
            self.remember(list(found.values()))
        elif isinstance(found, list | tuple | set | frozenset):
            for one in found:
                self.remember(one)

    def thing(self, kind: type[Any]) -> Any:
        if kind not in self.things:
            raise NothingToGive(kind.__name__)
        return self.things[kind][0]


_UNIQUE = {
    "key",
    "path",
    "content_hash",
    "key_hash",
    "occurrence_key",
    "message_id",
    "slot_key",
    "sent_message_id",
    "group_id",
    "fingerprint",
}


def _other(value: Any, number: int) -> Any:
    return f"{value}-{number}" if isinstance(value, str) else value + number


# ---------------------------------------------------------------------- arguments


def arguments(kind: type[Repository], name: str, world: World) -> dict[str, Any]:
    """Return arguments with which the owner's call reaches her rows."""
    given = GIVEN.get(f"{kind.__name__}.{name}")
    if given is not None:
        return given(world)
    hints = typing.get_type_hints(getattr(kind, name))
    made = {}
    for parameter in inspect.signature(getattr(kind, name)).parameters.values():
        if parameter.name == "self" or parameter.kind is parameter.VAR_KEYWORD:
            continue
        made[parameter.name] = _value(hints[parameter.name], parameter.name, name, tables_of(kind), world)
    return made


_PAST = {"since", "after", "rejected_since", "first"}


def _value(hint: Any, name: str, method: str, tables: list[Table], world: World) -> Any:
    origin, parts = typing.get_origin(hint), typing.get_args(hint)
    if origin in (typing.Union, types.UnionType):
        return _value(parts[0], name, method, tables, world)
    if origin is typing.Literal:
        return parts[0]
    if isinstance(origin, type) and issubclass(origin, Iterable) and not issubclass(origin, Mapping):
        one = f"{name.removesuffix('s')}" if name.endswith("_ids") else name
        return [_value(parts[0], one, method, tables, world)]
    if hasattr(hint, "__supertype__"):
        return _value(hint.__supertype__, name, method, tables, world)
    plain: dict[Any, Any] = {bool: True, timedelta: timedelta(1), time: world.now.time(), date: world.now.date()}
    if hint in plain:
        return plain[hint]
    if hint is datetime:
        return world.now - timedelta(days=1) if name in _PAST else world.now + timedelta(days=1)
    if isinstance(hint, type) and issubclass(hint, Enum):
        return next(iter(hint))
    if is_dataclass(hint):
        return (another if method.startswith(("add", "store", "posted", "comment")) else changed)(
            world.thing(typing.cast("type", hint)), world
        )
    if name.endswith("_id") and hint is str:
        return world.id_of(name.removesuffix("_id"), tables)
    for table in tables:
        value = world.row(table.name).get(name)
        if value is not None and hint in (int, str, float) and isinstance(value, hint):
            return value
    if hint is int:
        return 0 if name == "offset" else 10
    if hint is float:
        return 1.0
    if hint is str:
        return f"{MARK}-new-{name}"
    raise NothingToGive(f"{name}: {hint}")


def another(thing: Any, world: World) -> Any:
    """Return a second thing like this one, of a new identity."""
    new: dict[str, Any] = {"id": uuid7(world.now)}
    new |= {"content_hash": f"{MARK}-another", "occurrence_key": f"{MARK}-another", "path": f"{MARK}-another"}
    new |= {"message_id": 77, "week_start": world.now.date() + timedelta(days=7)}
    if "iso_year" not in (names := {f.name for f in fields(thing)}) and "cut_at" in names:
        new["week"] = replace(thing.week, week=3)
    return replace(thing, **{name: value for name, value in new.items() if name in names})


def changed(thing: Any, world: World) -> Any:
    """Return the same thing with other words in it."""
    names = [f.name for f in fields(thing)]
    words = [n for n in names if type(getattr(thing, n)) is str and n != "id" and not n.endswith(("_id", "_key"))]
    return replace(thing, **{name: f"{getattr(thing, name)} changed" for name in words if name not in _FIXED})


_FIXED = {"content_hash", "path", "timezone", "file_name", "preset_key", "card", "markdown", "public_card", "locale"}


def _ago(world: World) -> datetime:
    return world.now - timedelta(days=1)


def _soon(world: World) -> datetime:
    return world.now + timedelta(days=1)


def _new(world: World, table: str, **values: Any) -> dict[str, Any]:
    """Return a row like Ada's, of a new identity, as a repository that takes rows is given it."""
    return {**world.row(table), "id": uuid7(world.now), **values}


def _entered(world: World) -> dict[str, Any]:
    """Return the book of somebody's phases, and the same with another stay begun and an offer taken."""
    before: PhaseBook = world.thing(PhaseBook)
    left = replace(before.current, left_at=world.now)
    entry = PhaseEntry(uuid7(world.now), before.current.phase, world.now, MARK)
    offers = tuple(replace(offer, state=OfferState.ACCEPTED, decided_at=world.now) for offer in before.offers)
    return {"before": before, "after": PhaseBook((*before.entries[:-1], left, entry), offers)}


def _step(world: World, **values: Any) -> dict[str, Any]:
    return {"step": world.thing(Step), **values}


GIVEN: dict[str, Callable[[World], dict[str, Any]]] = {
    "AiRepository.add": lambda w: {"entry": UsageEntry("c", w.now, Asker(ADA), "m", "p", "1", "ok", 1, 1, 1)},
    "AiRepository.answer": lambda w: {"key": w.row("ai_answers")["key"], "now": w.now},
    "AiRepository.spent": lambda w: {"asker": Asker(ADA, 7, w.row("mission_agents")["id"]), "since": _ago(w)},
    "AiRepository.keep_raw": lambda w: {"call_id": uuid7(w.now), "owner": ADA, "reply": MARK, "until": _soon(w)},
    "ClientPeopleRepository.add": lambda w: {"person": replace(w.thing(ClientPerson), id=uuid7(w.now), user_id=9)},
    "HandoverRepository.open_of": lambda w: {"subject_id": w.row("handovers")["subject_id"]},
    "HandoverRepository.add": lambda w: {"one": replace(w.thing(Handover), id=uuid7(w.now))},
    "AssignmentRepository.open_of": lambda w: {"subject_ids": [w.row("assignments")["subject_id"]]},
    "AssignmentRepository.add": lambda w: {"one": replace(w.thing(Assignment), id=uuid7(w.now))},
    "AssignmentRepository.follow": lambda w: {"loop_ids": [w.row("loops")["id"]], "client_id": "another"},
    "AssignmentRepository.end_of_client": lambda w: {
        "client_id": w.row("assignments")["client_id"],
        "people": [ADA],
    },
    "AssignmentRepository.end": lambda w: {
        "assignment_id": w.row("assignments")["id"],
        "state": AssignmentState.WITHDRAWN,
    },
    "ClientDigestRepository.answered": lambda w: {
        "client_id": w.row("clients")["id"],
        "week": "2026-W10",
        "answer": WeekAnswer.SKIP,
        "words": None,
    },
    "ClipRepository.many": lambda w: {"clip_ids": [w.row("loop_clips")["id"]]},
    "LoopRepository.many": lambda w: {"loop_ids": [w.row("loops")["id"]]},
    "FiledRepository.file": lambda w: {"kind": "loop", "thing_id": w.row("loops")["id"], "client_id": None},
    "LoopRepository.filed": lambda w: {"client_id": w.row("loops")["client_id"]},
    "FiledRepository.unfile_all": lambda w: {"client_id": w.row("loops")["client_id"]},
    "InviteRepository.add": lambda w: {
        "client_id": w.row("clients")["id"],
        "code_hash": "another",
        "made_by": ADA,
        "expires_at": _soon(w),
    },
    "InviteRepository.open_count": lambda w: {"client_id": w.row("clients")["id"]},
    "InviteRepository.use": lambda w: {"code_hash": w.row("client_invites")["code_hash"]},
    "FileRepository.put": lambda w: _file(w, state=FileState.POSTED, stamp=FileStamp(2, 2, 7)),
    "FileRepository.same_stamp": lambda w: {"folder_id": w.row("watched_folders")["id"], "stamp": FileStamp(1, 1, 7)},
    "FolderRepository.save": lambda w: {"folder": replace(w.thing(Folder), is_paused=True)},
    "UploadKeyRepository.add": lambda w: {"key_id": uuid7(w.now), "key_hash": "another", "name": ""},
    "BounceRepository.add": lambda w: {
        "bounce": replace(w.thing(Bounce), id=BounceId(uuid7(w.now)), content_hash="another")
    },
    "BounceRepository.facts_before": lambda w: {"bounce_id": "another", "limit": 10},
    "BounceRepository.add_path": lambda w: {"bounce_id": w.row("bounces")["id"], "path": f"{MARK}-another"},
    "BounceRepository.count": lambda w: {"wanted": Filter()},
    "BounceRepository.find": lambda w: {"wanted": Filter(), "limit": 10},
    "BounceRepository.owners_of_content": lambda w: {"hashes": [w.row("bounces")["content_hash"]]},
    "ChangeRepository.group": lambda w: {"group_id": w.row("changes")["group_id"]},
    "ChangeRepository.of_entity": lambda w: {"entity": "settings", "entity_id": w.row("settings")["id"]},
    "ChangeRepository.put_back": lambda w: {"group": w.thing(ChangeGroup)},
    "ChangeRepository.recent": lambda w: {"since": _ago(w)},
    "ChangeRepository.first_before": lambda w: {"since": _ago(w), "ids": [w.row("settings")["id"]]},
    "ChangeRepository.people_since": lambda w: {"since": _ago(w), "limit": 5},
    "ChangeRepository.times": lambda w: {"since": _ago(w), "reference": f"user:{ADA}"},
    "CoachStateRepository.advance": lambda w: {"coming": [{"owner_id": ADA, "next_checkin_at": _soon(w)}]},
    "CoachStateRepository.save": lambda w: {"state": replace(w.thing(State), dms_stopped=True)},
    "CoachProgressRepository.get": lambda w: {"record_id": w.row("coach_progress")["id"]},
    "CoachCheckinRepository.change": lambda w: {
        "checkin": replace(w.thing(Checkin), snoozes=2),
        "expected": [CheckinState.SENT],
    },
    "CoachWeekRepository.save": lambda w: {"week": replace(w.thing(Session), completed=True)},
    "DeliveryRepository.counts": lambda w: {"since": None, "channels": None},
    "DeliveryRepository.oldest_open": lambda w: {"channels": None},
    "DeliveryRepository.errors": lambda w: {"states": [w.row("deliveries")["state"]], "since": _ago(w)},
    "DeliveryRepository.many": lambda w: {"ids": [w.row("deliveries")["id"]]},
    "DeliveryRepository.sent_all": lambda w: {"sent": {w.row("deliveries")["id"]: (1, 2)}},
    "DeliveryRepository.sent_between": lambda w: {"kinds": [w.row("deliveries")["kind"]], "since": _ago(w)},
    "DeliveryRepository.start_all": lambda w: {"ids": [w.row("deliveries")["id"]], "claimed_at": w.now},
    "DigestRepository.get": lambda w: {"week": IsoWeek(1, 1)},
    "DigestRepository.opened": lambda w: {"digest_id": w.rows["digests"][1]["id"]},
    "DigestRepository.set_state": lambda w: {"digest_id": w.row("digests")["id"], "state": DigestState.SENT},
    "ShareRepository.put": lambda w: {"guild_id": 9, "channel_id": 9},
    "ExportRepository.move": lambda w: {
        "export_id": w.row("loop_exports")["id"],
        "states": [ExportState.READY],
        "to": ExportState.TAKEN,
    },
    "PostedRepository.behind": lambda w: {"channels": None},
    "PostedRepository.add": lambda w: {"card": replace(w.thing(PostedCard), message_id=9)},
    "PostedRepository.failed": lambda w: {"posted_id": w.row("posted_cards")["id"]},
    "PostedRepository.forget": lambda w: {"posted_id": w.row("posted_cards")["id"]},
    "PostedRepository.moved": lambda w: {"posted_id": w.row("posted_cards")["id"], "message_id": 9, "shown_hash": ""},
    "PostedRepository.places": lambda w: {"owner": ADA},
    "PostedRepository.shown": lambda w: {"posted_id": w.row("posted_cards")["id"], "shown_hash": "another"},
    "PostedRepository.by_message": lambda w: {"message_id": w.row("posted_cards")["message_id"]},
    "PostedRepository.carries_audio": lambda w: {
        "message_id": w.row("posted_cards")["message_id"],
        "audio_message_id": 9,
    },
    "PostedRepository.has_changed_since": lambda w: {"moment": _ago(w)},
    "PostedRepository.of": lambda w: {key: w.row("posted_cards")[key] for key in ("kind", "subject_id")},
    "SuggestionRepository.replace_open": lambda w: {
        "loop_id": w.row("loops")["id"],
        "suggestions": [another(w.thing(Suggestion), w)],
    },
    "StepRepository.add_iterations": lambda w: {"rows": [_new(w, "mission_iterations", number=2, slot_key="another")]},
    "StepRepository.add_steps": lambda w: {"rows": [_new(w, "mission_steps", position=9)]},
    "StepRepository.done": lambda w: {"mission_id": w.row("missions")["id"], "iteration": None, "position": None},
    "StepRepository.move": lambda w: _step(w, after=StepState.UNDONE),
    "StepRepository.note": lambda w: _step(w, after=StepState.REJECTED, version=9, reason=""),
    "StepRepository.set_step": lambda w: _step(w, summary="another"),
    "StepRepository.set_iteration": lambda w: {
        "iteration_id": w.row("mission_iterations")["id"],
        "running_only": True,
        "summary": "another",
    },
    "StepRepository.pending_in_guild": lambda w: {"guild_id": 7, "but_owner": 9},
    "StepRepository.has_moved_since": lambda w: {"moment": _ago(w)},
    "StepRepository.forget_votes": lambda w: {"step_id": w.row("mission_steps")["id"], "voters": None},
    "StepRepository.vote": lambda w: {
        "step_id": w.row("mission_steps")["id"],
        "vote": Vote(9, "Somebody", "", frozenset({"lead"})),
    },
    "MissionRepository.add_agent": lambda w: {
        "name": "another",
        "role_text": "",
        "max_concurrent": 1,
        "is_default": False,
    },
    "MissionRepository.add_mission": lambda w: {"values": _mission(w)},
    "MissionRepository.add_schedule": lambda w: {
        "mission_id": w.rows["missions"][1]["id"],
        "zone": "UTC",
        "cadence": "",
    },
    "MissionRepository.set_schedule": lambda w: {"mission_id": w.row("missions")["id"], "zone": "Asia/Tokyo"},
    "MissionRepository.advance": lambda w: {"rows": [{"id": w.row("missions")["id"], "iterations": 9}]},
    "MissionRepository.find_missions": lambda w: {"typed": "secret", "limit": 10},
    "MissionRepository.waiting_for": lambda w: {"event": "goal", "subject": ""},
    "FormMapRepository.add_version": lambda w: {
        "map_id": w.row("form_maps")["id"],
        "number": 9,
        "content": FormContent(()),
        "content_hash": "",
        "note": "",
    },
    "FormMapRepository.rename": lambda w: {"map_id": w.row("form_maps")["id"], "name": "another"},
    "PhaseRepository.save": _entered,
    "ReleaseRepository.note_missed": lambda w: {
        "release_id": w.row("releases")["id"],
        "task_key": "another",
        "title": "",
        "alternative": IfMissed.SKIP,
    },
    "InboxRepository.add_once": lambda w: {"kind": "note", "title": "", "body": ""},
    "RequestRepository.remember": lambda w: {"key": "another", "result": 1},
    "SettingsRepository.put": lambda w: {"section": w.row("settings")["section"], "value": {"mark": "another"}},
}
"""Arguments that names and types do not tell."""


def _file(world: World, **values: Any) -> dict[str, Any]:
    row = world.row("bounce_files")
    return {"folder_id": row["folder_id"], "path": row["path"], **values}


def _mission(world: World) -> dict[str, Any]:
    made = ("id", "owner_id", "number", "created_at", "updated_at")
    return {name: value for name, value in world.row("missions").items() if name not in made}


# ---------------------------------------------------------------------- calls


class _Undone(Exception):
    """Rolls a call back, so that the next one finds all rows as they were."""


@dataclass(slots=True)
class Answer:
    """What a call did: its result or how it was refused, and what became of Ada's rows."""

    arguments: dict[str, Any]
    result: Any = None
    refusal: Exception | None = None
    gone: Counter[str] = field(default_factory=Counter)
    new: Counter[str] = field(default_factory=Counter)

    @property
    def is_without_effect(self) -> bool:
        return not self.gone and not self.new

    def shown(self, world: World) -> set[str]:
        """Return what the result tells of Ada that was not brought along."""
        told = repr(self.result)
        brought = repr(self.arguments)
        texts = {str(value) for rows in world.rows.values() for row in rows for value in row.values()}
        return {one for one in texts if MARK in one and one in told and one not in brought}


def reaches(hers: Answer, his: Answer) -> bool:
    """Tell whether the owner's call came to her rows: it changed them, or it says something else than his."""
    if hers.refusal is not None:
        return False
    return not hers.is_without_effect or _plain(hers.result) != _plain(his.result)


def _plain(result: object) -> str:
    """Leave out ids that are made anew by every call."""
    return re.sub(r"[0-9a-f]{32}", "", repr(result))


async def seed(database: Database, world: World) -> None:
    async with database.system_write("seed") as unit:
        connection = await unit.session.connection()
        for table in Base.metadata.sorted_tables:
            for row in world.rows[table.name]:
                await connection.execute(table.insert().values(**row))


async def lend_things(database: Database, world: World) -> None:
    """Read as Ada what can be read without a whole thing, so that other methods can be given one."""
    before = await adas_rows(database)
    for kind in owned_repositories():
        for name in methods_of(kind):
            told = str(typing.get_type_hints(getattr(kind, name)).get("return"))
            if "bot." not in told and "storage." not in told:
                continue
            try:
                given = arguments(kind, name, world)
            except NothingToGive:
                continue
            world.remember((await call(database, kind, name, given, ADA, before)).result)


async def adas_rows(database: Database) -> Counter[str]:
    async with database.system_write("look") as unit:
        return await _adas_rows(unit)


async def call(
    database: Database, kind: type[Repository], name: str, given: dict[str, Any], who: int, before: Counter[str]
) -> Answer:
    """Call a method as somebody, see what became of Ada's rows, and take it back."""
    answer = Answer(given)
    try:
        async with database.write(Actor.user(who, "Somebody"), who, "attempt") as unit:
            try:
                answer.result = await getattr(unit.repo(kind), name)(**given)
                await unit.session.flush()
            except REFUSALS as refusal:
                answer.refusal = refusal
            else:
                after = await _adas_rows(unit)
                answer.gone, answer.new = before - after, after - before
            raise _Undone
    except _Undone:
        return answer


@cache
def _statement(dialect: str) -> str:
    parts = []
    for table in owned_tables():
        columns = ", ".join(f'"{column.name}"' for column in table.columns)
        whole = f"json_array({columns})" if dialect == "sqlite" else f'"{table.name}"::text'
        parts.append(f"SELECT '{table.name} ' || {whole} FROM \"{table.name}\" WHERE owner_id = {ADA}")
    return " UNION ALL ".join(parts)


async def _adas_rows(unit: Unit) -> Counter[str]:
    """Return all that is Ada's, past the owner check: straight from the connection."""
    connection = await unit.session.connection()
    return Counter((await connection.exec_driver_sql(_statement(unit.dialect))).scalars())
