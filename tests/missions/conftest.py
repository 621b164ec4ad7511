"""The whole product's services without Discord: real areas, real tools, real storage."""

from pathlib import Path
from typing import Any

import pytest

from bot.app.app import App
from bot.clock import FixedClock
from storage.unit import Database
from tests.product import plain_settings


@pytest.fixture
def services(sqlite_database: Database, tmp_path: Path, clock: FixedClock) -> Any:
    """Everything that cogs reach, over an empty SQLite database."""
    return App(plain_settings(tmp_path), clock, token="x")._make_services(sqlite_database)
