"""Comments on moments of a bounce: by whoever sees its card, taken away by who wrote them, its owner, or managers."""

from bot.actors import OwnerId
from bot.bounces.messages import POSTED
from bot.bounces.model import Bounce
from bot.bounces.notes import show_moment
from bot.say.card import Card, Option, Row, Section, Select, note, raw
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from cogs.bounces.forms import seen_by, undo_bounce

LISTED = 25


async def comments_card(bounce: Bounce, turn: Turn) -> Card:
    """Return all comments by time, with a list of those that this person may take away."""
    words = turn.words
    comments = await turn.services.bounces.notes.comments(bounce.owner_id, bounce.id)
    if not comments:
        return note(words("bounce.told.no_comments"))
    may_all = turn.person == bounce.owner_id or await manages(turn, bounce.owner_id, bounce.id)
    lines = [
        words("bounce.card.comment_line", at=show_moment(one.at_s), text=one.text, name=one.author_name)
        for one in comments[:LISTED]
    ]
    options = [
        Option(f"{show_moment(one.at_s)} {one.text}"[:100], one.id)
        for one in comments
        if may_all or one.author_id == turn.person
    ]
    rows: list[Row] = []
    if options:
        pick = words("bounce.pick.uncomment")
        rows.append(Select("bounce", "uncomment", pick, options[:LISTED], bounce.id, arg=str(bounce.owner_id)))
    title = words("bounce.card.comments_of", name=bounce.title)
    meta = [words("bounce.card.more_comments", count=len(comments) - LISTED)] if len(comments) > LISTED else []
    return Card(title, sections=[Section(None, lines)], rows=rows, meta=meta)


async def manages(turn: Turn, owner: int, bounce_id: str) -> bool:
    """Say whether this person manages the server that owns the bounce, or in which its card stands."""
    guild = turn.interaction.guild
    if guild is None or not await turn.services.studio.is_manager(turn.standing):
        return False
    if owner == guild.id:
        return True
    posts = await turn.services.posted.of(owner, POSTED, bounce_id)
    return any(guild.get_channel(post.channel_id) is not None for post in posts)


@control("bounce", "uncomment", who=Who.ANYONE)
async def remove_comment(press: Press) -> None:
    """Take a comment away; the service asks again who may."""
    owner, notes = int(press.arg), press.services.bounces.notes
    is_manager = await manages(press, owner, press.id)
    group_id = await notes.remove_comment(press.actor, owner, press.id, press.values[0], is_manager=is_manager)
    told = note(press.words("bounce.told.uncommented"), [undo_bounce(press, owner, group_id)])
    await press.reply(told, ephemeral=True)


def comment_form(press: Press, owner: int) -> Form:
    words = press.words
    return Form(
        "bounce",
        "commented",
        words("bounce.form.comment"),
        [
            Field("at", words("bounce.form.at"), words("bounce.form.at_help"), max_length=20),
            Field(
                "text",
                words("bounce.form.text"),
                words("bounce.form.text_help"),
                kind=FieldKind.PARAGRAPH,
                max_length=300,
            ),
        ],
        id=press.id,
        arg=str(owner),
    )


@form("bounce", "commented", who=Who.ANYONE)
async def save_comment(submit: Submit) -> None:
    """Note a comment; it shows on every posted card as a tick and a line."""
    owner = OwnerId(int(submit.arg or submit.person))
    await seen_by(submit, owner, submit.id)
    comment = await submit.services.bounces.notes.comment(
        submit.actor, owner, submit.id, submit.values.text("at"), submit.values.text("text")
    )
    told = submit.words("bounce.told.commented", at=raw(show_moment(comment.at_s)))
    await submit.reply(note(told), ephemeral=True)
