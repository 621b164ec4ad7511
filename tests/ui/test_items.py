"""custom_ids go out and come back as they were, and no press has two handlers."""

from datetime import UTC, datetime, timedelta
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.ui import common
from bot.ui.controls import Controls, control, pattern_of
from bot.ui.items import MAX_CUSTOM_ID, ControlId, parse_custom_id

words = st.from_regex(r"[a-z][a-z0-9-]{0,9}", fullmatch=True)
ids = st.from_regex(r"[A-Za-z0-9_.=,-]{1,32}", fullmatch=True)
moments = st.integers(0, 4_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
args = st.text(st.characters(exclude_categories=["Cs"]), max_size=12)
targets = st.builds(ControlId, words, words, ids, args, st.none() | st.integers(0, 2**63), st.none() | moments)


@given(targets)
def test_a_custom_id_comes_back_as_it_went_out(target: ControlId) -> None:
    text = target.format()
    assert len(text) <= MAX_CUSTOM_ID
    assert parse_custom_id(text) == target


@pytest.mark.parametrize("foreign", ["", "v1:loop", "v2:loop:done:x", "loop:done:x", "v1:Loop:done:x", "v1:a:b:c d"])
def test_a_foreign_custom_id_is_nobodys(foreign: str) -> None:
    assert parse_custom_id(foreign) is None


def test_a_custom_id_that_is_too_long_is_refused() -> None:
    with pytest.raises(ValueError, match="characters"):
        ControlId("loop", "done", "x" * 40, "y" * 60).format()


async def _nothing(_press: object) -> None: ...


@given(targets, targets)
def test_patterns_of_two_controls_never_match_one_custom_id(one: ControlId, other: ControlId) -> None:
    if one.name == other.name:
        return
    first, second = (control(t.area, t.action)(_nothing) for t in (one, other))
    assert pattern_of(first).fullmatch(one.format())
    assert not pattern_of(second).fullmatch(one.format())


def test_two_declarations_of_one_name_are_refused() -> None:
    module = ModuleType("cog")
    vars(module).update(a=control("loop", "done")(_nothing), b=control("loop", "done")(_nothing))
    with pytest.raises(ValueError, match="loop:done"):
        Controls().collect(module)


def test_collecting_a_module_twice_changes_nothing() -> None:
    controls = Controls()
    controls.collect(common)
    controls.collect(common)
    assert {"ui:again", "ui:undo", "ui:remove"} <= set(controls.presses)
    assert len(controls.dynamic_items()) == len(controls.presses)


def test_expiry_and_owner_are_kept_to_the_second() -> None:
    until = datetime(2026, 11, 21, 4, 0, tzinfo=UTC) + timedelta(minutes=3)
    target = ControlId("loop", "delete", "abc", "all", 1234567890123456789, until)
    assert parse_custom_id(target.format()) == target
