"""A bot without any Discord library: log in, sync, receive, answer. It proves the protocol, not a client's habits."""

from typing import Any

from bot.local.model import InteractionState
from bot.local.people import Upload
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient

COMMANDS: list[dict[str, Any]] = [
    {
        "name": "bounce",
        "description": "Bounces.",
        "options": [
            {
                "type": 1,
                "name": "show",
                "description": "Show one.",
                "options": [
                    {"type": 3, "name": "bounce", "description": "Which.", "required": True, "autocomplete": True},
                    {"type": 11, "name": "file", "description": "A file."},
                ],
            }
        ],
        "integration_types": [0, 1],
        "contexts": [0, 1, 2],
    },
    {"type": 3, "name": "Log it"},
]


async def test_a_bare_client_does_the_whole_round(server: LocalDiscord, client: RawClient) -> None:
    await client.identify()
    app = server.world.application.id
    status, synced = await client.call("PUT", f"/applications/{app}/commands", COMMANDS)
    assert status == 200
    assert [c["name"] for c in synced] == ["bounce", "Log it"]
    received: list[dict[str, Any]] = []

    async def answer(data: dict[str, Any]) -> None:
        received.append(data)
        path = f"/interactions/{data['id']}/{data['token']}/callback"
        if data["type"] == 4:
            choices = [{"name": "Night Drive", "value": "nd"}]
            await client.call("POST", path, {"type": 8, "data": {"choices": choices}}, auth=False)
        elif data["type"] == 2:
            button = {"type": 2, "style": 1, "label": "Edit", "custom_id": "edit"}
            picture = {"type": 12, "items": [{"media": {"url": "attachment://a.png"}, "description": "Levels"}]}
            body = {
                "flags": 1 << 15,
                "components": [{"type": 17, "components": [picture]}, {"type": 1, "components": [button]}],
                "attachments": [{"id": "0", "filename": "a.png"}],
            }
            told = await client.call(
                "POST", path, {"type": 4, "data": body}, files={"a.png": b"png"}, auth=False, with_response="true"
            )
            assert told[1]["resource"]["message"]["components"][0]["components"][0]["items"][0]["media"]["url"]
        elif data["type"] == 3:
            field = {"type": 18, "label": "Name", "component": {"type": 4, "custom_id": "name", "style": 1}}
            modal = {"title": "Edit", "custom_id": "form", "components": [field]}
            await client.call("POST", path, {"type": 9, "data": modal}, auth=False)
        else:
            await client.call("POST", path, {"type": 5, "data": {"flags": 64}}, auth=False)
            base = f"/webhooks/{app}/{data['token']}"
            name = data["data"]["components"][0]["component"]["value"]
            await client.call("PATCH", f"{base}/messages/@original", {"content": f"Named {name}"}, auth=False)

    client.on_interaction = answer
    ada = server.person("Ada")
    assert await ada.autocomplete("bounce show", "bounce", "ni") == [{"name": "Night Drive", "value": "nd"}]
    shown = ada.slash("bounce show", bounce="nd", file=Upload("mix.wav", b"wave"))
    await server.until(lambda: shown.state is InteractionState.ANSWERED)
    command = received[1]
    assert command["data"]["options"][0]["options"][0] == {"type": 3, "name": "bounce", "value": "nd"}
    assert next(iter(command["data"]["resolved"]["attachments"].values()))["filename"] == "mix.wav"
    assert command["attachment_size_limit"] == 10 * 1024 * 1024
    assert command["member"]["user"]["username"] == "ada"
    opened = ada.click(ada.sees()[-1], "Edit")
    await server.until(lambda: opened.state is InteractionState.MODAL)
    sent = ada.submit(opened, {"name": "Quay"})
    await server.until(lambda: sent.state is InteractionState.ANSWERED)
    assert ada.sees()[-1].content == "Named Quay"
    assert server.core.violations == []
    assert server.core.unknown_routes == []


async def test_a_private_conversation_is_opened_once(server: LocalDiscord, client: RawClient) -> None:
    ada = server.person("Ada")
    _, first = await client.call("POST", "/users/@me/channels", {"recipient_id": ada.id})
    _, second = await client.call("POST", "/users/@me/channels", {"recipient_id": str(ada.id)})
    assert first["id"] == second["id"]
    assert first["recipients"][0]["username"] == "ada"
