"""What a person fills in: selects on messages and every field of a form, checked as Discord's client does."""

from collections.abc import Mapping, Sequence
from typing import Any

from bot.local.model import Wire
from bot.local.parts import walk
from bot.local.picker import PersonError, Resolver, identity

TEXT_INPUT, STRING_SELECT = 4, 3
ENTITY_SELECTS = (5, 6, 7, 8)
FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 19, 21, 22, 23
SELECTS = (STRING_SELECT, *ENTITY_SELECTS)
FIELDS = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX)


def label_of(part: Wire) -> str:
    """Return what a person reads on a button, or in a select that stands open for a choice."""
    emoji = (part.get("emoji") or {}).get("name") or ""
    text = part.get("label") or part.get("placeholder") or ""
    return f"{emoji} {text}".strip()


def select_values(part: Wire, picked: Sequence[object], resolver: Resolver) -> list[str]:
    """Return the wire values of a select; options may be given by label or value."""
    kind = part["type"]
    values: list[str] = []
    for item in picked:
        if kind == STRING_SELECT:
            values.append(_option(part, item))
        elif kind == 8:
            values.append(resolver.channel(identity(item), part.get("channel_types")))
        else:
            resolve = {5: resolver.user, 6: resolver.role, 7: resolver.mentionable}[kind]
            values.append(resolve(identity(item)))
    return values


def check_count(
    part: Wire, values: Sequence[object], name: str, *, default_low: int = 1, default_high: int = 1
) -> None:
    """Refuse too few or too many picks."""
    low, high = part.get("min_values", default_low), part.get("max_values", default_high)
    low = default_low if low is None else low
    high = default_high if high is None else high
    if len(set(map(str, values))) != len(values) or not low <= len(values) <= high:
        raise PersonError(f"Pick between {low} and {high} for {name}.")


def _option(part: Wire, item: object) -> str:
    options = part.get("options") or []
    for key in ("value", "label"):
        for option in options:
            if option[key] == item:
                return option["value"]
    offers = ", ".join(o["label"] for o in options)
    raise PersonError(f"There is no {item!r} to pick; there is: {offers}.")


def fields_of(modal: Wire) -> dict[str, tuple[str, Wire]]:
    """Return the fields of a form by custom_id, with the label that stands over each."""
    found: dict[str, tuple[str, Wire]] = {}
    for top in modal.get("components") or []:
        inner = [top["component"]] if top["type"] == 18 else top.get("components") or []
        for part in inner:
            if part["type"] in FIELDS:
                found[part["custom_id"]] = (top.get("label") or part.get("label") or "", part)
    return found


def form_data(modal: Wire, values: Mapping[str, Any], resolver: Resolver) -> Wire:
    """Return the data of a submitted form. Fields left out keep what they are prefilled with."""
    fields = fields_of(modal)
    if strange := sorted(set(values) - set(fields)):
        offers = ", ".join(fields)
        raise PersonError(f"The form {modal['title']!r} has no field {strange[0]}; it has: {offers}.")
    components: list[Wire] = []
    for number, top in enumerate(modal.get("components") or [], start=1):
        head: Wire = {"type": top["type"], "id": top.get("id") or number}
        if top["type"] == 18:
            part = top["component"]
            filled = _field(part, top.get("label", ""), values, resolver, 100 + number)
            components.append({**head, "component": filled})
        elif top["type"] == 1:
            inner = [_field(p, p.get("label", ""), values, resolver, 100 + number) for p in top["components"]]
            components.append({**head, "components": inner})
        else:
            components.append(head)
    data: Wire = {"custom_id": modal["custom_id"], "components": components}
    if resolver.resolved:
        data["resolved"] = resolver.resolved
    return data


def _field(part: Wire, label: str, values: Mapping[str, Any], resolver: Resolver, fallback_id: int) -> Wire:
    kind, custom_id = part["type"], part["custom_id"]
    head: Wire = {"type": kind, "id": part.get("id") or fallback_id, "custom_id": custom_id}
    given = values.get(custom_id)
    name = label or custom_id
    if kind == TEXT_INPUT:
        return {**head, "value": _text(part, part.get("value") or "" if given is None else str(given), name)}
    if kind == CHECKBOX:
        return {**head, "value": bool(part.get("default")) if given is None else bool(given)}
    if kind == RADIO_GROUP:
        default = next((o["value"] for o in part["options"] if o.get("default")), None)
        picked = default if given is None else _option(part, given)
        if picked is None and part.get("required", True):
            raise PersonError(f"{name} is required.")
        return {**head, "value": picked}
    picked = _picked(part, given, resolver)
    required = part.get("required", True)
    many = len(part.get("options") or []) if kind == CHECKBOX_GROUP else 1
    if picked or required:
        check_count(part, picked, name, default_high=max(many, 1))
    return {**head, "values": picked}


def _picked(part: Wire, given: Any, resolver: Resolver) -> list[str]:
    """Return the values of a field that takes several; defaults when nothing was given."""
    kind = part["type"]
    if given is None:
        if kind in ENTITY_SELECTS:
            return select_values(part, [d["id"] for d in part.get("default_values") or []], resolver)
        return [o["value"] for o in part.get("options") or [] if o.get("default")]
    items = list(given) if isinstance(given, (list, tuple, set)) else [given]
    if kind == FILE_UPLOAD:
        return [resolver.attachment(item) for item in items]
    if kind in ENTITY_SELECTS:
        return select_values(part, items, resolver)
    return [_option(part, item) for item in items]


def _text(part: Wire, text: str, name: str) -> str:
    if not text and part.get("required", True):
        raise PersonError(f"{name} is required.")
    low, high = part.get("min_length") or 0, part.get("max_length") or 4000
    if text and not low <= len(text) <= high:
        raise PersonError(f"{name} must be between {low} and {high} in length.")
    return text


def find_part(components: list[Wire], wanted: str, kinds: Sequence[int]) -> Wire | None:
    """Return the part with that custom_id, else with exactly that label."""
    parts = [part for part in walk(components) if part.get("type") in kinds]
    for part in parts:
        if part.get("custom_id") == wanted:
            return part
    for part in parts:
        if wanted in (label_of(part), part.get("label"), part.get("placeholder")):
            return part
    return None
