"""`studiohand archive`: written beside a running bot, taken over by an empty installation, the same catalogue there."""

import asyncio
import csv
import io
import json
import zipfile
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest

from bot.actors import Actor
from bot.app.app import App
from bot.bounces.levels import Columns
from bot.bounces.model import BounceTag
from bot.bounces.peaks import columns_bytes
from bot.cli.main import main
from bot.clock import FixedClock, SystemClock
from bot.loops.clips import ClipFields
from bot.loops.service import LoopFields
from tests.digest.people import ADA, bounce_of, put_bounces
from tests.product import plain_settings

DOER = Actor.user(ADA, "Ada")
COUNT = 24
MARKS = {3: "=", 4: "＝"}
"""What a spreadsheet takes for a formula, by the number of the piece whose name begins with it."""


@pytest.fixture
def at(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[str], Path]:
    """Return what points the command line at an installation of its own."""

    def use(name: str) -> Path:
        folder = tmp_path / name
        monkeypatch.setenv("STUDIOHAND_DATA_DIR", str(folder))
        monkeypatch.setenv("STUDIOHAND_FOLDER_OWNER", str(ADA))
        monkeypatch.setenv("STUDIOHAND_MEASURE_WORKERS", "1")
        return folder

    return use


async def _fill(folder: Path) -> None:
    """Make a catalogue of every kind of row, one waveform, a loop with a clip."""
    clock: FixedClock | SystemClock = SystemClock()
    async with App(plain_settings(folder, measure_workers=1), clock).at_hand() as services:
        loop = (await services.loops.loops.create(DOER, ADA, LoopFields(name="Night Drive", bpm=128))).loop
        await services.loops.clips.add(DOER, ADA, loop.id, ClipFields(name="Arrange", lane="creative"))
        now = clock.now()
        rows = [
            replace(
                bounce_of(ADA, f"{MARKS.get(number, '')}take {number} ä🎛️.wav", now - timedelta(hours=number)),
                tag=[*BounceTag, None][number % 5],
                free_tags=("dub", "late")[: number % 3],
                note='said "no, thanks"\n' * (number % 2),
                loop_id=loop.id if number % 2 else None,
                phase=("builder", None)[number % 2],
            )
            for number in range(COUNT)
        ]
        await put_bounces(services.database, ADA, rows)
        media = services.bounces.pool.folder_of(rows[0].content_hash)
        media.mkdir(parents=True)
        waves = np.linspace(0, 0.8, 400).astype(np.float32)[None]
        (media / "columns.npy").write_bytes(columns_bytes(Columns(-waves, waves, waves * np.float32(0.5), 100.0)))


def _read(folder: Path) -> tuple[dict[str, bytes], list[dict[str, object]]]:
    (path,) = folder.glob("*.zip")
    with zipfile.ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    return files, json.loads(files["catalogue.json"])["bounces"]


def test_an_archive_of_the_command_line_is_the_same_catalogue_in_an_empty_installation(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    asyncio.run(_fill(at("first")))
    assert main(["archive", "export", str(tmp_path / "out"), "--audio"]) == 0
    told = capsys.readouterr().out
    assert "MB)" in told
    assert "could not be drawn" in told
    assert "the file is no longer held" in told
    files, catalogue = _read(tmp_path / "out")
    assert len(catalogue) == COUNT
    table = list(csv.DictReader(io.StringIO(files["catalogue.csv"].decode("utf-8-sig"))))
    assert len(table) == COUNT
    marked = [text for row in table for text in row.values() if text.lstrip("'").startswith(tuple(MARKS.values()))]
    assert len(marked) >= len(MARKS)
    assert all(text.startswith("'") for text in marked)
    assert [row["waveform"] for row in table if row["waveform"]] == [
        name for name in files if name.startswith("waveforms/")
    ]
    assert not list((tmp_path / "first" / "archives").iterdir()), "nothing is left lying about"

    at("second")
    (path,) = (tmp_path / "out").glob("*.zip")
    assert main(["archive", "import", str(path)]) == 0
    assert f"taken over: {COUNT}" in capsys.readouterr().out
    assert main(["archive", "import", str(path)]) == 0
    assert "taken over: 0" in capsys.readouterr().out
    assert main(["archive", "export", str(tmp_path / "again")]) == 0
    there, same = _read(tmp_path / "again")
    assert same == catalogue
    loop = json.loads(there["loops/Night Drive.json"])
    assert (loop["loop"]["bpm"], [clip["name"] for clip in loop["clips"]]) == (128, ["Arrange"])


def test_what_is_no_archive_is_refused_in_a_sentence(
    at: Callable[[str], Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    at("empty")
    wrong = tmp_path / "holiday.zip"
    with zipfile.ZipFile(wrong, "w") as archive:
        archive.writestr("beach.txt", "sun")
    assert main(["archive", "import", str(wrong)]) != 0
    assert "no archive and no catalogue of mine" in capsys.readouterr().err
    assert main(["archive", "export", str(tmp_path / "nowhere")]) != 0
    assert "nothing to pack" in capsys.readouterr().err
