"""Releases, phases and digests for missions: their tools, bound to the methods that commands and buttons call."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from bot.actors import Actor
from bot.ai.model import JsonValue
from bot.digest.service import DigestService
from bot.errors import NotFound
from bot.loops.model import Lane
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Policy, Preview
from bot.missions.ports import Say
from bot.missions.tools import Catalogue, Id, Name, Params, Prose, Scene, Tool, fingerprint
from bot.phases.model import Phase
from bot.phases.service import PhaseService
from bot.releases.service import ReleaseService
from bot.releases.view import ReleaseView

LaneName = Literal["creative", "action", "promo", "analysis", "refine"]
PhaseName = Literal["generator", "builder", "executor", "recovery"]


class AddTask(Params):
    """A task of one's own in a release plan."""

    release_id: Id
    title: Name
    lane: LaneName
    day: date
    days: int = Field(1, ge=1, le=14)


class MoveDate(Params):
    """Another release day."""

    release_id: Id
    day: date


class Transition(Params):
    """Another phase."""

    to: PhaseName


class AddNote(Params):
    """A line for the next weekly digest."""

    text: Prose


class ReleaseTools:
    """Adds `release.*`, `phase.offer_transition` and `digest.add_note` to a catalogue."""

    def __init__(self, releases: ReleaseService, phases: PhaseService, digests: DigestService) -> None:
        self._releases = releases
        self._phases = phases
        self._digests = digests

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(
            Tool("release.add_task", "add a task to a release plan", AddTask, self._preview_task, self._add_task)
        )
        catalogue.add(
            Tool(
                "release.move_date",
                "move the release day; open tasks and deadlines move along",
                MoveDate,
                self._preview_move,
                self._move,
            )
        )
        catalogue.add(
            Tool(
                "phase.offer_transition",
                "offer the person another phase of work",
                Transition,
                self._preview_phase,
                self._phase,
            )
        )
        catalogue.add(
            Tool(
                "digest.add_note",
                "add one line to the next weekly digest",
                AddNote,
                self._preview_note,
                self._note,
                default=Policy.AUTO,
            )
        )

    async def _preview_task(self, scene: Scene, params: AddTask) -> Preview:
        view = await self._releases.show(scene.owner, params.release_id)
        return Preview(
            Line("mission.tool.release.add", {"release": view.release.title}),
            after=(Line("mission.tool.release.task", {"title": params.title, "day": params.day.isoformat()}),),
            basis=_basis(view),
        )

    async def _add_task(self, scene: Scene, params: AddTask, actor: Actor) -> None:
        await self._releases.add_task(
            actor,
            scene.owner,
            params.release_id,
            title=params.title,
            lane=Lane(params.lane),
            day=params.day,
            days=params.days,
        )

    async def _preview_move(self, scene: Scene, params: MoveDate) -> Preview:
        preview = await self._releases.preview_move(scene.owner, params.release_id, params.day)
        view = await self._releases.show(scene.owner, params.release_id)
        after = [Line("mission.tool.release.day", {"day": params.day.isoformat()})]
        if preview.missed:
            after.append(Line("mission.tool.release.missed", {"count": len(preview.missed)}))
        return Preview(
            Line("mission.tool.release.move", {"release": view.release.title}),
            before=(Line("mission.tool.release.day", {"day": view.release.anchor_date.isoformat()}),),
            after=tuple(after),
            basis=_basis(view),
        )

    async def _move(self, scene: Scene, params: MoveDate, actor: Actor) -> None:
        await self._releases.move(actor, scene.owner, params.release_id, params.day)

    async def _preview_phase(self, scene: Scene, params: Transition) -> Preview:
        now = await self._phases.phase(scene.owner)
        if now == params.to:
            raise NotFound("phase", "/coach phase")
        return Preview(
            Line("mission.tool.release.phase"),
            before=(Line(f"phase.name.{now}"),),
            after=(Line(f"phase.name.{params.to}"),),
            basis=str(now),
        )

    async def _phase(self, scene: Scene, params: Transition, actor: Actor) -> None:
        # The person's press on Approve is the click that moves them.
        await self._phases.offer(actor, scene.owner, Phase(params.to))

    async def _preview_note(self, scene: Scene, params: AddNote) -> Preview:
        return Preview(
            Line("mission.tool.release.note"), after=(Line("mission.tool.release.line", {"text": params.text}),)
        )

    async def _note(self, scene: Scene, params: AddNote, actor: Actor) -> None:
        await self._digests.add_note(actor, scene.owner, actor.name, params.text)


def _basis(view: ReleaseView) -> str:
    days = [[task.clip.id, task.day.isoformat(), task.clip.is_done] for task in view.tasks]
    return fingerprint({"anchor": view.release.anchor_date.isoformat(), "tasks": days})


class ReleaseInput:
    """A release plan: its day, open tasks, deadlines and missed windows."""

    kind = InputKind.RELEASE

    def __init__(self, releases: ReleaseService, say: Say) -> None:
        self._releases = releases
        self._say = say

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        try:
            view = await self._releases.show(owner, ref)
        except NotFound:
            return Resolved(InputRef(self.kind, ref), "Release", None)
        tasks: list[JsonValue] = [
            {
                "title": task.clip.name,
                "lane": task.clip.lane.value,
                "day": task.day.isoformat(),
                "hard_deadline": task.deadline.isoformat() if task.is_hard and task.deadline else None,
                "past": task.last_day < view.today,
                "waits_for": list(task.waits_for),
            }
            for task in view.next_tasks
        ]
        data: JsonValue = {
            "release_id": view.release.id,
            "title": view.release.title,
            "release_day": view.release.anchor_date.isoformat(),
            "today": view.today.isoformat(),
            "days_to_go": view.days_left,
            "tasks_done": view.done,
            "tasks_in_all": len(view.tasks),
            "open_tasks": tasks,
            "missed_windows": len(view.missed),
        }
        return Resolved(InputRef(self.kind, ref), f"Release: {view.release.title}", data)

    async def ideas(self, owner: int, ref: str, now: datetime) -> Sequence[Idea]:
        """Offer a line in the digest for what is past its day: the plan itself is its owner's to move."""
        try:
            view = await self._releases.show(owner, ref)
        except NotFound:
            return []
        late = [task for task in view.next_tasks if task.last_day < view.today]
        if not late:
            return []
        words = self._say("mission.rules.release_late", release=view.release.title, task=late[0].clip.name)
        return [
            Idea("mission.note", {"text": words}, words, self._say("mission.rules.release_why", count=len(late)), 0.3)
        ]

    async def choices(self, owner: int) -> Sequence[Choice]:
        views = await self._releases.all(owner)
        return [Choice(InputRef(self.kind, view.release.id), view.release.title) for view in views[:25]]
