"""Why a file cannot be measured. No numpy here: the bot itself names troubles, only the workers decode."""

import errno
import os
import traceback
from hashlib import blake2b
from pathlib import Path

from bot.bounces.model import Trouble


class CannotMeasure(Exception):
    """The file cannot be measured; `trouble` says why in a way that has a sentence."""

    def __init__(self, trouble: Trouble, detail: str = "") -> None:
        super().__init__(f"{trouble}: {detail}")
        self.trouble = trouble
        self.detail = detail


def trouble_of(error: OSError) -> Trouble:
    """Say what an operating system error means for a file."""
    if error.errno in (errno.EACCES, errno.EPERM):
        return Trouble.DENIED
    if error.errno in (errno.ENOENT, errno.ENOTDIR, errno.ESTALE):
        return Trouble.VANISHED
    return Trouble.DISK


def way_of(error: BaseException) -> dict[str, str]:
    """Return what the log may say of an exception: its kind and its way through the code.

    Its own words are left out: those of a system or of a database name the file, which is a person's.
    """
    return {"error": type(error).__name__, "way": "".join(traceback.format_tb(error.__traceback__))}


def mark_of(path: Path) -> str:
    """Return what the log calls a file instead of its name: the same in every line about it."""
    return blake2b(os.fsencode(path), digest_size=4).hexdigest()
