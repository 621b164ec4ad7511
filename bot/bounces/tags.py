"""What a file says about itself: title, artist, comment, tempo, ISRC. Hostile tags give no tags."""

import re
from pathlib import Path

from tinytag import TinyTag, TinyTagException

from bot.bounces.model import Tags

_ISRC = re.compile(r"^[A-Z]{2}-?[A-Z0-9]{3}-?\d{2}-?\d{5}$")


def read_tags(path: Path) -> Tags:
    """Return the tags of `path`; an unreadable or missing tag block is no error."""
    try:
        tag = TinyTag.get(path, tags=True, duration=False)
    except (
        TinyTagException,
        OSError,
        ValueError,
        KeyError,
        IndexError,
        TypeError,
        OverflowError,
        MemoryError,
    ):
        return Tags()
    except Exception:  # noqa: BLE001 - a parser of hostile bytes: whatever it raises, the audio is still measured
        return Tags()
    other = {key.casefold(): values for key, values in tag.other.items()}
    return Tags(
        title=_text(tag.title, 200),
        artist=_text(tag.artist, 200),
        comment=_text(tag.comment, 300),
        bpm=_bpm(_first(other, "bpm", "tbpm", "tempo")),
        isrc=_isrc(_first(other, "isrc", "tsrc")),
    )


def _first(other: dict[str, list[str]], *names: str) -> object:
    for name in names:
        for value in other.get(name, ()):
            return value
    return None


def _text(value: object, most: int) -> str | None:
    if value is None:
        return None
    text = "".join(sign for sign in str(value) if sign.isprintable() or sign == " ").strip()
    return text[:most] or None


def _bpm(value: object) -> float | None:
    try:
        bpm = float(str(value).replace(",", "."))
    except ValueError:
        return None
    return round(bpm, 2) if 20 <= bpm <= 400 else None


def _isrc(value: object) -> str | None:
    text = str(value or "").strip().upper()
    return text if _ISRC.match(text) else None
