"""What several files of `/bounce` need: the label of a bounce in lists, the form to edit one."""

from bot.bounces import facts as wording
from bot.bounces.model import Bounce, BounceTag
from bot.ui.base import Turn
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.model import Option, plain
from bot.ui.strings import Words


def option_label(bounce: Bounce, words: Words) -> str:
    tag = words(f"bounce.tag.{bounce.tag or 'none'}")
    return f"{bounce.title} · v{bounce.number} · {wording.clock(bounce.facts.duration_s)} · {plain(tag)}"


async def open_edit(turn: Turn, bounce_id: str) -> None:
    """Open the form of a bounce with what it has now."""
    words = turn.words
    bounce = await turn.services.bounces.service.get(turn.person, bounce_id)
    loop = await turn.services.bounces.service.loop(turn.person, bounce.loop_id) if bounce.loop_id is not None else None
    tags = [Option(words(f"bounce.tag.{tag}"), str(tag)) for tag in BounceTag]
    tags.append(Option(words("bounce.tag.none"), "none"))
    await turn.open(
        Form(
            "bounce", "save", words("bounce.form.edit"), id=bounce.id,
            fields=[
                Field("title", words("bounce.form.title"), words("bounce.form.title_help"), value=bounce.title,
                      max_length=100),
                Field("tag", words("bounce.form.tag"), kind=FieldKind.SELECT, options=tags,
                      value=str(bounce.tag or "none")),
                Field("loop", words("bounce.form.loop"), words("bounce.form.loop_help"), required=False,
                      value="" if loop is None else loop.name),
                Field("note", words("bounce.form.note"), words("bounce.form.note_help"), kind=FieldKind.PARAGRAPH,
                      value=bounce.note, required=False, max_length=1000),
                Field("free", words("bounce.form.free"), words("bounce.form.free_help"), required=False,
                      value=" ".join(bounce.free_tags), max_length=250),
            ],
        )
    )  # fmt: skip
