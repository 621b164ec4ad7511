"""`/coach`: commands only; cards and controls are in the files beside this one."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from discord import app_commands

from bot.client import StudioBot
from bot.coach.cards import ACTIONS
from bot.coach.dates import local_date
from bot.coach.metrics import LOGGABLE
from bot.coach.model import GoalStatus, InsightType, Phase
from bot.coach.safety import region_of, regions
from bot.coach.service.profiles import ProfileView
from bot.errors import Refused
from bot.say.card import Button, Option, note
from bot.say.dates import monday_of
from bot.say.when import Reading, read_any
from bot.ui.base import Interaction, Turn
from bot.ui.commands import Entity, StudioCog, choices, group, verb
from bot.ui.common import undo_button
from cogs.coach import checkins as coach_checkins
from cogs.coach import goals as coach_goals
from cogs.coach import habits as coach_habits
from cogs.coach import profile as coach_profile
from cogs.coach import progress as coach_progress
from cogs.coach import start as coach_start
from cogs.coach import support as coach_support
from cogs.coach import week as coach_week
from cogs.coach.checkins import show_checkin
from cogs.coach.goals import goal_form, show_goal, show_goals
from cogs.coach.habits import remind, show_habits, show_reminders, show_routines
from cogs.coach.profile import profile_form
from cogs.coach.progress import show_history, show_insights, show_load, show_progress
from cogs.coach.start import coached, show_start
from cogs.coach.support import stopped_by_crisis, support_card
from cogs.coach.week import act_on, show_week

WEEKS = ("this", "next", "last")


class TaskOption(Entity):
    """The tasks of this and the last week, open ones first."""

    thing, list_command, opens = "task", "/coach plan", None

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        found = await turn.services.coach.tasks.search(turn.person, typed)
        return [
            Option(f"{task.title} · {turn.words(f'coach.task_state.{task.status}').plain}", task.id) for task in found
        ]


class GoalOption(Entity):
    """The person's goals, active first."""

    thing, list_command, opens = "goal", "/coach goals", ("coach", "goal")

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        wanted = typed.strip().casefold()
        found = await turn.services.coach.goals.all(turn.person)
        return [
            Option(f"{view.goal.title} · {view.goal.progress:.0f}%", view.goal.id)
            for view in found
            if wanted in view.goal.title.casefold()
        ]


class MeasureOption(app_commands.Transformer):
    """What was measured before and what the coach knows by name; any other name is a new measure."""

    async def transform(self, interaction: Interaction, value: str, /) -> str:
        return value

    async def autocomplete(  # type: ignore[override]
        self, interaction: Interaction, value: str, /
    ) -> list[app_commands.Choice[str]]:
        known = await Turn.of(interaction).services.coach.progress.metrics(interaction.user.id)
        names = dict.fromkeys([*known, *LOGGABLE])
        wanted = value.casefold()
        return [
            app_commands.Choice(name=name.replace("_", " "), value=name)
            for name in names
            if wanted in name.replace("_", " ")
        ][:25]


@group("coach", where="SDU")
class Coach(StudioCog):
    """The commands of the coach. All of them answer the person alone."""

    @verb("start")
    async def start(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        view = await self.services.coach.profiles.find(turn.person)
        await show_start(turn, view, update=False)

    @verb("profile", opens_form=True)
    async def profile(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        view = await self.services.coach.profiles.find(turn.person)
        if view is None:
            await show_start(turn, None, update=False)
            return
        await turn.open(profile_form(view, turn.words))

    @verb("plan")
    @choices("week", WEEKS)
    async def plan(self, interaction: Interaction, week: str | None = None) -> None:
        turn = Turn.of(interaction)
        view = await coached(turn)
        if view is not None:
            await show_week(turn, _monday(turn, view, week))

    @verb("task", opens_form=True)
    @choices("action", ACTIONS)
    async def task(self, interaction: Interaction, task: app_commands.Transform[str, TaskOption], action: str) -> None:
        await act_on(Turn.of(interaction), task, action)

    @verb("checkin")
    async def checkin(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_checkin(turn)

    @verb("goals")
    @choices("filter", [str(status) for status in GoalStatus])
    async def goals(self, interaction: Interaction, filter: str | None = None) -> None:  # noqa: A002
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_goals(turn, filter or "")

    @verb("goal", opens_form=True)
    async def goal(self, interaction: Interaction, goal: app_commands.Transform[str, GoalOption] | None = None) -> None:
        turn = Turn.of(interaction)
        if goal is not None:
            await show_goal(turn, goal)
            return
        if await self.services.coach.profiles.find(turn.person) is None:
            await show_start(turn, None, update=False)
            return
        await turn.open(goal_form(turn, None))

    @verb("log")
    async def log(
        self,
        interaction: Interaction,
        measure: app_commands.Transform[str, MeasureOption],
        value: float,
        date: str | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        if await stopped_by_crisis(turn, measure, date or ""):
            return
        view = await coached(turn)
        if view is None:
            return
        at = None
        if date:
            answer = await read_any(
                date, turn.now - timedelta(days=400), ZoneInfo(view.profile.timezone), default_hour=12
            )
            if not isinstance(answer, Reading):
                raise Refused("coach_log_date")
            at = min(answer.at, turn.now)
        logged = await self.services.coach.progress.log(turn.actor, turn.person, measure, value, at)
        said = turn.words("coach.told.logged", metric=logged.record.metric.replace("_", " "), value=f"{value:g}")
        buttons = [undo_button(turn, logged.group_id)]
        if logged.completes:
            said = said + " " + turn.words("coach.told.goal_full", goal=logged.completes[0])
            buttons.append(Button("coach", "goals", turn.words("coach.button.goals"), owner=turn.person))
        await turn.reply(note(said, buttons))

    @verb("progress")
    async def progress(
        self,
        interaction: Interaction,
        measure: app_commands.Transform[str, MeasureOption] | None = None,
        weeks: app_commands.Range[int, 1, 52] = 8,
    ) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_progress(turn, measure, weeks)

    @verb("insights")
    @choices("type", [str(kind) for kind in InsightType])
    async def insights(self, interaction: Interaction, type: str | None = None) -> None:  # noqa: A002
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_insights(turn, InsightType(type) if type else None)

    @verb("history")
    @choices("week", WEEKS)
    async def history(self, interaction: Interaction, week: str | None = None) -> None:
        turn = Turn.of(interaction)
        view = await coached(turn)
        if view is None:
            return
        if week is not None:
            await show_week(turn, _monday(turn, view, week))
            return
        await show_history(turn)

    @verb("habits")
    async def habits(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_habits(turn)

    @verb("routines")
    async def routines(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_routines(turn)

    @verb("remind")
    async def remind(self, interaction: Interaction, when: str, text: app_commands.Range[str, 1, 300]) -> None:
        await remind(Turn.of(interaction), when, text)

    @verb("reminders")
    async def reminders(self, interaction: Interaction) -> None:
        await show_reminders(Turn.of(interaction))

    @verb("load")
    async def load(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await show_load(turn)

    @verb("phase")
    @choices("to", [str(phase) for phase in Phase if phase is not Phase.ANY])
    async def phase(self, interaction: Interaction, to: str | None = None) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is not None:
            await coach_profile.show_phase(turn, Phase(to) if to else None)

    @verb("rest")
    @choices("week", WEEKS[:2])
    async def rest(self, interaction: Interaction, week: str | None = None) -> None:
        turn = Turn.of(interaction)
        view = await coached(turn)
        if view is None:
            return
        changed = await self.services.coach.weeks.rest(turn.actor, turn.person, _monday(turn, view, week))
        await turn.reply(note(turn.words("coach.told.rest"), [undo_button(turn, changed.group_id)]))

    @verb("pause")
    async def pause(self, interaction: Interaction, until: str | None = None) -> None:
        turn = Turn.of(interaction)
        if await stopped_by_crisis(turn, until or ""):
            return
        view = await coached(turn)
        if view is not None:
            await coach_profile.pause_until(turn, view, until)

    @verb("resume")
    async def resume(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        if await coached(turn) is None:
            return
        ended = await self.services.coach.weeks.resume(turn.actor, turn.person)
        await turn.reply(note(turn.words("coach.told.resumed" if ended else "coach.told.not_paused")))

    @verb("support")
    @choices("region", regions())
    async def support(self, interaction: Interaction, region: str | None = None) -> None:
        turn = Turn.of(interaction)
        if region is None:
            region = region_of(str(await self.services.studio.zone(turn.person, turn.guild)))
        await turn.reply(support_card(region, turn.words))


def _monday(turn: Turn, view: ProfileView, week: str | None) -> date | None:
    """Return the Monday of "this", "next" or "last" week on the person's own clock."""
    if week is None:
        return None
    monday = monday_of(local_date(turn.now, view.profile.timezone))
    return monday + timedelta(days={"next": 7, "last": -7}.get(week, 0))


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Coach(bot))


controls = (
    *coach_start.controls,
    *coach_week.controls,
    *coach_support.controls,
    *coach_goals.controls,
    *coach_progress.controls,
    *coach_habits.controls,
    *coach_checkins.controls,
    *coach_profile.controls,
)
"""What the files beside this one declare; the client finds them here."""
