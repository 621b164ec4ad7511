"""Words of strangers' files: composed, and without signs that lie about what is read. Pure."""

import unicodedata

from bot.say.card import TURNS

_LINES = "\n\t\r"


class BadText(ValueError):
    """A text that is not taken; `code` says why: surrogate, control, direction, too_long, empty."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


def clean(text: str, most: int, *, lines: bool = False, least: int = 0, as_is: bool = False) -> str:
    r"""Return a text in composed form (NFC). Raises BadText; `lines` allows line ends and tabs.

    `as_is`: only look at it, for files that are compared with what is stored.

    >>> clean("Cafe\u0301", 10)
    'Café'
    """
    if text.isascii() and text.isprintable():
        # Most texts are: nothing to look at sign by sign.
        return _of_length(text, most, least)
    for sign in text:
        kind = unicodedata.category(sign)
        if kind == "Cs":
            raise BadText("surrogate")
        if kind in ("Cc", "Zl", "Zp") and not (lines and sign in _LINES):
            raise BadText("control")
        if sign in TURNS:
            raise BadText("direction")
    composed = text if as_is else unicodedata.normalize("NFC", text.replace("\r\n", "\n"))
    return _of_length(composed, most, least)


def _of_length(text: str, most: int, least: int) -> str:
    if len(text) > most:
        raise BadText("too_long")
    if len(text.strip()) < least:
        raise BadText("empty")
    return text
