"""The rarer things to do with a bounce: compare, comment, slices, versions, all facts, the square picture."""

from bot.actors import OwnerId
from bot.bounces import facts as wording
from bot.bounces.cards import picture_of, say_in, speak
from bot.bounces.model import Bounce, Filter
from bot.bounces.trouble import CannotMeasure
from bot.errors import Refused
from bot.say.card import Card, Option, Picture, Section, Select, note, plain
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from bot.ui.items import Who
from cogs.bounces.comments import comment_form, comments_card
from cogs.bounces.forms import is_of_team, open_edit, option_label, seen_by, undo_bounce, whose
from cogs.bounces.slices import send_art, slice_form, slices_card
from cogs.bounces.targets import targets_card
from cogs.clients.which import filing_select
from cogs.phases.commands import open_map

OWN = (
    "compare",
    "comment",
    "comments",
    "slice",
    "slices",
    "edit",
    "facts",
    "versions",
    "family",
    "form",
    "cover",
    "art",
    "target",
)
STUDIO = tuple(one for one in OWN if one != "form")
"""A form map is somebody's own. Whoever looks after clients may file under them as well."""
OTHERS = ("comment", "comments", "facts")


@control("bounce", "more", who=Who.ANYONE)
async def more(press: Press) -> None:
    """Offer what else can be done; others than the owner may comment and read the facts."""
    owner = press.target.owner or press.person
    await seen_by(press, owner, press.id)
    bounce = await press.services.bounces.service.get(owner, press.id)
    actions = await _actions(press, owner)
    options = [Option(press.words(f"bounce.more.{action}"), action) for action in actions]
    select = Select("bounce", "next", press.words("bounce.pick.more"), options, bounce.id, arg=str(owner))
    await press.reply(Card(bounce.title, rows=[select]), ephemeral=True)


async def _actions(press: Press, owner: OwnerId) -> tuple[str, ...]:
    if owner == press.person:
        return OWN
    if not await is_of_team(press, owner, Does.EDIT):
        return OTHERS
    return (*STUDIO, "file") if await is_of_team(press, owner, Does.EDIT, "client") else STUDIO


@control("bounce", "next", who=Who.ANYONE, opens_form=True)
async def next_step(press: Press) -> None:
    """Do what was picked. Forms open at once; everything else is acknowledged first."""
    owner = OwnerId(int(press.arg or press.person))
    await seen_by(press, owner, press.id)
    action = press.values[0] if press.values else ""
    if action not in await _actions(press, owner):
        raise Refused("bounce_more")
    if action == "comment":
        await press.open(comment_form(press, owner))
        return
    if action == "slice":
        await press.open(slice_form(press, owner))
        return
    if action == "edit":
        await open_edit(press, owner, press.id)
        return
    await press.defer()
    bounce = await press.services.bounces.service.get(owner, press.id)
    match action:
        case "comments":
            await press.update(await comments_card(bounce, press))
        case "file":
            await press.update(await filing_card(bounce, press))
        case "target":
            await press.update(await targets_card(bounce, press))
        case "facts":
            await press.update(facts_card(bounce, press))
        case "versions":
            await press.update(await versions_card(bounce, press))
        case "form":
            await press.update(await open_map(press, bounce.title, bounce=bounce))
        case "cover":
            drawn = await press.services.bounces.pictures.waveform(bounce, say_in(press.words), is_square=True)
            await press.update(Card(bounce.title, media=[picture_of(drawn, bounce, "-cover")]))
        case "art":
            await send_art(press, bounce)
        case "slices":
            await press.update(await slices_card(bounce, press))
        case "compare" | "family":
            await press.update(await candidates(bounce, press, action))
        case _:
            pass


async def filing_card(bounce: Bounce, press: Press) -> Card:
    """Offer the server's clients to file a bounce under."""
    words = press.words
    select = await filing_select(press, "bounce", bounce.id, bounce.owner_id, bounce.client_id)
    lead = words("client.file.pick")
    return Card(lead, quiet=True, lead=lead, rows=[select]) if select else note(words("client.list.empty_active"))


async def candidates(bounce: Bounce, turn: Turn, action: str) -> Card:
    """Offer other bounces: versions of the same piece first."""
    others = await turn.services.bounces.service.list(bounce.owner_id, Filter(), 60)
    others = [other for other in others if other.id != bounce.id]
    if action == "family":
        others = [other for other in others if other.family != bounce.family]
    if not others:
        return note(turn.words("bounce.told.no_others"))
    others.sort(key=lambda other: (other.family != bounce.family, -other.bounced_at.timestamp()))
    options = [Option(option_label(other, turn.words), other.id) for other in others[:25]]
    picked = "compared" if action == "compare" else "moved"
    select = Select("bounce", picked, turn.words(f"bounce.pick.{action}"), options, bounce.id, owner=bounce.owner_id)
    return Card(bounce.title, rows=[select])


@control("bounce", "compared", does=Does.SEE)
async def compare(press: Press) -> None:
    """What differs between two bounces, with a picture of both."""
    words, services = press.words, press.services
    found = await services.bounces.service.compare(await whose(press, Does.SEE), press.id, press.values[0])
    since = found.old.version_name if found.old.family == found.new.family else found.old.title
    changes = [speak(one, words) for one in wording.changes(found.difference, since)]
    title = words(
        "bounce.compare.title",
        new=f"{found.new.title} {found.new.version_name}",
        old=found.old.version_name if found.old.family == found.new.family else found.old.title,
    )
    media: list[Picture] = []
    try:
        drawn = await services.bounces.pictures.compare(
            found.old, found.new, found.difference, plain(title), say_in(words)
        )
        media.append(Picture("compare.png", drawn.png, drawn.alt))
    except CannotMeasure:
        changes.append(words("bounce.card.no_picture"))
    lead = words("bounce.compare.lead", count=len(changes)) if changes else words("bounce.compare.same")
    await press.reply(Card(title, lead=lead, media=media, sections=[Section(None, changes)]), ephemeral=True)


@control("bounce", "moved")
async def move_family(press: Press) -> None:
    owner = await whose(press)
    changed = await press.services.bounces.service.move_family(press.actor, owner, press.id, press.values[0])
    told = press.words(
        "bounce.told.moved",
        name=changed.bounce.title,
        number=changed.bounce.number,
        family=changed.bounce.family_title,
    )
    await press.reply(note(told, [undo_bounce(press, owner, changed.group_id)]), ephemeral=True)


def facts_card(bounce: Bounce, turn: Turn) -> Card:
    lines = [speak(one, turn.words) for one in wording.all_facts(bounce.facts)]
    return Card(turn.words("bounce.facts.title", name=bounce.title), sections=[Section(None, lines)])


async def versions_card(bounce: Bounce, turn: Turn) -> Card:
    versions = await turn.services.bounces.service.versions(bounce.owner_id, bounce.id)
    lines = [
        turn.words(
            "bounce.versions.line",
            number=version.number,
            length=wording.clock(version.facts.duration_s),
            loudness=speak(wording.loudness(version.facts), turn.words),
            when=version.bounced_at,
        )
        for version in reversed(versions)
    ]
    title = turn.words("bounce.versions.title", family=bounce.family_title)
    return Card(title, sections=[Section(None, lines)])
