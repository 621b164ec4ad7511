"""A client's people: the code that brings one in, joining by it, what each may do."""

from bot.clients.cards import people_card
from bot.errors import NotAllowed, NotFound
from bot.say.card import Button, Card, Style, mention, note, raw
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.controls import control


async def show_invite(turn: Turn, client_id: str) -> None:
    """Make a code and show it, this once."""
    invite = await turn.services.clients.invite(turn.actor, turn.owner, client_id)
    words, settings = turn.words, await turn.services.studio.guild_settings(turn.owner)
    open_to_all = [] if settings.member_role else [words("client.invite.no_member_role")]
    code = f"{invite.code[:4]}-{invite.code[4:]}"
    card = Card(
        words("client.invite.title", name=invite.client.name),
        lead=words("client.invite.lead"),
        facts=[raw(f"```\n{code}\n```", code)],
        next_lines=[
            words("client.invite.how", command="/client join"),
            words("client.invite.until", when=invite.expires_at),
            *open_to_all,
        ],
    )
    await turn.reply(card, ephemeral=True)


async def join(turn: Turn, code: str) -> None:
    """Let the person who typed a code in."""
    client = await turn.services.clients.join(turn.actor, turn.interaction.user.display_name, code)
    guild = turn.interaction.client.get_guild(client.owner_id)
    server = guild.name if guild is not None else turn.words("card.that_server")
    show = Button("client", "show", turn.words("client.button.show"), client.id, owner=client.owner_id)
    told = turn.words("client.told.joined", name=client.name, server=server)
    await turn.reply(note(told, [show]), ephemeral=True)


@control("client", "invite")
async def invite(press: Press) -> None:
    """Make a code for one person."""
    await show_invite(press, press.id)


@control("client", "people")
async def people(press: Press) -> None:
    """Show a client's people."""
    await press.reply(await _card(press, press.id), ephemeral=True)


async def _card(turn: Turn, client_id: str) -> Card:
    clients = turn.services.clients
    found = await clients.get(turn.owner, client_id)
    return people_card(found, await clients.people(turn.owner, client_id), turn.words)


@control("client", "person")
async def person(press: Press) -> None:
    """Offer what a lead may do about one of a client's people."""
    words, user = press.words, int(press.values[0])
    known = await press.services.clients.people(press.owner, press.id)
    found = next((one for one in known if one.user_id == user), None)
    if found is None:
        await press.reply(note(words("client.people.not_one", who=mention(user))), ephemeral=True)
        return
    approves = "person-looks" if found.may_approve else "person-approves"
    row = [
        Button("client", approves, words(f"client.button.{approves}"), press.id, str(user), owner=press.owner),
        Button(
            "client",
            "person-out",
            words("client.button.person-out"),
            press.id,
            str(user),
            owner=press.owner,
            style=Style.DANGER,
        ),
    ]
    await press.reply(note(words("client.people.one", who=mention(user)), row), ephemeral=True)


@control("client", "person-approves")
async def approves(press: Press) -> None:
    """Let somebody approve for their client."""
    await _let(press, may=True)


@control("client", "person-looks")
async def looks(press: Press) -> None:
    """Let somebody look, and approve no longer."""
    await _let(press, may=False)


async def _let(press: Press, *, may: bool) -> None:
    await _must_be_of(press)
    await press.services.clients.let_approve(press.actor, press.owner, int(press.arg), may=may)
    await press.update(await _card(press, press.id))


@control("client", "person-out")
async def out(press: Press) -> None:
    """Take somebody out of a client's people."""
    await _must_be_of(press)
    await press.services.clients.remove_person(press.actor, press.owner, int(press.arg))
    await press.update(await _card(press, press.id))


async def _must_be_of(press: Press) -> None:
    """Raise NotFound for somebody who is not (any more) this client's."""
    known = await press.services.clients.people(press.owner, press.id)
    if int(press.arg) not in {one.user_id for one in known}:
        raise NotFound("client", "/client list")


@control("client", "leave", does=Does.SEE)
async def leave(press: Press) -> None:
    """Let somebody go out of the client whose person they are."""
    if await press.services.studio.client_of(await press.standing_with(press.owner)) != press.id:
        raise NotAllowed("needs_team_client")
    await press.services.clients.remove_person(press.actor, press.owner, press.person)
    await press.update(note(press.words("client.told.left")))
