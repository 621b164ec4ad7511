"""Guilds, people and their settings."""

from dataclasses import dataclass
from datetime import datetime, time
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from pydantic import AliasChoices, BaseModel, ConfigDict, Field, field_validator


@dataclass(frozen=True, slots=True)
class Guild:
    """A server the bot is in, or was in until `left_at`."""

    id: int
    name: str
    locale: str | None
    joined_at: datetime
    left_at: datetime | None
    welcomed_at: datetime | None


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody who used the bot."""

    id: int
    name: str
    locale: str | None
    dm_channel_id: int | None
    dm_closed_at: datetime | None
    dm_retry_at: datetime | None
    first_seen_at: datetime
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class InboxNote:
    """Something that could not be delivered by DM."""

    id: str
    kind: str
    title: str
    body: str
    created_at: datetime
    is_read: bool


class _Settings(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


@cache
def known_zones() -> frozenset[str]:
    """Return the names of all time zones. Kept: finding them reads a folder, and settings are checked often."""
    return frozenset(available_timezones())


def _known_zone(value: str | None) -> str | None:
    if value is not None and value not in known_zones():
        raise ValueError("an IANA time zone such as Europe/Berlin")
    return value


class GuildSettings(_Settings):
    """What managers set for their server (section "guild")."""

    bounces_channel: int | None = None
    releases_channel: int | None = None
    digest_channel: int | None = None
    lead_role: int | None = Field(None, validation_alias=AliasChoices("lead_role", "manager_role"))
    """Who looks after the server here besides Manage Server; called manager role before."""
    member_role: int | None = None
    guest_role: int | None = None
    approver_role: int | None = None
    timezone: str | None = None
    digest_day: int = Field(default=6, ge=0, le=6)
    digest_hour: int = Field(default=10, ge=0, le=23)
    server_digest: bool = False
    ai_allowed: bool = False
    ai_daily_tokens: int = Field(default=50_000, ge=0)
    ai_monthly_tokens: int = Field(default=500_000, ge=0)
    ai_server_daily_tokens: int = Field(default=1_000_000, ge=0)
    ai_server_monthly_tokens: int = Field(default=10_000_000, ge=0)
    keep_audio: bool = False
    setup_step: int = Field(default=0, ge=0)

    _zone = field_validator("timezone")(_known_zone)


class PersonSettings(_Settings):
    """What a person set for themselves (section "person")."""

    timezone: str | None = None
    quiet_from: time = time(21, 0)
    quiet_until: time = time(9, 0)
    dm_digests: bool = False
    dm_checkins: bool = False
    ai_consent: bool = False
    silent_until: datetime | None = None

    _zone = field_validator("timezone")(_known_zone)

    def zone(self, guild: GuildSettings | None = None) -> ZoneInfo:
        """Return the person's zone, else the server's, else UTC."""
        return ZoneInfo(self.timezone or (guild.timezone if guild else None) or "UTC")
