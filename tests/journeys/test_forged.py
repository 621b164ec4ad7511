"""Ids that are made up: what Ada's cards carry is pressed by Ben, as it is, with his mark, and with none."""

import json
import re
from collections.abc import Mapping
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
    assert await told_to(product, ben, hers, SECRET) == []
    assert await rows_of(product.services.database, ada.id) == before


async def told_to(
    product: Product, thief: Actor, controls: Mapping[str, tuple[Message, dict[str, Any]]], secret: str
) -> list[str]:
    """Press what somebody else's cards carry, as it is, with the thief's own mark and with none; return what leaked."""
    core = product.server.core
    told: list[str] = []
    for custom_id, (message, part) in controls.items():
        for forged in {
            custom_id,
            re.sub(r"~[0-9a-z]+", f"~{base36(thief.id)}", custom_id),
            re.sub(r"~[0-9a-z]+\.?", "", custom_id),
        }:
            seen = {one.id for one in thief.person.sees()}
            body = {"component_type": part["type"], "custom_id": forged, "id": part["id"]}
            if part["type"] == 3:
                body["values"] = [part["options"][0]["value"]]
            elif part["type"] != 2:
                body["values"] = []
            place = core.world.channels[message.channel_id]
            sent = core.interactions.start(InteractionType.COMPONENT, thief.id, place, body, message_id=message.id)
            busy = (InteractionState.WAITING, InteractionState.THINKING)
            await product.server.until(lambda sent=sent: sent.state not in busy, 30)
            answers = [read_message(core, one) for one in thief.person.sees() if one.id not in seen]
            words = "\n".join(answers) + (json.dumps(sent.modal) if sent.modal else "")
            if secret in words:
                told.append(f"{forged}: {words}")
    return told
