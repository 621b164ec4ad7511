"""Limits of embeds."""

from collections.abc import Collection
from typing import Any

from bot.local.limits.checks import Checks, Path, as_dict, as_list

MAX_EMBEDS = 10
MAX_FIELDS = 25
MAX_CHARACTERS = 6_000
"""Over all embeds of a message together."""

_TEXTS: tuple[tuple[tuple[str, ...], int], ...] = (
    (("title",), 256),
    (("description",), 4096),
    (("footer", "text"), 2048),
    (("author", "name"), 256),
)
_LINKS: tuple[tuple[str, ...], ...] = (
    ("image", "url"),
    ("thumbnail", "url"),
    ("author", "icon_url"),
    ("footer", "icon_url"),
)
_KEYS = frozenset(
    [
        "title",
        "type",
        "description",
        "url",
        "timestamp",
        "color",
        "footer",
        "image",
        "thumbnail",
        "video",
        "provider",
        "author",
        "fields",
        "flags",
    ]
)


def check_embeds(form: Checks, embeds: object, files: Collection[str]) -> None:
    """Check the embeds of one message; `files` are the names that `attachment://` may use."""
    form.length(("embeds",), embeds, MAX_EMBEDS)
    total = 0
    for index, embed in enumerate(as_list(embeds)):
        path: Path = ("embeds", index)
        body = as_dict(embed)
        form.keys(path, body, _KEYS)
        for keys, high in _TEXTS:
            text = _at(body, keys)
            form.length((*path, *keys), text, high)
            total += len(text) if isinstance(text, str) else 0
        total += _fields(form, path, body.get("fields"))
        for keys in _LINKS:
            check_link(form, (*path, *keys), _at(body, keys), files)
        for keys in (("url",), ("author", "url")):
            check_link(form, (*path, *keys), _at(body, keys), ())
    if total > MAX_CHARACTERS:
        message = f"Embed size exceeds maximum size of {MAX_CHARACTERS}"
        form.wrong(("embeds",), "MAX_EMBED_SIZE_EXCEEDED", message)


def _fields(form: Checks, path: Path, fields: object) -> int:
    """Check the fields of one embed and return how many characters they hold."""
    form.length((*path, "fields"), fields, MAX_FIELDS)
    total = 0
    for index, field in enumerate(as_list(fields)):
        body = as_dict(field)
        form.text((*path, "fields", index, "name"), body.get("name"), 256)
        form.text((*path, "fields", index, "value"), body.get("value"), 1024)
        total += len(str(body.get("name") or "")) + len(str(body.get("value") or ""))
    return total


def check_link(form: Checks, path: Path, url: object, files: Collection[str]) -> None:
    """Check a link to the web or to a file of the same message."""
    if not url:
        return
    scheme, separator, rest = str(url).partition("://")
    if scheme == "attachment" and separator:
        if rest not in files:
            form.wrong(path, "ATTACHMENT_NOT_FOUND", f'The attachment "{rest}" is not part of this message.')
    elif scheme not in ("http", "https") or not separator:
        message = f"Scheme \"{scheme}\" must be one of ('http', 'https')."
        form.wrong(path, "URL_TYPE_INVALID_SCHEME", message)
    elif not rest:
        form.wrong(path, "URL_TYPE_INVALID_URL", "Not a well formed URL.")


def _at(body: dict[str, Any], keys: tuple[str, ...]) -> Any:
    value: Any = body
    for key in keys:
        value = as_dict(value).get(key)
    return value
