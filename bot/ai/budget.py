"""Budgets over a rolling day and month: a pure decision from what was used and what the next call may use."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum


class Period(StrEnum):
    """How far back a budget looks."""

    DAY = "day"
    MONTH = "month"

    @property
    def length(self) -> timedelta:
        return timedelta(days=1 if self is Period.DAY else 30)


class Scope(StrEnum):
    """Whose budget."""

    PERSON = "person"
    GUILD = "guild"
    AGENT = "agent"
    MEMBER = "member"
    """One person within one server."""
    INSTALLATION = "installation"
    """Everybody on this host together."""


@dataclass(frozen=True, slots=True)
class Limit:
    """What a scope may use in 24 hours, or in 30 days; None is no limit."""

    scope: Scope
    tokens: int | None
    microusd: int | None = None
    period: Period = Period.DAY


@dataclass(frozen=True, slots=True)
class Spent:
    """What a scope used in the last 24 hours, or in the last 30 days."""

    scope: Scope
    tokens: int = 0
    microusd: int = 0
    period: Period = Period.DAY


@dataclass(frozen=True, slots=True)
class Alert:
    """A level that the next call would cross for the first time: 80 or 100 percent of a scope's budget."""

    scope: Scope
    percent: int
    period: Period = Period.DAY


@dataclass(frozen=True, slots=True)
class Decision:
    """Whether a call may start. `blocked_by` names the first budget without room."""

    allowed: bool
    blocked_by: Scope | None = None
    alerts: tuple[Alert, ...] = ()


def decide(
    limits: tuple[Limit, ...], spent: tuple[Spent, ...], tokens: int, microusd: int, alert_percent: int
) -> Decision:
    """Decide on a call estimated at `tokens` and `microusd`.

    A call that would pass a limit is not started, so only a wrong estimate can exceed a budget.

    >>> decide((Limit(Scope.PERSON, 100),), (Spent(Scope.PERSON, 90),), 20, 0, 80).blocked_by
    <Scope.PERSON: 'person'>
    """
    used = {(one.scope, one.period): one for one in spent}
    alerts: list[Alert] = []
    blocked: Scope | None = None
    for limit in limits:
        have = used.get((limit.scope, limit.period), Spent(limit.scope))
        for cap, before, more in (
            (limit.tokens, have.tokens, tokens),
            (limit.microusd, have.microusd, microusd),
        ):
            if cap is None:
                continue
            if before + more > cap:
                blocked = blocked or limit.scope
                alerts.append(Alert(limit.scope, 100, limit.period))
            elif (before + more) * 100 >= cap * alert_percent:
                alerts.append(Alert(limit.scope, alert_percent, limit.period))
    return Decision(blocked is None, blocked, tuple(dict.fromkeys(alerts)))


def is_spent(limits: tuple[Limit, ...], spent: tuple[Spent, ...]) -> bool:
    """Tell whether a budget has no room for any further call.

    >>> is_spent((Limit(Scope.PERSON, 100),), (Spent(Scope.PERSON, 100),))
    True
    """
    return not decide(limits, spent, 1, 1, 100).allowed
