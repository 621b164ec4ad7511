"""Limits of messages, on create, edit, callback and follow-up alike."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Protocol

from bot.local.errors import ApiError
from bot.local.limits.checks import Checks, as_dict, as_list
from bot.local.limits.components import check_classic, check_v2
from bot.local.limits.embeds import check_embeds

MAX_CONTENT = 2_000
MAX_ATTACHMENTS = 10
V2 = 1 << 15
FILE_NAME = re.compile(r"(SPOILER_)?[a-z0-9_.-]+")
_KEYS = frozenset(
    [
        "content",
        "nonce",
        "enforce_nonce",
        "tts",
        "embeds",
        "allowed_mentions",
        "message_reference",
        "components",
        "sticker_ids",
        "attachments",
        "flags",
        "poll",
        "shared_client_theme",
        "username",
        "avatar_url",
        "thread_name",
        "applied_tags",
    ]
)


class File(Protocol):
    @property
    def filename(self) -> str: ...
    @property
    def data(self) -> bytes: ...


@dataclass(frozen=True, slots=True)
class Existing:
    """What an edited message holds already."""

    content: str = ""
    embeds: int = 0
    components: int = 0
    attachments: Mapping[int, str] = field(default_factory=dict)
    """Id → file name."""
    v2: bool = False
    loading: bool = False


def check_message(
    body: object,
    uploads: Mapping[int, File],
    *,
    upload_limit: int,
    before: Existing | None = None,
    by_bot: bool = True,
) -> None:
    """Refuse a message body that Discord would refuse; with `before` it is an edit."""
    form = Checks()
    data = as_dict(body)
    if any(len(upload.data) > upload_limit for upload in uploads.values()):
        raise ApiError(40005)
    form.keys((), data, _KEYS)
    form.length(("content",), data.get("content"), MAX_CONTENT)
    form.length(("nonce",), str(data["nonce"]) if data.get("nonce") is not None else None, 25)
    files = _files(form, data, uploads, before, by_bot=by_bot)
    names = set(files.values())
    check_embeds(form, data.get("embeds"), names)
    v2 = _v2(form, data, before)
    if not v2:
        check_classic(form, data.get("components"))
    elif "components" in data or before is None or not before.v2:
        marks = [f"/{i}/{name}" for i, name in (before.attachments if before else {}).items()]
        check_v2(form, data.get("components"), names, marks)
    form.raise_if_wrong()
    _refuse_empty(data, uploads, before, v2=v2)


def _files(
    form: Checks,
    data: dict[str, Any],
    uploads: Mapping[int, File],
    before: Existing | None,
    *,
    by_bot: bool,
) -> dict[int, str]:
    """Check attachments and return the names of all files the message will have."""
    listed = {}
    for index, entry in enumerate(as_list(data.get("attachments"))):
        described = as_dict(entry)
        form.length(("attachments", index, "description"), described.get("description"), 1024)
        if str(described.get("id", "")).isdigit():
            listed[int(described["id"])] = described
    kept = dict(before.attachments) if before else {}
    if data.get("attachments") is not None:
        kept = {i: name for i, name in kept.items() if i in listed}
    fresh = {i: str(listed.get(i, {}).get("filename") or u.filename) for i, u in uploads.items()}
    if len(kept) + len(fresh) > MAX_ATTACHMENTS:
        form.wrong(("attachments",), "BASE_TYPE_MAX_LENGTH", f"Must be {MAX_ATTACHMENTS} or fewer in length.")
    for index, name in fresh.items():
        if by_bot and not FILE_NAME.fullmatch(name):
            message = f'"{name}" breaks attachment:// links: use a-z, 0-9, "_", "." and "-" only.'
            form.wrong(("attachments", index, "filename"), "FILE_NAME_INVALID", message)
    return kept | fresh


def _v2(form: Checks, data: dict[str, Any], before: Existing | None) -> bool:
    """Check the V2 flag against the old-style parts and return whether the message will be one of V2."""
    flags = data.get("flags")
    asked = isinstance(flags, int) and bool(flags & V2)
    if before is not None and before.v2 and flags is not None and not asked:
        form.wrong(("flags",), "MESSAGE_CANNOT_REMOVE_COMPONENTS_V2_FLAG", "This flag cannot be removed")
    v2 = asked or (before is not None and before.v2)
    if not v2:
        return False
    old_style = {key for key in ("content", "embeds", "poll", "sticker_ids") if data.get(key)}
    if before is not None and not before.loading:
        old_style |= {"content"} if before.content and "content" not in data else set()
        old_style |= {"embeds"} if before.embeds and "embeds" not in data else set()
    for key in sorted(old_style):
        message = f"The '{key}' field cannot be used when using MessageFlags.IS_COMPONENTS_V2"
        form.wrong((key,), "MESSAGE_CANNOT_USE_LEGACY_FIELDS_WITH_COMPONENTS_V2", message)
    return True


def _refuse_empty(data: dict[str, Any], uploads: Mapping[int, File], before: Existing | None, *, v2: bool) -> None:
    old = before or Existing()
    content = data.get("content", old.content)
    embeds = data.get("embeds", old.embeds)
    components = data.get("components", old.components)
    kept = old.attachments if data.get("attachments") is None else as_list(data["attachments"])
    if v2 and not components:
        raise ApiError(50006)
    if not (str(content or "").strip() or embeds or components or kept or uploads) and not (
        data.get("sticker_ids") or data.get("poll")
    ):
        raise ApiError(50006)
