"""What `studiohand doctor` says of facts that grew old, and of what went wrong lately."""

from datetime import timedelta
from pathlib import Path

from bot.ai.model import Asker, UsageEntry
from bot.cli import doctor
from bot.clock import FixedClock
from bot.outbox_model import DeliveryDraft
from storage.repositories.ai import AiRepository
from storage.repositories.deliveries import DeliveryRepository
from storage.unit import Database
from tests.product import plain_settings

ADA = 1001


def told(findings: list[doctor.Finding]) -> list[str]:
    return [f"{one.word} {one.subject}: {one.text}" for one in findings]


async def test_facts_that_nobody_checked_for_a_year_are_named(tmp_path: Path, clock: FixedClock) -> None:
    settings = plain_settings(tmp_path)
    clock.advance(days=800)
    found = told(await doctor._facts(settings, clock))
    assert any(one.startswith("Look Facts: Help lines that nobody checked within a year: ") for one in found)
    assert any(one.startswith("Look Facts: Facts about platforms that nobody checked") for one in found)


async def test_a_wrong_facts_file_of_the_operator_is_broken(tmp_path: Path, clock: FixedClock) -> None:
    settings = plain_settings(tmp_path)
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    (settings.data_dir / "facts.toml").write_text('[[fact]]\nkey = "my.rule"\nvalue = "x"\n')
    assert "source is missing" in told(await doctor._facts(settings, clock))[0]


async def test_failed_messages_and_calls_are_counted_with_the_reason(database: Database, clock: FixedClock) -> None:
    since = clock.now() - timedelta(days=30)
    assert await doctor._records(database, since) == []
    async with database.system_write("seed") as unit:
        wrong = await unit.deliver(DeliveryDraft("bounce.card", "k1", "channel", 7, owner=ADA))
        assert wrong is not None
        await unit.repo(DeliveryRepository).close(wrong, "failed", "50013 Missing Permissions")
        for number, outcome in enumerate(["ok", "timeout", "timeout", "no_ideas"]):
            entry = UsageEntry(f"c{number}", clock.now(), Asker(ADA), "m", "coach_plan", "1", outcome, 1, 1, 1)
            await unit.repo(AiRepository).add(entry)
    assert told(await doctor._records(database, since)) == [
        "Look Messages: 1 could not be sent within 30 days; the last one, bounce.card: 50013 Missing Permissions.",
        "Look AI: 2 calls gave no answer within 30 days; most often coach_plan: timeout (2).",
    ]
    clock.advance(days=31)
    assert await doctor._records(database, clock.now() - timedelta(days=30)) == []
