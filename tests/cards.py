"""Cards as tests read them: their words in order, and their controls."""

from collections.abc import Iterable

from bot.say.card import Button, Card, Fact, Line, Select, plain


def as_text(card: Card) -> str:
    """Return what a card says, without its pictures."""
    lines = [plain(card.title) + (f": {plain(card.state.word)}" if card.state else "")] if card.title else []
    lines += [plain(card.lead)] if card.lead else []
    lines += [f"{plain(one.label)}: {plain(one.value)}" if isinstance(one, Fact) else plain(one) for one in card.facts]
    for section in card.sections:
        lines += [plain(section.heading)] if section.heading else []
        lines += [plain(line.text if isinstance(line, Line) else line) for line in section.lines]
    return "\n".join([*lines, *map(plain, card.next_lines), *map(plain, card.meta)])


def controls_of(card: Card) -> Iterable[Button | Select]:
    """Yield every control of a card that a press can reach."""
    for section in card.sections:
        for line in section.lines:
            if isinstance(line, Line) and isinstance(line.button, Button):
                yield line.button
    for row in card.rows:
        if isinstance(row, Select):
            yield row
        else:
            yield from (item for item in row if isinstance(item, Button))
