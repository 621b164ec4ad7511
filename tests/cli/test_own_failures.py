"""What goes wrong on this computer ends with one sentence and the documented code, never with a traceback."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.databases import empty_sqlite
from tests.local.by_hand import plain_environment

DATABASE, SETTINGS = 4, 2


def garbage(data: Path) -> None:
    data.mkdir()
    (data / "studiohand.db").write_bytes(b"This was a database once. " * 400)


def cut_short(data: Path) -> None:
    whole(data)
    file = data / "studiohand.db"
    file.write_bytes(file.read_bytes()[: file.stat().st_size // 3])


def overwritten_inside(data: Path) -> None:
    whole(data)
    file = data / "studiohand.db"
    content = bytearray(file.read_bytes())
    content[4096 : 4096 * 12] = os.urandom(4096 * 11)
    file.write_bytes(content)


def a_folder(data: Path) -> None:
    (data / "studiohand.db").mkdir(parents=True)


def foreign(data: Path) -> None:
    data.mkdir()
    make_foreign(data / "studiohand.db")


def whole(data: Path) -> None:
    data.mkdir()
    empty_sqlite(data / "studiohand.db")


def a_file(data: Path) -> None:
    data.write_text("not a folder")


def make_foreign(file: Path) -> Path:
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE songs (title TEXT)")
        database.execute("INSERT INTO songs VALUES ('Night Drive')")
    database.close()
    return file


COMMANDS: dict[str, list[str]] = {
    "run": ["local", "--port", "0", "--data", "{data}"],
    "check": ["db", "check"],
    "backup": ["db", "backup"],
    "export": ["archive", "export", "{tmp}/out", "--person", "1"],
    "move": ["move-to-postgres"],
    "doctor": ["doctor"],
}


def ended(tmp: Path, *arguments: str, data: Path | None = None, database_url: str | None = None) -> tuple[int, str]:
    """Run a command to its end; return its code and all it said."""
    data = data or tmp / "data"
    environment = {} if database_url is None else {"STUDIOHAND_DATABASE_URL": database_url}
    done = subprocess.run(
        [sys.executable, "-m", "bot", *(one.format(data=data, tmp=tmp) for one in arguments)],
        cwd=tmp,
        env={**plain_environment(), "STUDIOHAND_DATA_DIR": str(data), "STUDIOHAND_HTTP_PORT": "0", **environment},
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


@pytest.mark.parametrize(
    ("made", "command"),
    [
        *((made, command) for made in (garbage, foreign) for command in COMMANDS),
        *((made, command) for made in (cut_short, overwritten_inside, a_folder) for command in ("run", "doctor")),
    ],
)
def test_a_database_that_is_none_ends_with_a_sentence(
    tmp_path: Path, made: Callable[[Path], None], command: str
) -> None:
    made(tmp_path / "data")
    file = tmp_path / "data" / "studiohand.db"
    before = file.read_bytes() if file.is_file() else b""
    nowhere = "postgresql://nobody@127.0.0.1:9/none" if command == "move" else None
    code, said = ended(tmp_path, *COMMANDS[command], database_url=nowhere)
    assert (code, "Traceback" in said) == (DATABASE, False), said
    told = "of something else" if made is foreign else "studiohand db restore FILE"
    assert told in said
    assert (file.read_bytes() if file.is_file() else b"") == before, "it is left as it is"


@pytest.mark.parametrize("command", ["run", "backup", "export", "restore"])
def test_a_folder_that_cannot_be_written_ends_with_a_sentence(tmp_path: Path, command: str) -> None:
    """Not even the administrator makes a folder in /proc, or inside a file."""
    (tmp_path / "file").write_text("not a folder")
    whole(tmp_path / "data")
    backup = tmp_path / "data" / "studiohand.db"
    arguments = ["db", "restore", str(backup)] if command == "restore" else COMMANDS[command]
    for data in (Path("/proc/studiohand"), tmp_path / "file", tmp_path / "file" / "data"):
        code, said = ended(tmp_path, *arguments, data=data)
        assert (code, "Traceback" in said) == (SETTINGS, False), said
        assert str(data) in said
        assert "Set STUDIOHAND_DATA_DIR to a folder of yours." in said


def test_an_archive_that_cannot_be_written_where_it_should_ends_with_a_sentence(tmp_path: Path) -> None:
    whole(tmp_path / "data")
    (tmp_path / "data" / "backups").write_text("not a folder")
    code, said = ended(tmp_path, "db", "backup")
    assert (code, "Traceback" in said) == (SETTINGS, False), said
    assert "backups can't be used: File exists." in said


def an_empty_file(file: Path) -> Path:
    file.touch()
    return file


def a_text(file: Path) -> Path:
    file.write_text("no database at all")
    return file


def another_program_of_alembic(file: Path) -> Path:
    make_foreign(file)
    with sqlite3.connect(file) as database:
        database.execute("CREATE TABLE alembic_version (version_num TEXT)")
        database.execute("INSERT INTO alembic_version VALUES ('0008')")
    database.close()
    return file


def a_directory(file: Path) -> Path:
    file.mkdir()
    return file


@pytest.mark.parametrize("made", [make_foreign, an_empty_file, a_text, another_program_of_alembic, a_directory])
def test_what_is_no_backup_is_not_restored(tmp_path: Path, made: Callable[[Path], Path]) -> None:
    whole(tmp_path / "data")
    before = (tmp_path / "data" / "studiohand.db").read_bytes()
    code, said = ended(tmp_path, "db", "restore", str(made(tmp_path / "odd one?.db")))
    assert (code, "Traceback" in said) == (DATABASE, False), said
    assert len(said.strip().splitlines()) == 1
    assert (tmp_path / "data" / "studiohand.db").read_bytes() == before
    assert list((tmp_path / "data").glob("*replaced*")) == []


def test_a_backup_of_ours_is_restored(tmp_path: Path) -> None:
    whole(tmp_path / "data")
    assert ended(tmp_path, "db", "backup")[0] == 0
    made = next((tmp_path / "data" / "backups").glob("*.db"))
    garbage(tmp_path / "broken")
    code, said = ended(tmp_path, "db", "restore", str(made), data=tmp_path / "broken")
    assert code == 0, said
    assert "Restored. The replaced database is kept as" in said
    assert ended(tmp_path, "db", "check", data=tmp_path / "broken") == (0, "The database is sound.\n")
