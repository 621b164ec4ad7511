"""The crisis matcher on labelled lines, and the support list as dated data."""

import os
import tomllib
import warnings
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import pytest

from bot.coach.safety import (
    FACT_DAYS,
    HelpLine,
    help_lines,
    is_crisis,
    load_help_lines,
    load_phrases,
    region_of,
)

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


def test_the_phrase_list_has_not_been_reviewed_yet_and_says_so() -> None:
    phrases = load_phrases()
    assert (phrases.reviewed_by, phrases.reviewed_on) == ("", "")


def test_support_lines_of_a_region_come_first_and_an_unknown_region_shows_all() -> None:
    assert [line.name for line in help_lines("uk")][:2] == ["Emergency services", "Samaritans"]
    assert help_lines("uk")[-1].region == "international"
    assert help_lines(None) == load_help_lines() == help_lines("atlantis")
    assert region_of("Europe/London") == "uk"
    assert region_of("America/New_York") == "us"
    assert region_of("Asia/Tokyo") is None


def test_a_release_build_has_every_help_line_checked_and_the_phrases_reviewed() -> None:
    """Warns; a release build (`make release-check`) fails until somebody has looked and filled the dates in."""
    today = datetime.now(UTC).date()
    assert all(line.region and line.name and line.how for line in load_help_lines())
    old = [f"{line.name} ({line.region})" for line in load_help_lines() if line.needs_check(today)]
    phrases = load_phrases()
    if not (phrases.reviewed_by and phrases.reviewed_on):
        old.append("crisis phrases: a review by someone qualified")
    if os.environ.get("STUDIOHAND_RELEASE_BUILD"):
        assert old == [], "look at the source and fill in last_verified, reviewed_by and reviewed_on"
    elif old:
        warnings.warn("to check before a release build: " + ", ".join(old), stacklevel=1)


def test_a_line_checked_long_ago_needs_a_check() -> None:
    today = date(2026, 6, 1)
    line = HelpLine("uk", "Samaritans", "Call", "", "", "", today - timedelta(days=FACT_DAYS))
    assert not line.needs_check(today)
    assert line.needs_check(today + timedelta(days=1))
    assert all(each.needs_check(today) for each in load_help_lines())
