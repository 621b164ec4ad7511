"""The support list and the crisis path: help lines first, nothing kept, nobody told."""

from collections.abc import Callable
from functools import wraps

from bot.coach.safety import HelpLine, help_lines, is_crisis, region_of, regions
from bot.say.card import Accent, Card, Option, Row, Section, Select, Text, join, raw
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import FormControl, SubmitHandler, control, form
from bot.ui.items import Who

TITLES = frozenset({"title", "name", "first", "second"})
"""Fields that name a thing: a song may be called anything, so they are never read."""


def own_words(area: str, action: str, *, who: Who = Who.OWNER) -> Callable[[SubmitHandler], FormControl]:
    """Declare a form whose texts, titles apart, pass the crisis path before its handler is called at all."""

    def declare(handler: SubmitHandler) -> FormControl:
        @wraps(handler)
        async def screened(submit: Submit) -> None:
            texts = [submit.values.text(name) for name in submit.values.typed if name not in TITLES]
            if not await stopped_by_crisis(submit, *texts):
                await handler(submit)

        return form(area, action, who=who)(screened)

    return declare


async def stopped_by_crisis(turn: Turn, *texts: str) -> bool:
    """Answer with help lines and keep everything quiet for a week when a text holds a crisis phrase.

    Comes before any AI, any service and any storing. The text is not kept, logged or sent anywhere.
    """
    if not is_crisis(*texts):
        return False
    await turn.services.coach.profiles.quiet(turn.person)
    zone = str(await turn.services.studio.zone(turn.person, turn.guild))
    await turn.reply(support_card(region_of(zone), turn.words, after_text=True), ephemeral=True)
    return True


def support_card(region: str | None, words: Words, *, after_text: bool = False) -> Card:
    """Return the help lines of a region, the international ones always."""
    lines = [_line(line, words) for line in help_lines(region)]
    options = [Option(words(f"coach.region.{name}").plain, name, default=name == region) for name in regions()]
    rows: list[Row] = [Select("coach", "region", words("coach.support.region"), options)]
    said = [words("coach.support.not_a_crisis_service")] if after_text else [words("coach.support.bot")]
    return Card(
        title=words("coach.support.title"),
        sections=[Section(None, lines)],
        next_lines=said,
        rows=rows,
        accent=Accent.ACCENT,
    )


@control("coach", "region", who=Who.ANYONE)
async def choose_region(press: Press) -> None:
    """Show the help lines of another region."""
    await press.update(support_card(press.values[0], press.words))


def _line(line: HelpLine, words: Words) -> Text:
    facts: list[str] = [line.how]
    if line.hours:
        facts.append(line.hours)
    if line.note:
        facts.append(line.note)
    if line.url:
        facts.append(raw(f"<{line.url}>", line.url))
    checked = words("coach.support.checked", day=line.checked) if line.checked else words("coach.support.unchecked")
    return join("", [raw("**"), line.name, raw("**: "), join(" · ", facts), raw("\n-# "), checked])


controls = (choose_region,)
