"""Ids that are made up: what Ada's cards carry is pressed by Ben, as it is, with his mark, and with none.

What is her server's, by the owner of another server, who is not in hers.
"""

import json
import re
from collections.abc import Iterable
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import select

from bot.local.model import InteractionState, InteractionType, Message
from bot.local.parts import walk
from bot.local.people import Upload
from storage.base import Base
from storage.tables import load_all
from storage.unit import Database
from tests.bounces.signals import music, save
from tests.product import Product
from tests.wire.kit import Actor
from tests.wire.reading import read_message

SECRET = "Zyzzyva"
LOOKING = (
    "/loop list",
    "/loop show",
    "/loop next",
    "/loop exports",
    "/bounce list",
    "/mission list",
    "/coach goals",
    "/coach reminders",
    "/release list",
    "/digest edit",
    "/studio me",
    "/studio undo",
    "/studio privacy show",
)
NOT_HERS = {"slots", "deliveries", "changes", "coach_rule_counts", "facts", "people", "requests"}
"""Work and what is counted for nobody in particular; that Ben was here."""


async def rows_of(database: Database, owner: int) -> dict[str, list[str]]:
    """Return everything of somebody's, by table."""
    load_all()
    found: dict[str, list[str]] = {}
    async with database.system_read() as unit:
        for mapper in Base.registry.mappers:
            kind: Any = mapper.class_
            if hasattr(kind, "owner_id") and kind.__tablename__ not in NOT_HERS:
                rows = (await unit.session.execute(select(kind).where(kind.owner_id == owner))).scalars()
                found[kind.__tablename__] = sorted(
                    repr({c.key: getattr(row, c.key) for c in mapper.column_attrs}) for row in rows
                )
    return found


def controls(person: Actor) -> dict[str, tuple[Message, dict[str, Any]]]:
    """Return every control that somebody sees, one a kind."""
    found: dict[str, tuple[Message, dict[str, Any]]] = {}
    kinds: set[str] = set()
    for message in person.person.sees():
        for part in walk(message.components):
            custom_id = part.get("custom_id")
            kind = ":".join(str(custom_id).split(":")[1:3])
            if custom_id and kind not in kinds and not part.get("disabled"):
                kinds.add(kind)
                found[custom_id] = (message, part)
    return found


def base36(number: int) -> str:
    digits = ""
    while number:
        number, rest = divmod(number, 36)
        digits = "0123456789abcdefghijklmnopqrstuvwxyz"[rest] + digits
    return digits


async def test_made_up_ids_tell_nothing_and_change_nothing(product: Product, tmp_path: Path) -> None:
    ada, ben = product.person("Ada").go("#general"), product.person("Ben").go("#general")
    data = save(tmp_path / "a.wav", music(1.5, 22050), 22050, "PCM_16").read_bytes()
    await ada.slash("/loop new", name=f"{SECRET} loop")
    await ada.slash("/loop clip")
    await ada.fill(name=f"{SECRET} clip")
    await ada.slash("/bounce new", file=Upload(f"{SECRET}.wav", data))
    await ada.until_sees("LUFS")
    await ada.slash("/coach remind", when="tomorrow 10:00", text=f"{SECRET} reminder")
    for command in LOOKING:
        await ada.slash(command)
    hers = controls(ada)
    assert len(hers) > 20
    await ada.slash("/bounce delete", bounce=SECRET)
    await product.work()
    before = await rows_of(product.services.database, ada.id)
    marks = [base36(ben.id)]
    told = [await forge(product, ben, message, custom_id, part, marks) for custom_id, (message, part) in hers.items()]
    assert [one for some in told for one in some if SECRET in one] == []
    assert await rows_of(product.services.database, ada.id) == before


async def forge(
    product: Product, forger: Actor, message: Message, custom_id: str, part: dict[str, Any], marks: Iterable[str]
) -> list[str]:
    """Press a control on `message` as it is, with other owners' marks, and with none; return the answers."""
    core = product.server.core
    told: list[str] = []
    marked = {re.sub(r"~[0-9a-z]+", f"~{mark}", custom_id) for mark in marks}
    for forged in {custom_id, *marked, re.sub(r"~[0-9a-z]+\.?", "", custom_id)}:
        seen = {one.id for one in forger.person.sees()}
        body = {"component_type": part["type"], "custom_id": forged, "id": part["id"]}
        if part["type"] == 3:
            body["values"] = [part["options"][0]["value"]]
        elif part["type"] != 2:
            body["values"] = []
        place = core.world.channels[message.channel_id]
        sent = core.interactions.start(InteractionType.COMPONENT, forger.id, place, body, message_id=message.id)
        busy = (InteractionState.WAITING, InteractionState.THINKING)
        await product.server.until(lambda sent=sent: sent.state not in busy, 30)
        answers = [read_message(core, one) for one in forger.person.sees() if one.id not in seen]
        told.append(f"{forged}: " + "\n".join(answers) + (json.dumps(sent.modal) if sent.modal else ""))
    return told


async def test_what_is_a_servers_is_closed_to_the_lead_of_another(product: Product) -> None:
    ada = product.person("Ada").go("#general")
    day = product.clock.now().date() + timedelta(days=70)
    await ada.slash("/loop new", name=f"{SECRET} loop", for_="studio")
    await ada.slash("/loop clip")
    await ada.fill(name=f"{SECRET} clip")
    for title in (f"{SECRET} single", f"{SECRET} gone"):
        await ada.slash("/release new", title=title, date=day.isoformat(), preset="single_8w", for_="studio")
        await ada.fill()
        await ada.until_sees(f"{title} is planned")
    await ada.slash("/release delete", release=f"{SECRET} gone")
    await ada.press(f"Delete {SECRET} gone")
    await ada.slash("/release list", state="bin")
    await ada.slash("/loop list")
    await ada.slash("/loop show", loop=f"{SECRET} loop")
    await ada.press("More")
    await ada.slash("/release show", release=f"{SECRET} single")
    for label in ("Next tasks", "Calendar", "Post", "More"):
        await ada.press(label)
    await ada.slash("/release move", release=f"{SECRET} single", date=(day + timedelta(days=7)).isoformat())
    await ada.slash("/release delete", release=f"{SECRET} single")
    theirs = controls(ada)
    kinds = {":".join(custom_id.split(":")[1:3]) for custom_id in theirs}
    assert {"release:done", "release:other", "release:move", "release:delete", "release:restore", "loop:show"} <= kinds

    world = product.server.world
    cara = product.newcomer("Cara", member=False)
    label = world.add_guild("Cara's label", cara.person.user)
    world.add_text_channel(label, "label")
    await product.wait_for(lambda: product.app.bot.get_guild(label.id))
    cara.go(world.channel("label", label.id))
    card = await cara.slash("/studio about")
    assert card is not None
    studio = next(iter(world.guilds))
    await product.work()
    before = [await rows_of(product.services.database, owner) for owner in (studio, ada.id)]
    marks = [base36(cara.id), base36(label.id)]
    told = [await forge(product, cara, card, custom_id, part, marks) for custom_id, (_, part) in theirs.items()]
    answers = [one.partition(": ")[2] for some in told for one in some]
    assert [one for one in answers if SECRET in one or str(studio) in one] == []
    await product.work()
    assert [await rows_of(product.services.database, owner) for owner in (studio, ada.id)] == before


async def test_marks_that_nobody_made_are_answered_like_any_old_button(product: Product) -> None:
    ben, core = product.person("Ben").go("#general"), product.server.core
    await ben.slash("/studio about")
    card = ben.last()
    place = core.world.channels[card.channel_id]
    for custom_id in (f"v1:ui:dismiss:-:!{'z' * 21}", f"v1:ui:dismiss:-:~{'z' * 60}", "v1:ui:dismiss:-:!0!0", "v1", ""):
        for kind in (InteractionType.COMPONENT, InteractionType.MODAL_SUBMIT):
            body: dict[str, Any] = {"custom_id": custom_id, "components": []}
            if kind is InteractionType.COMPONENT:
                body = {"component_type": 2, "custom_id": custom_id, "id": 1}
            sent = core.interactions.start(kind, ben.id, place, body, message_id=card.id)
            await product.server.until(lambda sent=sent: sent.state is InteractionState.ANSWERED, 10)
            assert "nothing was changed" in read_message(core, ben.last())


async def test_a_choice_that_nobody_offered_is_answered_like_any_old_button(product: Product) -> None:
    """A changed client sends any value for a select or a form's choice."""
    ben, core = product.person("Ben").go("#general"), product.server.core
    await ben.slash("/coach start")
    await ben.press("Artist")
    await ben.slash("/digest edit")
    made_up = 0
    for message in ben.person.sees():
        place = core.world.channels[message.channel_id]
        for part in walk(message.components):
            if part["type"] != 3:
                continue
            for value in ("", "x" * 100, "-1", "99", "🎧"):
                body = {"component_type": 3, "custom_id": part["custom_id"], "id": part["id"], "values": [value]}
                sent = core.interactions.start(InteractionType.COMPONENT, ben.id, place, body, message_id=message.id)
                await product.server.until(lambda sent=sent: sent.state is InteractionState.ANSWERED, 10)
                assert "nothing was changed" in read_message(core, ben.last())
                made_up += 1
    assert made_up >= 10
