"""What is sent to the AI, as people read it: made from the declarations of those who send."""

from collections.abc import Sequence

from bot.ai.sent import Sender
from bot.say.card import Section, Text, join, raw
from bot.say.words import Words


def sent_sections(senders: Sequence[Sender], words: Words) -> list[Section]:
    """Return a section for each sender with a line for each thing it sends, then what holds for all of them."""
    found = [Section(words(sender.title_key), [words(key) for key in sender.keys]) for sender in senders]
    return [*found, Section(words("ai.sent.never"), [words("ai.sent.never_text")], bullets=False)]


def sent_text(senders: Sequence[Sender], words: Words) -> Text:
    """Return the same list as one text, for the help."""
    pieces = [join("", [raw("**"), words(one.title_key), raw("**: "), _listed(one, words)]) for one in senders]
    return join("\n", [*pieces, join(" ", [words("ai.sent.never"), words("ai.sent.never_text")])])


def _listed(sender: Sender, words: Words) -> Text:
    return join("; ", [words(key) for key in sender.keys])
