"""Who has a file open for writing? Linux answers in /proc, as far as this process may look."""

import os
import sys
from dataclasses import dataclass

_WRITE_MODES = os.O_WRONLY | os.O_RDWR


@dataclass(frozen=True, slots=True)
class Writers:
    """Files open for writing, as (device, inode); `is_complete` is false where some processes could not be
    read."""

    open_files: frozenset[tuple[int, int]]
    is_complete: bool
    is_known: bool

    def has(self, device: int, inode: int) -> bool:
        return (device, inode) in self.open_files


def find_writers_blocking(wanted: frozenset[tuple[int, int]]) -> Writers:
    """Look through /proc for descriptors that may write to one of `wanted`; unknown elsewhere than on
    Linux."""
    if not sys.platform.startswith("linux"):
        return Writers(frozenset(), False, False)
    found: set[tuple[int, int]] = set()
    is_complete = True
    try:
        processes = [name for name in os.listdir("/proc") if name.isdigit()]
    except OSError:
        return Writers(frozenset(), False, False)
    for process in processes:
        folder = f"/proc/{process}/fd"
        try:
            descriptors = os.listdir(folder)
        except PermissionError:
            is_complete = False
            continue
        except OSError:
            continue
        for descriptor in descriptors:
            try:
                target = os.readlink(f"{folder}/{descriptor}")
                if not target.startswith("/"):
                    continue
                stat = os.stat(f"{folder}/{descriptor}")
                key = (stat.st_dev, stat.st_ino)
                if key in wanted and _writes(process, descriptor):
                    found.add(key)
            except OSError:
                continue
    return Writers(frozenset(found), is_complete, True)


def _writes(process: str, descriptor: str) -> bool:
    with open(f"/proc/{process}/fdinfo/{descriptor}", encoding="ascii") as file:
        for line in file:
            if line.startswith("flags:"):
                return bool(int(line.split()[1], 8) & _WRITE_MODES)
    return True
