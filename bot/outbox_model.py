"""What a delivery is: a message that must be seen exactly once. Pure data."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

TargetKind = Literal["channel", "dm"]


@dataclass(frozen=True, slots=True)
class DeliveryDraft:
    """Written by `Unit.deliver` in the transaction of the fact it tells of.

    `occurrence_key` names the occurrence (`digest:<person>:2025-W23`): writing it twice makes one message.
    `target_id` is a channel id, or the person's id where `target_kind` is "dm".
    `payload` is what the renderer registered for `kind` needs; keep ids in it, not texts.
    """

    kind: str
    occurrence_key: str
    target_kind: TargetKind
    target_id: int
    payload: Mapping[str, Any] = field(default_factory=dict)
    due_at: datetime | None = None
    expires_at: datetime | None = None
    owner: int | None = None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A delivery as it stands in the outbox."""

    id: str
    owner: int
    kind: str
    occurrence_key: str
    target_kind: TargetKind
    target_id: int
    payload: Mapping[str, Any]
    state: str
    due_at: datetime
    expires_at: datetime | None
    claimed_at: datetime | None
    attempts: int
    sent_channel_id: int | None
    sent_message_id: int | None
    created_at: datetime

    @property
    def nonce(self) -> str:
        """Discord returns the first message for a repeated nonce (at most 25 characters)."""
        return self.id[-25:]
