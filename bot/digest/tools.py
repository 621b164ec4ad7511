"""Digests for missions: a line for the next one."""

from bot.actors import Actor
from bot.digest.service import DigestService
from bot.missions.model import Line, Policy, Preview
from bot.missions.tools import Catalogue, Params, Prose, Scene, Tool


class AddNote(Params):
    """A line for the next weekly digest."""

    text: Prose


class DigestTools:
    """Adds `digest.add_note` to a catalogue."""

    def __init__(self, digests: DigestService) -> None:
        self._digests = digests

    def add_to(self, catalogue: Catalogue) -> None:
        catalogue.add(
            Tool(
                "digest.add_note",
                "add one line to the next weekly digest",
                AddNote,
                self._preview_note,
                self._note,
                default=Policy.AUTO,
            )
        )

    async def _preview_note(self, scene: Scene, params: AddNote) -> Preview:
        return Preview(
            Line("mission.tool.release.note"), after=(Line("mission.tool.release.line", {"text": params.text}),)
        )

    async def _note(self, scene: Scene, params: AddNote, actor: Actor) -> None:
        await self._digests.add_note(actor, scene.owner, actor.name, params.text)
