"""The coach as people meet it: quick start, week, goals, habits, check-ins by direct message, the crisis path."""

import json
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.actors import Actor as User
from bot.coach.content import bank_path
from bot.coach.dates import local_date
from bot.coach.model import Resource, ResourceType, Role
from storage.repositories.coach_weeks import CoachTaskRepository
from tests.coach.banks import synthetic_bank
from tests.product import Product
from tests.wire.kit import Actor, Stage, typed


@pytest.fixture
def ada(product: Product) -> Actor:
    if not bank_path(Role.ARTIST).exists():
        product.services.coach.desk.bank = synthetic_bank
    return Stage(product.server).person("Ada")


async def _start(ada: Actor) -> None:
    """Go through the quick start with its defaults."""
    await ada.slash("/coach start")
    await ada.press("Artist")
    for _ in range(4):
        await ada.press("Skip")
    await ada.press("Make my first week")
    await ada.until_sees("Week ")


async def test_the_quick_start_leads_to_a_first_week(product: Product, ada: Actor) -> None:
    await ada.slash("/coach plan")
    assert "Which of these is you?" in ada.sees()
    await ada.press("Artist")
    assert "1 of 8 done, 7 to go" in ada.sees()
    await ada.press("Beginner")
    await ada.press("Write it")
    await ada.fill(genre="dub techno")
    assert "How full may a week be?" in ada.sees()
    assert "9 tasks, about 9.5 hours" in ada.sees()
    await ada.press("Moderate")
    await ada.press("Choose the time zone")
    await ada.fill(time_zone="Berlin")
    await ada.choose("Which of these?", "Europe/Berlin")
    await ada.press("Make my first week")
    await ada.until_sees("0 of 9 done")
    assert "Would one of these fit?" in ada.sees()
    await ada.choose("Add a suggested goal", "visual_identity")
    await ada.press("Skip")
    await ada.press("Skip")
    assert "The week goes round like this" in ada.sees()
    await ada.slash("/coach start")
    assert "Ready" in ada.sees()


async def test_a_week_is_ticked_lightened_and_undone(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach plan")
    await ada.press("Done")
    view = await product.services.coach.weeks.current(ada.id)
    await ada.choose("Tick what is done", view.open[0].id, view.open[1].id)
    await ada.until_sees("2 of 9 done")
    await ada.press("Lighter week")
    await ada.until_sees("A lighter week")
    assert "2 of 5 done" in ada.sees()
    await ada.press("Undo")
    await ada.slash("/coach plan")
    assert "2 of 9 done" in ada.sees()


async def _until_local(product: Product, weekday: int, hour: int) -> None:
    """Let time pass until a weekday and hour in UTC, doing what falls due."""
    now = product.clock.now()
    days = (weekday - now.weekday()) % 7
    target = (now + timedelta(days=days)).replace(hour=hour, minute=0, second=0)
    if target <= now:
        target += timedelta(days=7)
    await product.live(step_s=8 * 3600, hours=(target - now).total_seconds() / 3600)


async def _checkins_on(product: Product, ada: Actor) -> None:
    """Have a week, and turn check-ins on in daytime."""
    await _until_local(product, 1, 12)
    await _start(ada)
    await ada.slash("/coach start")
    await ada.press("Skip")
    await ada.press("Turn check-ins on")
    await product.live(minutes=2)


def _dm_text(ada: Actor) -> str:
    return ada.conversation.text()


async def test_turning_check_ins_on_answers_at_once_and_friday_asks_one_thing(product: Product, ada: Actor) -> None:
    await _checkins_on(product, ada)
    assert "Check-ins are on" in _dm_text(ada)
    before = len(ada.conversation.messages())
    await _until_local(product, 4, 17)
    messages = ada.conversation.messages()
    assert len(messages) == before + 1
    ada.go("DM")
    assert "What would make it easy to close the week?" in ada.sees()
    assert "I'm a bot" in ada.sees()
    await ada.press("Done")
    assert "Noted, thank you." in ada.sees()
    view = await product.services.coach.weeks.current(ada.id)
    await ada.choose("Tick what is done", view.open[0].id)
    assert "One task is done this week" in ada.sees()
    await ada.press("Add a reflection")
    await ada.fill(wins="One hook\nOne call", went="4")
    await ada.until_sees("Kept. Thank you for looking back.")
    week = await product.services.coach.weeks.current(ada.id)
    assert week.week.reflections.wins == ("One hook", "One call")


async def test_a_check_in_is_snoozed_and_put_away(product: Product, ada: Actor) -> None:
    await _checkins_on(product, ada)
    await _until_local(product, 4, 17)
    ada.go("DM")
    await ada.press("Snooze")
    await ada.press("In an hour")
    assert "I’ll ask again" in ada.sees()
    count = len(ada.conversation.messages())
    await product.live(step_s=1800, hours=2)
    assert len(ada.conversation.messages()) == count + 1
    await ada.press("Not today")
    assert "Put away for today." in ada.sees()


async def test_energy_is_asked_only_with_consent_and_can_be_changed(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach checkin")
    await ada.press("Done")
    assert "How much energy" not in ada.sees()
    await ada.slash("/coach profile")
    await ada.fill()
    await ada.press("Ask for energy")
    await ada.slash("/coach checkin")
    await ada.press("Done")
    await ada.choose("How much energy is there?", "2")
    assert "Energy: 2 of 5." in ada.sees()
    await ada.press("Change")
    assert "Energy: 2" not in ada.sees()


async def test_closed_messages_go_to_the_inbox_and_never_to_a_channel(product: Product, ada: Actor) -> None:
    await _checkins_on(product, ada)
    product.server.faults.named("dm_closed", "POST", "/channels/{channel_id}/messages")
    await _until_local(product, 4, 17)
    posted = [place.text() for place in (product.channel("general"),)]
    assert not any("What would make" in text for text in posted)
    ada.go("general")
    await ada.slash("/studio about")
    await ada.until_sees("1 note that I could not deliver waits for you")
    await ada.slash("/studio about")
    assert ada.sees().count("could not deliver") == 1, "said once"
    await ada.slash("/studio inbox")
    assert "A check-in" in ada.sees()


async def test_a_crisis_text_shows_help_lines_and_leaves_no_trace(product: Product, ada: Actor) -> None:
    await _checkins_on(product, ada)
    secret = "I want to end it all, zanzibar"
    await ada.slash("/coach plan")
    await ada.press("More")
    await ada.choose("More", "reflect")
    await ada.fill(learnings=secret)
    assert "People you can talk to" in ada.sees()
    assert "nothing has been saved" in ada.sees()
    dump = json.dumps(await product.services.studio.privacy_export(ada.id), default=str)
    assert "zanzibar" not in dump
    count = len(ada.conversation.messages())
    await product.live(step_s=3600 * 12, days=6)
    assert len(ada.conversation.messages()) == count, "a week of quiet"
    await ada.slash("/coach plan")
    assert "0 of 9 done" in ada.sees()
    await product.live(step_s=3600 * 12, days=3)
    assert "Hello again" in _dm_text(ada)


async def test_goals_are_written_planned_moved_and_completed(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach goal")
    await ada.fill(title="Six songs", description="An EP", category="creative", priority="3", target="2030-01-01")
    await ada.until_sees("Kept: Six songs")
    await ada.slash("/coach goal", goal="Six songs")
    assert "not enough weeks yet" in ada.sees()
    await ada.press("WOOP")
    await ada.fill(wish="A finished EP", plan="If it is Tuesday 19:00, then ten minutes")
    assert "Plan: If it is Tuesday" in ada.sees()
    await ada.press("Progress")
    await ada.fill(progress="100")
    assert "You could complete it" in ada.sees()
    await ada.press("Complete")
    await ada.until_sees("Completed: Six songs")
    await ada.slash("/coach goals")
    assert "Six songs" in ada.sees()
    await ada.slash("/coach goals", filter="active")
    assert "No goal yet" in ada.sees()


async def test_a_wrong_entry_comes_back_with_everything_typed(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach goal")
    await ada.fill(title="Six songs", target="10/11/2030")
    assert "I can’t read 10/11/2030 as a day" in ada.sees()
    await ada.press("Edit again")
    await ada.fill(target="")
    await ada.until_sees("Kept: Six songs")


async def test_measures_make_a_picture_with_words(product: Product, ada: Actor) -> None:
    await _start(ada)
    for value in (10, 12, 15, 19, 26):
        await ada.slash("/coach log", measure=typed("mailing list"), value=value)
        await product.live(step_s=3600 * 84, days=7)
    await ada.slash("/coach progress", weeks=12)
    assert "mailing list, 4 weeks: 12 to 26, last 26, improving" in ada.sees()
    await ada.slash("/coach insights")
    assert "Growth · mailing list has moved up over 4 weeks (+13)." in ada.sees()
    await ada.slash("/coach history")
    assert "Your weeks" in ada.sees()


async def test_habits_and_routines_are_kept(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach habits")
    await ada.press("New habit")
    await ada.fill(title="Scales", category="creative", frequency="daily")
    assert "Scales" in ada.sees()
    await ada.press("Did it")
    await ada.until_sees("Noted.")
    await ada.slash("/coach routines")
    await ada.choose("Take a routine that comes along", "morning")
    assert "5 steps, 110 min" in ada.sees()
    await ada.press("Open")
    await ada.press("Turn into tasks")
    assert "3 tasks of this week are now from the routine" in ada.sees()


async def test_a_reminder_reaches_its_person_in_their_own_time(product: Product, ada: Actor) -> None:
    await _until_local(product, 1, 10)
    await ada.slash("/coach remind", when="in 3h", text="Ring Ben")
    assert "Ring Ben" in ada.sees()
    await ada.slash("/coach reminders")
    assert "Ring Ben" in ada.sees()
    await product.live(step_s=3600, hours=4)
    assert "A reminder from you: Ring Ben" in _dm_text(ada)
    await ada.slash("/coach reminders")
    assert "No reminder is set" in ada.sees()


async def test_support_needs_no_set_up_and_load_keeps_nothing(product: Product, ada: Actor) -> None:
    await ada.slash("/coach support", region="uk")
    assert "116 123" in ada.sees()
    await ada.choose("Another region", "us")
    assert "988" in ada.sees()
    await _start(ada)
    await ada.slash("/coach load")
    assert "Steady" in ada.sees()
    await ada.press("It feels like too much")
    assert "High" in ada.sees()
    await ada.press("Help lines")
    assert "People you can talk to" in ada.sees()


async def test_rest_pause_resume_and_phase_are_the_persons_own_acts(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach rest", week="next")
    assert "A rest week." in ada.sees()
    await ada.slash("/coach pause")
    await ada.press("2 weeks")
    assert "Paused until" in ada.sees()
    await ada.slash("/coach resume")
    assert "The pause is over." in ada.sees()
    await ada.slash("/coach phase", to="recovery")
    assert "Phase: Recovery" in ada.sees()
    await ada.press("Builder")
    assert "Phase: Builder" in ada.sees()


async def test_tasks_are_split_scheduled_swapped_and_let_go_by_command(product: Product, ada: Actor) -> None:
    await _start(ada)
    view = await product.services.coach.weeks.current(ada.id)
    one, two, three, four = view.open[:4]
    await ada.slash("/coach task", task=typed(one.id), action="done")
    assert f"Done: {one.title}" in ada.sees()
    await ada.slash("/coach task", task=typed(two.id), action="split")
    await ada.fill(first="First half", second="Second half")
    assert "Split. The first part: First half" in ada.sees()
    await ada.slash("/coach task", task=typed(three.id), action="schedule")
    await ada.fill(when="tomorrow 5pm", if_then="If it is five, then ten minutes")
    assert three.title in ada.sees()
    await ada.slash("/coach task", task=typed(four.id), action="swap")
    assert "In its place" in ada.sees()
    await ada.slash("/coach task", task="First half · open", action="let_go")
    assert "Let go: First half" in ada.sees()


async def test_a_learning_pathway_is_read_and_becomes_a_goal_with_its_steps(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach goals")
    await ada.press("Learning pathways")
    seen = ada.sees()
    assert "From ideas to a first finished track, 8 weeks" in seen
    assert "4. " in seen
    await ada.press("From ideas to a first finished track")
    assert "“From ideas to a first finished track” is a goal now." in ada.sees()
    await ada.press("From ideas to a first finished track")
    assert "is among your goals already" in ada.sees()
    await ada.slash("/coach goals")
    await ada.press("Open")
    seen = ada.sees().rsplit("From ideas to a first finished track", 1)[1]
    assert "Fill a folder with ideas (3 weeks)" in seen
    (kept,) = await product.services.coach.goals.all(ada.id)
    profile = (await product.services.coach.profiles.find(ada.id)).profile
    assert kept.goal.target_date == local_date(product.clock.now(), profile.timezone) + timedelta(weeks=8)


async def test_how_a_task_is_begun_and_what_helps_can_be_read(product: Product, ada: Actor) -> None:
    await _start(ada)
    await ada.slash("/coach plan")
    acts = User.user(ada.id, "Ada")
    view = await product.services.coach.weeks.plan(acts, ada.id)
    task = view.open[0]
    helped = replace(task, resources=(Resource(ResourceType.TOOL, "A timer set to 30 minutes"),))
    async with product.services.database.write(acts, ada.id, "test") as unit:
        await unit.repo(CoachTaskRepository).save(helped)
    await ada.press("More")
    await ada.choose("More", "How a task is begun")
    await ada.choose("Which task?", task.title)
    seen = ada.sees()
    assert task.description
    assert task.description in seen
    assert "A tool: A timer set to 30 minutes" in seen
