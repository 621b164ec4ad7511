"""For every table: whose it is, how long it is kept, what an export prints, what a deletion does, why something stays.

The purge (`storage/retention.py`), the bins, `/studio privacy` and docs/privacy.md all read how long from here. A test
compares this with the tables, so that a new table without an entry fails.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum


class OnDelete(StrEnum):
    ROW = "row"
    """The rows are deleted."""
    KEEP = "keep"
    """The rows stay; `why` says what they are needed for."""


@dataclass(frozen=True, slots=True)
class Keep:
    """How long a row is kept; without a moment: until somebody deletes it.

    `after`: the column that `days` are counted from; a row where it is empty stays.
    `until`: the column in which the row itself says when it ends, `days` after it was written (None: it varies).
    `only`: only rows with one of these values go; the others are still needed.
    `of`: the table whose rows these go with (by a foreign key that cascades).
    """

    days: int | None = None
    after: str | None = None
    until: str | None = None
    only: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    of: str | None = None

    @property
    def moment(self) -> str | None:
        """The column that tells a row's age; None where rows have no limit of their own."""
        return self.after or self.until

    @property
    def span(self) -> timedelta:
        """How long after it was written, binned, sent or left a row is kept."""
        return timedelta(days=self.days or 0)

    def before(self, now: datetime) -> datetime:
        """Return the instant of `moment` up to which rows are past their time."""
        return now - self.span if self.after is not None else now


@dataclass(frozen=True, slots=True)
class Entry:
    """`person` is the column holding whose it is, None where no person is named.

    `title` is what people read in the summary; `hidden` columns are left out of exports. `files` names the column
    under whose value pictures and audio lie; they go with the last row of that value. `place` names the column of the
    server that a row is for: it goes when the server's own data goes.
    """

    title: str
    person: str | None
    on_delete: OnDelete
    why: str = ""
    keep: Keep = field(default_factory=Keep)
    hidden: frozenset[str] = frozenset()
    files: str | None = None
    place: str | None = None


FOREVER = Keep()
BIN = Keep(30, after="deleted_at")


def _rows(
    title: str,
    keep: Keep = FOREVER,
    *,
    hidden: tuple[str, ...] = (),
    files: str | None = None,
    place: str | None = None,
) -> Entry:
    return Entry(title, "owner_id", OnDelete.ROW, "", keep, frozenset(hidden), files, place)


def _kept(title: str, why: str, keep: Keep = FOREVER) -> Entry:
    return Entry(title, None, OnDelete.KEEP, why, keep)


def _with(parent: str) -> Keep:
    return Keep(of=parent)


_ENDED = {"state": frozenset({"sent", "dropped", "failed", "unknown"})}
"""Deliveries that nobody works on any more; one that waits is still owed."""

PRIVACY: dict[str, Entry] = {
    # -------------------------------------------------------------- studio
    "guilds": _kept("Servers the bot is in", "names no person", Keep(30, after="left_at")),
    "people": _rows("That you used the bot, and how to reach you", hidden=("dm_refusals",)),
    "settings": _rows("Your settings"),
    "inbox": _rows("Notes that could not be delivered", Keep(30, until="expires_at")),
    "facts": _kept("Facts about this installation", "names no person"),
    "requests": _rows("Which of your requests were already carried out", Keep(2, after="created_at")),
    # -------------------------------------------------------------- engine
    "slots": Entry(
        "Work that was due for you",
        "owner",
        OnDelete.ROW,
        keep=Keep(14, after="finished_at"),
        hidden=frozenset({"lease"}),
    ),
    "deliveries": _rows("Messages sent or waiting to be sent to you", Keep(90, after="created_at", only=_ENDED)),
    "changes": _rows("What was changed in your things, and by whom", Keep(30, after="at")),
    # -------------------------------------------------------------- posted cards
    "posted_cards": _rows("Where cards of your things were posted", Keep(until="keep_until")),
    "posted_also": _rows("What else those cards show", _with("posted_cards")),
    # -------------------------------------------------------------- loops
    "loops": _rows("Your loops", BIN),
    "loop_clips": _rows("The clips of your loops", _with("loops")),
    "loop_suggestions": _rows("Clips and tips that were suggested for your loops", _with("loops")),
    "loop_insights": _rows("Readings and summaries of your loops", _with("loops")),
    "loop_exports": _rows("Texts you exported from your loops", _with("loops")),
    "user_state": _rows("Which loop and clip you have open"),
    # -------------------------------------------------------------- bounces
    "watched_folders": _rows("Folders that are watched for you"),
    "bounces": _rows("Your bounces: facts, titles, tags, notes", BIN, files="content_hash"),
    "bounce_paths": _rows("Where the files of your bounces lie", _with("bounces")),
    "bounce_files": _rows(
        "How far each file in your folders has come", _with("watched_folders"), hidden=("inode", "mtime_ns")
    ),
    "saved_slices": _rows("Slices you saved from bounces", BIN),
    "bounce_comments": _rows("Comments on your bounces", _with("bounces")),
    "upload_keys": _rows("Keys for sending bounces from another machine", hidden=("key_hash",)),
    # -------------------------------------------------------------- clients
    "clients": _rows("Clients of a server", BIN),
    "client_people": _rows("People from a client’s side", _with("clients")),
    "client_digests": _rows("When a client is told of its week, and what a lead said to it", _with("clients")),
    "assignments": _rows("Who does what in a server’s plans"),
    "handovers": _rows("Loops that were offered to somebody else", Keep(97, after="asked_at")),
    "client_invites": _rows(
        "Codes that bring a client’s people in", Keep(7, until="expires_at"), hidden=("code_hash",)
    ),
    # -------------------------------------------------------------- releases
    "releases": _rows("Your release plans", BIN),
    "release_missed": _rows("Windows that were gone when a plan was made or moved", _with("releases")),
    "release_clocks": _rows("When your release plans are looked at next"),
    # -------------------------------------------------------------- digest
    "digests": _rows("Your weekly digests"),
    "digest_clocks": _rows("When your next digest is due"),
    "digest_shares": _rows("Where you let your digest be shown", place="guild_id"),
    "digest_notes": _rows("Notes that missions added to your digest"),
    # -------------------------------------------------------------- phases
    "user_phases": _rows("The phase you are in"),
    "phase_history": _rows("The phases before it"),
    "phase_offers": _rows("Changes of phase that were offered to you"),
    "form_maps": _rows("Your form maps", BIN),
    "form_map_versions": _rows("Versions of your form maps", _with("form_maps")),
    # -------------------------------------------------------------- coach
    "coach_profiles": _rows("What you told the coach about yourself"),
    "coach_states": _rows("When the coach may write to you next"),
    "coach_goals": _rows("Your goals"),
    "coach_sessions": _rows("Your weeks and what you wrote about them"),
    "coach_tasks": _rows("The tasks of your weeks", _with("coach_sessions")),
    "coach_checkins": _rows("Check-ins, with energy if you gave it", Keep(84, after="due_at")),
    "coach_insights": _rows("Insights that were kept for you"),
    "coach_progress": _rows("What you measured"),
    "coach_habits": _rows("Your habits"),
    "coach_habit_log": _rows("When you did them", _with("coach_habits")),
    "coach_routines": _rows("Your routines"),
    "coach_reminders": _rows("Your reminders", Keep(90, after="sent_at")),
    "coach_rule_counts": _kept("How often each rule of the coach applied", "names no person"),
    # -------------------------------------------------------------- missions
    "mission_agents": _rows("Your agents and what they may do"),
    "missions": _rows("Your missions", BIN),
    "mission_schedules": _rows("When your missions run next", _with("missions")),
    "mission_iterations": _rows("Runs of your missions", Keep(365, after="finished_at")),
    "mission_steps": _rows("Steps that were proposed to you, and your decisions", Keep(365, after="created_at")),
    "mission_events": _rows("How each proposed step went on", Keep(365, after="at")),
    "mission_votes": _rows("Approvals of your missions' steps by people", _with("mission_steps")),
    "mission_notes": _rows("Notes that your missions keep", _with("missions")),
    # -------------------------------------------------------------- ai
    "ai_usage": _rows("What AI calls for you took", Keep(90, after="at")),
    "ai_answers": _rows("Answers of the AI kept for the day", Keep(until="kept_until")),
    "ai_raw_replies": _rows("Replies of the AI that could not be read", Keep(1, until="kept_until")),
}


def kept_for(table: str) -> timedelta:
    """Return how long a table's rows are kept after their moment: what a bin or a writer of an end needs to know."""
    return PRIVACY[table].keep.span
