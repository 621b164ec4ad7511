"""The rarer things of a release: the More menu, the public countdown, deleting."""

from bot.errors import Refused
from bot.releases.cards import all_tasks_text
from bot.releases.view import ReleaseView
from bot.say.card import Button, Card, Option, OutFile, Section, Select, note, raw
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.confirm import ask
from bot.ui.controls import control
from bot.ui.places import must_be_theirs
from cogs.releases.bounces import recent_bounces, send_art
from cogs.releases.editing import edit_form
from cogs.releases.showing import show_button

MORE = ("edit", "all", "art", "countdown", "missed", "cancel", "delete")


@control("release", "more", does=Does.SEE)
async def more(press: Press) -> None:
    options = [Option(press.words(f"release.more.{action}"), action) for action in MORE]
    select = Select("release", "other", press.words("release.more.pick"), options, press.id, owner=press.owner)
    await press.reply(note(press.words("release.more.pick"), select))


@control("release", "other", does=Does.SEE, opens_form=True)
async def other(press: Press) -> None:
    releases = press.services.releases
    action = press.values[0]
    view = await releases.show(press.owner, press.id)
    match action:
        case "edit":
            await press.must(Does.EDIT)
            await press.open(edit_form(press.words, view, await recent_bounces(press, view.release.bounce_id)))
        case "art":
            await send_art(press, view)
        case "all":
            text = all_tasks_text(view, press.words)
            await press.reply(Card(view.release.title, files=[OutFile("tasks.md", text.encode())]), ephemeral=True)
        case "missed":
            await press.reply(_missed_card(view, press.words))
        case "countdown":
            # What everybody reads is for a lead to decide, as is what ends a plan.
            await press.must(Does.DELETE)
            await _toggle_countdown(press, view)
        case "cancel":
            await press.must(Does.DELETE)
            saved = await releases.cancel(press.actor, press.owner, press.id)
            told = press.words("release.told.cancelled", title=view.release.title)
            await press.reply(note(told, [undo_button(press, saved.group_id)]))
        case _:
            await press.must(Does.DELETE)
            await ask_delete(press, view)


def _missed_card(view: ReleaseView, words: Words) -> Card:
    if not view.missed:
        return note(words("release.more.none_missed"))
    lines = [
        words("release.missed.line", title=item.title, alternative=words(f"release.missed.{item.alternative}"))
        for item in view.missed
    ]
    return Card(words("release.missed.heading"), sections=[Section(None, lines)])


async def _toggle_countdown(press: Press, view: ReleaseView) -> None:
    release = view.release
    turn_on = release.countdown_channel_id is None
    channel = press.interaction.channel_id
    if turn_on and press.guild is not None:
        channel = (await press.services.studio.guild_settings(press.guild)).releases_channel or channel
    if turn_on and (press.guild is None or channel is None or not press.interaction.is_guild_integration()):
        raise Refused("release_channel")
    if turn_on and view.is_studios and press.guild != press.owner:
        raise Refused("release_channel")  # pressed in another server: what is the studio's is counted down there
    if turn_on:
        await must_be_theirs(press, channel)
    saved = await press.services.releases.set_countdown(
        press.actor, press.owner, release.id, press.guild if turn_on else None, channel if turn_on else None
    )
    key = "release.told.countdown_on" if turn_on else "release.told.countdown_off"
    told = press.words(key, title=release.title, channel=raw(f"<#{channel}>"))
    await press.reply(note(told, [undo_button(press, saved.group_id)]))


async def ask_delete(turn: Turn, view: ReleaseView) -> None:
    words = turn.words
    yes = Button("release", "delete", words("release.delete.yes", title=view.release.title), view.release.id)
    await ask(
        turn,
        words("release.delete.title", title=view.release.title),
        words("release.delete.text", count=len(view.tasks)),
        yes,
    )


@control("release", "delete", does=Does.DELETE)
async def delete(press: Press) -> None:
    release, group_id = await press.services.releases.delete(press.actor, press.owner, press.id)
    told = press.words("release.told.deleted", title=release.title)
    await press.update(note(told, [undo_button(press, group_id)]))


@control("release", "restore", does=Does.DELETE)
async def restore(press: Press) -> None:
    """Take a plan out of the bin."""
    saved = await press.services.releases.restore(press.actor, press.owner, press.id)
    told = press.words("release.told.restored", title=saved.view.release.title)
    await press.update(note(told, [undo_button(press, saved.group_id), show_button(saved, press.words)]))
