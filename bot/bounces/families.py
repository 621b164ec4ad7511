"""Which names are versions of the same piece: strip what people append, keep what names the piece."""

import re
import unicodedata
from dataclasses import dataclass
from pathlib import PurePath

from bot.bounces.model import EXTENSIONS


@dataclass(frozen=True, slots=True)
class Family:
    """`key` compares, `title` is shown; `number` is the version the name states itself, if any."""

    key: str
    title: str
    number: int | None


_SEPARATORS = " _-.,+~#"
# Each takes a suffix off; group `n`, where there is one, is a version number.
_SUFFIXES = tuple(
    re.compile(rf"(?:^|(?<=[{re.escape(_SEPARATORS)}]))(?:{pattern})$", re.IGNORECASE)
    for pattern in (
        r"v(?:er(?:sion)?)?[ ._-]?(?P<n>\d{1,4})(?:[._]\d{1,3})*[a-z]?",
        (
            r"(?:mix|mixdown|master|mstr|bounce|rev|revision|take|draft|demo|print|render|export|rough|wip|edit)"
            r"[ ._-]?(?P<n>\d{1,3})"
        ),
        r"(?:final|finale?st|fin|last|latest)(?:[ ._-]?(?P<n>\d{1,3}))?",
        (
            r"(?:pre-?|re)?master(?:ed|ing)?|mstr|premaster|mixdown|bounced?|export(?:ed)?|render(?:ed)?|print|rough|demo"
            r"|wip|draft|fixed|fix|approved|limited|unmastered|preview|ref"
        ),
        r"copy(?:[ ._-]?(?:\d{1,3}))?|kopie|copie",
        (
            r"(?:19|20)\d{2}[._ -]?(?:0[1-9]|1[0-2])[._ -]?(?:0[1-9]|[12]\d|3[01])[ T_-]+"
            r"(?:[01]\d|2[0-3])[h._:-]?[0-5]\d(?:[m._:-]?[0-5]\d)?"
        ),
        r"(?:19|20)\d{2}[._ -]?(?:0[1-9]|1[0-2])[._ -]?(?:0[1-9]|[12]\d|3[01])",
        r"(?:0?[1-9]|[12]\d|3[01])[._-](?:0?[1-9]|1[0-2])[._-](?:(?:19|20)\d{2}|\d{2})",
        r"\d{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])",
        r"(?:[01]?\d|2[0-3])[h._-][0-5]\d(?:[m._-][0-5]\d)?|(?:[01]\d|2[0-3])[0-5]\d[0-5]\d",
        r"\d{2,3}(?:[.,]\d{1,2})?[ ._-]?bpm|bpm[ ._-]?\d{2,3}",
        r"(?:16|24|32)[ ._-]?bit",
        r"(?:44[._]?1|48|88[._]?2|96|192)[ ._-]?k(?:hz)?|(?:16|24|32)[ _.-]?(?:44(?:[._]1)?|48|96)",
        r"stereo|wav|mp3|flac|aiff?",
    )
)
_KEY = re.compile(r"(?:(?<=[ _.-])|^)[A-G](?:#|b|♯|♭)?[ _]?(?:m|min|maj|minor|major)$")
_NUMBER = re.compile(r"(?P<sep>[ _.#-]+)(?P<n>\d{1,3})$")
_ATTACHED = re.compile(
    r"(?:^|(?<=[ _.-]))(?P<word>final|mix|master|bounce|take|draft|demo|edit|rev)(?P<n>\d{1,3})$", re.I
)
_MIX = re.compile(r"(?P<before>.*?)(?P<sep>[ _.-]+)mix$", re.IGNORECASE)
_LEADING_DATE = re.compile(r"^(?:19|20)\d{2}[._-]?(?:0[1-9]|1[0-2])[._-]?(?:0[1-9]|[12]\d|3[01])[ _.-]+(?=.*[^\W\d])")
_VERSION_AT_END = re.compile(r"[ _.-]v\d{1,3}$", re.IGNORECASE)
_BRACKET = re.compile(r"[ _-]*[(\[{](?P<inside>[^()\[\]{}]*)[)\]}]$")
# Words before "mix" that make it a different piece of work, not a version.
_KINDS = frozenset(
    re.split(
        r"\s+",
        "extended club radio dub vocal instrumental original clean dirty short long acoustic orchestral "
        "tv main alternate alt live karaoke remix",
    )
)
# A number after these names the thing itself: "Track 01" and "Track 02" are two pieces.
_COUNTED = frozenset(
    re.split(
        r"\s+",
        "track loop beat idea sketch song no nr op opus part pt vol volume stem movement act scene "
        "chapter session disc cd side etude study symphony day week project",
    )
)
_HIGHEST_PLAIN = 40


def family(name: str | PurePath) -> Family:
    """Return the version family of a file name.

    >>> family("Night Drive_v3 FINAL2.wav")
    Family(key='night drive', title='Night Drive', number=3)
    >>> family("Track 02.wav").key
    'track 02'
    """
    base = unicodedata.normalize("NFKC", PurePath(str(name).replace("\\", "/")).name)
    stem, dot, extension = base.rpartition(".")
    if dot and f".{extension.casefold()}" in EXTENSIONS:
        base = stem
    text, number, has_bpm = _trim(_LEADING_DATE.sub("", base)), None, "bpm" in base.casefold()
    for _ in range(12):
        shorter, found = _strip_once(text, has_bpm)
        if shorter == text:
            break
        if not _names_something(shorter):
            # "mix 4" and "bounce 7": the word is all the name there is, the number still counts versions.
            word = re.sub(r"[ ._-]*\d{1,3}$", "", text)
            if found is not None and sum(sign.isalpha() for sign in word) >= 3:
                text, number = word, found[0]
            break
        text = shorter
        if found is not None and (number is None or not _is_loose(found)):
            number = found[0]
    text = _trim(text) or _trim(base) or base
    title = re.sub(r"[_\s]+", " ", text).strip(" -.") or text
    return Family(_key(text), title[:200], number)


Found = tuple[int, bool]


def _is_loose(found: Found) -> bool:
    return found[1]


def _strip_once(text: str, has_bpm: bool) -> tuple[str, Found | None]:
    """Take one suffix off; with it the version number it states and whether the number is a loose hint
    only."""
    bracket = _BRACKET.search(text)
    if bracket is not None:
        inside = _trim(bracket["inside"])
        rest, number = inside, None
        for _ in range(6):
            if not rest:
                break
            shorter, found = _strip_once(rest, has_bpm)
            if rest.isdigit() and len(rest) <= 3:
                shorter, found = "", (int(rest), True)
            if shorter == rest:
                break
            rest, number = shorter, found or number
        before = _trim(text[: bracket.start()])
        if (
            not rest
            or rest.casefold() == "mix"
            or (_VERSION_AT_END.search(before) and not _KINDS & set(rest.casefold().split()))
        ):
            return _trim(text[: bracket.start()]), number
        return text, None
    for pattern in _SUFFIXES:
        match = pattern.search(text)
        if match is not None:
            stated = match.groupdict().get("n")
            is_loose = match[0][:1].casefold() != "v"
            return _trim(text[: match.start()]), (int(stated), is_loose) if stated else None
    match = _ATTACHED.search(text)
    if match is not None:
        return _trim(text[: match.start()]), (int(match["n"]), True)
    if has_bpm and (match := _KEY.search(text)) is not None:
        return _trim(text[: match.start()]), None
    match = _MIX.match(text)
    if match is not None and match["before"].split(" ")[-1].casefold().strip("_-(") not in _KINDS:
        return _trim(match["before"]), None
    match = _NUMBER.search(text)
    if match is not None:
        before, number = text[: match.start()], int(match["n"])
        word = re.split(r"[ _.-]", before)[-1].casefold()
        is_padded = match["n"].startswith("0") or "_" in match["sep"]
        if word not in _COUNTED and (is_padded or number <= _HIGHEST_PLAIN) and _letters(before):
            return _trim(before), (number, True)
    return text, None


def _trim(text: str) -> str:
    return text.strip(_SEPARATORS)


def _names_something(text: str) -> bool:
    return _letters(text) or re.fullmatch(r"\d{3,4}", text) is not None


def _letters(text: str) -> bool:
    return any(sign.isalpha() for sign in text)


def _key(text: str) -> str:
    kept = " "
    for sign in text.casefold():
        # A mark belongs to the letter before it: the vowels of Devanagari and Thai are marks, and tell names apart.
        is_part = sign.isalnum() or (unicodedata.category(sign).startswith("M") and kept[-1] != " ")
        kept += sign if is_part else " "
    return " ".join(kept.split()) or text.casefold()


def bpm_in_name(name: str) -> float | None:
    """Return the tempo a file name states, as in `Loop_128bpm.wav`.

    >>> bpm_in_name("Loop_128 BPM.wav"), bpm_in_name("Loop.wav")
    (128.0, None)
    """
    match = re.search(r"(?<!\d)(\d{2,3}(?:[.,]\d{1,2})?)[ ._-]?bpm|bpm[ ._-]?(\d{2,3})", name, re.IGNORECASE)
    if match is None:
        return None
    bpm = float((match[1] or match[2]).replace(",", "."))
    return bpm if 40 <= bpm <= 300 else None


def common_prefix(names: list[str]) -> str:
    """Return what the names begin with alike, cut at a word; empty below three letters.

    >>> common_prefix(["Song - Kick.wav", "Song - Snare.wav"])
    'Song'
    """
    if len(names) < 2:
        return ""
    first, last = min(names), max(names)
    length = next((i for i, (a, b) in enumerate(zip(first, last, strict=False)) if a != b), min(len(first), len(last)))
    prefix = first[:length]
    if length < len(first) and prefix and prefix[-1].isalnum():
        cut = max(prefix.rfind(sign) for sign in " _-.([")
        prefix = prefix[: cut + 1] if cut >= 0 else ""
    prefix = prefix.strip(" _-.([")
    return prefix if sum(sign.isalpha() for sign in prefix) >= 3 else ""
