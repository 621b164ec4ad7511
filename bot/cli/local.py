"""Local mode: the real bot against the local Discord of this computer, with a page to click in."""

import json
import secrets
import shutil
import sys
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

from bot.actors import Actor
from bot.app.app import App
from bot.app.exits import ExitCode, Stop
from bot.app.opening import prepare_data_dir
from bot.clock import Clock
from bot.local.demo import make_demo_bounce
from bot.local.page import MessagePage
from bot.local.redirect import redirected
from bot.local.server import LocalDiscord
from bot.settings import PREFIX, Settings
from bot.studio.service import Standing

PAGE_KEY = "page.key"
Until = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What `studiohand local` was asked for."""

    port: int
    data_dir: Path
    folders: tuple[Path, ...]
    as_json: bool
    fresh: bool
    uses_ai: bool = False


async def run_local(settings: Settings, options: LocalOptions, clock: Clock, until: Until) -> None:
    """Run the local Discord and the bot until the end is asked for."""
    if options.uses_ai and settings.anthropic_api_key is None:
        raise Stop(ExitCode.SETTINGS, f"There is no key for --ai: set {PREFIX}ANTHROPIC_API_KEY, or leave --ai out.")
    for folder in options.folders:
        if not folder.expanduser().is_dir():
            raise Stop(
                ExitCode.SETTINGS, f"There is no folder {folder}: make it, or correct --folder or {PREFIX}FOLDERS."
            )
    if options.fresh:
        _clear(options.data_dir)
    prepare_data_dir(options.data_dir)
    page = MessagePage(_key(options.data_dir))
    server = LocalDiscord(clock, port=options.port, data_dir=options.data_dir / "world", mount=(page.install,))
    try:
        await server.__aenter__()
    except OSError as error:
        raise Stop(
            ExitCode.SETTINGS, f"Port {options.port} is taken: choose another with --port, or --port 0 for a free one."
        ) from error
    try:
        ada = server.person("Ada")
        own = settings.model_copy(
            update={
                "data_dir": options.data_dir,
                "database_url": None,
                "anthropic_api_key": settings.anthropic_api_key if options.uses_ai else None,
                "discord_api_base": None,
                "folders": list(options.folders) or [demo_folder(options.data_dir)],
                "folder_owner": settings.folder_owner or ada.id,
                "operators": [*settings.operators, ada.id],
            }
        )
        with redirected(server.addresses):
            app = App(own, clock, token=server.token, client_options={"guild_ready_timeout": 0.0})
            app.on_start.insert(0, lambda: first_settings(app, server, ada.id))
            async with app:
                await app.wait_ready()
                _announce(server, page, own, options, has_key=settings.anthropic_api_key is not None)
                await until(app.wait)
    finally:
        await server.__aexit__(None, None, None)


def _clear(data_dir: Path) -> None:
    """Begin anew in a folder of the local Discord; one that is anything else is left alone."""
    if data_dir.is_dir() and any(data_dir.iterdir()) and not (data_dir / PAGE_KEY).exists():
        raise Stop(
            ExitCode.SETTINGS, f"{data_dir} holds something else than a local Discord, so --fresh left it alone."
        )
    shutil.rmtree(data_dir, ignore_errors=True)


def demo_folder(data_dir: Path) -> Path:
    """Return the folder that a newcomer's bounces go to, with one short demo in it the first time."""
    folder = data_dir / "bounces"
    if not folder.exists():
        folder.mkdir(parents=True)
        make_demo_bounce(folder / "Night Drive v1.wav")
    return folder


async def first_settings(app: App, server: LocalDiscord, owner: int) -> None:
    """Name #bounces as the channel of bounces where nobody has chosen one yet, so that the first card is seen."""
    studio = app.services.studio
    guild = next(iter(server.world.guilds.values()))
    settings = await studio.guild_settings(guild.id)
    if settings.bounces_channel is not None:
        return
    channels = {channel.name: channel.id for channel in server.world.channels.values() if channel.guild_id == guild.id}
    await studio.save_guild(
        Actor.system("local"),
        Standing(owner, guild.id, can_manage_server=True),
        guild.id,
        bounces_channel=channels.get("bounces"),
        releases_channel=channels.get("releases"),
        digest_channel=channels.get("general"),
    )


def _key(data_dir: Path) -> str:
    """Return the key of the page, the same over restarts so that an open page reconnects."""
    file = data_dir / PAGE_KEY
    if not file.exists():
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        file.chmod(0o600)
    return file.read_text(encoding="utf-8").strip()


def _announce(
    server: LocalDiscord, page: MessagePage, settings: Settings, options: LocalOptions, *, has_key: bool
) -> None:
    if options.as_json:
        line = {
            "page": page.address(server),
            "api_base": server.addresses.api,
            "gateway": server.addresses.gateway,
            "key": page.key,
            "ai": options.uses_ai,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        return
    if options.uses_ai:
        leaves = (
            "With --ai, what AI is asked about goes to the AI service and is paid by your key. Nothing else leaves it."
        )
    elif has_key:
        leaves = "Nothing leaves this computer: your AI key is not used without --ai."
    else:
        leaves = "Nothing leaves this computer."
    folders = "\n".join(f"  {folder}" for folder in settings.folders)
    sys.stdout.write(
        f"{page.address(server)}\n"
        f"This is a local Discord, on this computer. {leaves}\n\n"
        "Open the address in a browser. Export a WAV, FLAC or MP3 into\n"
        f"{folders}\n"
        "and its card appears in #bounces. Your own folder: make run ARGS='--folder /path/to/your/bounces'\n"
        "Ctrl+C stops.\n"
    )
    sys.stdout.flush()
