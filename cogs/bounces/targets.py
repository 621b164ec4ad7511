"""The loudness somebody aims at: picked once, then named on their cards."""

from bot.bounces import facts as wording
from bot.bounces.model import Bounce
from bot.say.card import Card, Option, Select, note, plain, raw
from bot.ui.base import Press, Turn
from bot.ui.controls import control
from cogs.bounces.forms import undo_bounce, whose

_NONE = "none"


async def targets_card(bounce: Bounce, turn: Turn) -> Card:
    words, targets = turn.words, turn.services.bounces.targets
    present = await targets.get(bounce.owner_id)
    options = [
        Option(
            plain(words(f"bounce.target.{one.name}", lufs=raw(wording.number(one.lufs, 0)))),
            one.name,
            default=present == one,
        )
        for one in targets.known
    ]
    options.append(Option(words("bounce.target.none"), _NONE, default=present is None))
    pick = Select("bounce", "aimed", words("bounce.pick.target"), options, bounce.id, owner=bounce.owner_id)
    return Card(words("bounce.target.title"), lead=words("bounce.target.lead"), rows=[pick])


@control("bounce", "aimed")
async def aim(press: Press) -> None:
    owner, value = await whose(press), press.values[0]
    group_id = await press.services.bounces.targets.choose(press.actor, owner, None if value == _NONE else value)
    target = await press.services.bounces.targets.get(owner)
    if target is None:
        told = press.words("bounce.told.aimed_none")
    else:
        name = press.words(f"bounce.target.{target.name}", lufs=raw(wording.number(target.lufs, 0)))
        told = press.words("bounce.told.aimed", target=name)
    await press.update(note(told, [undo_bounce(press, owner, group_id)]))
