"""Lists of releases: one's own and this server's, and what is in the bin."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

from bot.releases.cards import binned_line, list_line
from bot.releases.model import ReleaseState
from bot.releases.view import ReleaseView
from bot.say.card import Card, Section, note
from bot.say.words import Words
from bot.ui.base import Turn
from bot.ui.pager import Page, Pager
from cogs.clients.which import Wanted, keeps
from cogs.releases.options import nearness
from storage.privacy_map import kept_for

ANY, BIN = "any", "bin"


@dataclass(frozen=True, slots=True)
class ReleaseRow:
    """A plan in the list. `kept_until`: how long the bin keeps it, None for what is not in there."""

    view: ReleaseView
    kept_until: date | None = None


async def _views(turn: Turn, wanted: str) -> list[ReleaseView]:
    """Return the plans of a list, "any.all" or "bin.studio": one's own, then this server's."""
    asked = Wanted.read(wanted)
    studio = await turn.studio("release") if asked.whose != "me" else None
    owners = [turn.person] if asked.whose != "studio" else []
    found: list[ReleaseView] = []
    for owner in owners if studio is None else [*owners, studio]:
        if asked.state == BIN:
            views = await turn.services.releases.binned(owner)
        else:
            states = None if asked.state == ANY else [ReleaseState(asked.state)]
            views = sorted(await turn.services.releases.all(owner, states), key=nearness)
        if owner == studio:
            keep = await keeps(turn, owner, asked)
            views = [view for view in views if keep(view.plan.loop.client_id)]
        found += views
    return found


async def _count(turn: Turn, wanted: str) -> int:
    return len(await _views(turn, wanted))


async def _rows(turn: Turn, wanted: str, offset: int, limit: int) -> Sequence[ReleaseRow]:
    zone = await turn.services.studio.zone(turn.person, turn.guild)
    kept = kept_for("releases")
    rows: list[ReleaseRow] = []
    for view in (await _views(turn, wanted))[offset : offset + limit]:
        binned = view.release.deleted_at
        rows.append(ReleaseRow(view, (binned + kept).astimezone(zone).date() if binned else None))
    return rows


def _card(page: Page[ReleaseRow], words: Words) -> Card:
    in_bin = page.filter.startswith(BIN)
    lines = [
        binned_line(row.view, row.kept_until, words) if row.kept_until else list_line(row.view, words)
        for row in page.rows
    ]
    return Card(words("release.list.title_bin" if in_bin else "release.list.title"), sections=[Section(None, lines)])


def _empty(wanted: str, words: Words) -> Card:
    asked = Wanted.read(wanted)
    if asked.client is not None:
        return note(words("client.list.nothing_filed"))
    if asked.state == BIN:
        return note(words("release.list.empty_bin"))
    return note(words("release.list.empty_studio" if asked.whose == "studio" else "release.list.empty"))


release_list = Pager("release", "list", _count, _rows, _card, _empty, per_page=10)
