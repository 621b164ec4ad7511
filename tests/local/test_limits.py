"""The golden list: 54 payloads that Discord refuses, and their twins at the limit that it takes."""

from typing import Any

import pytest

from bot.local.model import InteractionType
from bot.local.server import LocalDiscord
from tests.local.bad_payloads import BAD, GOOD, Payload
from tests.local.rawclient import RawClient
from tests.wire.openapi import SHARED, missing

CREATE = "/channels/{channel_id}/messages"
CALLBACK = "/interactions/{interaction_id}/{interaction_token}/callback"
ROUTES = {
    "create": ("POST", CREATE),
    "edit": ("PATCH", f"{CREATE}/{{message_id}}"),
    "callback": ("POST", CALLBACK),
    "follow_up": ("POST", "/webhooks/{webhook_id}/{webhook_token}"),
    "modal": ("POST", CALLBACK),
    "autocomplete": ("POST", CALLBACK),
    "commands": ("PUT", "/applications/{application_id}/commands"),
}
CALLBACK_TYPES = {"callback": 4, "modal": 9, "autocomplete": 8}


def wire_body(payload: Payload) -> Any:
    kind = CALLBACK_TYPES.get(payload.where)
    return {"type": kind, "data": payload.body} if kind else payload.body


async def send(server: LocalDiscord, client: RawClient, payload: Payload) -> tuple[int, Any]:
    """Send a payload to the endpoint it is meant for."""
    world = server.world
    channel = world.channel("general")
    base = f"/channels/{channel.id}/messages"
    files = dict.fromkeys(payload.files, b"data")
    body = wire_body(payload)
    if payload.where == "create":
        return await client.call("POST", base, body, files=files)
    if payload.where == "edit":
        _, made = await client.call("POST", base, {"content": "first"})
        return await client.call("PATCH", f"{base}/{made['id']}", body)
    if payload.where == "commands":
        return await client.call("PUT", f"/applications/{world.application.id}/commands", body)
    kind = InteractionType.AUTOCOMPLETE if payload.where == "autocomplete" else InteractionType.COMMAND
    asked = server.core.interactions.start(kind, server.person("Ada").id, channel, {})
    path = f"/interactions/{asked.id}/{asked.token}/callback"
    if payload.where == "follow_up":
        await client.call("POST", path, {"type": 4, "data": {"content": "first"}}, auth=False)
        return await client.call("POST", f"/webhooks/{world.application.id}/{asked.token}", body, auth=False)
    return await client.call("POST", path, body, auth=False)


@pytest.mark.parametrize("payload", BAD, ids=lambda p: f"{p.number:02} {p.name}")
async def test_what_discord_refuses_is_refused(server: LocalDiscord, client: RawClient, payload: Payload) -> None:
    status, answer = await send(server, client, payload)
    assert (status, answer["code"]) == (400, payload.code), answer
    if payload.code == 50035:
        assert "_errors" in str(answer["errors"])
    for mark in payload.marks:
        assert mark in str(answer["errors"])
    assert server.core.violations


@pytest.mark.parametrize("payload", GOOD, ids=lambda p: p.name)
async def test_what_is_just_inside_the_limit_passes(server: LocalDiscord, client: RawClient, payload: Payload) -> None:
    status, answer = await send(server, client, payload)
    assert status in (200, 204), answer
    assert server.core.violations == []


@pytest.mark.parametrize("payload", BAD, ids=lambda p: f"{p.number:02} {p.name}")
def test_the_marks_say_what_the_api_description_refuses(payload: Payload) -> None:
    openapi = SHARED.openapi
    if openapi is None:
        pytest.skip(missing())
    method, route = ROUTES[payload.where]
    assert bool(openapi.request_errors(method, route, wire_body(payload))) is payload.spec


def test_the_list_is_complete() -> None:
    assert {payload.number for payload in BAD} == set(range(1, 55))


async def test_a_defer_takes_no_flag_but_ephemeral(server: LocalDiscord, client: RawClient) -> None:
    ada = server.person("Ada")
    for flags, status in ((64, 204), (1 << 15, 400)):
        asked = server.core.interactions.start(InteractionType.COMMAND, ada.id, ada.channel, {})
        path = f"/interactions/{asked.id}/{asked.token}/callback"
        assert (await client.call("POST", path, {"type": 5, "data": {"flags": flags}}, auth=False))[0] == status


async def test_mistakes_in_an_answer_are_told_below_data(server: LocalDiscord, client: RawClient) -> None:
    for number in (3, 36, 53):
        bad = next(payload for payload in BAD if payload.number == number)
        _, answer = await send(server, client, bad)
        assert list(answer["errors"]) == ["data"]


async def test_a_refused_answer_may_be_given_again(server: LocalDiscord, client: RawClient) -> None:
    ada = server.person("Ada")
    asked = server.core.interactions.start(InteractionType.COMMAND, ada.id, ada.channel, {})
    path = f"/interactions/{asked.id}/{asked.token}/callback"
    for content, status in (("x" * 2001, 400), ("x", 204), ("x", 400)):
        body = {"type": 4, "data": {"content": content}}
        assert (await client.call("POST", path, body, auth=False))[0] == status
