"""A client's week: how it is told, what a lead sees and says before; what somebody of theirs wants for themselves."""

from bot.clients.digest_cards import panel_card, preview_card
from bot.clients.model import Answer, ClientDraft, DigestWay
from bot.errors import NotAllowed
from bot.say.card import Card, note
from bot.studio.roles import Does
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.panel import saved


@control("client", "digest")
async def show_panel(press: Press) -> None:
    """Show how a client is told of its week."""
    await press.reply(await _panel(press), ephemeral=True)


async def _panel(turn: Press) -> Card:
    return panel_card(await turn.services.client_digests.panel(turn.owner, turn.id), turn.words)


async def _set(press: Press, draft: ClientDraft) -> None:
    done = await press.services.client_digests.set(press.actor, press.owner, press.id, draft)
    await press.update(saved(press, await _panel(press), done.group_id or None))


@control("client", "week-way")
async def pick_way(press: Press) -> None:
    """Send it to the channel, by direct message, or not at all."""
    await _set(press, ClientDraft(digest=DigestWay(press.values[0])))


@control("client", "week-day")
async def pick_day(press: Press) -> None:
    """Choose the day of the week."""
    await _set(press, ClientDraft(digest_day=int(press.values[0])))


@control("client", "week-hour")
async def pick_hour(press: Press) -> None:
    """Choose the hour, on the client's clock."""
    await _set(press, ClientDraft(digest_hour=int(press.values[0])))


@control("client", "week-asked")
async def ask_before(press: Press) -> None:
    """Have a lead look before it is sent."""
    await _set(press, ClientDraft(digest_asks=True))


@control("client", "week-unasked")
async def send_unasked(press: Press) -> None:
    """Have it sent without asking."""
    await _set(press, ClientDraft(digest_asks=False))


# ---------------------------------------------------------------------- before it is sent


@control("client", "week-look")
async def look(press: Press) -> None:
    """Show what the client would read."""
    view = await press.services.client_digests.preview(press.owner, press.id)
    await press.reply(preview_card(view, press.words, await _server(press)), ephemeral=True)


async def _server(turn: Turn) -> str:
    return await turn.services.studio.server_name(turn.owner)


async def _answer(turn: Press | Submit, answer: Answer, words: str | None = None) -> None:
    view = await turn.services.client_digests.answer(turn.actor, turn.owner, turn.id, turn.arg, answer, words)
    await turn.update(preview_card(view, turn.words, await _server(turn)))


@control("client", "week-send")
async def send(press: Press) -> None:
    """Let it go out when its time comes."""
    await _answer(press, Answer.SEND)


@control("client", "week-skip")
async def skip(press: Press) -> None:
    """Leave this week out."""
    await _answer(press, Answer.SKIP)


@control("client", "week-change", opens_form=True)
async def change(press: Press) -> None:
    """Ask for words of one's own."""
    digests, words = press.services.client_digests, press.words
    panel = await digests.panel(press.owner, press.id)
    field = Field(
        "words",
        words("client.week.words"),
        words("client.week.words_help"),
        kind=FieldKind.PARAGRAPH,
        value=panel.clock.words if panel.clock is not None else None,
        required=False,
        max_length=digests.rules.week_words_max,
    )
    title = words("client.week.preview_title", name=panel.client.name)
    await press.open(Form("client", "week-words", title, [field], id=press.id, arg=press.arg))


@form("client", "week-words")
async def put_words(submit: Submit) -> None:
    """Put a line of one's own on top; whether it is sent is still to be said."""
    digests = submit.services.client_digests
    panel = await digests.panel(submit.owner, submit.id)
    now = panel.clock.answer if panel.clock is not None else Answer.WAITING
    await _answer(submit, now, submit.values.text("words"))


# ---------------------------------------------------------------------- somebody from their side


@control("client", "week-mine", does=Does.SEE)
async def mine(press: Press) -> None:
    """Write to somebody once a week: their own wish."""
    await _want(press, wants=True)


@control("client", "week-none", does=Does.SEE)
async def none(press: Press) -> None:
    """Write to somebody no longer."""
    await _want(press, wants=False)


async def _want(press: Press, *, wants: bool) -> None:
    if await press.services.studio.client_of(await press.standing_with(press.owner)) != press.id:
        raise NotAllowed("needs_team")
    await press.services.clients.want_digest(press.actor, press.owner, press.person, wants=wants)
    told = press.words(f"client.week.mine_{'on' if wants else 'off'}", server=await _server(press))
    await press.reply(note(told), ephemeral=True)
