"""The options that are loops and clips, by autocomplete."""

from collections.abc import Mapping

from bot.actors import OwnerId
from bot.loops.area import LoopArea
from bot.loops.model import Loop
from bot.loops.service import LoopLine
from bot.loops.wording import when_text
from bot.say.card import Option, join
from bot.ui.base import Turn
from bot.ui.commands import Entity


class LoopOption(Entity):
    """The person's loops, by autocomplete."""

    thing, list_command, opens, area = "loop", "/loop list", ("loop", "show"), "loop"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.loops.loops.owner_of(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        area: LoopArea = turn.services.loops
        studio = await turn.studio("loop")
        found = await area.loops.search(turn.person, typed, studio=studio)
        clients = await turn.services.clients.names(studio) if studio is not None else {}
        return [Option(_label(line, turn, clients), line.loop.id) for line in found]


class ClipOption(Entity):
    """The clips of the person's open loops, those of the active one first."""

    thing, list_command, opens, area = "clip", "/loop show", ("loop", "clip-open"), "loop"

    async def owner_of(self, turn: Turn, thing_id: str) -> OwnerId | None:
        return await turn.services.loops.loops.owner_of_clip(thing_id)

    async def suggest(self, turn: Turn, typed: str) -> list[Option]:
        area: LoopArea = turn.services.loops
        studio = await turn.studio("loop")
        found = await area.loops.search_clips(turn.actor, turn.person, typed, studio=studio)
        clients = await turn.services.clients.names(studio) if studio is not None else {}
        words = turn.words
        return [
            Option(
                join(
                    " · ",
                    [
                        clip.name,
                        words("loop.clip.state_done") if clip.is_done else words(f"loop.lane.{clip.lane.value}"),
                        when_text(loop, clip.start_milli, words),
                        loop.name,
                        *_client(loop, clients),
                    ],
                ),
                clip.id,
            )
            for loop, clip in found
        ]


def _client(loop: Loop, clients: Mapping[str, str]) -> list[str]:
    """Return the client's name for the end of a label: two clients may have plans of one name."""
    name = clients.get(loop.client_id or "")
    return [name] if name else []


def _label(line: LoopLine, turn: Turn, clients: Mapping[str, str]) -> str:
    days = max(0, (turn.now - line.loop.updated_at).days)
    word = "archived" if line.loop.archived_at else line.momentum.label.value
    age = turn.words("loop.lists.age", days=days)
    return join(" · ", [line.loop.name, turn.words(f"loop.state.{word}"), age, *_client(line.loop, clients)])
