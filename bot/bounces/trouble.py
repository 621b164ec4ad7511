"""Why a file cannot be measured. No numpy here: the bot itself names troubles, only the workers decode."""

import errno

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
