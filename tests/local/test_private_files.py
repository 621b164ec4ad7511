"""What lies in the data directory can be read by nobody else, whoever wrote it: bot, workers, database, commands."""

import asyncio
import json
import sys
from pathlib import Path

import aiohttp

from bot.private import make_private_blocking
from tests.bounces.signals import music, save
from tests.local.by_hand import USUAL_MASK, by_hand, plain_environment


def open_to_others(folder: Path) -> list[str]:
    return sorted(
        f"{path.stat().st_mode & 0o777:o} {path.relative_to(folder)}"
        for path in (folder, *folder.rglob("*"))
        if path.stat().st_mode & 0o077
    )


async def command(folder: Path, *arguments: str) -> None:
    """Run another command on the same data, beside the bot."""
    environment = {**plain_environment(), "STUDIOHAND_DATA_DIR": str(folder)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "bot", *arguments, env=environment, umask=USUAL_MASK, cwd=folder
    )
    assert await process.wait() == 0


async def test_nothing_in_the_data_directory_is_open_to_others(tmp_path: Path) -> None:
    own = tmp_path / "own"
    file = save(tmp_path / "Quay.wav", music(3), 44100)
    async with by_hand(tmp_path, "--data", str(own)) as started:
        await started.until_sees("bounces", "Night Drive")
        form = aiohttp.FormData()
        action = {"do": "slash", "channel": await started.channel("general"), "path": "bounce new"}
        form.add_field("payload_json", json.dumps(action))
        form.add_field("option:file", file.read_bytes(), filename=file.name)
        assert (await started.ask("POST", "act", data=form))["state"] in ("answered", "thinking")
        await started.until_sees("general", "Quay")
        await command(own, "db", "backup")
        await command(own, "archive", "export", str(own / "archives"), "--person", await owner_of(own))
        found = {path.name for path in own.rglob("*") if path.is_file()}
        assert {"studiohand.db", "studiohand.db-wal", "studiohand.db-shm", "peaks.dat", "columns.npy"} <= found
        assert {Path(name).suffix for name in found} >= {".png", ".zip", ".db", ".key"}
        assert open_to_others(own) == []
    assert (own / "world" / "world.json").exists()
    assert open_to_others(own) == []


async def owner_of(own: Path) -> str:
    import sqlite3

    with sqlite3.connect(f"file:{own / 'studiohand.db'}?mode=ro", uri=True) as database:
        return str(database.execute("SELECT owner_id FROM bounces").fetchone()[0])


def test_what_an_earlier_version_left_open_is_put_right(tmp_path: Path) -> None:
    (tmp_path / "media" / "ab").mkdir(parents=True)
    (tmp_path / "bounces").mkdir(mode=0o755)
    for name in ("media/ab/peaks.dat", "studiohand.db", "bounces/mix.wav"):
        (tmp_path / name).touch(mode=0o644)
    tmp_path.chmod(0o700)
    assert make_private_blocking(tmp_path) == 4
    assert open_to_others(tmp_path) == ["644 bounces/mix.wav", "755 bounces"], "a watched folder is its owner's"
    assert make_private_blocking(tmp_path) == 0
