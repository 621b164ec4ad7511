"""Every row of the table: which policy, which sentence."""

import re
from datetime import UTC, datetime
from types import SimpleNamespace
from typing import Any

import discord
import pytest
from discord import app_commands

from bot.error_kinds import error_kinds, kind_of
from bot.errors import AlreadyDone, BotError, NotFound, Unavailable
from bot.ids import log_reference
from bot.loops.saving import NotSaved, TooManyWaiting
from bot.ports import Policy
from bot.say.card import Button
from bot.say.words import lint, placeholders, read_catalogue
from bot.ui.errors import TABLE, as_send_failure, card, classify, error_tree, reference_of, sentence

WORDS = read_catalogue().words("en")
NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)
KINDS = [error_kinds().ours[row.ours] if row.ours else kind_of(row.policy) for row in TABLE if row.name != "ours"]
"""Of what Discord answers, as the table of rows sorts it."""
CONTEXT = {"channel": "#bounces", "missing": "Attach Files", "limit": "10 MB", "typed": "x"}


def answer(status: int, reason: str = "", headers: dict[str, str] | None = None) -> Any:
    """Return what discord.py's errors read of an answer; a real one would need a connection."""
    return SimpleNamespace(status=status, reason=reason, headers=headers or {})


def refused(status: int, code: int = 0, headers: dict[str, str] | None = None) -> discord.HTTPException:
    response = answer(status, headers=headers)
    kind = {403: discord.Forbidden, 404: discord.NotFound}.get(status, discord.HTTPException)
    return kind(response, {"code": code, "message": "somebody's words"})


@pytest.mark.parametrize(
    ("status", "code", "policy"),
    [
        (404, 10062, Policy.LOG_ONLY),
        (404, 10015, Policy.LOG_ONLY),
        (400, 40060, Policy.LOG_ONLY),
        (401, 50027, Policy.HAND_OVER),
        (403, 50007, Policy.DM_CLOSED),
        (403, 50278, Policy.DM_CLOSED),
        (403, 40003, Policy.DM_TOO_FAST),
        (404, 10003, Policy.PLACE_GONE),
        (404, 10004, Policy.PLACE_GONE),
        (404, 10008, Policy.MESSAGE_GONE),
        (404, 10011, Policy.TARGET_GONE),
        (404, 10013, Policy.TARGET_GONE),
        (403, 50001, Policy.NO_ACCESS),
        (403, 50013, Policy.NO_ACCESS),
        (400, 50083, Policy.UNARCHIVE),
        (400, 30033, Policy.USE_PARENT),
        (400, 160006, Policy.USE_PARENT),
        (429, 30046, Policy.POST_NEW),
        (413, 40005, Policy.TOO_LARGE),
        (413, 0, Policy.TOO_LARGE),
        (400, 40094, Policy.FOLD_INTO_EDIT),
        (400, 50006, Policy.OUR_BUG),
        (400, 50035, Policy.OUR_BUG),
        (429, 20016, Policy.WAIT),
        (401, 0, Policy.STOP),
        (429, 0, Policy.WAIT),
        (500, 130000, Policy.RETRY),
        (503, 0, Policy.RETRY),
        (403, 0, Policy.NO_ACCESS),
        (418, 0, Policy.UNEXPECTED),
    ],
)
def test_each_answer_of_discord_has_its_policy(status: int, code: int, policy: Policy) -> None:
    assert classify(refused(status, code)).policy is policy
    assert as_send_failure(refused(status, code)).policy is policy


def test_every_row_has_a_sentence_that_does_not_scold() -> None:
    for kind in KINDS:
        if kind.says:
            assert not lint(WORDS.catalogue.keys()[kind.says])


def test_expired_answers_are_never_shown() -> None:
    assert sentence(classify(refused(404, 10062)), WORDS, "7K2F", CONTEXT) is None


def test_not_found_reads_the_same_for_wrong_and_foreign() -> None:
    said = sentence(classify(NotFound("loop", "/loop list")), WORDS, "", {})
    assert said == "I can’t find that loop. `/loop list` shows yours."


def test_an_error_inside_a_command_is_found_in_its_wrapper() -> None:
    command: Any = SimpleNamespace(name="show", qualified_name="loop show")  # all that the wrapper reads of one
    wrapped = app_commands.CommandInvokeError(command, AlreadyDone(what="approved", who="Ada", when=1))
    assert isinstance(classify(wrapped).error, AlreadyDone)


def test_what_is_unexpected_carries_a_reference_and_no_detail() -> None:
    error = ValueError("select * from loops where name='secret'")
    verdict = classify(error)
    said = sentence(verdict, WORDS, reference_of(error, 5), CONTEXT)
    assert said is not None
    assert log_reference("5:ValueError") in said
    assert "secret" not in said
    assert "ValueError" not in said


def test_slow_mode_says_how_long() -> None:
    assert as_send_failure(refused(429, 20016, {"Retry-After": "7"})).retry_after == 7


def test_every_sentence_has_all_its_parts() -> None:
    """Each is a whole sentence with everything filled in, and names the reference where it promises one."""
    said = {kind.says: str(WORDS(kind.says, ref="7K2F", **CONTEXT)) for kind in KINDS if kind.says}
    unfilled = {key: text for key, text in said.items() if re.search(r"[{}]|error\.[a-z_]", text)}
    assert unfilled == {}
    catalogue = WORDS.catalogue.keys()
    for key, text in said.items():
        for part in placeholders(catalogue[key]) & {"ref", *CONTEXT}:
            assert {"ref": "7K2F", **CONTEXT}[part] in text, key


def test_what_discord_says_of_somebodys_text_is_not_logged() -> None:
    """Only where it was: Discord repeats what was typed, and so may a complaint without places."""
    response = answer(400, "Bad Request")
    places = {
        "data": {"content": {"_errors": [{"code": "X", "message": "'My secret title' is too long"}]}},
        "name": {"_errors": [{"code": "Y", "message": "not allowed: secret\nand a second line of it"}]},
    }
    told = {"code": 50035, "message": "Invalid Form Body", "errors": places}
    assert error_tree(discord.HTTPException(response, told)) == "In data.content In name"
    bare = {"code": 50035, "message": "My secret title is not allowed"}
    assert error_tree(discord.HTTPException(response, bare)) == ""
    assert error_tree(ValueError("In my secret: title")) == ""


@pytest.mark.parametrize(
    ("headers", "expected"),
    [({}, None), ({"Retry-After": "0.5"}, 0.5), ({"Retry-After": "soon"}, None)],
)
def test_how_long_to_wait_is_read_where_it_is_said(headers: dict[str, str], expected: float | None) -> None:
    assert as_send_failure(refused(429, 20016, headers)).retry_after == expected


@pytest.mark.parametrize(
    ("status", "code", "helps"),
    [
        (503, 0, True),
        (429, 0, True),
        (418, 0, True),
        (403, 40003, True),
        (400, 50035, False),
        (403, 50013, False),
        (404, 10003, False),
        (413, 0, False),
    ],
)
def test_try_again_is_offered_where_trying_can_help(status: int, code: int, helps: bool) -> None:
    again = Button("loop", "again", "Try again")
    shown = card(classify(refused(status, code)), WORDS, "7K2F", CONTEXT, NOW, again)
    assert shown is not None
    assert list(shown.rows) == ([[again]] if helps else [])


@pytest.mark.parametrize(
    ("error", "helps"),
    [
        (Unavailable("closing"), True),
        (TooManyWaiting(count=20), True),
        (NotSaved(), False),
        (NotFound("loop", "/loop list"), False),
    ],
    ids=lambda one: one.code if isinstance(one, BotError) else "",
)
def test_try_again_is_offered_under_our_own_errors_too(error: BotError, helps: bool) -> None:
    again = Button("loop", "again", "Try again")
    shown = card(classify(error), WORDS, "7K2F", CONTEXT, NOW, again)
    assert shown is not None
    assert list(shown.rows) == ([[again]] if helps else [])


def test_a_payload_of_ours_that_is_wrong_has_a_reference_for_the_operator() -> None:
    """Nobody is told to try again: it would come to the same."""
    verdict = classify(refused(400, 50035))
    said = sentence(verdict, WORDS, "7K2F", CONTEXT)
    assert verdict.needs_reference
    assert said == "Something broke on my side and nothing was saved. It needs a repair: tell the operator ref 7K2F."


def test_a_code_that_is_in_no_table_reads_as_unexpected() -> None:
    said = sentence(classify(BotError("nobody_wrote_it_down")), WORDS, "7K2F", CONTEXT)
    assert said is not None
    assert "7K2F" in said
