"""Where a clip can go: free slots in a lane, and the first start at which nothing holds it back. Pure."""

from collections.abc import Collection, Sequence

from bot.loops.model import PREREQUISITES, Clip, Lane
from bot.loops.sequence import covered


def free_stretches(
    clips: Sequence[Clip], lane: Lane, earliest: int, latest: int, ignore: Collection[str] = ()
) -> list[tuple[int, int]]:
    """Return the uncovered stretches of a lane between two times, in order."""
    taken = covered((clip.start_milli, clip.end_milli) for clip in clips if clip.lane is lane and clip.id not in ignore)
    free: list[tuple[int, int]] = []
    at = earliest
    for start, end in taken:
        if start > at:
            free.append((at, min(start, latest)))
        at = max(at, end)
        if at >= latest:
            break
    if at < latest:
        free.append((at, latest))
    return [(start, end) for start, end in free if end > start]


def free_slot(
    clips: Sequence[Clip],
    lane: Lane,
    length: int,
    *,
    earliest: int,
    latest: int,
    ignore: Collection[str] = (),
) -> int | None:
    """Return the first start from `earliest` on where `length` fits the lane and ends by `latest`."""
    for start, end in free_stretches(clips, lane, earliest, latest, ignore):
        if end - start >= length:
            return start
    return None


def unblocked_from(clips: Sequence[Clip], lane: Lane, has_bounce: bool) -> int | None:
    """Return the first start at which a clip on this lane waits for nothing; None when nothing would free it."""
    rule = PREREQUISITES.get(lane)
    if rule is None:
        return 0
    _, lanes = rule
    before = [clip for clip in clips if clip.lane in lanes]
    if any(clip.is_done for clip in before) or (has_bounce and Lane.CREATIVE in lanes):
        return 0
    return min((clip.end_milli for clip in before), default=None)
