"""Making a release: which day is meant, the form, foundations that are not done after all."""

from datetime import date

from bot.loops.model import Pace, Role
from bot.releases.cards import made_card, release_card
from bot.releases.countdown import DateChoice
from bot.releases.model import Anchor, Condition, Preset
from bot.releases.service import ReleaseDraft
from bot.say.card import Button, Card, Option, note
from bot.say.dates import full_day
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from cogs.releases.bounces import recent_bounces
from cogs.releases.days import read_full_day
from cogs.releases.editing import remind_field
from cogs.releases.showing import show_button, strip


def which_day(turn: Turn, reading: DateChoice, typed: str, preset: Preset, title: str, role: str | None) -> Card:
    """Ask which of two readings is meant. The title travels in the button, as far as it fits."""
    buttons = [
        Button(
            "release",
            "pick",
            full_day(day, turn.words.locale),
            f"{preset.key},{role or ''}",
            f"{day.isoformat()} {_fitting(title, 28)}",
            owner=turn.owner,
        )
        for day in reading.readings
    ]
    return Card(
        title=turn.words("release.which.title"),
        lead=turn.words("release.which.text", typed=typed),
        rows=[buttons],
    )


def _fitting(title: str, most: int) -> str:
    return title.encode()[:most].decode(errors="ignore") if title.isascii() else title[: most // 2]


@control("release", "pick", opens_form=True)
async def pick_day(press: Press) -> None:
    key, _, role = press.id.partition(",")
    day, _, title = press.arg.partition(" ")
    preset = press.services.releases.presets.get(key)
    near = press.services.releases.is_near_bandcamp_friday(date.fromisoformat(day))
    await press.open(new_form(press, preset, title, date.fromisoformat(day), role or None, bandcamp=near))


def new_form(
    turn: Turn, preset: Preset, title: str, day: date, role: str | None, loop: str | None = None, *, bandcamp: bool
) -> Form:
    """Return the form of a new release. `bandcamp`: a Bandcamp Friday is near, so it may be one."""
    words = turn.words
    is_release = preset.anchor is Anchor.RELEASE
    fields = [
        Field("title", words("release.form.name"), words("release.form.name_help"), value=title[:80], max_length=80),
        Field(
            "date",
            words("release.form.date" if is_release else "release.form.first_day"),
            words("release.form.date_help"),
            value=full_day(day, words.locale),
            max_length=40,
        ),
    ]
    open_conditions = tuple(
        condition for condition in preset.open_conditions() if bandcamp or condition is not Condition.BANDCAMP_FRIDAY
    )
    if is_release and Condition.SPOTIFY_COUNTDOWN not in open_conditions:
        open_conditions = (*open_conditions, Condition.SPOTIFY_COUNTDOWN)
    if is_release and open_conditions:
        fields.append(
            Field(
                "conditions",
                words("release.form.conditions"),
                words("release.form.conditions_help"),
                kind=FieldKind.CHECKBOXES,
                options=[Option(words(f"release.condition.{c}"), str(c)) for c in open_conditions],
                required=False,
                min_values=0,
                max_values=len(open_conditions),
            )
        )
    fields.append(
        Field(
            "pace",
            words("release.form.pace"),
            kind=FieldKind.RADIO,
            options=[Option(words(f"release.pace.{pace}"), str(pace)) for pace in Pace],
            required=False,
        )
    )
    if is_release:
        fields.append(remind_field(words, is_studios=turn.owner != turn.person))
    return Form("release", "make", words("release.form.title"), fields, id=preset.key, arg=f"{role or ''},{loop or ''}")


@form("release", "make")
async def make(submit: Submit) -> None:
    releases = submit.services.releases
    pace = submit.values.choice("pace")
    role, _, loop = submit.arg.partition(",")
    draft = ReleaseDraft(
        title=submit.values.text("title"),
        anchor_date=read_full_day(submit.values.text("date")),
        preset_key=submit.id,
        conditions=frozenset(Condition(value) for value in submit.values.choices("conditions")),
        remind_deadlines=submit.values.flag("remind"),
        role=Role(role) if role else None,
        pace=Pace(pace) if pace else None,
        bounce_id=await _newest_bounce(submit, loop) if loop else None,
    )
    saved = await releases.create(submit.actor, submit.owner, draft, submit.key)
    release = saved.view.release
    reading = await releases.weigh(submit.owner, release.anchor_date, release.preset_key, release.id)
    undo = undo_button(submit, saved.group_id)
    await submit.reply(release_card(saved.view, submit.words, await strip(saved.view, submit.words)))
    bounces = await recent_bounces(submit, None) if saved.view.preset.anchor is Anchor.RELEASE else []
    nowhere = release.remind_deadlines and await releases.reminds_nowhere(submit.owner) > 0
    await submit.reply(made_card(saved.view, reading, submit.words, undo, bounces, reminds_nowhere=nowhere))
    await releases.missed_shown(submit.owner, release.id)


async def _newest_bounce(turn: Turn, loop_id: str) -> str | None:
    """Return the newest bounce of the loop that the release comes from."""
    bounces = await turn.services.bounces.service.of_loops(turn.owner, [loop_id])
    newest = max(bounces, key=lambda bounce: bounce.bounced_at, default=None)
    return newest.id if newest else None


@control("release", "reopen")
async def reopen(press: Press) -> None:
    """Say that foundations are not done after all: they become open tasks from today."""
    saved = await press.services.releases.reopen(press.actor, press.owner, press.id, press.values)
    told = press.words("release.told.reopened", count=len(press.values))
    await press.reply(note(told, [undo_button(press, saved.group_id), show_button(saved, press.words)]))
