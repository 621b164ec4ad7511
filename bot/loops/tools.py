"""Loops for missions: their tools, bound to the methods that the slash commands call, and what a mission reads."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import Literal

from pydantic import Field

from bot.actors import Actor
from bot.ai.model import JsonValue
from bot.ai.sent import Item
from bot.errors import Gone, NotFound
from bot.loops.area import LoopArea
from bot.loops.clips import ClipFields
from bot.loops.model import MILLI, Clip, Lane, Loop, Plan, Source, SuggestedClip
from bot.loops.momentum import score_plan
from bot.loops.ports import Say
from bot.loops.service import LoopFields
from bot.loops.store import LoopView
from bot.loops.whatif import WhatIf, WhatIfKind, what_ifs, with_change, with_clip
from bot.loops.wording import length_text, whatif_text, when_text
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Preview
from bot.missions.tools import Catalogue, Id, Name, Params, Prose, Scene, Tool, fingerprint

LaneName = Literal["creative", "action", "promo", "analysis", "refine"]
Units = float


class AddClip(Params):
    """A new clip."""

    loop_id: Id
    lane: LaneName
    name: Name
    start: Units = Field(ge=0, le=100_000, description="in units of the loop")
    length: Units = Field(gt=0, le=10_000, description="in units of the loop")
    notes: Prose = ""


class MoveClip(Params):
    """Another start, and another lane if given."""

    clip_id: Id
    start: Units = Field(ge=0, le=100_000, description="in units of the loop")
    lane: LaneName | None = None


class EditClip(Params):
    """Another name, length or notes; what is left out stays."""

    clip_id: Id
    name: Name | None = None
    length: Units | None = Field(None, gt=0, le=10_000, description="in units of the loop")
    notes: Prose | None = None


class OneClip(Params):
    """Only which clip."""

    clip_id: Id


class SetBpm(Params):
    """Another tempo."""

    loop_id: Id
    bpm: float = Field(ge=60, le=180)


class RenameLoop(Params):
    """Another name."""

    loop_id: Id
    name: Name


class LoopTools:
    """Adds the loop tools to a catalogue."""

    def __init__(self, area: LoopArea, say: Say) -> None:
        self._area = area
        self._say = say
        self._store = area.store
        self._clips = area.clips

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(
            Tool(
                "loop.add_clip",
                "add a clip to a loop, on one of its lanes",
                AddClip,
                self._see_add,
                self._add,
                gain=self._gain_add,
            )
        )
        catalogue.add(
            Tool(
                "loop.move_clip",
                "move a clip to another start or lane",
                MoveClip,
                self._see_move,
                self._move,
                gain=self._gain_move,
            )
        )
        catalogue.add(
            Tool("loop.edit_clip", "change a clip's name, length or notes", EditClip, self._see_edit, self._edit)
        )
        catalogue.add(
            Tool(
                "loop.mark_ready",
                "mark a clip as ready, which means cleared to leave the timeline",
                OneClip,
                self._see_ready,
                self._ready,
            )
        )
        catalogue.add(Tool("loop.complete_clip", "mark a clip as done", OneClip, self._see_complete, self._complete))
        catalogue.add(Tool("loop.remove_clip", "remove a clip", OneClip, self._see_remove, self._remove))
        catalogue.add(Tool("loop.set_bpm", "change a loop's tempo", SetBpm, self._see_bpm, self._bpm))
        catalogue.add(Tool("loop.rename", "rename a loop", RenameLoop, self._see_rename, self._rename))

    # ------------------------------------------------------------------ previews

    async def _see_add(self, scene: Scene, params: AddClip) -> Preview:
        loop = (await self._store.plan(scene.owner, params.loop_id)).loop
        return Preview(
            _title("add_clip", clip=params.name, loop=loop.name),
            before=(_line("no_clip"),),
            after=(self._at(loop, params.lane, params.start, params.length),),
            basis=fingerprint({"loop": loop.id, "archived": str(loop.archived_at)}),
        )

    async def _see_move(self, scene: Scene, params: MoveClip) -> Preview:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        lane = params.lane or clip.lane.value
        return Preview(
            _title("move_clip", clip=clip.name, loop=loop.name),
            before=(self._at(loop, clip.lane.value, clip.start_milli / MILLI),),
            after=(self._at(loop, lane, params.start),),
            basis=_basis(clip),
        )

    async def _see_edit(self, scene: Scene, params: EditClip) -> Preview:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        before, after = [], []
        if params.name is not None and params.name != clip.name:
            before.append(_line("name", name=clip.name))
            after.append(_line("name", name=params.name))
        if params.length is not None:
            before.append(_line("length", length=length_text(loop, clip.length_milli, self._say)))
            after.append(_line("length", length=length_text(loop, round(params.length * MILLI), self._say)))
        if params.notes is not None and params.notes != clip.notes:
            before.append(_line("notes", notes=clip.notes or "–"))
            after.append(_line("notes", notes=params.notes or "–"))
        return Preview(_title("edit_clip", clip=clip.name, loop=loop.name), tuple(before), tuple(after), _basis(clip))

    async def _see_ready(self, scene: Scene, params: OneClip) -> Preview:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        return Preview(
            _title("mark_ready", clip=clip.name, loop=loop.name),
            (_line("ready" if clip.ready else "not_ready"),),
            (_line("ready"),),
            _basis(clip),
        )

    async def _see_complete(self, scene: Scene, params: OneClip) -> Preview:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        return Preview(
            _title("complete_clip", clip=clip.name, loop=loop.name),
            (_line("done" if clip.is_done else "open"),),
            (_line("done"),),
            _basis(clip),
        )

    async def _see_remove(self, scene: Scene, params: OneClip) -> Preview:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        return Preview(
            _title("remove_clip", clip=clip.name, loop=loop.name),
            (self._at(loop, clip.lane.value, clip.start_milli / MILLI, clip.length_milli / MILLI),),
            (_line("no_clip"),),
            _basis(clip),
        )

    async def _see_bpm(self, scene: Scene, params: SetBpm) -> Preview:
        loop = (await self._store.plan(scene.owner, params.loop_id)).loop
        return Preview(
            _title("set_bpm", loop=loop.name),
            (_line("bpm", bpm=f"{loop.bpm:g}"),),
            (_line("bpm", bpm=f"{params.bpm:g}"),),
            fingerprint({"loop": loop.id, "bpm": loop.bpm}),
        )

    async def _see_rename(self, scene: Scene, params: RenameLoop) -> Preview:
        loop = (await self._store.plan(scene.owner, params.loop_id)).loop
        return Preview(
            _title("rename", loop=loop.name),
            (_line("name", name=loop.name),),
            (_line("name", name=params.name),),
            fingerprint({"loop": loop.id, "name": loop.name}),
        )

    def _at(self, loop: Loop, lane: str, start: float, length: float | None = None) -> Line:
        """Say a place as the loop's own cards do: its lane by name, bars or days."""
        parts = {"lane": self._say(f"loop.lane.{lane}"), "start": when_text(loop, round(start * MILLI), self._say)}
        if length is None:
            return _line("place", **parts)
        return _line("clip_at", **parts, length=length_text(loop, round(length * MILLI), self._say))

    # ------------------------------------------------------------------ gains

    async def _gain_add(self, scene: Scene, params: AddClip) -> float | None:
        plan = await self._store.plan(scene.owner, params.loop_id)
        clip = SuggestedClip(Lane(params.lane), round(params.start * MILLI), round(params.length * MILLI), params.name)
        return self._gain(plan, with_clip(plan, clip, self._store.now))

    async def _gain_move(self, scene: Scene, params: MoveClip) -> float | None:
        loop, clip = await self._clips.get(scene.owner, params.clip_id)
        plan = await self._store.plan(scene.owner, loop.id)
        lane = Lane(params.lane) if params.lane else clip.lane
        moved = replace(clip, start_milli=round(params.start * MILLI), lane=lane)
        return self._gain(plan, with_change(plan, clip, moved))

    def _gain(self, before: Plan, after: Plan) -> float:
        now, rules = self._store.now, self._area.rules.momentum
        return round(score_plan(after, now, rules) - score_plan(before, now, rules), 4)

    # ------------------------------------------------------------------ work

    async def _add(self, scene: Scene, params: AddClip, actor: Actor) -> None:
        fields = ClipFields(params.name, params.lane, params.start, params.length, params.notes)
        await self._clips.add(actor, scene.owner, params.loop_id, fields, source=Source.MISSION)

    async def _move(self, scene: Scene, params: MoveClip, actor: Actor) -> None:
        fields = ClipFields(start=params.start, lane=params.lane)
        await self._clips.edit(actor, scene.owner, params.clip_id, fields)

    async def _edit(self, scene: Scene, params: EditClip, actor: Actor) -> None:
        fields = ClipFields(name=params.name, length=params.length, notes=params.notes)
        await self._clips.edit(actor, scene.owner, params.clip_id, fields)

    async def _ready(self, scene: Scene, params: OneClip, actor: Actor) -> None:
        await self._clips.mark_ready(actor, scene.owner, params.clip_id)

    async def _complete(self, scene: Scene, params: OneClip, actor: Actor) -> None:
        await self._clips.finish(actor, scene.owner, params.clip_id)

    async def _remove(self, scene: Scene, params: OneClip, actor: Actor) -> None:
        await self._clips.remove(actor, scene.owner, params.clip_id)

    async def _bpm(self, scene: Scene, params: SetBpm, actor: Actor) -> None:
        await self._area.loops.edit(actor, scene.owner, params.loop_id, LoopFields(bpm=params.bpm))

    async def _rename(self, scene: Scene, params: RenameLoop, actor: Actor) -> None:
        await self._area.loops.edit(actor, scene.owner, params.loop_id, LoopFields(name=params.name))


class LoopInput:
    """A loop as a mission reads it: clips, next actions, warnings and what-ifs."""

    kind = InputKind.LOOP
    sends = Item(
        "loop",
        (
            "loop_id",
            "name",
            "bpm",
            "unit",
            "first_day",
            "end_day",
            "momentum_percent",
            "momentum_word",
            "playhead",
            "clips.clip_id",
            "clips.lane",
            "clips.name",
            "clips.notes",
            "clips.start",
            "clips.length",
            "clips.ready",
            "clips.done",
            "clips.overdue",
            "clips.blocked",
            "clips.conflicts_with",
            "next_clip_ids",
            "what_would_help",
        ),
    )

    def __init__(self, area: LoopArea, say: Say) -> None:
        self._area = area
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        try:
            view = await self._area.store.for_ai(await self._area.store.view(owner, ref))
        except (NotFound, Gone):
            return Resolved(InputRef(self.kind, ref), "Loop", None)
        return Resolved(InputRef(self.kind, ref), f"Loop: {view.loop.name}", _loop_data(view, self._say))

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        try:
            view = await self._area.store.view(owner, ref)
        except (NotFound, Gone):
            return []
        rules = self._area.rules
        found = what_ifs(view.plan, view.sequenced, view.now, rules, keep=12)
        ideas = [self._idea(view.loop, one) for one in found]
        return [idea for idea in ideas if idea is not None]

    async def choices(self, owner: int) -> Sequence[Choice]:
        lines = await self._area.loops.lines(owner)
        return [Choice(InputRef(self.kind, line.loop.id), line.loop.name) for line in lines[:25]]

    def _idea(self, loop: Loop, change: WhatIf) -> Idea | None:
        say, why = self._say, self._say("mission.rules.gain", count=change.points, loop=loop.name)
        summary = whatif_text(loop, change, say)
        weight = 0.5 + min(0.4, change.gain)
        match change.kind:
            case WhatIfKind.READY if change.clip is not None:
                return Idea("loop.mark_ready", {"clip_id": change.clip.id}, summary, why, weight)
            case WhatIfKind.FINISH if change.clip is not None:
                # Only its owner knows that a clip is finished; the rules do not suggest to say so.
                return None
            case WhatIfKind.MOVE if change.clip is not None and change.start_milli is not None:
                params = {"clip_id": change.clip.id, "start": change.start_milli / MILLI}
                return Idea("loop.move_clip", params, summary, why, weight)
            case WhatIfKind.ADD if change.add is not None:
                add = change.add
                added: dict[str, object] = {
                    "loop_id": loop.id,
                    "lane": add.lane.value,
                    "name": say("mission.rules.clip_name", lane=add.lane.value),
                    "start": add.start_milli / MILLI,
                    "length": add.length_milli / MILLI,
                }
                return Idea("loop.add_clip", added, summary, why, weight)
            case _:
                return None


def _loop_data(view: LoopView, say: Say) -> JsonValue:
    loop = view.loop
    return {
        "loop_id": loop.id,
        "name": loop.name,
        "bpm": loop.bpm,
        "unit": "day" if loop.is_dated else "beat",
        "first_day": str(loop.start_date) if loop.start_date else None,
        "end_day": str(loop.end_date) if loop.end_date else None,
        "momentum_percent": view.momentum.percent,
        "momentum_word": str(view.momentum.label),
        "playhead": loop.playhead_milli / MILLI,
        "clips": [
            {
                "clip_id": item.clip.id,
                "lane": item.clip.lane.value,
                "name": item.clip.name,
                "notes": item.clip.notes,
                "start": item.clip.start_milli / MILLI,
                "length": item.clip.length_milli / MILLI,
                "ready": item.clip.ready,
                "done": item.clip.is_done,
                "overdue": item.overdue,
                "blocked": bool(item.blocked_by),
                "conflicts_with": [str(other) for other in item.conflicts],
            }
            for item in view.sequenced.clips
        ],
        "next_clip_ids": [action.clip.id for action in view.sequenced.next_actions],
        "what_would_help": [whatif_text(loop, one, say) for one in view.what_ifs],
    }


def _title(name: str, /, **parts: object) -> Line:
    return Line(f"mission.tool.{name}.title", parts)


def _line(name: str, /, **parts: object) -> Line:
    return Line(f"mission.tool.{name}", parts)


def _basis(clip: Clip) -> str:
    return fingerprint(
        {
            "id": clip.id,
            "lane": clip.lane.value,
            "start": clip.start_milli,
            "length": clip.length_milli,
            "name": clip.name,
            "notes": clip.notes,
            "ready": clip.ready,
            "done": clip.is_done,
        }
    )
