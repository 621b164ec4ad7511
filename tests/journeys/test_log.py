"""Nothing that a person wrote stands in the log, at any level and from any library."""

import io
import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr
from sqlalchemy import insert
from sqlalchemy.exc import IntegrityError

from bot.actors import Actor
from bot.clock import FixedClock
from bot.log import set_up_logging
from bot.studio.service import Standing
from storage.tables.studio import FactRow
from tests.ai.messages_api import API_KEY, Fault, MessagesApi
from tests.bounces.signals import music, save
from tests.product import Product, running
from tests.wire.kit import Upload

MARK = "zanzibar"
"""Stands in everything that is typed here."""


@pytest.fixture
def written() -> Iterator[io.StringIO]:
    """What the process logs at DEBUG, from the first line on."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    out = io.StringIO()
    set_up_logging(json=True, level="DEBUG", stream=out)
    yield out
    root.handlers[:] = before
    root.setLevel(level)
    for name in ("bot", "cogs", "storage"):
        logging.getLogger(name).setLevel(logging.NOTSET)


async def test_no_word_of_anybody_is_logged_at_debug(
    database_url: str, tmp_path: Path, clock: FixedClock, written: io.StringIO
) -> None:
    async with MessagesApi() as api:
        api.otherwise(lambda call: {"clips": [], "fixes": [f"You could finish {MARK} first."], "summary": MARK})
        values: dict[str, Any] = {"anthropic_api_key": SecretStr(API_KEY), "anthropic_base_url": api.base_url}
        async with running(tmp_path / "data", clock, database_url=database_url, **values) as product:
            await busy(product, api, tmp_path)
        assert api.calls, "the AI was asked"
        assert MARK in api.calls[-1].user
    lines = written.getvalue()
    assert '"logger": "bot.engine"' in lines, "it was at DEBUG"
    found = [line[:400] for line in lines.splitlines() if MARK in line.casefold()]
    assert found == []


async def busy(product: Product, api: MessagesApi, tmp_path: Path) -> None:
    """Do something of everything, with the mark in it; some of it goes wrong."""
    ada, ben = product.person("Ada"), product.person("Ben")
    guild = next(iter(product.server.world.guilds))
    doer = Actor.user(ada.id, "Ada")
    await product.services.studio.save_person(doer, ada.id, ai_consent=True)
    await product.services.studio.save_guild(
        doer, Standing(ada.id, guild, can_manage_server=True), guild, ai_allowed=True
    )
    await ada.slash("/loop new", name=f"Loop {MARK}")
    await ada.slash("/loop clip")
    await ada.fill(name=f"Clip {MARK}", lane="creative", start="0", length="4", notes=f"Notes {MARK}")
    await ada.slash("/loop suggest")
    await ada.slash("/loop summary")
    api.always_fail(Fault.REJECTED)
    await ada.slash("/loop summary")
    file = save(tmp_path / f"{MARK} v1.wav", music(3), 44100)
    await ada.slash("/bounce new", file=Upload(file.name, file.read_bytes()))
    await ada.until_sees(f"{MARK} v1")
    await ada.slash("/release new", title=f"Song {MARK}", date=f"some {MARK} day", preset="single_8w")
    await ada.slash("/studio me")
    await ada.press("Zone and hours")
    await ada.fill(zone=f"City {MARK}", start="21:00", end="09:00")
    ada.form = None
    await ben.slash("/loop new", name=f"Ben {MARK}")
    await product.work()
    # What a database refuses is quoted by its driver.
    with pytest.raises(IntegrityError, match="hidden"):
        await refused(product)


async def refused(product: Product) -> None:
    try:
        async with product.services.database.system_write("fact") as unit:
            for _ in range(2):
                await unit.session.execute(insert(FactRow).values(key=MARK, value=MARK, updated_at=unit.now))
    except IntegrityError:
        logging.getLogger("bot.engine").exception("refused")
        raise
