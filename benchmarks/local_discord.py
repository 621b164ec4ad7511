"""The local Discord under a plain discord.py bot, beside the same JSON over a bare aiohttp socket."""

import asyncio
import json
import statistics
import time

import aiohttp
from aiohttp import web

from benchmarks.rows import Row
from bot.clock import SystemClock
from bot.local.model import Interaction, InteractionState
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from tests.local.rawclient import RawClient
from tests.wire.samplebot import SampleBot

ROUNDS = 50
MESSAGES = 1_000


async def measure() -> dict[str, Row]:
    """Measure start, a card with a picture, autocomplete and posting."""
    server = LocalDiscord(SystemClock())
    began = time.perf_counter()
    async with server:
        with redirected(server.addresses):
            bot = SampleBot()
            running = asyncio.ensure_future(bot.start(server.token))
            await server.until(bot.is_ready)
            ready = time.perf_counter() - began
            cards, offers = await _use(server)
            await bot.close()
            await running
    posting, floor = await _posting(), await _bare_posting()
    return {
        "ready": Row(ready, "s", aim="under 0.2 s"),
        "slash_with_picture": Row(cards * 1000, "ms", aim="under 100 ms"),
        "autocomplete": Row(offers * 1000, "ms", aim="under 20 ms"),
        "posts": Row(posting, "a second", floor=floor, note="floor: the same JSON echoed by bare aiohttp"),
    }


async def _use(server: LocalDiscord) -> tuple[float, float]:
    """Return the median seconds of a card with a picture, and of an autocomplete."""
    ada = server.person("Ada")
    cards: list[float] = []
    offers: list[float] = []

    def answered(asked: Interaction) -> bool:
        return asked.state is InteractionState.ANSWERED

    for _ in range(ROUNDS):
        began = time.perf_counter()
        asked = ada.slash("bounce show", bounce="Harbour")
        await server.until(lambda asked=asked: answered(asked))
        cards.append(time.perf_counter() - began)
        began = time.perf_counter()
        await ada.autocomplete("bounce show", "bounce", "night")
        offers.append(time.perf_counter() - began)
    return statistics.median(cards), statistics.median(offers)


async def _posting() -> float:
    async with LocalDiscord(SystemClock()) as server, RawClient(server) as client:
        path = f"/channels/{server.world.channel('general').id}/messages"
        began = time.perf_counter()
        for number in range(MESSAGES):
            await client.call("POST", path, {"content": "x", "nonce": str(number), "enforce_nonce": True})
        return MESSAGES / (time.perf_counter() - began)


async def _bare_posting() -> float:
    async def echo(request: web.Request) -> web.Response:
        return web.json_response(await request.json())

    app = web.Application()
    app.router.add_post("/", echo)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    async with aiohttp.ClientSession() as http:
        began = time.perf_counter()
        for number in range(MESSAGES):
            async with http.post(url, json={"content": "x", "nonce": str(number)}) as response:
                json.loads(await response.read())
        speed = MESSAGES / (time.perf_counter() - began)
    await runner.cleanup()
    return speed
