"""For every table: which column is a person, what an export prints, what a deletion does, and why something stays.

A test compares this with the tables, so that a new table without an entry fails.
Area modules add theirs below, one entry a table.
"""

from dataclasses import dataclass
from enum import StrEnum


class OnDelete(StrEnum):
    ROW = "row"
    """The rows are deleted."""
    KEEP = "keep"
    """The rows stay; `why` says what they are needed for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """`person` is the column holding whose it is, None where no person is named.

    `title` is what people read in the summary; `hidden` columns are left out of exports.
    """

    title: str
    person: str | None
    on_delete: OnDelete
    why: str
    kept_for: str
    hidden: frozenset[str] = frozenset()


def _rows(title: str, kept_for: str = "until you delete it", *, why: str = "", hidden: tuple[str, ...] = ()) -> Entry:
    return Entry(title, "owner_id", OnDelete.ROW, why, kept_for, frozenset(hidden))


def _kept(title: str, why: str, kept_for: str = "as long as the bot runs") -> Entry:
    return Entry(title, None, OnDelete.KEEP, why, kept_for)


PRIVACY: dict[str, Entry] = {
    # -------------------------------------------------------------- studio
    "guilds": _kept("Servers the bot is in", "names no person", "30 days after the bot left"),
    "people": _rows("That you used the bot, and how to reach you", hidden=("dm_refusals",)),
    "settings": _rows("Your settings"),
    "inbox": _rows("Notes that could not be delivered", "30 days"),
    "facts": _kept("Facts about this installation", "names no person"),
    "requests": _rows("Which of your requests were already carried out", "2 days"),
    # -------------------------------------------------------------- engine
    "slots": Entry(
        "Work that was due for you", "owner", OnDelete.ROW, "", "14 days after it was done", frozenset({"lease"})
    ),
    "deliveries": _rows("Messages sent or waiting to be sent to you", "90 days"),
    "changes": _rows("What was changed in your things, and by whom", "30 days"),
    # -------------------------------------------------------------- loops
    "loops": _rows("Your loops", "until you delete them, then 30 days in the bin"),
    "loop_clips": _rows("The clips of your loops"),
    "loop_suggestions": _rows("Clips and tips that were suggested for your loops"),
    "loop_insights": _rows("Readings and summaries of your loops"),
    "loop_exports": _rows("Texts you exported from your loops"),
    "loop_panels": _rows("Where you posted cards of your loops"),
    "user_state": _rows("Which loop and clip you have open"),
    # -------------------------------------------------------------- bounces
    "watched_folders": _rows("Folders that are watched for you"),
    "bounces": _rows("Your bounces: facts, titles, tags, notes", "until you delete them, then 30 days in the bin"),
    "bounce_paths": _rows("Where the files of your bounces lie"),
    "bounce_files": _rows("How far each file in your folders has come", hidden=("inode", "mtime_ns")),
    "bounce_posts": _rows("Where cards of your bounces were posted"),
    "saved_slices": _rows("Slices you saved from bounces"),
    "bounce_comments": _rows("Comments on your bounces"),
    "upload_keys": _rows("Keys for sending bounces from another machine", hidden=("key_hash",)),
    # -------------------------------------------------------------- releases
    "releases": _rows("Your release plans"),
    "release_missed": _rows("Windows that were gone when a plan was made or moved"),
    "release_clocks": _rows("When your release plans are looked at next"),
    # -------------------------------------------------------------- digest
    "digests": _rows("Your weekly digests"),
    "digest_clocks": _rows("When your next digest is due"),
    "digest_shares": _rows("Where you let your digest be shown"),
    "digest_notes": _rows("Notes that missions added to your digest"),
    # -------------------------------------------------------------- phases
    "user_phases": _rows("The phase you are in"),
    "phase_history": _rows("The phases before it"),
    "phase_offers": _rows("Changes of phase that were offered to you"),
    "form_maps": _rows("Your form maps"),
    "form_map_versions": _rows("Versions of your form maps"),
    # -------------------------------------------------------------- coach
    "coach_profiles": _rows("What you told the coach about yourself"),
    "coach_states": _rows("When the coach may write to you next"),
    "coach_goals": _rows("Your goals"),
    "coach_sessions": _rows("Your weeks and what you wrote about them"),
    "coach_tasks": _rows("The tasks of your weeks"),
    "coach_checkins": _rows("Check-ins, with energy if you gave it", "12 weeks"),
    "coach_insights": _rows("Insights that were kept for you"),
    "coach_progress": _rows("What you measured"),
    "coach_habits": _rows("Your habits"),
    "coach_habit_log": _rows("When you did them"),
    "coach_routines": _rows("Your routines"),
    "coach_reminders": _rows("Your reminders", "until you delete them"),
    "coach_rule_counts": _kept("How often each rule of the coach applied", "names no person"),
    # -------------------------------------------------------------- missions
    "mission_agents": _rows("Your agents and what they may do"),
    "missions": _rows("Your missions"),
    "mission_schedules": _rows("When your missions run next"),
    "mission_iterations": _rows("Runs of your missions"),
    "mission_steps": _rows("Steps that were proposed to you, and your decisions"),
    "mission_events": _rows("How each proposed step went on"),
    "mission_votes": _rows("Approvals of your missions' steps by people"),
    "mission_notes": _rows("Notes that your missions keep"),
    # -------------------------------------------------------------- ai
    "ai_usage": _rows("What AI calls for you took", "90 days"),
    "ai_answers": _rows("Answers of the AI kept for the day", "until the day ends"),
    "ai_raw_replies": _rows("Replies of the AI that could not be read", "24 hours"),
}
