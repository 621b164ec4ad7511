"""Watched folders, the files in them, and the companion's keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import select, update

from bot.bounces.model import (
    BounceId,
    FileId,
    FileStamp,
    FileState,
    Folder,
    FolderId,
    KeyId,
    PostChoice,
    Trouble,
    UploadKey,
    WatchedFile,
    WatchMode,
)
from storage.tables.bounces import BounceFileRow, FolderRow, UploadKeyRow
from storage.unit import Repository, Unit, UnitT


class FolderRepository(Repository[UnitT]):
    """Folders that are watched."""

    async def add(self: "FolderRepository[Unit]", folder: Folder) -> None:
        self.writing.add(
            FolderRow(
                id=folder.id,
                owner_id=self.owner,
                path=folder.path,
                mode=folder.mode,
                is_recursive=folder.is_recursive,
                post=folder.post,
                channel_id=folder.channel_id,
                ignore=list(folder.ignore),
                is_paused=folder.is_paused,
                created_at=folder.created_at,
                gone_since=None,
            )
        )

    async def get(self, folder_id: str) -> Folder | None:
        row = await self._row(folder_id)
        return None if row is None else _folder(row)

    async def by_path(self, path: str) -> Folder | None:
        row = (await self.session.execute(select(FolderRow).where(FolderRow.path == path))).scalars().first()
        return None if row is None else _folder(row)

    async def list(self) -> "list[Folder]":
        """Return this owner's folders; every owner's in a system unit."""
        rows = await self.session.execute(select(FolderRow).order_by(FolderRow.created_at))
        return [_folder(row) for row in rows.scalars()]

    async def save(self: "FolderRepository[Unit]", folder: Folder) -> None:
        row = await self._row(folder.id)
        if row is None:
            return
        row.mode, row.is_recursive, row.post, row.channel_id = (
            folder.mode,
            folder.is_recursive,
            folder.post,
            folder.channel_id,
        )
        row.ignore, row.is_paused = list(folder.ignore), folder.is_paused

    async def remove(self: "FolderRepository[Unit]", folder_id: str) -> None:
        row = await self._row(folder_id)
        if row is not None:
            await self.writing.delete(row)

    async def set_gone(self: "FolderRepository[Unit]", folder_id: str, since: datetime | None) -> None:
        await self.writing.execute(update(FolderRow).where(FolderRow.id == folder_id).values(gone_since=since))

    async def _row(self, folder_id: str) -> FolderRow | None:
        return (await self.session.execute(select(FolderRow).where(FolderRow.id == folder_id))).scalar_one_or_none()


class FileRepository(Repository[UnitT]):
    """Files in watched folders: what a restart continues from."""

    async def by_path(self, folder_id: str, path: str) -> WatchedFile | None:
        row = await self._row(folder_id, path)
        return None if row is None else _file(row)

    async def known(self, folder_id: str) -> "list[WatchedFile]":
        """Return every file of a folder."""
        rows = await self.session.execute(select(BounceFileRow).where(BounceFileRow.folder_id == folder_id))
        return [_file(row) for row in rows.scalars()]

    async def same_stamp(self, folder_id: str, stamp: FileStamp) -> WatchedFile | None:
        """Return a catalogued file with this very stamp: the same one under another name."""
        query = select(BounceFileRow).where(
            BounceFileRow.folder_id == folder_id,
            BounceFileRow.inode == str(stamp.inode),
            BounceFileRow.size_bytes == stamp.size_bytes,
            BounceFileRow.mtime_ns == stamp.mtime_ns,
            BounceFileRow.bounce_id.is_not(None),
        )
        row = (await self.session.execute(query)).scalars().first()
        return None if row is None else _file(row)

    async def seen(self: "FileRepository[Unit]", folder_id: str, paths: Sequence[str]) -> None:
        """Note new paths; known ones stay as they are."""
        rows: list[dict[str, Any]] = [
            {
                "id": self.unit.new_id(),
                "owner_id": self.owner,
                "folder_id": folder_id,
                "path": path,
                "state": FileState.SEEN,
                "updated_at": self.unit.now,
            }
            for path in paths
        ]
        await self.unit.insert_new(BounceFileRow, rows)

    async def put(
        self: "FileRepository[Unit]",
        folder_id: str,
        path: str,
        state: FileState,
        *,
        stamp: FileStamp | None = None,
        trouble: Trouble | None = None,
        bounce_id: str | None = None,
        group_key: str | None = None,
    ) -> None:
        """Write how far a file has come; the row is made where there is none."""
        row = await self._row(folder_id, path)
        if row is None:
            row = BounceFileRow(id=self.unit.new_id(), owner_id=self.owner, folder_id=folder_id, path=path)
            self.writing.add(row)
        row.state, row.trouble, row.updated_at = state, trouble, self.unit.now
        row.group_key = group_key
        if bounce_id is not None:
            row.bounce_id = bounce_id
        if stamp is not None:
            row.size_bytes, row.mtime_ns, row.inode = stamp.size_bytes, stamp.mtime_ns, str(stamp.inode)

    async def of_group(self, group_key: str) -> "list[WatchedFile]":
        query = select(BounceFileRow).where(BounceFileRow.group_key == group_key).order_by(BounceFileRow.path)
        return [_file(row) for row in (await self.session.execute(query)).scalars()]

    async def open_groups(self, folder_id: str) -> "list[str]":
        """Return the keys of groups that were catalogued and not yet posted."""
        query = select(BounceFileRow.group_key).where(
            BounceFileRow.folder_id == folder_id,
            BounceFileRow.state == FileState.CATALOGUED,
            BounceFileRow.group_key.is_not(None),
        )
        return [key for key in (await self.session.execute(query.distinct())).scalars() if key is not None]

    async def group_posted(self: "FileRepository[Unit]", group_key: str) -> None:
        await self.writing.execute(
            update(BounceFileRow)
            .where(BounceFileRow.group_key == group_key, BounceFileRow.state == FileState.CATALOGUED)
            .values(state=FileState.POSTED, updated_at=self.unit.now)
        )

    async def troubled(self, limit: int) -> "list[WatchedFile]":
        """Return the files that could not be measured, the latest first."""
        query = (
            select(BounceFileRow)
            .where(
                BounceFileRow.state.in_([FileState.UNREADABLE, FileState.IGNORED]), BounceFileRow.trouble.is_not(None)
            )
            .order_by(BounceFileRow.updated_at.desc())
            .limit(limit)
        )
        return [_file(row) for row in (await self.session.execute(query)).scalars()]

    async def _row(self, folder_id: str, path: str) -> BounceFileRow | None:
        query = select(BounceFileRow).where(BounceFileRow.folder_id == folder_id, BounceFileRow.path == path)
        return (await self.session.execute(query)).scalar_one_or_none()


class UploadKeyRepository(Repository[UnitT]):
    """Keys of companions; only hashes are stored."""

    async def add(self: "UploadKeyRepository[Unit]", key_id: str, key_hash: str, name: str) -> None:
        self.writing.add(
            UploadKeyRow(id=key_id, owner_id=self.owner, key_hash=key_hash, name=name, created_at=self.unit.now)
        )

    async def list(self) -> "list[UploadKey]":
        rows = await self.session.execute(select(UploadKeyRow).order_by(UploadKeyRow.created_at.desc()))
        return [_key(row) for row in rows.scalars()]

    async def by_hash(self, key_hash: str) -> UploadKey | None:
        """Return the key with this hash (system units: anybody's)."""
        row = (
            await self.session.execute(select(UploadKeyRow).where(UploadKeyRow.key_hash == key_hash))
        ).scalar_one_or_none()
        return None if row is None else _key(row)

    async def used(self: "UploadKeyRepository[Unit]", key_id: str) -> None:
        await self.writing.execute(
            update(UploadKeyRow).where(UploadKeyRow.id == key_id).values(last_used_at=self.unit.now)
        )

    async def revoke(self: "UploadKeyRepository[Unit]", key_id: str) -> bool:
        """Take a key back; False where it is unknown or was taken back before."""
        row = (await self.writing.execute(select(UploadKeyRow).where(UploadKeyRow.id == key_id))).scalar_one_or_none()
        if row is None or row.revoked_at is not None:
            return False
        row.revoked_at = self.unit.now
        return True


def _folder(row: FolderRow) -> Folder:
    return Folder(
        id=FolderId(row.id),
        owner_id=row.owner_id,
        path=row.path,
        mode=WatchMode(row.mode),
        is_recursive=row.is_recursive,
        post=PostChoice(row.post),
        channel_id=row.channel_id,
        ignore=tuple(row.ignore),
        is_paused=row.is_paused,
        created_at=row.created_at,
        gone_since=row.gone_since,
    )


def _file(row: BounceFileRow) -> WatchedFile:
    stamp = None
    if row.size_bytes is not None and row.mtime_ns is not None and row.inode is not None:
        stamp = FileStamp(row.size_bytes, row.mtime_ns, int(row.inode))
    return WatchedFile(
        id=FileId(row.id),
        owner_id=row.owner_id,
        folder_id=FolderId(row.folder_id),
        path=row.path,
        state=FileState(row.state),
        stamp=stamp,
        trouble=None if row.trouble is None else Trouble(row.trouble),
        bounce_id=None if row.bounce_id is None else BounceId(row.bounce_id),
        group_key=row.group_key,
        updated_at=row.updated_at,
    )


def _key(row: UploadKeyRow) -> UploadKey:
    return UploadKey(KeyId(row.id), row.owner_id, row.name, row.created_at, row.last_used_at, row.revoked_at)
