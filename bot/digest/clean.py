"""Make names harmless where they are printed: no folders, no control signs, no mentions, no Markdown."""

import re
import unicodedata

from bot.say.card import escape

_BIDI = dict.fromkeys([0x061C, 0x200E, 0x200F, *range(0x202A, 0x202F), *range(0x2066, 0x206A)])
NAME_MOST = 80


def plain(text: str, most: int = NAME_MOST) -> str:
    """Return one line of at most `most` characters, shortened at a word (or a whole sign) with an ellipsis.

    >>> plain("Night   Drive\\n")
    'Night Drive'
    """
    text = unicodedata.normalize("NFC", text.translate(_BIDI))
    text = "".join(char if char.isprintable() or char == "\u200d" else " " for char in text)
    text = " ".join(text.split())
    if len(text) <= most:
        return text
    cut = text[: most - 1]
    space = cut.rfind(" ")
    if space > most // 2:
        return cut[:space] + "…"
    return _whole_signs(text, most - 1) + "…"


def _whole_signs(text: str, most: int) -> str:
    """Return the longest start within `most` characters that does not split a composed sign."""
    end = most
    while end > 0 and (_joins(text[end]) or text[end - 1] == "\u200d"):
        end -= 1
    return text[:end] or text[:most]


def _joins(char: str) -> bool:
    return (
        char == "\u200d"
        or unicodedata.combining(char) > 0
        or 0xFE00 <= ord(char) <= 0xFE0F
        or (0x1F3FB <= ord(char) <= 0x1F3FF)
    )


def base_name(text: str) -> str:
    """Return the last part of a path written in any system's way.

    >>> base_name("..\\\\secret/../x.wav")
    'x.wav'
    """
    name = re.split(r"[\\/]", text)[-1]
    return plain(name.strip(". ") and name) or "bounce"


def stem(file_name: str) -> str:
    """Return a file's name without folders and extension.

    >>> stem("mixes/memory-spike-v2.wav")
    'memory-spike-v2'
    """
    name = base_name(file_name)
    return re.sub(r"\.[A-Za-z0-9]{1,5}$", "", name) or name


def markdown(text: str, most: int = NAME_MOST) -> str:
    """Return a name for a line of Markdown: escaped, and no mention works.

    >>> markdown("*x* @everyone")
    '\\\\*x\\\\* @\\u200beveryone'
    """
    # The file is read outside of Discord too, where any @name may be one.
    return re.sub("@(?!\u200b)", "@\u200b", escape(plain(text, most)))


def code(text: str) -> str:
    """Return a file name as code: without folders, backticks replaced.

    >>> code("a/b`c.wav")
    "`b'c.wav`"
    """
    name = base_name(text).replace("`", "'").replace("@", "@\u200b")
    return f"`{name}`"


def attachment_name(file_name: str) -> str:
    """Return the name of a bounce's picture as an attachment: only `[a-z0-9_.-]`, as Discord wants it.

    >>> attachment_name("Memory Spike (v2).wav")
    'memory-spike-v2.png'
    """
    folded = unicodedata.normalize("NFKD", stem(file_name)).encode("ascii", "ignore").decode().lower()
    return f"{re.sub(r'[^a-z0-9_]+', '-', folded).strip('-_')[:60] or 'bounce'}.png"
