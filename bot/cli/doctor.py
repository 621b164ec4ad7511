"""`studiohand doctor`: look at everything that can be wrong before the first start, and say each fix in a sentence."""

import asyncio
import os
import shutil
import socket
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from pathlib import Path

import aiohttp

from bot.app.exits import ExitCode
from bot.clock import Clock
from bot.coach.safety import load_help_lines
from bot.paths import assets_dir
from bot.releases.facts import FactFileError, load_facts
from bot.settings import PREFIX, Settings, SettingsWrong, load_settings
from storage import backup
from storage.engine import Engines, open_engines
from storage.failures import Damaged, Foreign
from storage.migrations import current, head
from storage.repositories.ai import AiRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.unit import Database

API = "https://discord.com/api/v10"
NEEDED = {
    "View Channels": 1 << 10,
    "Send Messages": 1 << 11,
    "Attach Files": 1 << 15,
    "Read Message History": 1 << 16,
    "Embed Links": 1 << 14,
}
"""Permissions of the invite link; names as Discord writes them."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One line of the report: `word` is OK, Look or Broken."""

    subject: str
    word: str
    text: str


Check = Callable[[Settings, Clock], Awaitable[list[Finding]]]


async def examine(clock: Clock) -> int:
    """Print the report; return 0 where nothing is broken, else the fitting exit code."""
    try:
        settings = load_settings()
    except SettingsWrong as wrong:
        _print([Finding("Settings", "Broken", str(wrong))])
        return ExitCode.SETTINGS
    findings: list[Finding] = []
    for check in (_python, _facts, _files, _folders, _database, _discord, _ai, _ports):
        findings += await check(settings, clock)
    _print(findings)
    broken = [finding for finding in findings if finding.word == "Broken"]
    if any(finding.subject == "Database" for finding in broken):
        return ExitCode.DATABASE
    if any(finding.subject == "Token" for finding in broken):
        return ExitCode.TOKEN_REFUSED
    return ExitCode.SETTINGS if broken else ExitCode.FINE


def _print(findings: list[Finding]) -> None:
    width = max(len(finding.subject) for finding in findings)
    for finding in findings:
        sys.stdout.write(f"{finding.word:<6} {finding.subject:<{width}}  {finding.text}\n")


async def _python(_settings: Settings, _clock: Clock) -> list[Finding]:
    version = ".".join(map(str, sys.version_info[:3]))
    found = [Finding("Python", "OK", version)]
    if not assets_dir().is_dir():
        text = f"The data files are missing at {assets_dir()}. Install the package again, or set {PREFIX}ASSETS."
        found.append(Finding("Assets", "Broken", text))
    return found


async def _facts(settings: Settings, clock: Clock) -> list[Finding]:
    """Say which rows about the world outside were not looked at for a year: they may be wrong by now."""
    today = clock.now().date()
    lines = [line.name for line in load_help_lines() if line.needs_check(today)]
    try:
        book = load_facts(assets_dir() / "facts" / "platform_facts.toml", settings.data_dir / "facts.toml")
    except FactFileError as wrong:
        return [Finding("Facts", "Broken", str(wrong))]
    facts = [fact.key for fact in book.unverified(today)]
    found = [
        Finding("Facts", "Look", f"{what} that nobody checked within a year: {len(old)}, for example {old[0]}.")
        for what, old in (("Help lines", lines), ("Facts about platforms", facts))
        if old
    ]
    return found or [Finding("Facts", "OK", "checked within a year")]


async def _files(settings: Settings, _clock: Clock) -> list[Finding]:
    folder = settings.data_dir
    parent = folder if folder.exists() else next(p for p in folder.parents if p.exists())
    if not parent.is_dir() or not os.access(parent, os.W_OK):
        text = f"{folder} can't be written. Set {PREFIX}DATA_DIR to a folder of yours."
        return [Finding("Data", "Broken", text)]
    free = shutil.disk_usage(parent).free
    if free < 500 * 2**20:
        return [Finding("Data", "Look", f"{folder}: only {free // 2**20} MB are free. Make room for backups.")]
    return [Finding("Data", "OK", f"{folder}, {free // 2**30} GB free")]


async def _folders(settings: Settings, _clock: Clock) -> list[Finding]:
    if not settings.folders:
        return [Finding("Folders", "Look", f"No folder is watched. Set {PREFIX}FOLDERS to where your DAW exports to.")]
    return [_folder(folder) for folder in settings.folders]


def _folder(folder: Path) -> Finding:
    if not folder.is_dir():
        return Finding("Folders", "Broken", f"{folder} is not there. Make it, or correct {PREFIX}FOLDERS.")
    if not os.access(folder, os.R_OK | os.X_OK):
        return Finding("Folders", "Broken", f"{folder} can't be read. Give this user the right to read it.")
    return Finding("Folders", "OK", str(folder))


async def _database(settings: Settings, clock: Clock) -> list[Finding]:
    engines = open_engines(settings.database)
    try:
        if engines.file is not None and not engines.file.exists():
            return [Finding("Database", "OK", "will be made at the first start (SQLite)")]
        if engines.file is not None:
            await asyncio.to_thread(backup.check, engines.file)
            await asyncio.to_thread(backup.check_ours, engines.file, may_be_empty=True)
        revision = await current(engines)
        state = "up to date" if revision == head() else "will be brought up to date at the next start, after a backup"
        found = [Finding("Database", "OK", f"{engines.dialect}, {state}")]
        if revision == head():
            found += await _records(Database(engines, clock), clock.now() - timedelta(days=30))
        return found + await _workers(settings, engines)
    except Foreign as foreign:
        text = f"{foreign} is a database of something else. Set {PREFIX}DATA_DIR to another folder, or move it away."
        return [Finding("Database", "Broken", text)]
    except Damaged as damaged:
        text = f"It is damaged ({damaged}). Put the newest backup back: studiohand db restore FILE."
        return [Finding("Database", "Broken", text)]
    except Exception as error:  # noqa: BLE001 - whatever the driver says, the operator gets a line
        text = f"It doesn't open ({type(error).__name__}). Check {PREFIX}DATABASE_URL and that the server runs."
        return [Finding("Database", "Broken", text)]
    finally:
        await engines.dispose() if engines.dialect != "sqlite" or (engines.file and engines.file.exists()) else None


async def _records(database: Database, since: datetime) -> list[Finding]:
    """Say what went wrong lately and why, as Discord and the AI service put it: for the operator only."""
    async with database.system_read() as unit:
        failed = await unit.repo(DeliveryRepository).errors(("failed", "unknown"), since)
        calls = await unit.repo(AiRepository).outcomes(since)
    found: list[Finding] = []
    if failed:
        kind, error = failed[0]
        text = f"{len(failed)} could not be sent within 30 days; the last one, {kind}: {error or 'no reason given'}."
        found.append(Finding("Messages", "Look", text))
    without = {(prompt, outcome): count for prompt, outcome, count in calls if outcome not in ("ok", "no_ideas")}
    if without:
        (prompt, outcome), count = max(without.items(), key=lambda item: item[1])
        text = f"{sum(without.values())} calls gave no answer within 30 days; most often {prompt}: {outcome} ({count})."
        found.append(Finding("AI", "Look", text))
    return found


async def _workers(settings: Settings, engines: Engines) -> list[Finding]:
    """On PostgreSQL: how many processes share the due work just now."""
    if engines.dialect != "postgresql":
        return []
    from storage.jobs import count_processes

    count = await count_processes(settings.database)
    if count == 0:
        return [Finding("Work", "OK", "no process works on what is due now (the bot is not running)")]
    return [Finding("Work", "OK", "1 process works on what is due" if count == 1 else f"{count} processes share it")]


async def _discord(settings: Settings, clock: Clock) -> list[Finding]:
    if settings.discord_token is None:
        text = f"Not set: local mode. To join Discord, set {PREFIX}DISCORD_TOKEN (README, “A real token”)."
        return [Finding("Token", "OK", text)]
    headers = {"Authorization": f"Bot {settings.discord_token.get_secret_value()}"}
    base = settings.discord_api_base or API
    try:
        async with aiohttp.ClientSession(headers=headers, timeout=aiohttp.ClientTimeout(total=10)) as session:
            async with session.get(f"{base}/users/@me") as answer:
                if answer.status == 401:
                    text = "Discord refuses it. Copy it again from the developer portal (Bot → Reset Token)."
                    return [Finding("Token", "Broken", text)]
                name = (await answer.json())["username"]
                clock_finding = _clock_difference(answer.headers.get("Date"), clock.now())
            async with session.get(f"{base}/users/@me/guilds") as answer:
                guilds = await answer.json()
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        text = f"Discord can't be reached ({type(error).__name__}). Check the network or proxy."
        return [Finding("Token", "Look", text)]
    found = [Finding("Token", "OK", f"belongs to {name}"), clock_finding]
    for guild in guilds:
        missing = [word for word, bit in NEEDED.items() if not int(guild["permissions"]) & (bit | 1 << 3)]
        if missing:
            off = ", ".join(missing)
            text = f"In {guild['name']} these are off for me: {off}. Someone with Manage Roles can turn them on."
            found.append(Finding("Permissions", "Look", text))
        else:
            found.append(Finding("Permissions", "OK", str(guild["name"])))
    if not guilds:
        found.append(Finding("Permissions", "Look", "The bot is in no server yet: open its invite link (README)."))
    return found


def _clock_difference(date: str | None, now: datetime) -> Finding:
    if date is None:
        return Finding("Clock", "OK", "not compared")
    off = abs((now - parsedate_to_datetime(date)).total_seconds())
    if off > 2:
        text = f"This machine's clock is {off:.0f} s off; answers will come too late. Turn on time synchronisation."
        return Finding("Clock", "Broken", text)
    return Finding("Clock", "OK", "in step with Discord")


async def _ai(settings: Settings, _clock: Clock) -> list[Finding]:
    if settings.anthropic_api_key is None:
        return [Finding("AI", "OK", "No key: everything works by rules.")]
    if not settings.anthropic_api_key.get_secret_value().startswith("sk-ant-"):
        text = f"{PREFIX}ANTHROPIC_API_KEY does not look like a key of Anthropic's console (sk-ant-…)."
        return [Finding("AI", "Look", text)]
    return [Finding("AI", "OK", f"a key is set, model {settings.ai_model}")]


async def _ports(settings: Settings, _clock: Clock) -> list[Finding]:
    if settings.http_port == 0:
        return [Finding("Ports", "OK", "health pages take a free one")]
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((settings.http_host, settings.http_port))
        except OSError:
            text = (
                f"{settings.http_port} is taken (is Studiohand running?). Change {PREFIX}HTTP_PORT if it is not ours."
            )
            return [Finding("Ports", "Look", text)]
    return [Finding("Ports", "OK", f"{settings.http_host}:{settings.http_port} is free")]
