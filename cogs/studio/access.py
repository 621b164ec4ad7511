"""What the bot may do in the channels that are set."""

from bot.studio.health import Asking, ChannelAccess, Word
from bot.ui.base import Turn
from bot.ui.places import bot_rights

NEEDED = (
    ("View Channel", "view_channel"),
    ("Send Messages", "send_messages"),
    ("Attach Files", "attach_files"),
    ("Read Message History", "read_message_history"),
)


WORDS = {Word.OK: "studio.health.ok", Word.LOOK: "studio.health.look", Word.BROKEN: "studio.health.broken"}


async def channel_access(turn: Turn) -> list[ChannelAccess]:
    """Ask Discord what the bot may do in each configured channel."""
    guild = turn.interaction.guild
    if guild is None or turn.guild is None:
        return []
    settings = await turn.services.studio.guild_settings(turn.guild)
    found: list[ChannelAccess] = []
    for purpose in ("bounces", "releases", "digest"):
        channel_id = getattr(settings, f"{purpose}_channel")
        if channel_id is None:
            continue
        channel = guild.get_channel(channel_id)
        if channel is None:
            found.append(ChannelAccess(turn.words(f"studio.setup.{purpose}"), channel_id, False, ()))
            continue
        rights = await bot_rights(guild, channel, turn.interaction.client.user)
        missing = tuple(name for name, attribute in NEEDED if not getattr(rights, attribute))
        found.append(ChannelAccess(turn.words(f"studio.setup.{purpose}"), channel_id, True, missing))
    return found


async def asking(turn: Turn) -> Asking:
    """Return for whom health is looked up: the server, with all channels the bot knows or is set to use there."""
    guild, studio = turn.interaction.guild, turn.services.studio
    settings = await studio.guild_settings(turn.server)
    chosen = (settings.bounces_channel, settings.releases_channel, settings.digest_channel)
    known = [] if guild is None else [*guild.channels, *guild.threads]
    channels = {one.id for one in known} | {one for one in chosen if one is not None}
    return Asking(turn.server, frozenset(channels), studio.is_operator(turn.person))
