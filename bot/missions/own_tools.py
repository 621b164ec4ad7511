"""Tools of missions themselves: keep a note for the next runs, write a message into the mission's own channel."""

from bot.actors import Actor
from bot.missions.desk import post, the_mission
from bot.missions.model import Line, Policy, Preview
from bot.missions.tools import Catalogue, Params, Prose, Scene, Tool
from storage.repositories.missions import MissionRepository
from storage.unit import Database

MESSAGE_CARD = "mission.message"


class NoteParams(Params):
    """A line to keep."""

    text: Prose


class MessageParams(Params):
    """A message to post."""

    text: Prose


class OwnTools:
    """Adds `mission.note` and `post.message` to a catalogue."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(
            Tool(
                "mission.note",
                "keep a short note for the next runs of this mission",
                NoteParams,
                self._preview_note,
                self._note,
                default=Policy.AUTO,
            )
        )
        catalogue.add(
            Tool(
                "post.message",
                "write a short message into the mission's own channel",
                MessageParams,
                self._preview_message,
                self._message,
                reversible=False,
            )
        )

    async def _preview_note(self, scene: Scene, params: NoteParams) -> Preview:
        return _preview("note", params.text)

    async def _note(self, scene: Scene, params: NoteParams, actor: Actor) -> None:
        async with self._database.write(actor, scene.owner, "mission.note") as unit:
            await the_mission(unit, scene.mission_id)
            await unit.repo(MissionRepository).add_note(scene.mission_id, params.text)

    async def _preview_message(self, scene: Scene, params: MessageParams) -> Preview:
        return _preview("message", params.text)

    async def _message(self, scene: Scene, params: MessageParams, actor: Actor) -> None:
        async with self._database.write(actor, scene.owner, "mission.message") as unit:
            mission = await the_mission(unit, scene.mission_id)
            payload = {"mission": mission.id, "text": params.text}
            await unit.deliver(post(mission, MESSAGE_CARD, f"mission.message:{unit.group_id}", payload))


def _preview(name: str, text: str) -> Preview:
    return Preview(Line(f"mission.tool.{name}.title", {}), after=(Line("mission.tool.text", {"text": text}),))
