"""My work: what was given to somebody over all servers, and what they do about it; seen by them alone."""

from bot.actors import OwnerId
from bot.clients.assigning import grouped
from bot.clients.cards import item_card, work_card
from bot.clients.model import Assignee, WorkItem
from bot.errors import Gone
from bot.say.card import Card, Select, SelectKind, Text, join, note
from bot.studio.roles import Does, Role
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from cogs.clients.people_named import chosen


async def stale_item(turn: Turn, told: Text) -> None:
    """Say what became of a thing in place of its card."""
    await turn.update(note(told))


async def my_work(turn: Turn) -> Card | None:
    """Return everything open that is this person's, None where nothing is."""
    items = await work_of(turn)
    if not items:
        return None
    zone = await turn.services.studio.zone(turn.person, turn.guild)
    groups = grouped(items, turn.now.astimezone(zone).date())
    return work_card(groups, turn.words, turn.person, most=turn.services.work.rules.lines_shown)


async def work_of(turn: Turn, *, with_own: bool = True) -> list[WorkItem]:
    """Return everything open that is this person's; what is of a server where they are nobody now tells nothing."""
    items = await turn.services.work.my_work(turn.person, with_own=with_own)
    servers = {item.subject.owner_id for item in items if item.assignment is not None}
    there = {server for server in servers if await _is_there(turn, server)}
    return [item for item in items if item.assignment is None or item.subject.owner_id in there]


async def _is_there(turn: Turn, server: OwnerId) -> bool:
    standing = await turn.standing_with(server)
    return standing.guild_id == server and await turn.services.studio.role(standing) is not None


@control("client", "my-work")
async def open_work(press: Press) -> None:
    """Show what waits for somebody."""
    card = await my_work(press)
    await press.reply(card or note(press.words("client.work.none")), ephemeral=True)


@control("client", "work")
async def pick(press: Press) -> None:
    """Show one thing, with what can be done about it."""
    wanted = press.values[0]
    for item in await work_of(press, with_own=False):
        if item.assignment is not None and item.assignment.id == wanted:
            await press.reply(item_card(item, press.words, press.person), ephemeral=True)
            return
    await press.services.work.mine(press.actor, wanted)  # names who ended it
    raise Gone("assign_over")


@control("client", "w-done", stale=stale_item)
async def done(press: Press) -> None:
    """Finish the thing, as its plan would."""
    one = await press.services.work.mine(press.actor, press.id)
    await press.act_for(one.owner_id, "loop", Does.TICK)
    if await press.services.studio.role(await press.standing_with(one.owner_id)) is Role.CLIENT:
        await press.services.work.must_be_theirs(one.owner_id, one.subject_id, press.person)
    edited = await press.services.loops.clips.finish(press.actor, one.owner_id, one.subject_id)
    title = edited.clip.name if edited.clip is not None else ""
    await press.update(note(press.words("client.work.done", title=title), [undo_button(press, edited.group_id)]))


@control("client", "w-not", stale=stale_item)
async def not_mine(press: Press) -> None:
    """Give the thing back to whoever gave it."""
    back = await press.services.work.give_back(press.actor, press.id)
    press.owner = back.subject.owner_id
    names = join(", ", [one.name for one in back.added])
    key = "client.work.given_back" if back.added else "client.work.let_go"
    told = press.words(key, title=back.subject.title, names=names)
    await press.update(note(told, [undo_button(press, back.group_id)]))


@control("client", "w-hand", stale=stale_item)
async def hand_on(press: Press) -> None:
    """Ask who does it instead."""
    one = await press.services.work.mine(press.actor, press.id)
    if press.guild != one.owner_id:
        server = await press.services.studio.server_name(one.owner_id)
        await press.reply(note(press.words("client.work.hand_there", server=server)), ephemeral=True)
        return
    select = Select(
        "client",
        "w-who",
        press.words("client.assign.pick"),
        kind=SelectKind.USER,
        id=one.id,
        owner=press.person,
    )
    await press.reply(note(press.words("client.work.hand"), select), ephemeral=True)


@control("client", "w-who", stale=stale_item)
async def hand_to(press: Press) -> None:
    """Give the thing to the person that was chosen."""
    one = await press.services.work.mine(press.actor, press.id)
    await press.act_for(one.owner_id, "loop", Does.TICK)
    (to,) = await chosen(press, one.owner_id, one.client_id, "loop")
    given = await press.services.work.hand_on(press.actor, one.id, Assignee(to.name, to.user_id))
    told = press.words("client.work.handed", title=given.subject.title, name=to.name)
    await press.update(note(told, [undo_button(press, given.group_id)]))
