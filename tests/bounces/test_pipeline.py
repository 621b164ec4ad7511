"""From a file on disk to a row in the catalogue and a delivery in the outbox, with real watching and measuring."""

import asyncio
import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import numpy as np
import pytest
from sqlalchemy import select

from bot.actors import Actor
from bot.bounces import following, watch
from bot.bounces.audio import AudioFinder
from bot.bounces.folder_run import FolderRun
from bot.bounces.folders import FolderService
from bot.bounces.model import Bounce, BounceSource, FileStamp, FileState, Filter, Folder, Trouble, WatchMode
from bot.bounces.pictures import BouncePictures
from bot.bounces.pipeline import BouncePipeline
from bot.bounces.retention import BounceRetention
from bot.bounces.rules import BounceRules, bounce_rules
from bot.bounces.service import BounceService, Finished
from bot.bounces.settle import Event
from bot.bounces.worker import WorkerPool
from bot.clock import FixedClock, SystemClock
from bot.lifecycle import Supervisor
from bot.studio.service import StudioService
from storage.repositories.bounce_files import FileRepository
from storage.retention import Retention
from storage.tables.engine import DeliveryRow
from storage.unit import Database
from tests.bounces.signals import music, save

ADA, BEN, CHANNEL = 1001, 1002, 77
ADA_ACTS = Actor.user(ADA, "Ada")


class Studio:
    """One running pipeline over a folder."""

    def __init__(self, database: Database, root: Path, pool: WorkerPool, rules: BounceRules | None = None) -> None:
        self.database, self.root, self.pool = database, root, pool
        clock, rules = SystemClock(), rules or bounce_rules()
        self.service = BounceService(database, clock, rules, pool.media)
        self.folders = FolderService(database, clock)
        self.supervisor = Supervisor()
        self.retention = BounceRetention(database, clock, pool.media)
        self.pipeline = BouncePipeline(database, self.service, pool, self.supervisor, clock, rules, self.retention)

    async def start(self) -> Folder:
        folder = await self.folders.ensure(ADA_ACTS, ADA, self.root, channel_id=CHANNEL)
        await self.pipeline.start()
        return folder

    async def watching(self) -> None:
        """Wait until what lay there at the start is dealt with: what comes now is new."""
        await self.start()

        async def over() -> bool:
            return all(run.is_startup_over for run in self.pipeline._runs.values())

        await until(over)

    async def stop(self) -> None:
        await self.pipeline.stop()
        await self.supervisor.stop(finish_s=0, cancel_s=2)

    async def bounces(self) -> list[Bounce]:
        return await self.service.list(ADA, Filter(), 200)

    async def deliveries(self) -> list[DeliveryRow]:
        async with self.database.system_read() as unit:
            return list((await unit.session.execute(select(DeliveryRow).order_by(DeliveryRow.id))).scalars())

    async def states(self) -> dict[str, tuple[FileState, Trouble | None]]:
        async with self.database.read(ADA) as unit:
            files = await unit.repo(FileRepository).known((await self.folders.all())[0].id)
        return {Path(file.path).name: (file.state, file.trouble) for file in files}


async def until(true: Callable[[], Awaitable[bool]], timeout: float = 90) -> None:
    async with asyncio.timeout(timeout):
        while not await true():
            await asyncio.sleep(0.05)


@pytest.fixture
async def studio(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Studio]:
    root = tmp_path / "exports"
    root.mkdir()
    made = Studio(sqlite_database, root, WorkerPool(bounce_rules(), tmp_path / "media"))
    yield made
    await made.stop()


def drop(root: Path, name: str, seed: int = 1, seconds: float = 3) -> Path:
    elsewhere = root.parent / "rendering"
    elsewhere.mkdir(exist_ok=True)
    made = save(elsewhere / name, music(seconds, seed=seed), 44100, "PCM_16")
    return Path(shutil.copyfile(made, root / name))


async def test_a_file_dropped_becomes_a_bounce_and_a_card_and_a_copy_does_not(studio: Studio) -> None:
    await studio.watching()
    drop(studio.root, "Night Drive v1.wav")

    async def first() -> bool:
        return len(await studio.bounces()) == 1

    await until(first)
    (bounce,) = await studio.bounces()
    assert (bounce.title, bounce.number, bounce.facts.channels) == ("Night Drive", 1, 2)
    assert [row.kind for row in await studio.deliveries()] == ["bounce.card"]
    assert (studio.pool.folder_of(bounce.content_hash) / "peaks.dat").exists()

    drop(studio.root, "Copy of it.wav")
    drop(studio.root, "Night Drive v2.wav", seed=2)

    async def second() -> bool:
        return len(await studio.states()) == 3 and all(
            state in (FileState.POSTED, FileState.CATALOGUED) for state, _ in (await studio.states()).values()
        )

    await until(second)
    assert sorted((one.title, one.number) for one in await studio.bounces()) == [("Night Drive", 1), ("Night Drive", 2)]
    assert len(await studio.deliveries()) == 2
    assert len(await studio.service.paths(ADA, bounce.id)) == 2


async def test_broken_files_get_a_word_and_nothing_else(studio: Studio) -> None:
    await studio.start()
    (studio.root / "text.wav").write_text("this is no audio at all, though it is called so\n" * 40)
    noise = np.zeros((1000, 16))
    save(studio.root / "many channels.wav", noise, 44100, "PCM_16")

    async def told() -> bool:
        states = await studio.states()
        return len(states) == 2 and all(state is FileState.UNREADABLE for state, _ in states.values())

    await until(told)
    assert (await studio.states()) == {
        "text.wav": (FileState.UNREADABLE, Trouble.NOT_AUDIO),
        "many channels.wav": (FileState.UNREADABLE, Trouble.TOO_MANY_CHANNELS),
    }
    assert await studio.bounces() == []
    assert await studio.deliveries() == []
    assert {trouble for _, trouble in (await studio.pipeline.health()).troubles} == {
        Trouble.NOT_AUDIO,
        Trouble.TOO_MANY_CHANNELS,
    }


async def test_fifty_stems_are_one_card(studio: Studio) -> None:
    await studio.watching()
    elsewhere = studio.root.parent / "stems"
    elsewhere.mkdir()
    for index in range(50):
        save(elsewhere / f"Night Drive - {index:02}.wav", music(1.2, rate=16000, seed=index), 16000, "PCM_16")
    await asyncio.to_thread(shutil.copytree, elsewhere, studio.root, dirs_exist_ok=True)

    async def all_there() -> bool:
        return len(await studio.bounces()) == 50 and bool(await studio.deliveries())

    await until(all_there, 60)
    (delivery,) = await studio.deliveries()
    assert delivery.kind == "bounce.group"
    assert len(delivery.payload["bounces"]) == 50
    assert {state for state, _ in (await studio.states()).values()} == {FileState.POSTED}


async def test_what_lay_there_at_the_start_is_told_once_as_a_summary(studio: Studio) -> None:
    for index in range(3):
        drop(studio.root, f"Old {chr(65 + index)}.wav", seed=index)
    await studio.start()

    async def told() -> bool:
        return len(await studio.deliveries()) == 1

    await until(told)
    (delivery,) = await studio.deliveries()
    assert (delivery.kind, delivery.payload["found"], len(delivery.payload["bounces"])) == ("bounce.group", True, 3)
    await studio.pipeline.stop()

    again = Studio(studio.database, studio.root, WorkerPool(bounce_rules(), studio.pool.media))
    await again.watching()
    # Anything told again would be told before a file that comes after the start.
    drop(studio.root, "New.wav", seed=9)

    async def told_of_the_new() -> bool:
        return len(await studio.deliveries()) >= 2

    await until(told_of_the_new)
    await again.stop()
    assert [(row.kind, row.payload.get("found")) for row in await studio.deliveries()] == [
        ("bounce.group", True),
        ("bounce.card", None),
    ]
    assert len(await studio.bounces()) == 4


async def test_a_renamed_file_is_not_measured_again(studio: Studio) -> None:
    await studio.start()
    path = drop(studio.root, "Idea.wav")

    async def one() -> bool:
        return len(await studio.deliveries()) == 1

    await until(one)
    path.rename(studio.root / "Idea renamed.wav")

    async def noted() -> bool:
        (bounce,) = await studio.bounces()
        return len(await studio.service.paths(ADA, bounce.id)) == 2

    await until(noted)
    assert len(await studio.deliveries()) == 1


async def logged(studio: Studio) -> tuple[Bounce, Path]:
    """Drop a file; return its bounce and the folder of its pictures, with one picture in it."""
    await studio.start()
    drop(studio.root, "Idea.wav")

    async def one() -> bool:
        return len(await studio.bounces()) == 1

    await until(one)
    (bounce,) = await studio.bounces()
    await BouncePictures(studio.pool).waveform(bounce, lambda said: said.key)
    return bounce, studio.pool.folder_of(bounce.content_hash)


def kinds(folder: Path) -> list[str]:
    return sorted(path.name.split("-")[0] for path in folder.rglob("*") if path.is_file())


async def test_a_bounce_in_the_bin_keeps_only_what_cannot_be_made_again(studio: Studio) -> None:
    bounce, folder = await logged(studio)
    assert kinds(folder) == ["columns.npy", "peaks.dat", "waveform"]
    await AudioFinder(studio.service, studio.pool).keep(bounce, studio.root / "Idea.wav")
    await studio.service.delete(ADA_ACTS, ADA, bounce.id)
    assert kinds(folder) == ["audio.wav", "columns.npy", "peaks.dat"]
    await studio.service.restore(ADA_ACTS, ADA, bounce.id)
    drawn = await BouncePictures(studio.pool).waveform(bounce, lambda said: said.key)
    assert drawn.png.startswith(b"\x89PNG")


async def test_what_was_in_the_bin_for_its_time_goes_for_good_with_its_pictures_at_once(
    studio: Studio, clock: FixedClock
) -> None:
    bounce, folder = await logged(studio)
    others = studio.pool.folder_of("0" * 64)
    others.mkdir(parents=True)
    await studio.service.delete(ADA_ACTS, ADA, bounce.id)
    retention = Retention(studio.database)
    retention.gone.append(BounceRetention(studio.database, SystemClock(), studio.pool.media).drop)
    assert await retention.purge() == {}
    assert folder.exists()
    clock.advance(days=31)
    assert (await retention.purge())["bounces"] == 1
    assert not folder.exists()
    assert others.exists()


async def test_what_two_people_made_alike_stays_until_both_have_let_it_go(studio: Studio, clock: FixedClock) -> None:
    bounce, folder = await logged(studio)
    theirs = Finished("Idea.wav", bounce.facts, BounceSource.UPLOAD, clock.now())
    await studio.service.log(Actor.user(BEN, "Ben"), BEN, theirs)
    people = StudioService(studio.database, clock)
    people.gone.append(BounceRetention(studio.database, SystemClock(), studio.pool.media).drop)
    await people.privacy_delete(ADA)
    assert folder.exists()
    await people.privacy_delete(BEN)
    assert not folder.exists()


async def test_what_belongs_to_nobody_is_swept_after_a_day_and_nothing_outside_the_media_ever(studio: Studio) -> None:
    bounce, folder = await logged(studio)
    orphan = studio.pool.folder_of("0" * 64)
    outside = studio.pool.media.parent / "..cellar"
    for made in (orphan, outside):
        made.mkdir(parents=True)
    retention = BounceRetention(studio.database, SystemClock(), studio.pool.media)
    assert await retention.drop(["../..cellar", "..", "", "..cellar", bounce.content_hash]) == 0
    assert outside.exists()
    assert await retention.sweep() == 0
    for made in (orphan, folder):
        os.utime(made, (1, 1))
    assert await retention.sweep() == 1
    assert folder.exists()
    assert not orphan.exists()


async def test_a_folder_that_goes_is_noticed_and_taken_up_again(studio: Studio) -> None:
    await studio.start()
    away = studio.root.parent / "unplugged"
    studio.root.rename(away)

    async def gone() -> bool:
        return (await studio.pipeline.health()).folders[0].is_gone

    await until(gone)
    drop(away, "While away.wav")
    away.rename(studio.root)

    async def back() -> bool:
        return not (await studio.pipeline.health()).folders[0].is_gone and len(await studio.bounces()) == 1

    await until(back)


def kill_the_watch(monkeypatch: pytest.MonkeyPatch, times: int) -> list[int]:
    """Let the handler raise on watchdog's thread, which ends it, as a fault of the library or of ours would."""
    left, died = [times], [0]
    plainly = watch.FolderWatch._take

    def take(self: watch.FolderWatch, path: str, event: Event) -> None:
        if left[0] and path.endswith(".wav"):
            left[0] -= 1
            died[0] += 1
            raise RuntimeError("broken on purpose")
        plainly(self, path, event)

    monkeypatch.setattr(watch.FolderWatch, "_take", take)
    return died


@pytest.mark.filterwarnings("ignore::pytest.PytestUnhandledThreadExceptionWarning")
@pytest.mark.parametrize(("times", "mode"), [(1, WatchMode.NATIVE), (2, WatchMode.POLLING)])
async def test_a_watch_that_dies_is_begun_anew_and_at_last_looks_every_few_seconds(
    times: int, mode: WatchMode, sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "exports"
    root.mkdir()
    rules = bounce_rules().model_copy(update={"watch_check_s": 0.2, "poll_interval_s": 0.5, "workers": 1})
    studio = Studio(sqlite_database, root, WorkerPool(rules, tmp_path / "media"), rules)
    try:
        died = kill_the_watch(monkeypatch, times)
        await studio.watching()
        run: FolderRun | None = None
        for number in range(1, times + 2):
            drop(root, f"Night Drive v{number}.wav", seed=number, seconds=1.5)

            async def all_there(number: int = number) -> bool:
                return len(await studio.bounces()) == number

            await until(all_there)
            (run,) = studio.pipeline._runs.values()

            async def watches(run: FolderRun = run) -> bool:
                return run._following.settler is not None

            await until(watches)
        assert died == [times]
        assert run is not None
        assert run.mode is mode
        assert len(await studio.deliveries()) == times + 1
    finally:
        await studio.stop()


async def test_a_file_that_no_event_told_of_is_found_by_the_next_scan(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = tmp_path / "exports"
    root.mkdir()
    rules = bounce_rules().model_copy(update={"rescan_s": 0.5, "workers": 1})
    studio = Studio(sqlite_database, root, WorkerPool(rules, tmp_path / "media"), rules)
    try:
        plainly = watch.FolderWatch._take
        monkeypatch.setattr(
            watch.FolderWatch, "_take", lambda self, *told: None if told[0].endswith(".wav") else plainly(self, *told)
        )
        await studio.watching()
        drop(root, "Night Drive.wav", seconds=1.5)

        async def there() -> bool:
            return len(await studio.bounces()) == 1

        await until(there)
        assert len(await studio.deliveries()) == 1
    finally:
        await studio.stop()


async def test_a_folder_is_not_deaf_after_one_decision_broke(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A full disk or a busy database, once: the file is tried again, and it is there."""
    root = tmp_path / "exports"
    root.mkdir()
    rules = bounce_rules().model_copy(update={"again_s": 0.05, "workers": 1})
    studio = Studio(sqlite_database, root, WorkerPool(rules, tmp_path / "media"), rules)
    plainly, broke = FolderRun._is_known, list[str]()

    async def is_known(self: FolderRun, path: str, stamp: FileStamp) -> bool:
        if not broke:
            broke.append(path)
            raise OSError("the disk is full")
        return await plainly(self, path, stamp)

    monkeypatch.setattr(FolderRun, "_is_known", is_known)
    try:
        await studio.watching()
        path = drop(studio.root, "Idea.wav", seconds=1.5)

        async def there() -> bool:
            return len(await studio.bounces()) == 1

        await until(there)
        assert broke == [str(path)]
        assert len(await studio.deliveries()) == 1
    finally:
        await studio.stop()


async def test_following_that_breaks_as_a_whole_is_begun_anew_and_shown_until_it_goes_well(
    sqlite_database: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(following, "_BACK_S", 0.05)
    root = tmp_path / "exports"
    root.mkdir()
    rules = bounce_rules().model_copy(update={"watch_check_s": 0.1, "workers": 1})
    studio = Studio(sqlite_database, root, WorkerPool(rules, tmp_path / "media"), rules)
    plainly, is_ill = FolderRun.news, [True]

    async def news(self: FolderRun) -> list[Path]:
        if is_ill[0]:
            raise RuntimeError("broken on purpose")
        return await plainly(self)

    monkeypatch.setattr(FolderRun, "news", news)

    def is_broken() -> bool:
        return [one.is_broken for one in studio.pipeline.folders_now()] == [True]

    async def broke() -> bool:
        return is_broken()

    async def well() -> bool:
        return not is_broken() and len(await studio.bounces()) == 1

    try:
        await studio.start()
        await until(broke)
        drop(studio.root, "Idea.wav", seconds=1.5)
        is_ill[0] = False
        await until(well)
    finally:
        await studio.stop()


async def test_what_is_being_measured_as_its_person_deletes_everything_leaves_nothing(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = StudioService(studio.database, SystemClock())
    people.forgets.append(studio.pipeline.forget)
    plainly, deleted = studio.pool.measure, asyncio.Event()

    async def measure(path: Path, size_bytes: int) -> object:
        facts = await plainly(path, size_bytes)
        assert list(studio.pool.media.glob("*/*/*")) != []
        await people.privacy_delete(ADA)
        deleted.set()
        return facts

    monkeypatch.setattr(studio.pool, "measure", measure)
    await studio.watching()
    drop(studio.root, "Idea.wav", seconds=1.5)
    await deleted.wait()

    async def gone() -> bool:
        return list(studio.pool.media.glob("*/*/*")) == []

    await until(gone)
    assert await studio.bounces() == []
    assert await people.privacy_counts(ADA) == {}
