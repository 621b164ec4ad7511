"""What goes into a person's archive, and taking a catalogue over from one."""

import asyncio
import csv
import io
import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp
from typing import Any, Protocol

from bot import __version__
from bot.actors import Actor
from bot.bounces import catalogue
from bot.bounces.model import Bounce, BounceId, BounceSource, BounceTag, Facts, Filter
from bot.bounces.source import CannotMeasure
from bot.clock import Clock
from bot.digest.archive import ArchivePlan, Entry, LeftOut, plan_archive_blocking, write_archive_blocking
from bot.errors import Refused
from bot.loops.model import Plan
from bot.loops.transfer import to_json
from bot.phases.form_map import file_name, markdown
from bot.phases.forms import FormMapService
from bot.releases.service import ReleaseService
from bot.studio.service import StudioService
from bot.ui.bounce_cards import say_in
from bot.ui.strings import Catalogue, Finished
from bot.wiring.bounces import WiredBounces
from storage.repositories.bounces import BounceRepository, SliceRepository
from storage.repositories.coach_goals import CoachGoalRepository
from storage.repositories.coach_weeks import CoachTaskRepository, CoachWeekRepository
from storage.repositories.digest import DigestRepository
from storage.repositories.loops import ClipRepository, LoopRepository
from storage.unit import Database

BOUNCES_MOST = 100_000
SPANS = {"month": 31, "quarter": 92, "all": None}
CATALOGUE_FORMAT = "studiohand.catalogue"
CATALOGUE_MOST_BYTES = 32 << 20
PICTURE_ABOUT_BYTES = 70_000
"""What a waveform takes, for the preview only; the real size is known before anything is written."""

Step = Callable[[str], None]


class House(Protocol):
    """What this area needs of the application's services."""

    database: Database
    clock: Clock
    studio: StudioService
    catalogue: Catalogue
    bounces: WiredBounces
    forms: FormMapService
    releases: ReleaseService


@dataclass(frozen=True, slots=True)
class ArchiveChoice:
    """What to pack: a span of days (None: everything), coach and audio only where ticked."""

    span: str = "quarter"
    coach: bool = False
    audio: bool = False

    @property
    def days(self) -> int | None:
        return SPANS.get(self.span, 92)


@dataclass(frozen=True, slots=True)
class ArchivePreview:
    """Counts of what would be packed, and about how many bytes."""

    digests: int
    bounces: int
    loops: int
    releases: int
    forms: int
    about_bytes: int

    @property
    def is_empty(self) -> bool:
        return not (self.digests or self.bounces or self.loops or self.releases or self.forms)


class ArchiveService:
    """Collects, packs and takes over."""

    def __init__(self, house: House) -> None:
        self._house = house

    @staticmethod
    def choice(span: str, flags: str) -> ArchiveChoice:
        """Return the choice as the card's buttons carry it: `c` coach, `a` audio."""
        return ArchiveChoice(span if span in SPANS else "quarter", "c" in flags, "a" in flags)

    async def preview(self, owner: int, choice: ArchiveChoice) -> ArchivePreview:
        """Count what is there, without packing."""
        since = self._since(choice)
        async with self._house.database.read(owner) as unit:
            digests = await unit.repo(DigestRepository).all(since)
            wanted = Filter(since=since)
            bounces = await unit.repo(BounceRepository).find(wanted, BOUNCES_MOST)
            loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.updated_at > since]
        forms = await self._house.forms.all(owner)
        releases = await self._house.releases.all(owner)
        audio = sum(bounce.facts.size_bytes for bounce in bounces) if choice.audio else 0
        texts = sum(len(digest.markdown) // 2 for digest in digests) + 400 * len(bounces) + 3000 * len(loops)
        about = texts + PICTURE_ABOUT_BYTES * len(bounces) + audio
        return ArchivePreview(len(digests), len(bounces), len(loops), len(releases), len(forms), about)

    async def build(
        self, owner: int, choice: ArchiveChoice, limit: int | None, step: Step | None = None, to: Path | None = None
    ) -> tuple[ArchivePlan, list[Path]]:
        """Pack everything into zips under a temporary folder (or `to`); raises Refused for an empty span."""
        entries, gone = await self._collect(owner, choice, step)
        if not entries:
            raise Refused("archive_empty")
        words = Finished(self._house.catalogue.words("en"))
        now = self._house.clock.now()
        span = words(f"digest.archive.span_{choice.span}")
        about: dict[str, object] = {"made_by": f"Studiohand {__version__}", "span": choice.span}
        readme = words("digest.archive.readme", span=span)
        plan = await asyncio.to_thread(plan_archive_blocking, entries, readme, about, limit, gone)
        folder = to or Path(await asyncio.to_thread(mkdtemp, prefix="studiohand-archive-"))
        paths = await asyncio.to_thread(write_archive_blocking, plan, folder, f"studiohand-{now:%Y-%m-%d}")
        return plan, paths

    def _since(self, choice: ArchiveChoice) -> datetime:
        days = choice.days
        return datetime(1970, 1, 2, tzinfo=UTC) if days is None else self._house.clock.now() - timedelta(days=days)

    async def _collect(self, owner: int, choice: ArchiveChoice, step: Step | None) -> tuple[list[Entry], list[LeftOut]]:
        since = self._since(choice)
        words = Finished(self._house.catalogue.words("en"))
        zone = await self._house.studio.zone(owner)
        entries: list[Entry] = []
        gone: list[LeftOut] = []
        async with self._house.database.read(owner) as unit:
            digests = await unit.repo(DigestRepository).all(since)
            bounces = await unit.repo(BounceRepository).find(Filter(since=since), BOUNCES_MOST)
            slices = await unit.repo(SliceRepository).between(since, unit.now)
            loops = [loop for loop in await unit.repo(LoopRepository).all() if loop.updated_at > since]
            clips = await unit.repo(ClipRepository).of_loops([loop.id for loop in loops])
            names = {str(loop.id): loop.name for loop in await unit.repo(LoopRepository).all()}
        entries += [Entry(f"digests/{digest.file_name}", digest.markdown.encode()) for digest in digests]
        entries += [Entry(f"loops/{loop.name}.json", to_json(Plan(loop, clips[loop.id])).encode()) for loop in loops]
        for form in await self._house.forms.all(owner):
            for place, version in enumerate(form.versions):
                if version.created_at > since:
                    before = form.versions[place - 1].content if place else None
                    text = markdown(form.form.name, version.content, words, before)
                    name = file_name(version.created_at.astimezone(zone), version.content_hash)
                    entries.append(Entry(f"form_maps/{form.form.name}/{name}", text.encode()))
        for view in await self._house.releases.all(owner):
            name, data = await self._house.releases.calendar(owner, view.release.id, with_done=True)
            entries.append(Entry(f"releases/{view.release.title}-{name}", data))
        alts = await self._pictures(bounces, entries, gone, step)
        if bounces:
            entries += catalogue_entries(bounces, names, alts)
        if slices:
            named = {b.id: b.file_name for b in bounces}
            rows = [(part, named.get(part.bounce_id, "")) for part in slices]
            entries.append(Entry("slices.csv", catalogue.slices_csv(rows)))
        if choice.coach:
            entries += await self._coach(owner, since.date())
        if choice.audio:
            for bounce in bounces:
                path = await self._house.bounces.audio.path(owner, bounce)
                if path is None:
                    gone.append(LeftOut(f"audio/{bounce.file_name}", "the file is no longer held"))
                else:
                    entries.append(Entry(f"audio/{bounce.file_name}", path))
        return entries, gone

    async def _pictures(
        self, bounces: list[Bounce], entries: list[Entry], gone: list[LeftOut], step: Step | None
    ) -> dict[str, tuple[str, str]]:
        """Draw every waveform; one that can't be drawn is named and skipped. Return bounce id → (file, alt)."""
        say = say_in(self._house.catalogue.words(None))
        alts: dict[str, tuple[str, str]] = {}
        for number, bounce in enumerate(bounces, 1):
            if step is not None and number % 10 == 1:
                words = self._house.catalogue.words("en")
                step(words("digest.archive.drawing", number=number, total=len(bounces)))
            name = f"waveforms/{Path(bounce.file_name).stem}-v{bounce.number}.png"
            try:
                drawn = await self._house.bounces.pictures.waveform(bounce, say)
            except CannotMeasure:
                gone.append(LeftOut(name, "could not be drawn"))
                continue
            entries.append(Entry(name, drawn.png))
            alts[bounce.id] = (name, drawn.alt)
        return alts

    async def _coach(self, owner: int, since: date) -> list[Entry]:
        """Weeks and goals; never energy, never load."""
        async with self._house.database.read(owner) as unit:
            weeks = await unit.repo(CoachWeekRepository).since(since)
            tasks = await unit.repo(CoachTaskRepository).of_weeks([week.id for week in weeks])
            goals = await unit.repo(CoachGoalRepository).all()
        told = [
            {
                "week": week.week_start.isoformat(),
                "state": str(week.state),
                "tasks": [
                    {"title": task.title, "area": str(task.focus_area), "status": str(task.status)}
                    for task in tasks[week.id]
                ],
            }
            for week in weeks
        ]
        aims = [{"title": goal.title, "category": str(goal.category), "status": str(goal.status)} for goal in goals]
        return [Entry("coach/weeks.json", _json(told)), Entry("coach/goals.json", _json(aims))]

    # ------------------------------------------------------------------ taking over

    async def import_catalogue(self, actor: Actor, owner: int, data: bytes) -> int:
        """Take over the bounces of a `catalogue.json`; contents known here stay. Return how many were new.

        Raises Refused for a file that is not one.
        """
        return await self._house.bounces.service.adopt(actor, owner, read_catalogue_file(data, owner))


def catalogue_entries(
    bounces: list[Bounce], loop_names: dict[str, str], alts: dict[str, tuple[str, str]]
) -> list[Entry]:
    """Return the catalogue as CSV (with the words of the pictures) and as JSON that can be taken over."""
    rows: list[dict[str, object]] = []
    full: list[dict[str, object]] = []
    for bounce in sorted(bounces, key=lambda b: (b.bounced_at, b.id)):
        row = catalogue.record(bounce, loop_names.get(bounce.loop_id or ""))
        picture, alt = alts.get(bounce.id, ("", ""))
        rows.append({**row, "waveform": picture, "waveform_alt": alt})
        full.append(
            {
                **row,
                "family_key": bounce.family,
                "source": str(bounce.source),
                "tags": list(bounce.free_tags),
                "facts": bounce.facts.to_dict(),
                "bounced_at_ms": int(bounce.bounced_at.timestamp() * 1000),
            }
        )
    document = {"format": CATALOGUE_FORMAT, "version": 1, "bounces": full}
    return [Entry("catalogue.csv", _csv(rows)), Entry("catalogue.json", _json(document))]


def read_catalogue_file(data: bytes, owner: int) -> list[Bounce]:
    """Read a `catalogue.json`. Raises Refused naming what is wrong."""
    if len(data) > CATALOGUE_MOST_BYTES:
        raise Refused("archive_import", reason="over 32 MB")
    try:
        document: Any = json.loads(data)
        if document.get("format") != CATALOGUE_FORMAT or document.get("version") != 1:
            raise Refused("archive_import", reason="no catalogue of version 1")
        return [_bounce(row, owner) for row in document["bounces"]]
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise Refused("archive_import", reason="a row can’t be read") from error


def _bounce(row: dict[str, Any], owner: int) -> Bounce:
    at = datetime.fromtimestamp(int(row["bounced_at_ms"]) / 1000, UTC)
    return Bounce(
        id=BounceId(""),
        owner_id=owner,
        title=str(row["title"])[:200],
        file_name=Path(str(row["file_name"])).name[:255],
        family=str(row["family_key"])[:200],
        family_title=str(row["family"])[:200],
        number=int(row["version"]),
        content_hash=str(row["content_hash"])[:128],
        facts=Facts.from_dict(row["facts"]),
        source=BounceSource(row["source"]),
        bounced_at=at,
        created_at=at,
        updated_at=at,
        tag=BounceTag(row["tag"]) if row.get("tag") else None,
        free_tags=tuple(str(tag)[:24] for tag in row.get("tags", ()))[:10],
        note=str(row.get("note") or "")[:1000],
    )


def _csv(rows: list[dict[str, object]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: _cell(value) for name, value in row.items()})
    return ("\ufeff" + out.getvalue()).encode()


def _cell(value: object) -> object:
    # A spreadsheet would run these.
    if isinstance(value, str) and value[:1] in ("=", "+", "-", "@", "\t", "\r"):
        return "'" + value
    return "" if value is None else value


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
