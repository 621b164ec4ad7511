"""The options of `/release`: plans and their tasks, by autocomplete."""

from bot.say.card import Option
from bot.say.countdown import countdown
from bot.say.dates import full_day
from bot.ui.base import Turn
from bot.ui.commands import Entity


class ReleaseOption(Entity):
    """The person's releases, by autocomplete."""

    thing, list_command, opens = "release", "/release list", ("release", "show")

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        views = await turn.services.releases.all(turn.person)
        views.sort(key=lambda view: (view.days_left < 0, abs(view.days_left)))
        return [
            Option(
                f"{view.release.title} · {countdown(view.release.anchor_date, view.today, turn.words)}", view.release.id
            )
            for view in views
            if wanted in view.release.title.casefold()
        ]


class TaskOption(Entity):
    """The open tasks of the release chosen beside it."""

    thing, list_command = "task", "/release show"

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        chosen = getattr(turn.interaction.namespace, "release", None)
        views = await turn.services.releases.all(turn.person)
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
