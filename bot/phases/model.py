"""Words of the phase area: phases, offers, form maps and their versions, saved slices' shape."""

import json
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Phase(StrEnum):
    """Where a person's work is; chosen by the person, offered by rules, never forced."""

    GENERATOR = "generator"
    BUILDER = "builder"
    EXECUTOR = "executor"
    RECOVERY = "recovery"


class Condition(StrEnum):
    """Why a change of phase is offered, in the order in which offers are made."""

    CAPTURED = "captured"
    BOUNCED = "bounced"
    DELIVERED = "delivered"
    THIRD_EXECUTOR = "third_executor"
    RESTED = "rested"
    RESOLVE = "resolve"
    LOAD_RED = "load_red"


class OfferState(StrEnum):
    OPEN = "open"
    ACCEPTED = "accepted"
    STAYED = "stayed"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class PhaseEntry:
    """One stay in a phase. `reason` says how it was entered: setup, chosen, or the condition accepted."""

    id: str
    phase: Phase
    entered_at: datetime
    reason: str
    left_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Offer:
    """A change of phase that was offered; at most one per condition and entry."""

    id: str
    entry_id: str
    condition: Condition
    to_phase: Phase
    state: OfferState
    at: datetime
    decided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class PhaseFacts:
    """What happened since the phase was entered, as other areas report it.

    `bounces`: distinct content hashes. `load_red`: the load check, only where the person asked for it.
    `back_after_days`: how long the silence was from which somebody came back within the last week.
    """

    creative_done: int = 0
    ideas: int = 0
    creative_ready: int = 0
    bounces: int = 0
    release_days_past: int | None = None
    promo_action_open: int = 0
    promo_action_done: int = 0
    has_release_ahead: bool = False
    executors_since_recovery: int = 0
    looked_back: bool = False
    ready_clips_wait: bool = False
    resolve_tagged: bool = False
    load_red: bool = False
    back_after_days: int | None = None


@dataclass(frozen=True, slots=True)
class PhaseBook:
    """A person's whole history: entries without gaps, the last one open, and all offers."""

    entries: tuple[PhaseEntry, ...] = ()
    offers: tuple[Offer, ...] = ()

    @property
    def current(self) -> PhaseEntry:
        return self.entries[-1]

    @property
    def open_offer(self) -> Offer | None:
        return next((o for o in reversed(self.offers) if o.state is OfferState.OPEN), None)


# ------------------------------------------------------------------ form maps


class SectionKind(StrEnum):
    """The six kinds, in musical order."""

    INTRO = "intro"
    VERSE = "verse"
    CHORUS = "chorus"
    BRIDGE = "bridge"
    DROP = "drop"
    OUTRO = "outro"


@dataclass(frozen=True, slots=True)
class Section:
    """One part of the intended structure. `start_ms`: where it begins in the bounce, if the person said so."""

    kind: SectionKind
    texture: str = ""
    bars: int | None = None
    start_ms: int | None = None


@dataclass(frozen=True, slots=True)
class FormContent:
    """What a version says: sections in order and one constraint or none."""

    sections: tuple[Section, ...]
    constraint: str = ""


def canonical(content: FormContent) -> str:
    """Return the JSON that the content hash is made of: sections and constraint only."""
    rows = [
        {"kind": str(s.kind), "texture": s.texture, "bars": s.bars, "start_ms": s.start_ms} for s in content.sections
    ]
    return json.dumps(
        {"sections": rows, "constraint": content.constraint},
        sort_keys=True,
        ensure_ascii=False,
        separators=(",", ":"),
    )


def from_canonical(text: str) -> FormContent:
    data = json.loads(text)
    return FormContent(
        tuple(Section(SectionKind(r["kind"]), r["texture"], r["bars"], r["start_ms"]) for r in data["sections"]),
        data["constraint"],
    )


@dataclass(frozen=True, slots=True)
class FormMap:
    id: str
    owner_id: int
    name: str
    loop_id: str | None
    bounce_id: str | None
    draws: int
    created_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class FormVersion:
    id: str
    map_id: str
    number: int
    created_at: datetime
    content: FormContent
    content_hash: str
    note: str = ""
