"""When a client is told of its week. Pure."""

from dataclasses import replace
from datetime import datetime, time, timedelta

from bot.clients.model import Answer, Client, DigestClock
from bot.digest.model import IsoWeek
from bot.recurrence import Fire, Weekly, next_fire, resolve

WEEK = timedelta(days=7)


def wound(client: Client, clock: DigestClock | None, now: datetime) -> DigestClock:
    """Return a client's clock as its settings give it: the next day and hour there, one in an ISO week.

    What was said to a week stays where it still is the coming one.
    """
    rule = Weekly(frozenset({client.digest_day}), time(client.digest_hour))
    fire = _after(rule, client, now)
    if clock is not None and str(IsoWeek.of(fire.local_date)) == clock.last_week:
        fire = _after(rule, client, fire.instant)
    week = str(IsoWeek.of(fire.local_date))
    wall = datetime.combine(fire.local_date, rule.at)
    ask_at = resolve(wall - timedelta(days=1), client.zone_info)
    if clock is None:
        return DigestClock(client.id, client.owner_id, week, ask_at, fire.instant, fire.instant - WEEK)
    same = week == clock.week
    return replace(
        clock,
        week=week,
        ask_at=ask_at,
        next_at=fire.instant,
        answer=clock.answer if same else Answer.WAITING,
        words=clock.words if same else "",
    )


def _after(rule: Weekly, client: Client, after: datetime) -> Fire:
    fire = next_fire(rule, client.zone_info, after)
    if fire is None:
        raise OverflowError("time has come to its end")
    return fire
