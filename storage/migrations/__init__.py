"""Migrations run by program over the live connection at start; there is no alembic.ini."""

from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.config import Config
from alembic.operations.ops import UpgradeOps
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncConnection

from storage.base import Owned
from storage.engine import Engines
from storage.tables import load_all
from storage.types import Flag, Instant, Json


class NewerDatabase(RuntimeError):
    """The database was written by a newer Studiohand; parts: its revision."""


def script_directory() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def head() -> str:
    """Return the newest revision this version knows."""
    revision = script_directory().get_current_head()
    if revision is None:
        raise RuntimeError("there are no migrations")
    return revision


async def current(engines: Engines) -> str | None:
    """Return the revision of the database, None for an empty one."""
    async with engines.read.connect() as connection:
        return await connection.run_sync(lambda sync: MigrationContext.configure(sync).get_current_revision())


async def upgrade(engines: Engines, target: str = "head") -> None:
    """Bring the database to `target`. Raises NewerDatabase where its revision is unknown here.

    Foreign keys are off meanwhile: a batch change that recreates a table would empty its children.
    """
    async with engines.write.connect() as connection:
        await _foreign_keys(connection, engines, on=False)
        try:
            async with connection.begin():
                if engines.dialect == "postgresql":
                    # Two processes that start together migrate one after the other.
                    await connection.execute(text("SELECT pg_advisory_xact_lock(7077701)"))
                    await connection.execute(text("SELECT set_config('studiohand.owner', 'system', true)"))
                await connection.run_sync(_run, target)
                if engines.dialect == "sqlite":
                    broken = (await connection.exec_driver_sql("PRAGMA foreign_key_check")).all()
                    if broken:
                        raise RuntimeError(f"a migration left {len(broken)} dangling references")
                elif target == "head":
                    await connection.run_sync(_row_level_security)
        finally:
            await _foreign_keys(connection, engines, on=True)


async def _foreign_keys(connection: AsyncConnection, engines: Engines, *, on: bool) -> None:
    if engines.dialect != "sqlite":
        return
    raw = await connection.get_raw_connection()
    driver: Any = raw.driver_connection
    await driver.execute(f"PRAGMA foreign_keys={'ON' if on else 'OFF'}")


def _run(connection: Connection, target: str) -> None:
    script = script_directory()
    known = {revision.revision for revision in script.walk_revisions()}
    present = MigrationContext.configure(connection).get_current_revision()
    if present is not None and present not in known:
        raise NewerDatabase(present)

    def steps(revision: Any, _context: MigrationContext) -> Any:
        return script._upgrade_revs(target, revision)  # noqa: SLF001 - what alembic's own command does

    with EnvironmentContext(Config(), script, fn=steps) as environment:
        environment.configure(connection=connection, target_metadata=load_all().metadata, render_as_batch=True)
        try:
            with environment.begin_transaction():
                environment.run_migrations()
        except CommandError as error:
            raise RuntimeError(f"migration failed: {error}") from error


def _row_level_security(connection: Connection) -> None:
    """Fourth layer of ownership: PostgreSQL itself shows an owner's rows to that owner only."""
    for mapper in load_all().registry.mappers:
        if not issubclass(mapper.class_, Owned):
            continue
        table = mapper.local_table.name  # type: ignore[union-attr]
        rule = (
            "owner_id::text = current_setting('studiohand.owner', true)"
            " OR current_setting('studiohand.owner', true) = 'system'"
        )
        connection.execute(text(f'ALTER TABLE "{table}" ENABLE ROW LEVEL SECURITY'))
        connection.execute(text(f'ALTER TABLE "{table}" FORCE ROW LEVEL SECURITY'))
        connection.execute(text(f'DROP POLICY IF EXISTS owner_only ON "{table}"'))
        connection.execute(text(f'CREATE POLICY owner_only ON "{table}" USING ({rule}) WITH CHECK ({rule})'))


def differences(connection: Connection) -> list[Any]:
    """Return what autogenerate would still change; empty when migrations and tables agree."""
    options = {"compare_type": False, "include_object": _not_foreign}
    return compare_metadata(MigrationContext.configure(connection, opts=options), load_all().metadata)


def _not_foreign(_object: Any, name: str | None, kind: str, reflected: bool, compare_to: Any) -> bool:
    # Tables of the job queue live in the same PostgreSQL database and migrate themselves.
    return not (kind == "table" and reflected and compare_to is None and (name or "").startswith("procrastinate"))


def _render_item(kind: str, item: Any, context: Any) -> str | Literal[False]:
    if kind == "type" and isinstance(item, Instant | Json | Flag):
        context.imports.add("from storage.types import Flag, Instant, Json")
        return f"{type(item).__name__}()"
    return False


def draft(connection: Connection) -> str:
    """Return the body of an upgrade that makes the tables as they are mapped now."""
    options = {"render_item": _render_item, "render_as_batch": True, "user_module_prefix": None}
    context = MigrationContext.configure(connection, opts={"compare_type": False, **options})
    script = produce_migrations(context, load_all().metadata)
    operations: UpgradeOps = script.upgrade_ops  # type: ignore[assignment]
    return render_python_code(operations, render_as_batch=True, render_item=_render_item)
