"""The crisis matcher on labelled lines, and the support list as dated data."""

import os
import re
import tomllib
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.coach import safety
from bot.coach.safety import (
    FACT_DAYS,
    HelpLine,
    help_lines,
    is_crisis,
    load_help_lines,
    load_phrases,
    region_of,
)
from bot.paths import assets_dir

LABELLED = tomllib.loads((Path(__file__).parent / "data" / "crisis_labelled.toml").read_text("utf-8"))
FALSE_ALARMS_MAX = 0.05


@pytest.mark.parametrize("text", LABELLED["statements"])
def test_every_plain_statement_is_caught(text: str) -> None:
    assert is_crisis(text)


def test_few_idioms_raise_a_false_alarm(record_property: pytest.FixtureRequest) -> None:
    alarms = [text for text in LABELLED["idioms"] if is_crisis(text)]
    rate = len(alarms) / len(LABELLED["idioms"])
    record_property("crisis_false_alarm_rate", rate)  # type: ignore[operator]
    print(f"\ncrisis matcher: {len(LABELLED['statements'])} statements, {rate:.1%} false alarms: {alarms}")
    assert rate <= FALSE_ALARMS_MAX, alarms


def test_there_are_enough_labelled_lines_of_each_kind() -> None:
    assert min(len(set(LABELLED["statements"])), len(set(LABELLED["idioms"]))) >= 60


def test_an_idiom_beside_a_statement_hides_nothing() -> None:
    assert is_crisis("I cut myself some slack, but I still want to kill myself")
    assert is_crisis("wins: none", "", "challenges: I want to end it all")
    assert not is_crisis("", "two bounces", "finished the bridge")


@pytest.mark.parametrize(
    "text",
    [
        "I can't go on without her",
        "I can't go on after this",
        "shooting myself in the head",
        "I'm tired of living with this pain",
        "I don't want to live with this",
        "My mum called and I want to die",
        "I'll end it all with a rope",
        "I'm ending it all on Friday",
        "I want to end it all with a suicide note",
        "The track is fine. I wish I was dead",
        "drowning myself in the river",
        "taking my life tonight",
        "Overdosing on my medication",
    ],
)
def test_words_close_to_an_idiom_are_still_caught(text: str) -> None:
    assert is_crisis(text)


def test_signs_accents_and_stretched_letters_do_not_hide_a_statement() -> None:
    for text in (
        "I want to dieeeee",
        "kill\u200b myself",
        "ＫＩＬＬ ＭＹＳＥＬＦ",
        "k!ll myself, I mean kill myself",
        "suicíde",
    ):
        assert is_crisis(text), text


def to_look_at(today: date) -> list[str]:
    """Return what somebody has to look at before a release is made on a day."""
    old = [f"{line.name} ({line.region})" for line in load_help_lines() if line.needs_check(today)]
    phrases = load_phrases()
    if not (phrases.reviewed_by and phrases.reviewed_on):
        old.append(PHRASES)
    return old


PHRASES = "crisis phrases: a review by someone qualified"
LOOKED = date(2026, 6, 1)


@pytest.fixture
def dated(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Return a way to fill in the dates of the shipped lists, whatever they hold now, as a reviewer would."""

    def fill_in(day: str) -> None:
        reviewer = "A reviewer" if day else ""
        for name, lines in {
            "facts/crisis_resources.toml": [("last_verified", day)],
            "safety/crisis_phrases.toml": [("reviewed_by", reviewer), ("reviewed_on", day)],
        }.items():
            text = (assets_dir() / name).read_text("utf-8")
            for key, value in lines:
                text, count = re.subn(rf'^{key} = ".*"$', f'{key} = "{value}"', text, flags=re.MULTILINE)
                assert count > 0
            (tmp_path / name).parent.mkdir(exist_ok=True)
            (tmp_path / name).write_text(text, "utf-8")
        monkeypatch.setattr(safety, "assets_dir", lambda: tmp_path)
        load_help_lines.cache_clear()
        load_phrases.cache_clear()

    yield fill_in
    load_help_lines.cache_clear()
    load_phrases.cache_clear()


def test_lists_that_nobody_has_looked_at_stop_a_release_line_by_line(dated: Callable[[str], None]) -> None:
    dated("")
    assert [line.checked for line in load_help_lines()] == [None] * len(load_help_lines())
    assert len(to_look_at(LOOKED)) == len(load_help_lines()) + 1
    assert to_look_at(LOOKED)[-1] == PHRASES


def test_filling_in_the_dates_is_all_that_a_release_waits_for(dated: Callable[[str], None]) -> None:
    dated(LOOKED.isoformat())
    assert to_look_at(LOOKED) == []
    assert to_look_at(LOOKED + timedelta(days=FACT_DAYS)) == []
    assert len(to_look_at(LOOKED + timedelta(days=FACT_DAYS + 1))) == len(load_help_lines())
    assert is_crisis("I want to die")


def test_the_phrase_list_names_its_reviewer_together_with_the_day() -> None:
    phrases = load_phrases()
    assert bool(phrases.reviewed_by) is bool(phrases.reviewed_on)
    assert not phrases.reviewed_on or date.fromisoformat(phrases.reviewed_on) >= date(2025, 1, 1)


def test_support_lines_of_a_region_come_first_and_an_unknown_region_shows_all() -> None:
    assert [line.name for line in help_lines("uk")][:2] == ["Emergency services", "Samaritans"]
    assert help_lines("uk")[-1].region == "international"
    assert help_lines(None) == load_help_lines() == help_lines("atlantis")
    assert region_of("Europe/London") == "uk"
    assert region_of("America/New_York") == "us"
    assert region_of("Asia/Tokyo") is None


def test_a_release_build_has_every_help_line_checked_and_the_phrases_reviewed() -> None:
    """Warns; a release build (`make release-check`) fails until somebody has looked and filled the dates in."""
    assert [line for line in load_help_lines() if not (line.region and line.name and line.how)] == []
    old = to_look_at(datetime.now(UTC).date())
    if os.environ.get("STUDIOHAND_RELEASE_BUILD"):
        assert old == [], "look at the source and fill in last_verified, reviewed_by and reviewed_on"
    elif old:
        warnings.warn("to check before a release build: " + ", ".join(old), stacklevel=1)


def test_a_line_checked_long_ago_needs_a_check() -> None:
    today = date(2026, 6, 1)
    line = HelpLine("uk", "Samaritans", "Call", "", "", "", today - timedelta(days=FACT_DAYS))
    assert not line.needs_check(today)
    assert line.needs_check(today + timedelta(days=1))
    assert replace(line, checked=None).needs_check(today), "a line that nobody has checked needs a check on any day"
