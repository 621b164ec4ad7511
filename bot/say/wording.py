"""The wording rules as data: which words the product never says, and British spelling."""

import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from bot.paths import assets_dir

CHECKIN_WORDS_MAX = 60
"""A check-in message stays under this many words."""


@dataclass(frozen=True, slots=True)
class Wording:
    """The lists, compiled."""

    banned: re.Pattern[str]
    american: Mapping[str, str]
    american_pattern: re.Pattern[str]


@cache
def load_wording() -> Wording:
    """Return the lists of `assets/safety/wording.toml`."""
    with (assets_dir() / "safety" / "wording.toml").open("rb") as file:
        document = tomllib.load(file)
    american: dict[str, str] = document["american"]
    # A part of a compound ("behind-the-scenes") or of a path is another word.
    return Wording(_whole_words(document["banned"], "-/"), american, _whole_words(american))


def banned_words(text: str) -> tuple[str, ...]:
    """Return the banned words found in `text`, lower case, in order.

    >>> banned_words("Don’t forget: you MUST finish")
    ("don't forget", 'must')
    >>> banned_words("A mustard-coloured sleeve")
    ()
    """
    plain = " ".join(text.replace("’", "'").split())
    return tuple(match.group(0).casefold() for match in load_wording().banned.finditer(plain))


def american_words(text: str) -> tuple[tuple[str, str], ...]:
    """Return (American word found, British form).

    >>> american_words("Organize the colors")
    (('organize', 'organise'), ('colors', 'colours'))
    """
    wording = load_wording()
    found = (match.group(0).casefold() for match in wording.american_pattern.finditer(text))
    return tuple((word, wording.american[word]) for word in found)


def is_acceptable(text: str) -> bool:
    """Say whether a text, AI-written for instance, keeps to the banned list."""
    return not banned_words(text)


def _whole_words(words: Mapping[str, str] | list[str], joins: str = "") -> re.Pattern[str]:
    any_of = "|".join(map(re.escape, sorted(words, key=len, reverse=True)))
    sign = re.escape(joins)
    return re.compile(rf"(?<![\w'{sign}])(?:{any_of})(?![\w{sign.replace('/', '')}])", re.IGNORECASE)
