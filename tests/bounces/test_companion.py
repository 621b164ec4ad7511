"""The companion on another machine, over real TLS: goes on after kills on both sides, once, with a valid key only."""

import asyncio
import hashlib
import json
import os
import random
import shutil
import signal
import ssl
import sys
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import aiohttp
import numpy as np
import pytest
import trustme
from sqlalchemy import event

from bot.actors import Actor
from bot.bounces.area import BounceArea, Neighbours, open_bounces
from bot.bounces.guesses import Guesses
from bot.bounces.levels import Columns
from bot.bounces.model import Bounce, Facts, Filter
from bot.bounces.peaks import columns_bytes
from bot.bounces.remote_client import AddressRefused, KeyRefused, check_address
from bot.bounces.remote_server import NeedsTls, UploadServer
from bot.bounces.remote_watch import Companion, CompanionOptions
from bot.bounces.rules import BounceRules, bounce_rules
from bot.bounces.trouble import CannotMeasure
from bot.bounces.uploads import Upload as Kept
from bot.bounces.worker import WorkerPool
from bot.clock import FixedClock, SystemClock
from bot.lifecycle import Supervisor, ended
from bot.studio.service import StudioService
from storage.engine import open_engines
from storage.unit import Database
from tests.bounces.signals import music, save
from tests.bounces.test_measure import odd_columns

ADA = 1001
ADA_ACTS = Actor.user(ADA, "Ada")

ROOT = Path(__file__).resolve().parents[2]


class Studio:
    """The receiving bot, which can be stopped and started, and what a companion needs to reach it."""

    def __init__(self, database: Database, folder: Path) -> None:
        self._database, self._folder = database, folder
        authority = trustme.CA()
        self.ca = folder / "ca.pem"
        authority.cert_pem.write_to_path(str(self.ca))
        self.server_tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        authority.issue_cert("localhost", "127.0.0.1").configure_cert(self.server_tls)
        self.tls = ssl.create_default_context(cafile=str(self.ca))
        self.exports = folder / "exports"
        self.exports.mkdir()
        self.port = 0
        self.area: BounceArea
        self.secret = ""

    async def start(self) -> None:
        clock = SystemClock()
        self.area = open_bounces(self._database, clock, Supervisor(), self._folder / "bot", Neighbours(), 1)
        await self.area.receiver.start("127.0.0.1", self.port, self.server_tls)
        self.port = self.area.receiver.port
        if not self.secret:
            self.secret = (await self.area.folders.make_key(ADA_ACTS, ADA, "studio")).secret

    async def stop(self) -> None:
        await self.area.receiver.stop()

    @property
    def address(self) -> str:
        return f"https://127.0.0.1:{self.port}"

    def companion(self, *, key: str | None = None, audio: bool = True, rules: BounceRules | None = None) -> Companion:
        options = CompanionOptions(
            self.exports, self.address, key or self.secret, self._folder / "state", audio, tls=self.tls
        )
        return Companion(options, rules or bounce_rules())

    async def bounces(self) -> list[Bounce]:
        return await self.area.service.list(ADA, Filter(), 50)

    async def until_all_is_sent(self) -> None:
        """Wait until the companion's queue is empty: whatever was to be sent twice has been."""
        queue = self._folder / "state" / "queue"
        async with asyncio.timeout(100):
            while list(queue.glob("*.json")):
                await asyncio.sleep(0.01)

    async def until_bounces(self, count: int) -> list[Bounce]:
        async with asyncio.timeout(100):
            while len(found := await self.bounces()) < count:
                await asyncio.sleep(0.05)
        return found


@pytest.fixture
async def studio(sqlite_database: Database, tmp_path: Path) -> AsyncIterator[Studio]:
    made = Studio(sqlite_database, tmp_path)
    await made.start()
    yield made
    await made.stop()


async def test_a_bounce_made_elsewhere_is_in_the_catalogue_with_its_audio(studio: Studio) -> None:
    running = asyncio.ensure_future(studio.companion().run())
    path = save(studio.exports / "Night Drive v2.wav", music(3), 44100, "PCM_16")
    (bounce,) = await studio.until_bounces(1)
    assert (bounce.title, bounce.number, str(bounce.source), bounce.has_audio) == ("Night Drive", 2, "companion", True)
    kept = studio.area.pool.own_folder_of(bounce.content_hash, bounce.owner_id)
    assert (kept / "audio.wav").read_bytes() == path.read_bytes()
    assert (kept / "columns.npy").exists()
    await ended(running)


async def test_guesses_write_nothing_and_wait_while_a_known_key_goes_on(
    studio: Studio, sqlite_database: Database
) -> None:
    writes: list[object] = []
    address = f"{studio.address}/v1/bounces/{'0' * 64}"

    async def ask(http: aiohttp.ClientSession, key: str) -> aiohttp.ClientResponse:
        async with http.get(address, headers={"Authorization": f"Bearer {key}"}, ssl=studio.tls) as answer:
            return answer

    async with aiohttp.ClientSession() as http:
        assert (await ask(http, studio.secret)).status == 200
        event.listen(sqlite_database.engines.write.sync_engine, "begin", writes.append)
        answers = [await ask(http, f"sh_wrong{number}") for number in range(30)]
        assert [answer.status for answer in answers] == [401] * 10 + [429] * 20
        assert int(answers[-1].headers["Retry-After"]) > 0
        assert (await ask(http, studio.secret)).status == 200
        assert writes == []
        for key in await studio.area.folders.keys(ADA):
            await studio.area.folders.revoke_key(ADA_ACTS, ADA, key.id)
        assert (await ask(http, studio.secret)).status == 401


def test_guesses_are_counted_by_address_and_forgotten_in_time() -> None:
    clock = FixedClock(datetime(2026, 6, 1, tzinfo=UTC))
    guesses = Guesses(bounce_rules(), clock)
    for _ in range(10):
        assert guesses.wait_s("2001:db8::1", "wrong") == 0
        guesses.note("2001:db8::1", "wrong", right=False)
    assert guesses.wait_s("2001:db8::2", "wrong") == 60
    assert guesses.wait_s("192.0.2.1", "wrong") == 0
    clock.advance(seconds=60)
    assert guesses.wait_s("2001:db8::1", "wrong") == 0


async def test_stopped_on_both_sides_in_the_middle_nothing_is_lost_or_doubled(studio: Studio) -> None:
    """The bot goes away while audio is on its way; then the companion dies; then both come back."""
    path = save(studio.exports / "Long.wav", music(30), 44100, "PCM_16")
    running = asyncio.ensure_future(studio.companion().run())
    incoming = studio.area.pool.media / "incoming"

    def arrived() -> int:
        return sum(file.stat().st_size for file in incoming.glob("*/audio.wav"))

    async with asyncio.timeout(100):
        while arrived() == 0 and not await studio.bounces():
            await asyncio.sleep(0.001)
    await studio.stop()
    await ended(running)
    half = arrived()
    await studio.start()
    again = asyncio.ensure_future(studio.companion().run())
    (bounce,) = await studio.until_bounces(1)
    await studio.until_all_is_sent()
    await ended(again)
    assert len(await studio.bounces()) == 1
    assert half <= path.stat().st_size
    kept = studio.area.pool.own_folder_of(bounce.content_hash, bounce.owner_id) / "audio.wav"
    assert kept.read_bytes() == path.read_bytes()


async def test_offline_work_is_queued_and_sent_later_once(studio: Studio) -> None:
    await studio.stop()
    running = asyncio.ensure_future(studio.companion(audio=False).run())
    for index in range(3):
        save(studio.exports / f"Idea {chr(65 + index)}.wav", music(2, seed=index), 44100, "PCM_16")
    queue = studio.exports.parent / "state" / "queue"
    async with asyncio.timeout(100):
        while len(list(queue.glob("*.json"))) < 3:
            await asyncio.sleep(0.05)
    await ended(running)
    await studio.start()
    again = asyncio.ensure_future(studio.companion(audio=False).run())
    await studio.until_bounces(3)
    await studio.until_all_is_sent()
    await ended(again)
    assert len(await studio.bounces()) == 3


async def test_wrong_and_revoked_keys_are_refused(studio: Studio) -> None:
    save(studio.exports / "a.wav", music(2), 44100, "PCM_16")
    with pytest.raises(ExceptionGroup) as wrong:
        await studio.companion(key="sh_wrong").run()
    assert wrong.value.subgroup(KeyRefused) is not None
    (key,) = await studio.area.folders.keys(ADA)
    assert await studio.area.folders.revoke_key(ADA_ACTS, ADA, key.id)
    with pytest.raises(ExceptionGroup) as revoked:
        await studio.companion().run()
    assert revoked.value.subgroup(KeyRefused) is not None
    assert await studio.bounces() == []


@pytest.mark.parametrize("address", ["http://studio.example", "ftp://127.0.0.1", "studio.example", "http://10.0.0.4:1"])
def test_keys_never_leave_this_machine_unprotected(address: str) -> None:
    with pytest.raises(AddressRefused):
        check_address(address)
    assert check_address("http://127.0.0.1:8766/") == "http://127.0.0.1:8766"


async def test_the_bot_does_not_listen_off_this_machine_without_a_certificate(studio: Studio) -> None:
    with pytest.raises(NeedsTls):
        await studio.area.receiver.start("0.0.0.0", 0, None)


async def test_made_up_facts_and_parts_are_refused(studio: Studio) -> None:
    mark = "ab" * 32
    base = f"{studio.address}/v1/bounces/{mark}"
    headers = {"Authorization": f"Bearer {studio.secret}"}
    async with aiohttp.ClientSession(headers=headers) as session:
        for body in (b"[]", b"{}", b'{"facts": {"duration_s": -1}}', b"[" * 50_000):
            async with session.post(base, data=body, ssl=studio.tls) as answer:
                assert answer.status == 400
        for part in ("evil.sh", "..%2f..%2fx", "audio.exe", "columns.npy.part"):
            async with session.patch(f"{base}/{part}", data=b"x", headers={"Upload-Offset": "0"}, ssl=studio.tls) as no:
                assert no.status == 404
        async with session.patch(
            f"{base}/peaks.dat", data=b"x" * 5_000_000, headers={"Upload-Offset": "0"}, ssl=studio.tls
        ) as large:
            assert large.status == 413
        async with session.patch(f"{base}/peaks.dat", data=b"x", headers={"Upload-Offset": "9"}, ssl=studio.tls) as gap:
            assert (gap.status, await gap.json()) == (409, {"received": 0})
    async with aiohttp.ClientSession() as stranger:
        async with stranger.get(base, ssl=studio.tls) as no_key:
            assert no_key.status == 401


async def test_the_command_killed_in_the_middle_goes_on_where_it_was(studio: Studio, tmp_path: Path) -> None:
    """`studiohand watch` as a process, SIGKILL while it works, started again."""
    for index in range(4):
        save(studio.exports / f"Take {chr(65 + index)}.wav", music(4, seed=index), 44100, "PCM_16")
    state = tmp_path / "state"
    command = [
        sys.executable, "-m", "bot", "watch", str(studio.exports), "--to", studio.address,
        "--audio", "--ca", str(studio.ca), "--state", str(state),
    ]  # fmt: skip
    environment = {**os.environ, "STUDIOHAND_UPLOAD_KEY": studio.secret}
    code: int | None = None
    for round_ in range(3):
        if round_ == 2:
            # All four may be known by now: it is stopped after it has begun to work.
            save(studio.exports / "Take E.wav", music(4, seed=5), 44100, "PCM_16")
        process = await asyncio.create_subprocess_exec(
            *command, env=environment, stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL
        )
        try:
            await studio.until_bounces(round_ + 1 if round_ < 2 else 5)
        finally:
            process.send_signal(signal.SIGKILL if round_ < 2 else signal.SIGTERM)
            code = await process.wait()
    assert code == 0
    found = await studio.bounces()
    assert sorted(bounce.title for bounce in found) == ["Take A", "Take B", "Take C", "Take D", "Take E"]
    for bounce in found:
        kept = studio.area.pool.own_folder_of(bounce.content_hash, bounce.owner_id) / "audio.wav"
        assert kept.read_bytes() == (studio.exports / bounce.file_name).read_bytes()
    assert len([line for line in (state / "seen.jsonl").read_text().splitlines() if json.loads(line)["hash"]]) >= 4


_SERVER = """
import asyncio, ssl, sys
from pathlib import Path
from bot.bounces.area import Neighbours, open_bounces
from bot.clock import SystemClock
from bot.lifecycle import Supervisor
from storage.engine import open_engines
from storage.unit import Database

async def main():
    url, media, pem, port = sys.argv[1:5]
    clock = SystemClock()
    area = open_bounces(Database(open_engines(url), clock), clock, Supervisor(), Path(media), Neighbours(), 1)
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    tls.load_cert_chain(pem)
    await area.receiver.start("127.0.0.1", int(port), tls)
    print(area.receiver.port, flush=True)
    await asyncio.sleep(3600)

asyncio.run(main())
"""


@pytest.mark.soak
@pytest.mark.timeout(900)
@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is a POSIX matter")
async def test_both_sides_killed_again_and_again_while_audio_is_on_its_way(
    sqlite_database_url: str, tmp_path: Path
) -> None:
    """Receiver and companion are processes over TLS; either is killed at random moments, ten times in all."""
    clock, rng = SystemClock(), random.Random(4)
    database = Database(open_engines(sqlite_database_url), clock)
    area = open_bounces(database, clock, Supervisor(), tmp_path / "bot", Neighbours(), 1)
    secret = (await area.folders.make_key(ADA_ACTS, ADA, "studio")).secret
    authority = trustme.CA()
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))
    issued = authority.issue_cert("localhost", "127.0.0.1")
    issued.private_key_and_cert_chain_pem.write_to_path(str(tmp_path / "server.pem"))
    exports = tmp_path / "exports"
    exports.mkdir()
    for index in range(4):
        save(exports / f"Take {chr(65 + index)}.wav", music(60, seed=index), 44100, "PCM_16")

    async def serve(port: int) -> tuple[asyncio.subprocess.Process, int]:
        arguments = (sqlite_database_url, str(tmp_path / "bot"), str(tmp_path / "server.pem"), str(port))
        started = await asyncio.create_subprocess_exec(
            sys.executable, "-c", _SERVER, *arguments, cwd=ROOT, stdout=asyncio.subprocess.PIPE
        )
        assert started.stdout is not None
        async with asyncio.timeout(120):
            return started, int(await started.stdout.readline())

    async def watch(port: int) -> asyncio.subprocess.Process:
        command = [
            sys.executable, "-m", "bot", "watch", str(exports), "--to", f"https://127.0.0.1:{port}", "--audio",
            "--ca", str(tmp_path / "ca.pem"), "--state", str(tmp_path / "state"),
        ]  # fmt: skip
        return await asyncio.create_subprocess_exec(
            *command, cwd=ROOT, env={**os.environ, "STUDIOHAND_UPLOAD_KEY": secret},
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.DEVNULL,
        )  # fmt: skip

    server, port = await serve(0)
    companion = await watch(port)
    try:
        for _ in range(10):
            await asyncio.sleep(rng.uniform(0.3, 4))
            if rng.random() < 0.5:
                server.kill()
                await server.wait()
                server, _ = await serve(port)
            else:
                companion.kill()
                await companion.wait()
                companion = await watch(port)

        async def kept() -> int:
            found = await area.service.list(ADA, Filter(), 50)
            return sum(
                (area.pool.own_folder_of(one.content_hash, one.owner_id) / "audio.wav").exists() for one in found
            )

        async with asyncio.timeout(300):
            while await kept() < 4:
                await asyncio.sleep(0.2)
    finally:
        server.kill()
        companion.kill()
        await asyncio.gather(server.wait(), companion.wait())
    found = await area.service.list(ADA, Filter(), 50)
    assert sorted(one.title for one in found) == ["Take A", "Take B", "Take C", "Take D"]
    for one in found:
        audio = area.pool.own_folder_of(one.content_hash, one.owner_id) / "audio.wav"
        assert audio.read_bytes() == (exports / one.file_name).read_bytes()
    await database.close()


async def test_a_file_that_broke_something_stops_no_other_and_comes_later(
    studio: Studio, monkeypatch: pytest.MonkeyPatch
) -> None:
    plainly, broken = WorkerPool.measure, ["Idea.wav"]

    async def measure(self: WorkerPool, path: Path, *rest: Any) -> Facts:
        if path.name in broken:
            raise RuntimeError("broken on purpose")
        return await plainly(self, path, *rest)

    monkeypatch.setattr(WorkerPool, "measure", measure)
    for seed, name in enumerate(("Idea.wav", "Night Drive.wav")):
        save(studio.exports / name, music(1.5, seed=seed), 44100, "PCM_16")
    rules = bounce_rules().model_copy(update={"again_s": 0.1, "again_most_s": 0.1})
    running = asyncio.ensure_future(studio.companion(rules=rules).run())
    try:
        (bounce,) = await studio.until_bounces(1)
        assert bounce.title == "Night Drive"
        broken.clear()
        assert sorted(one.title for one in await studio.until_bounces(2)) == ["Idea", "Night Drive"]
    finally:
        await ended(running)


BEN = 2002
BEN_ACTS = Actor.user(BEN, "Ben")


class Stranger:
    """Somebody with a key of their own and a script, who knows what a content of Ada's is called."""

    def __init__(self, studio: Studio, http: aiohttp.ClientSession) -> None:
        self._studio, self._http = studio, http

    async def send(self, content_hash: str, part: str, data: bytes) -> int:
        address, headers = f"{self._studio.address}/v1/bounces/{content_hash}/{part}", {"Upload-Offset": "0"}
        async with self._http.patch(address, data=data, headers=headers, ssl=self._studio.tls) as answer:
            return answer.status

    async def say(self, facts: Facts, parts: dict[str, bytes] | None = None, **more: object) -> tuple[int, str]:
        body = {
            "file_name": "mine.wav",
            "bounced_at": "2026-01-01T00:00:00+00:00",
            "facts": facts.to_dict(),
            "parts": {name: hashlib.sha256(data).hexdigest() for name, data in (parts or {}).items()},
            **more,
        }
        address = f"{self._studio.address}/v1/bounces/{facts.content_hash}"
        async with self._http.post(address, json=body, ssl=self._studio.tls) as answer:
            return answer.status, await answer.text()


@pytest.fixture
async def stranger(studio: Studio) -> AsyncIterator[Stranger]:
    secret = (await studio.area.folders.make_key(BEN_ACTS, BEN, "mine")).secret
    async with aiohttp.ClientSession(headers={"Authorization": f"Bearer {secret}"}) as http:
        yield Stranger(studio, http)


def junk_columns(facts: Facts) -> bytes:
    """Return columns that read as what such a file has, and are none of it."""
    flat = np.zeros((2, 9), np.float32)
    return columns_bytes(Columns(flat, flat, flat, facts.duration_s))


async def kept_by_ada(studio: Studio, folder: Path) -> tuple[Bounce, bytes]:
    """Let Ada upload a file that is kept; return its bounce and bytes."""
    path = save(folder / "Secret.wav", music(3), 44100, "PCM_16")
    kept = Kept("Secret.wav", path, keep_audio=True)
    return (await studio.area.uploads.take(ADA_ACTS, ADA, kept, key="ada")).bounce, path.read_bytes()


async def heard(studio: Studio, owner: int, content_hash: str) -> bytes | None:
    """Return the audio that somebody gets of their bounce of a content."""
    bounce = await studio.area.service.by_content(owner, content_hash)
    assert bounce is not None
    try:
        found = await studio.area.audio.upload(owner, bounce, 10**9)
    except CannotMeasure:
        return None
    return None if found is None else found.data


@pytest.mark.parametrize("way", ["junk under its name", "taken over first, then said to be sent"])
async def test_a_key_opens_no_audio_of_somebody_else_and_puts_none_in_its_place(
    studio: Studio, stranger: Stranger, tmp_path: Path, way: str
) -> None:
    bounce, data = await kept_by_ada(studio, tmp_path)
    content = bounce.content_hash
    columns = junk_columns(bounce.facts)
    parts = {"columns.npy": columns, "audio.wav": b"junk"}
    if way == "junk under its name":
        for name, part in parts.items():
            assert await stranger.send(content, name, part) == 200
        assert (await stranger.say(bounce.facts, parts))[0] == 200
    else:
        await studio.area.service.adopt(BEN_ACTS, BEN, [bounce])
        assert (await stranger.say(bounce.facts, {"audio.wav": data}))[0] == 200
    assert await heard(studio, BEN, content) is None
    assert await heard(studio, ADA, content) == data
    assert studio.area.pool.columns_of(content, ADA).read_bytes() != columns


async def test_what_a_key_says_of_a_content_first_is_not_what_its_maker_sees_later(
    studio: Studio, stranger: Stranger, tmp_path: Path
) -> None:
    path = save(tmp_path / "Later.wav", music(3), 44100, "PCM_16")
    facts = await studio.area.pool.measure(path, path.stat().st_size)
    await studio.area.retention.drop([facts.content_hash])
    columns = junk_columns(facts)
    parts = {"columns.npy": columns, "audio.wav": bytes(facts.size_bytes)}
    for name, part in parts.items():
        await stranger.send(facts.content_hash, name, part)
    assert (await stranger.say(facts, parts))[0] == 200
    running = asyncio.ensure_future(studio.companion().run())
    save(studio.exports / "Later.wav", music(3), 44100, "PCM_16")
    (bounce,) = await studio.until_bounces(1)
    await studio.until_all_is_sent()
    await ended(running)
    assert bounce.content_hash == facts.content_hash
    assert await heard(studio, ADA, facts.content_hash) == path.read_bytes()
    assert await heard(studio, BEN, facts.content_hash) == bytes(facts.size_bytes)
    mine = studio.area.pool.columns_of(facts.content_hash, ADA).read_bytes()
    assert mine != columns


async def test_the_same_samples_of_another_file_leave_kept_audio_alone(studio: Studio, tmp_path: Path) -> None:
    bounce, data = await kept_by_ada(studio, tmp_path)
    other = tmp_path / "Other.wav"
    other.write_bytes(data + b"LIST" + (2000).to_bytes(4, "little") + b"INFO" + bytes(1996))
    took = await studio.area.uploads.take(BEN_ACTS, BEN, Kept("Other.wav", other, keep_audio=True), key="ben")
    assert took.bounce.content_hash == bounce.content_hash
    assert await heard(studio, ADA, bounce.content_hash) == data
    assert await heard(studio, BEN, bounce.content_hash) == other.read_bytes()


async def test_audio_goes_with_its_owner_also_where_others_have_the_same_samples(
    studio: Studio, sqlite_database: Database, tmp_path: Path
) -> None:
    bounce, data = await kept_by_ada(studio, tmp_path)
    await studio.area.uploads.take(BEN_ACTS, BEN, Kept("Mine.wav", tmp_path / "Secret.wav", keep_audio=True), key="ben")
    people = StudioService(sqlite_database, SystemClock())
    people.gone.append(studio.area.retention.drop)
    await people.privacy_delete(ADA)
    assert not studio.area.pool.own_folder_of(bounce.content_hash, bounce.owner_id).exists()
    assert await heard(studio, BEN, bounce.content_hash) == data


async def test_nothing_that_a_key_sends_breaks_the_receiver(
    studio: Studio, stranger: Stranger, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    path = save(tmp_path / "a.wav", music(2), 44100, "PCM_16")
    facts = await studio.area.pool.measure(path, path.stat().st_size)
    for at in ("0001-01-01T00:00:00+14:00", "0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59-14:00", "2026-01-01"):
        assert (await stranger.say(facts, bounced_at=at))[0] == 400
    for name in ("\0", "x" * 5000, "..", "", "a/b", "audio.exe", "columns.npy.part"):
        assert (await stranger.say(facts, {name: b"x"}))[0] == 400
    for columns in odd_columns().values():
        await stranger.send(facts.content_hash, "columns.npy", columns)
        assert (await stranger.say(facts, {"columns.npy": columns}))[0] == 422
    for key in (b"sh_\xff\xfe", b"sh_" + b"a" * 300, b"", b"\xed\xa0\x80"):
        reader, writer = await connected(studio)
        writer.write(b"GET /v1/bounces/%b HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %b\r\n\r\n" % (b"0" * 64, key))
        assert b" 401 " in await reader.readline()
        writer.close()
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


async def test_companions_leave_room_on_the_disk(
    studio: Studio, stranger: Stranger, monkeypatch: pytest.MonkeyPatch
) -> None:
    least = bounce_rules().upload_room_bytes
    free = [least - 1]
    monkeypatch.setattr("shutil.disk_usage", lambda _: shutil._ntuple_diskusage(10**12, 0, free[0]))  # pyright: ignore
    assert await stranger.send("0" * 64, "audio.wav", b"x") == 507
    free[0] = least
    assert await stranger.send("0" * 64, "audio.wav", b"x") == 200


async def test_a_stranger_takes_no_more_connections_than_there_are_and_none_for_long(
    studio: Studio, stranger: Stranger
) -> None:
    few = bounce_rules().model_copy(update={"upload_connections": 3, "upload_idle_s": 0.2})
    receiver = UploadServer(studio.area.service, studio.area.folders, studio.area.pool.media, few, SystemClock())
    await receiver.start("127.0.0.1", 0, studio.server_tls)
    studio.port, before = receiver.port, studio.port
    try:
        lines = [await connected(studio) for _ in range(3)]
        one_more, _ = await connected(studio)
        assert await one_more.read() == b"", "closed at once"
        for reader, _ in lines:
            assert await reader.read() == b"", "closed after it said nothing"
        assert await stranger.send("0" * 64, "peaks.dat", b"x") == 200
    finally:
        studio.port = before
        await receiver.stop()


async def connected(studio: Studio) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    return await asyncio.open_connection("127.0.0.1", studio.port, ssl=studio.tls, server_hostname="localhost")
