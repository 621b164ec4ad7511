"""Which names in a watched folder are exports at all."""

import fnmatch
import os
import unicodedata
from pathlib import Path, PurePath

from bot.bounces.model import EXTENSIONS

_TEMPORARY = (".part", ".tmp", ".crdownload", ".partial", ".download", ".filepart", ".temp")
_SIDE_FILES = (".asd", ".reapeaks", ".pkf", ".sfk", ".sfl", ".gpk", ".ovw", ".pk")
PROBE_PREFIX = ".studiohand-probe-"


def is_export(path: PurePath, root: PurePath, ignore: tuple[str, ...] = ()) -> bool:
    """Say whether a path under `root` may be an export, by its name alone.

    >>> is_export(PurePath("/b/Mix v2.WAV"), PurePath("/b")), is_export(PurePath("/b/.hidden/a.wav"),
    PurePath("/b"))
    (True, False)
    """
    name = path.name
    lower = name.casefold()
    if os.path.splitext(lower)[1] not in EXTENSIONS:
        return False
    if lower.endswith(_TEMPORARY + _SIDE_FILES) or name.startswith("~") or name.endswith("~"):
        return False
    try:
        inside = path.relative_to(root)
    except ValueError:
        return False
    if any(part.startswith(".") for part in inside.parts):
        return False
    # Half-made names of browsers and sync tools keep the extension at the end: "mix.part.wav".
    if any(mark in lower for mark in (".part.", ".tmp.", ".crdownload.", ".~tmp~.", ".sb-")):
        return False
    text = inside.as_posix()
    return not any(
        fnmatch.fnmatch(text.casefold(), pattern.casefold()) or fnmatch.fnmatch(lower, pattern.casefold())
        for pattern in ignore
    )


def stays_inside(path: Path, root: Path) -> bool:
    """Say whether `path`, its links followed, is a file under `root`."""
    try:
        return path.resolve().is_relative_to(root.resolve())
    except (OSError, RuntimeError):
        return False


def shown_name(path: PurePath | str) -> str:
    """Return the file name without folders, control signs taken out, as people may see it.

    >>> shown_name("C:\\\\x/../evil\\nname.wav")
    'evil name.wav'
    """
    name = str(path).replace("\\", "/").rsplit("/", 1)[-1]
    name = name.encode("utf-8", "replace").decode("utf-8")
    kept = [" " if unicodedata.category(sign) in ("Cc", "Zl", "Zp") else sign for sign in name]
    kept = [sign for sign in kept if unicodedata.category(sign) != "Cf" or sign in "\u200d\u200c"]
    return " ".join("".join(kept).split())[:255] or "bounce"
