"""Who does a clip of a server's loop: given to people or to its client, and taken back."""

from bot.clients.assigning import Assigned
from bot.clients.model import Assignee, SubjectKind
from bot.errors import BotError
from bot.loops.area import LoopArea
from bot.loops.model import Loop
from bot.say.card import Button, Card, Option, Row, Section, Select, SelectKind, Text, join, note
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from cogs.clients.people_named import chosen
from cogs.loops.clips import stale_clip


async def stale_doers(turn: Turn, told: Text) -> None:
    """Draw who does the clip by now, and say what became of what was pressed."""
    if not isinstance(turn, Press):
        return
    try:
        await turn.update(await _card(turn))
    except BotError:
        await turn.update(note(told))
        return
    await turn.reply(note(told), ephemeral=True)


@control("loop", "c-assign", does=Does.ASSIGN, stale=stale_clip)
async def ask(press: Press) -> None:
    """Offer the people of the server, and the plan's client; say who does it now."""
    await press.reply(await _card(press), ephemeral=True)


async def _card(press: Press) -> Card:
    area: LoopArea = press.services.loops
    loop, clip = await area.clips.get(press.owner, press.id)
    words, work = press.words, press.services.work
    known = (await work.of(press.owner, [clip.id])).get(clip.id, [])
    rows: list[Row] = [
        Select(
            "loop",
            "c-who",
            words("client.assign.pick"),
            kind=SelectKind.USER,
            id=clip.id,
            owner=press.owner,
            max_values=work.rules.assignees_max,
        )
    ]
    if loop.client_id is not None:
        client = await press.services.studio.client_name(press.owner, loop.client_id) or words("thing.client")
        label = words("client.assign.client", name=client)
        rows.append([Button("loop", "c-client", label, clip.id, owner=press.owner)])
    if known:
        options = [Option(one.assignee.name, one.id) for one in known]
        rows.append(Select("loop", "c-unassign", words("client.assign.take"), options, clip.id, owner=press.owner))
    names = join(", ", [one.assignee.name for one in known])
    lead = words("client.assign.now", names=names) if known else words("client.assign.nobody")
    return Card(clip.name, sections=[Section(None, [lead], bullets=False)], rows=rows)


@control("loop", "c-who", does=Does.ASSIGN, stale=stale_doers)
async def who(press: Press) -> None:
    """Give the clip to the people that were chosen."""
    area: LoopArea = press.services.loops
    loop, clip = await area.clips.get(press.owner, press.id)
    people = await chosen(press, press.owner, loop.client_id, "loop")
    done = await press.services.work.assign(press.actor, press.owner, SubjectKind.CLIP, clip.id, people)
    await press.update(await _told(press, done))


@control("loop", "c-client", does=Does.ASSIGN, stale=stale_doers)
async def to_client(press: Press) -> None:
    """Give the clip to the client of its plan."""
    area: LoopArea = press.services.loops
    loop, clip = await area.clips.get(press.owner, press.id)
    name = await _client_name(press, loop)
    done = await press.services.work.assign(press.actor, press.owner, SubjectKind.CLIP, clip.id, [Assignee(name)])
    await press.update(await _told(press, done))


async def _client_name(press: Press, loop: Loop) -> str:
    found = await press.services.studio.client_name(press.owner, loop.client_id) if loop.client_id else None
    return found or press.words("thing.client")


async def _told(press: Press, done: Assigned) -> Card:
    words = press.words
    if not done.added:
        return note(words("client.assign.already", title=done.subject.title))
    names = join(", ", [one.name for one in done.added])
    studio = press.services.studio
    told = words("client.assign.told", title=done.subject.title, names=names)
    others = [one for one in done.added if one.user_id not in (None, press.person)]
    unreached = [one for one in others if one.user_id and not await studio.writes_to(one.user_id)]
    inbox = [words("client.assign.in_inbox", name=one.name) for one in unreached]
    return note(join(" ", [told, *inbox]), [undo_button(press, done.group_id)])


@control("loop", "c-unassign", does=Does.ASSIGN, stale=stale_doers)
async def take_back(press: Press) -> None:
    """Take the clip from somebody."""
    group_id = await press.services.work.withdraw(press.actor, press.owner, press.values[0])
    await press.update(note(press.words("client.assign.taken"), [undo_button(press, group_id)]))


controls = (ask, who, to_client, take_back)
