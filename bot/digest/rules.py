"""Tunable numbers of the digest (`assets/rules.toml`, section `digest`)."""

from pydantic import Field

from bot.rules import Rules


class DigestRules(Rules):
    day: int = Field(ge=0, le=6)
    hour: int = Field(ge=0, le=23)
    belongs_hours: int
    """The digest belongs to the ISO week of its cut minus this many hours."""
    held_hours: int
    late_minutes: int
    catch_up_weeks: int
    spacing_hours: int
    a_week: dict[str, int]
    server_people: int
    studio_lines: int = Field(ge=1)
    """How many lines a server's digest tells of a client."""
    studio_clients: int = Field(ge=1)
    archive_hours: int
    note_most: int
