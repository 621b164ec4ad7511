"""The catalogue as numbers and as files: statistics, CSV, JSON. Pure."""

import csv
import io
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import date
from zoneinfo import ZoneInfo

from bot.bounces.model import Bounce, BounceTag, Slice, Statistics
from bot.say.dates import monday_of
from bot.sheets import cell

_FIELDS = (
    "title",
    "file_name",
    "family",
    "version",
    "bounced_at",
    "length_s",
    "sample_rate",
    "channels",
    "bit_depth",
    "codec",
    "size_bytes",
    "sample_peak_dbfs",
    "true_peak_dbtp",
    "integrated_lufs",
    "loudness_range_lu",
    "bpm",
    "tag",
    "free_tags",
    "loop",
    "phase",
    "note",
    "content_hash",
)


def statistics(bounces: Sequence[Bounce], zone: ZoneInfo, weeks: int = 8) -> Statistics:
    """Return counts; `weeks` local weeks are listed, those without a bounce left out."""
    by_week: dict[date, list[Bounce]] = defaultdict(list)
    families: dict[str, list[Bounce]] = defaultdict(list)
    for bounce in bounces:
        day = bounce.bounced_at.astimezone(zone).date()
        by_week[monday_of(day)].append(bounce)
        families[bounce.family].append(bounce)
    until_keeper = [
        sum(1 for other in family if other.bounced_at <= keeper.bounced_at)
        for family in families.values()
        if (keeper := _first_keeper(family)) is not None
    ]
    tags = Counter(bounce.tag for bounce in bounces)
    return Statistics(
        bounces=len(bounces),
        minutes=round(sum(bounce.facts.duration_s for bounce in bounces) / 60, 1),
        families=len(families),
        by_tag=tuple((tag, tags[tag]) for tag in (*BounceTag, None) if tags[tag]),
        weeks=tuple(
            (monday, len(inside), round(sum(bounce.facts.duration_s for bounce in inside) / 60, 1))
            for monday, inside in sorted(by_week.items(), reverse=True)[:weeks]
        ),
        versions_to_keeper=round(sum(until_keeper) / len(until_keeper), 1) if until_keeper else None,
    )


def _first_keeper(family: Sequence[Bounce]) -> Bounce | None:
    keepers = [bounce for bounce in family if bounce.tag is BounceTag.KEEPER]
    return min(keepers, key=lambda bounce: bounce.bounced_at, default=None)


def slices_csv(slices: Sequence[tuple[Slice, str]]) -> bytes:
    """Return slices with the file names of their bounces as CSV for spreadsheets; formulas are made harmless."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(("file_name", "start_s", "end_s", "name", "tags", "note", "saved_at"))
    for one, file_name in slices:
        name, tags, remark = (cell(text) for text in (one.name, " ".join(one.tags), one.note))
        saved = one.saved_at.isoformat(timespec="seconds")
        writer.writerow((cell(file_name), one.start_s, one.end_s, name, tags, remark, saved))
    return ("\ufeff" + out.getvalue()).encode()


def record(bounce: Bounce, loop_name: str | None) -> dict[str, object]:
    """Return one bounce as a flat record of the export."""
    facts = bounce.facts
    return {
        "title": bounce.title,
        "file_name": bounce.file_name,
        "family": bounce.family_title,
        "version": bounce.number,
        "bounced_at": bounce.bounced_at.isoformat(timespec="seconds"),
        "length_s": facts.duration_s,
        "sample_rate": facts.sample_rate,
        "channels": facts.channels,
        "bit_depth": facts.bit_depth,
        "codec": facts.codec,
        "size_bytes": facts.size_bytes,
        "sample_peak_dbfs": facts.sample_peak_dbfs,
        "true_peak_dbtp": facts.true_peak_dbtp,
        "integrated_lufs": facts.integrated_lufs,
        "loudness_range_lu": facts.loudness_range_lu,
        "bpm": None if facts.tempo is None else facts.tempo.bpm,
        "tag": None if bounce.tag is None else str(bounce.tag),
        "free_tags": " ".join(bounce.free_tags),
        "loop": loop_name,
        "phase": bounce.phase,
        "note": bounce.note,
        "content_hash": bounce.content_hash,
    }


def as_csv(records: Sequence[Mapping[str, object]]) -> bytes:
    """Return records as CSV with a byte-order mark; cells that a spreadsheet would run are quoted with a '."""
    out = io.StringIO()
    writer = csv.DictWriter(out, _FIELDS, lineterminator="\r\n")
    writer.writeheader()
    for item in records:
        writer.writerow({name: cell(item[name]) for name in _FIELDS})
    return ("\ufeff" + out.getvalue()).encode()


def as_json(records: Sequence[dict[str, object]]) -> bytes:
    return json.dumps(list(records), ensure_ascii=False, indent=2).encode()
