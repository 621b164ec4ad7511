"""Who has to agree to a step: the parts of a quorum, and whether votes fill them. Pure."""

from collections.abc import Collection, Iterable, Mapping, Sequence

from bot.errors import Refused
from bot.missions.model import Part, Step
from bot.missions.tools import fingerprint

OWNER, LEAD, MEMBER, CLIENT, APPROVER = "owner", "lead", "member", "client", "approver"
KINDS = (OWNER, LEAD, MEMBER, CLIENT, APPROVER)
ROLE, PERSON = "role:", "person:"
MAX_PARTS = 3
ANY_APPROVER, ANY_LEAD = (Part(APPROVER),), (Part(LEAD),)
"""Who decides where nothing was chosen: of a person's mission, of a studio's."""


def approvers(count: int) -> tuple[Part, ...]:
    """Return the quorum that a number alone stood for in earlier versions."""
    return (Part(APPROVER, count),)


def votes_needed(parts: Iterable[Part]) -> int:
    return sum(part.count for part in parts)


def asks_client(parts: Iterable[Part]) -> bool:
    return any(part.who == CLIENT for part in parts)


def check_parts(parts: Sequence[Part], cap: int) -> None:
    """Raise Refused for more parts or votes than can be asked for, and for a part that nobody is."""
    known = all(part.who in KINDS or _names_one(part.who) for part in parts)
    twice = len({part.who for part in parts}) < len(parts)
    counted = all(part.count >= 1 for part in parts)
    if not (known and counted and not twice and 1 <= len(parts) <= MAX_PARTS and votes_needed(parts) <= cap):
        raise Refused("mission_quorum", parts=MAX_PARTS, count=cap)


def _names_one(who: str) -> bool:
    kind, _, number = who.partition(":")
    return f"{kind}:" in (ROLE, PERSON) and number.isdecimal() and len(number) <= 20


def missing(parts: Sequence[Part], votes: Iterable[Collection[str]]) -> tuple[Part, ...]:
    """Return what of a quorum votes leave open; each vote is given as what its person could fill.

    One person fills one seat only. Seats that fewest can fill are filled first, and whoever sits somewhere moves where
    that lets one more sit down, so the order of votes says nothing.

    >>> missing([Part("lead"), Part("member")], [{"member"}, {"lead", "member"}])
    ()
    """
    given = [frozenset(vote) for vote in votes]
    seats = [part.who for part in parts for _ in range(part.count)]
    order = sorted(range(len(seats)), key=lambda seat: sum(seats[seat] in fits for fits in given))
    taken: dict[int, int] = {}
    empty = [seat for seat in order if not _sit(seat, seats, given, taken, set())]
    names = [seats[seat] for seat in empty]
    return tuple(Part(part.who, names.count(part.who)) for part in parts if part.who in names)


def _sit(
    seat: int, seats: Sequence[str], given: Sequence[frozenset[str]], taken: dict[int, int], tried: set[int]
) -> bool:
    """Give a seat to a vote, moving who sits already where that is needed. `taken`: vote → its seat."""
    for vote, fits in enumerate(given):
        if seats[seat] in fits and vote not in tried:
            tried.add(vote)
            if vote not in taken or _sit(taken[vote], seats, given, taken, tried):
                taken[vote] = seat
                return True
    return False


def mark(step: Step) -> str:
    """Return the short sign of what a step says now: its values, and the state that its before was read from."""
    return fingerprint({"is": step.content_hash, "from": step.preview.basis})[:10]


def mark_of_all(steps: Iterable[Step]) -> str:
    """Return the sign of what several steps say together."""
    return fingerprint({step.id: mark(step) for step in steps})[:10]


# ---------------------------------------------------------------------- stored


def store_parts(parts: Iterable[Part]) -> list[dict[str, object]]:
    return [{"who": part.who, "count": part.count} for part in parts]


def read_parts(stored: Sequence[Mapping[str, object]] | None, number: int) -> tuple[Part, ...]:
    """Return the quorum of a mission; `number` is what earlier versions kept instead."""
    if not stored:
        return approvers(number)
    return tuple(Part(str(one["who"]), int(str(one["count"]))) for one in stored)


def code_of(parts: Iterable[Part]) -> str:
    """Return a quorum as one short word, for the value of a choice."""
    return "+".join(f"{part.who}*{part.count}" for part in parts)


def parts_of(code: str) -> tuple[Part, ...]:
    """Return the quorum of such a word. Raises Refused for one that is none."""
    found: list[Part] = []
    for one in code.split("+"):
        who, _, count = one.partition("*")
        if not count.isdecimal():
            raise Refused("mission_quorum", parts=MAX_PARTS, count=5)
        found.append(Part(who, int(count)))
    return tuple(found)
