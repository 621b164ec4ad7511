"""Every tool of the product, as a planner sees it: bounded params, asked for, taken back."""

from pathlib import Path

import pytest
from pydantic import ValidationError

from bot.app.app import App
from bot.clock import FixedClock
from bot.missions.model import Policy
from bot.missions.tools import Catalogue, WrongParams
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


def test_every_tool_refuses_a_field_that_it_does_not_have(catalogue: Catalogue):
    for tool in catalogue:
        with pytest.raises(WrongParams):
            catalogue.read(tool.name, {"surprise": 1})
        with pytest.raises(ValidationError) as told:
            tool.params.model_validate({"surprise": 1})
        kinds = {error["loc"]: error["type"] for error in told.value.errors()}
        assert kinds[("surprise",)] == "extra_forbidden", tool.name


def _unbounded(node: object, path: str) -> list[str]:
    """Return where a JSON schema takes a text or a list of any length."""
    if isinstance(node, list):
        return [found for number, item in enumerate(node) for found in _unbounded(item, f"{path}.{number}")]
    if not isinstance(node, dict):
        return []
    bounds = {"string": {"maxLength", "pattern", "enum", "const", "format"}, "array": {"maxItems"}}
    free = node.get("type") in bounds and not bounds[node["type"]] & set(node)
    return [path] * free + [found for key, item in node.items() for found in _unbounded(item, f"{path}.{key}")]


def test_no_tool_takes_a_text_of_any_length(catalogue: Catalogue):
    assert [found for tool in catalogue for found in _unbounded(tool.params.model_json_schema(), tool.name)] == []


def test_only_notes_run_unasked_and_only_a_message_cannot_be_taken_back(catalogue: Catalogue):
    """What a person who set no policy agreed to: to be asked, and to be able to undo."""
    assert [tool.name for tool in catalogue if tool.default is not Policy.PROPOSE] == [
        "digest.add_note",
        "mission.note",
    ]
    assert [tool.name for tool in catalogue if not tool.reversible] == ["post.message"]


def test_the_plan_schema_is_in_the_subset_that_the_api_takes(catalogue: Catalogue):
    from bot.ai.client import api_schema
    from tests.ai.messages_api import _schema_complaint

    schema = api_schema(catalogue.plan_schema(catalogue.names))
    assert _schema_complaint(schema, "schema") is None
