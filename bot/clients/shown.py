"""How the forms of a client show the columns of its row."""

from bot.merging import FormOf, Row
from bot.say.card import raw
from bot.say.words import Words


def _reads(row: Row) -> dict[str, str]:
    return {
        "name": row["name"],
        "kind": row["kind"],
        "role": row["role"],
        "zone": row["zone"],
        "channel": str(row["channel_id"] or ""),
        "colour": row["colour"] or "",
        "notes": row["notes"],
    }


def _says(field: str, row: Row, words: Words) -> str | None:
    value = _reads(row)[field]
    match field:
        case "kind" | "role":
            return words(f"client.{field}.{value}")
        case "channel":
            return raw(f"<#{value}>") if value else ""
        case "notes":
            return None if value else ""
        case _:
            return value


CLIENT_FORM = FormOf("clients", lambda field: f"client.field.{field}", _reads, _says)
