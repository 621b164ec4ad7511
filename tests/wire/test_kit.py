"""The kit itself: what must not be left at the end of a test is told, and the API description bites."""

import pytest

from bot.clock import FixedClock
from bot.local.core import Exchange
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient
from tests.wire.kit import Stage
from tests.wire.openapi import SHARED, missing


async def test_everything_left_over_is_told(clock: FixedClock) -> None:
    async with LocalDiscord(clock) as server, RawClient(server) as client:
        stage = Stage(server)
        assert stage.complaints() == []
        path = f"/applications/{server.world.application.id}/commands"
        await client.call("PUT", path, [{"name": "go", "description": "Go."}])
        server.faults.named("unavailable", "GET", "/users/@me")
        await client.call("GET", "/nowhere")
        await client.call("POST", f"/channels/{server.world.channel('general').id}/messages", {})
        stage.person("Ada").person.slash("go")
        waiting = stage.complaints()
        assert [text.partition(":")[0] for text in waiting] == [
            "violation",
            "unknown route",
            "waiting",
            "unused fault",
        ]
        clock.advance(seconds=4)
        server.core.interactions.expire()
        assert "unanswered: Ada /go → The application did not respond" in stage.complaints()
        assert len(stage.forgive()) == 4
        assert stage.complaints() == []


async def test_a_newcomer_joins_and_is_seen(stage: Stage) -> None:
    cleo = stage.newcomer("Cleo")
    await cleo.say("hello all")
    assert "Cleo: hello all" in stage.person("Ada").sees()
    stranger = stage.newcomer("Sam", member=False)
    assert stranger.go("DM").sees() == ""


def exchange(request: object, status: int, response: object) -> Exchange:
    return Exchange("POST", "/channels/{channel_id}/messages", request, status, response)  # type: ignore[arg-type]


@pytest.mark.skipif(SHARED.openapi is None, reason=missing())
def test_the_api_description_finds_wrong_requests_and_answers() -> None:
    check = SHARED.openapi
    assert check is not None
    wrong_key, wrong_answer = check(exchange({"contents": "x"}, 200, {"id": "1"}))[:2]
    assert "'contents' was unexpected" in wrong_key
    assert "required property" in wrong_answer
    assert check(exchange(None, 404, {"message": "Unknown Channel", "code": 10003})) == []
    assert check(exchange(None, 404, "gone")) == [
        "POST /channels/{channel_id}/messages answer status 404 without a code"
    ]
    unknown = Exchange("GET", "/nowhere", None, 200, None)
    assert check(unknown) == []


@pytest.mark.skipif(SHARED.openapi is None, reason=missing())
def test_an_error_in_a_union_names_the_branch_that_was_meant() -> None:
    check = SHARED.openapi
    assert check is not None
    button = {"type": 2, "style": 1, "custom_id": "x", "label": "y" * 81}
    body = {"components": [{"type": 1, "components": [button]}]}
    (error,) = check.request_errors("POST", "/channels/{channel_id}/messages", body)
    assert error.startswith("at components/0/components/0/label")
