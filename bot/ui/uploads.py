"""Files that come as attachments, block by block: their size is known before, and none is held whole."""

from collections.abc import AsyncIterator

import aiohttp
import discord

from bot.errors import Unavailable

_BLOCK = 1 << 16


class NotFetched(Unavailable):
    """Discord did not hand the file over."""

    code = "upload_not_read"


async def blocks_of(file: discord.Attachment) -> AsyncIterator[bytes]:
    """Yield an attachment in blocks of at most 64 KiB. Raises NotFetched."""
    try:
        async with aiohttp.ClientSession(raise_for_status=True) as session, session.get(file.url) as answer:
            async for block in answer.content.iter_chunked(_BLOCK):
                yield block
    except (aiohttp.ClientError, OSError, TimeoutError) as error:
        raise NotFetched from error
