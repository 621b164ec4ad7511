"""A loop as a file: JSON and CSV out, and in again by difference. Pure; nothing is half-applied.

Formats: JSON `studiohand.loop` version 1, and CSV (UTF-8, RFC 4180). Cells that a spreadsheet may run as a formula
get a leading apostrophe on the way out and lose it on the way in.
"""

import csv
import io
import json
import re
from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime

from bot.loops.dates import units_text
from bot.loops.import_rows import COLUMNS, Problem, Value, new_values, read_row
from bot.loops.model import Clip, ClipId, Loop, Plan
from bot.loops.others import rewritten
from bot.loops.rules import LoopRules
from bot.sheets import cell, typed

FORMAT = "studiohand.loop"
_BETWEEN = re.compile(r"[ \t\r\n,]*")
VERSION = 1
CSV_COLUMNS = (
    "id",
    "lane",
    "start",
    "length",
    "name",
    "notes",
    "loopos_ready",
    "done_at",
    "kind",
    "deadline_kind",
    "deadline",
    "from_message",
)


@dataclass(frozen=True, slots=True)
class ImportRow:
    """One clip of a file: its id there, if any, and the fields that the file gives."""

    id: str | None
    values: Mapping[str, Value]


@dataclass(frozen=True, slots=True)
class ParsedFile:
    """What a file holds, or what is wrong with it. With problems nothing of it is used."""

    rows: tuple[ImportRow, ...] = ()
    problems: tuple[Problem, ...] = ()


@dataclass(frozen=True, slots=True)
class Difference:
    """What an import would do. `new` carries placeholders for ids, which are given when it is applied."""

    new: tuple[Clip, ...] = ()
    changed: tuple[tuple[Clip, Clip], ...] = ()
    removed: tuple[Clip, ...] = ()

    @property
    def is_empty(self) -> bool:
        return not (self.new or self.changed or self.removed)


# ------------------------------------------------------------------ out


def to_json(plan: Plan) -> str:
    """Return a loop as a JSON document that `parse` reads back without a difference."""
    loop = plan.loop
    document = {
        "format": FORMAT,
        "version": VERSION,
        "loop": {
            "id": loop.id,
            "name": loop.name,
            "bpm": loop.bpm,
            "zoom": loop.zoom,
            "playhead": _decimal(loop.playhead_milli),
            "role": loop.role.value,
            "pace": loop.pace.value,
            "start_date": loop.start_date.isoformat() if loop.start_date else None,
            "end_date": loop.end_date.isoformat() if loop.end_date else None,
            "timezone": loop.timezone,
            "anchor_date": loop.anchor_date.isoformat() if loop.anchor_date else None,
            "preset_key": loop.preset_key,
            "lanes_unused": [lane.value for lane in loop.lanes_unused],
            "archived_at": _instant(loop.archived_at),
            "created_at": _instant(loop.created_at),
            "updated_at": _instant(loop.updated_at),
        },
        "clips": [_clip_object(clip) for clip in _in_order(plan.clips)],
    }
    return json.dumps(document, ensure_ascii=False, indent=2) + "\n"


def to_csv(plan: Plan) -> str:
    """Return the clips as CSV with CRLF line ends."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(CSV_COLUMNS)
    for clip in _in_order(plan.clips):
        values = _clip_object(clip)
        writer.writerow([cell(values[column]) for column in CSV_COLUMNS])
    return out.getvalue()


def _in_order(clips: Sequence[Clip]) -> list[Clip]:
    return sorted(clips, key=lambda clip: (clip.start_milli, clip.id))


def _clip_object(clip: Clip) -> dict[str, object]:
    return {
        "id": clip.id,
        "lane": clip.lane.value,
        "start": _decimal(clip.start_milli),
        "length": _decimal(clip.length_milli),
        "name": clip.name,
        "notes": clip.notes,
        "loopos_ready": clip.ready,
        "done_at": _instant(clip.done_at),
        "source": clip.source.value,
        "kind": clip.kind.value,
        "task_key": clip.task_key,
        "requires": list(clip.requires),
        "deadline_kind": clip.deadline_kind.value,
        "deadline": clip.deadline.isoformat() if clip.deadline else None,
        "from_message": clip.written_by is not None,
        "created_at": _instant(clip.created_at),
        "updated_at": _instant(clip.updated_at),
    }


def _decimal(milli: int) -> float | int:
    text = units_text(milli)
    return float(text) if "." in text else int(text)


def _instant(moment: datetime | None) -> str | None:
    return moment.astimezone(UTC).isoformat() if moment else None


# ------------------------------------------------------------------ in


def parse(data: bytes, *, is_csv: bool, dated: bool, rules: LoopRules) -> ParsedFile:
    """Read a file whole. Problems name the line, the reason and the accepted form; at most ten are kept."""
    if len(data) > rules.transfer.bytes_max:
        return ParsedFile(problems=(Problem(0, "too_big", {"limit": "1 MiB"}),))
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data[: error.start].count(b"\n") + 1
        return ParsedFile(problems=(Problem(line, "not_text"),))
    if not text.strip():
        return ParsedFile(problems=(Problem(0, "empty"),))
    raw, problems = _csv_rows(text, rules) if is_csv else _json_rows(text, rules)
    if problems:
        return ParsedFile(problems=tuple(problems[: rules.transfer.problems_shown]))
    rows: list[ImportRow] = []
    seen: dict[str, int] = {}
    for line, values in raw:
        read, found = read_row(line, values, dated=dated, rules=rules)
        problems += found
        ident = str(values.get("id") or "").strip() or None
        if ident in seen:
            problems.append(Problem(line, "duplicate_id", {"first": seen[ident]}))
        elif ident:
            seen[ident] = line
        rows.append(ImportRow(ident, read))
    if problems:
        return ParsedFile(problems=tuple(problems[: rules.transfer.problems_shown]))
    return ParsedFile(tuple(rows))


def _csv_rows(text: str, rules: LoopRules) -> tuple[list[tuple[int, Mapping[str, object]]], list[Problem]]:
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    rows: list[tuple[int, Mapping[str, object]]] = []
    try:
        header = [name.strip().casefold() for name in next(reader, [])]
        unknown = [name for name in header if name not in CSV_COLUMNS]
        if not header or unknown:
            accepted = ", ".join(CSV_COLUMNS)
            named = ", ".join(unknown) or "–"
            return [], [Problem(1, "unknown_column", {"column": named, "accepted": accepted})]
        if len(set(header)) != len(header) or "lane" not in header:
            return [], [Problem(1, "bad_header", {"accepted": ", ".join(CSV_COLUMNS)})]
        line, count, first_over = reader.line_num + 1, 0, 0
        for cells in reader:
            here, line = line, reader.line_num + 1
            if not any(cells):
                continue
            if len(cells) > len(header):
                return [], [Problem(here, "too_many_cells", {"count": len(cells), "limit": len(header)})]
            count += 1
            if count <= rules.transfer.rows_max:
                rows.append((here, {name: typed(text) for name, text in zip(header, cells, strict=False)}))
            elif count == rules.transfer.rows_max + 1:
                first_over = here
    except csv.Error:
        return [], [Problem(reader.line_num, "not_csv")]
    if count > rules.transfer.rows_max:
        return [], [Problem(first_over, "too_many_rows", {"count": count, "limit": rules.transfer.rows_max})]
    return rows, []


def _json_rows(text: str, rules: LoopRules) -> tuple[list[tuple[int, Mapping[str, object]]], list[Problem]]:
    try:
        document = json.loads(text)
    except json.JSONDecodeError as error:
        return [], [Problem(error.lineno, "not_json")]
    except (RecursionError, ValueError):
        # Too deep; or a number of more digits than Python reads.
        return [], [Problem(1, "not_json")]
    if not isinstance(document, Mapping) or document.get("format") != FORMAT:
        return [], [Problem(1, "unknown_format", {"accepted": FORMAT})]
    version = document.get("version")
    if isinstance(version, bool) or version != VERSION:
        return [], [Problem(1, "unknown_version", {"accepted": VERSION})]
    clips = document.get("clips")
    if not isinstance(clips, list):
        return [], [Problem(1, "no_clips")]
    if len(clips) > rules.transfer.rows_max:
        return [], [Problem(0, "too_many_rows", {"count": len(clips), "limit": rules.transfer.rows_max})]
    lines = _lines_of_clips(text, len(clips))
    rows: list[tuple[int, Mapping[str, object]]] = []
    problems: list[Problem] = []
    for line, one in zip(lines, clips, strict=True):
        if not isinstance(one, Mapping):
            problems.append(Problem(line, "not_a_clip"))
        elif unknown := [str(name) for name in one if name not in COLUMNS]:
            problems.append(Problem(line, "unknown_field", {"column": unknown[0]}))
        else:
            rows.append((line, {str(name): value for name, value in one.items()}))
    return rows, problems


def _lines_of_clips(text: str, count: int) -> list[int]:
    """Return the line of each clip of a JSON document, or its number where the place cannot be found."""
    decoder = json.JSONDecoder()
    for start in re.finditer(r'"clips"\s*:\s*\[', text):
        at, lines = start.end(), list[int]()
        line, counted = 1, 0
        try:
            while len(lines) < count:
                at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr] - it matches nothing as well
                line, counted = line + text.count("\n", counted, at), at
                lines.append(line)
                _, at = decoder.raw_decode(text, at)
        except (ValueError, RecursionError):
            continue
        return lines
    return list(range(1, count + 1))


# ------------------------------------------------------------------ by difference


def difference(
    loop: Loop,
    clips: Sequence[Clip],
    rows: Sequence[ImportRow],
    now: datetime,
    rules: LoopRules,
    *,
    keep_missing: bool = False,
) -> Difference:
    """Compare a file with the loop as it is.

    A row with a blank or unknown id that equals a clip which the file does not name is that clip, so applying a file
    twice is applying it once.
    """
    by_id: dict[str, Clip] = {clip.id: clip for clip in clips}
    named = {row.id for row in rows if row.id in by_id}
    spare: defaultdict[tuple[object, ...], list[Clip]] = defaultdict(list)
    for clip in clips:
        if clip.id not in named:
            spare[_content(clip)].append(clip)
    new: list[Clip] = []
    changed: list[tuple[Clip, Clip]] = []
    kept: set[str] = set()
    for row in rows:
        if row.id is not None and row.id in by_id:
            old = by_id[row.id]
            kept.add(old.id)
            wanted = _wanted(old, row)
            if wanted != old:
                changed.append((old, replace(wanted, updated_at=now)))
            continue
        made = _blank(loop, row, f"new-{len(new)}", now, rules)
        twins = spare[_content(made)]
        if twins:
            kept.add(twins.pop(0).id)
        else:
            new.append(made)
    removed = () if keep_missing else tuple(clip for clip in clips if clip.id not in kept)
    return Difference(tuple(new), tuple(changed), removed)


def apply(clips: Collection[Clip], change: Difference) -> tuple[Clip, ...]:
    """Return the clips as they are after the import; new ones keep their placeholder ids."""
    changed = {new.id: new for _, new in change.changed}
    gone = {clip.id for clip in change.removed}
    return (*(changed.get(clip.id, clip) for clip in clips if clip.id not in gone), *change.new)


_NOT_CONTENT = {"id", "loop_id", "source", "written_by", "created_at", "updated_at"}


def _content(clip: Clip) -> tuple[object, ...]:
    return tuple(getattr(clip, one.name) for one in fields(Clip) if one.name not in _NOT_CONTENT)


def _wanted(old: Clip, row: ImportRow) -> Clip:
    wanted = replace(old, **row.values)  # pyright: ignore[reportArgumentType]
    return wanted if old.written_by is None else rewritten(old, replace(wanted, written_by=old.written_by))


def _blank(loop: Loop, row: ImportRow, ident: str, now: datetime, rules: LoopRules) -> Clip:
    values = {**new_values(rules), **row.values}
    return Clip(id=ClipId(ident), loop_id=loop.id, created_at=now, updated_at=now, **values)  # pyright: ignore[reportArgumentType]
