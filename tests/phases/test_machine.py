"""Phases: offered, never forced; one offer a condition; a history without gaps."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.phases.machine import (
    accept,
    choose,
    due_offer,
    executors_since_recovery,
    make_offer,
    met_conditions,
    silence_before,
    start,
    stay,
)
from bot.phases.model import Condition, OfferState, Phase, PhaseBook, PhaseFacts
from bot.phases.rules import PhaseRules
from bot.rules import load_rules

RULES = load_rules("phases", PhaseRules)
BEGIN = datetime(2026, 1, 5, 9, tzinfo=UTC)


def _ids() -> Callable[[], str]:
    numbers = count(1)
    return lambda: f"id{next(numbers)}"


def _at(days: float) -> datetime:
    return BEGIN + timedelta(days=days)


def _offered(phase: Phase, facts: PhaseFacts, days: float) -> tuple[Condition, Phase] | None:
    new_id = _ids()
    book = choose(start(new_id, BEGIN), phase, "chosen", new_id, BEGIN)
    met = due_offer(book.current, (), met_conditions(phase, BEGIN, facts, RULES, _at(days)), RULES, _at(days))
    return met and (met.condition, met.to_phase)


@pytest.mark.parametrize(
    ("phase", "facts", "offer"),
    [
        (Phase.GENERATOR, PhaseFacts(creative_done=3), (Condition.CAPTURED, Phase.BUILDER)),
        (Phase.GENERATOR, PhaseFacts(ideas=3), (Condition.CAPTURED, Phase.BUILDER)),
        (Phase.GENERATOR, PhaseFacts(creative_ready=1), (Condition.CAPTURED, Phase.BUILDER)),
        (Phase.GENERATOR, PhaseFacts(creative_done=2, ideas=2, bounces=5), None),
        (Phase.BUILDER, PhaseFacts(bounces=1), None),
        (Phase.BUILDER, PhaseFacts(bounces=2), (Condition.BOUNCED, Phase.RECOVERY)),
        (Phase.BUILDER, PhaseFacts(bounces=2, has_release_ahead=True), (Condition.BOUNCED, Phase.EXECUTOR)),
        (Phase.BUILDER, PhaseFacts(bounces=2, promo_action_done=1), (Condition.BOUNCED, Phase.EXECUTOR)),
        (Phase.BUILDER, PhaseFacts(bounces=2, promo_action_open=1), (Condition.BOUNCED, Phase.EXECUTOR)),
        (Phase.BUILDER, PhaseFacts(bounces=2, looked_back=True), (Condition.BOUNCED, Phase.RECOVERY)),
        (Phase.BUILDER, PhaseFacts(resolve_tagged=True), None),
        (Phase.EXECUTOR, PhaseFacts(release_days_past=13), None),
        (Phase.EXECUTOR, PhaseFacts(release_days_past=14), (Condition.DELIVERED, Phase.RECOVERY)),
        (Phase.EXECUTOR, PhaseFacts(promo_action_done=1), (Condition.DELIVERED, Phase.RECOVERY)),
        (Phase.EXECUTOR, PhaseFacts(promo_action_done=1, promo_action_open=1), None),
        (Phase.EXECUTOR, PhaseFacts(), None),
        (Phase.EXECUTOR, PhaseFacts(executors_since_recovery=3), (Condition.THIRD_EXECUTOR, Phase.RECOVERY)),
        (Phase.EXECUTOR, PhaseFacts(executors_since_recovery=2), None),
        (Phase.BUILDER, PhaseFacts(executors_since_recovery=3, release_days_past=20), None),
        (Phase.EXECUTOR, PhaseFacts(resolve_tagged=True), (Condition.RESOLVE, Phase.BUILDER)),
        (Phase.RECOVERY, PhaseFacts(), None),
        (Phase.RECOVERY, PhaseFacts(looked_back=True), (Condition.RESTED, Phase.GENERATOR)),
        (Phase.RECOVERY, PhaseFacts(looked_back=True, ready_clips_wait=True), (Condition.RESTED, Phase.BUILDER)),
        (Phase.GENERATOR, PhaseFacts(load_red=True), (Condition.LOAD_RED, Phase.RECOVERY)),
        (Phase.RECOVERY, PhaseFacts(load_red=True), None),
    ],
)
def test_the_table_of_offers(phase: Phase, facts: PhaseFacts, offer: tuple[Condition, Phase] | None) -> None:
    assert _offered(phase, facts, 8) == offer


def test_two_bounces_in_two_days_offer_only_on_day_three() -> None:
    facts = PhaseFacts(bounces=2)
    assert _offered(Phase.BUILDER, facts, 2) is None
    assert _offered(Phase.BUILDER, facts, 2.9) is None
    assert _offered(Phase.BUILDER, facts, 3) is not None


def test_rest_is_over_after_a_week_at_the_earliest() -> None:
    facts = PhaseFacts(looked_back=True)
    assert _offered(Phase.RECOVERY, facts, 6.99) is None
    assert _offered(Phase.RECOVERY, facts, 7) == (Condition.RESTED, Phase.GENERATOR)


def test_a_red_load_check_does_not_wait_three_days() -> None:
    assert _offered(Phase.BUILDER, PhaseFacts(bounces=2, load_red=True), 0.1) == (Condition.LOAD_RED, Phase.RECOVERY)


def _offered_after_release(new_id: Callable[[], str]) -> tuple[PhaseBook, str]:
    """Return somebody in Executor to whom a phase was offered on day 4, after a release, and the id of the offer."""
    book = choose(start(new_id, BEGIN), Phase.EXECUTOR, "chosen", new_id, BEGIN)
    delivered = met_conditions(Phase.EXECUTOR, BEGIN, PhaseFacts(release_days_past=20), RULES, _at(4))
    book = make_offer(book, delivered, RULES, new_id, _at(4))
    assert book.open_offer is not None
    return book, book.open_offer.id


def test_stay_silences_for_a_week_and_the_same_condition_for_the_whole_stay() -> None:
    new_id = _ids()
    book, offer = _offered_after_release(new_id)
    delivered = met_conditions(Phase.EXECUTOR, BEGIN, PhaseFacts(release_days_past=20), RULES, _at(4))
    assert make_offer(book, delivered, RULES, new_id, _at(5)) == book, "one open offer at a time"
    book = stay(book, offer, _at(5))
    more = met_conditions(Phase.EXECUTOR, BEGIN, PhaseFacts(release_days_past=22, resolve_tagged=True), RULES, _at(6))
    assert make_offer(book, more, RULES, new_id, _at(6)) == book
    assert make_offer(book, more, RULES, new_id, _at(11.99)) == book
    later = make_offer(book, more, RULES, new_id, _at(12))
    assert later.open_offer is not None
    assert later.open_offer.condition is Condition.RESOLVE


def test_accepting_an_expired_or_superseded_offer_changes_nothing() -> None:
    new_id = _ids()
    book = start(new_id, BEGIN)
    met = met_conditions(Phase.GENERATOR, BEGIN, PhaseFacts(ideas=3), RULES, _at(4))
    book = make_offer(book, met, RULES, new_id, _at(4))
    assert book.open_offer is not None
    offer = book.open_offer.id
    book = choose(book, Phase.RECOVERY, "chosen", new_id, _at(5))
    assert accept(book, offer, new_id, _at(6)) == book
    assert book.offers[0].state is OfferState.EXPIRED


def test_a_yes_moves_along_its_own_offer_and_leaves_the_earlier_ones_as_they_were() -> None:
    new_id = _ids()
    book, refused = _offered_after_release(new_id)
    book = stay(book, refused, _at(4))
    assert accept(book, refused, new_id, _at(5)) == book, "the one that was answered is not open any more"
    tagged = met_conditions(Phase.EXECUTOR, BEGIN, PhaseFacts(resolve_tagged=True), RULES, _at(12))
    book = make_offer(book, tagged, RULES, new_id, _at(12))
    assert book.open_offer is not None
    assert stay(book, refused, _at(13)) == book
    book = accept(book, book.open_offer.id, new_id, _at(13))
    assert book.current.phase is Phase.BUILDER
    assert book.current.reason == Condition.RESOLVE
    assert [(offer.state, offer.decided_at) for offer in book.offers] == [
        (OfferState.STAYED, _at(4)),
        (OfferState.ACCEPTED, _at(13)),
    ]


def test_the_third_executor_counts_from_the_last_recovery() -> None:
    new_id = _ids()
    book = start(new_id, BEGIN)
    for number, phase in enumerate([Phase.EXECUTOR, Phase.BUILDER, Phase.EXECUTOR, Phase.BUILDER, Phase.EXECUTOR]):
        book = choose(book, phase, "chosen", new_id, _at(number))
    assert executors_since_recovery(book.entries) == 3
    book = choose(book, Phase.RECOVERY, "chosen", new_id, _at(9))
    assert executors_since_recovery(book.entries) == 0


facts = st.builds(
    PhaseFacts,
    creative_done=st.integers(0, 4),
    ideas=st.integers(0, 4),
    bounces=st.integers(0, 3),
    release_days_past=st.none() | st.integers(0, 20),
    promo_action_open=st.integers(0, 1),
    promo_action_done=st.integers(0, 1),
    has_release_ahead=st.booleans(),
    looked_back=st.booleans(),
    resolve_tagged=st.booleans(),
    load_red=st.booleans(),
)
events = st.one_of(
    st.tuples(st.just("facts"), facts, st.floats(-1, 5)),
    st.tuples(st.just("choose"), st.sampled_from(Phase), st.floats(0, 3)),
    st.tuples(st.just("accept"), st.none(), st.floats(0, 3)),
    st.tuples(st.just("stay"), st.none(), st.floats(0, 3)),
)


@settings(max_examples=100)
@given(st.lists(events, max_size=40))
def test_random_lives_keep_one_current_phase_a_gapless_history_and_move_only_by_clicks(
    life: list[tuple[str, object, float]],
) -> None:
    new_id = _ids()
    book = start(new_id, BEGIN)
    now = BEGIN
    for kind, value, days in life:
        now += timedelta(days=days)
        before = book
        if kind == "facts":
            assert isinstance(value, PhaseFacts)
            met = met_conditions(book.current.phase, book.current.entered_at, value, RULES, now)
            book = make_offer(book, met, RULES, new_id, now)
            assert book.entries == before.entries, "no event moves a person"
        elif kind == "choose":
            assert isinstance(value, Phase)
            book = choose(book, value, "chosen", new_id, now)
            assert book.current.phase is value
        elif book.open_offer is not None:
            offer = book.open_offer
            book = accept(book, offer.id, new_id, now) if kind == "accept" else stay(book, offer.id, now)
            assert book.current.phase is (offer.to_phase if kind == "accept" else before.current.phase)
        _sound(book)


def _sound(book: PhaseBook) -> None:
    assert book.current.left_at is None
    assert [entry.left_at is None for entry in book.entries].count(True) == 1
    for entry, after in zip(book.entries, book.entries[1:], strict=False):
        assert entry.left_at == after.entered_at
        assert entry.entered_at <= after.entered_at
        assert entry.phase is not after.phase
    assert sum(offer.state is OfferState.OPEN for offer in book.offers) <= 1
    pairs = [(offer.entry_id, offer.condition) for offer in book.offers]
    assert len(pairs) == len(set(pairs)), "a condition is offered once a stay"


@pytest.mark.parametrize("phase", Phase)
def test_every_phase_can_be_reached_and_left(phase: Phase) -> None:
    new_id = _ids()
    book = choose(start(new_id, BEGIN), phase, "chosen", new_id, _at(1))
    assert book.current.phase is phase
    for other in Phase:
        assert choose(book, other, "chosen", new_id, _at(2)).current.phase is other


def test_a_silence_counts_from_21_days_on_and_while_the_return_is_new() -> None:
    now = _at(100)

    def ago(*days: float) -> list[datetime]:
        return [now - timedelta(days=day) for day in days]

    assert silence_before(ago(20), RULES, now) is None
    assert silence_before(ago(22), RULES, now) == 22
    assert silence_before(ago(30, 2), RULES, now) == 28
    assert silence_before(ago(40, 9), RULES, now) is None, "that return is over a week old"
    assert silence_before([], RULES, now) is None
    assert silence_before(ago(20.99), RULES, now) is None
    assert silence_before(ago(21), RULES, now) == 21
    assert silence_before(ago(40, 7), RULES, now) == 33, "back for a week, and still new"
    assert silence_before(ago(40, 7.01), RULES, now) is None
    assert silence_before(ago(2, -25), RULES, now) is None, "what lies ahead ends no silence"
    assert silence_before([*ago(2, 30), *ago(60)], RULES, now) == 28, "the last silence, in whatever order"
