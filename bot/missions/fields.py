"""What a person may change in a step: the fields of a tool's params as a form sees them. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import NoneType
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from bot.missions.tools import Params


@dataclass(frozen=True, slots=True)
class EditField:
    """One field: its name, the accepted words (none: free text), and whether it may be left empty."""

    name: str
    choices: tuple[str, ...]
    required: bool
    long: bool = False


def editable(params: type[Params], most: int = 5) -> tuple[EditField, ...]:
    """Return the fields that a form offers; which entity a step is about is not one of them."""
    found = [_field(name, info) for name, info in params.model_fields.items() if not name.endswith("_id")]
    return tuple(found[:most])


def read_values(params: type[Params], typed: Mapping[str, str]) -> dict[str, object]:
    """Return typed texts as params; an empty optional field is left as it is not given.

    >>> from bot.missions.own_tools import NoteParams
    >>> read_values(NoteParams, {"text": "Call the drummer"})
    {'text': 'Call the drummer'}
    """
    values: dict[str, object] = {}
    for field in editable(params):
        if field.name not in typed:
            continue
        text = typed[field.name].strip()
        if text or field.required:
            # A comma is a decimal sign in half of Europe.
            number = text.replace(",", ".")
            is_number = number.replace(".", "", 1).removeprefix("-").isdecimal() and not field.long
            values[field.name] = number if is_number else text
    return values


def _field(name: str, info: FieldInfo) -> EditField:
    options = [one for one in (get_args(info.annotation) or (info.annotation,)) if one is not NoneType]
    literal = info.annotation if get_origin(info.annotation) is Literal else None
    literal = literal or next((one for one in options if get_origin(one) is Literal), None)
    choices = tuple(str(one) for one in get_args(literal)) if literal is not None else ()
    return EditField(name, choices, info.is_required(), name in ("notes", "text", "description"))
