"""How the form of a mission shows the columns of its row."""

from bot.merging import FormOf, Row
from bot.say.card import raw
from bot.say.words import Words


def _reads(row: Row) -> dict[str, str]:
    return {
        "title": row["title"],
        "objective": row["objective"],
        "cadence": row["cadence"],
        "channel": str(row["channel_id"] or ""),
    }


def _says(field: str, row: Row, words: Words) -> str | None:
    value = _reads(row)[field]
    match field:
        case "objective":
            return None if value else ""
        case "channel":
            return raw(f"<#{value}>") if value else ""
        case _:
            return value


MISSION_FORM = FormOf("missions", lambda field: f"mission.field.{field}", _reads, _says)
