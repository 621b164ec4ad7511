"""What people can do: which commands they are offered, and what Discord's client stops them from doing."""

from typing import Any

import pytest

from bot.clock import FixedClock
from bot.local import changes
from bot.local.model import Channel
from bot.local.people import PersonError, Upload
from bot.local.permissions import Permission
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient


async def sync(server: LocalDiscord, client: RawClient, *commands: dict[str, Any]) -> None:
    path = f"/applications/{server.world.application.id}/commands"
    status, answer = await client.call("PUT", path, [{"description": "Does it."} | c for c in commands])
    assert status == 200, answer


def names(server: LocalDiscord, who: str, place: Any = None) -> list[str]:
    return [usage.name for usage in server.person(who).usages(place)]


async def test_managers_are_offered_what_members_are_not(server: LocalDiscord, client: RawClient) -> None:
    await sync(
        server,
        client,
        {"name": "open"},
        {"name": "managed", "default_member_permissions": str(int(Permission.MANAGE_GUILD))},
        {"name": "closed", "default_member_permissions": "0"},
    )
    assert names(server, "Ada") == ["closed", "managed", "open"]
    assert names(server, "Ben") == ["open"]


async def test_contexts_and_installs_decide_where(server: LocalDiscord, client: RawClient) -> None:
    await sync(
        server,
        client,
        {"name": "guild-only", "contexts": [0]},
        {"name": "bot-only", "contexts": [1]},
        {"name": "everywhere", "contexts": [0, 1, 2], "integration_types": [0, 1]},
        {"name": "mine", "integration_types": [1]},
    )
    world = server.world
    ada, ben = server.person("Ada"), server.person("Ben")
    with_bot = world.conversation(ada.id, world.bot.id)
    together = world.conversation(ada.id, ben.id)
    assert names(server, "Ada") == ["everywhere", "guild-only"]
    assert names(server, "Ada", with_bot) == ["bot-only", "everywhere"]
    assert names(server, "Ada", together) == []
    ada.install()
    assert names(server, "Ada", together) == ["everywhere", "mine"]
    foreign = world.add_guild("Elsewhere", ada.user, bot=False)
    lobby = world.add_text_channel(foreign, "lobby")
    assert names(server, "Ada", lobby) == ["everywhere", "mine"]
    assert ada.slash("everywhere", channel=lobby).owners == {"1": str(ada.id)}


async def test_groups_are_offered_as_paths(server: LocalDiscord, client: RawClient) -> None:
    sub = {"type": 1, "name": "show", "description": "Show it."}
    group = {"type": 2, "name": "privacy", "description": "Yours.", "options": [sub]}
    await sync(server, client, {"name": "studio", "options": [group, sub | {"name": "about"}]})
    assert names(server, "Ada") == ["studio about", "studio privacy show"]
    used = server.person("Ada").slash("/studio privacy show")
    assert used.data["options"] == [
        {"type": 2, "name": "privacy", "options": [{"type": 1, "name": "show", "options": []}]}
    ]


@pytest.mark.parametrize(
    ("option", "value", "words"),
    [
        ({"type": 4, "max_value": 5}, 6, "between"),
        ({"type": 4}, "many", "valid number"),
        ({"type": 3, "min_length": 3}, "ab", "between 3"),
        ({"type": 3, "choices": [{"name": "A", "value": "a"}]}, "b", "one of: A"),
        ({"type": 6}, 5, "no such person"),
        ({"type": 7}, 5, "no such channel"),
        ({"type": 8}, 5, "no such role"),
        ({"type": 11}, Upload("a.wav", b"x" * 11), "too powerful"),
    ],
)
async def test_discords_client_stops_wrong_values(
    server: LocalDiscord, client: RawClient, option: dict[str, Any], value: Any, words: str
) -> None:
    next(iter(server.world.guilds.values())).upload_limit = 10
    await sync(server, client, {"name": "go", "options": [{"name": "x", "description": "X.", **option}]})
    with pytest.raises(PersonError, match=words):
        server.person("Ada").slash("go", x=value)


async def test_presses_on_what_cannot_be_pressed_are_stopped(server: LocalDiscord, client: RawClient) -> None:
    row = {
        "type": 1,
        "components": [
            {"type": 2, "style": 1, "label": "Off", "custom_id": "off", "disabled": True},
            {"type": 2, "style": 5, "label": "Link", "url": "https://example.com"},
        ],
    }
    select = {"type": 3, "custom_id": "s", "options": [{"label": x, "value": x} for x in "abc"], "max_values": 2}
    body = {"content": "x", "components": [row, {"type": 1, "components": [select]}]}
    await client.call("POST", f"/channels/{server.person('Ada').channel.id}/messages", body)
    ada = server.person("Ada")
    message = ada.sees()[-1]
    for label, words in (("Off", "disabled"), ("Link", "example.com"), ("None", "There is: Off, Link")):
        with pytest.raises(PersonError, match=words):
            ada.click(message, label)
    for picked, words in ((("d",), "there is: a, b, c"), (("a", "b", "c"), "between 1 and 2"), ((), "between 1")):
        with pytest.raises(PersonError, match=words):
            ada.select(message, "s", *picked)


async def test_writing_in_an_archived_thread_wakes_it_unless_it_is_locked(server: LocalDiscord) -> None:
    world, ben = server.world, server.person("Ben")
    general = world.channel("general")
    thread = world.add_channel(Channel(world.ids.new(), 11, "About", general.guild_id, parent_id=general.id))
    thread.archived = True
    ben.say("awake", channel=thread)
    assert not thread.archived
    thread.archived = thread.locked = True
    with pytest.raises(PersonError, match="locked"):
        ben.say("no", channel=thread)
    server.person("Ada").say("the owner may", channel=thread)
    world.overwrite(general, general.guild_id or 0, deny=int(Permission.ATTACH_FILES))
    with pytest.raises(PersonError, match="attach"):
        ben.say("", Upload("a.txt", b"x"))


async def test_people_talk_edit_delete_and_react(server: LocalDiscord) -> None:
    heard: list[changes.Change] = []
    stop = server.subscribe(heard.append)
    ada, ben = server.person("Ada"), server.person("Ben")
    said = ada.say("first")
    ada.edit(said, "second")
    ben.react(said, "👍")
    ben.unreact(said, "👍")
    ben.type()
    with pytest.raises(PersonError):
        ben.edit(said, "not mine")
    with pytest.raises(PersonError):
        ben.delete(said)
    ada.delete(said)
    stop()
    ada.say("after")
    assert [type(c).__name__ for c in heard] == [
        "MessageCreated",
        "MessageEdited",
        "ReactionAdded",
        "ReactionRemoved",
        "TypingStarted",
        "MessageDeleted",
    ]


async def test_an_autocomplete_without_answer_ends_by_the_clock(
    server: LocalDiscord, client: RawClient, clock: FixedClock
) -> None:
    import asyncio

    option = {"type": 3, "name": "x", "description": "X.", "autocomplete": True}
    await sync(server, client, {"name": "go", "options": [option]})
    asked = asyncio.ensure_future(server.person("Ada").autocomplete("go", "x", "a"))
    await server.until(lambda: server.core.interactions.waiting)
    clock.advance(seconds=3)
    assert await asked is None


def test_the_server_imports_no_discord_library() -> None:
    from pathlib import Path

    folder = Path(__file__).resolve().parents[2] / "bot" / "local"
    importers = [
        path.name
        for path in folder.rglob("*.py")
        if any(line.startswith(("import discord", "from discord")) for line in path.read_text().splitlines())
    ]
    assert importers == ["redirect.py"]
