"""What people type about a client, read or refused."""

import re
import unicodedata

from bot.clients.rules import ClientRules
from bot.errors import Refused
from bot.studio.model import known_zones

_COLOUR = re.compile(r"#?([0-9a-fA-F]{6})")


def read_name(typed: str, rules: ClientRules) -> str:
    """Return a name of at most `name_max` signs. Raises Refused for an empty or a longer one."""
    name = " ".join(unicodedata.normalize("NFC", typed).split())
    if not name:
        raise Refused("client_name_empty")
    if len(name) > rules.name_max:
        raise Refused("client_name_long", typed=name[:40], limit=rules.name_max)
    return name


def read_notes(typed: str, rules: ClientRules) -> str:
    return unicodedata.normalize("NFC", typed).strip()[: rules.notes_max]


def read_colour(typed: str) -> str | None:
    """Return `#RRGGBB`, None for nothing. Raises Refused for what is no colour.

    >>> read_colour("c0ffee"), read_colour("")
    ('#C0FFEE', None)
    """
    if not typed.strip():
        return None
    found = _COLOUR.fullmatch(typed.strip())
    if found is None:
        raise Refused("client_colour", typed=typed[:40])
    return f"#{found[1].upper()}"


def read_zone(typed: str) -> str:
    """Return the name of a time zone. Raises Refused for what is none."""
    if typed not in known_zones():
        raise Refused("studio_zone", typed=typed[:60], suggestions="Europe/London, America/New_York")
    return typed
