"""Planning a release, finishing tasks, moving the day, and what arrives by itself."""

from datetime import date, timedelta

import numpy as np
import pytest

from bot.bounces.levels import Columns
from bot.bounces.model import Filter
from bot.bounces.peaks import columns_bytes
from bot.say.dates import full_day
from tests.digest.people import put_bounce
from tests.product import Product
from tests.wire.kit import Actor, Stage


@pytest.fixture
def ada(product: Product) -> Actor:
    return Stage(product.server).person("Ada")


@pytest.fixture
def ben(product: Product) -> Actor:
    return Stage(product.server).person("Ben")


def _friday(product: Product, days: int) -> date:
    """Return the first Friday at least `days` from now."""
    day = product.clock.now().date() + timedelta(days=days)
    return day + timedelta(days=(4 - day.weekday()) % 7)


async def _days(product: Product, days: int) -> None:
    """Let days go by, looking in at noon."""
    product.clock.advance(hours=(12 - product.clock.now().hour) % 24)
    await product.live(step_s=3600 * 24, days=days)


async def _plan(
    ada: Actor, day: date, *, title: str = "Night Drive", preset: str = "single_8w", **form: object
) -> None:
    await ada.slash("/release new", title=title, date=day.isoformat(), preset=preset)
    await ada.fill(form)
    await ada.until_sees(f"{title} is planned")


async def test_a_release_is_planned_from_a_preset_and_shown(product: Product, ada: Actor) -> None:
    day = _friday(product, 70)
    await _plan(ada, day, conditions=["multi_writer", "uk"], pace="moderate")
    assert full_day(day) in ada.sees()
    await ada.slash("/release show", release="Night Drive")
    seen = ada.sees()
    assert "days to go" in seen
    assert "0 of 28 done" in seen
    assert "Next hard deadline" in seen
    assert "Release plan of Night Drive" in seen, "the strip has its words"
    assert "Choose the bounce to release" in seen


async def test_two_readings_of_a_date_become_two_buttons(product: Product, ada: Actor) -> None:
    year = product.clock.now().year + 1
    await ada.slash("/release new", title="Night Drive", date=f"10/11/{year}", preset="single_8w")
    await ada.press(full_day(date(year, 11, 10)))
    await ada.fill()
    await ada.until_sees("Night Drive is planned", full_day(date(year, 11, 10)))


async def test_a_day_that_cannot_be_is_refused_with_the_reason(product: Product, ada: Actor) -> None:
    for typed, told in (
        ("27 June", "can’t read"),
        ("2001-01-01", "weeks after its release day"),
        ("2099-01-02", "three years"),
    ):
        await ada.slash("/release new", title="Night Drive", date=typed, preset="single_8w")
        if ada.form is not None:
            await ada.fill()
        assert told in ada.sees()


async def test_starting_late_names_missed_windows_once_with_alternatives(product: Product, ada: Actor) -> None:
    await _plan(ada, _friday(product, 14))
    seen = ada.sees()
    assert "Windows that are gone" in seen
    assert "a new recording and can be pitched" not in seen, "two weeks ahead a pitch is still possible"
    assert "With a later date all of it fits" in seen
    assert "taken as done already" in seen
    await ada.choose("Not done yet", "Approve the final master")
    assert "1 task is open again" in ada.sees()
    await ada.slash("/release show", release="Night Drive")
    newest = ada.sees().rsplit("Night Drive ·", 1)[-1]
    assert "Windows that are gone" not in newest, "they are listed once"
    assert "Approve the final master" in newest


async def test_a_task_is_done_undone_skipped_and_moved(product: Product, ada: Actor) -> None:
    await _plan(ada, _friday(product, 70))
    await ada.slash("/release task", release="Night Drive", task="Choose the bounce", action="done")
    assert "Done: Choose the bounce to release" in ada.sees()
    await ada.press("Undo")
    await ada.slash("/release show", release="Night Drive")
    assert "0 of 27 done" in ada.sees()
    await ada.press("Next tasks")
    await ada.press("Done")
    await ada.slash("/release task", release="Night Drive", task="Pick a Friday", action="skip")
    assert "Pick a Friday is out of the plan" in ada.sees()
    later = _friday(product, 60)
    await ada.slash("/release task", release="Night Drive", task="Second wave", action="move", date=later.isoformat())
    await ada.slash("/release show", release="Night Drive")
    assert "1 of 26 done" in ada.sees()


async def test_moving_the_day_shows_every_shift_first_and_can_be_undone(product: Product, ada: Actor) -> None:
    day = _friday(product, 70)
    await _plan(ada, day)
    new = day + timedelta(days=14)
    await ada.slash("/release move", release="Night Drive", date=new.isoformat())
    assert "27 tasks move" in ada.sees()
    assert "Nothing is changed yet" in ada.sees()
    await ada.press(f"Move to {new:%a} {new.day} {new:%B}")
    assert f"Night Drive moved to {full_day(new)}" in ada.sees()
    await ada.press("Undo")
    await ada.slash("/release show", release="Night Drive")
    assert full_day(day) in ada.sees().rsplit("Night Drive ·", 1)[-1]
    # Any day of the week will do: under seven days ahead the pitch has closed, and the delivery long before.
    near = product.clock.now().date() + timedelta(days=5)
    await ada.slash("/release move", release="Night Drive", date=near.isoformat())
    seen = ada.sees()
    assert "a later new version or remix is a new recording" in seen
    assert "ask your distributor about a faster review" in seen


async def test_a_stranger_finds_nothing_and_a_posted_card_tells_no_plans(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await _plan(ada, _friday(product, 70))
    await ada.slash("/release show", release="Night Drive")
    await ada.press("Post")
    assert "Night Drive" in ben.sees()
    assert "Choose the bounce" not in ben.sees()
    assert await ben.offers("/release show", "release", "Night") == []
    await ben.slash("/release list")
    assert "No release planned yet" in ben.sees()


async def test_deleting_asks_first_and_keeps_the_loop(product: Product, ada: Actor) -> None:
    await _plan(ada, _friday(product, 70))
    await ada.slash("/release delete", release="Night Drive")
    assert "27 clips stay" in ada.sees()
    await ada.press("Delete Night Drive")
    assert "in the bin for 30 days" in ada.sees()
    await ada.slash("/release list")
    assert "No release planned yet" in ada.sees()
    await ada.press("Undo")
    await ada.slash("/release list")
    assert "Night Drive:" in ada.sees()


async def test_deadline_reminders_come_at_ten_once_a_day_and_name_all(product: Product, ada: Actor) -> None:
    day = _friday(product, 70)
    await _plan(ada, day, remind=True)
    deliver = day - timedelta(days=28)
    left = deliver - timedelta(days=7) - product.clock.now().date()
    await _days(product, left.days + 1)
    reminders = [m for m in ada.conversation.messages() if "Deliver to your distributor" in str(m.components)]
    assert len(reminders) == 1
    await ada.go("DM").press("Done", on=reminders[0])
    assert "Done: Deliver" in ada.sees()
    await _days(product, 5)
    again = [
        m for m in ada.conversation.messages() if "last day" in str(m.components) and "Deliver" in str(m.components)
    ]
    assert len(again) == 1


async def test_a_public_countdown_posts_title_and_artwork_only_on_its_days(
    product: Product, ada: Actor, ben: Actor
) -> None:
    bounces = product.services.bounces
    await put_bounce(product.services.database, ada.id, "night-drive.wav", product.clock.now(), 197.4)
    (bounce,) = await bounces.service.list(ada.id, Filter(), 1)
    folder = bounces.pool.folder_of(bounce.content_hash)
    folder.mkdir(parents=True)
    waves = np.linspace(0, 0.8, 400).astype(np.float32)[None]
    (folder / "columns.npy").write_bytes(columns_bytes(Columns(-waves, waves, waves * np.float32(0.5), 197.4)))
    day = _friday(product, 30)
    await _plan(ada, day)
    await ada.choose("Which bounce is it?", "night-drive · v1 · 3:17 · No tag")
    assert "has its bounce now" in ada.sees()
    await ada.slash("/release show", release="Night Drive")
    await ada.press("More")
    await ada.choose("What else?", "Cover picture")
    await ada.until_sees("Square picture of night-drive: its waveform as a ring of 3:17")
    await ada.slash("/release show", release="Night Drive")
    await ada.press("More")
    await ada.choose("What else?", "Public countdown in a channel")
    assert f"runs in <#{product.channel('releases').id}>" in ada.sees(), "where the server's release dates go"
    await _days(product, (day - product.clock.now().date()).days + 1)
    posts = [
        m
        for m in product.channel("releases").messages()
        if "Out in" in str(m.components) or "Out t" in str(m.components)
    ]
    assert len(posts) == 6
    ben.go("releases")
    assert all("Square picture of night-drive" in str(post.components) for post in posts)
    assert "Out today." in ben.sees()
    assert "Choose the bounce" not in ben.sees()


async def test_a_release_of_a_loop_takes_its_newest_bounce(product: Product, ada: Actor) -> None:
    await ada.slash("/loop new", name="Night Drive")
    await ada.slash(
        "/release new",
        title="Night Drive",
        date=_friday(product, 70).isoformat(),
        preset="single_8w",
        role="manager",
        loop="Night Drive",
    )
    await ada.fill()
    await ada.until_sees("Night Drive is planned")
    (view,) = await product.services.releases.all(ada.id)
    assert view.plan.loop.role == "manager"
    assert view.release.bounce_id is None, "there is no bounce of that loop yet"


async def test_a_plan_comes_as_a_calendar_and_as_a_list_and_presets_tell_their_facts(
    product: Product, ada: Actor
) -> None:
    day = _friday(product, 70)
    await _plan(ada, day)
    await ada.slash("/release calendar", release="Night Drive")
    assert f"release-{day.isoformat()}.ics" in ada.sees()
    await ada.press("With reminders")
    assert "calendar file of Night Drive" in ada.sees()
    await ada.slash("/release show", release="Night Drive")
    await ada.press("More")
    await ada.choose("What else?", "All tasks as a list")
    plan = ada.files()["tasks.md"].decode()
    assert plan.count("- [ ]") == 27
    assert "Submit the Spotify editorial pitch (last day" in plan
    await ada.slash("/release presets")
    assert "Album and vinyl, 20 weeks" in ada.sees()
    await ada.slash("/release presets", preset="single_8w")
    assert "Spotify for Artists; not checked yet, please check" in ada.sees()
