"""The quick start: eight small steps, each of which can be left out, left and taken up again."""

from bot.coach.cards import week_card
from bot.coach.model import Experience, Pacing, Role
from bot.coach.rules import coach_rules
from bot.coach.seats import estimated_minutes, hours_of, seats
from bot.coach.service.profiles import GENRE_MAX, ProfileChanges, ProfileView
from bot.say.card import Button, Card, Option, Row, Section, Select, Style, note
from bot.say.when import search_zones
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control
from bot.ui.inputs import Field, Form
from bot.ui.items import Who
from cogs.coach.support import own_words

STEPS = 8


async def coached(turn: Turn) -> ProfileView | None:
    """Return the person's profile; without one the quick start is the answer, and None comes back."""
    view = await turn.services.coach.profiles.seen(turn.actor, turn.person)
    if view is None:
        await turn.reply(start_card(None, turn.words, turn.person))
    return view


def start_card(view: ProfileView | None, words: Words, owner: int, suggestions: Row | None = None) -> Card:
    """Return the card of the step that comes next."""
    step = 0 if view is None else min(view.profile.setup_step, STEPS)
    role = None if view is None else view.profile.role
    rows = _rows(step, words, owner, role)
    if step == 6 and suggestions is not None:
        rows.insert(0, suggestions)
    facts: list[str] = []
    sections: list[Section] = []
    match step:
        case 0:
            facts = [words(f"coach.start.role.{each}") for each in Role]
        case 3:
            facts = [_pace_line(pace, words, role or Role.ARTIST) for pace in Pacing]
        case 8:
            sections = [Section(words("coach.start.rhythm"), [words(f"coach.start.rhythm_{n}") for n in range(1, 5)])]
        case _:
            pass
    meta = [] if view is None else [_progress(view, words)]
    return Card(
        title=words("coach.start.title") if step < STEPS else words("coach.start.ready"),
        lead=words(f"coach.start.step_{step}"),
        facts=facts,
        sections=sections,
        meta=meta,
        rows=rows,
    )


def _progress(view: ProfileView, words: Words) -> str:
    done = view.steps_done
    return words("coach.start.progress", done=done, total=STEPS, left=STEPS - done)


def _pace_line(pace: Pacing, words: Words, role: Role) -> str:
    rules = coach_rules()
    total = rules.paces[pace].total
    hours = hours_of(estimated_minutes(seats(rules.areas[role], total - 1), rules))
    return words("coach.start.pace", pace=words(f"coach.pace.{pace}"), count=total, hours=hours)


def _rows(step: int, words: Words, owner: int, role: Role | None) -> list[Row]:
    def button(action: str, label: str, arg: str = "", style: Style = Style.SECONDARY) -> Button:
        return Button("coach", action, label, id=str(step), arg=arg, style=style, owner=owner)

    skip = button("start-skip", words("coach.start.skip"))
    match step:
        case 0:
            return [[button("start-role", words(f"coach.role.{each}"), each) for each in Role]]
        case 1:
            return [[*(button("start-level", words(f"coach.level.{each}"), each) for each in Experience), skip]]
        case 2:
            return [[button("start-genre", words("coach.start.write_genre"), style=Style.PRIMARY), skip]]
        case 3:
            return [[*(button("start-pace", words(f"coach.pace.{each}"), each) for each in Pacing), skip]]
        case 4:
            return [[button("start-zone", words("coach.start.choose_zone"), style=Style.PRIMARY), skip]]
        case 5:
            return [[button("start-week", words("coach.start.make_week"), style=Style.PRIMARY), skip]]
        case 6:
            return [[button("goal-new", words("coach.start.own_goal")), skip]]
        case 7:
            return [[button("checkins-on", words("coach.start.checkins_on"), style=Style.PRIMARY), skip]]
        case _:
            return [
                [
                    Button("coach", "week", words("coach.button.week"), style=Style.PRIMARY, owner=owner),
                    Button("coach", "start-zone", words("coach.start.choose_zone"), id="8", owner=owner),
                ]
            ]


async def show_start(turn: Turn, view: ProfileView | None, *, update: bool = True) -> None:
    """Show the step that comes next in place of the one that was answered."""
    row: Row | None = None
    if view is not None and view.profile.setup_step == 6:
        offered = await turn.services.coach.goals.suggestions(turn.person)
        options = [Option(turn.words(each.title.key, **each.title.parts).plain[:100], each.key) for each in offered[:2]]
        if options:
            row = Select(
                "coach", "suggested", turn.words("coach.start.add_goal"), options, id="start", owner=turn.person
            )
    card = start_card(view, turn.words, turn.person, row)
    await (turn.update(card) if update else turn.reply(card))


async def _changed(turn: Turn, changes: ProfileChanges) -> None:
    view = await turn.services.coach.profiles.change(turn.actor, turn.person, changes)
    await show_start(turn, view)


@control("coach", "start-role")
async def choose_role(press: Press) -> None:
    """Answer the first question; from here on there is a profile."""
    zone = await press.services.studio.zone(press.person, press.guild)
    view = await press.services.coach.profiles.start(press.actor, press.person, Role(press.arg), str(zone))
    await show_start(press, view)


@control("coach", "start-level")
async def choose_level(press: Press) -> None:
    await _changed(press, ProfileChanges(experience=Experience(press.arg), setup_step=2))


@control("coach", "start-pace")
async def choose_pace(press: Press) -> None:
    await _changed(press, ProfileChanges(pacing=Pacing(press.arg), setup_step=4))


@control("coach", "start-skip")
async def skip_step(press: Press) -> None:
    """Leave a step as its default and go on."""
    await _changed(press, ProfileChanges(setup_step=int(press.id) + 1))


@control("coach", "start-genre", opens_form=True)
async def write_genre(press: Press) -> None:
    words = press.words
    genre = Field("genre", words("coach.form.genre"), words("coach.form.genre_help"), max_length=GENRE_MAX)
    await press.open(Form("coach", "genre", words("coach.form.genre"), [genre]))


@own_words("coach", "genre")
async def save_genre(submit: Submit) -> None:
    await _changed(submit, ProfileChanges(genre=submit.values.text("genre"), setup_step=3))


@control("coach", "start-zone", opens_form=True)
async def write_zone(press: Press) -> None:
    words = press.words
    zone = Field("zone", words("coach.form.zone"), words("coach.form.zone_help"), max_length=60)
    await press.open(Form("coach", "zone", words("coach.form.zone"), [zone], id=press.id))


@own_words("coach", "zone")
async def find_zone(submit: Submit) -> None:
    """Offer the zones that fit what was typed."""
    found = search_zones(submit.values.text("zone"), submit.now)[:25]
    if not found:
        again = Button("coach", "start-zone", submit.words("card.change"), id=submit.id, owner=submit.person)
        await submit.reply(note(submit.words("error.coach_zone", typed=submit.values.text("zone")), [again]))
        return
    select = Select("coach", "zone-pick", submit.words("coach.start.which_zone"), found, owner=submit.person)
    await submit.update(Card("", lead=submit.words("coach.start.which_zone"), quiet=True, rows=[select]))


@control("coach", "zone-pick")
async def choose_zone(press: Press) -> None:
    await _changed(press, ProfileChanges(timezone=press.values[0], setup_step=5))


@control("coach", "start-week")
async def make_week(press: Press) -> None:
    """Make the first week and go on with the goals."""
    view = await press.services.coach.weeks.plan(press.actor, press.person)
    profile = await press.services.coach.profiles.change(press.actor, press.person, ProfileChanges(setup_step=6))
    await show_start(press, profile)
    await press.reply(week_card(view, press.words, press.person))


@control("coach", "suggested")
async def take_suggestion(press: Press) -> None:
    """Make a suggested goal."""
    coach = press.services.coach
    offered = {each.key: each for each in await coach.goals.suggestions(press.person)}
    chosen = offered.get(press.values[0])
    title = press.words(chosen.title.key, **chosen.title.parts).plain if chosen else ""
    await coach.goals.take_suggestion(press.actor, press.person, press.values[0], title)
    if press.id == "start":
        view = await coach.profiles.change(press.actor, press.person, ProfileChanges())
        await show_start(press, view)
    else:
        await press.update(note(press.words("coach.told.goal_added", goal=title)))


@control("coach", "checkins-on")
async def checkins_on(press: Press) -> None:
    """Turn direct messages on; the first one answers this press."""
    coach = press.services.coach
    fresh = await coach.profiles.checkins_on(press.actor, press.person)
    view = await coach.profiles.change(press.actor, press.person, ProfileChanges(setup_step=8))
    if press.id == "7":
        await show_start(press, view)
        return
    await press.update(note(press.words("coach.told.checkins_on" if fresh else "coach.told.checkins_were_on")))


@control("coach", "checkins-off")
async def checkins_off(press: Press) -> None:
    await press.services.coach.profiles.checkins_off(press.actor, press.person)
    await press.update(note(press.words("coach.told.checkins_off")))


@control("coach", "start", who=Who.ANYONE)
async def start_here(press: Press) -> None:
    """Open the quick start where it was left."""
    view = await press.services.coach.profiles.find(press.person)
    await show_start(press, view, update=False)


controls = (
    choose_role,
    choose_level,
    choose_pace,
    skip_step,
    write_genre,
    save_genre,
    write_zone,
    find_zone,
    choose_zone,
    make_week,
    take_suggestion,
    checkins_on,
    checkins_off,
    start_here,
)
