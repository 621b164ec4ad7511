"""How the forms of loops and clips show the columns of their rows: in a field, and for people."""

from datetime import date

from bot.loops.dates import units_text
from bot.loops.model import DeadlineKind, Loop
from bot.loops.wording import length_text, when_text
from bot.merging import FormOf, Row
from bot.say.words import Words


def _reads_loop(row: Row) -> dict[str, str]:
    return {
        "name": row["name"],
        "bpm": f"{row['bpm']:g}",
        "pace": row["pace"],
        "start": row["start_date"] or "",
        "end": row["end_date"] or "",
    }


def _says_loop(field: str, row: Row, words: Words) -> str:
    value = _reads_loop(row)[field]
    if field == "pace":
        return words(f"loop.choice.pace.{value}")
    return _day(value, words) if field in ("start", "end") else value


LOOP_FORM = FormOf("loops", lambda field: f"loop.field.of_loop.{field}", _reads_loop, _says_loop)


def _reads_clip(row: Row) -> dict[str, str]:
    return {
        "name": row["name"],
        "lane": row["lane"],
        "start": units_text(row["start"]),
        "length": units_text(row["length"]),
        "notes": row["notes"],
    }


def clip_form_of(loop: Loop) -> FormOf:
    """Return how the form of a clip in this loop reads: a place is a day in a loop with dates."""

    def says(field: str, row: Row, words: Words) -> str | None:
        match field:
            case "lane":
                return words(f"loop.lane.{row['lane']}")
            case "start":
                return when_text(loop, row["start"], words)
            case "length":
                return length_text(loop, row["length"], words)
            case "notes":
                return None if row["notes"] else ""
            case _:
                return row[field]

    return FormOf("loop_clips", lambda field: f"loop.field.{field}", _reads_clip, says)


def _reads_deadline(row: Row) -> dict[str, str]:
    strict = row["deadline_kind"] == DeadlineKind.HARD
    return {"day": row["deadline"] or "", "kind": (DeadlineKind.HARD if strict else DeadlineKind.SOFT).value}


def _says_deadline(field: str, row: Row, words: Words) -> str:
    value = _reads_deadline(row)[field]
    return _day(value, words) if field == "day" else words(f"loop.form.deadline_{value}")


DEADLINE_FORM = FormOf("loop_clips", lambda field: f"loop.field.{field}", _reads_deadline, _says_deadline)


def _day(value: str, words: Words) -> str:
    return words.day(date.fromisoformat(value)) if value else ""
