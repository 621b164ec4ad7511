"""Handing a loop over: to the studio by its owner, to a person by a lead; asked of the other side, or both at once."""

from bot.actors import GuildId, OwnerId, PersonId
from bot.clients.cards import offer_card, preview_lines
from bot.clients.model import Handover
from bot.errors import Refused
from bot.say.card import Button, Card, Row, Section, Select, SelectKind, Style, join, note
from bot.studio.roles import Does, Role
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from cogs.clients.people_named import chosen


async def ask_card(turn: Turn, loop_id: str) -> Card:
    """Return what handing over would mean, and the way to it: to this server, or from it to a person."""
    words, to_person = turn.words, turn.owner != turn.person
    preview = await turn.services.handovers.preview(turn.owner, loop_id)
    rows: list[Row]
    if to_person:
        await turn.act_for(turn.owner, "loop", Does.DELETE)
        lead = words("client.hand.ask_person", title=preview.title)
        rows = [Select("loop", "h-to", words("client.hand.pick"), kind=SelectKind.USER, id=loop_id, owner=turn.owner)]
    else:
        server = await turn.services.studio.server_name(turn.server)
        lead = words("client.hand.ask_studio", title=preview.title, server=server)
        label = words("client.button.h-ask", server=server)
        rows = [[Button("loop", "h-ask", label, loop_id, owner=turn.person, style=Style.PRIMARY)]]
    no = Button("ui", "dismiss", words("card.not_now"), owner=turn.owner)
    return Card(preview.title, lead=lead, sections=[Section(None, preview_lines(preview, words))], rows=[*rows, [no]])


@control("loop", "h-ask")
async def ask(press: Press) -> None:
    """Offer one's own loop to this server; a lead says yes for both."""
    server = press.server
    await press.services.handovers.preview(press.person, press.id)  # theirs, and there
    handovers = press.services.handovers
    if await press.services.studio.role(press.standing) is Role.LEAD:
        done = await handovers.hand_over(press.actor, press.person, server, press.id)
        await press.update(_moved(press, done, await press.services.studio.server_name(server)))
        return
    guild = press.interaction.guild
    leader = guild.owner_id if guild is not None else None
    tells = PersonId(leader) if leader and await press.services.studio.writes_to(leader) else None
    one = await handovers.ask(press.actor, press.person, server, press.id, tells)
    await press.update(note(press.words("client.hand.asked_studio", title=one.title, until=one.expires_at)))


@control("loop", "h-to", does=Does.DELETE)
async def offer_to(press: Press) -> None:
    """Offer a server's loop to the person that was chosen; to oneself at once."""
    loop = (await press.services.loops.loops.plan(press.owner, press.id)).loop
    (person,) = await chosen(press, press.owner, loop.client_id, "loop")
    user = person.user_id or press.person
    handovers = press.services.handovers
    if user == press.person:
        done = await handovers.hand_over(press.actor, press.owner, user, press.id)
        press.owner = press.person
        await press.update(_moved(press, done, press.words("client.hand.you")))
        return
    one = await handovers.ask(press.actor, press.owner, OwnerId(user), press.id, user)
    told = [press.words("client.hand.asked_person", title=one.title, name=person.name)]
    if not await press.services.studio.writes_to(user):
        told.append(press.words("client.assign.in_inbox", name=person.name))
    await press.update(note(join(" ", told)))


async def offers(turn: Turn) -> list[Card]:
    """Return what waits for this person's answer: offered to them, and to this server where they lead it."""
    found = [(one, False) for one in await turn.services.handovers.waiting(turn.person)]
    studio = await turn.studio("client", Does.EDIT)
    if studio is not None:
        found += [(one, True) for one in await turn.services.handovers.waiting(studio)]
    name = turn.services.studio.server_name
    return [
        offer_card(one, turn.words, await name(one.to_owner if is_here else one.from_owner), to_server=is_here)
        for one, is_here in found
    ]


@control("client", "h-yes")
async def accept(press: Press) -> None:
    """Take what is offered."""
    one = await press.services.handovers.get(press.id)
    await _must_be_asked(press, one)
    await _must_be_offered_still(press, one)
    done = await press.services.handovers.accept(one.id)
    to_server = done.to_owner != press.person
    name = await press.services.studio.server_name(done.to_owner) if to_server else press.words("client.hand.you")
    await press.update(_moved(press, done, name))


@control("client", "h-no")
async def decline(press: Press) -> None:
    """Leave what is offered where it is."""
    one = await press.services.handovers.get(press.id)
    await _must_be_asked(press, one)
    await press.services.handovers.decline(one.id)
    await press.update(note(press.words("client.hand.declined", title=one.title)))


async def _must_be_asked(press: Press, one: Handover) -> None:
    """The gate asked about whose mark the button carries; the offer itself says who is asked."""
    if one.to_owner != press.person:
        await press.act_for(one.to_owner, "client", Does.EDIT)


async def _must_be_offered_still(press: Press, one: Handover) -> None:
    """Raise Refused where whoever offers a server's loop leads it no more."""
    if one.from_owner == one.asked_by:
        return
    asked = await press.standing_of(GuildId(one.from_owner), one.asked_by)
    if await press.services.studio.role(asked) is not Role.LEAD:
        server = await press.services.studio.server_name(one.from_owner)
        raise Refused("handover_no_lead", who=one.asked_by_name, server=server)


def _moved(press: Press, done: Handover, name: str) -> Card:
    show = Button("loop", "show", press.words("loop.card.show"), id=done.subject_id, owner=done.to_owner)
    return note(press.words("client.hand.moved", title=done.title, name=name), [show])
