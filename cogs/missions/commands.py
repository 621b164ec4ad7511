"""`/mission`: standing briefs whose steps people decide. Commands, forms and the mission's own card."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from discord import app_commands

from bot.errors import Refused
from bot.missions.cards import header_card, mission_card, mission_line, run_lines, stats_card, tool_name
from bot.missions.desk import RunView
from bot.missions.inputs import Choice
from bot.missions.model import InputKind, InputRef, IterationStatus, Mission, Schedule, StepState
from bot.missions.service import MissionDraft, draft_of
from bot.missions.shown import MISSION_FORM
from bot.say import when
from bot.say.card import Button, Card, Option, Section, note, plain
from bot.say.words import Words
from bot.ui import progress
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import Entity, StudioCog, choices, group, verb
from bot.ui.common import undo_button
from bot.ui.confirm import ask
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form, FormValues
from bot.ui.merging import overtaken_lines
from bot.ui.pager import Page, Pager
from bot.ui.places import must_be_seen, must_be_theirs
from bot.ui.works import Work
from cogs.coach.support import own_words
from cogs.missions import agents as mission_agents
from cogs.missions import decide as mission_decide
from cogs.missions.agents import agents_card
from cogs.missions.decide import area_of

PARTS = (mission_agents, mission_decide)
RUNS_A_PAGE = 4
_POLL_S = 0.25
_RUNS_OFFERED = 25


class MissionOption(Entity):
    """The person's missions, by autocomplete."""

    thing, list_command, opens = "mission", "/mission list", ("mission", "show")

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        found = await area_of(turn).service.search(turn.person, typed)
        words = turn.words
        return [
            Option(f"{mission.title} · {mission.code} · {words(f'mission.life.{mission.state}').plain}", mission.id)
            for mission in found
        ]


MissionChoice = app_commands.Transform[str, MissionOption]


# ---------------------------------------------------------------------- lists


async def _count_missions(turn: Turn, state: str) -> int:
    return len(await area_of(turn).service.listed(turn.person, state or "open"))  # type: ignore[arg-type]


async def _rows_of_missions(turn: Turn, state: str, offset: int, limit: int) -> list[tuple[Mission, Schedule | None]]:
    found = await area_of(turn).service.listed(turn.person, state or "open")  # type: ignore[arg-type]
    return found[offset : offset + limit]


def _list_page(page: Page[tuple[Mission, Schedule | None]], words: Words) -> Card:
    lines = [mission_line(mission, schedule, words) for mission, schedule in page.rows]
    return Card(words("mission.list.title", count=page.total), sections=[Section(None, lines)])


def _no_missions(_state: str, words: Words) -> Card:
    return note(words("mission.list.empty"))


list_pager = Pager("mission", "list", _count_missions, _rows_of_missions, _list_page, _no_missions)


async def _count_runs(turn: Turn, mission_id: str) -> int:
    return (await area_of(turn).service.history(turn.person, mission_id, 0, 1))[1]


async def _rows_of_runs(turn: Turn, mission_id: str, offset: int, limit: int) -> list[RunView]:
    return (await area_of(turn).service.history(turn.person, mission_id, offset // limit, limit))[0]


def _history_page(page: Page[RunView], words: Words) -> Card:
    mission = page.rows[0].mission
    lines = [text for view in page.rows for text in run_lines([view.iteration], view.steps, words, view.events)]
    return Card(
        words("mission.history.title", mission=mission.title, count=page.total), sections=[Section(None, lines)]
    )


def _no_runs(_mission_id: str, words: Words) -> Card:
    return note(words("mission.history.empty"))


history_pager = Pager("mission", "runs", _count_runs, _rows_of_runs, _history_page, _no_runs, per_page=RUNS_A_PAGE)


# ---------------------------------------------------------------------- commands


@group("mission", where="SD")
class Missions(StudioCog):
    """Standing briefs: the bot proposes, people decide."""

    @verb("list", where="SD")
    @choices("state", ["open", "done", "archived", "bin"])
    async def list(self, interaction: Interaction, state: str | None = None) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await list_pager.show(turn, state or "open"))

    @verb("show", where="SD")
    async def show(self, interaction: Interaction, mission: MissionChoice) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await _card(turn, mission))

    @verb("new", where="SD", opens_form=True)
    async def new(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        # By direct message, unless the person names a channel: what a mission proposes is theirs.
        draft = MissionDraft("", "", "daily 09:00", guild_id=turn.guild)
        inputs = await area_of(turn).service.input_choices(turn.person)
        await turn.open(mission_form(turn, draft, inputs, "new-save", "-"))

    @verb("edit", where="SD", opens_form=True)
    async def edit(self, interaction: Interaction, mission: MissionChoice) -> None:
        await _open_edit(Turn.of(interaction), mission)

    @verb("delete", where="SD")
    async def delete(self, interaction: Interaction, mission: MissionChoice) -> None:
        await _ask_delete(Turn.of(interaction), mission)

    @verb("pause", where="SD")
    async def pause(self, interaction: Interaction, mission: MissionChoice, until: str | None = None) -> None:
        turn = Turn.of(interaction)
        at = None
        if until is not None:
            zone = await self.services.studio.zone(turn.person, turn.guild)
            answer = await when.read_any(until, turn.now, zone)
            if not isinstance(answer, when.Reading):
                raise Refused("mission_until", typed=until)
            at = answer.at
        changed = await area_of(turn).service.pause(turn.actor, turn.person, mission, at)
        told = turn.words("mission.told.paused", mission=changed.mission.title, count=changed.withdrawn)
        await turn.reply(note(told, [_again(turn, mission)]))

    @verb("resume", where="SD")
    async def resume(self, interaction: Interaction, mission: MissionChoice) -> None:
        turn = Turn.of(interaction)
        await area_of(turn).service.resume(turn.actor, turn.person, mission)
        await turn.reply(await _card(turn, mission))

    @verb("run", where="SD")
    async def run(self, interaction: Interaction, mission: MissionChoice) -> None:
        await _run(Turn.of(interaction), mission)

    @verb("review", where="SD")
    async def review(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await mission_decide.review_pager.show(turn))

    @verb("history", where="SD")
    async def history(self, interaction: Interaction, mission: MissionChoice) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await history_pager.show(turn, mission))

    @verb("undo", where="SD")
    async def undo(
        self,
        interaction: Interaction,
        mission: MissionChoice,
        iteration: app_commands.Range[int, 1] | None = None,
        step: app_commands.Range[int, 1, 20] | None = None,
    ) -> None:
        turn = Turn.of(interaction)
        if step is not None and iteration is None:
            raise Refused("mission_step_needs_run")
        undone = await area_of(turn).decisions.undo(turn.actor, turn.person, mission, iteration, step)
        lines = [turn.words("mission.told.undone_line", label=one.label, what=one.summary) for one in undone]
        title = turn.words("mission.told.undone", count=len(undone))
        await turn.reply(Card(title, sections=[Section(None, lines)]))

    @verb("stats", where="SD")
    async def stats(self, interaction: Interaction, mission: MissionChoice | None = None) -> None:
        turn = Turn.of(interaction)
        service = area_of(turn).service
        stats = await service.stats(turn.person, mission)
        title = (await service.show(turn.person, mission, 0)).mission.title if mission else None
        await turn.reply(stats_card(stats, title, turn.words))

    @verb("agents", where="SD")
    async def agents(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        view = await area_of(turn).service.agents(turn.actor, turn.person)
        await turn.reply(agents_card(view, area_of(turn).catalogue, turn.words))


def _again(turn: Turn, mission_id: str) -> Button:
    return Button("mission", "resume", turn.words("mission.button.resume"), id=mission_id, owner=turn.person)


async def _card(turn: Turn, mission_id: str) -> Card:
    return mission_card(await area_of(turn).service.show(turn.person, mission_id), turn.words)


# ---------------------------------------------------------------------- forms


def mission_form(turn: Turn, draft: MissionDraft, inputs: Sequence[Choice], action: str, mission_id: str) -> Form:
    """Return the form of a mission; where to post is asked on servers only."""
    words = turn.words
    fields = [
        Field("title", words("mission.form.title"), value=draft.title, max_length=80),
        Field(
            "objective",
            words("mission.form.objective"),
            words("mission.form.objective_help"),
            kind=FieldKind.PARAGRAPH,
            value=draft.objective,
            max_length=500,
        ),
    ]
    if inputs:
        chosen = {_value(ref) for ref in draft.inputs}
        options = [
            Option(plain(one.label)[:100], _value(one.ref), default=_value(one.ref) in chosen) for one in inputs[:25]
        ]
        fields.append(
            Field(
                "inputs",
                words("mission.form.inputs"),
                words("mission.form.inputs_help"),
                kind=FieldKind.SELECT,
                value=[option.value for option in options if option.default],
                options=options,
                required=False,
                min_values=0,
                max_values=len(options),
            )
        )
    fields.append(
        Field(
            "cadence",
            words("mission.form.cadence"),
            words("mission.form.cadence_help"),
            value=draft.cadence,
            max_length=100,
            required=False,
        )
    )
    if turn.guild is not None:
        value = [str(draft.channel_id)] if draft.channel_id else []
        fields.append(
            Field(
                "channel",
                words("mission.form.channel"),
                words("mission.form.channel_help"),
                kind=FieldKind.CHANNEL,
                value=value,
                required=False,
            )
        )
    title = words("mission.form.new") if action == "new-save" else words("mission.form.edit", name=draft.title)
    return Form("mission", action, title, fields, id=mission_id)


def _value(ref: InputRef) -> str:
    return f"{ref.kind}:{ref.ref}"


def _read_draft(values: FormValues, draft: MissionDraft, guild: int | None) -> MissionDraft:
    refs = []
    for value in values.choices("inputs"):
        kind, _, ref = value.partition(":")
        if kind in set(InputKind):
            refs.append(InputRef(InputKind(kind), ref))
    notes = [ref for ref in draft.inputs if ref.kind is InputKind.NOTE]
    channel = values.choice("channel")
    return replace(
        draft,
        title=values.text("title"),
        objective=values.text("objective"),
        cadence=values.text("cadence") or "manual",
        inputs=(*refs, *notes),
        guild_id=draft.guild_id or guild,
        channel_id=int(channel) if channel else None,
    )


@own_words("mission", "new-save")
async def new_save(submit: Submit) -> None:
    """Make the mission of the form."""
    service = area_of(submit).service
    empty = MissionDraft("", "", "manual", guild_id=submit.guild)
    draft = _read_draft(submit.values, empty, submit.guild)
    await must_be_theirs(submit, draft.channel_id)
    changed = await service.new(submit.actor, submit.person, draft, key=submit.key)
    card = await _card(submit, changed.mission.id)
    await submit.reply(replace(card, rows=[*card.rows, [undo_button(submit, changed.group_id)]]))


@own_words("mission", "edit-save")
async def edit_save(submit: Submit) -> None:
    """Change the mission to what the form says."""
    service = area_of(submit).service
    before = (await service.show(submit.person, submit.id, 0)).mission
    inputs = await service.input_choices(submit.person)
    now = mission_form(submit, draft_of(before), inputs, "edit-save", submit.id)
    draft = _read_draft(submit.changed.over(now), draft_of(before), submit.guild)
    if submit.guild is None:
        draft = replace(draft, channel_id=before.channel_id)
    if draft.channel_id != before.channel_id:
        await must_be_theirs(submit, draft.channel_id)
    await must_be_seen(submit, draft.channel_id)
    changed = await service.edit(submit.actor, submit.person, submit.id, draft)
    card = await _card(submit, submit.id)
    lines = await overtaken_lines(submit, changed.group_id, submit.id, changed.mission.title, MISSION_FORM)
    rows = [*card.rows, [undo_button(submit, changed.group_id)]]
    await submit.reply(replace(card, meta=[*lines, *card.meta], rows=rows))


async def _open_edit(turn: Turn, mission_id: str) -> None:
    service = area_of(turn).service
    mission = (await service.show(turn.person, mission_id, 0)).mission
    inputs = await service.input_choices(turn.person)
    await turn.open(mission_form(turn, draft_of(mission), inputs, "edit-save", mission_id))


# ---------------------------------------------------------------------- presses on a mission's card


@control("mission", "show")
async def show_again(press: Press) -> None:
    """Show the mission."""
    await press.reply(await _card(press, press.id), ephemeral=True)


@control("mission", "edit", opens_form=True)
async def edit_press(press: Press) -> None:
    """Open the mission's form."""
    await _open_edit(press, press.id)


@control("mission", "pause")
async def pause_press(press: Press) -> None:
    """Stop the mission."""
    await area_of(press).service.pause(press.actor, press.person, press.id)
    await press.update(await _card(press, press.id))


@control("mission", "resume")
async def resume_press(press: Press) -> None:
    """Start the mission again."""
    await area_of(press).service.resume(press.actor, press.person, press.id)
    await press.update(await _card(press, press.id))


@control("mission", "finish")
async def finish_press(press: Press) -> None:
    """Mark the mission as done; Resume starts it again."""
    changed = await area_of(press).service.finish(press.actor, press.person, press.id)
    told = press.words("mission.told.finished", mission=changed.mission.title, count=changed.withdrawn)
    await press.update(note(told, [_again(press, press.id)]))


@control("mission", "history")
async def history_press(press: Press) -> None:
    """List the mission's runs."""
    await press.reply(await history_pager.show(press, press.id), ephemeral=True)


@control("mission", "run")
async def run_press(press: Press) -> None:
    """Run the mission now."""
    await _run(press, press.id)


@control("mission", "delete")
async def delete_press(press: Press) -> None:
    """Ask before it goes to the bin."""
    await _ask_delete(press, press.id)


async def _ask_delete(turn: Turn, mission_id: str) -> None:
    view = await area_of(turn).service.show(turn.person, mission_id, 0)
    label = turn.words("mission.button.delete_named", name=view.mission.title)
    yes = Button("mission", "delete-yes", label, id=mission_id)
    title = turn.words("mission.delete.title", name=view.mission.title)
    await ask(turn, title, turn.words("mission.delete.lead", count=view.pending), yes)


@control("mission", "delete-yes")
async def delete_yes(press: Press) -> None:
    """Put the mission into the bin."""
    changed = await area_of(press).service.delete(press.actor, press.person, press.id)
    restore = Button("mission", "restore", press.words("mission.button.restore"), id=press.id, owner=press.person)
    await press.update(note(press.words("mission.told.deleted", mission=changed.mission.title), [restore]))


@control("mission", "restore")
async def restore(press: Press) -> None:
    """Take the mission out of the bin."""
    await area_of(press).service.restore(press.actor, press.person, press.id)
    await press.update(await _card(press, press.id))


@control("mission", "switch-on")
async def switch_on(press: Press) -> None:
    """Let a resting tool be proposed again."""
    await area_of(press).service.switch_on(press.actor, press.person, press.id)
    await press.reply(
        note(press.words("mission.told.switched_on", tool=tool_name(press.id, press.words))), ephemeral=True
    )


# ---------------------------------------------------------------------- running


async def _run(turn: Turn, mission_id: str) -> None:
    """Run a mission now and show what came of it; Cancel stops it before anything is staged."""
    area = area_of(turn)
    iteration = await area.service.run_now(turn.actor, turn.person, mission_id, turn.key)

    async def job(work: Work) -> Card:
        work.step(turn.words("mission.run.running"))
        try:
            while True:
                view = await area.service.run(turn.person, iteration.id)
                if view.iteration.status is not IterationStatus.RUNNING:
                    break
                await asyncio.sleep(_POLL_S)
        except asyncio.CancelledError:
            await asyncio.shield(area.service.cancel(turn.actor, turn.person, iteration.id))
            raise
        pending = [step for step in view.steps if step.state is StepState.PENDING]
        card = header_card(view, turn.words, all_reversible=area.decisions.all_reversible(pending))
        if view.mission.channel_id is not None and view.steps:
            place = turn.words("mission.told.posted", channel=view.mission.channel_id)
            card = replace(card, meta=[place, *card.meta])
        return card

    retry = Button("mission", "run", turn.words("card.try_again"), id=mission_id, owner=turn.person)
    await progress.run(turn, "mission-run", job, retry=retry)


async def setup(bot: "object") -> None:
    """Make the commands known."""
    await bot.add_cog(Missions(bot))  # type: ignore[attr-defined]
