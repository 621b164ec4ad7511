"""Opening an installation: the lock, the backup before an update, and sentences for what goes wrong."""

from pathlib import Path

import pytest
import stamina
from sqlalchemy import text

import storage.backup as backup  # `from storage` is tests/storage to a type checker
from bot.app.exits import ExitCode, Stop
from bot.app.opening import open_database, prepare_data_dir, single_instance
from bot.clock import FixedClock
from bot.local.server import LocalDiscord
from storage.engine import open_engines, sqlite_url
from storage.migrations import head, upgrade
from storage.migrations.steps import script_directory
from tests.product import plain_settings, running
from tests.wire.openapi import SHARED


async def test_a_second_start_names_the_first_and_ends_with_its_code(tmp_path: Path, clock: FixedClock) -> None:
    with single_instance(tmp_path, clock):
        with pytest.raises(Stop) as second, single_instance(tmp_path, clock):
            pass
    assert second.value.code is ExitCode.ALREADY_RUNNING
    assert "process" in second.value.sentence
    with single_instance(tmp_path, clock):
        pass


async def test_an_older_database_is_backed_up_before_it_is_brought_up_to_date(
    tmp_path: Path, clock: FixedClock
) -> None:
    settings = plain_settings(tmp_path)
    first = [revision.revision for revision in script_directory().walk_revisions()][-1]
    engines = open_engines(sqlite_url(tmp_path / "studiohand.db"))
    await upgrade(engines, first)
    await engines.dispose()
    database = await open_database(settings, clock)
    await database.close()
    made = backup.listed(settings.backup_dir)
    assert len(made) == (1 if head() != first else 0)


async def test_a_newer_database_stops_the_start_with_what_to_do(tmp_path: Path, clock: FixedClock) -> None:
    settings = plain_settings(tmp_path)
    database = await open_database(settings, clock)
    async with database.system_write("test") as unit:
        await unit.session.execute(text("UPDATE alembic_version SET version_num = '9999_future'"))
    await database.close()
    with pytest.raises(Stop, match=r"newer Studiohand \(rev 9999_future\)") as stopped:
        await open_database(settings, clock)
    assert stopped.value.code is ExitCode.DATABASE


async def test_a_damaged_database_stops_the_start_with_what_to_do(tmp_path: Path, clock: FixedClock) -> None:
    (tmp_path / "studiohand.db").write_bytes(b"this is no database at all" * 400)
    with pytest.raises(Stop, match="studiohand db restore") as stopped:
        await open_database(plain_settings(tmp_path), clock)
    assert stopped.value.code is ExitCode.DATABASE


async def test_an_unreachable_database_is_a_sentence(tmp_path: Path, clock: FixedClock) -> None:
    settings = plain_settings(tmp_path, "postgresql://nobody@127.0.0.1:1/none")
    with pytest.raises(Stop, match="doesn't open"):
        await open_database(settings, clock)


def test_the_data_directory_is_for_this_user_only(tmp_path: Path) -> None:
    prepare_data_dir(tmp_path / "data")
    assert (tmp_path / "data").stat().st_mode & 0o777 == 0o700


async def test_a_discord_that_is_away_when_the_bot_starts_is_waited_for(tmp_path: Path, clock: FixedClock) -> None:
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        server.faults.named("unavailable", "GET", "/users/@me", times=2)
        with stamina.set_testing(True, attempts=3):
            async with running(tmp_path, clock, server=server) as product:
                ada = product.person("Ada")
                await ada.slash("/studio about")
                assert "Studiohand" in ada.sees()


@pytest.mark.parametrize(
    ("fault", "code", "sentence"),
    [
        ("unavailable", ExitCode.DISCORD_UNREACHABLE, "Check the network"),
        ("bad_token", ExitCode.TOKEN_REFUSED, "developer portal"),
    ],
)
async def test_a_start_that_cannot_log_in_ends_with_what_to_do(
    tmp_path: Path, clock: FixedClock, fault: str, code: ExitCode, sentence: str
) -> None:
    async with LocalDiscord(clock, validator=SHARED.openapi) as server:
        server.faults.named(fault, "GET", "/users/@me", times=2)
        with stamina.set_testing(True, attempts=2), pytest.raises(Stop, match=sentence) as stopped:
            async with running(tmp_path, clock, server=server):
                pass
    assert stopped.value.code is code
