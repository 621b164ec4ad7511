"""What missions may do with releases, phases and digests: said before, done by the same methods, undone."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from bot.actors import Actor
from bot.clock import FixedClock
from bot.digest.service import DigestService
from bot.digest.tools import DigestTools
from bot.errors import NotFound
from bot.loops.dated import DatedLoops
from bot.missions.model import MissionId, Policy
from bot.missions.tools import Catalogue as Tools
from bot.missions.tools import Scene
from bot.phases.model import Phase
from bot.phases.service import NoFacts, PhaseService
from bot.phases.tools import PhaseTools
from bot.releases.service import ReleaseDraft, ReleaseService
from bot.releases.tools import ReleaseTools
from storage.unit import Database
from tests.digest.people import Quiet
from tests.releases.catalogue import Catalogue
from tests.releases.test_service import FACTS, PRESETS, London

ADA = 7001
AI = Actor.ai("m1", 1, 1, "because")


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
async def test_every_tool_says_what_it_would_do_and_does_it(database: Database, clock: FixedClock) -> None:
    releases = ReleaseService(database, clock, PRESETS, FACTS, London(), London(), Catalogue(), DatedLoops())
    phases = PhaseService(database, clock, NoFacts())
    digests = DigestService(database, clock, Quiet(), [])
    tools = Tools()
    ReleaseTools(releases).add_to(tools)
    PhaseTools(phases).add_to(tools)
    DigestTools(digests).add_to(tools)
    assert tools.names == ("release.add_task", "release.move_date", "phase.offer_transition", "digest.add_note")
    scene = Scene(ADA, MissionId("m1"), clock.now())
    day = clock.now().astimezone(ZoneInfo("Europe/London")).date() + timedelta(days=70)
    made = await releases.create(Actor.user(ADA, "Ada"), ADA, ReleaseDraft("Night Drive", day, "single_8w"))
    words = Catalogue()
    given: dict[str, dict[str, object]] = {
        "release.add_task": {
            "release_id": made.view.release.id, "title": "Play it live", "lane": "promo", "day": day.isoformat(),
        },
        "release.move_date": {
            "release_id": made.view.release.id, "day": (day + timedelta(days=7)).isoformat(),
        },
        "phase.offer_transition": {"to": "builder"},
        "digest.add_note": {"text": "The hook is the strongest part."},
    }  # fmt: skip
    for tool in tools:
        params = tool.params.model_validate(given[tool.name])
        preview = await tool.preview(scene, params)
        for line in (preview.title, *preview.before, *preview.after):
            assert words(line.key, **line.parts)
        await tool.execute(scene, params, AI)
    view = await releases.show(ADA, made.view.release.id)
    assert view.release.anchor_date == day + timedelta(days=7)
    assert any(task.clip.name == "Play it live" for task in view.tasks)
    assert await phases.phase(ADA) is Phase.BUILDER
    assert tools.get("digest.add_note").default is Policy.AUTO
    stranger = Scene(7002, MissionId("m1"), clock.now())
    move = tools.get("release.move_date")
    with pytest.raises(NotFound):
        await move.preview(stranger, move.params.model_validate(given["release.move_date"]))
