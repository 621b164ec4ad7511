"""Local mode stands alone: its own data, no key of yours unless asked, and no page but its own gets in."""

import asyncio
import os
import socket
from itertools import product
from pathlib import Path

import aiohttp
import pytest

from bot.clock import FixedClock
from bot.local.page import REFUSED_CLOSE, MessagePage
from bot.local.people import Upload
from bot.local.server import LocalDiscord
from tests.local.by_hand import Started, by_hand
from tests.product import running

IN_USE = (
    "STUDIOHAND_DATABASE_URL=postgresql://nobody@127.0.0.1:1/the_real_one\n"
    "STUDIOHAND_ANTHROPIC_API_KEY=sk-ant-of-the-real-one\n"
    "STUDIOHAND_DISCORD_TOKEN=a-real-token\n"
    "STUDIOHAND_HTTP_PORT=0\n"
)
"""A `.env` as it stands beside a bot that is in use."""


def beside_the_real_one(folder: Path) -> Path:
    (folder / ".env").write_text(f"{IN_USE}STUDIOHAND_DATA_DIR={folder / 'own'}\n")
    return folder


async def about(started: Started) -> str:
    """Ask the running bot about itself."""
    assert (await started.act("general", do="slash", path="studio about"))["state"] == "answered"
    return await started.sees("general")


async def test_local_mode_has_its_own_data_and_uses_no_key(tmp_path: Path) -> None:
    async with by_hand(beside_the_real_one(tmp_path)) as started:
        assert "Nothing leaves this computer: your AI key is not used without --ai." in started.printed
        assert "no key: everything is written by rules" in await about(started)
        assert (tmp_path / "own" / "local" / "studiohand.db").exists()
        assert not (tmp_path / "own" / "studiohand.db").exists()


async def test_with_ai_it_uses_the_key_and_says_so(tmp_path: Path) -> None:
    async with by_hand(beside_the_real_one(tmp_path), "--ai") as started:
        assert "With --ai, what AI is asked about goes to the AI service and is paid by your key." in started.printed
        assert "Nothing leaves this computer" not in started.printed
        assert "has a key" in await about(started)


async def test_what_it_is_asked_for_in_vain_ends_with_a_sentence(tmp_path: Path) -> None:
    from bot.cli.main import main

    here = Path.cwd()
    os.chdir(tmp_path)
    try:
        (tmp_path / "album").mkdir()
        (tmp_path / "album" / "mix.wav").write_bytes(b"RIFF")
        assert await asyncio.to_thread(main, ["local", "--ai", "--data", str(tmp_path / "new")]) == 2
        assert not (tmp_path / "new").exists()
        assert await asyncio.to_thread(main, ["local", "--fresh", "--data", str(tmp_path / "album")]) == 2
        assert (tmp_path / "album" / "mix.wav").exists()
        missing = ["local", "--folder", str(tmp_path / "bounces"), "--data", str(tmp_path / "new")]
        assert await asyncio.to_thread(main, missing) == 2
    finally:
        os.chdir(here)


FOREIGN: tuple[dict[str, str], ...] = (
    {"Host": "rebound.example"},
    {"Host": "localhost.rebound.example"},
    {"Host": "[::1"},
    {"Origin": "https://strange.example"},
    {"Origin": "null"},
)


@pytest.mark.parametrize("headers", [*FOREIGN, {"Host": "127.0.0.1:1"}])
async def test_no_strange_page_reaches_api_gateway_or_files(clock: FixedClock, headers: dict[str, str]) -> None:
    async with LocalDiscord(clock) as server, aiohttp.ClientSession() as http:
        said = server.person("Ada").say("x", Upload("a.wav", b"RIFF\0\0\0\0WAVEfmt ", "audio/wav"))
        file = server.core.payloads.message(said)["attachments"][0]["url"]
        key = {"Authorization": f"Bot {server.token}"}
        for url in (f"{server.url}/api/v10/users/@me", file):
            async with http.get(url, headers=key) as answer:
                assert answer.status == 200
            async with http.get(url, headers={**key, **headers}) as answer:
                assert answer.status == 403
        async with http.get(f"{server.url}/nothing", headers=headers) as answer:
            assert answer.status == 403
        async with http.ws_connect(f"{server.url}/gateway/?v=10&encoding=json") as socket:
            assert (await socket.receive_json())["op"] == 10
        with pytest.raises(aiohttp.WSServerHandshakeError):
            await http.ws_connect(f"{server.url}/gateway/?v=10&encoding=json", headers=headers)


async def test_no_strange_page_reads_the_numbers_of_the_bot(tmp_path: Path, clock: FixedClock) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    async with running(tmp_path / "bot", clock, http_port=port), aiohttp.ClientSession() as http:
        for page, headers in product(("healthz", "readyz", "metrics", "nothing"), FOREIGN):
            async with http.get(f"http://127.0.0.1:{port}/{page}", headers=headers) as answer:
                assert answer.status == 403
        for host in ("127.0.0.1", "localhost", "localhost:9000", "[::1]:8765"):
            async with http.get(f"http://127.0.0.1:{port}/metrics", headers={"Host": host}) as answer:
                assert answer.status == 200


async def test_a_key_that_is_no_text_is_a_wrong_key(clock: FixedClock, caplog: pytest.LogCaptureFixture) -> None:
    async with LocalDiscord(clock, mount=(MessagePage().install,)) as server:
        for name, value in ((b"X-Studiohand-Key", b"\xff\xfe"), (b"Authorization", b"Bot \xff\xfe")):
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            path = b"/page/world" if name.startswith(b"X") else b"/api/v10/users/@me"
            head = b"GET %b HTTP/1.1\r\nHost: 127.0.0.1:%d\r\n%b: %b\r\n\r\n" % (path, server.port, name, value)
            writer.write(head)
            assert (await reader.readline()).split()[1] in (b"401", b"403")
            writer.close()
        async with aiohttp.ClientSession() as http, http.ws_connect(f"{server.url}/page/ws") as socket:
            await socket.send_str('{"key": "\\ud800", "as": "Ada"}')
            assert (await socket.receive()).data == REFUSED_CLOSE
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []
