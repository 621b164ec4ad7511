"""Every change of the world makes its gateway event, for whoever asked for it, with what the bot may see."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.clock import FixedClock
from bot.local import changes
from bot.local.events import events_of
from bot.local.files import dimensions
from bot.local.ids import Snowflakes, born_at
from bot.local.model import Channel, ChannelType, Message
from bot.local.payloads import Addresses, Payloads
from bot.local.world import World, seeded


@pytest.fixture
def world(clock: FixedClock) -> World:
    return seeded(clock, token="t", secret="s")


@pytest.fixture
def heard(world: World) -> list[str]:
    """The names of all events that the bot could be sent from here on."""
    payloads = Payloads(world, Addresses("", "", ""))
    names: list[str] = []
    world.listen(lambda change: names.extend(event.name for event in events_of(change, world, payloads)))
    return names


def say(world: World, text: str = "hi", **more: int) -> Message:
    channel = world.channel("general")
    ada = world.person("Ada")
    return world.add_message(
        Message(world.ids.new(), channel.id, ada.id, world.clock.now(), content=text, **more)  # type: ignore[arg-type]
    )


def thread(world: World) -> Channel:
    parent = world.channel("general")
    made = Channel(world.ids.new(), ChannelType.PUBLIC_THREAD, "t", parent.guild_id, parent_id=parent.id)
    return world.add_channel(made)


def in_thread(do: Callable[[World, Channel], object]) -> Callable[[World], object]:
    return lambda world: do(world, thread(world))


def on_guild(do: str) -> Callable[[World], None]:
    def act(world: World) -> None:
        guild = next(iter(world.guilds.values()))
        cleo = world.add_user("cleo", "Cleo")
        if do == "edit":
            world.emit(changes.GuildEdited(guild))
        elif do == "remove":
            world.remove_bot(guild)
        elif do == "members":
            world.join(guild, cleo)
            world.leave(guild, cleo)
        else:
            role = world.add_role(guild, "r")
            world.emit(changes.RoleEdited(guild.id, role))
            world.remove_role(guild, role)

    return act


@pytest.mark.parametrize(
    ("act", "names"),
    [
        (say, ["MESSAGE_CREATE"]),
        (lambda w: w.touch_message(say(w)), ["MESSAGE_CREATE", "MESSAGE_UPDATE"]),
        (lambda w: w.delete_message(say(w)), ["MESSAGE_CREATE", "MESSAGE_DELETE"]),
        (lambda w: w.delete_messages(w.channel("general").id, [say(w).id]), ["MESSAGE_CREATE", "MESSAGE_DELETE_BULK"]),
        (lambda w: w.react(say(w), w.person("Ben").id, "👍"), ["MESSAGE_CREATE", "MESSAGE_REACTION_ADD"]),
        (lambda w: w.pin(say(w), True), ["MESSAGE_CREATE", "MESSAGE_UPDATE", "CHANNEL_PINS_UPDATE"]),
        (lambda w: w.emit(changes.TypingStarted(w.channel("general").id, w.person("Ada").id)), ["TYPING_START"]),
        (lambda w: say(w, viewer_id=w.person("Ada").id), []),
        (lambda w: w.conversation(w.person("Ada").id, w.person("Ben").id), []),
        (lambda w: w.edit_channel(w.channel("general")), ["CHANNEL_UPDATE"]),
        (lambda w: w.delete_channel(w.channel("general")), ["CHANNEL_DELETE"]),
        (thread, ["THREAD_CREATE"]),
        (in_thread(lambda w, t: w.edit_channel(t)), ["THREAD_CREATE", "THREAD_UPDATE"]),
        (in_thread(lambda w, t: w.delete_channel(t)), ["THREAD_CREATE", "THREAD_DELETE"]),
        (in_thread(lambda w, t: w.join_thread(t, w.bot.id)), ["THREAD_CREATE", "THREAD_MEMBERS_UPDATE"]),
        (on_guild("edit"), ["GUILD_UPDATE"]),
        (on_guild("remove"), ["GUILD_DELETE"]),
        (on_guild("members"), ["GUILD_MEMBER_ADD", "GUILD_MEMBER_REMOVE"]),
        (on_guild("roles"), ["GUILD_ROLE_CREATE", "GUILD_ROLE_UPDATE", "GUILD_ROLE_DELETE"]),
        (lambda w: w.add_guild("Second", w.person("Ada")), ["GUILD_CREATE"]),
        (lambda w: w.add_guild("Second", w.person("Ada"), bot=False), []),
    ],
)
def test_a_change_makes_its_events(
    world: World, heard: list[str], act: Callable[[World], object], names: list[str]
) -> None:
    act(world)
    assert heard == names


@given(st.lists(st.integers(-5_000, 5_000), max_size=30))
def test_ids_increase_whatever_the_clock_does(steps_ms: list[int]) -> None:
    from datetime import UTC, datetime, timedelta

    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    ids = Snowflakes(clock)
    made = [ids.new()]
    for step in steps_ms:
        clock.set(clock.now() + timedelta(milliseconds=step))
        made.append(ids.new())
    assert made == sorted(set(made))
    assert born_at(made[0]) == datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize("kind", ["PNG", "GIF", "JPEG", "WEBP"])
@pytest.mark.parametrize("lossless", [False, True])
def test_pictures_tell_their_size(kind: str, lossless: bool) -> None:
    import io

    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed").new("RGB", (37, 21), "navy")
    out = io.BytesIO()
    image.save(out, kind, lossless=lossless)
    assert dimensions(out.getvalue()) == (37, 21)
    assert dimensions(b"RIFFxxxxWAVEfmt ") is None
