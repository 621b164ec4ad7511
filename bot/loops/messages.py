"""What stands in posted cards of loops, drawn from what is stored then."""

from dataclasses import replace

from bot.loops.area import LoopArea
from bot.loops.cards import loop_card
from bot.loops.dates import moment_of
from bot.loops.picture_view import timeline_view
from bot.loops.store import LoopView
from bot.loops.wording import alt_text
from bot.posted_model import PostedCard
from bot.say.card import Card, Picture, plain, removable
from bot.say.words import Catalogue, Words

POSTED = "loop"
"""The kind of posted card: the live card of a loop."""
FILE_NAME = "timeline.png"


class LoopMessages:
    """Draws the posted cards of loops."""

    def __init__(self, area: LoopArea, strings: Catalogue) -> None:
        self._area = area
        self._strings = strings

    async def draw(self, posted: PostedCard) -> Card:
        """Return the live card for everybody. Raises NotFound for a loop that is gone or in the bin."""
        words = self._strings.words(posted.locale)
        view = await self._area.store.view(posted.owner, posted.subject_id)
        return removable(
            await shared_card(self._area, view, words), words("card.remove"), posted.posted_by or posted.owner
        )


async def shared_card(area: LoopArea, view: LoopView, words: Words) -> Card:
    """Return the card of a loop as it is posted for everybody."""
    # What is on its way to the store is its owner's to see; for whom it is is the house's.
    view = replace(view, saving=False, waiting=(), client=None)
    return loop_card(view, words, await picture_of(area, view, words))


async def picture_of(area: LoopArea, view: LoopView, words: Words, look: str = "") -> Picture:
    """Draw the timeline of a view, with its words from the same data."""

    def say(key: str, /, **parts: object) -> str:
        return plain(words(key, **parts))

    at = moment_of(view.loop, view.now).at_milli
    shown = timeline_view(view.plan, view.sequenced, view.momentum, at, say, area.rules, look)
    alt = alt_text(view.plan, view.sequenced, view.momentum, at, say)
    return Picture(FILE_NAME, await area.drawing.timeline(shown), alt)
