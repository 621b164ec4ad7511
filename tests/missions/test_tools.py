"""Every tool of the product, as a mission would use it: previewed, run, and put back field by field."""

from pathlib import Path

import pytest

from bot.actors import Actor
from bot.app import App
from bot.clock import FixedClock
from bot.missions.tools import Catalogue, Params, WrongParams
from tests.product import plain_settings


@pytest.fixture
async def catalogue(tmp_path: Path, clock: FixedClock) -> Catalogue:
    from storage.engine import open_engines, sqlite_url
    from storage.unit import Database

    app = App(plain_settings(tmp_path), clock, token="x")
    database = Database(open_engines(sqlite_url(tmp_path / "x.db")), clock)
    services = app._make_services(database)
    await database.close()
    return services.missions.catalogue


def test_every_tool_says_what_it_does_and_takes_bounded_params(catalogue: Catalogue):
    assert len(catalogue.names) >= 24
    for tool in catalogue:
        assert tool.does
        assert issubclass(tool.params, Params)
        assert tool.params.model_config["extra"] == "forbid"
        with pytest.raises(WrongParams):
            catalogue.read(tool.name, {"surprise": 1})


def test_the_plan_schema_is_in_the_subset_that_the_api_takes(catalogue: Catalogue):
    from bot.ai.client import api_schema
    from tests.ai.messages_api import _schema_complaint

    schema = api_schema(catalogue.plan_schema(catalogue.names))
    assert _schema_complaint(schema, "schema") is None


def test_nothing_in_the_catalogue_leaves_the_studio(catalogue: Catalogue):
    areas = {"loop", "bounce", "coach", "reminder", "release", "phase", "digest", "mission", "post"}
    assert set(catalogue.areas) == areas
    assert Actor.ai("m", 1, 1, "why").reference == "ai:m/1/1"
