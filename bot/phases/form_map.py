"""Form maps: accepted content, drawing one, versions by content, differences, boundaries on a waveform."""

import difflib
import hashlib
import random
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum
from itertools import pairwise

from bot.errors import Refused
from bot.phases.model import FormContent, Section, SectionKind, canonical
from bot.phases.rules import PhaseRules
from bot.say.words import Speaks

# ------------------------------------------------------------------ content


def parse_time(text: str) -> int | None:
    """Read "m:ss", "m:ss.mmm" or "h:mm:ss" as milliseconds; None where it is not one.

    >>> parse_time("1:05"), parse_time("0:05.250"), parse_time("1:00:00"), parse_time("1:75")
    (65000, 5250, 3600000, None)
    """
    match = re.fullmatch(r"(?:(\d{1,2}):(?=\d\d:))?(\d{1,3}):([0-5]\d)(?:\.(\d{1,3}))?", text.strip())
    if match is None or (match[1] is not None and int(match[2]) > 59):
        return None
    thousandths = int((match[4] or "0").ljust(3, "0"))
    return ((int(match[1] or 0) * 60 + int(match[2])) * 60 + int(match[3])) * 1000 + thousandths


def time_text(ms: int) -> str:
    """Return m:ss, h:mm:ss from one hour.

    >>> time_text(197_400), time_text(3_725_000)
    ('3:17', '1:02:05')
    """
    seconds = ms // 1000
    hours, rest = divmod(seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    return f"{hours}:{minutes:02}:{seconds:02}" if hours else f"{minutes}:{seconds:02}"


def parse_sections(text: str, rules: PhaseRules) -> tuple[Section, ...]:
    """Read one section a line: `kind [bars] [@ m:ss] [: texture]`, as in "verse 16 @ 0:15: dry voice".

    Raises Refused naming the line.
    """
    sections: list[Section] = []
    for number, line in enumerate((line.strip() for line in text.splitlines() if line.strip()), 1):
        match = re.fullmatch(r"([a-zA-Z]+)(?:\s+(\d+)(?:\s*bars?)?)?(?:\s*@\s*([\d:.]+))?(?:\s*[:,-]\s+(.*)|:)?", line)
        kind = match[1].lower() if match else ""
        if match is None or kind not in set(SectionKind):
            kinds = ", ".join(SectionKind)
            raise Refused("form_map_line", line=line[:80], number=number, kinds=kinds)
        start = None
        if match[3] is not None:
            start = parse_time(match[3])
            if start is None:
                raise Refused("form_map_time", typed=match[3])
        bars = int(match[2]) if match[2] else None
        sections.append(Section(SectionKind(kind), (match[4] or "").strip(), bars, start))
    return check_sections(sections, rules)


def section_line(section: Section) -> str:
    """Return a section as `parse_sections` reads it."""
    line = str(section.kind)
    if section.bars is not None:
        line += f" {section.bars}"
    if section.start_ms is not None:
        fraction = section.start_ms % 1000
        line += f" @ {time_text(section.start_ms)}" + (f".{fraction:03}" if fraction else "")
    return f"{line}: {section.texture}" if section.texture else line


def check_sections(sections: Sequence[Section], rules: PhaseRules) -> tuple[Section, ...]:
    """Raise Refused where a section is outside the limits; return them as stored."""
    if not sections:
        raise Refused("form_map_empty")
    if len(sections) > rules.form_sections:
        raise Refused("form_map_sections", count=len(sections), most=rules.form_sections)
    for section in sections:
        if len(section.texture) > rules.form_texture:
            raise Refused("form_map_texture", typed=section.texture, most=rules.form_texture)
        if section.bars is not None and not 1 <= section.bars <= rules.form_bars:
            raise Refused("form_map_bars", typed=section.bars, most=rules.form_bars)
    check_times(sections, None)
    return tuple(sections)


def check_times(sections: Sequence[Section], duration_ms: int | None) -> None:
    """Raise Refused naming the two that clash: times rise strictly, from 0, and end before the bounce does."""
    previous: Section | None = None
    for section in sections:
        if section.start_ms is None:
            continue
        if section.start_ms < 0:
            raise Refused("form_map_time", typed=str(section.start_ms))
        if previous is not None and previous.start_ms is not None and section.start_ms <= previous.start_ms:
            raise Refused(
                "form_map_order",
                first=f"{previous.kind} {time_text(previous.start_ms)}",
                second=f"{section.kind} {time_text(section.start_ms)}",
            )
        if duration_ms is not None and section.start_ms >= duration_ms:
            raise Refused(
                "form_map_past_end",
                section=f"{section.kind} {time_text(section.start_ms)}",
                end=time_text(duration_ms),
            )
        previous = section


def content_hash(content: FormContent) -> str:
    """Return the SHA-256 of the content, in hex; time, name and number do not count."""
    return hashlib.sha256(canonical(content).encode()).hexdigest()


def file_name(at: datetime, digest: str) -> str:
    """Return `form_<date>_<hhmm>_<first 6 hex>.md`; `at` in the person's zone."""
    return f"form_{at:%Y-%m-%d}_{at:%H%M}_{digest[:6]}.md"


def draw(user_id: int, map_id: str, number: int, constraints: Sequence[str], rules: PhaseRules) -> FormContent:
    """Draw 4 of the 6 sections, in musical order, and one constraint; the same key gives the same draw."""
    seed = hashlib.sha256(f"{user_id}:{map_id}:{number}".encode()).digest()
    rng = random.Random(seed)
    chosen = set(rng.sample(list(SectionKind), rules.drawn_sections))
    sections = tuple(Section(kind) for kind in SectionKind if kind in chosen)
    return FormContent(sections, rng.choice(list(constraints)))


# ------------------------------------------------------------------ differences

Identity = tuple[SectionKind, int]
"""A section of a map: its kind and which one of that kind, from 1."""


def identities(content: FormContent) -> tuple[Identity, ...]:
    seen: Counter[SectionKind] = Counter()
    result: list[Identity] = []
    for section in content.sections:
        seen[section.kind] += 1
        result.append((section.kind, seen[section.kind]))
    return tuple(result)


@dataclass(frozen=True, slots=True)
class FormDiff:
    """What leads from one content to another. Places count from 0 in the new order."""

    added: tuple[tuple[int, Identity, Section], ...] = ()
    removed: tuple[Identity, ...] = ()
    moved: tuple[tuple[int, Identity], ...] = ()
    changed: tuple[tuple[Identity, Section, Section], ...] = ()
    constraint: tuple[str, str] | None = None


def diff(old: FormContent, new: FormContent) -> FormDiff:
    """Compare two contents by section and occurrence; what is not on the longest common run has moved."""
    before = dict(zip(identities(old), old.sections, strict=True))
    after = dict(zip(identities(new), new.sections, strict=True))
    steady = set(_longest_common([i for i in before if i in after], [i for i in after if i in before]))
    return FormDiff(
        added=tuple((place, i, after[i]) for place, i in enumerate(after) if i not in before),
        removed=tuple(i for i in before if i not in after),
        moved=tuple((place, i) for place, i in enumerate(after) if i in before and i not in steady),
        changed=tuple((i, before[i], after[i]) for i in after if i in before and before[i] != after[i]),
        constraint=None if old.constraint == new.constraint else (old.constraint, new.constraint),
    )


def _longest_common(first: Sequence[Identity], second: Sequence[Identity]) -> list[Identity]:
    lengths = [[0] * (len(second) + 1) for _ in range(len(first) + 1)]
    for row in range(len(first) - 1, -1, -1):
        for column in range(len(second) - 1, -1, -1):
            if first[row] == second[column]:
                lengths[row][column] = lengths[row + 1][column + 1] + 1
            else:
                lengths[row][column] = max(lengths[row + 1][column], lengths[row][column + 1])
    row = column = 0
    run: list[Identity] = []
    while row < len(first) and column < len(second):
        if first[row] == second[column]:
            run.append(first[row])
            row, column = row + 1, column + 1
        elif lengths[row + 1][column] >= lengths[row][column + 1]:
            row += 1
        else:
            column += 1
    return run


def diff_in_words(old: FormContent, new: FormContent, words: Speaks) -> str:
    """Say the difference: "Bridge added after chorus; drop moved first; constraint now *three sounds only*"."""
    change = diff(old, new)
    order = identities(new)
    counts = Counter(i[0] for i in {*order, *identities(old)})

    def name(identity: Identity) -> str:
        kind, occurrence = identity
        return words(f"form.section.{kind}") + (f" {occurrence}" if counts[kind] > 1 else "")

    def where(key: str, place: int, identity: Identity) -> str:
        if place == 0:
            return words(f"form.diff.{key}_first", section=name(identity))
        return words(f"form.diff.{key}_after", section=name(identity), other=name(order[place - 1]))

    parts = [where("added", place, identity) for place, identity, _ in change.added]
    parts += [words("form.diff.removed", section=name(identity)) for identity in change.removed]
    parts += [where("moved", place, identity) for place, identity in change.moved]
    parts += [words("form.diff.changed", section=name(i), line=section_line(after)) for i, _, after in change.changed]
    if change.constraint is not None:
        now = change.constraint[1]
        parts.append(words("form.diff.constraint", constraint=now) if now else words("form.diff.constraint_gone"))
    if not parts:
        return words("form.diff.none")
    text = "; ".join(parts)
    return text[0].upper() + text[1:]


def markdown(
    name: str, content: FormContent, words: Speaks, previous: FormContent | None = None, number: int | None = None
) -> str:
    """Return a version as a file: sections, constraint, and the unified diff to `previous`.

    `number`: which version `previous` is; None for the one before.
    """
    lines = [f"# {words('form.file.title', name=name)}", ""]
    lines += [f"{number}. {section_line(section)}" for number, section in enumerate(content.sections, 1)]
    lines += ["", words("form.file.constraint", constraint=content.constraint or words("form.file.none"))]
    if previous is not None:
        heading = words("form.file.changes") if number is None else words("form.file.changes_since", number=number)
        lines += ["", heading, "", "```diff", *unified(previous, content), "```"]
    return "\n".join(lines) + "\n"


def unified(old: FormContent, new: FormContent) -> list[str]:
    """Return the unified diff of the two contents, line by line."""

    def as_lines(content: FormContent) -> list[str]:
        return [*(section_line(s) for s in content.sections), f"({content.constraint})" if content.constraint else "()"]

    return list(difflib.unified_diff(as_lines(old), as_lines(new), "before", "after", lineterm="", n=99))


# ------------------------------------------------------------------ on a waveform


class OverlayMode(StrEnum):
    PROPORTIONAL = "proportional"
    TIMED = "timed"
    MIXED = "mixed"


@dataclass(frozen=True, slots=True)
class Band:
    """A section on the waveform, milliseconds. `timed`: its start was given by the person, not estimated."""

    kind: SectionKind | None
    start_ms: int
    end_ms: int
    timed: bool


@dataclass(frozen=True, slots=True)
class Overlay:
    """Bands from 0 to the end without gaps; a first band without a kind is the lead-in."""

    mode: OverlayMode
    bands: tuple[Band, ...]
    fell_back: bool = False

    @property
    def is_estimated(self) -> bool:
        return any(not band.timed for band in self.bands if band.kind is not None)


def overlay(sections: Sequence[Section], duration_ms: int) -> Overlay:
    """Spread sections over a bounce: by bars or evenly, between the times that were given.

    A start past the end (a shorter new bounce) falls back to proportional.
    """
    check_times(sections, None)
    timed = [s.start_ms for s in sections if s.start_ms is not None]
    fell_back = any(start >= duration_ms for start in timed)
    if fell_back:
        sections = [replace(section, start_ms=None) for section in sections]
        timed = []
    weights = [s.bars if all(o.bars is not None for o in sections) and s.bars else 1 for s in sections]
    mode = (
        OverlayMode.PROPORTIONAL
        if not timed
        else OverlayMode.TIMED
        if len(timed) == len(sections)
        else OverlayMode.MIXED
    )
    starts = _starts(sections, weights, duration_ms)
    bands: list[Band] = []
    if starts[0] > 0:
        bands.append(Band(None, 0, starts[0], timed=True))
    ends = [*starts[1:], duration_ms]
    for section, start, end in zip(sections, starts, ends, strict=True):
        bands.append(Band(section.kind, start, end, timed=section.start_ms is not None))
    return Overlay(mode, tuple(bands), fell_back)


def _starts(sections: Sequence[Section], weights: Sequence[int], duration_ms: int) -> list[int]:
    """Return each section's start: given ones are anchors, the rest is spread between anchors by weight."""
    anchors = [(n, s.start_ms) for n, s in enumerate(sections) if s.start_ms is not None]
    if not anchors or anchors[0][0] > 0:
        anchors.insert(0, (0, 0))
    anchors.append((len(sections), duration_ms))
    starts = [0] * len(sections)
    for (first, begin), (after, end) in pairwise(anchors):
        total, passed = sum(weights[first:after]), 0
        for number in range(first, after):
            starts[number] = begin + (end - begin) * passed // total
            passed += weights[number]
    return starts


def overlay_alt(shown: Overlay, words: Speaks) -> str:
    """Return the sentence for the alt text: "Sections (estimated): intro 0:00, verse 0:49"."""
    # Times are shown to the nearest second.
    names = [f"{_band_name(band, words)} {time_text(band.start_ms + 500)}" for band in shown.bands]
    key = "form.overlay.estimated" if shown.is_estimated else "form.overlay.timed"
    return words(key, sections=", ".join(names))


def _band_name(band: Band, words: Speaks) -> str:
    return words(f"form.section.{band.kind}") if band.kind else words("form.overlay.lead_in")


def texture_ideas(
    content: FormContent, textures: Mapping[str, Sequence[str]], turn: int, most: int = 3
) -> list[tuple[SectionKind, str]]:
    """Return a suggestion for the first sections that have no texture yet; another one each turn.

    >>> texture_ideas(FormContent((Section(SectionKind.VERSE),)), {"verse": ["dry", "wide"]}, 1)
    [(<SectionKind.VERSE: 'verse'>, 'wide')]
    """
    bare = dict.fromkeys(section.kind for section in content.sections if not section.texture)
    known = [(kind, textures[str(kind)]) for kind in bare if textures.get(str(kind))]
    return [(kind, ideas[turn % len(ideas)]) for kind, ideas in known[:most]]
