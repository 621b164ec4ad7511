"""The bounce of a release: which one it is, and its picture as a cover."""

from bot.bounces.cards import picture_of, say_in
from bot.bounces.model import Filter
from bot.bounces.pictures import ART_PX
from bot.bounces.trouble import CannotMeasure
from bot.errors import BotError
from bot.releases.view import ReleaseView
from bot.say.card import Card, Option, Picture, note
from bot.say.words import Words
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from cogs.bounces.forms import option_label
from cogs.releases.showing import show_button

BOUNCES_LISTED = 25


async def recent_bounces(turn: Turn, chosen: str | None) -> list[Option]:
    """Return the newest bounces to choose from; the chosen one among them."""
    found = await turn.services.bounces.service.list(turn.owner, Filter(), BOUNCES_LISTED)
    options = [Option(option_label(bounce, turn.words), bounce.id, default=bounce.id == chosen) for bounce in found]
    if chosen is not None and chosen not in {option.value for option in options}:
        kept = await turn.services.bounces.service.many(turn.owner, [chosen])
        options[BOUNCES_LISTED - 1 :] = [Option(option_label(b, turn.words), b.id, default=True) for b in kept]
    return options


@control("release", "bounce")
async def pick_bounce(press: Press) -> None:
    saved = await press.services.releases.edit(press.actor, press.owner, press.id, bounce_id=press.values[0])
    told = press.words("release.told.bounce", title=saved.view.release.title)
    await press.reply(note(told, [undo_button(press, saved.group_id), show_button(saved, press.words)]))


async def _artwork(turn: Turn, view: ReleaseView, size: int, words: Words) -> Picture | None:
    """Draw the square picture of the release's bounce; None where there is none, or nothing to draw it from."""
    if view.release.bounce_id is None:
        return None
    bounces = turn.services.bounces
    try:
        bounce = await bounces.service.get(turn.owner, view.release.bounce_id)
        return picture_of(await bounces.pictures.art(bounce, say_in(words), size), bounce, "-cover")
    except (BotError, CannotMeasure):
        return None


async def send_art(press: Press, view: ReleaseView) -> None:
    await press.defer()
    picture = await _artwork(press, view, ART_PX, press.words)
    if picture is None:
        await press.reply(note(press.words("release.more.no_bounce")), ephemeral=True)
        return
    lead = press.words("release.art.lead")
    await press.reply(Card(view.release.title, lead=lead, media=[picture]), ephemeral=True)
