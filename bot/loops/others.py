"""Clips that were made from somebody else's message: what is kept of that, and what of them may leave. Pure."""

import re
from collections.abc import Collection
from dataclasses import replace

from bot.ai.others import HELD_BACK, SOMEBODY, may_go
from bot.loops.inputs import Note
from bot.loops.model import Clip, Plan
from bot.say.card import mention

_WORD = re.compile(r"\w+")
_TELLING = 4
"""Words of fewer signs are in every text."""


def for_ai(clip: Clip, agreed: Collection[int]) -> Clip:
    """Return a clip as the AI may read it: without name and notes where they are of somebody who did not agree."""
    return clip if may_go(clip.written_by, agreed) else replace(clip, name=HELD_BACK, notes="")


def plan_for_ai(plan: Plan, agreed: Collection[int]) -> Plan:
    return replace(plan, clips=tuple(for_ai(clip, agreed) for clip in plan.clips))


def writers(clips: Collection[Clip]) -> frozenset[int]:
    """Return the people from whose messages clips were made."""
    return frozenset(clip.written_by for clip in clips if clip.written_by is not None)


def rewritten(old: Clip, new: Clip) -> Clip:
    """Return a changed clip with its writer, without one as soon as no word of the message is left in it."""
    if old.written_by is None or (old.name, old.notes) == (new.name, new.notes):
        return new
    before, after = (_words(f"{clip.name}\n{clip.notes}") for clip in (old, new))
    return new if before & after else replace(new, written_by=None)


def writer_notes(clip: Clip) -> tuple[Note, ...]:
    """Return what the owner is told of a clip that was made from somebody else's message."""
    if clip.written_by is None:
        return ()
    if clip.written_by == SOMEBODY:
        return (Note("others_words"),)
    return (Note("words_of", {"who": mention(clip.written_by)}),)


def _words(text: str) -> frozenset[str]:
    words = _WORD.findall(text.casefold())
    return frozenset(word for word in words if len(word) >= _TELLING) or frozenset(words)
