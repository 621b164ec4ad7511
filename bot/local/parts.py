"""Components and embeds as Discord keeps them: every id given, every default written out."""

from collections.abc import Iterator
from typing import Any

from bot.local.model import Wire

_DEFAULTS: dict[int, dict[str, Any]] = {
    **{select: {"min_values": 1, "max_values": 1, "disabled": False} for select in (3, 5, 6, 7, 8)},
    2: {"disabled": False},
    11: {"spoiler": False, "description": None},
    13: {"spoiler": False},
    14: {"divider": True, "spacing": 1},
    17: {"spoiler": False, "accent_color": None},
}


def walk(components: list[Wire]) -> Iterator[Wire]:
    """Yield every component, outer ones first."""
    for part in components:
        yield part
        yield from walk(part.get("components") or [])
        for key in ("accessory", "component"):
            if isinstance(part.get(key), dict):
                yield from walk([part[key]])


def complete(components: list[Wire]) -> None:
    """Give each component the `id` and the defaults that its sender left out."""
    taken = {part["id"] for part in walk(components) if part.get("id")}
    following = 1
    for part in walk(components):
        if not part.get("id"):
            while following in taken:
                following += 1
            part["id"] = following
            taken.add(following)
        for key, value in _DEFAULTS.get(part.get("type", 0), {}).items():
            part.setdefault(key, value)
        for item in part.get("items") or []:
            item.setdefault("spoiler", False)
            item.setdefault("description", None)


def complete_embed(embed: Wire) -> Wire:
    """Return an embed with the defaults its sender left out."""
    fields = [{"inline": False, **field} for field in embed.get("fields") or []]
    return {"type": "rich", **embed} | ({"fields": fields} if fields else {})
