"""When a file is complete: the pure rules over any length of time, and real writers under the real
watchdog."""

import asyncio
import io
import os
import shutil
import struct
import threading
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.bounces import settle
from bot.bounces.container import Look, Shape, _inspect, look
from bot.bounces.model import WatchMode
from bot.bounces.rules import bounce_rules
from bot.bounces.settle import Event, Settling, Verdict, Writer
from bot.bounces.settler import Settled, Settler
from bot.bounces.watch import Batch, FolderWatch, scan_blocking
from bot.lifecycle import ended
from tests.bounces.signals import save

RULES = bounce_rules()
NOTHING = Look(1000, 1, 1, 1, Shape.CONSISTENT, "wav")


def run_pure(
    state: Settling, writer: Callable[[float], Writer], seen: Callable[[float], Look | None], until: float
) -> tuple[Verdict, float]:
    """Look whenever the rules ask for it, from time 0, until a verdict or `until`."""
    now = 0.02
    while now < until:
        decision = settle.on_look(state, seen(now), writer(now), now, RULES)
        if decision.verdict is not Verdict.WAIT:
            return decision.verdict, now
        assert decision.look_at > now
        state, now = decision.state, decision.look_at
    return Verdict.WAIT, now


def test_closed_file_is_ready_after_a_short_quiet() -> None:
    verdict, at = run_pure(settle.begin(Event.CLOSED, False, 0.0), lambda _: Writer.NONE, lambda _: NOTHING, 9)
    assert verdict is Verdict.READY
    assert 0.3 <= at <= 0.7


@given(st.floats(1, 3600), st.sampled_from([Event.CREATED, Event.MODIFIED, Event.FOUND, Event.CLOSED]))
@settings(max_examples=60, deadline=None)
def test_a_file_with_a_writer_is_never_complete_however_long_it_is_still(stall: float, event: Event) -> None:
    verdict, at = run_pure(
        settle.begin(event, False, 0.0),
        lambda now: Writer.WRITING if now < stall else Writer.NONE,
        lambda _: NOTHING,
        stall + 60,
    )
    assert verdict is Verdict.READY
    assert at >= stall


@given(st.floats(0.1, 3600))
@settings(max_examples=60, deadline=None)
def test_an_open_header_is_never_ready_and_after_a_minute_it_is_labelled(still: float) -> None:
    opened = replace(NOTHING, shape=Shape.OPEN)
    verdict, at = run_pure(
        settle.begin(Event.CLOSED, False, 0.0),
        lambda _: Writer.NONE,
        lambda now: opened if now < still else replace(NOTHING, mtime_ns=2),
        still + 70,
    )
    if still > 61:
        assert verdict is Verdict.HEADER_OPEN
        assert at >= 60
    elif still < 60:
        assert verdict is Verdict.READY
        assert at >= still


def test_a_file_is_looked_at_twice_before_it_is_taken_however_long_it_has_been_still() -> None:
    """The first look may be late, behind a long line of others; only a second that finds the same says it is whole."""
    first = settle.on_look(settle.begin(Event.CLOSED, False, 0.0), NOTHING, Writer.NONE, 500.0, RULES)
    assert first.verdict is Verdict.WAIT
    soon = settle.on_look(first.state, NOTHING, Writer.NONE, 500.0 + RULES.quiet_s * 0.9, RULES)
    assert soon.verdict is Verdict.WAIT
    assert settle.on_look(first.state, NOTHING, Writer.NONE, 500.0 + RULES.quiet_s, RULES).verdict is Verdict.READY


def test_without_closed_events_and_without_proc_thirty_seconds_must_pass() -> None:
    verdict, at = run_pure(settle.begin(Event.MODIFIED, False, 0.0), lambda _: Writer.UNKNOWN, lambda _: NOTHING, 90)
    assert (verdict, at >= 30) == (Verdict.READY, True)


@given(st.lists(st.floats(0.01, 1.9), min_size=1, max_size=30))
@settings(max_examples=60, deadline=None)
def test_polling_waits_for_two_equal_looks_and_two_intervals(gaps: list[float]) -> None:
    changes = np.cumsum(gaps)
    end = float(changes[-1])

    def seen(now: float) -> Look:
        return replace(NOTHING, size_bytes=1000 + int(np.searchsorted(changes, now)))

    verdict, at = run_pure(settle.begin(Event.CREATED, True, 0.0), lambda _: Writer.UNKNOWN, seen, end + 60)
    assert verdict is Verdict.READY
    assert end + 2 * RULES.poll_interval_s <= at <= end + 4 * RULES.poll_interval_s


def test_polling_does_not_take_two_looks_close_together_for_stillness() -> None:
    """A file that waited in a long line is old at its first look: the second must still be an interval later."""
    first = settle.on_look(settle.begin(Event.FOUND, True, 0.0), NOTHING, Writer.UNKNOWN, 100.0, RULES)
    assert first.verdict is Verdict.WAIT
    soon = settle.on_look(first.state, NOTHING, Writer.UNKNOWN, 100.0 + RULES.poll_interval_s - 0.1, RULES)
    later = settle.on_look(first.state, NOTHING, Writer.UNKNOWN, 100.0 + RULES.poll_interval_s, RULES)
    assert (soon.verdict, later.verdict) == (Verdict.WAIT, Verdict.READY)


STILLNESS = [
    ([Event.CREATED, Event.CLOSED], Writer.UNKNOWN, RULES.quiet_s),
    ([Event.MOVED_IN], Writer.NONE_SEEN, RULES.quiet_s),
    ([Event.FOUND], Writer.NONE, RULES.found_quiet_s),
    ([Event.CREATED], Writer.NONE_SEEN, RULES.found_quiet_s),
    ([Event.CREATED, Event.MODIFIED], Writer.NONE, RULES.writer_unknown_quiet_s),
    ([Event.CLOSED, Event.MODIFIED], Writer.NONE, RULES.writer_unknown_quiet_s),
    ([Event.CREATED, Event.MODIFIED], Writer.NONE_SEEN, RULES.foreign_writer_quiet_s),
    ([Event.CLOSED, Event.MODIFIED, Event.CREATED], Writer.NONE, RULES.found_quiet_s),
    ([Event.FOUND], Writer.UNKNOWN, 30.0),
]


@pytest.mark.parametrize(("events", "writer", "needed"), STILLNESS)
def test_the_less_is_known_of_writers_the_longer_a_file_must_be_still(
    events: list[Event], writer: Writer, needed: float
) -> None:
    """Looked at all the time, it is complete at that moment: neither before nor much later."""
    state = settle.begin(events[0], False, 0.0)
    for event in events[1:]:
        state = settle.on_event(state, event, 0.0)
    now, ready_at = 0.0, None
    while ready_at is None and now < needed + 10:
        now += 0.01
        decision = settle.on_look(state, NOTHING, writer, now, RULES)
        state, ready_at = decision.state, now if decision.verdict is Verdict.READY else None
    assert ready_at == pytest.approx(max(needed, RULES.quiet_s + 0.01), abs=0.015)


@pytest.mark.parametrize("event", [Event.MODIFIED, Event.CLOSED, Event.MOVED_IN, Event.CREATED])
@pytest.mark.parametrize("is_polling", [False, True])
def test_every_event_begins_the_stillness_anew(event: Event, is_polling: bool) -> None:
    state = settle.on_look(settle.begin(Event.CLOSED, is_polling, 0.0), NOTHING, Writer.NONE, 0.1, RULES).state
    state = settle.on_event(state, event, 500.0)
    decision = settle.on_look(state, NOTHING, Writer.NONE, 500.1, RULES)
    assert decision.verdict is Verdict.WAIT
    assert decision.look_at > 500.1


@pytest.mark.parametrize("changed", [{"size_bytes": 1001}, {"mtime_ns": 2}, {"inode": 2}])
@pytest.mark.parametrize("is_polling", [False, True])
def test_a_change_that_no_event_told_of_begins_the_stillness_anew(changed: dict[str, int], is_polling: bool) -> None:
    state = settle.on_look(settle.begin(Event.CLOSED, is_polling, 0.0), NOTHING, Writer.NONE, 0.1, RULES).state
    decision = settle.on_look(state, replace(NOTHING, **changed), Writer.NONE, 500.0, RULES)
    assert (decision.verdict, decision.state.quiet_since) == (Verdict.WAIT, 500.0)


@pytest.mark.parametrize("is_polling", [False, True])
@pytest.mark.parametrize(
    ("shape", "verdict", "needed"),
    [(Shape.EMPTY, Verdict.EMPTY, RULES.empty_s), (Shape.OPEN, Verdict.HEADER_OPEN, RULES.header_open_s)],
)
def test_what_is_not_whole_is_given_its_minute(shape: Shape, verdict: Verdict, needed: float, is_polling: bool) -> None:
    found, at = run_pure(
        settle.begin(Event.CLOSED, is_polling, 0.0), lambda _: Writer.NONE, lambda _: replace(NOTHING, shape=shape), 99
    )
    assert found is verdict
    assert needed <= at <= needed + 2


def test_a_file_that_is_there_again_is_not_gone() -> None:
    state = settle.on_event(settle.begin(Event.CREATED, False, 0.0), Event.DELETED, 1.0)
    decision = settle.on_look(state, NOTHING, Writer.NONE, 1.1, RULES)
    assert (decision.verdict, decision.state.deleted) == (Verdict.WAIT, False)


def test_writers_are_looked_for_only_where_the_verdict_hangs_on_them() -> None:
    """Who has a file open costs a walk through all processes."""
    seen = settle.on_look(settle.begin(Event.CREATED, False, 0.0), NOTHING, Writer.NONE, 0.02, RULES).state
    assert settle.needs_writer_check(seen, NOTHING, RULES.quiet_s, RULES)
    assert not settle.needs_writer_check(seen, NOTHING, RULES.quiet_s - 0.01, RULES)
    assert not settle.needs_writer_check(seen, replace(NOTHING, mtime_ns=2), 9.0, RULES)
    assert not settle.needs_writer_check(replace(seen, is_polling=True), NOTHING, 9.0, RULES)


def test_a_deleted_file_is_gone() -> None:
    assert (
        run_pure(settle.begin(Event.DELETED, False, 0.0), lambda _: Writer.NONE, lambda _: None, 5)[0] is Verdict.GONE
    )


# ------------------------------------------------------------------ real writers


LAST = "after all.wav"


async def raised(_: Path, error: Exception) -> float:
    """Nothing may break here."""
    raise error


class Observed:
    """What the settler decided, and a way to wait for it."""

    def __init__(self) -> None:
        self.decided: list[Settled] = []
        self._changed = asyncio.Event()
        self._last = asyncio.Event()

    async def take(self, settled: Settled) -> None:
        if settled.path.name == LAST:
            self._last.set()
            return
        self.decided.append(settled)
        self._changed.set()

    async def until_last(self) -> None:
        """Wait for the file that was dropped after all others."""
        async with asyncio.timeout(90):
            await self._last.wait()

    async def count(self, wanted: int, timeout: float = 90.0) -> None:
        async with asyncio.timeout(timeout):
            # By path: a slow poll may report a file once more, which the catalogue knows by its stamp.
            while len({one.path for one in self.decided if one.verdict is Verdict.READY}) < wanted:
                await self._changed.wait()
                self._changed.clear()


@asynccontextmanager
async def observed(root: Path, mode: WatchMode = WatchMode.NATIVE) -> AsyncIterator[Observed]:
    rules = RULES if mode is WatchMode.NATIVE else RULES.model_copy(update={"poll_interval_s": 0.25})
    seen = Observed()
    settler = Settler(root, rules, seen.take, raised, is_polling=mode is WatchMode.POLLING)
    watch = FolderWatch(root, settler.take, rules, mode=mode)
    await watch.start()
    task = asyncio.get_running_loop().create_task(settler.run())
    try:
        yield seen
        # Anything doubled would come before a file that is dropped after all: events are told in their order.
        await asyncio.to_thread(shutil.copyfile, made_elsewhere(root), root / LAST)
        await seen.until_last()
    finally:
        await ended(task)
        await watch.stop()


def made_elsewhere(root: Path) -> Path:
    """Return a small file outside of what is watched."""
    return save(root.parent / LAST, np.full((4410, 2), 0.25), 44100, "PCM_16")


def wav_bytes(tmp_path: Path, seconds: float = 2.0) -> bytes:
    place = tmp_path / "elsewhere"
    place.mkdir(exist_ok=True)
    samples = np.random.default_rng(1).uniform(-0.5, 0.5, (int(44100 * seconds), 2))
    return save(place / "whole.wav", samples, 44100, "PCM_16").read_bytes()


def pause(seconds: float) -> None:
    threading.Event().wait(seconds)


def grow_slowly(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        for part in range(0, len(data), len(data) // 20 + 1):
            file.write(data[part : part + len(data) // 20 + 1])
            file.flush()
            pause(0.05)


def stall_with_a_full_header(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data[: len(data) // 2])
        file.flush()
        pause(1.5)
        file.write(data[len(data) // 2 :])


def header_at_the_end(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data[:4] + struct.pack("<I", 0) + data[8:40] + struct.pack("<I", 0) + data[44:])
        file.flush()
        pause(0.8)
        file.seek(0)
        file.write(data[:44])


def header_in_a_second_visit(path: Path, data: bytes) -> None:
    path.write_bytes(data[:4] + struct.pack("<I", 0) + data[8:40] + struct.pack("<I", 0) + data[44:])
    pause(0.9)
    with path.open("r+b") as file:
        file.write(data[:44])


def rename_a_temporary(path: Path, data: bytes) -> None:
    temporary = path.with_suffix(".wav.tmp")
    temporary.write_bytes(data)
    temporary.rename(path)


def rename_from_outside(path: Path, data: bytes) -> None:
    outside = path.parent.parent.parent / "outside.wav"
    outside.write_bytes(data)
    outside.rename(path)


def truncate_and_rewrite(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        file.write(data[: len(data) // 3])
        file.flush()
        pause(0.1)
        file.truncate(0)
        file.seek(0)
        pause(0.5)
        file.write(data)


def preallocated(path: Path, data: bytes) -> None:
    with path.open("wb") as file:
        os.posix_fallocate(file.fileno(), 0, len(data))
        file.write(data[:44])
        file.flush()
        pause(1.2)
        file.write(data[44:])


def copied_in_pieces(path: Path, data: bytes) -> None:
    source = path.parent.parent.parent / "source.wav"
    source.write_bytes(data)
    shutil.copyfile(source, path)


def many_small_writes(path: Path, data: bytes) -> None:
    with path.open("wb", buffering=0) as file:
        for part in range(0, len(data), 64):
            file.write(data[part : part + 64])


def into_a_new_folder(path: Path, data: bytes) -> None:
    deep = path.parent / "Song" / "Mixes"
    deep.mkdir(parents=True)
    (deep / path.name).write_bytes(data)


WRITERS = [
    grow_slowly,
    stall_with_a_full_header,
    header_at_the_end,
    header_in_a_second_visit,
    rename_a_temporary,
    rename_from_outside,
    truncate_and_rewrite,
    preallocated,
    copied_in_pieces,
    many_small_writes,
    into_a_new_folder,
]


async def write_all(root: Path, writers: list[Callable[[Path, bytes], None]], data: bytes) -> None:
    """Let every writer make its own file, all at once, each with a folder for what it needs besides."""

    def one(writer: Callable[[Path, bytes], None]) -> None:
        place = root / writer.__name__
        place.mkdir()
        writer(place / f"{writer.__name__}.wav", data)

    await asyncio.gather(*(asyncio.to_thread(one, writer) for writer in writers))


@pytest.mark.parametrize("mode", [WatchMode.NATIVE, WatchMode.POLLING])
async def test_each_way_of_writing_gives_one_whole_file(mode: WatchMode, tmp_path: Path) -> None:
    data = wav_bytes(tmp_path)
    root = tmp_path / "watched"
    root.mkdir()
    async with observed(root, mode) as seen:
        await write_all(root, WRITERS, data)
        await seen.count(len(WRITERS))
    ready = {one.path.stem: one for one in seen.decided if one.verdict is Verdict.READY}
    assert sorted(ready) == sorted(writer.__name__ for writer in WRITERS)
    assert len(seen.decided) == len(WRITERS) or mode is WatchMode.POLLING
    for name, one in ready.items():
        assert one.look is not None
        assert (name, one.look.size_bytes, one.path.read_bytes() == data) == (name, len(data), True)


async def test_fifty_stems_at_once_are_fifty_files(tmp_path: Path) -> None:
    data = wav_bytes(tmp_path, 0.5)
    root = tmp_path / "watched"
    root.mkdir()

    def burst() -> None:
        for index in range(50):
            (root / f"Song - stem {index:02}.wav").write_bytes(data)

    async with observed(root) as seen:
        await asyncio.to_thread(burst)
        await seen.count(50)
    assert len({one.path for one in seen.decided}) == len(seen.decided) == 50


async def test_auto_chooses_native_events_where_they_work(tmp_path: Path) -> None:
    watch = FolderWatch(tmp_path, lambda _: None, RULES, mode=WatchMode.AUTO)
    await watch.start()
    try:
        assert watch.mode is WatchMode.NATIVE
        assert list(tmp_path.iterdir()) == []
    finally:
        await watch.stop()


async def test_a_vanished_folder_is_told_of(tmp_path: Path) -> None:
    root = tmp_path / "drive"
    root.mkdir()
    gone = asyncio.Event()

    def sink(batch: Batch) -> None:
        if batch.is_root_gone:
            gone.set()

    watch = FolderWatch(root, sink, RULES, mode=WatchMode.NATIVE)
    await watch.start()
    try:
        await asyncio.to_thread(root.rmdir)
        async with asyncio.timeout(90):
            await gone.wait()
    finally:
        await watch.stop()


def test_scan_skips_what_is_no_export(tmp_path: Path) -> None:
    names = [
        "mix.wav",
        "Mix 2.AIFF",
        "take.flac",
        ".hidden.wav",
        "a.wav.part",
        "a.wav.asd",
        "~lock.wav",
        "notes.txt",
    ]
    for name in names:
        (tmp_path / name).write_bytes(b"x")
    (tmp_path / ".cache").mkdir()
    (tmp_path / ".cache" / "x.wav").write_bytes(b"x")
    outside = tmp_path.parent / "outside-of-it.wav"
    outside.write_bytes(b"x")
    (tmp_path / "link.wav").symlink_to(outside)
    found = {one.path.name for one in scan_blocking(tmp_path, True, ("take*",))}
    assert found == {"mix.wav", "Mix 2.AIFF"}


FORMATS = [
    ("PCM_16", "a.wav"),
    ("PCM_24", "a.aiff"),
    ("PCM_16", "a.flac"),
    ("VORBIS", "a.ogg"),
    ("OPUS", "a.opus"),
    ("MPEG_LAYER_III", "a.mp3"),
    ("PCM_16", "a.w64"),
    ("PCM_16", "a.rf64"),
]


@pytest.mark.parametrize(("subtype", "name"), FORMATS)
def test_whole_files_are_consistent_and_halves_are_not(subtype: str, name: str, tmp_path: Path) -> None:
    container = {"opus": "OGG", "rf64": "RF64", "w64": "W64"}.get(name.rsplit(".", 1)[1])
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (48000, 2))
    path = save(tmp_path / name, noise, 48000, subtype, container)
    whole = look(path).shape
    assert whole in (Shape.CONSISTENT, Shape.FREE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    if whole is Shape.CONSISTENT and not name.endswith(".flac"):
        assert look(path).shape is Shape.OPEN


@pytest.fixture(scope="module")
def whole_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, bytes]:
    """One short file of each container whose end can be known, by name."""
    folder = tmp_path_factory.mktemp("whole")
    noise = np.random.default_rng(1).uniform(-0.5, 0.5, (2400, 2))
    containers = {"a.opus": "OGG", "a.rf64": "RF64", "a.w64": "W64"}
    return {
        name: save(folder / name, noise, 48000, subtype, containers.get(name)).read_bytes()
        for subtype, name in FORMATS
        if not name.endswith(".mp3")
    }


def shape_of(data: bytes, folder: Path) -> Shape:
    path = folder / "looked-at"
    path.write_bytes(data)
    return look(path).shape


def test_a_file_cut_off_anywhere_is_not_complete(whole_files: dict[str, bytes]) -> None:
    """FLAC says nothing of where its last frame ends: there only its header can be cut."""
    for name, whole in whole_files.items():
        cuts = range(1, 42 if name.endswith(".flac") else len(whole))
        taken = [kept for kept in cuts if _inspect(io.BytesIO(whole[:kept]), kept)[1] is not Shape.OPEN]
        assert (name, taken) == (name, [])


# Where each container states a length that its encoder fills in at the end, and as which struct.
LENGTHS = [
    ("a.wav", 4, "<I"), ("a.wav", 40, "<I"), ("a.aiff", 4, ">I"), ("a.w64", 16, "<Q"),
    ("a.rf64", 20, "<Q"), ("a.rf64", 28, "<Q"),
]  # fmt: skip


@pytest.mark.parametrize(("name", "at", "form"), LENGTHS)
@pytest.mark.parametrize("length", [0, 0x7FFF_FFFF])
def test_a_length_nobody_has_filled_in_yet_is_an_open_header(
    name: str, at: int, form: str, length: int, whole_files: dict[str, bytes], tmp_path: Path
) -> None:
    data = bytearray(whole_files[name])
    assert shape_of(bytes(data), tmp_path) is Shape.CONSISTENT
    struct.pack_into(form, data, at, length)
    assert shape_of(bytes(data), tmp_path) is Shape.OPEN


def test_a_flac_whose_encoder_has_not_come_back_for_its_length_is_open(
    whole_files: dict[str, bytes], tmp_path: Path
) -> None:
    data = bytearray(whole_files["a.flac"])
    assert shape_of(bytes(data), tmp_path) is Shape.CONSISTENT
    data[21] &= 0xF0  # the length has 36 bits: four of this byte belong to the depth
    data[22:26] = bytes(4)
    assert shape_of(bytes(data), tmp_path) is Shape.OPEN


def atom(kind: bytes, body: bytes, *, length: int | None = None) -> bytes:
    return struct.pack(">I", 8 + len(body) if length is None else length) + kind + body


MP4 = [
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"moov", bytes(90)), atom(b"mdat", bytes(50))), Shape.CONSISTENT),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"mdat", bytes(90)), atom(b"moov", bytes(50))), Shape.CONSISTENT),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"moov", bytes(90)), atom(b"mdat", bytes(50), length=0)), Shape.CONSISTENT),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"mdat", bytes(90))), Shape.OPEN),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"mdat", bytes(90), length=0)), Shape.OPEN),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"moov", bytes(90)), atom(b"mdat", bytes(50), length=59)), Shape.OPEN),
    ((atom(b"ftyp", b"M4A \0\0\0\0"), atom(b"moov", bytes(90), length=7)), Shape.OPEN),
]


@pytest.mark.parametrize(("atoms", "shape"), MP4)
def test_an_m4a_is_complete_with_its_table_and_its_last_byte(
    atoms: tuple[bytes, ...], shape: Shape, tmp_path: Path
) -> None:
    assert shape_of(b"".join(atoms), tmp_path) is shape
