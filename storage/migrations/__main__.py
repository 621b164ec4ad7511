"""Draft a migration: `python -m storage.migrations "add loops"` writes versions/NNNN_add_loops.py to be read over."""

import asyncio
import sys
import tempfile
from pathlib import Path

from storage.engine import open_engines, sqlite_url
from storage.migrations import VERSIONS, head, upgrade
from storage.migrations.steps import draft

TEMPLATE = '''"""{title}"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy import Text
from sqlalchemy.dialects import sqlite

from storage.types import BigInt, Flag, Instant, Json, Real

revision = "{revision}"
down_revision = {down!r}
branch_labels = None
depends_on = None


def upgrade() -> None:
{body}
'''


async def _draft(title: str) -> Path:
    try:
        down = head()
    except RuntimeError:
        down = None
    with tempfile.TemporaryDirectory() as folder:
        engines = open_engines(sqlite_url(Path(folder) / "draft.db"))
        if down is not None:
            await upgrade(engines)
        async with engines.write.connect() as connection:
            body = await connection.run_sync(draft)
        await engines.dispose()
    for wide in ("sa.BigInteger().with_variant(sa.INTEGER(), 'sqlite')",):
        body = body.replace(wide, "BigInt()")
    for wide in ("sa.Double().with_variant(sa.REAL(), 'sqlite')",):
        body = body.replace(wide, "Real()")
    number = len(list(VERSIONS.glob("[0-9]*.py"))) + 1
    slug = "_".join(title.lower().split())
    revision = f"{number:04}_{slug}"[:32]
    file = VERSIONS / f"{number:04}_{slug}.py"
    body = "\n".join(f"    {line}" if line and not line.startswith("    ") else line for line in body.splitlines())
    file.write_text(TEMPLATE.format(title=title.capitalize(), revision=revision, down=down, body=body))
    return file


if __name__ == "__main__":
    sys.stdout.write(f"{asyncio.run(_draft(sys.argv[1]))}\n")
