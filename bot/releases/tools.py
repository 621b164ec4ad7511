"""Releases for missions: their tools, bound to the methods that commands and buttons call."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Literal

from pydantic import Field

from bot.actors import Actor
from bot.ai.model import JsonValue
from bot.ai.others import HELD_BACK, Agreements, NobodyAgreed, may_go
from bot.ai.sent import Item
from bot.errors import NotFound
from bot.loops.model import Lane
from bot.missions.inputs import Choice, Idea, Resolved
from bot.missions.model import InputKind, InputRef, Line, Preview
from bot.missions.ports import Say
from bot.missions.tools import Catalogue, Id, Name, Params, Scene, Tool, fingerprint
from bot.releases.service import ReleaseService
from bot.releases.view import ReleaseView, TaskView

LaneName = Literal["creative", "action", "promo", "analysis", "refine"]


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


class ReleaseTools:
    """Adds `release.*` to a catalogue."""

    def __init__(self, releases: ReleaseService) -> None:
        self._releases = releases

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


def _basis(view: ReleaseView) -> str:
    days = [[task.clip.id, task.day.isoformat(), task.clip.is_done] for task in view.tasks]
    return fingerprint({"anchor": view.release.anchor_date.isoformat(), "tasks": days})


class ReleaseInput:
    """A release plan: its day, open tasks, deadlines and missed windows."""

    kind = InputKind.RELEASE
    sends = Item(
        "release",
        (
            "release_id",
            "title",
            "release_day",
            "today",
            "days_to_go",
            "tasks_done",
            "tasks_in_all",
            "open_tasks.title",
            "open_tasks.lane",
            "open_tasks.day",
            "open_tasks.hard_deadline",
            "open_tasks.past",
            "open_tasks.waits_for",
            "missed_windows",
        ),
    )

    def __init__(self, releases: ReleaseService, say: Say, agreements: Agreements | None = None) -> None:
        self._releases = releases
        self._say = say
        self._agreements = agreements or NobodyAgreed()

    async def resolve(self, owner: int, ref: str, now: datetime) -> Resolved:
        try:
            view = await self._releases.show(owner, ref)
        except NotFound:
            return Resolved(InputRef(self.kind, ref), "Release", None)
        names = await self._names(view.next_tasks)
        tasks: list[JsonValue] = [
            {
                "title": name,
                "lane": task.clip.lane.value,
                "day": task.day.isoformat(),
                "hard_deadline": task.deadline.isoformat() if task.is_hard and task.deadline else None,
                "past": task.last_day < view.today,
                "waits_for": list(task.waits_for),
            }
            for task, name in zip(view.next_tasks, names, strict=True)
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
        # The note is kept for the next runs, where the AI may read it.
        name = await self._names(late[:1])
        words = self._say("mission.rules.release_late", release=view.release.title, task=name[0])
        return [
            Idea("mission.note", {"text": words}, words, self._say("mission.rules.release_why", count=len(late)), 0.3)
        ]

    async def choices(self, owner: int) -> Sequence[Choice]:
        views = await self._releases.all(owner)
        return [Choice(InputRef(self.kind, view.release.id), view.release.title) for view in views[:25]]

    async def _names(self, tasks: Sequence[TaskView]) -> list[str]:
        """Return the names of tasks as the AI may read them."""
        writers = {task.clip.written_by for task in tasks if task.clip.written_by is not None}
        agreed = await self._agreements.agreed(writers)
        return [task.clip.name if may_go(task.clip.written_by, agreed) else HELD_BACK for task in tasks]
