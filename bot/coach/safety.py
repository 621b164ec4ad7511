"""The crisis matcher: phrases on normalised text, before any AI and before any storing. It keeps nothing.

Only free text addressed to the coach is given to it, never titles, clip names or file names.
"""

import re
import tomllib
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from functools import cache

from bot.paths import assets_dir

FACT_DAYS = 180
"""A help line checked longer ago than this has to be checked again before a release."""
EVERYWHERE = "international"


@dataclass(frozen=True, slots=True)
class HelpLine:
    """One row of the support list. `checked` None: nobody has checked it yet."""

    region: str
    name: str
    how: str
    hours: str
    url: str
    note: str
    checked: date | None

    def needs_check(self, today: date) -> bool:
        return self.checked is None or (today - self.checked).days > FACT_DAYS


@dataclass(frozen=True, slots=True)
class Phrases:
    """Compiled lists; who reviewed them and when (empty until somebody qualified has)."""

    crisis: re.Pattern[str]
    idioms: re.Pattern[str]
    reviewed_by: str
    reviewed_on: str


def is_crisis(*texts: str) -> bool:
    """Say whether any text holds a phrase of the list. Musicians' idioms are taken out first.

    >>> is_crisis("I want to die"), is_crisis("I want to end it all with a reverb tail")
    (True, False)
    """
    phrases = load_phrases()
    return any(
        phrases.crisis.search(phrases.idioms.sub(" ~", f" {words} "))
        for text in texts
        if text
        # "killlll" may stand for "kill", "dieeee" for "die": stretched letters are read both ways.
        for words in {normalised(text, 1), normalised(text, 2)}
    )


def normalised(text: str, stretched: int = 2) -> str:
    """Return lower-case words with single spaces: accents, apostrophes, look-alikes, stretched letters evened out.

    >>> normalised("I can’t go on…  KILLLL my-self!!")
    'i cant go on kill my self'
    """
    plain = unicodedata.normalize("NFKD", text).casefold()
    plain = "".join(sign for sign in plain if not unicodedata.combining(sign) and unicodedata.category(sign) != "Cf")
    plain = re.sub(r"['’`´ʼ]", "", plain).translate(_LOOKALIKES)
    plain = re.sub(r"([a-z])\1{2,}", r"\1" * stretched, plain)
    plain = " ".join(re.sub(r"[^\w]+|_", " ", plain).split())
    # Letters spelled out one by one are read as one word.
    return re.sub(r"\b(?:[a-z] ){3,}[a-z]\b", lambda spelled: spelled.group().replace(" ", ""), plain)


@cache
def load_phrases() -> Phrases:
    """Return the lists of `assets/safety/crisis_phrases.toml`."""
    with (assets_dir() / "safety" / "crisis_phrases.toml").open("rb") as file:
        document = tomllib.load(file)
    return Phrases(
        crisis=_pattern(document["phrases"]),
        idioms=_pattern(document["idioms"]),
        reviewed_by=document["reviewed_by"],
        reviewed_on=document["reviewed_on"],
    )


@cache
def load_help_lines() -> tuple[HelpLine, ...]:
    """Return the support list of `assets/facts/crisis_resources.toml`, in its order."""
    with (assets_dir() / "facts" / "crisis_resources.toml").open("rb") as file:
        rows = tomllib.load(file)["resource"]
    return tuple(
        HelpLine(
            region=row["region"],
            name=row["name"],
            how=row["how"],
            hours=row["hours"],
            url=row["url"],
            note=row["note"],
            checked=date.fromisoformat(row["last_verified"]) if row["last_verified"] else None,
        )
        for row in rows
    )


def regions() -> tuple[str, ...]:
    """Return the regions of the list, in order."""
    return tuple(dict.fromkeys(line.region for line in load_help_lines()))


def help_lines(region: str | None) -> tuple[HelpLine, ...]:
    """Return the lines of a region first, the international ones always; all of them when the region is unknown."""
    lines = load_help_lines()
    own = tuple(line for line in lines if line.region == region)
    if not own:
        return lines
    return own + tuple(line for line in lines if line.region == EVERYWHERE and line not in own)


def region_of(zone: str) -> str | None:
    """Guess the region of the support list from a time zone; None when it could be several."""
    if zone in ("Europe/London", "Europe/Belfast", "Europe/Jersey", "Europe/Guernsey", "Europe/Isle_of_Man"):
        return "uk"
    if zone == "Europe/Dublin":
        return "ireland"
    if zone in _CANADA:
        return "canada"
    if zone.startswith("US/") or zone in _UNITED_STATES:
        return "us"
    if zone.startswith("Europe/"):
        return "eu"
    return None


_CANADA = frozenset(
    f"America/{city}" for city in ("Toronto", "Vancouver", "Edmonton", "Winnipeg", "Halifax", "St_Johns", "Regina")
)
_UNITED_STATES = frozenset(
    [f"America/{city}" for city in ("New_York", "Chicago", "Denver", "Los_Angeles", "Phoenix", "Anchorage", "Detroit")]
    + ["Pacific/Honolulu", "America/Boise"]
)
_LOOKALIKES = str.maketrans({"0": "o", "1": "i", "3": "e", "4": "a", "5": "s", "7": "t", "@": "a", "$": "s"})


def _pattern(phrases: Iterable[str]) -> re.Pattern[str]:
    """Join phrases to one pattern over words that each follow a space."""
    longest_first = sorted(phrases, key=len, reverse=True)
    return re.compile("(?:" + "|".join(_words(phrase) for phrase in longest_first) + r")(?= |$)")


def _words(phrase: str) -> str:
    """Read a phrase: `[a/b]` is a choice, `(a/b)` may be left out, `_` joins words, `*` is up to three words."""
    parts: list[str] = []
    for word in phrase.split():
        if word == "*":
            parts.append(r"(?: \w+){0,3}?")
            continue
        choices = "|".join(
            re.escape(each.replace("_", " ")).replace(r"\ ", " ") for each in word.strip("[]()").split("/")
        )
        parts.append(f"(?: (?:{choices}))" + ("?" if word.startswith("(") else ""))
    return "".join(parts)
