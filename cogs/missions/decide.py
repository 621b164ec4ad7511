"""Presses on proposals: approve, edit, dismiss, retry, undo, approve all, ask again. Works on posts and in reviews."""

from bot.actors import GuildId
from bot.errors import BotError
from bot.missions.area import MissionArea
from bot.missions.cards import client_card, header_card, quorum_text, step_card, with_next
from bot.missions.client_side import Asked
from bot.missions.decisions import Decided, Home
from bot.missions.desk import StepView
from bot.missions.fields import editable, read_values
from bot.missions.model import StepState
from bot.missions.ports import Presser, Roll
from bot.say.card import Card, Option, Text, join, note
from bot.say.words import Words
from bot.studio.service import Standing
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from bot.ui.pager import Page, Pager
from cogs.coach.support import own_words

REASONS = ("not_now", "wrong_idea", "too_much", "already_done")


def presser(turn: Turn) -> Presser:
    """Return who decides, as Discord says at this press."""
    return _presser(turn.standing, turn.actor.name)


def _presser(standing: Standing, name: str) -> Presser:
    return Presser(
        standing.user_id, name, standing.guild_id, standing.roles, standing.can_manage_server, standing.is_there
    )


async def who_decides(turn: Turn, home: Home) -> Presser:
    """Return who presses as the server sees them whose roles decide, wherever they do."""
    if home.server is None or home.server == turn.guild:
        return presser(turn)
    return _presser(await turn.standing_with(home.server), turn.actor.name)


async def at_step(press: Press | Submit) -> Presser:
    """Return who decides the step that is pressed."""
    return await who_decides(press, await area_of(press).decisions.home_of_step(press.id))


async def at_run(press: Press | Submit) -> Presser:
    """Return who decides the run that is pressed."""
    return await who_decides(press, await area_of(press).decisions.home_of_run(press.id))


def roll(turn: Turn) -> Roll:
    """Return the way to ask Discord what those are now who agreed before."""

    async def ask(server: int, person: int) -> Presser:
        return _presser(await turn.standing_of(GuildId(server), person), "")

    return ask


def area_of(turn: Turn) -> MissionArea:
    return turn.services.missions


def is_posted(turn: Turn) -> bool:
    """Tell whether the pressed card stands where it was posted; a review is seen by one person only."""
    message = turn.interaction.message
    return message is not None and not message.flags.ephemeral


async def _show(turn: Turn, decided: Decided) -> None:
    """Draw the pressed card anew; in a review with the way to the next one."""
    card = step_card(decided.view, turn.words)
    await turn.update(card if is_posted(turn) else with_next(card, turn.words))
    message = turn.interaction.message
    if message is not None and is_posted(turn):
        await turn.services.posted.showed(message.id, card)
    told = _told(decided, turn.words)
    if told is not None:
        await turn.reply(note(told), ephemeral=True)


def _told(decided: Decided, words: Words) -> Text | None:
    """Return what is said beside the card that was drawn anew."""
    if decided.redrawn:
        return words("mission.told.redrawn")
    if decided.edited_meanwhile:
        return words(
            "mission.told.edited_meanwhile", who=decided.view.step.edited_name or words("mission.told.somebody")
        )
    told: list[Text] = []
    if decided.open_parts:
        told.append(words("mission.told.voted", who=quorum_text(decided.open_parts, words)))
    if decided.fallen:
        told.append(words("mission.told.fallen", who=join(", ", decided.fallen), count=len(decided.fallen)))
    return join(" ", told) if told else None


@control("mission", "approve", who=Who.APPROVER)
async def approve(press: Press) -> None:
    """Agree to a step; it runs at once."""
    await _show(press, await area_of(press).decisions.approve(await at_step(press), press.id, press.arg, roll(press)))


@control("mission", "retry", who=Who.APPROVER)
async def retry(press: Press) -> None:
    """Run an approved step again."""
    await _show(press, await area_of(press).decisions.retry(await at_step(press), press.id))


@control("mission", "undo", who=Who.APPROVER)
async def undo(press: Press) -> None:
    """Put back what a step did."""
    area = area_of(press)
    await area.decisions.undo_step(await at_step(press), press.id)
    view = await area.decisions.drawn_step(press.id)
    if view is not None:
        await press.update(step_card(view, press.words))


@control("mission", "edit-step", who=Who.APPROVER, opens_form=True)
async def edit_step(press: Press) -> None:
    """Open the params of a step as a form."""
    area, words = area_of(press), press.words
    view = await area.decisions.view(await at_step(press), press.id)
    tool = area.catalogue.get(view.step.tool)
    fields = []
    for part in editable(tool.params):
        value = view.step.effective.get(part.name)
        shown = "" if value is None else f"{value:g}" if isinstance(value, float) else str(value)
        label = words(f"mission.param.{part.name}")
        if part.choices:
            options = [Option(choice.capitalize(), choice, default=choice == shown) for choice in part.choices]
            fields.append(
                Field(part.name, label, kind=FieldKind.SELECT, value=shown, options=options, required=part.required)
            )
        else:
            kind = FieldKind.PARAGRAPH if part.long else FieldKind.TEXT
            most = 500 if part.long else 80
            fields.append(Field(part.name, label, kind=kind, value=shown, required=part.required, max_length=most))
    if not fields:
        await press.reply(note(words("mission.told.nothing_to_edit")), ephemeral=True)
        return
    title = words("mission.form.edit_step", label=view.step.label)
    await press.open(Form("mission", "edit-step-save", title, fields, id=press.id))


@own_words("mission", "edit-step-save", who=Who.APPROVER)
async def edit_step_save(submit: Submit) -> None:
    """Keep the changed step; it still waits for Approve."""
    area = area_of(submit)
    who = await at_step(submit)
    view = await area.decisions.view(who, submit.id)
    tool = area.catalogue.get(view.step.tool)
    typed = {part.name: submit.values.choice(part.name) or "" for part in editable(tool.params)}
    decided = await area.decisions.edit(who, submit.id, read_values(tool.params, typed))
    await _show(submit, decided)


@control("mission", "dismiss", who=Who.APPROVER, opens_form=True)
async def dismiss(press: Press) -> None:
    """Ask for an optional reason."""
    words = press.words
    options = [Option(words(f"mission.reason.{code}"), code) for code in REASONS]
    fields = [
        Field("reason", words("mission.form.reason"), kind=FieldKind.SELECT, options=options, required=False),
        Field("text", words("mission.form.reason_text"), required=False, max_length=300),
    ]
    await press.open(Form("mission", "dismiss-save", words("mission.form.dismiss"), fields, id=press.id))


@own_words("mission", "dismiss-save", who=Who.APPROVER)
async def dismiss_save(submit: Submit) -> None:
    """Turn a step down; the reason goes to the next plan."""
    code = submit.values.choice("reason")
    said = submit.words(f"mission.reason.{code}").plain if code else ""
    text = submit.values.text("text")
    reason = f"{said}: {text}" if said and text else said or text
    await _show(submit, await area_of(submit).decisions.dismiss(await at_step(submit), submit.id, reason))


@control("mission", "approve-all", who=Who.APPROVER)
async def approve_all(press: Press) -> None:
    """Agree to all open steps of a run."""
    area, words = area_of(press), press.words
    outcomes = await area.decisions.approve_all(await at_run(press), press.id, press.arg, roll(press))
    await press.update(await _header(area, press.id, words))
    decided = [one for one in outcomes if isinstance(one, Decided)]
    done = sum(one.view.step.state is StepState.DONE for one in decided)
    counted = sum(bool(one.open_parts) for one in decided)
    rest = len(outcomes) - done - counted
    told = [words("mission.told.approved_all", count=done)] if done or not counted else []
    told += [words("mission.told.counted", count=counted)] if counted else []
    told += [words("mission.told.rest", count=rest)] if rest else []
    refused = next((one for one in outcomes if isinstance(one, BotError)), None)
    await press.reply(note(join(" ", told)), ephemeral=True)
    if refused is not None and not done and not counted:
        raise refused


@control("mission", "again", who=Who.APPROVER, opens_form=True)
async def again(press: Press) -> None:
    """Ask what should be different."""
    words = press.words
    field = Field(
        "feedback",
        words("mission.form.feedback"),
        words("mission.form.feedback_help"),
        kind=FieldKind.PARAGRAPH,
        max_length=500,
    )
    await press.open(Form("mission", "again-save", words("mission.form.again"), [field], id=press.id))


@own_words("mission", "again-save", who=Who.APPROVER)
async def again_save(submit: Submit) -> None:
    """Plan anew with the person's words."""
    area = area_of(submit)
    feedback = submit.values.text("feedback")
    iteration = await area.decisions.ask_again(await at_run(submit), submit.id, feedback, submit.key)
    await submit.update(await _header(area, submit.id, submit.words))
    await submit.reply(note(submit.words("mission.told.again", number=iteration.number)), ephemeral=True)


async def _header(area: MissionArea, iteration_id: str, words: Words) -> Card:
    view = await area.decisions.drawn_run(iteration_id)
    if view is None:
        return note(words("mission.told.gone"))
    pending = [step for step in view.steps if step.state is StepState.PENDING]
    return header_card(view, words, all_reversible=area.decisions.all_reversible(pending))


# ---------------------------------------------------------------------- review


async def _open(turn: Turn) -> list[StepView | Asked]:
    """Return what waits for this person: of their own, of this server, and what asks them as a client's."""
    area = area_of(turn)
    return [*await area.decisions.open(presser(turn)), *await area.side.open(turn.person)]


async def _count(turn: Turn, _filter: str) -> int:
    return len(await _open(turn))


async def _rows(turn: Turn, _filter: str, offset: int, limit: int) -> list[StepView | Asked]:
    return (await _open(turn))[offset : offset + limit]


def _page(page: Page[StepView | Asked], words: Words) -> Card:
    waiting = page.rows[0]
    return client_card(waiting, words) if isinstance(waiting, Asked) else step_card(waiting, words)


def _nothing_open(_filter: str, words: Words) -> Card:
    return note(words("mission.told.nothing_open"))


review_pager = Pager("mission", "review", _count, _rows, _page, _nothing_open, per_page=1)


@control("mission", "review", who=Who.ANYONE)
async def review(press: Press) -> None:
    """Go on to the next open proposal."""
    await press.update(await review_pager.show(press))
