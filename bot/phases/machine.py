"""The phases as a state machine: which offers are due, and what a click does. Only a click moves anybody."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import pairwise

from bot.phases.model import Condition, Offer, OfferState, Phase, PhaseBook, PhaseEntry, PhaseFacts
from bot.phases.rules import PhaseRules


@dataclass(frozen=True, slots=True)
class Met:
    """A condition that is fulfilled, and where it leads."""

    condition: Condition
    to_phase: Phase


def met_conditions(
    phase: Phase, entered_at: datetime, facts: PhaseFacts, rules: PhaseRules, now: datetime
) -> tuple[Met, ...]:
    """Return what is fulfilled in `phase`, in table order (also shown by `/coach phase`)."""
    met: list[Met] = []
    if phase is Phase.GENERATOR and (
        facts.creative_done >= rules.generator_creative
        or facts.ideas >= rules.generator_creative
        or facts.creative_ready >= 1
    ):
        met.append(Met(Condition.CAPTURED, Phase.BUILDER))
    if phase is Phase.BUILDER and facts.bounces >= rules.builder_bounces:
        forward = facts.has_release_ahead or facts.promo_action_open + facts.promo_action_done > 0
        met.append(Met(Condition.BOUNCED, Phase.EXECUTOR if forward else Phase.RECOVERY))
    if phase is Phase.EXECUTOR:
        past = facts.release_days_past is not None and facts.release_days_past >= rules.executor_days_after_release
        if past or (facts.promo_action_done >= 1 and facts.promo_action_open == 0):
            met.append(Met(Condition.DELIVERED, Phase.RECOVERY))
        if facts.executors_since_recovery >= rules.executors_until_recovery:
            met.append(Met(Condition.THIRD_EXECUTOR, Phase.RECOVERY))
    if phase is Phase.RECOVERY and facts.looked_back and now - entered_at >= timedelta(days=rules.recovery_days):
        met.append(Met(Condition.RESTED, Phase.BUILDER if facts.ready_clips_wait else Phase.GENERATOR))
    if phase is not Phase.BUILDER and facts.resolve_tagged:
        met.append(Met(Condition.RESOLVE, Phase.BUILDER))
    if phase is not Phase.RECOVERY and facts.load_red:
        met.append(Met(Condition.LOAD_RED, Phase.RECOVERY))
    return tuple(met)


def due_offer(
    entry: PhaseEntry, offers: Iterable[Offer], met: Sequence[Met], rules: PhaseRules, now: datetime
) -> Met | None:
    """Return the offer to make now, or None.

    At least 3 days in a phase (a red load check excepted), one offer per condition and entry, one open at a
    time, silence for 7 days after **Stay**. `offers`: those of this person's present entry.
    """
    own = [offer for offer in offers if offer.entry_id == entry.id]
    if any(offer.state is OfferState.OPEN for offer in own):
        return None
    silence = timedelta(days=rules.stay_silence_days)
    if any(o.state is OfferState.STAYED and o.decided_at and now - o.decided_at < silence for o in own):
        return None
    made = {offer.condition for offer in own}
    young = now - entry.entered_at < timedelta(days=rules.least_days)
    for candidate in met:
        if candidate.condition in made or (young and candidate.condition is not Condition.LOAD_RED):
            continue
        return candidate
    return None


NewId = Callable[[], str]


def start(new_id: NewId, now: datetime) -> PhaseBook:
    """Return the book of a new person: the first phase is Generator."""
    return PhaseBook((PhaseEntry(new_id(), Phase.GENERATOR, now, "setup"),))


def choose(book: PhaseBook, to: Phase, reason: str, new_id: NewId, now: datetime) -> PhaseBook:
    """Enter `to`. The same phase again changes nothing. Time never runs backwards in the history."""
    current = book.current
    if current.phase is to:
        return book
    at = max(now, current.entered_at)
    offers = tuple(
        replace(o, state=OfferState.EXPIRED, decided_at=at) if o.state is OfferState.OPEN else o for o in book.offers
    )
    entries = (*book.entries[:-1], replace(current, left_at=at), PhaseEntry(new_id(), to, at, reason))
    return PhaseBook(entries, offers)


def make_offer(book: PhaseBook, met: Sequence[Met], rules: PhaseRules, new_id: NewId, now: datetime) -> PhaseBook:
    """Open the offer that is due, if one is."""
    due = due_offer(book.current, book.offers, met, rules, now)
    if due is None:
        return book
    offer = Offer(new_id(), book.current.id, due.condition, due.to_phase, OfferState.OPEN, now)
    return replace(book, offers=(*book.offers, offer))


def accept(book: PhaseBook, offer_id: str, new_id: NewId, now: datetime) -> PhaseBook:
    """Follow an open offer of the present entry; an expired or superseded one changes nothing."""
    offer = next((o for o in book.offers if o.id == offer_id), None)
    if offer is None or offer.state is not OfferState.OPEN or offer.entry_id != book.current.id:
        return book
    decided = tuple(
        replace(o, state=OfferState.ACCEPTED, decided_at=now) if o.id == offer_id else o for o in book.offers
    )
    return choose(replace(book, offers=decided), offer.to_phase, str(offer.condition), new_id, now)


def stay(book: PhaseBook, offer_id: str, now: datetime) -> PhaseBook:
    """Close an open offer and be left alone for a week."""
    return replace(
        book,
        offers=tuple(
            replace(o, state=OfferState.STAYED, decided_at=now)
            if o.id == offer_id and o.state is OfferState.OPEN
            else o
            for o in book.offers
        ),
    )


def executors_since_recovery(entries: Iterable[PhaseEntry]) -> int:
    """Count the stays in Executor since the last Recovery, the present one included."""
    count = 0
    for entry in entries:
        if entry.phase is Phase.RECOVERY:
            count = 0
        elif entry.phase is Phase.EXECUTOR:
            count += 1
    return count


def silence_before(moments: Iterable[datetime], rules: PhaseRules, now: datetime) -> int | None:
    """Return how many days of silence ended within the last week, from 21 on; None where there was no such silence.

    `moments`: when something happened, the entry into the phase included; `now` counts as coming back.
    """
    ordered = sorted({*(moment for moment in moments if moment <= now), now})
    found: int | None = None
    for before, after in pairwise(ordered):
        days = (after - before).days
        if days >= rules.idle_days and now - after <= timedelta(days=rules.back_within_days):
            found = days
    return found
