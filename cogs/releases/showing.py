"""A release as it is shown: its card, its next tasks, posted, as a calendar file; the presets."""

import asyncio

from bot.errors import NotFound
from bot.posted_model import Shows
from bot.releases.cards import preset_card, release_card, tasks_card
from bot.releases.messages import POSTED, shared_card
from bot.releases.model import Condition, Preset
from bot.releases.picture import draw_strip_blocking, strip_alt
from bot.releases.service import Saved
from bot.releases.view import ReleaseView
from bot.say.card import Button, Card, OutFile, Picture, note
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.items import Who


async def strip(view: ReleaseView, words: Words) -> Picture:
    """Draw the strip of a release off the loop."""
    data = await asyncio.to_thread(draw_strip_blocking, view, words)
    return Picture("release.png", data, strip_alt(view, words))


async def show_release(turn: Turn, release_id: str) -> None:
    view = await turn.services.releases.show(turn.owner, release_id)
    await turn.reply(release_card(view, turn.words, await strip(view, turn.words)))
    if any(item.shown_at is None for item in view.missed) and await _may_edit(turn):
        await turn.services.releases.missed_shown(turn.owner, release_id)


async def _may_edit(turn: Turn) -> bool:
    """Tell whether what was shown once to this person need not be shown again: who only looks does nothing about it."""
    if turn.owner == turn.person:
        return True
    return await turn.services.studio.may(await turn.standing_with(turn.owner), "release", Does.EDIT)


def show_button(saved: Saved, words: Words) -> Button:
    release = saved.view.release
    return Button("release", "show", words("release.button.show"), release.id, owner=release.owner_id)


@control("release", "show", does=Does.SEE)
async def show_again(press: Press) -> None:
    await show_release(press, press.id)


@control("release", "tasks", does=Does.SEE)
async def show_tasks(press: Press) -> None:
    view = await press.services.releases.show(press.owner, press.id)
    await press.reply(tasks_card(view, press.services.releases.facts, press.words))


@control("release", "done", does=Does.TICK)
async def finish(press: Press) -> None:
    async with press.hold(f"release:{press.id}"):
        before = await press.services.releases.show(press.owner, press.id)
        title = next((task.clip.name for task in before.tasks if task.clip.id == press.arg), None)
        if title is None:
            raise NotFound("task", "/release show")
        saved = await press.services.releases.finish_task(press.actor, press.owner, press.id, press.arg)
    told = press.words("release.told.done", title=title)
    await press.reply(note(told, [undo_button(press, saved.group_id), show_button(saved, press.words)]))


@control("release", "post", does=Does.SEE)
async def post(press: Press) -> None:
    """Share the card: the title, the date, how far it is and the artwork; no plans. It goes on being true."""
    view = await press.services.releases.show(press.owner, press.id)
    await press.defer()
    card = await shared_card(view, press.guild_words, press.services.bounces.messages.artwork)
    also = [part for part in (view.release.loop_id, view.release.bounce_id) if part is not None]
    await press.post(card, Shows(press.owner, POSTED, view.release.id, also=tuple(also)))


@control("release", "calendar", does=Does.SEE)
async def calendar_again(press: Press) -> None:
    await send_calendar(press, press.id, press.arg)


async def send_calendar(turn: Turn, release_id: str, kind: str = "") -> None:
    view = await turn.services.releases.show(turn.owner, release_id)
    name, data = await turn.services.releases.calendar(
        turn.owner, release_id, with_done=kind == "done", alarms=kind == "alarms"
    )
    buttons = [
        Button("release", "calendar", turn.words(f"release.calendar.{other}"), release_id, other, owner=turn.owner)
        for other in ("alarms", "done")
        if other != kind
    ]
    card = Card(
        title=view.release.title,
        lead=turn.words("release.calendar.sent", title=view.release.title),
        files=[OutFile(name, data)],
        rows=[buttons],
    )
    await turn.reply(card)


async def preset_of(turn: Turn, key: str) -> Card:
    releases = turn.services.releases
    preset: Preset = releases.presets.get(key)
    keys = dict.fromkeys([*preset.facts, *(fact for task in preset.tasks for fact in task.facts)])
    facts = releases.facts.shown(keys, frozenset(Condition))
    return preset_card(preset, facts, await releases.today(turn.owner), turn.words)


@control("release", "preset", who=Who.ANYONE)
async def pick_preset(press: Press) -> None:
    await press.reply(await preset_of(press, press.values[0]))
