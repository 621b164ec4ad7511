"""`/release`: plans from presets, their tasks and deadlines, moving the day, calendar files, countdowns.

Commands only; cards, forms and controls are in the files beside it.
"""

from discord import app_commands

from bot.client import StudioBot
from bot.errors import Refused
from bot.loops.model import Role
from bot.releases.cards import presets_card
from bot.releases.countdown import DateChoice, read_date
from bot.releases.model import ReleaseState
from bot.say.card import Button, Card, note
from bot.say.dates import full_day
from bot.studio.roles import Does
from bot.ui.base import Interaction, Turn
from bot.ui.commands import StudioCog, choices, group, verb
from bot.ui.common import undo_button
from cogs.clients.which import ClientOption, Wanted
from cogs.loops.options import LoopOption
from cogs.releases import bounces as release_bounces
from cogs.releases import editing as release_editing
from cogs.releases import lists as release_lists
from cogs.releases import making as release_making
from cogs.releases import more as release_more
from cogs.releases import showing as release_showing
from cogs.releases.bounces import recent_bounces
from cogs.releases.days import read_full_day
from cogs.releases.editing import edit_form, show_preview
from cogs.releases.lists import ANY, BIN
from cogs.releases.making import new_form, which_day
from cogs.releases.more import ask_delete
from cogs.releases.options import ReleaseOption, TaskOption
from cogs.releases.showing import preset_of, send_calendar, show_button, show_release

PARTS = (release_lists, release_showing, release_making, release_editing, release_bounces, release_more)
PRESETS = (
    "single_8w", "sprint_single_4w", "ep_12w", "album_vinyl_20w", "radio_push_8w", "bandcamp_first_3w",
    "finish_month", "sync_pack_2w", "catalogue_tidy_2w",
)  # fmt: skip


@group("release")
class Releases(StudioCog):
    """Release plans."""

    @verb("list", does=Does.SEE)
    @choices("state", [*(str(state) for state in ReleaseState), BIN])
    @choices("owner", ["all", "me", "studio"])
    async def list(
        self,
        interaction: Interaction,
        state: str | None = None,
        owner: str = "all",
        client: app_commands.Transform[str, ClientOption] | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await release_lists.release_list.show(turn, Wanted(state or ANY, owner, client).filter))

    @verb("show", does=Does.SEE)
    async def show(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        await show_release(turn, release)

    @verb("new", opens_form=True)
    @choices("preset", PRESETS)
    @choices("role", [str(role) for role in Role])
    @choices("for_", ["me", "studio"])
    @app_commands.rename(for_="for")
    async def new(
        self,
        interaction: Interaction,
        title: str,
        date: str,
        preset: str,
        role: str | None = None,
        loop: app_commands.Transform[str, LoopOption] | None = None,
        for_: str = "me",
    ) -> None:
        turn = Turn.of(interaction)
        if for_ == "studio":
            await turn.act_for(turn.server, "release", Does.EDIT)
        else:
            turn.owner = turn.person  # also where the loop it comes from is the studio's
        chosen = self.services.releases.presets.get(preset)
        reading = read_date(date)
        if reading is None:
            raise Refused("release_date", typed=date)
        if isinstance(reading, DateChoice):
            await turn.reply(which_day(turn, reading, date, chosen, title, role))
            return
        near = self.services.releases.is_near_bandcamp_friday(reading)
        await turn.open(new_form(turn, chosen, title, reading, role, loop, bandcamp=near))

    @verb("edit", opens_form=True)
    async def edit(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        view = await self.services.releases.show(turn.owner, release)
        await turn.open(edit_form(turn.words, view, await recent_bounces(turn, view.release.bounce_id)))

    @verb("delete", does=Does.DELETE)
    async def delete(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        turn = Turn.of(interaction)
        await ask_delete(turn, await self.services.releases.show(turn.owner, release))

    @verb("task", does=Does.TICK)
    @choices("action", ["done", "skip", "move"])
    async def task(
        self,
        interaction: Interaction,
        release: app_commands.Transform[str, ReleaseOption],
        task: app_commands.Transform[str, TaskOption],
        action: str,
        date: str | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        releases = self.services.releases
        if action != "done":
            await turn.must(Does.EDIT)
        before = await releases.show(turn.owner, release)
        title = next((item.clip.name for item in before.tasks if item.clip.id == task), "")
        if action == "done":
            saved = await releases.finish_task(turn.actor, turn.owner, release, task)
            told = turn.words("release.told.done", title=title)
        elif action == "skip":
            saved = await releases.skip_task(turn.actor, turn.owner, release, task)
            told = turn.words("release.told.skipped", title=title)
        else:
            if date is None:
                raise Refused("release_needs_date")
            day = read_full_day(date)
            saved = await releases.move_task(turn.actor, turn.owner, release, task, day)
            told = turn.words("release.told.moved", title=title, day=full_day(day, turn.words.locale))
        await turn.reply(note(told, [undo_button(turn, saved.group_id), show_button(saved, turn.words)]))

    @verb("move")
    async def move(
        self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption], date: str
    ) -> None:
        turn = Turn.of(interaction)
        reading = read_date(date)
        if isinstance(reading, DateChoice):
            buttons = [
                Button(
                    "release",
                    "preview",
                    full_day(day, turn.words.locale),
                    release,
                    day.isoformat(),
                    owner=turn.owner,
                )
                for day in reading.readings
            ]
            lead = turn.words("release.which.text", typed=date)
            await turn.reply(Card(turn.words("release.which.title"), lead=lead, rows=[buttons]))
            return
        await show_preview(turn, release, read_full_day(date))

    @verb("presets", does=Does.SEE)
    @choices("preset", PRESETS)
    async def presets(self, interaction: Interaction, preset: str | None = None) -> None:
        turn = Turn.of(interaction)
        if preset is not None:
            await turn.reply(await preset_of(turn, preset))
            return
        book = self.services.releases.presets
        problems = [str(problem) for problem in book.problems]
        await turn.reply(presets_card(list(book.presets.values()), problems, turn.words))

    @verb("calendar", does=Does.SEE)
    async def calendar(self, interaction: Interaction, release: app_commands.Transform[str, ReleaseOption]) -> None:
        await send_calendar(Turn.of(interaction), release)


async def setup(bot: StudioBot) -> None:
    await bot.add_cog(Releases(bot))
