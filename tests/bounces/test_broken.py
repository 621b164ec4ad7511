"""What breaks over one file: it is told of in health, the others go on, and it is tried again until it goes well."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import pytest

from bot.bounces import area, settler
from bot.bounces.container import Look
from bot.bounces.folder_run import FolderRun
from bot.bounces.model import Facts, FileStamp, Filter
from bot.bounces.rules import bounce_rules
from bot.bounces.worker import WorkerPool
from bot.clock import FixedClock
from tests.bounces.signals import music, save
from tests.product import Product, running

SECRET = "Secret Song"
Broken = set[str]


@pytest.fixture
async def studio(clock: FixedClock, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Product]:
    rules = bounce_rules().model_copy(update={"again_s": 0.1, "again_most_s": 0.2, "workers": 1})
    monkeypatch.setattr(area, "bounce_rules", lambda: rules)
    folder = tmp_path / "exports"
    folder.mkdir()
    async with running(tmp_path / "data", clock, folders=[folder]) as product:
        yield product


def in_looking(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    plainly = settler.look

    def look(path: Path) -> Look:
        stop(path, broken)
        return plainly(path)

    monkeypatch.setattr(settler, "look", look)


def in_settling(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    plainly = FolderRun._is_known

    async def is_known(self: FolderRun, path: str, stamp: FileStamp) -> bool:
        stop(Path(path), broken)
        return await plainly(self, path, stamp)

    monkeypatch.setattr(FolderRun, "_is_known", is_known)


def in_measuring(monkeypatch: pytest.MonkeyPatch, broken: Broken) -> None:
    plainly = WorkerPool.measure

    async def measure(self: WorkerPool, path: Path, *rest: Any) -> Facts:
        stop(path, broken)
        return await plainly(self, path, *rest)

    monkeypatch.setattr(WorkerPool, "measure", measure)


def stop(path: Path, broken: Broken) -> None:
    if path.name in broken and path.exists():
        raise RuntimeError(f"broken over {path}")


async def health(product: Product) -> str:
    ada = product.person("Ada")
    await ada.slash("/studio health")
    return ada.sees().rsplit("Health", 1)[1]


async def until_troubled(product: Product, *names: str) -> str:
    """Wait until these files and no others have a problem; return what health says then."""
    pipeline = product.services.bounces.pipeline
    await product.wait_for(lambda: {one.name for _, _, one in pipeline.troubles_now()} == set(names))
    return await health(product)


@pytest.mark.parametrize("breaks", [in_looking, in_settling, in_measuring])
async def test_what_breaks_over_a_file_is_shown_tried_again_and_forgotten(
    studio: Product,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    breaks: Callable[[pytest.MonkeyPatch, Broken], None],
) -> None:
    first, second, other = f"{SECRET} v1.wav", f"{SECRET} v2.wav", "Night Drive.wav"
    broken = {first, second}
    breaks(monkeypatch, broken)
    for seed, name in enumerate((first, second, other)):
        made = save(tmp_path / name, music(1.5, seed=seed), 44100, "PCM_16")
        made.rename(tmp_path / "exports" / name)

    async def others_are_there() -> bool:
        bounces = await studio.services.bounces.service.list(studio.person("Ada").id, Filter())
        return [one.title for one in bounces] == ["Night Drive"]

    await studio.wait_for(others_are_there)
    seen = await until_troubled(studio, first, second)
    assert f"{second} is not measured" in seen
    assert f"{first} is not measured: something of mine went wrong over it" in seen
    assert other not in seen
    assert "a file could not be dealt with" in caplog.text
    assert "error='RuntimeError'" in caplog.text
    assert SECRET not in caplog.text, "a file's name is its person's"
    (tmp_path / "exports" / second).unlink()
    seen = await until_troubled(studio, first)
    assert first in seen
    assert second not in seen
    broken.clear()
    assert SECRET not in await until_troubled(studio)
    bounces = await studio.services.bounces.service.list(studio.person("Ada").id, Filter())
    assert sorted(one.title for one in bounces) == ["Night Drive", SECRET]


async def test_a_file_that_was_no_audio_is_forgotten_when_it_is_replaced(studio: Product, tmp_path: Path) -> None:
    path = tmp_path / "exports" / "Idea.wav"
    (tmp_path / "words.wav").write_text("no audio at all, though it is called so\n" * 40)
    (tmp_path / "words.wav").rename(path)
    assert "Idea.wav was not measured" in await until_troubled(studio, "Idea.wav")
    save(tmp_path / "music.wav", music(1.5), 44100, "PCM_16").rename(path)
    assert "Idea.wav" not in await until_troubled(studio)
