"""What the AI is asked about a loop, the shapes of its answers, and the checks on its texts. Pure.

What is sent is declared (`SENDS`) and nothing else is: never names or ids of people.
"""

import hashlib
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta

from pydantic import BaseModel, ConfigDict, Field

from bot.ai.model import Asker, JsonValue, Question, Reply
from bot.ai.sent import Item, Sender
from bot.loops.dates import day_of, local_day, units_text, zone_of
from bot.loops.model import MILLI, Clip, Lane, Plan
from bot.loops.momentum import Momentum, percent
from bot.loops.rules import LoopRules
from bot.loops.sequence import Sequenced
from bot.loops.whatif import horizon_milli
from bot.say.wording import american_words, banned_words

SENDS = Sender(
    "loops",
    ("loop_suggest", "loop_fixes", "loop_summary"),
    (
        Item("clips", ("clips.name", "clips.notes", "clips.lane", "clips.start", "clips.length")),
        Item("flags", ("clips.ready", "clips.done", "clips.blocked", "clips.overdue")),
        Item("next", ("next", "dates", "selected")),
        Item("momentum", ("momentum.label", "momentum.plan_percent", "momentum.motion_tenths")),
        Item("frame", ("role", "pace", "phase", "unit", "playhead"), facts=("unit", "end")),
    ),
)

_NUMBER = re.compile(r"\d+(?:[.,:]\d+)*")
_SENTENCE_END = re.compile(r"[.!?…](?=\s|$)")


class ClipsReply(Reply):
    """Suggested clips, read leniently: the gate checks each one."""

    clips: tuple[object, ...] = ()

    def is_empty(self) -> bool:
        return not self.clips


class FixesReply(Reply):
    fixes: tuple[str, ...] = ()

    def is_empty(self) -> bool:
        return not any(fix.strip() for fix in self.fixes)


class SummaryReply(Reply):
    summary: str = ""

    def is_empty(self) -> bool:
        return not self.summary.strip()


class _AskedClip(BaseModel):
    model_config = ConfigDict(extra="forbid")

    lane: Lane
    start: float
    length: float
    name: str
    notes: str


class AskedClips(BaseModel):
    """The strict shape that the API is asked for."""

    model_config = ConfigDict(extra="forbid")

    clips: list[_AskedClip] = Field(description="One to three clips, or none")


class AskedFixes(BaseModel):
    model_config = ConfigDict(extra="forbid")

    fixes: list[str] = Field(description="Up to five tips, or none")


class AskedSummary(BaseModel):
    model_config = ConfigDict(extra="forbid")

    summary: str


@dataclass(frozen=True, slots=True)
class Subject:
    """A loop as it is asked about."""

    plan: Plan
    sequenced: Sequenced
    momentum: Momentum
    phase: str
    now: datetime
    locale: str = "en"
    selected: Clip | None = None


def data_of(subject: Subject) -> dict[str, JsonValue]:
    """Return what is sent. Nothing in it changes while a day passes without an edit, so the day's answer is kept."""
    plan, momentum = subject.plan, subject.momentum
    by_id = subject.sequenced.by_id
    clips: list[JsonValue] = []
    for clip in sorted(plan.clips, key=lambda one: one.id):
        item = by_id[clip.id]
        clips.append(
            {
                "lane": clip.lane.value,
                "start": float(units_text(clip.start_milli)),
                "length": float(units_text(clip.length_milli)),
                "name": clip.name,
                "notes": clip.notes,
                "ready": clip.ready,
                "done": clip.is_done,
                "blocked": bool(item.blocked_by),
                "overdue": item.overdue,
            }
        )
    data: dict[str, JsonValue] = {
        "clips": clips,
        "momentum": {
            "label": momentum.label.value,
            "plan_percent": percent(momentum.plan),
            "motion_tenths": round(momentum.motion * 10),
        },
        "next": [action.clip.name for action in subject.sequenced.next_actions],
        "role": plan.loop.role.value,
        "pace": plan.loop.pace.value,
        "phase": subject.phase,
        "unit": "days" if plan.loop.is_dated else "beats",
        "playhead": float(units_text(plan.loop.playhead_milli)),
    }
    if plan.loop.is_dated:
        data["dates"] = [day_of(plan.loop, action.clip.start_milli).isoformat() for action in
                         subject.sequenced.next_actions]  # fmt: skip
    if subject.selected is not None:
        data["selected"] = subject.selected.name
    return data


def state_hash(subject: Subject) -> str:
    """Return what an archived reading remembers of the state it was made from."""
    document = json.dumps(data_of(subject), sort_keys=True, ensure_ascii=False, separators=(",", ":"))
    return hashlib.sha256(f"{subject.plan.loop.id}{document}".encode()).hexdigest()


def suggest_question(subject: Subject, asker: Asker, rules: LoopRules, *, fresh: bool) -> Question[ClipsReply]:
    """Ask for one to three clips."""
    end = units_text(horizon_milli(subject.plan, rules))
    unit = "days from the first day" if subject.plan.loop.is_dated else "beats, four to a bar"
    facts = {"unit": unit, "end": end}
    day, until = _day_end(subject)
    return Question(
        "loop_suggest",
        ClipsReply,
        SENDS.of(data_of(subject)),
        asker,
        facts=facts,
        local_day=day,
        cache_until=until,
        fresh=fresh,
        schema=AskedClips,
    )


def fixes_question(subject: Subject, asker: Asker, *, fresh: bool) -> Question[FixesReply]:
    """Ask for tips."""
    day, until = _day_end(subject)
    return Question(
        "loop_fixes",
        FixesReply,
        SENDS.of(data_of(subject)),
        asker,
        local_day=day,
        cache_until=until,
        fresh=fresh,
        schema=AskedFixes,
    )


def summary_question(subject: Subject, asker: Asker, *, fresh: bool) -> Question[SummaryReply]:
    """Ask for a summary."""
    day, until = _day_end(subject)
    return Question(
        "loop_summary",
        SummaryReply,
        SENDS.of(data_of(subject)),
        asker,
        local_day=day,
        cache_until=until,
        fresh=fresh,
        schema=AskedSummary,
    )


def _day_end(subject: Subject) -> tuple[str, datetime]:
    zone = subject.plan.loop.timezone
    day = local_day(subject.now, zone)
    midnight = datetime.combine(day + timedelta(days=1), time(), zone_of(zone))
    return f"{day.isoformat()} {subject.locale}", midnight.astimezone(UTC)


def read_fixes(reply: FixesReply, rules: LoopRules) -> tuple[str, ...]:
    """Return the tips that may be shown: blanks and scolding ones dropped, the first five, cut at 160 signs."""
    fixes: list[str] = []
    for fix in reply.fixes:
        text = " ".join(fix.split())
        if not text or banned_words(text):
            continue
        if len(text) > rules.suggest.fix_max:
            text = text[: rules.suggest.fix_max - 1].rsplit(" ", 1)[0] + "…"
        fixes.append(text)
    return tuple(fixes[: rules.suggest.read_fixes])


def checked_summary(text: str, subject: Subject, rules: LoopRules) -> str | None:
    """Return an AI summary fit to be shown, or None when the fallback stands in for it.

    Too long is cut at a sentence, American spelling is changed outside clip names; a number that is not in the
    input, a scolding word or nothing left are reasons to discard it.
    """
    names = [clip.name for clip in subject.plan.clips] + [subject.plan.loop.name]
    plain = british(cut_words(text.strip(), rules.summary.words_max), names)
    if not plain or banned_words(_without(plain, names)):
        return None
    known = set(_NUMBER.findall(json.dumps(data_of(subject), ensure_ascii=False)))
    known |= {number.removesuffix(".0") for number in known}
    known |= {number for name in names for number in _NUMBER.findall(name)}
    known |= {str(len(subject.plan.clips)), str(sum(clip.is_done for clip in subject.plan.clips))}
    if subject.plan.loop.is_dated:
        for action in subject.sequenced.next_actions:
            day = day_of(subject.plan.loop, action.clip.start_milli)
            known |= {str(day.day), str(day.year)}
    else:
        known |= {str(action.clip.start_milli // (4 * MILLI) + 1) for action in subject.sequenced.next_actions}
    return None if set(_NUMBER.findall(plain)) - known else plain


def cut_words(text: str, most: int) -> str:
    """Return at most so many words, ending at the last full sentence.

    >>> cut_words("One two. Three four.", 3)
    'One two.'
    """
    words = list(re.finditer(r"\S+", text))
    if len(words) <= most:
        return text
    cut = text[: words[most - 1].end()]
    ends = [match.end() for match in _SENTENCE_END.finditer(cut)]
    return cut[: ends[-1]] if ends else cut


def british(text: str, names: Sequence[str]) -> str:
    """Return a text with British spelling, names left as they are.

    >>> british("The color of Gray Color", ["Gray Color"])
    'The colour of Gray Color'
    """
    kept: dict[str, str] = {}
    for number, name in enumerate(sorted(filter(None, names), key=len, reverse=True)):
        if name in text:
            mark = f"\x00{number}\x00"
            kept[mark] = name
            text = text.replace(name, mark)
    for american, right in american_words(text):
        pattern = re.compile(rf"\b{re.escape(american)}\b", re.IGNORECASE)
        text = pattern.sub(lambda found, right=right: _cased(found.group(0), right), text)
    for mark, name in kept.items():
        text = text.replace(mark, name)
    return text


def _without(text: str, names: Sequence[str]) -> str:
    for name in names:
        text = text.replace(name, "")
    return text


def _cased(found: str, right: str) -> str:
    return right.capitalize() if found[0].isupper() else right
