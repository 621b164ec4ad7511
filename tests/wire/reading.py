"""A message as a person reads it, in plain text: words, buttons, selects, pictures by their alt text."""

from typing import Any

from bot.local.core import Core
from bot.local.forms import fields_of, label_of
from bot.local.model import Interaction, Message, Wire


def read_message(core: Core, message: Message) -> str:
    """Return a message as lines of text, the way it stands on the screen."""
    world = core.world
    author = world.users[message.author_id].display_name
    private = " (only you can see this)" if message.ephemeral else ""
    lines: list[str] = []
    if message.command_label and message.interaction_meta:
        user = world.users[int(message.interaction_meta["user"])].display_name
        lines.append(f"{user} used {message.command_label}")
    if message.loading:
        return "\n".join([*lines, f"{author}{private}: {author} is thinking…"])
    lines.append(f"{author}{private}: {message.content}".rstrip())
    for embed in message.embeds:
        lines += _embed(core, embed)
    for part in message.components:
        lines += _part(core, part)
    shown = core.payloads.message(message)["attachments"]
    lines += [f"file: {a['filename']} {a.get('description') or ''}".rstrip() for a in shown]
    lines += [f"{emoji} {len(people)}" for emoji, people in message.reactions.items()]
    return "\n".join(lines)


def read_form(opener: Interaction) -> str:
    """Return an open form as lines of text."""
    assert opener.modal is not None
    lines = [f"form: {opener.modal['title']}"]
    lines += [part["content"] for part in opener.modal["components"] if part.get("type") == 10]
    for custom_id, (label, part) in fields_of(opener.modal).items():
        options = " | ".join(o["label"] for o in part.get("options") or [])
        value = part.get("value") or options or part.get("placeholder") or ""
        lines.append(f"  {label} ({custom_id}): {value}".rstrip(": "))
    return "\n".join(lines)


def _embed(core: Core, embed: Wire) -> list[str]:
    lines = [str(embed[key]) for key in ("title", "description") if embed.get(key)]
    lines += [f"{f['name']}: {f['value']}" for f in embed.get("fields") or []]
    lines += ["picture" for key in ("image", "thumbnail") if embed.get(key)]
    if embed.get("footer"):
        lines.append(embed["footer"]["text"])
    return lines


def _part(core: Core, part: Wire) -> list[str]:
    kind = part["type"]
    if kind == 10:
        return [part["content"]]
    if kind == 2 or kind in (3, 5, 6, 7, 8):
        return [_control(part)]
    if kind == 1:
        return [" ".join(_control(child) for child in part["components"])]
    if kind == 12:
        return [f"picture: {item.get('description') or 'no alt text'}" for item in part["items"]]
    if kind == 11:
        return [f"picture: {part.get('description') or 'no alt text'}"]
    if kind == 13:
        return [f"file: {_file_name(core, part['file'])}"]
    if kind == 14:
        return ["———"]
    inner = [line for child in part.get("components") or [] for line in _part(core, child)]
    return inner + (_part(core, part["accessory"]) if part.get("accessory") else [])


def _control(part: Wire) -> str:
    off = " off" if part.get("disabled") else ""
    if part["type"] != 2:
        options = " | ".join(_option(o) for o in part.get("options") or [])
        return f"({label_of(part)}{off}{': ' if options else ''}{options})"
    link = f" → {part['url']}" if part.get("url") else ""
    return f"[{label_of(part)}{link}{off}]"


def _option(option: Wire) -> str:
    return f"{option['label']} ✓" if option.get("default") else option["label"]


def _file_name(core: Core, media: Any) -> str:
    held = core.world.attachments.get(int(media.get("attachment_id") or 0))
    return held.filename if held else str(media.get("url"))
