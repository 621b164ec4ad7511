"""Bounces for missions: tagging, linking, renaming, and the newest ones to read."""

from collections.abc import Sequence
from datetime import datetime
from typing import Literal

from bot.actors import Actor
from bot.ai.model import JsonValue
from bot.ai.sent import Item
from bot.bounces.model import Bounce, Filter
from bot.bounces.service import BounceService
from bot.errors import Gone
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Preview
from bot.missions.ports import Say
from bot.missions.tools import Catalogue, Id, Name, Params, Scene, Tool, fingerprint

TagName = Literal["keeper", "maybe", "needs_work", "scratch"]
READ = 20


class SetTag(Params):
    """Another tag."""

    bounce_id: Id
    tag: TagName


class Link(Params):
    """The loop it belongs to."""

    bounce_id: Id
    loop_id: Id


class Rename(Params):
    """Another title."""

    bounce_id: Id
    title: Name


class BounceTools:
    """Adds `bounce.*` to a catalogue."""

    def __init__(self, bounces: BounceService) -> None:
        self._bounces = bounces

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(Tool("bounce.set_tag", "tag a bounce", SetTag, self._see_tag, self._tag))
        catalogue.add(Tool("bounce.link_to_loop", "link a bounce to a loop", Link, self._see_link, self._link))
        catalogue.add(Tool("bounce.rename_title", "rename a bounce", Rename, self._see_rename, self._rename))

    async def _see_tag(self, scene: Scene, params: SetTag) -> Preview:
        bounce = await self._alive(scene.owner, params.bounce_id)
        before = _line(f"tag_{bounce.tag}") if bounce.tag else _line("no_tag")
        after = _line(f"tag_{params.tag}")
        return Preview(_line("tag", bounce=bounce.title), (before,), (after,), _basis(bounce))

    async def _tag(self, scene: Scene, params: SetTag, actor: Actor) -> None:
        await self._bounces.edit(actor, scene.owner, params.bounce_id, tag=params.tag)

    async def _see_link(self, scene: Scene, params: Link) -> Preview:
        bounce = await self._alive(scene.owner, params.bounce_id)
        loop = await self._bounces.loop(scene.owner, params.loop_id)
        if loop is None:
            raise Gone("gone", thing="loop", list_command="/loop list")
        now = await self._bounces.loop(scene.owner, bounce.loop_id) if bounce.loop_id else None
        before = _line("loop", loop=now.name) if now else _line("no_loop")
        after = _line("loop", loop=loop.name)
        return Preview(_line("link", bounce=bounce.title), (before,), (after,), _basis(bounce))

    async def _link(self, scene: Scene, params: Link, actor: Actor) -> None:
        await self._bounces.edit(actor, scene.owner, params.bounce_id, loop_id=params.loop_id)

    async def _see_rename(self, scene: Scene, params: Rename) -> Preview:
        bounce = await self._alive(scene.owner, params.bounce_id)
        before, after = _line("name", name=bounce.title), _line("name", name=params.title)
        return Preview(_line("rename", bounce=bounce.title), (before,), (after,), _basis(bounce))

    async def _rename(self, scene: Scene, params: Rename, actor: Actor) -> None:
        await self._bounces.edit(actor, scene.owner, params.bounce_id, title=params.title)

    async def _alive(self, owner: int, bounce_id: str) -> Bounce:
        bounce = await self._bounces.get(owner, bounce_id)
        if bounce.deleted_at is not None:
            raise Gone("gone", thing="bounce", list_command="/bounce list")
        return bounce


class BouncesInput:
    """The newest bounces: titles, tags, lengths, whose loop. File names and notes stay here."""

    kind = InputKind.BOUNCES
    sends = Item("bounces", ("bounce_id", "title", "version", "tag", "loop_id", "at"))

    def __init__(self, bounces: BounceService, say: Say) -> None:
        self._bounces = bounces
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        found: list[JsonValue] = [
            {
                "bounce_id": one.id,
                "title": one.title,
                "version": one.number,
                "tag": str(one.tag) if one.tag else None,
                "loop_id": one.loop_id,
                "at": f"{one.bounced_at:%Y-%m-%d %H:%M}",
            }
            for one in await self._bounces.list(owner, Filter(), READ)
        ]
        return Resolved(InputRef(self.kind), "Newest bounces", found or None)

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        return []

    async def choices(self, owner: int) -> Sequence[Choice]:
        return [Choice(InputRef(self.kind), self._say("mission.input.bounces"))]


def _line(name: str, /, **parts: object) -> Line:
    return Line(f"mission.tool.bounce.{name}", parts)


def _basis(bounce: Bounce) -> str:
    return fingerprint({"id": bounce.id, "title": bounce.title, "tag": str(bounce.tag), "loop": bounce.loop_id})
