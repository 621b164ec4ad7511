"""Two people on one thing of the studio at once: forms merge, and nobody's change is lost in silence."""

from dataclasses import replace
from typing import Any

import pytest

from bot.actors import Actor as Who
from bot.missions.service import draft_of
from tests.product import Product
from tests.wire.kit import Actor


@pytest.fixture
def ada(product: Product) -> Actor:
    """The owner of the server, who leads it."""
    return product.person("Ada").go("#general")


@pytest.fixture
async def ben(product: Product, ada: Actor) -> Actor:
    """A member; the loop Low Tide of the studio has the clip Mix pass in it."""
    await ada.slash("/loop new", name="Low Tide", for_="studio", start="2026-06-01", end="2026-06-29")
    await ada.press("Add clip")
    await ada.fill(name="Mix pass", start="3", length="2")
    return product.person("Ben").go("#general")


async def _both(ada: Actor, ben: Actor, command: str, **options: Any) -> None:
    """Let both open the same form."""
    for person in (ada, ben):
        await person.slash(command, **options)


async def test_different_fields_of_one_form_both_win(ada: Actor, ben: Actor) -> None:
    await _both(ada, ben, "/loop clip", clip="Mix pass")
    await ben.fill(start="4")
    await ada.fill(name="Mix two")
    assert "Changed Mix two" in ada.sees()
    assert "Ben" not in ada.sees(), "nothing of his was set again"
    await ben.slash("/loop clip", clip="Mix two")
    assert "Start (start): 4" in ben.sees()


async def test_the_later_one_wins_and_is_told_whose_it_was(product: Product, ada: Actor, ben: Actor) -> None:
    await _both(ada, ben, "/loop clip", clip="Mix pass")
    await ben.fill(start="4", length="1", notes="Louder")
    set_at = round(product.clock.now().timestamp())
    product.clock.advance(minutes=1)
    await ada.fill(start="5", length="1", notes="Softer")
    told = ada.sees()
    assert (
        f"Ben set *Mix pass*’s start to Fri 5 June <t:{set_at}:R>; it is Sat 6 June now. "
        "**Undo** brings Fri 5 June back." in told
    )
    assert "Ben changed *Mix pass*’s notes" in told
    assert "*Mix pass*’s length" not in told, "they said the same"

    await ada.press("Undo")
    await ada.slash("/loop clip", clip="Mix pass")
    assert "Start (start): 4" in ada.sees()
    assert "Louder" in ada.sees()


async def test_a_field_that_was_emptied_is_named_as_that(ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop clip", clip="Mix pass")
    await ada.fill(notes="Louder")
    await _both(ada, ben, "/loop clip", clip="Mix pass")
    await ben.fill(notes="")
    await ada.fill(notes="Softer")
    assert "Ben changed" not in ada.sees()
    assert "Ben emptied *Mix pass*’s notes" in ada.sees()


async def test_one_s_own_change_from_another_window_is_no_news(ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop clip", clip="Mix pass")
    opened = ada.form
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("More")
    await ada.choose("What would you like to do?", "Change a clip")
    await ada.choose("Which clip?", "Mix pass")
    await ada.choose("Move", "+7 days")
    ada.form = opened
    await ada.fill(start="5")
    assert "Ada set" not in ada.sees()


async def test_what_was_typed_again_after_a_refusal_is_held_against_what_stood_there_first(
    ada: Actor, ben: Actor
) -> None:
    await _both(ada, ben, "/loop clip", clip="Mix pass")
    await ada.fill(name="Mix two", length="none")
    await ben.fill(length="3")
    await ada.press("Edit again")
    await ada.fill(length="4")
    assert "Ben set *Mix two*’s length to 3 days" in ada.sees()
    await ben.slash("/loop show", loop="Low Tide")
    assert "Mix two" in ben.sees(), "the name was typed before it was refused"


async def test_days_of_a_loop_merge_like_everything_else(ada: Actor, ben: Actor) -> None:
    await _both(ada, ben, "/loop edit", loop="Low Tide")
    await ben.fill(end="2026-07-06")
    await ada.fill(start="2026-06-08", name="High Tide")
    assert "Ben set" not in ada.sees()
    await _both(ada, ben, "/loop edit", loop="High Tide")
    for stands in ("2026-06-08", "2026-07-06"):
        assert stands in ada.sees()
    await ben.fill(end="2026-07-13", pace="intensive")
    await ada.fill(end="2026-07-20", pace="relaxed")
    assert "Ben set *High Tide*’s end to Mon 13 Jul" in ada.sees()
    assert "it is Mon 20 Jul now" in ada.sees()
    assert "Ben set *High Tide*’s pace to" in ada.sees()


async def test_what_was_not_touched_is_not_rounded(product: Product, ada: Actor) -> None:
    await ada.slash("/loop new", name="Diary")
    loops = product.services.loops.loops
    loop_id = (await loops.lines(ada.id))[0].loop.id
    for filled in ({"bpm": "100.12345"}, {"name": "Log"}):
        await ada.slash("/loop edit", loop="Diary")
        await ada.fill(filled)
    plan = await loops.plan(ada.id, loop_id)
    assert (plan.loop.name, plan.loop.bpm) == ("Log", 100.12345), "the form showed 100.123"


async def test_the_day_and_the_kind_of_a_deadline_are_two_things(ada: Actor, ben: Actor) -> None:
    for person in (ada, ben):
        await person.slash("/loop show", loop="Low Tide")
        await person.press("More")
        await person.choose("What would you like to do?", "Change a clip")
        await person.choose("Which clip?", "Mix pass")
    await ada.press("Set a deadline")
    await ada.fill(day="2026-06-12")
    await ada.press("Set a deadline")
    await ben.press("Set a deadline")
    await ben.fill(day="2026-06-15")
    await ada.fill(kind="hard")
    assert "Ben set" not in ada.sees()
    await ben.press("Set a deadline")
    await ada.press("Set a deadline")
    assert "2026-06-15" in ada.sees()
    await ben.fill(day="")
    await ada.fill(day="2026-06-16")
    assert "Ben emptied *Mix pass*’s deadline" in ada.sees()


async def test_two_leads_at_one_client(product: Product, ada: Actor) -> None:
    ben = product.person("Ben").go("#general")
    world = product.server.world
    guild = next(iter(world.guilds.values()))
    world.give_role(guild, ben.person.user, world.add_role(guild, "Leads", permissions=0x20))
    await ada.slash("/client new")
    await ada.fill(name="Ada Moon")
    await _both(ada, ben, "/client edit", client="Ada Moon")
    await ben.fill(zone="Europe/Berlin", role="manager")
    await ada.fill(name="Ada Sun", zone="Europe/Paris")
    assert "Ben set *Ada Sun*’s time zone to Europe/Berlin" in ada.sees()
    await ben.slash("/client show", client="Ada Sun")
    assert "Europe/Paris" in ben.sees()


async def test_a_mission_keeps_what_its_form_was_not_asked_to_change(product: Product, ada: Actor) -> None:
    await ada.slash("/mission new")
    await ada.fill(title="On time", objective="Keep it moving", cadence="daily 09:00")
    missions = product.services.missions.service
    ((mission, _),) = await missions.listed(ada.id)
    await ada.slash("/mission edit", mission="On time")
    robot = Who.ai("01", 1, 1, "It was asked to", name="Robot")
    changed = replace(draft_of(mission), cadence="daily 10:00", objective="Keep it calm")
    await missions.edit(robot, ada.id, mission.id, changed)
    await ada.fill(title="In time", objective="Keep it going")
    assert "Robot changed *In time*’s brief" in ada.sees()
    ((mission, _),) = await missions.listed(ada.id)
    assert (mission.title, mission.objective, mission.cadence) == ("In time", "Keep it going", "daily 10:00")


async def test_after_a_restart_a_form_says_all_it_holds(product: Product, ada: Actor, ben: Actor) -> None:
    await _both(ada, ben, "/loop clip", clip="Mix pass")
    await ben.fill(start="4")
    product.app.bot.edge.forms._forms.clear()
    await ada.fill(name="Mix two")
    assert "Changed Mix two" in ada.sees()
    await ben.slash("/loop clip", clip="Mix two")
    assert "Start (start): 3" in ben.sees(), "what was shown is not known any more, so all of it counts"


# ---------------------------------------------------------------------- presses that come too late


async def _clip_card(person: Actor, clip: str = "Mix pass") -> None:
    """Let somebody open the card of a clip, with its tools."""
    await person.slash("/loop show", loop="Low Tide")
    await person.press("More")
    await person.choose("What would you like to do?", "Change a clip")
    await person.choose("Which clip?", clip)


async def test_a_clip_that_was_finished_meanwhile(product: Product, ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await ben.slash("/loop done", clip="Mix pass")
    done_at = round(product.clock.now().timestamp())
    product.clock.advance(minutes=2)
    await ada.press("Done", on=ada.last())
    assert f"Mix pass was already done by Ben, <t:{done_at}:R>. Nothing was changed." in ada.sees()
    assert "### Mix pass · Done" in ada.sees(), "the card that was pressed shows it"
    assert "Open again" in ada.buttons() or "Reopen" in ada.buttons()


async def test_choosing_a_clip_that_was_finished_offers_what_is_left(ada: Actor, ben: Actor) -> None:
    for name in ("Teaser", "Artwork"):
        await ada.slash("/loop clip")
        await ada.fill(name=name)
    await ada.slash("/loop show", loop="Low Tide")
    await ada.press("Done")
    await ben.slash("/loop done", clip="Teaser")
    await ada.choose("Which one is finished?", "Teaser")
    shown = ada.sees().rsplit("\n\n", 1)[-1]
    assert "Teaser was already done by Ben" in shown
    assert "Artwork | " in shown or "| Artwork" in shown
    await ada.choose("Which one is finished?", "Artwork")
    assert "Finished Artwork" in ada.sees()


async def test_a_clip_that_was_removed_meanwhile(ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await _clip_card(ben)
    await ben.press("Remove")
    await ada.choose("Move", "+7 days")
    assert "Mix pass is no longer there: Ben removed it <t:" in ada.sees()
    assert "### Mix pass" not in ada.sees().split("Mix pass is no longer there")[1]
    assert "Mark ready" not in ada.buttons()


async def test_the_form_of_a_clip_that_was_removed_meanwhile(ada: Actor, ben: Actor) -> None:
    await _clip_card(ben)
    await ada.slash("/loop clip", clip="Mix pass")
    await ben.press("Remove")
    await ada.fill(start="5")
    assert "Mix pass is no longer there: Ben removed it" in ada.sees()


async def test_what_was_so_already_is_told_by_whom(ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await _clip_card(ben)
    await ben.press("Mark ready")
    await ada.press("Mark ready")
    assert "Ben did that already" in ada.sees()
    assert "Undo" not in ada.buttons(), "there is nothing of hers to undo"
    await ada.press("Not ready")
    await ben.choose("Lane", "Promo")
    await ada.choose("Lane", "Promo")
    assert ada.sees().count("Ben did that already") == 1, "the card is drawn anew with each press"


async def test_a_loop_that_was_deleted_or_put_away_meanwhile(product: Product, ada: Actor, ben: Actor) -> None:
    await ben.slash("/loop show", loop="Low Tide")
    await ada.slash("/loop archive", loop="Low Tide")
    await ben.press("Add clip")
    await ben.fill(name="Late")
    assert "Ada put this loop into the archive <t:" in ben.sees()
    assert "in the archive" in await ben.until_sees("· in the archive")
    await ada.slash("/loop delete", loop="Low Tide")
    await ada.fill(typed="Low Tide")
    await ben.press("Done")
    assert "Low Tide is in the bin: Ada put it there <t:" in ben.sees()
    assert "Add clip" not in ben.buttons(), "the panel is gone with its loop"


async def test_a_panel_from_before_finishes_nothing_that_it_did_not_show(
    product: Product, ada: Actor, ben: Actor
) -> None:
    await ada.slash("/loop show", loop="Low Tide")
    panel = ada.last()
    product.clock.advance(minutes=20)
    await ben.slash("/loop done", clip="Mix pass")
    await ben.slash("/loop switch", loop="Low Tide")
    await ben.slash("/loop clip")
    await ben.fill(name="Ben's take")
    await ada.press("Done", on=panel)
    assert "Finished" not in ada.sees(), "her panel showed another clip"
    assert "Which one is finished?" in ada.sees()
    await ada.until_sees("Ben's take")


async def test_the_last_clip_was_finished_by_somebody_else(ada: Actor, ben: Actor) -> None:
    await ada.slash("/loop next", loop="Low Tide")
    await ben.slash("/loop done", clip="Mix pass")
    await ada.press("Done")
    assert "Mix pass was already done by Ben" in ada.sees()


async def test_undo_says_who_went_on_with_it(product: Product, ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await ada.choose("Move", "+7 days")
    await _clip_card(ben)
    await ben.choose("Move", "+7 days")
    await ada.press("Undo")
    assert "Nothing was changed: Ben changed it <t:" in ada.sees()


async def test_what_was_given_and_finished_by_somebody_else(product: Product, ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await ada.press("Who does it")
    await ada.choose("Who does it?", ben.id)
    await ben.slash("/studio inbox")
    await ben.choose("Do something about one of them", "Mix pass")
    await ada.slash("/loop done", clip="Mix pass")
    await ben.press("Done")
    assert "Mix pass was already done by Ada" in ben.sees()
    assert "Not mine" not in ben.buttons(), "the card is gone with its thing"


async def test_what_was_taken_from_somebody_meanwhile(product: Product, ada: Actor, ben: Actor) -> None:
    await _clip_card(ada)
    await ada.press("Who does it")
    await ada.choose("Who does it?", ben.id)
    for _ in range(2):
        await ada.press("Who does it")
    await ben.slash("/studio inbox")
    await ben.choose("Do something about one of them", "Mix pass")
    older, newer = ada.person.sees()[-2:]
    take = "Take it from somebody"
    await ada.choose(take, "Ben", on=newer)
    await ada.choose(take, "Ben", on=older)
    await ada.until_sees("taken back or given to somebody else already", "Nobody was given this yet.")
    await ben.press("Not mine")
    assert "That is no longer yours: Ada took it back or gave it to somebody else, <t:" in ben.sees()


async def test_a_suggestion_that_was_decided_meanwhile(product: Product, ada: Actor, ben: Actor) -> None:
    for person in (ada, ben):
        await person.slash("/loop suggest", loop="Low Tide")
    await ben.choose("Take one away", "Teaser clip")
    await ada.choose("Take one away", "Teaser clip")
    await ada.until_sees("Ben decided that suggestion already, <t:")
    assert "Teaser clip" not in ada.sees(), "the card that was pressed offers what is left"
