"""Answers to interactions: callback, original message, follow-ups. No bot token: the path is the key."""

from typing import Any

from bot.local.errors import ApiError
from bot.local.model import Interaction, Message
from bot.local.rest.router import Call, Reply, Routes

routes = Routes()
_WEBHOOK = "/webhooks/{application_id}/{token}"


@routes.add("POST", "/interactions/{interaction_id}/{token}/callback", auth=False)
def callback(call: Call) -> Reply:
    """Take the first answer; 204, or the whole story with `with_response`."""
    interactions = call.core.interactions
    interaction_id = call.id("interaction_id")
    resource = interactions.answer(interaction_id, call.params["token"], call.body, call.uploads)
    if not call.flag("with_response"):
        return Reply(204)
    interaction = call.core.world.interactions[interaction_id]
    told: dict[str, Any] = {"id": str(interaction.id), "type": interaction.type}
    if interaction.response_id is not None:
        message = call.core.world.message(interaction.channel_id, interaction.response_id)
        told["response_message_id"] = str(interaction.response_id)
        told["response_message_loading"] = bool(message and message.loading)
        told["response_message_ephemeral"] = bool(message and message.ephemeral)
    body: dict[str, Any] = {"interaction": told}
    if resource is not None:
        body["resource"] = {**resource, "message": call.core.payloads.message(resource["message"])}
    return Reply(200, body)


def _interaction(call: Call) -> Interaction:
    if call.params["application_id"] != str(call.core.world.application.id):
        raise ApiError(10015)
    return call.core.interactions.by_token(call.params["token"])


def _message(call: Call) -> tuple[Interaction, Message]:
    interaction = _interaction(call)
    if call.params.get("message_id", "@original") == "@original":
        return interaction, call.core.interactions.original(interaction)
    return interaction, call.core.interactions.owned(interaction, call.id("message_id"))


@routes.add("POST", _WEBHOOK, auth=False)
def follow_up(call: Call) -> Reply:
    message = call.core.interactions.follow_up(_interaction(call), call.body or {}, call.uploads)
    return Reply(200, call.core.payloads.message(message))


def _get(call: Call) -> Reply:
    _, message = _message(call)
    return Reply(200, call.core.payloads.message(message))


def _patch(call: Call) -> Reply:
    interaction, message = _message(call)
    call.core.interactions.edit(interaction, message, call.body or {}, call.uploads)
    return Reply(200, call.core.payloads.message(message))


def _delete(call: Call) -> Reply:
    interaction, message = _message(call)
    call.core.interactions.delete(interaction, message)
    return Reply(204)


for _place in ("@original", "{message_id}"):
    routes.add("GET", f"{_WEBHOOK}/messages/{_place}", auth=False)(_get)
    routes.add("PATCH", f"{_WEBHOOK}/messages/{_place}", auth=False)(_patch)
    routes.add("DELETE", f"{_WEBHOOK}/messages/{_place}", auth=False)(_delete)
