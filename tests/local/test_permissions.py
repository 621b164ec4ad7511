"""How roles and overwrites fold into what a member may do: bit by bit, as Discord documents it."""

from dataclasses import dataclass
from datetime import UTC, datetime

import discord
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.local.model import Channel, Guild, Member, Overwrite, Role
from bot.local.permissions import ALL, DIRECT_MESSAGE, EVERYONE, INVITED_BOT, Permission, of_member

SERVER, OWNER, BEN, CYD = 1, 10, 11, 12
BASS, DRUMS, OTHERS = 21, 22, 23
"""Ben has the roles of bass and drums, and not the third."""


@pytest.mark.parametrize(("name", "permission"), Permission.__members__.items())
def test_every_permission_has_the_bit_that_discord_gives_it(name: str, permission: Permission) -> None:
    assert discord.Permissions(**{name.lower(): True}).value == permission


def test_all_permissions_include_each_that_discord_knows() -> None:
    assert discord.Permissions.all().value & ALL == discord.Permissions.all().value


def test_a_new_server_lets_people_talk_and_the_bot_work_and_nobody_manage() -> None:
    talk = {
        *("add_reactions", "view_channel", "send_messages", "embed_links", "attach_files", "read_message_history"),
        *("use_application_commands", "create_public_threads", "send_messages_in_threads"),
    }
    for held, more in ((EVERYONE, ()), (INVITED_BOT, ("external_emojis",)), (DIRECT_MESSAGE, ("pin_messages",))):
        assert discord.Permissions(held) == discord.Permissions(**dict.fromkeys({*talk, *more}, True))


bits = st.integers(min_value=0, max_value=7).map(lambda number: number << 10)
"""View, send and one more: enough for every way in which three bits can meet."""


@dataclass(frozen=True, slots=True)
class Said:
    """What the overwrites of a channel say, by whom they are for."""

    allow: dict[int, int]
    deny: dict[int, int]

    def overwrites(self, order: list[int]) -> list[Overwrite]:
        return [Overwrite(who, who in (BEN, CYD), self.allow[who], self.deny[who]) for who in order]


WHOM = [SERVER, BASS, DRUMS, OTHERS, BEN, CYD]
by_whom = st.fixed_dictionaries(dict.fromkeys(WHOM, bits))
said = st.builds(Said, by_whom, by_whom)


def server(everyone: int = 0, bass: int = 0, drums: int = 0, others: int = ALL & ~Permission.ADMINISTRATOR) -> Guild:
    held = {SERVER: everyone, BASS: bass, DRUMS: drums, OTHERS: others}
    joined = datetime(2025, 1, 1, tzinfo=UTC)
    return Guild(
        SERVER,
        "Band",
        OWNER,
        roles={role: Role(role, str(role), permissions) for role, permissions in held.items()},
        members={
            OWNER: Member(OWNER, joined),
            BEN: Member(BEN, joined, [BASS, DRUMS]),
            CYD: Member(CYD, joined),
        },
    )


def expected(held: int, what: Said) -> int:
    """Ask each bit on its own: the nearest that says anything about it decides, and among roles a yes wins."""
    may = 0
    for bit in (1 << 10, 1 << 11, 1 << 12):
        answer = bool(held & bit)
        for near in ([SERVER], [BASS, DRUMS], [BEN]):
            if any(what.allow[who] & bit for who in near):
                answer = True
            elif any(what.deny[who] & bit for who in near):
                answer = False
        may |= bit if answer else 0
    return may


@given(bits, bits, bits, said, st.permutations(WHOM))
def test_the_nearest_overwrite_decides_in_whatever_order_they_are_stored(
    everyone: int, bass: int, drums: int, what: Said, order: list[int]
) -> None:
    guild = server(everyone, bass, drums)
    channel = Channel(5, 0, guild_id=SERVER, overwrites=what.overwrites(order))
    assert of_member(guild, channel, BEN) == expected(everyone | bass | drums, what)


@given(bits, bits, bits, said)
def test_a_thread_takes_the_overwrites_of_its_channel_and_none_of_its_own(
    everyone: int, bass: int, drums: int, what: Said
) -> None:
    guild = server(everyone, bass, drums)
    parent = Channel(5, 0, guild_id=SERVER, overwrites=what.overwrites(WHOM))
    thread = Channel(6, 11, guild_id=SERVER, overwrites=[Overwrite(BEN, is_member=True, deny=ALL)])
    assert of_member(guild, thread, BEN, parent) == of_member(guild, parent, BEN)


def test_a_role_that_denies_is_overruled_for_one_person_and_the_other_way_round() -> None:
    send = Permission.SEND_MESSAGES
    allowed = Channel(5, 0, overwrites=[Overwrite(BEN, True, allow=send), Overwrite(BASS, False, deny=send)])
    denied = Channel(5, 0, overwrites=[Overwrite(BEN, True, deny=send), Overwrite(BASS, False, allow=send)])
    assert of_member(server(everyone=send), allowed, BEN) == send
    assert of_member(server(everyone=send), denied, BEN) == 0


@pytest.mark.parametrize("who", [OWNER, BEN])
def test_no_overwrite_binds_the_owner_or_an_administrator(who: int) -> None:
    guild = server(drums=Permission.ADMINISTRATOR)
    closed = Channel(5, 0, overwrites=[Overwrite(target, target == BEN, deny=ALL) for target in (SERVER, DRUMS, BEN)])
    assert of_member(guild, closed, who) == ALL
    assert of_member(guild, None, who) == ALL


def test_an_overwrite_makes_nobody_an_administrator() -> None:
    raised = Channel(5, 0, overwrites=[Overwrite(BEN, True, allow=Permission.ADMINISTRATOR)])
    closed = Overwrite(SERVER, False, deny=Permission.SEND_MESSAGES)
    raised.overwrites.append(closed)
    may = of_member(server(everyone=Permission.SEND_MESSAGES), raised, BEN)
    assert not may & Permission.SEND_MESSAGES


def test_somebody_who_is_no_member_may_do_nothing() -> None:
    guild = server(everyone=ALL)
    assert of_member(guild, Channel(5, 0), 99) == 0
    assert of_member(guild, None, 99) == 0


@given(bits, bits, bits)
def test_without_a_channel_roles_add_up(everyone: int, bass: int, drums: int) -> None:
    guild = server(everyone, bass, drums)
    assert of_member(guild, None, BEN) == everyone | bass | drums
    assert of_member(guild, None, CYD) == everyone
