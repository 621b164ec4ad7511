"""Limits of forms."""

from typing import Any

from bot.local.limits.checks import Checks, Path, as_dict, as_list
from bot.local.limits.components import SELECTS, TEXT, check_options, check_select, walk

ROW, TEXT_INPUT, LABEL, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX = 1, 4, 18, 19, 21, 22, 23
MAX_PARTS = 5


def check_modal(data: object) -> None:
    """Refuse a form that Discord would refuse."""
    form = Checks()
    body = as_dict(data)
    form.keys((), body, ("title", "custom_id", "components"))
    form.text(("title",), body.get("title"), 45)
    form.text(("custom_id",), body.get("custom_id"), 100)
    parts = as_list(body.get("components"))
    if not 1 <= len(parts) <= MAX_PARTS:
        form.wrong(("components",), "BASE_TYPE_BAD_LENGTH", f"Must be between 1 and {MAX_PARTS} in length.")
    for index, part in enumerate(parts):
        _part(form, ("components", index), as_dict(part))
    ids = [p.get("custom_id") for _, p in walk(parts) if p.get("custom_id") is not None]
    if len(set(ids)) < len(ids):
        message = "Component custom id cannot be duplicated"
        form.wrong(("components",), "COMPONENT_CUSTOM_ID_DUPLICATED", message)
    form.raise_if_wrong()


def _part(form: Checks, path: Path, body: dict[str, Any]) -> None:
    kind = body.get("type")
    if kind == LABEL:
        form.text((*path, "label"), body.get("label"), 45)
        form.length((*path, "description"), body.get("description"), 100)
        _field(form, (*path, "component"), as_dict(body.get("component")))
    elif kind == ROW:
        children = as_list(body.get("components"))
        form.length((*path, "components"), children, 1, 1)
        for index, child in enumerate(children):
            inner = as_dict(child)
            form.one_of((*path, "components", index, "type"), inner.get("type"), (TEXT_INPUT,))
            form.text((*path, "components", index, "label"), inner.get("label"), 45)
            _text_input(form, (*path, "components", index), inner)
    elif kind == TEXT:
        form.text((*path, "content"), body.get("content"), 4000)
    else:
        form.one_of((*path, "type"), kind, (ROW, TEXT, LABEL))


def _field(form: Checks, path: Path, body: dict[str, Any]) -> None:
    kind = body.get("type")
    if body.get("disabled") and kind not in SELECTS:
        form.wrong((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", "Modal components cannot be disabled")
    if kind == TEXT_INPUT:
        _text_input(form, path, body)
    elif kind in SELECTS:
        check_select(form, path, body, in_modal=True)
    elif kind == FILE_UPLOAD:
        form.text((*path, "custom_id"), body.get("custom_id"), 100)
        _range(form, path, body, 10)
    elif kind in (RADIO_GROUP, CHECKBOX_GROUP):
        form.text((*path, "custom_id"), body.get("custom_id"), 100)
        options = as_list(body.get("options"))
        form.length((*path, "options"), options, 10, 2 if kind == RADIO_GROUP else 1)
        check_options(form, (*path, "options"), options)
        if kind == CHECKBOX_GROUP:
            _range(form, path, body, 10)
    elif kind == CHECKBOX:
        form.text((*path, "custom_id"), body.get("custom_id"), 100)
    else:
        known = (TEXT_INPUT, *SELECTS, FILE_UPLOAD, RADIO_GROUP, CHECKBOX_GROUP, CHECKBOX)
        form.one_of((*path, "type"), kind, known)


def _range(form: Checks, path: Path, body: dict[str, Any], most: int) -> None:
    low, high = body.get("min_values"), body.get("max_values")
    form.number((*path, "min_values"), low, 0, most)
    form.number((*path, "max_values"), high, 1, most)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        message = "min_values must be at most max_values."
        form.wrong((*path, "max_values"), "SELECT_COMPONENT_INVALID_RANGE", message)


def _text_input(form: Checks, path: Path, body: dict[str, Any]) -> None:
    form.text((*path, "custom_id"), body.get("custom_id"), 100)
    form.one_of((*path, "style"), body.get("style"), (1, 2))
    form.length((*path, "placeholder"), body.get("placeholder"), 100)
    form.length((*path, "value"), body.get("value"), 4000)
    low, high = body.get("min_length"), body.get("max_length")
    form.number((*path, "min_length"), low, 0, 4000)
    form.number((*path, "max_length"), high, 1, 4000)
    if isinstance(low, int) and isinstance(high, int) and low > high:
        message = "min_length must be at most max_length."
        form.wrong((*path, "max_length"), "TEXT_INPUT_INVALID_RANGE", message)
