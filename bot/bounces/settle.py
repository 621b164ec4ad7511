"""Is a file complete? A pure state machine per path, fed by events and by looks at the file.

Rules (bounces.md, section 1): a closed or moved-in file after a short quiet; a created one whose container is
consistent and that nobody writes to; never a file with an open handle, however still it is; polling after
two equal
looks; a WAV whose header is never closed after a minute of stillness, labelled so.
"""

from dataclasses import dataclass, replace
from enum import StrEnum

from bot.bounces.container import Look, Shape
from bot.bounces.rules import BounceRules


class Event(StrEnum):
    """What the watcher may say about a path. `FOUND` comes from a scan."""

    CREATED = "created"
    MODIFIED = "modified"
    CLOSED = "closed"
    MOVED_IN = "moved_in"
    DELETED = "deleted"
    FOUND = "found"


class Verdict(StrEnum):
    WAIT = "wait"
    READY = "ready"
    HEADER_OPEN = "header_open"
    EMPTY = "empty"
    GONE = "gone"


class Writer(StrEnum):
    """What is known of somebody writing to the file now. `NONE_SEEN`: some processes could not be looked
    at."""

    WRITING = "writing"
    NONE = "none"
    NONE_SEEN = "none_seen"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Settling:
    """One path on its way to being complete. Times are monotonic seconds; `quiet_since` starts anew with
    every
    change, whether an event told of it or a look found it."""

    is_polling: bool
    quiet_since: float
    closed: bool = False
    modified: bool = False
    found: bool = False
    deleted: bool = False
    look: Look | None = None
    looked_at: float = 0.0


@dataclass(frozen=True, slots=True)
class Decision:
    """`verdict` and, for `WAIT`, when the next look is worth it."""

    verdict: Verdict
    state: Settling
    look_at: float = 0.0


def begin(event: Event, is_polling: bool, now: float) -> Settling:
    """Start to follow a path."""
    return on_event(Settling(is_polling, now), event, now)


def on_event(state: Settling, event: Event, now: float) -> Settling:
    """Take an event; O(1), nothing is read."""
    match event:
        case Event.CREATED:
            return Settling(state.is_polling, now)
        case Event.MODIFIED:
            return replace(state, quiet_since=now, modified=True, closed=False, deleted=False)
        case Event.CLOSED | Event.MOVED_IN:
            return replace(state, quiet_since=now, modified=False, closed=True, deleted=False)
        case Event.DELETED:
            return replace(state, deleted=True)
        case Event.FOUND:
            return replace(state, found=True, deleted=False)


def needs_writer_check(state: Settling, look: Look, now: float, rules: BounceRules) -> bool:
    """Say whether the verdict hangs on who has the file open."""
    if state.is_polling or not _same(state.look, look):
        return False
    return now - state.quiet_since >= rules.quiet_s


def on_look(state: Settling, look: Look | None, writer: Writer, now: float, rules: BounceRules) -> Decision:
    """Take a look at the file (None: it is not there) and decide."""
    if look is None:
        return Decision(Verdict.GONE, state)
    if state.deleted:
        state = replace(state, deleted=False)
    if not _same(state.look, look):
        # The first look, or something changed without an event: stillness starts here.
        since = now if state.look is not None else state.quiet_since
        fresh = replace(state, look=look, looked_at=now, quiet_since=max(since, state.quiet_since))
        return Decision(Verdict.WAIT, fresh, now + _interval(state, rules))
    quiet = now - state.quiet_since
    since_look = now - state.looked_at
    if look.shape is Shape.EMPTY:
        return _wait_or(Verdict.EMPTY, state, quiet, rules.empty_s, now)
    if state.is_polling:
        return _polled(state, look, quiet, since_look, now, rules)
    if writer is Writer.WRITING:
        return Decision(Verdict.WAIT, state, now + 1.0)
    need = _needed_quiet(state, writer, rules)
    if look.shape is Shape.OPEN:
        verdict = Verdict.HEADER_OPEN
        return _wait_or(verdict, state, quiet, max(need, rules.header_open_s), now)
    if quiet >= need and since_look >= rules.quiet_s:
        return Decision(Verdict.READY, state)
    return Decision(Verdict.WAIT, state, now + max(0.05, min(max(need - quiet, rules.quiet_s - since_look), 1.0)))


def _needed_quiet(state: Settling, writer: Writer, rules: BounceRules) -> float:
    """Return how long the file must have been still, by how much is known about writers."""
    if state.closed:
        return rules.quiet_s
    if writer is Writer.NONE:
        # Nobody has it open: a rename from outside, or an event was lost.
        return rules.writer_unknown_quiet_s if state.modified else rules.found_quiet_s
    if writer is Writer.NONE_SEEN:
        return rules.foreign_writer_quiet_s if state.modified else rules.found_quiet_s
    return 30.0  # no closed events and no /proc: macOS, Windows


def _polled(state: Settling, look: Look, quiet: float, since_look: float, now: float, rules: BounceRules) -> Decision:
    interval = rules.poll_interval_s
    if look.shape is Shape.OPEN:
        return _wait_or(Verdict.HEADER_OPEN, state, quiet, rules.header_open_s, now)
    if since_look >= interval and quiet >= 2 * interval:
        return Decision(Verdict.READY, state)
    return Decision(Verdict.WAIT, state, now + interval / 2)


def _wait_or(verdict: Verdict, state: Settling, quiet: float, need: float, now: float) -> Decision:
    if quiet >= need:
        return Decision(verdict, state)
    return Decision(Verdict.WAIT, state, now + max(0.1, min(need - quiet, 2.0)))


def _interval(state: Settling, rules: BounceRules) -> float:
    return rules.poll_interval_s if state.is_polling else rules.quiet_s


def _same(before: Look | None, after: Look) -> bool:
    return before is not None and (before.size_bytes, before.mtime_ns, before.inode) == (
        after.size_bytes,
        after.mtime_ns,
        after.inode,
    )
