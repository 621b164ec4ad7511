"""Profile and preferences, pause, phase."""

from datetime import date, timedelta
from zoneinfo import ZoneInfo

from bot.coach.dates import local_date
from bot.coach.model import Experience, FocusArea, Pacing, Phase, Profile, Style
from bot.coach.seats import areas_of
from bot.coach.service.profiles import GENRE_MAX, ProfileChanges, ProfileView
from bot.errors import Refused
from bot.phases.cards import with_offer
from bot.say.card import Button, Card, Fact, Option, Row, Select, Text, note
from bot.say.when import Reading, read_any
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.inputs import Field, FieldKind, Form
from cogs.coach.support import own_words

DAYS = range(7)
PAUSE_DAYS = (7, 14, 28)


def profile_form(view: ProfileView, words: Words) -> Form:
    """Return the form of five: level, pace, style, focus, genre. The rest is on the card that follows."""
    profile = view.profile
    chosen = profile.preferences

    def select(name: str, values: list[str], key: str, value: str) -> Field:
        options = [Option(words(f"{key}.{each}").plain, each) for each in values]
        return Field(name, words(f"coach.form.{name}"), kind=FieldKind.SELECT, options=options, value=value)

    areas = [*areas_of(profile.role), FocusArea.WELLBEING]
    return Form(
        "coach",
        "profile",
        words("coach.form.profile"),
        [
            select("level", [str(each) for each in Experience], "coach.level", profile.experience),
            select("pace", [str(each) for each in Pacing], "coach.pace", chosen.pacing),
            select("style", [str(each) for each in Style], "coach.style", chosen.style),
            Field(
                "focus",
                words("coach.form.focus"),
                kind=FieldKind.CHECKBOXES,
                options=[Option(words(f"coach.area.{area}").plain, area) for area in areas],
                value=[str(area) for area in chosen.focus_areas],
                required=False,
            ),
            Field(
                "genre",
                words("coach.form.genre"),
                words("coach.form.genre_help"),
                value=profile.genre,
                required=False,
                max_length=GENRE_MAX,
            ),
        ],
    )


def profile_card(view: ProfileView, words: Words, owner: int) -> Card:
    """Return the profile as it is, with what is not in the form."""
    profile = view.profile
    chosen = profile.preferences
    days = [Option(words(f"coach.day.{day}").plain, str(day), default=day in chosen.rest_days) for day in DAYS]
    rows: list[Row] = [
        Select("coach", "rest-days", words("coach.profile.rest_days"), days, owner=owner, min_values=0, max_values=7),
        [
            Button("coach", "energy-on", words(_switch("energy", chosen.dm.energy)), owner=owner),
            Button("coach", "runs-on", words(_switch("runs", chosen.show_runs)), owner=owner),
            Button(
                "coach",
                "checkins-off" if view.settings.dm_checkins else "checkins-on",
                words(_switch("checkins", view.settings.dm_checkins)),
                owner=owner,
            ),
            Button("coach", "hours", words("coach.profile.hours_button"), owner=owner),
        ],
    ]
    if profile.ai_consent:
        told = words(_switch("reflections", chosen.send_reflections_to_ai))
        rows.append([Button("coach", "reflections-on", told, owner=owner)])
    return Card(
        title=words("coach.profile.title"),
        lead=_who(profile, words),
        facts=[
            Fact(words("coach.form.level"), words(f"coach.level.{profile.experience}")),
            Fact(
                words("coach.form.pace"),
                words("coach.profile.pace", pace=words(f"coach.pace.{chosen.pacing}"), count=profile.plan_size),
            ),
            Fact(words("coach.form.style"), words(f"coach.style.{chosen.style}")),
            Fact(
                words("coach.profile.hours"),
                words("coach.profile.hours_value", hours=f"{chosen.time_commitment_hours:g}"),
            ),
            Fact(words("coach.form.zone"), profile.timezone),
        ],
        meta=[words("coach.start.progress", done=view.steps_done, total=8, left=8 - view.steps_done)],
        rows=rows,
    )


def _who(profile: Profile, words: Words) -> Text:
    role = words(f"coach.role.{profile.role}")
    return words("coach.profile.lead", role=role, genre=profile.genre) if profile.genre else role


def _switch(name: str, is_on: bool) -> str:
    return f"coach.profile.{name}_{'off' if is_on else 'on'}"


@own_words("coach", "profile")
async def save_profile(submit: Submit) -> None:
    values = submit.values
    changes = ProfileChanges(
        experience=Experience(values.choice("level") or "beginner"),
        pacing=Pacing(values.choice("pace") or "moderate"),
        style=Style(values.choice("style") or "supportive"),
        focus_areas=[FocusArea(area) for area in values.choices("focus")],
        genre=values.text("genre"),
    )
    view = await submit.services.coach.profiles.change(submit.actor, submit.person, changes)
    await submit.reply(profile_card(view, submit.words, submit.person))


@control("coach", "rest-days")
async def rest_days(press: Press) -> None:
    await _change(press, ProfileChanges(rest_days=frozenset(int(day) for day in press.values)))


@control("coach", "energy-on")
async def energy(press: Press) -> None:
    """Turn the energy question on or off."""
    view = await press.services.coach.profiles.find(press.person)
    await _change(press, ProfileChanges(energy=view is not None and not view.profile.preferences.dm.energy))


@control("coach", "runs-on")
async def runs(press: Press) -> None:
    view = await press.services.coach.profiles.find(press.person)
    await _change(press, ProfileChanges(show_runs=view is not None and not view.profile.preferences.show_runs))


@control("coach", "reflections-on")
async def reflections(press: Press) -> None:
    """Let AI read last week's reflections, or keep them from it again; off until the person turns it on."""
    view = await press.services.coach.profiles.find(press.person)
    shared = view is not None and view.profile.preferences.send_reflections_to_ai
    await _change(press, ProfileChanges(send_reflections_to_ai=not shared))


@control("coach", "hours", opens_form=True)
async def hours(press: Press) -> None:
    words = press.words
    field = Field("hours", words("coach.profile.hours"), words("coach.form.hours_help"), max_length=5)
    await press.open(Form("coach", "hours", words("coach.profile.hours"), [field]))


@own_words("coach", "hours")
async def save_hours(submit: Submit) -> None:
    typed = submit.values.text("hours").replace(",", ".")
    try:
        value = float(typed)
    except ValueError:
        raise Refused("coach_hours", low=1.0, high=60.0) from None
    await _change(submit, ProfileChanges(hours=value))


async def _change(turn: Turn, changes: ProfileChanges) -> None:
    view = await turn.services.coach.profiles.change(turn.actor, turn.person, changes)
    await turn.update(profile_card(view, turn.words, turn.person))


@control("coach", "pause")
async def ask_pause(press: Press) -> None:
    """Offer a week, two or four."""
    words = press.words
    buttons = [
        Button("coach", "pause-for", words("coach.pause.weeks", count=days // 7), id=str(days), owner=press.person)
        for days in PAUSE_DAYS
    ]
    await press.reply(Card("", lead=words("coach.pause.lead"), quiet=True, rows=[buttons]))


@control("coach", "pause-for")
async def pause_for(press: Press) -> None:
    view = await press.services.coach.profiles.find(press.person)
    if view is None:
        raise Refused("coach_start_first")
    until = local_date(press.now, view.profile.timezone) + timedelta(days=int(press.id))
    await _pause(press, until)


async def pause_until(turn: Turn, view: ProfileView, typed: str | None) -> None:
    """Pause until a typed day; without one, ask."""
    if not typed:
        words = turn.words
        buttons = [
            Button("coach", "pause-for", words("coach.pause.weeks", count=days // 7), id=str(days), owner=turn.person)
            for days in PAUSE_DAYS
        ]
        await turn.reply(Card("", lead=words("coach.pause.lead"), quiet=True, rows=[buttons]))
        return
    zone = ZoneInfo(view.profile.timezone)
    answer = await read_any(typed, turn.now, zone)
    if not isinstance(answer, Reading):
        raise Refused("coach_pause_until", until=typed[:40])
    await _pause(turn, answer.at.astimezone(zone).date())


async def _pause(turn: Turn, until: date) -> None:
    group = await turn.services.coach.weeks.pause(turn.actor, turn.person, until)
    await turn.reply(note(turn.words("coach.told.paused", until=until), [undo_button(turn, group)]))


async def show_phase(turn: Turn, to: Phase | None) -> None:
    """Show the phase, or change it: always the person's own act."""
    phases = turn.services.coach.desk.sources.phases
    if to is not None:
        await phases.choose(turn.actor, turn.person, to)
    now = await phases.phase(turn.person)
    card = phase_card(now, turn.words, turn.person, changed=to is not None)
    await turn.reply(with_offer(card, await turn.services.phases.look(turn.person), turn.words, turn.person))


def phase_card(phase: Phase, words: Words, owner: int, *, changed: bool = False) -> Card:
    buttons = [
        Button("coach", "phase", words(f"coach.phase.{each}"), id=each, disabled=each is phase, owner=owner)
        for each in Phase
        if each is not Phase.ANY
    ]
    return Card(
        title=words("coach.phase.title", phase=words(f"coach.phase.{phase}")),
        lead=words(f"coach.phase.about_{phase}"),
        next_lines=[words(f"coach.phase.prompt_{phase}")] if changed else (),
        meta=[words("coach.phase.meta")],
        rows=[buttons],
    )


@control("coach", "phase")
async def change_phase(press: Press) -> None:
    phases = press.services.coach.desk.sources.phases
    await phases.choose(press.actor, press.person, Phase(press.id))
    await press.update(phase_card(await phases.phase(press.person), press.words, press.person, changed=True))


controls = (
    save_profile,
    rest_days,
    energy,
    runs,
    reflections,
    hours,
    save_hours,
    ask_pause,
    pause_for,
    change_phase,
)
