"""Limits of components on messages, classic rows and Components V2."""

from collections.abc import Collection, Iterator
from typing import Any

from bot.local.limits.checks import Checks, Path, as_dict, as_list
from bot.local.limits.embeds import check_link

ROW, BUTTON, SECTION, TEXT, THUMBNAIL, GALLERY, FILE, SEPARATOR, CONTAINER = 1, 2, 9, 10, 11, 12, 13, 14, 17
SELECTS = (3, 5, 6, 7, 8)
LINK_STYLE, PREMIUM_STYLE = 5, 6
MAX_ROWS = 5
MAX_PARTS = 40
MAX_TEXT = 4_000
_IN_CONTAINER = (ROW, SECTION, TEXT, GALLERY, FILE, SEPARATOR)
_ON_TOP = (*_IN_CONTAINER, CONTAINER)
_DUPLICATE = "Component custom id cannot be duplicated"


def check_classic(form: Checks, components: object) -> None:
    """Check rows of buttons and selects, without the V2 flag."""
    form.length(("components",), components, MAX_ROWS)
    for index, part in enumerate(as_list(components)):
        path: Path = ("components", index)
        if as_dict(part).get("type") != ROW:
            form.wrong((*path, "type"), "BASE_TYPE_CHOICES", "Value must be one of (1,).")
        else:
            check_row(form, path, part)
    _unique_ids(form, components)


def check_v2(form: Checks, components: object, files: Collection[str], own_links: Collection[str]) -> None:
    """Check a Components V2 layout; `own_links` are marks by which links to kept files are known."""
    parts = list(walk(components))
    if len(parts) > MAX_PARTS:
        message = f"Total number of components ({len(parts)}) exceeds the maximum of {MAX_PARTS}"
        form.wrong(("components",), "COMPONENT_MAX_TOTAL_COMPONENTS_EXCEEDED", message)
    said = sum(len(str(part.get("content") or "")) for _, part in parts if part.get("type") == TEXT)
    if said > MAX_TEXT:
        message = f"The total text of all components must be {MAX_TEXT} or fewer in length."
        form.wrong(("components",), "COMPONENT_DISPLAYABLE_TEXT_SIZE_EXCEEDED", message)
    for index, part in enumerate(as_list(components)):
        _block(form, ("components", index), part, _ON_TOP, files)
    _unique_ids(form, components)
    used = {url for _, part in parts for url in media_of(part)}
    for name in files:
        known = any(mark in url for url in used for mark in own_links if mark.endswith(f"/{name}"))
        if f"attachment://{name}" not in used and not known:
            message = f'The attachment "{name}" must be referenced by a component.'
            form.wrong(("attachments",), "UNREFERENCED_ATTACHMENT", message)


def walk(components: object, path: Path = ("components",)) -> Iterator[tuple[Path, dict[str, Any]]]:
    """Yield every part with its place, nested ones and accessories included."""
    for index, part in enumerate(as_list(components)):
        body = as_dict(part)
        here = (*path, index)
        yield here, body
        yield from walk(body.get("components"), (*here, "components"))
        for key in ("accessory", "component"):
            if isinstance(body.get(key), dict):
                yield (*here, key), body[key]


def media_of(part: dict[str, Any]) -> Iterator[str]:
    """Yield the links that one part shows."""
    items = as_list(part.get("items")) if part.get("type") == GALLERY else [part]
    for item in items:
        for key in ("media", "file"):
            url = as_dict(as_dict(item).get(key)).get("url")
            if url:
                yield str(url)


def _unique_ids(form: Checks, components: object) -> None:
    seen: set[str] = set()
    for path, part in walk(components):
        custom_id = part.get("custom_id")
        if custom_id is not None and custom_id in seen:
            form.wrong((*path, "custom_id"), "COMPONENT_CUSTOM_ID_DUPLICATED", _DUPLICATE)
        if custom_id is not None:
            seen.add(custom_id)


def _block(form: Checks, path: Path, part: object, allowed: Collection[int], files: Collection[str]) -> None:
    body = as_dict(part)
    kind = body.get("type")
    if kind not in allowed:
        form.one_of((*path, "type"), kind, allowed)
    elif kind == ROW:
        check_row(form, path, body)
    elif kind == CONTAINER:
        form.length((*path, "components"), body.get("components"), MAX_PARTS, 1)
        form.number((*path, "accent_color"), body.get("accent_color"), 0, 0xFFFFFF)
        for index, child in enumerate(as_list(body.get("components"))):
            _block(form, (*path, "components", index), child, _IN_CONTAINER, files)
    elif kind == SECTION:
        _section(form, path, body, files)
    elif kind == TEXT:
        form.text((*path, "content"), body.get("content"), MAX_TEXT)
    elif kind == GALLERY:
        form.length((*path, "items"), body.get("items"), 10, 1)
        for index, item in enumerate(as_list(body.get("items"))):
            _media(form, (*path, "items", index), as_dict(item), files)
    elif kind == FILE:
        check_link(form, (*path, "file", "url"), as_dict(body.get("file")).get("url"), files)
    elif kind == SEPARATOR and body.get("spacing") is not None:
        form.one_of((*path, "spacing"), body["spacing"], (1, 2))


def _section(form: Checks, path: Path, body: dict[str, Any], files: Collection[str]) -> None:
    form.length((*path, "components"), body.get("components") or [], 3, 1)
    for index, child in enumerate(as_list(body.get("components"))):
        _block(form, (*path, "components", index), child, (TEXT,), files)
    accessory = as_dict(body.get("accessory"))
    if not form.required((*path, "accessory"), accessory or None):
        return
    if accessory.get("type") == BUTTON:
        check_button(form, (*path, "accessory"), accessory)
    elif accessory.get("type") == THUMBNAIL:
        _media(form, (*path, "accessory"), accessory, files)
    else:
        form.one_of((*path, "accessory", "type"), accessory.get("type"), (BUTTON, THUMBNAIL))


def _media(form: Checks, path: Path, body: dict[str, Any], files: Collection[str]) -> None:
    form.length((*path, "description"), body.get("description"), 1024)
    url = as_dict(body.get("media")).get("url")
    if form.required((*path, "media", "url"), url):
        check_link(form, (*path, "media", "url"), url, files)


def check_row(form: Checks, path: Path, row: object) -> None:
    """Check one row: up to five buttons, or one select."""
    children = as_list(as_dict(row).get("components"))
    place = (*path, "components")
    if not 1 <= len(children) <= 5:
        form.wrong(place, "BASE_TYPE_BAD_LENGTH", "Must be between 1 and 5 in length.")
    kinds = [as_dict(child).get("type") for child in children]
    selects = sum(kind in SELECTS for kind in kinds)
    if selects and len(children) > 1:
        form.wrong(place, "COMPONENT_LAYOUT_WIDTH_EXCEEDED", "Component layout width exceeded (5)")
    for index, child in enumerate(children):
        if kinds[index] == BUTTON:
            check_button(form, (*place, index), child)
        elif kinds[index] in SELECTS:
            check_select(form, (*place, index), child)
        else:
            form.one_of((*place, index, "type"), kinds[index], (BUTTON, *SELECTS))


def check_button(form: Checks, path: Path, body: dict[str, Any]) -> None:
    style, url, custom_id = body.get("style"), body.get("url"), body.get("custom_id")
    form.one_of((*path, "style"), style, (1, 2, 3, 4, 5, 6))
    form.length((*path, "label"), body.get("label"), 80)
    form.length((*path, "custom_id"), custom_id, 100)
    form.length((*path, "url"), url, 512)
    if style == LINK_STYLE:
        if not url:
            form.wrong((*path, "url"), "BUTTON_COMPONENT_URL_REQUIRED", "A url is required")
        check_link(form, (*path, "url"), url, ())
        if custom_id is not None:
            message = "A custom id and url cannot both be specified"
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
    elif style != PREMIUM_STYLE:
        if not custom_id:
            message = "A custom id is required"
            form.wrong((*path, "custom_id"), "BUTTON_COMPONENT_CUSTOM_ID_REQUIRED", message)
        if url is not None:
            message = "A custom id and url cannot both be specified"
            form.wrong(path, "BUTTON_COMPONENT_CUSTOM_ID_URL_MUTUALLY_EXCLUSIVE", message)
    if style != PREMIUM_STYLE and not body.get("label") and not body.get("emoji"):
        message = "A button must have a label or an emoji"
        form.wrong(path, "BUTTON_COMPONENT_INVALID_LABEL_OR_EMOJI", message)


def check_select(form: Checks, path: Path, body: dict[str, Any], *, in_modal: bool = False) -> None:
    """Check a select of any kind."""
    form.text((*path, "custom_id"), body.get("custom_id"), 100)
    form.length((*path, "placeholder"), body.get("placeholder"), 150)
    options = as_list(body.get("options"))
    if body.get("type") == 3:
        form.length((*path, "options"), options, 25, 1)
        check_options(form, (*path, "options"), options)
    most = len(options) if body.get("type") == 3 else 25
    low = body.get("min_values")
    high = body.get("max_values")
    form.number((*path, "min_values"), low, 0, 25)
    form.number((*path, "max_values"), high, 1, 25)
    low, high = 1 if low is None else low, 1 if high is None else high
    if isinstance(low, int) and isinstance(high, int) and not low <= high <= max(most, 1):
        message = f"min_values must be at most max_values, and max_values at most {most}."
        form.wrong((*path, "max_values"), "SELECT_COMPONENT_INVALID_RANGE", message)
    if in_modal and body.get("disabled"):
        form.wrong((*path, "disabled"), "COMPONENT_DISABLED_IN_MODAL", "Modal components cannot be disabled")


def check_options(form: Checks, path: Path, options: list[Any]) -> None:
    """Check the options of a select, radio group or checkbox group."""
    for index, option in enumerate(options):
        body = as_dict(option)
        form.text((*path, index, "label"), body.get("label"), 100)
        form.text((*path, index, "value"), body.get("value"), 100)
        form.length((*path, index, "description"), body.get("description"), 100)
    values = [as_dict(option).get("value") for option in options]
    message = "The specified option value is already used"
    form.unique(path, values, "SELECT_COMPONENT_OPTION_VALUE_DUPLICATED", message)
