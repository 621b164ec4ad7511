"""Who was deleted stays deleted, whatever older copy of the database is put back."""

import asyncio
import shutil
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg.sql import SQL, Identifier
from sqlalchemy.engine import make_url

from bot.actors import Actor
from bot.app.exits import ExitCode, Stop
from bot.app.opening import delete_again
from bot.bounces.retention import place_of
from bot.cli.main import main
from bot.clock import FixedClock
from bot.local.server import LocalDiscord
from bot.studio.service import StudioService
from storage.deletions import KEY, LIST, DeletionList, Tampered
from storage.unit import Database
from tests.bounces.signals import music, save
from tests.product import Product, plain_settings, running
from tests.wire.openapi import SHARED

ADA, BEN = 1001, 1002


def list_in(folder: Path) -> DeletionList:
    return DeletionList(folder / "backups" / LIST, folder / KEY)


async def use_and_delete(product: Product, name: str) -> None:
    """Let somebody who has something here delete everything about themselves in the chat."""
    await set_zone(product, name)
    person = product.person(name)
    await person.slash("/studio privacy delete")
    await person.press("Delete everything")
    await person.fill(typed="delete everything")
    assert "Everything about you is gone" in person.sees()


async def set_zone(product: Product, name: str) -> None:
    person = product.person(name)
    await product.services.studio.save_person(Actor.user(person.id, name), person.id, timezone="Asia/Tokyo")


async def zone(studio: StudioService, person: int) -> str | None:
    return (await studio.person_settings(person)).timezone


async def test_the_command_that_restores_a_backup_deletes_again_and_nobody_else(
    clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    async with running(folder, clock) as product:
        ada, ben = product.person("Ada").id, product.person("Ben").id
        for name in ("Ada", "Ben"):
            await set_zone(product, name)
        made = await product.app.back_up()
        assert made is not None
        clock.advance(hours=1)
        await use_and_delete(product, "Ben")
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(folder))
    assert await asyncio.to_thread(main, ["db", "restore", str(made.file)]) == 0
    assert "deleted since that backup are deleted again: 1" in capsys.readouterr().out
    async with running(folder, clock) as product:
        assert await zone(product.services.studio, ben) is None
        assert await zone(product.services.studio, ada) == "Asia/Tokyo"


def copied(url: str, name: str) -> str:
    """Copy a database that nobody has open, as its operator's own tools would; return the URL of the copy."""
    parsed = make_url(url)
    if parsed.get_backend_name() == "sqlite":
        copy = Path(str(parsed.database)).with_name(f"{name}.db")
        shutil.copyfile(str(parsed.database), copy)
        return parsed.set(database=str(copy)).render_as_string(hide_password=False)
    maintenance = parsed.set(database="postgres").render_as_string(hide_password=False)
    with psycopg.connect(maintenance, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {}").format(Identifier(name)))
        connection.execute(
            SQL("CREATE DATABASE {} TEMPLATE {}").format(Identifier(name), Identifier(str(parsed.database)))
        )
    return parsed.set(database=name).render_as_string(hide_password=False)


async def test_a_start_on_an_older_copy_deletes_again_before_anybody_is_answered(
    clock: FixedClock, tmp_path: Path, database_url: str
) -> None:
    folder = tmp_path / "data"
    async with LocalDiscord(clock, validator=SHARED.openapi) as discord:

        def opened(url: str) -> Any:
            return running(folder, clock, server=discord, database_url=url)

        async with opened(database_url) as product:
            ada, ben = product.person("Ada").id, product.person("Ben").id
            for name in ("Ada", "Ben"):
                await set_zone(product, name)
        older = copied(database_url, "older_copy")
        clock.advance(hours=1)
        async with opened(database_url) as product:
            await use_and_delete(product, "Ben")
            clock.advance(hours=1)
            await set_zone(product, "Ben")
        async with opened(database_url) as product:
            studio = product.services.studio
            assert await zone(studio, ben) == "Asia/Tokyo", "he came back, and this database knows of the deletion"
        async with opened(older) as product:
            studio = product.services.studio
            assert await zone(studio, ben) is None
            assert await zone(studio, ada) == "Asia/Tokyo"


async def test_of_the_databases_that_restores_replaced_only_the_last_is_kept(
    clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    async with running(folder, clock) as product:
        made = await product.app.back_up()
    assert made is not None
    older = [folder / f"studiohand.db.replaced-2025010{day}-000000" for day in (1, 2)]
    for file in older:
        file.write_bytes(made.file.read_bytes())
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(folder))
    assert await asyncio.to_thread(main, ["db", "restore", str(older[1])]) == 0
    said = capsys.readouterr().out
    left = sorted(folder.glob("*.replaced-*"))
    assert left[0] == older[1], "what was restored stays where it was"
    assert len(left) == 2
    assert f"is kept as {left[1]}, until the next restore" in said
    assert "earlier restores replaced are deleted: 1. Only the last one is kept." in said
    assert await asyncio.to_thread(main, ["db", "restore", str(made.file)]) == 0
    assert len(list(folder.glob("*.replaced-*"))) == 1


async def test_nothing_of_a_person_waits_for_the_night(clock: FixedClock, tmp_path: Path, database_url: str) -> None:
    """Neither rows nor files are left, and nothing goes on that would make new ones."""
    folder, exports = tmp_path / "data", tmp_path / "exports"
    exports.mkdir()
    save(exports / "Idea.wav", music(1.5), 44100, "PCM_16")
    async with running(folder, clock, database_url=database_url, folders=[exports]) as product:
        ada, ben, bounces = product.person("Ada"), product.person("Ben"), product.services.bounces
        left = [
            place_of(folder / "media", ada.id, "a" * 64) / "audio.wav",
            bounces.uploads.place(ada.id, "upload-1", "Half.wav"),
            folder / "archives" / f"archive-{ada.id}-left" / "studiohand.zip",
        ]
        others = [
            place_of(folder / "media", ben.id, "b" * 64) / "audio.wav",
            bounces.uploads.place(ben.id, "upload-2", "Half.wav"),
            folder / "archives" / f"archive-{ben.id}-left" / "studiohand.zip",
        ]
        for file in (*left, *others):
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(b"half of it")

        async def is_measured() -> bool:
            return "bounces" in await product.services.studio.privacy_counts(ada.id)

        await product.wait_for(is_measured)
        await ada.slash("/studio health")
        assert "exports" in ada.sees()
        assert len(files_in(folder / "media", folder / "archives")) > len([*left, *others])
        await use_and_delete(product, "Ada")
        assert files_in(folder / "media", folder / "archives") == sorted(others)
        assert await product.services.studio.privacy_counts(ada.id) == {}
        await ada.slash("/studio health")
        assert "exports" not in ada.sees().rsplit("Health", 1)[1]


async def test_a_file_that_will_not_go_keeps_nothing_else_from_going_and_the_person_from_no_answer(
    clock: FixedClock, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    told: list[int] = []

    async def broken(_: int) -> None:
        raise OSError("a disk that only reads")

    async def well(person: int) -> None:
        told.append(person)

    async with running(tmp_path / "data", clock) as product:
        product.services.studio.forgets[:0] = [broken]
        product.services.studio.forgets.append(well)
        await use_and_delete(product, "Ben")
        assert told == [product.person("Ben").id]
    assert "what was left of a person could not be deleted" in caplog.text


def files_in(*folders: Path) -> list[Path]:
    return sorted(path for folder in folders for path in folder.rglob("*") if path.is_file())


async def test_a_list_that_was_lost_is_written_anew(
    sqlite_database: Database, clock: FixedClock, tmp_path: Path
) -> None:
    listed = list_in(tmp_path)
    studio = StudioService(sqlite_database, clock, deletions=listed)
    await studio.privacy_delete(BEN)
    listed.file.unlink()
    assert await delete_again(studio) == 0
    assert listed.read_blocking() == {BEN: clock.now()}


async def test_a_list_that_was_changed_stops_the_start_with_what_to_do(clock: FixedClock, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    async with running(folder, clock) as product:
        await use_and_delete(product, "Ben")
    listed = plain_settings(folder).deletions
    listed.file.write_text(listed.file.read_text().replace("2", "3", 1))
    with pytest.raises(Stop, match=r"list of deleted people .* move the list away") as stopped:
        async with running(folder, clock):
            pass
    assert stopped.value.code is ExitCode.DATABASE


async def test_a_changed_list_stops_a_restore_before_anything_is_touched(
    clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "data"
    async with running(folder, clock) as product:
        made = await product.app.back_up()
        assert made is not None
        await use_and_delete(product, "Ben")
    (folder / KEY).unlink()
    before = (folder / "studiohand.db").read_bytes()
    monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(folder))
    assert await asyncio.to_thread(main, ["db", "restore", str(made.file)]) == ExitCode.DATABASE
    assert "I can't tell whom to delete again" in capsys.readouterr().err
    assert (folder / "studiohand.db").read_bytes() == before


def test_lines_add_up_and_the_last_deletion_of_a_person_counts(tmp_path: Path, clock: FixedClock) -> None:
    listed = list_in(tmp_path)
    assert listed.read_blocking() == {}
    first = clock.now()
    listed.add_blocking(ADA, first)
    clock.advance(days=1)
    for person in (BEN, ADA):
        listed.add_blocking(person, clock.now())
    assert list_in(tmp_path).read_blocking() == {ADA: clock.now(), BEN: clock.now()}
    for file in (listed.file, listed.key):
        assert file.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize("harm", ["changed", "taken out", "put in", "swapped", "another key"])
def test_whatever_is_done_to_a_line_is_noticed(tmp_path: Path, clock: FixedClock, harm: str) -> None:
    listed = list_in(tmp_path)
    for person in (ADA, BEN, ADA + 7):
        listed.add_blocking(person, clock.now())
    lines = listed.file.read_text().splitlines(keepends=True)
    harmed = {
        "changed": [lines[0].replace("1001", "1003"), *lines[1:]],
        "taken out": [lines[0], lines[2]],
        "put in": [*lines, lines[0]],
        "swapped": [lines[1], lines[0], lines[2]],
    }
    if harm == "another key":
        listed.key.write_bytes(b"0" * 32)
    else:
        listed.file.write_text("".join(harmed[harm]))
    with pytest.raises(Tampered):
        listed.read_blocking()


def test_a_line_that_a_crash_cut_short_was_never_carried_out(tmp_path: Path, clock: FixedClock) -> None:
    listed = list_in(tmp_path)
    listed.add_blocking(ADA, clock.now())
    with listed.file.open("a") as file:
        file.write(f"{BEN} 2026-")
    assert list(listed.read_blocking()) == [ADA]
    listed.add_blocking(BEN, clock.now())
    assert list(listed.read_blocking()) == [ADA, BEN]
