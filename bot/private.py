"""Whatever lies in the data directory is for its user alone: new files by the process's mask, older ones put right."""

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

MASK = 0o077
FILE, FOLDER = 0o600, 0o700


@contextmanager
def private_files() -> Iterator[None]:
    """Make new files and folders private, here and in processes that are started meanwhile."""
    before = os.umask(MASK)
    try:
        yield
    finally:
        os.umask(before)


def make_private_blocking(data_dir: Path) -> int:
    """Take everybody else's rights off what an earlier version, or a copy made by hand, left; return how many had some.

    Only the named places are ours: a folder that somebody watches may lie in the data directory too.
    """
    ours = [data_dir / name for name in ("archives", "backups", "companion", "media", "world")]
    entries = [*data_dir.glob("*"), *(path for folder in ours for path in (folder, *folder.rglob("*")))]
    changed = 0
    for path in entries:
        with suppress(OSError):
            is_folder = path.is_dir()
            if path.is_symlink() or (is_folder and path.parent == data_dir and path not in ours):
                continue
            if path.stat().st_mode & MASK:
                path.chmod(FOLDER if is_folder else FILE)
                changed += 1
    return changed
