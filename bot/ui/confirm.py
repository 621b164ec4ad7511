"""Questions before something that cannot be taken back: a button that names object and count, or the typed name.

They run out after three minutes: the frame refuses a later press, and the message then looks expired.
"""

from dataclasses import replace
from datetime import timedelta
from functools import partial

from bot.errors import Refused
from bot.say.card import Accent, Button, Card, Style, note
from bot.say.words import Words
from bot.ui.base import Submit, Turn
from bot.ui.cards import layout
from bot.ui.inputs import Field, Form

TYPED_NAME = "typed"


def question(turn: Turn, title: str, consequence: str, yes: Button) -> Card:
    """Return the card that asks. `yes` names object and count: "Delete Night Drive and 8 clips"."""
    until = turn.now + timedelta(minutes=turn.edge.rules.confirm_minutes)
    confirm = replace(yes, owner=turn.owner, expires_at=until, style=Style.DANGER)
    no = Button("ui", "dismiss", turn.words("card.not_now"), owner=turn.person)
    return Card(title=title, lead=consequence, rows=[[confirm, no]], accent=Accent.LOOK)


async def ask(turn: Turn, title: str, consequence: str, yes: Button) -> None:
    """Ask, and let the question look expired when nobody answered in time."""
    message = await turn.reply(question(turn, title, consequence, yes), ephemeral=True)
    if message is not None:
        turn.edge.expire_later(message.id, partial(_looks_expired, turn))


async def _looks_expired(turn: Turn, message_id: int) -> None:
    view = layout(note(turn.words("card.expired")), turn.words)
    await turn.interaction.followup.edit_message(message_id, view=view, attachments=[])


def name_form(words: Words, area: str, action: str, thing_id: str, name: str) -> Form:
    """Return the form that asks to type `name`; the `@form` handler calls `check_name`."""
    return Form(
        area,
        action,
        words("confirm.title", name=name),
        [Field(TYPED_NAME, words("confirm.label"), words("confirm.help", name=name), max_length=100)],
        id=thing_id,
    )


def check_name(submit: Submit, name: str) -> None:
    """Raise Refused when what was typed is not `name` (case and spaces around do not matter)."""
    typed = submit.values.text(TYPED_NAME)
    if typed.casefold() != name.strip().casefold():
        raise Refused("name_differs", typed=typed, name=name)
