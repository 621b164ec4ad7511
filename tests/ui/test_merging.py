"""Two forms of one clip with random edits: different fields both stand, of the same one the later, both told right."""

import asyncio
from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory
from types import SimpleNamespace
from typing import Any
from zoneinfo import ZoneInfo

from hypothesis import given, settings
from hypothesis import strategies as st

from bot.actors import Actor
from bot.clock import FixedClock
from bot.loops.area import LoopArea, Neighbours, open_loops
from bot.loops.clips import ClipFields
from bot.loops.service import LoopFields
from bot.loops.shown import clip_form_of
from bot.merging import plain_value
from bot.say.words import read_catalogue
from bot.ui.inputs import Changed, FormValues
from bot.undo import ChangeService
from cogs.loops.clips import changes_of, clip_form
from storage.engine import open_engines
from storage.unit import Database
from tests.databases import empty_sqlite
from tests.moments import present

STUDIO = 9001
ADA, BEN = Actor.user(1001, "Ada"), Actor.user(1002, "Ben")
WORDS = read_catalogue().words("en")

texts = st.sampled_from(["Mix pass", "Mix two", " Mix  pass ", "Teaser", "x" * 80])
edits = st.fixed_dictionaries(
    {},
    optional={
        "name": texts,
        "lane": st.sampled_from(["creative", "action", "refine"]),
        "start": st.sampled_from(["0", "3", "3.0", "3.333", "7.5"]),
        "length": st.sampled_from(["4", "2", "0.5"]),
        "notes": st.sampled_from(["", "Louder", "Louder\r\nand wider", "Louder\nand wider"]),
    },
)


class London:
    async def zone(self, user_id: int, guild_id: int | None = None) -> ZoneInfo:
        return ZoneInfo("Europe/London")


@settings(max_examples=40)
@given(first=edits, second=edits, notes=st.sampled_from(["", "Louder"]))
def test_random_edits_of_two_forms(first: dict[str, str], second: dict[str, str], notes: str) -> None:
    with TemporaryDirectory() as folder:
        asyncio.run(_play(Path(folder), first, second, notes))


async def _play(folder: Path, first: dict[str, str], second: dict[str, str], notes: str) -> None:
    clock = FixedClock(present())
    engines = open_engines(empty_sqlite(folder / "studio.db"))
    database = Database(engines, clock)
    try:
        area = open_loops(database, clock, Neighbours(London()))
        loop = (await area.loops.create(ADA, STUDIO, LoopFields(name="Low Tide"))).loop
        made = await area.clips.add(ADA, STUDIO, loop.id, ClipFields("Mix pass", start="3", length="2", notes=notes))
        assert made.clip is not None
        form = clip_form(loop, made.clip, WORDS)
        stood = {part.name: str(part.value or "") for part in form.fields}

        clock.advance(seconds=30)
        changed_at = clock.now()
        await _send(area, BEN, made.clip.id, stood, first, form.shown)
        between = await _stands(area, made.clip.id)
        clock.advance(seconds=30)
        edited = await _send(area, ADA, made.clip.id, stood, second, form.shown)
        after = await _stands(area, made.clip.id)

        by_ben = {name for name in between if between[name] != form.shown[name]}
        for name, stands in after.items():
            sent = name in second and plain_value(second[name]) != form.shown[name]
            assert sent or stands == between[name], f"{name} was not touched by Ada"
        service = ChangeService(database)
        found = await service.overtaken(STUDIO, edited.group_id, made.clip.id, form.shown, clip_form_of(loop))
        told = {one.field: one for one in found}
        assert set(told) == {name for name in by_ben if after[name] != between[name]}
        for one in told.values():
            assert (one.who, one.when) == ("Ben", changed_at)
    finally:
        await database.close()


async def _send(
    area: LoopArea, who: Actor, clip_id: str, stood: Mapping[str, str], typed: dict[str, str], shown: Mapping[str, str]
) -> Any:
    """Send a form of which some fields were typed anew, as Discord does: all of it."""
    submit: Any = SimpleNamespace(changed=Changed(FormValues({**stood, **typed}), shown))
    return await area.clips.edit(who, STUDIO, clip_id, changes_of(submit))


async def _stands(area: LoopArea, clip_id: str) -> Mapping[str, str]:
    loop, clip = await area.clips.get(STUDIO, clip_id)
    return clip_form(loop, clip, WORDS).shown
