"""What is said where two people changed the same field of a form at once: the later wins, and is told."""

from collections.abc import Sequence

from bot.merging import FormOf, Overtaken
from bot.say.card import Text
from bot.say.words import Words
from bot.ui.base import Submit


async def overtaken_lines(submit: Submit, group_id: str, thing_id: str, name: str, form: FormOf) -> list[Text]:
    """Return a sentence for every field that somebody else had set while this form was open; their Undo is mine.

    `name`: what the thing is called now. Nothing is known, and nothing said, of a form from before a restart.
    """
    shown = submit.changed.shown
    if not group_id or not shown:
        return []
    found = await submit.services.changes.overtaken(submit.owner, group_id, thing_id, shown, form)
    return _lines(found, name, form, submit.words)


def _lines(found: Sequence[Overtaken], name: str, form: FormOf, words: Words) -> list[Text]:
    lines: list[Text] = []
    for one in found:
        theirs, mine = form.says(one.field, one.theirs, words), form.says(one.field, one.mine, words)
        if theirs == mine and theirs:
            # Alike for people, such as two beats of one bar: then as it stands in the form.
            theirs, mine = form.reads(one.theirs)[one.field], form.reads(one.mine)[one.field]
        key = "emptied" if theirs == "" else "words" if theirs is None else "set"
        if mine == "":
            key += "_to_nothing"
        elif mine is None and key == "emptied":
            key += "_to_words"
        parts = {"theirs": theirs, "mine": mine}
        field = words(form.named(one.field))
        lines.append(words(f"card.merged.{key}", who=one.who, thing=name, field=field, when=one.when, **parts))
    return lines
