"""Texts: parts escaped once, plurals, times, links, fallbacks."""

from datetime import UTC, date, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.say.card import escape, join, markup, plain, raw
from bot.say.words import Catalogue, CommandLinks, lint, placeholders, read_catalogue


def catalogue() -> Catalogue:
    return Catalogue(
        {
            "en": {
                "a": "Hello {name}",
                "n": {"one": "{count} clip", "other": "{count} clips"},
                "z": {"zero": "no clip at all", "one": "{count} clip", "other": "{count} clips"},
                "w": "at {when:R} on {day}",
                "l": "Try {link:/loop show}.",
                "s": "**{share:.0%}**",
            },
            "de": {"a": "Hallo {name}"},
        },
        CommandLinks({"loop": 77}),
    )


def test_what_people_typed_is_shown_as_typed() -> None:
    said = catalogue().t("a", name="*Night* <@1> @everyone")
    assert said == "Hello \\*Night\\* \\<@1> @\u200beveryone"
    assert said.plain == "Hello *Night* <@1> @everyone"


def test_a_part_that_is_markup_already_stays() -> None:
    assert catalogue().t("a", name=raw("<@1>")) == "Hello <@1>"


def test_nothing_is_escaped_twice() -> None:
    once = catalogue().t("a", name="a_b")
    assert markup(once) == once == "Hello a\\_b"
    assert join(", ", [once, "c_d"]) == "Hello a\\_b, c\\_d"
    assert plain(raw("**a_b**", "a_b")) == "a_b"


@given(st.text())
def test_escaped_text_holds_no_live_mark(typed: str) -> None:
    shown = escape(typed)
    assert "@everyone" not in shown
    assert "@here" not in shown
    bare = shown.replace("\\\\", "")
    for sign in "*_~`|<[":
        assert bare.count(sign) == bare.count("\\" + sign)


def test_plurals_follow_the_count() -> None:
    assert catalogue().t("n", count=1) == "1 clip"
    assert catalogue().t("n", count=0) == "0 clips"
    assert catalogue().t("z", count=0) == "no clip at all"
    assert catalogue().t("z", count=2) == "2 clips"


def test_times_are_shown_in_the_readers_zone_and_days_in_british_order() -> None:
    said = catalogue().t("w", when=datetime(2026, 6, 12, 18, tzinfo=UTC), day=date(2026, 6, 14))
    assert said == "at <t:1781287200:R> on Sun 14 Jun"


def test_a_link_is_clickable_once_the_command_is_known() -> None:
    known = catalogue()
    assert known.t("l") == "Try </loop show:77>."
    known.links.replace({})
    assert known.t("l") == "Try `/loop show`."
    assert known.t("l").plain == "Try /loop show."


def test_a_locale_falls_back_to_its_language_and_then_to_english() -> None:
    assert catalogue().t("a", "de-AT", name="x") == "Hallo x"
    assert catalogue().t("a", "fr", name="x") == "Hello x"


def test_a_missing_part_or_key_is_a_mistake_that_shows() -> None:
    with pytest.raises(KeyError, match="name"):
        catalogue().t("a")
    with pytest.raises(KeyError, match="nowhere"):
        catalogue().t("nowhere")


def test_marks_of_our_own_are_not_read_out() -> None:
    assert catalogue().t("s", share=0.31) == "**31%**"
    assert catalogue().t("s", share=0.31).plain == "31%"


def test_the_linter_finds_scolding_and_leaves_plain_words_alone() -> None:
    assert lint("You must finish, no excuses") == ["must", "excuses"]
    assert lint({"one": "a failure", "other": "mustard"}) == ["failure"]
    assert lint("A mustard seed stands behind-the-scenes") == []


def test_the_pseudo_locale_is_longer_and_keeps_its_parts() -> None:
    said = catalogue().pseudo().t("a", name="x")
    assert said.startswith("[")
    assert len(said) >= 1.4 * len("Hello x")
    assert placeholders(catalogue().pseudo().keys()["l"]) == {"link:/loop show"}


def test_the_shipped_catalogue_reads() -> None:
    assert read_catalogue().t("card.more", count=3).plain == "and 3 more"
