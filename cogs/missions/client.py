"""What somebody from a client's side presses on a step that asks them: agree, decline with a reason, ask."""

from bot.missions.cards import client_card, with_next
from bot.missions.client_side import Asked
from bot.say.card import note
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from cogs.coach.support import own_words
from cogs.missions.decide import area_of, is_posted, presser, roll


async def _show(turn: Turn, asked: Asked) -> None:
    """Draw the pressed card anew; in a review with the way to the next one."""
    card = client_card(asked, turn.words)
    message = turn.interaction.message
    await turn.update(card if is_posted(turn) else with_next(card, turn.words))
    if message is not None and is_posted(turn):
        await turn.services.posted.showed(message.id, card)


@control("mission", "client-yes")
async def client_yes(press: Press) -> None:
    """Agree for the client; with the last yes the step runs."""
    side = area_of(press).side
    asked, decided = await side.approve(presser(press), press.id, press.arg, roll(press))
    await _show(press, asked)
    told = "changed" if decided.redrawn or decided.edited_meanwhile else "agreed" if decided.open_parts else ""
    if told:
        await press.reply(note(press.words(f"mission.client.told.{told}", studio=asked.studio)), ephemeral=True)


@control("mission", "client-no", opens_form=True)
async def client_no(press: Press) -> None:
    """Ask what speaks against it."""
    words = press.words
    field = Field(
        "reason",
        words("mission.client.reason"),
        words("mission.client.reason_help"),
        kind=FieldKind.PARAGRAPH,
        max_length=300,
    )
    await press.open(Form("mission", "client-no-save", words("mission.client.form_no"), [field], id=press.id))


@own_words("mission", "client-no-save")
async def client_no_save(submit: Submit) -> None:
    """Turn the step down for the client; the reason goes to the next plan."""
    side = area_of(submit).side
    await _show(submit, await side.decline(presser(submit), submit.id, submit.values.text("reason")))


@control("mission", "client-ask", opens_form=True)
async def client_ask(press: Press) -> None:
    """Ask what they would like to know."""
    words = press.words
    field = Field(
        "question",
        words("mission.client.question_label"),
        words("mission.client.question_help"),
        kind=FieldKind.PARAGRAPH,
        max_length=500,
    )
    await press.open(Form("mission", "client-ask-save", words("mission.client.form_ask"), [field], id=press.id))


@own_words("mission", "client-ask-save")
async def client_ask_save(submit: Submit) -> None:
    """Hand the question to those who proposed the step."""
    side = area_of(submit).side
    asked = await side.ask(presser(submit), submit.id, submit.values.text("question"), submit.key)
    await submit.reply(note(submit.words("mission.client.told.asked", studio=asked.studio)), ephemeral=True)
