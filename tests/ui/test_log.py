"""No secret reaches a log line, whatever shape it has and wherever it stands."""

import io
import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from bot.log import HIDDEN, Redactor, set_up_logging

TOKEN = "MTA5ODc2NTQzMjEwOTg3NjU0." + "GhIjKl." + "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789-_"
HOOK = "aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789_-aBcDeFgHiJkLmNoPqRsTuVwXyZ0123456789"
SHAPES = {
    TOKEN: f"token is {TOKEN}",
    "Bot " + TOKEN: f"header Bot {TOKEN}",
    "sk-ant-api03-abcdefghijklmnop": "key sk-ant-api03-abcdefghijklmnop.",
    HOOK: f"POST https://discord.com/api/v10/webhooks/109876543210987654/{HOOK}/messages/@original",
    HOOK + "x": f"POST https://discord.com/api/v10/interactions/109876543210987654/{HOOK}x/callback",
    "deadbeef99": "https://cdn.discordapp.com/attachments/1/2/a.png?ex=deadbeef99&is=deadbeef99&hm=deadbeef99",
    "hunter2secret": "postgresql://studio:hunter2secret@db/studiohand",
    "abc.def-ghi_jkl12345": "{'Authorization': 'abc.def-ghi_jkl12345'}",
}


@pytest.mark.parametrize(("secret", "line"), SHAPES.items(), ids=range(len(SHAPES)))
def test_secrets_are_hidden_by_their_shape(secret: str, line: str) -> None:
    shown = Redactor().text(line)
    assert secret not in shown
    assert HIDDEN in shown


def test_ordinary_lines_stay_as_they_are() -> None:
    line = "interaction command='loop show' ms=12 guild=109876543210987654 Robot parts"
    assert Redactor().text(line) == line


def test_secrets_known_at_start_are_hidden_literally_and_deep() -> None:
    redactor = Redactor(["correct horse"])
    shown = redactor(None, "info", {"event": "x", "deep": {"a": ["say correct horse"]}, "n": 3})
    assert "correct horse" not in str(shown)
    assert shown["n"] == 3


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    set_up_logging(json=True, secrets=["correct horse"], stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)


def test_our_lines_and_those_of_libraries_are_one_json_each(stream: io.StringIO) -> None:
    structlog.stdlib.get_logger("bot.x").info("interaction", command="loop show", ms=3)
    logging.getLogger("aiohttp.client").warning("asked %s", f"/webhooks/109876543210987654/{HOOK}")
    try:
        raise ValueError("the correct horse ran")
    except ValueError:
        structlog.stdlib.get_logger("bot.x").exception("broke")
    lines = [json.loads(line) for line in stream.getvalue().splitlines()]
    assert lines[0]["event"] == "interaction"
    assert lines[0]["command"] == "loop show"
    assert lines[0]["level"] == "info"
    assert HOOK not in stream.getvalue()
    assert "correct horse" not in stream.getvalue()
    assert "ValueError" in lines[2]["exception"]
