"""The catalogue in chat: pages, the bin, numbers, the whole of it as a file."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from zoneinfo import ZoneInfo

from bot.actors import OwnerId
from bot.bounces import facts as wording
from bot.bounces.cards import TAG_ICONS
from bot.bounces.model import Bounce, BounceTag, Filter
from bot.errors import Refused
from bot.say.card import Button, Card, Option, OutFile, Section, Select, join, note, raw
from bot.say.words import Words
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from bot.ui.items import Who
from bot.ui.pager import Page, Pager
from cogs.bounces.forms import option_label


def write_filter(
    loop: str | None, tag: str | None, since_days: int | None, *, owner: str = "all", is_deleted: bool = False
) -> str:
    """Return a filter as a short word for the page controls."""
    parts = [f"l{loop}" if loop else "", f"t{tag}" if tag else "", f"d{since_days}" if since_days else ""]
    parts.append({"me": MINE, "studio": STUDIO}.get(owner, ""))
    return "bin" if is_deleted else ",".join(part for part in parts if part)


SERVER = "server"


MINE, STUDIO = "m", "s"


async def _owners(turn: Turn, text: str) -> list[OwnerId]:
    """Return whose bounces a list shows: one's own, then this server's where its roles let one see them."""
    if text == "bin":
        return [turn.person]
    parts = text.split(",")
    studio = None if MINE in parts else await turn.studio("bounce")
    own: list[OwnerId] = [] if text == SERVER or STUDIO in parts else [turn.person]
    return own if studio is None else [*own, studio]


def read_filter(text: str, turn: Turn) -> Filter:
    if text == "bin":
        return Filter(is_deleted=True)
    found = Filter()
    for part in () if text == SERVER else text.split(","):
        kind, value = part[:1], part[1:]
        match kind:
            case "l":
                found = replace(found, loop_id=value)
            case "t":
                found = replace(found, tag=BounceTag(value))
            case "d":
                found = replace(found, since=turn.now - timedelta(days=int(value)))
            case _:
                pass
    return found


async def _count(turn: Turn, text: str) -> int:
    wanted, service = read_filter(text, turn), turn.services.bounces.service
    return sum([await service.count(owner, wanted) for owner in await _owners(turn, text)])


@dataclass(frozen=True, slots=True)
class BounceRow:
    """A bounce in a list, and whether it is a server's."""

    bounce: Bounce
    is_studio: bool


async def _rows(turn: Turn, text: str, offset: int, limit: int) -> Sequence[BounceRow]:
    wanted, service = read_filter(text, turn), turn.services.bounces.service
    found: list[BounceRow] = []
    for owner in await _owners(turn, text):
        rows = await service.list(owner, wanted, limit - len(found), offset)
        found += [BounceRow(one, owner != turn.person) for one in rows]
        offset = max(0, offset - await service.count(owner, wanted))
        if len(found) == limit:
            break
    return found


def list_card(page: Page[BounceRow], words: Words) -> Card:
    """Return one page of the catalogue, with a list to open one."""
    if page.filter == "bin":
        return bin_card(page, words)
    lines = [_row_line(row, words) for row in page.rows]
    options = [Option(option_label(row.bounce, words), row.bounce.id) for row in page.rows]
    return Card(
        title=words("bounce.list.title"),
        lead=words("bounce.list.lead", count=page.total),
        sections=[Section(None, lines)],
        rows=[
            Select("bounce", "show", words("bounce.list.pick"), options),
            [
                Button("bounce", "numbers", words("bounce.list.numbers")),
                Button("bounce", "export", words("bounce.list.csv"), arg="csv"),
                Button("bounce", "export", words("bounce.list.json"), arg="json"),
                Button("bounce", "bin", words("bounce.list.bin")),
                _server_button(words),
            ],
        ],
    )


def _row_line(row: BounceRow, words: Words) -> str:
    line = bounce_line(row.bounce, words)
    return join(" · ", [line, words("card.studio_owned")]) if row.is_studio else line


def bin_card(page: Page[BounceRow], words: Words) -> Card:
    bounces = [row.bounce for row in page.rows]
    lines = [
        words("bounce.bin.line", title=bounce.title, version=bounce.version_name, when=bounce.deleted_at)
        for bounce in bounces
    ]
    options = [Option(option_label(bounce, words), bounce.id) for bounce in bounces]
    return Card(
        title=words("bounce.bin.title"),
        lead=words("bounce.bin.lead", count=page.total),
        sections=[Section(None, lines)],
        rows=[Select("bounce", "restore", words("bounce.card.restore"), options)],
    )


def bounce_line(bounce: Bounce, words: Words) -> str:
    tag = words(f"bounce.tag.{bounce.tag or 'none'}")
    return words(
        "bounce.list.line",
        title=bounce.title,
        version=bounce.version_name,
        length=wording.clock(bounce.facts.duration_s),
        tag=raw(f"{tag} {TAG_ICONS[bounce.tag]}") if bounce.tag else tag,
        when=bounce.bounced_at,
    )


def no_bounces(text: str, words: Words) -> Card:
    if text == "bin":
        return note(words("bounce.bin.empty"))
    if text == SERVER:
        return note(words("bounce.list.no_server"))
    return note(words("bounce.list.none" if text else "bounce.list.empty"), [_server_button(words)])


def _server_button(words: Words) -> Button:
    return Button("bounce", "server", words("bounce.list.server"))


BOUNCES: Pager[BounceRow] = Pager("bounce", "list", _count, _rows, list_card, no_bounces)


@control("bounce", "bin", who=Who.ANYONE)
async def show_bin(press: Press) -> None:
    await press.reply(await BOUNCES.show(press, "bin"))


@control("bounce", "server", who=Who.ANYONE)
async def show_server(press: Press) -> None:
    """Show what is the server's own, to whom its roles let see it."""
    if press.guild is None:
        raise Refused("bounce_no_server")
    await press.reply(await BOUNCES.show(press, SERVER))


@control("bounce", "numbers", who=Who.ANYONE)
async def show_numbers(press: Press) -> None:
    """Statistics of one's own catalogue."""
    words = press.words
    zone: ZoneInfo = await press.services.studio.zone(press.person, press.guild)
    numbers = await press.services.bounces.service.statistics(press.person, zone)
    waiting = await press.services.bounces.service.loops_without(press.person)
    weeks = [
        words("bounce.numbers.week", monday=monday, count=count, minutes=f"{minutes:g}")
        for monday, count, minutes in numbers.weeks
    ]
    tags = [
        words("bounce.numbers.tag", tag=words(f"bounce.tag.{tag or 'none'}"), count=count)
        for tag, count in numbers.by_tag
    ]
    extra: list[str] = []
    if numbers.versions_to_keeper is not None:
        extra.append(words("bounce.numbers.keeper", versions=f"{numbers.versions_to_keeper:g}"))
    if waiting:
        extra.append(words("bounce.numbers.waiting", loops=join(", ", [loop.name for loop in waiting[:5]])))
    lead = words(
        "bounce.numbers.lead", count=numbers.bounces, families=numbers.families, minutes=f"{numbers.minutes:g}"
    )
    sections = [Section(words("bounce.numbers.weeks"), weeks), Section(words("bounce.numbers.tags"), tags)]
    await press.reply(Card(words("bounce.numbers.title"), lead=lead, sections=sections, next_lines=extra))


@control("bounce", "export", who=Who.ANYONE)
async def export(press: Press) -> None:
    """The whole catalogue as a file."""
    kind = "json" if press.arg == "json" else "csv"
    data = await press.services.bounces.service.export(press.person, kind)
    name = f"bounces.{kind}"
    await press.reply(Card(press.words("bounce.list.title"), files=[OutFile(name, data)]))
