"""The options of `/release`: plans and their tasks, by autocomplete."""

from bot.actors import OwnerId
from bot.releases.view import ReleaseView
from bot.say.card import Option, join
from bot.say.countdown import countdown
from bot.say.dates import full_day
from bot.ui.base import Turn
from bot.ui.commands import Entity


class ReleaseOption(Entity):
    """The person's releases, then this server's, by autocomplete."""

    thing, list_command, opens, area = "release", "/release list", ("release", "show"), "release"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.releases.owner_of(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        return [
            Option(_label(view, turn), view.release.id)
            for view in await near_first(turn)
            if wanted in view.release.title.casefold()
        ]


class TaskOption(Entity):
    """The open tasks of the release chosen beside it."""

    thing, list_command, area = "task", "/release show", "release"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.loops.loops.owner_of_clip(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        chosen = getattr(turn.interaction.namespace, "release", None)
        views = await near_first(turn)
        named = [
            view
            for view in views
            if chosen and (view.release.id == chosen or view.release.title.casefold() == str(chosen).casefold())
        ]
        return [
            Option(f"{task.clip.name} · {full_day(task.day, turn.words.locale)}", task.clip.id)
            for view in named or views
            for task in view.next_tasks
            if wanted in task.clip.name.casefold()
        ]


async def near_first(turn: Turn) -> list[ReleaseView]:
    """Return one's own plans, then those of this server, each the nearest day first and what is over last."""
    studio = await turn.studio("release")
    found: list[ReleaseView] = []
    for owner in (turn.person,) if studio is None else (turn.person, studio):
        views = await turn.services.releases.all(owner)
        found += sorted(views, key=nearness)
    return found


def nearness(view: ReleaseView) -> tuple[bool, int]:
    """Sort by the day: the nearest to come first, what is over last."""
    return view.days_left < 0, abs(view.days_left)


def _label(view: ReleaseView, turn: Turn) -> str:
    when = countdown(view.release.anchor_date, view.today, turn.words)
    whose = [turn.words("card.studio_owned")] if view.is_studios else []
    return join(" · ", [view.release.title, when, *whose])
