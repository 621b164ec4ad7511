"""Once a day: backup, purge, sweep; what fails is told of and tried again, and holds up nothing else."""

import os
from pathlib import Path

import pytest

import storage.backup as backup  # `from storage` is tests/storage to a type checker
from bot.actors import Actor
from bot.clock import FixedClock
from storage.repositories.studio import RequestRepository
from tests.product import Product, running


async def ask(product: Product, key: str) -> None:
    """Leave a row that is kept for two days."""
    ada = product.person("Ada").id
    async with product.services.database.write(Actor.user(ada, "Ada"), ada, "test") as unit:
        await unit.repo(RequestRepository).remember(key, 1)


async def is_kept(product: Product, key: str) -> bool:
    async with product.services.database.read(product.person("Ada").id) as unit:
        return await unit.repo(RequestRepository).result(key) is not None


async def test_a_step_that_fails_is_told_tried_again_and_holds_up_no_other(
    clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    async with running(tmp_path / "data", clock) as product:
        ada, folder = product.person("Ada"), product.app.settings.backup_dir
        folder.write_text("a file is in the way")
        await ask(product, "old")
        clock.advance(days=3)
        await product.app.housekeeping.run()
        assert "step='backup'" in caplog.text
        assert not await is_kept(product, "old"), "the purge ran all the same"
        await ada.slash("/studio health")
        assert "The daily backup has not worked since" in ada.sees()
        assert "past its time has not worked" not in ada.sees()
        await ask(product, "new")
        clock.advance(days=3)
        folder.unlink()
        await product.app.housekeeping.run()
        assert len(backup.listed(folder)) == 1
        await ada.slash("/studio health")
        assert "The daily backup has not worked since" not in ada.sees().rsplit("Health", 1)[1]


async def test_each_step_is_done_once_a_day_and_only_what_failed_again(clock: FixedClock, tmp_path: Path) -> None:
    async with running(tmp_path / "data", clock) as product:
        database, folder = product.services.database, product.app.settings.backup_dir
        async with database.system_write("break") as unit:
            connection = await unit.session.connection()
            await connection.exec_driver_sql(
                "CREATE TRIGGER stuck BEFORE DELETE ON requests BEGIN SELECT RAISE(ABORT, 'stuck'); END"
            )
        await ask(product, "old")
        clock.advance(days=3)
        await product.app.housekeeping.run()
        (made,) = backup.listed(folder)
        written = made.file.stat().st_mtime_ns
        await product.app.housekeeping.run()
        assert made.file.stat().st_mtime_ns == written, "the backup went well and is not made again"
        assert await is_kept(product, "old")
        async with database.system_write("mend") as unit:
            connection = await unit.session.connection()
            await connection.exec_driver_sql("DROP TRIGGER stuck")
        await product.app.housekeeping.run()
        assert not await is_kept(product, "old")
        clock.advance(hours=25)
        await product.app.housekeeping.run()
        assert len(backup.listed(folder)) == 2


async def test_files_that_belong_to_nothing_are_swept(clock: FixedClock, tmp_path: Path) -> None:
    async with running(tmp_path / "data", clock) as product:
        left = [tmp_path / "data" / "media" / "00" / ("0" * 64), tmp_path / "data" / "archives" / "archive-left"]
        for folder in left:
            folder.mkdir(parents=True)
            os.utime(folder, (1, 1))
        upload = product.services.bounces.uploads.place(product.person("Ada").id, "upload-1", "Half.wav")
        upload.write_bytes(b"what a crash left of it")
        os.utime(upload, (1, 1))
        await product.app.housekeeping.run()
        assert [place.exists() for place in (*left, upload)] == [False, False, False]
