"""Backups: whole, checked, pruned, restored; a damaged copy is told, not used."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import storage.backup as backup  # `from storage` is tests/storage to a type checker
from bot.actors import Actor
from bot.clock import FixedClock
from storage.engine import open_engines, sqlite_url
from storage.failures import Damaged
from storage.repositories.studio import SettingsRepository
from storage.unit import Database

ADA = 1001


async def put(database: Database, value: int) -> None:
    async with database.write(Actor.user(ADA, "Ada"), ADA, "put") as unit:
        await unit.repo(SettingsRepository).put("test", {"n": value})


async def get(file: Path, clock: FixedClock) -> dict[str, int] | None:
    database = Database(open_engines(sqlite_url(file)), clock)
    async with database.read(ADA) as unit:
        value = await unit.repo(SettingsRepository).get("test")
    await database.close()
    return value


async def test_back_up_change_restore_compare(sqlite_database: Database, clock: FixedClock, tmp_path: Path) -> None:
    await put(sqlite_database, 1)
    made = await backup.back_up(sqlite_database.engines, tmp_path / "backups", clock.now())
    assert made.file.stat().st_mode & 0o777 == 0o600
    await put(sqlite_database, 2)
    file = sqlite_database.engines.file
    assert file is not None
    await sqlite_database.close()
    kept = backup.restore(made.file, file, clock.now())
    assert await get(file, clock) == {"n": 1}
    assert kept is not None
    assert await get(kept, clock) == {"n": 2}


async def test_a_damaged_backup_is_refused_before_anything_is_touched(
    sqlite_database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    await put(sqlite_database, 1)
    made = await backup.back_up(sqlite_database.engines, tmp_path / "backups", clock.now())
    content = bytearray(made.file.read_bytes())
    content[4096:12288] = b"\xff" * 8192
    made.file.write_bytes(content)
    file = sqlite_database.engines.file
    assert file is not None
    with pytest.raises(Damaged):
        backup.restore(made.file, file, clock.now())
    await sqlite_database.close()
    assert await get(file, clock) == {"n": 1}


async def test_no_space_is_told_and_old_backups_stay(
    sqlite_database: Database, clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = await backup.back_up(sqlite_database.engines, tmp_path, clock.now())
    usage = backup.shutil.disk_usage(tmp_path)
    monkeypatch.setattr(backup.shutil, "disk_usage", lambda _: usage._replace(free=100))
    with pytest.raises(backup.NoSpace):
        await backup.back_up(sqlite_database.engines, tmp_path, clock.now() + timedelta(hours=1))
    assert [found.file for found in backup.listed(tmp_path)] == [made.file]


def test_seven_days_and_four_weeks_are_kept(tmp_path: Path) -> None:
    newest = datetime(2026, 6, 30, 4, tzinfo=UTC)
    for day in range(60):
        at = newest - timedelta(days=day)
        (tmp_path / f"{backup.PREFIX}{at:%Y%m%d-%H%M%S}.db").write_bytes(b"x")
    backup.prune(tmp_path)
    kept = [found.made_at.date() for found in backup.listed(tmp_path)]
    assert len(kept) == 11
    assert kept[:7] == [(newest - timedelta(days=day)).date() for day in range(7)]
    assert len({day.isocalendar()[:2] for day in kept}) >= 5
