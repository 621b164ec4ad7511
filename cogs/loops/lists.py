"""Lists of loops: one's own and this server's, of a client, archived, and what is in the bin."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

from bot.loops.area import LoopArea
from bot.loops.cards import binned_text, list_card
from bot.loops.service import LoopLine
from bot.say.card import Button, Card, Line, Section, join, note
from bot.say.words import Words
from bot.ui.base import Turn
from bot.ui.pager import Page, Pager
from cogs.clients.which import Wanted, keeps
from storage.privacy_map import kept_for


async def _count(turn: Turn, wanted: str) -> int:
    return len(await _lines(turn, wanted))


@dataclass(frozen=True, slots=True)
class LoopRow:
    """A loop in the list. `shares_name`: another one is called the same. `kept_until`: how long the bin keeps it."""

    line: LoopLine
    shares_name: bool
    kept_until: date
    is_studio: bool
    client: str


async def _lines(turn: Turn, wanted: str) -> list[LoopLine]:
    """Return the loops of a list, "open" or "open.studio": one's own, then this server's."""
    area: LoopArea = turn.services.loops
    asked = Wanted.read(wanted)
    lines = await area.loops.lines(turn.person, asked.state) if asked.whose != "studio" else []
    studio = await turn.studio("loop") if asked.whose != "me" else None
    if studio is not None:
        keep = await keeps(turn, studio, asked)
        theirs = await area.loops.lines(studio, asked.state, turn.person)
        lines += [line for line in theirs if keep(line.loop.client_id)]
        opened = any(line.is_active for line in lines if line.loop.owner_id == studio)
        # The oldest of one's own counts as open only where nothing of the server's is.
        lines = [replace(one, is_active=one.is_active and (one.loop.owner_id == studio or not opened)) for one in lines]
    return lines


async def _loop_rows(turn: Turn, state: str, offset: int, limit: int) -> Sequence[LoopRow]:
    """Return a page of loops, each with whether another one has the same name and how long the bin keeps it."""
    lines = await _lines(turn, state)
    names = [line.loop.name.casefold() for line in lines]
    zone = await turn.services.studio.zone(turn.person, turn.guild)
    kept = kept_for("loops")
    clients = await turn.services.clients.names(turn.guild) if turn.guild else {}
    return [
        LoopRow(
            line,
            names.count(line.loop.name.casefold()) > 1,
            ((line.loop.deleted_at or turn.now) + kept).astimezone(zone).date(),
            is_studio=line.loop.owner_id != turn.person,
            client=clients.get(line.loop.client_id or "", ""),
        )
        for line in lines[offset : offset + limit]
    ]


def _loops_card(page: Page[LoopRow], words: Words) -> Card:
    state = page.filter.partition(".")[0]
    in_bin = state == "bin"
    rows = [
        Line(
            _row_text(row, words, in_bin=in_bin),
            Button(
                "loop",
                "restore" if in_bin else "show",
                words("loop.lists.restore" if in_bin else "loop.card.show"),
                id=row.line.loop.id,
                owner=row.line.loop.owner_id,
            ),
        )
        for row in page.rows
    ]
    return Card(title=words(f"loop.lists.title_{state}"), sections=[Section(None, rows)])


def _row_text(row: LoopRow, words: Words, *, in_bin: bool) -> str:
    if in_bin:
        text = binned_text(row.line, words, row.kept_until)
    else:
        text = list_card(row.line, words, shared_name=row.shares_name)
    if not row.is_studio:
        return text
    client = [words("card.filed_under", name=row.client)] if row.client else []
    return join(" · ", [text, words("card.studio_owned"), *client])


def _nothing(wanted: str, words: Words) -> Card:
    asked = Wanted.read(wanted)
    return note(words("client.list.nothing_filed" if asked.client else f"loop.lists.empty_{asked.state}"))


loop_list = Pager(
    "loop",
    "list",
    _count,
    _loop_rows,
    _loops_card,
    _nothing,
    per_page=7,
)
