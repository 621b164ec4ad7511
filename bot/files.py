"""Where files of contents lie: one function builds the path, and none leads out of its root."""

import re
from pathlib import Path

_CONTENT = re.compile(r"[0-9a-f]{64}")


class OutsideRoot(FileNotFoundError):
    """Not a content hash, or a link that leads elsewhere: there is no file of ours by that name."""


def content_folder(root: Path, content_hash: str) -> Path:
    """Return the folder of a content under `root`; it need not be there. Raises OutsideRoot.

    >>> content_folder(Path("media"), "../../etc")
    Traceback (most recent call last):
    bot.files.OutsideRoot: not a content of ours
    """
    if not _CONTENT.fullmatch(content_hash):
        raise OutsideRoot("not a content of ours")
    folder = root / content_hash[:2] / content_hash
    if folder.parent.is_symlink() or folder.is_symlink():
        raise OutsideRoot("a link stands in the place of a content")
    return folder


def own_folder(root: Path, content_hash: str, owner: int) -> Path:
    """Return where lies what one owner brought of a content, and what was made of it: nobody else is given that.

    What was measured here is the same for everybody and lies in the content's folder itself. Raises OutsideRoot.
    """
    folder = content_folder(root, content_hash) / str(owner)
    if folder.is_symlink():
        raise OutsideRoot("a link stands in the place of a content")
    return folder


def measured_file(root: Path, content_hash: str, owner: int, name: str) -> Path:
    """Return the file of what was measured: here, or what the owner's companion says. Raises OutsideRoot."""
    here = content_folder(root, content_hash) / name
    theirs = own_folder(root, content_hash, owner) / name
    return theirs if theirs.is_file() and not here.is_file() else here


def file_in(folder: Path, name: str) -> Path | None:
    """Return a file of a content's folder by its plain name; None where it is not there, or is a link."""
    path = folder / Path(name).name
    return path if path.is_file() and not path.is_symlink() else None
