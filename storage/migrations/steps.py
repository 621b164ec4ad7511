"""What Alembic does: run the revisions, say what would still change, draft the next one.

Apart from the rest so that a start on a database that is up to date does without Alembic.
"""

from pathlib import Path
from typing import Any, Literal

from alembic.autogenerate import compare_metadata, produce_migrations, render_python_code
from alembic.config import Config
from alembic.operations.ops import UpgradeOps
from alembic.runtime.environment import EnvironmentContext
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util.exc import CommandError
from sqlalchemy import Connection

from storage.failures import NewerDatabase
from storage.tables import load_all
from storage.types import Flag, Instant, Json


def script_directory() -> ScriptDirectory:
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("path_separator", "os")
    return ScriptDirectory.from_config(config)


def run(connection: Connection, target: str) -> None:
    """Run what leads to `target`. Raises NewerDatabase."""
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
