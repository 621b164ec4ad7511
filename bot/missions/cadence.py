"""When a mission runs: by hand, by the clock of its owner, or when something happens. Pure."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from bot.errors import Refused
from bot.recurrence import EveryMinutes, Fire, Rule, format_rule, next_fire, parse_rule, shortest_minutes


class Event(StrEnum):
    """What a mission may wait for instead of the clock."""

    BOUNCE = "bounce"
    PHASE = "phase"
    GOAL = "goal"
    """A goal is past its day."""


@dataclass(frozen=True, slots=True)
class Cadence:
    """One of: by hand (`rule` and `event` None), a recurring rule, an event (with the loop it is about)."""

    rule: Rule | None = None
    event: Event | None = None
    subject: str = ""


def parse_cadence(text: str, min_minutes: int) -> Cadence:
    """Read what a person typed or what is stored.

    `manual`, `every 30 minutes`, `daily 09:00`, `weekly mon,thu 18:30`, `cron 0 9 * * mon`, `on bounce [loop id]`,
    `on phase`, `on goal [goal id]` (past its day). Raises Refused("mission_cadence"),
    Refused("mission_cadence_often").
    """
    words = " ".join(text.split())
    if words.lower() in ("", "manual", "by hand"):
        return Cadence()
    try:
        if words.lower().startswith("on "):
            name, _, subject = words[3:].partition(" ")
            return Cadence(event=Event(name.lower()), subject=subject)
        rule = parse_rule(words)
    except ValueError:
        raise Refused("mission_cadence", typed=text[:80]) from None
    if shortest_minutes(rule) < min_minutes:
        raise Refused("mission_cadence_often", typed=text[:80], minutes=min_minutes)
    return Cadence(rule=rule)


def format_cadence(cadence: Cadence) -> str:
    """Return the stored form; `parse_cadence` reads it back."""
    if cadence.event is not None:
        return f"on {cadence.event} {cadence.subject}".strip()
    return "manual" if cadence.rule is None else format_rule(cadence.rule)


def next_run(cadence: Cadence, zone: ZoneInfo, after: datetime, stride: int = 1) -> Fire | None:
    """Return the next time by the clock after an instant, leaving out `stride - 1` of them."""
    if cadence.rule is None:
        return None
    fire = None
    for _ in range(max(1, stride)):
        found = next_fire(cadence.rule, zone, after)
        if found is None:
            return fire
        fire, after = found, found.instant
    return fire


def spread(cadence: Cadence, subject: str) -> Cadence:
    """Move `every N minutes` by a fixed amount of the subject's own, so that not all are due at once."""
    if isinstance(cadence.rule, EveryMinutes) and cadence.rule.offset_minutes == 0:
        offset = int(subject[-6:] or "0", 16) % cadence.rule.minutes
        return Cadence(EveryMinutes(cadence.rule.minutes, offset))
    return cadence
