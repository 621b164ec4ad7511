"""Watched folders and the companion's keys: who set them up, and what is posted from them."""

import hashlib
import secrets
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta
from pathlib import Path

from bot.actors import Actor, OwnerId
from bot.bounces.model import Folder, FolderId, KeyId, PostChoice, UploadKey, WatchMode
from bot.clock import Clock
from bot.errors import NotFound, Refused
from storage.repositories.bounce_files import FolderRepository, UploadKeyRepository
from storage.unit import Database

PANEL = "/bounce folder"
_KEY_PREFIX = "sh_"
_USED_EVERY = timedelta(minutes=1)
"""How exactly it is kept when a key was last used: an upload asks many times a second."""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made; `secret` is shown once and stored nowhere."""

    key: UploadKey
    secret: str


class FolderService:
    """Folders and keys of one owner. The operator decides about folders; the cog asks for that."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def all(self) -> "list[Folder]":
        """Return every owner's folders: for the operator's panel and for health."""
        async with self._database.system_read() as unit:
            return await unit.repo(FolderRepository).list()

    async def ensure(
        self,
        actor: Actor,
        owner: OwnerId,
        path: Path,
        *,
        channel_id: int | None = None,
        post: PostChoice = PostChoice.AUDIO,
        must_exist: bool = True,
    ) -> Folder:
        """Return the folder at `path`, adding it where it is not watched yet. Raises Refused("bounce_no_folder")."""
        full = path.expanduser().absolute()
        if must_exist and not full.is_dir():
            raise Refused("bounce_no_folder", typed=path.name)
        async with self._database.write(actor, owner, "bounce.folder") as unit:
            folders = unit.repo(FolderRepository)
            known = await folders.by_path(str(full))
            if known is not None:
                return known
            folder = Folder(
                id=FolderId(unit.new_id()),
                owner_id=owner,
                path=str(full),
                mode=WatchMode.AUTO,
                is_recursive=True,
                post=post,
                channel_id=channel_id,
                ignore=(),
                is_paused=False,
                created_at=unit.now,
            )
            await folders.add(folder)
            return folder

    async def change(
        self,
        actor: Actor,
        owner: OwnerId,
        folder_id: str,
        *,
        post: PostChoice | None = None,
        is_paused: bool | None = None,
        channel_id: int | None = -1,
        is_recursive: bool | None = None,
        mode: WatchMode | None = None,
        ignore: Sequence[str] | None = None,
    ) -> tuple[Folder, str]:
        """Change a folder; return it and what Undo needs. `channel_id` −1 leaves the channel as it is."""
        async with self._database.write(actor, owner, "bounce.folder") as unit:
            folders = unit.repo(FolderRepository)
            folder = await folders.get(folder_id)
            if folder is None:
                raise NotFound("folder", PANEL)
            folder = replace(
                folder,
                post=post or folder.post,
                is_paused=folder.is_paused if is_paused is None else is_paused,
                channel_id=folder.channel_id if channel_id == -1 else channel_id,
                is_recursive=folder.is_recursive if is_recursive is None else is_recursive,
                mode=mode or folder.mode,
                ignore=folder.ignore if ignore is None else tuple(ignore)[:20],
            )
            await folders.save(folder)
            return folder, unit.group_id

    async def remove(self, actor: Actor, owner: OwnerId, folder_id: str) -> str:
        """Stop watching a folder; its bounces stay. Return what Undo needs."""
        async with self._database.write(actor, owner, "bounce.folder") as unit:
            folders = unit.repo(FolderRepository)
            if await folders.get(folder_id) is None:
                raise NotFound("folder", PANEL)
            await folders.remove(folder_id)
            return unit.group_id

    # ------------------------------------------------------------------ keys

    async def keys(self, owner: OwnerId) -> "list[UploadKey]":
        async with self._database.read(owner) as unit:
            return await unit.repo(UploadKeyRepository).list()

    async def make_key(self, actor: Actor, owner: OwnerId, name: str) -> NewKey:
        """Make a key for a companion. Raises Refused("bounce_keys") above ten that are valid."""
        secret = _KEY_PREFIX + secrets.token_urlsafe(32)
        async with self._database.write(actor, owner, "bounce.key") as unit:
            keys = unit.repo(UploadKeyRepository)
            if sum(1 for key in await keys.list() if key.revoked_at is None) >= 10:
                raise Refused("bounce_keys", most=10)
            key_id = unit.new_id()
            await keys.add(key_id, key_hash(secret), name.strip()[:60] or "companion")
            made = UploadKey(KeyId(key_id), owner, name, unit.now, None, None)
        return NewKey(made, secret)

    async def revoke_key(self, actor: Actor, owner: OwnerId, key_id: str) -> bool:
        """Take a key back at once; False where that was done before."""
        async with self._database.write(actor, owner, "bounce.key") as unit:
            return await unit.repo(UploadKeyRepository).revoke(key_id)

    async def owner_of(self, secret: str) -> OwnerId | None:
        """Return whose valid key this is; None for wrong and revoked ones alike. Guessing writes nothing."""
        async with self._database.system_read() as unit:
            key = await unit.repo(UploadKeyRepository).by_hash(key_hash(secret))
        if key is None or key.revoked_at is not None:
            return None
        if key.last_used_at is None or unit.now - key.last_used_at >= _USED_EVERY:
            async with self._database.system_write("bounce.key") as unit:
                await unit.repo(UploadKeyRepository).used(key.id)
        return key.owner_id


def key_hash(secret: str) -> str:
    """Return what is stored of a key: 256 random bits need no slow hash."""
    # A header may hold bytes that are no text at all.
    return hashlib.sha256(secret.encode("utf-8", "surrogateescape")).hexdigest()
