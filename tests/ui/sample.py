"""A small cog that uses everything of the interface layer once."""

import asyncio
import threading
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from discord import app_commands

from bot.actors import Actor
from bot.errors import NotFound, Refused
from bot.say.card import Button, Card, Line, Option, OutFile, Picture, Section, Select, SelectKind, Style, note
from bot.say.words import Words
from bot.ui import confirm, progress
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import Entity, MayRun, Seen, StudioCog, group, verb
from bot.ui.common import text_button
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from bot.ui.pager import Page, Pager
from bot.ui.works import Work

LOOP = "0" * 31 + "1"


@dataclass
class Loops:
    """The service of the sample: one loop, owned by whoever asks first."""

    name: str = "Night Drive"
    done: int = 0
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    blocking: threading.Event = field(default_factory=threading.Event)
    free: threading.Event = field(default_factory=threading.Event)

    async def card(self, loop_id: str) -> "Loops":
        if loop_id != LOOP:
            raise NotFound("loop", "/loop list")
        return self


class NothingPosted:
    """The frame asks what a card shows before it takes it away: here no card is followed."""

    async def by_message(self, _message_id: int) -> None:
        return None

    async def look_again(self, _message_id: int) -> None:
        return None

    async def taken_away(self, _actor: Actor, _message_id: int) -> None:
        return None


@dataclass
class Services:
    loops: Loops = field(default_factory=Loops)
    posted: NothingPosted = field(default_factory=NothingPosted)


def served(turn: Turn | StudioCog) -> Services:
    """Return the services of the sample: the frame knows those of the product only."""
    return cast("Services", turn.services)


class LoopOption(Entity):
    thing, list_command, opens = "loop", "/loop list", ("loop", "show")

    async def suggest(self, turn: Turn, typed: str) -> Sequence[Option]:
        if typed == "boom":
            raise RuntimeError("the database is away")
        name = served(turn).loops.name
        return [Option(f"{name} · strong", LOOP)] if typed.casefold() in name.casefold() else []


def loop_card(loop: Loops, owner: int) -> Card:
    done = Button("loop", "done", "Done", id=LOOP, style=Style.PRIMARY, owner=owner)
    edit = Button("loop", "edit", "Edit", id=LOOP, owner=owner)
    picture = Picture("timeline.png", b"\x89PNG\r\n\x1a\n", "Timeline of Night Drive")
    return Card(loop.name, lead=f"{loop.done} done", media=[picture], rows=[[done, edit]])


@group("loop", where="SDU")
class SampleCog(StudioCog):
    @verb("show")
    async def show(self, interaction: Interaction, loop: app_commands.Transform[str, LoopOption] | None = None) -> None:
        turn = Turn.of(interaction)
        await turn.reply(loop_card(await served(self).loops.card(loop or LOOP), turn.person))

    @verb("summary", seen=Seen.PUBLIC)
    async def summary(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(loop_card(served(self).loops, turn.person))

    @verb("slow")
    async def slow(self, interaction: Interaction) -> None:
        await served(self).loops.gate.wait()
        await Turn.of(interaction).reply(note("Here it is."))

    @verb("wreck", seen=Seen.PUBLIC)
    async def wreck(self, interaction: Interaction) -> None:
        raise ValueError("select * from loops")

    @verb("home", where="S")
    async def home(self, interaction: Interaction) -> None:
        await Turn.of(interaction).reply(note("In a server."))

    @verb("host", who=MayRun.OPERATOR)
    async def host(self, interaction: Interaction) -> None:
        await Turn.of(interaction).reply(note("For the operator."))

    @verb("list")
    async def pages(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(await numbers.show(turn), ephemeral=False)

    @verb("delete")
    async def delete(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        yes = Button("loop", "gone", "Delete Night Drive and 8 clips", id=LOOP)
        await confirm.ask(turn, "Delete?", "It goes to the bin for 30 days.", yes)

    @verb("work")
    async def work(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)

        async def job(work: Work) -> Card:
            work.step("Reading audio (2 of 4)")
            await served(self).loops.gate.wait()
            return note("All measured.", [])

        await progress.run(turn, "measure", job, retry=Button("loop", "again", "Try again", id=LOOP))

    @verb("sound")
    async def sound(self, interaction: Interaction) -> None:
        await Turn.of(interaction).reply(note("Listen:"), files=[OutFile("mix.mp3", b"ID3")])

    @verb("share")
    async def share(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        await turn.reply(note("Only you see this."))
        await turn.post(loop_card(served(self).loops, turn.person))

    @verb("parts")
    async def parts(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        beside = Line("Mix pass", Button("loop", "chose", "Take it", id="line"))
        people = Select("loop", "chose", "Who?", id="who", kind=SelectKind.USER)
        picture = Picture("wave.png", b"\x89PNG\r\n\x1a\n", "Waveform, loudest near 2:05")
        rows = [people, [text_button(turn.words)]]
        await turn.reply(Card("Parts", media=[picture], sections=[Section("Clips", [beside])], rows=rows))

    @verb("blocked")
    async def blocked(self, interaction: Interaction) -> None:
        loops = served(self).loops
        loops.blocking.set()
        # What must not happen, to see it noticed: the loop stands still until somebody on another thread lets go.
        loops.free.wait(60)
        await Turn.of(interaction).reply(note("Too late."))


async def _count(_turn: Turn, _filter: str) -> int:
    return 60


async def _rows(_turn: Turn, _filter: str, offset: int, limit: int) -> Sequence[int]:
    return range(offset, offset + limit)


def _card(page: Page[int], _words: Words) -> Card:
    lines = [Line(f"Row {row}") for row in page.rows]
    return Card("Numbers", sections=[Section(None, lines)])


def _empty(_filter: str, _words: Words) -> Card:
    return note("Nothing yet.")


numbers: Pager[int] = Pager("loop", "numbers", _count, _rows, _card, _empty)


@control("loop", "done", who=Who.OWNER)
async def done(press: Press) -> None:
    async with press.hold(f"loop:{press.id}"):
        served(press).loops.done += 1
        await press.update(loop_card(await served(press).loops.card(press.id), press.person))


@control("loop", "chose", who=Who.ANYONE)
async def chose(press: Press) -> None:
    await press.reply(note(f"Took {press.id} {press.values}"))


@control("loop", "gone", who=Who.OWNER)
async def gone(press: Press) -> None:
    await press.update(note("Gone."))


@control("loop", "edit", who=Who.OWNER, opens_form=True)
async def edit(press: Press) -> None:
    name = Field("name", "Name", "At most 60 characters", value=served(press).loops.name, max_length=60)
    pace = Field(
        "pace", "Pace", kind=FieldKind.RADIO, value="calm", options=[Option("Calm", "calm"), Option("Fast", "fast")]
    )
    await press.open(Form("loop", "save", "Edit", [name, pace], id=press.id))


@form("loop", "save", who=Who.OWNER)
async def save(submit: Submit) -> None:
    name = submit.values.text("name")
    if name == "Taken":
        raise Refused("name_differs", typed=name, name="free")
    served(submit).loops.name = f"{name} ({submit.values.choice('pace')})"
    await submit.update(loop_card(served(submit).loops, submit.person))


async def setup(bot: Any) -> None:
    await bot.add_cog(SampleCog(bot))
