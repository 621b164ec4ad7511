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
from bot.settings import Settings
from bot.studio.service import Standing

Until = Callable[[Callable[[], Awaitable[None]]], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What `studiohand local` was asked for."""

    port: int
    data_dir: Path
    folders: tuple[Path, ...]
    as_json: bool
    fresh: bool


async def run_local(settings: Settings, options: LocalOptions, clock: Clock, until: Until) -> None:
    """Run the local Discord and the bot until the end is asked for."""
    if options.fresh:
        shutil.rmtree(options.data_dir, ignore_errors=True)
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
                "database_url": settings.database_url if "database_url" in settings.model_fields_set else None,
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
                _announce(server, page, own, options)
                await until(app.wait)
    finally:
        await server.__aexit__(None, None, None)


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
    file = data_dir / "page.key"
    if not file.exists():
        file.write_text(secrets.token_urlsafe(32), encoding="utf-8")
        file.chmod(0o600)
    return file.read_text(encoding="utf-8").strip()


def _announce(server: LocalDiscord, page: MessagePage, settings: Settings, options: LocalOptions) -> None:
    if options.as_json:
        line = {
            "page": page.address(server),
            "api_base": server.addresses.api,
            "gateway": server.addresses.gateway,
            "key": page.key,
        }
        sys.stdout.write(json.dumps(line) + "\n")
        sys.stdout.flush()
        return
    folders = "\n".join(f"  {folder}" for folder in settings.folders)
    sys.stdout.write(
        f"{page.address(server)}\n"
        "No Discord token: this is a local Discord. Nothing leaves this computer.\n\n"
        "Open the address in a browser. Export a WAV, FLAC or MP3 into\n"
        f"{folders}\n"
        "and its card appears in #bounces. Your own folder: make run ARGS='--folder /path/to/your/bounces'\n"
        "Ctrl+C stops.\n"
    )
    sys.stdout.flush()
