"""Lists page by page, without memory: the custom_id holds list, filter and page, so pages turn after a restart.

A `Pager` is a source (count, rows of one page) and a formatter (rows → card). Declare it in a cog file; the client
finds its controls there. On a public list somebody else's press gives them a list of their own.
"""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, replace
from typing import Generic, TypeVar

from bot.say.card import Button, Card, Option, Row, Select
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.controls import Control, control
from bot.ui.items import Who

RowT = TypeVar("RowT")
JUMP_FROM_PAGES = 6
_JUMP_OPTIONS = 25


@dataclass(frozen=True, slots=True)
class Page(Generic[RowT]):
    """What a formatter gets: the rows and where they are in the whole."""

    rows: Sequence[RowT]
    number: int
    """From 1."""
    pages: int
    total: int
    filter: str
    owner: int = 0
    """Whose things these are: for the buttons of lines that do not say so themselves."""


@dataclass(frozen=True)
class Pager(Generic[RowT]):
    """A list. `filter` is a short word of `[A-Za-z0-9_.=,-]`, at most 48 ("open", "tag=keeper"), "" for all."""

    area: str
    name: str
    count: Callable[[Turn, str], Awaitable[int]]
    rows: Callable[[Turn, str, int, int], Awaitable[Sequence[RowT]]]
    """(turn, filter, offset, limit) → rows."""
    card: Callable[[Page[RowT], Words], Card]
    empty: Callable[[str, Words], Card]
    """One sentence and the command that makes the first entry."""
    per_page: int = 8

    @property
    def controls(self) -> tuple[Control, ...]:
        return (control(self.area, self._action, who=Who.ANYONE)(self._turn_page),)

    @property
    def _action(self) -> str:
        return f"{self.name}-page"

    async def show(self, turn: Turn, filter_: str = "", page: int = 1) -> Card:
        """Return one page as a card with its controls; a page that is gone gives the last one."""
        total = await self.count(turn, filter_)
        if total == 0:
            return self.empty(filter_, turn.words)
        pages = -(-total // self.per_page)
        number = min(max(page, 1), pages)
        rows = await self.rows(turn, filter_, (number - 1) * self.per_page, self.per_page)
        shown = self.card(Page(rows, number, pages, total, filter_, turn.owner), turn.words)
        return replace(shown, rows=[*shown.rows, *self.buttons(turn.words, filter_, number, pages, turn.owner)])

    def buttons(self, words: Words, filter_: str, number: int, pages: int, owner: int) -> list[Row]:
        """Return the page controls, none for a single page."""
        if pages <= 1:
            return []

        def to(sign: str, page: int, label: str, *, off: bool) -> Button:
            return Button(self.area, self._action, label, filter_ or "-", f"{sign}{page}.{owner}", disabled=off)

        first, last = number == 1, number == pages
        row = [
            to("f", 1, words("page.first"), off=first),
            to("p", number - 1, words("page.previous"), off=first),
            to("m", number, words("page.of", number=number, pages=pages), off=True),
            to("n", number + 1, words("page.next"), off=last),
            to("l", pages, words("page.last"), off=last),
        ]
        if pages < JUMP_FROM_PAGES:
            return [row]
        options = [
            Option(words("page.of", number=page, pages=pages), str(page), default=page == number)
            for page in jump_pages(number, pages)
        ]
        jump = Select(self.area, self._action, words("page.jump"), options, filter_ or "-", f"j0.{owner}")
        return [row, jump]

    async def _turn_page(self, press: Press) -> None:
        sign_page, _, owner = press.arg.partition(".")
        page = int(press.values[0]) if press.values else int(sign_page[1:] or 1)
        filter_ = "" if press.id == "-" else press.id
        if press.guild is not None and owner == str(press.guild):
            await press.act_for(press.guild, self.area, Does.SEE)
        card = await self.show(press, filter_, page)
        if owner and int(owner) != press.owner:
            await press.reply(card, ephemeral=True)
        else:
            await press.update(card)


def jump_pages(number: int, pages: int) -> list[int]:
    """Return the pages of the jump list: all up to 25, else evenly spread with first, last and the present one.

    >>> jump_pages(3, 4), len(jump_pages(50, 1000)), jump_pages(50, 1000)[-1]
    ([1, 2, 3, 4], 25, 1000)
    """
    if pages <= _JUMP_OPTIONS:
        return list(range(1, pages + 1))
    spread = {1 + round(step * (pages - 1) / (_JUMP_OPTIONS - 1)) for step in range(_JUMP_OPTIONS)}
    if number not in spread:
        spread.remove(min(spread - {1, pages}, key=lambda page: abs(page - number)))
        spread.add(number)
    return sorted(spread)
