"""What goes into a person's archive; taking one over is in `takeover.py`."""

import asyncio
import csv
import io
import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from tempfile import mkdtemp

from humanize import naturalsize

from bot import __version__
from bot.archive.rows import FORMAT
from bot.archive.takeover import Takeover
from bot.archive.zips import ArchivePlan, Entry, LeftOut, plan_archive_blocking, write_archive_blocking
from bot.bounces import catalogue
from bot.bounces.area import BounceArea
from bot.bounces.cards import say_in
from bot.bounces.model import Bounce
from bot.bounces.read import BounceReads
from bot.bounces.trouble import CannotMeasure
from bot.clock import Clock
from bot.coach.read import CoachReads
from bot.digest.read import DigestReads
from bot.digest.rules import DigestRules
from bot.errors import Refused
from bot.loops.area import LoopArea
from bot.loops.model import Plan
from bot.loops.read import LoopReads
from bot.loops.transfer import to_json
from bot.phases.form_map import file_name, markdown
from bot.phases.forms import FormMapService
from bot.releases.service import ReleaseService
from bot.rules import load_rules
from bot.say.words import Catalogue, Finished
from bot.sheets import cell
from bot.studio.service import StudioService
from storage.unit import Database

SPANS = {"month": 31, "quarter": 92, "all": None}
ROOM_LEFT_BYTES = 64 << 20
"""What stays free on the disk after an archive was written."""
PICTURE_ABOUT_BYTES = 70_000
"""What a waveform takes, for the preview only; the real size is known before anything is written."""

Step = Callable[[str], None]


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
    """Collects and packs."""

    def __init__(
        self,
        database: Database,
        clock: Clock,
        folder: Path,
        studio: StudioService,
        catalogue: Catalogue,
        bounces: BounceArea,
        loops: LoopArea,
        releases: ReleaseService,
        forms: FormMapService,
    ) -> None:
        """`folder`: where archives lie until they are fetched or swept."""
        self._database, self._clock, self._folder = database, clock, folder
        self._studio, self._catalogue = studio, catalogue
        self._bounces, self._loops, self._releases, self._forms = bounces, loops, releases, forms
        self._rules = load_rules("digest", DigestRules)
        self.takeover = Takeover(database, clock, folder.parent / "spool", bounces.service, loops)

    @staticmethod
    def choice(span: str, flags: str) -> ArchiveChoice:
        """Return the choice as the card's buttons carry it: `c` coach, `a` audio."""
        return ArchiveChoice(span if span in SPANS else "quarter", "c" in flags, "a" in flags)

    async def preview(self, owner: int, choice: ArchiveChoice) -> ArchivePreview:
        """Count what is there, without packing."""
        since = self._since(choice)
        async with self._database.reading(owner):
            digests = await DigestReads(self._database).everything(owner, since)
            bounces, _ = await BounceReads(self._database).everything(owner, since)
            loops = await LoopReads(self._database).changed_since(owner, since)
        forms = await self._forms.all(owner)
        releases = await self._releases.all(owner)
        audio = sum(bounce.facts.size_bytes for bounce in bounces) if choice.audio else 0
        texts = sum(len(digest.markdown) // 2 for digest in digests) + 400 * len(bounces) + 3000 * len(loops)
        about = texts + PICTURE_ABOUT_BYTES * len(bounces) + audio
        return ArchivePreview(len(digests), len(bounces), len(loops), len(releases), len(forms), about)

    async def build(
        self, owner: int, choice: ArchiveChoice, limit: int | None, step: Step | None = None, to: Path | None = None
    ) -> tuple[ArchivePlan, list[Path]]:
        """Pack everything into zips under a temporary folder (or `to`); raises Refused for an empty span."""
        temporary = await asyncio.to_thread(_work_folder_blocking, self._folder, owner)
        try:
            entries, gone = await self._collect(owner, choice, temporary / "waveforms", step)
            if not entries:
                raise Refused("archive_empty")
            words = Finished(self._catalogue.words("en"))
            now = self._clock.now()
            span = words(f"digest.archive.span_{choice.span}")
            about: dict[str, object] = {"made_by": f"Studiohand {__version__}", "span": choice.span}
            readme = words("digest.archive.readme", span=span)
            plan = await asyncio.to_thread(plan_archive_blocking, entries, readme, about, limit, gone)
            folder = to or temporary
            await asyncio.to_thread(_room_blocking, folder, sum(plan.sizes()))
            paths = await asyncio.to_thread(write_archive_blocking, plan, folder, f"studiohand-{now:%Y-%m-%d}")
        except BaseException:
            # Also when it was cancelled: nothing is left lying about.
            await asyncio.to_thread(shutil.rmtree, temporary, True)
            raise
        await asyncio.to_thread(shutil.rmtree, temporary if to else temporary / "waveforms", True)
        return plan, paths

    async def forget(self, owner: int) -> None:
        """Delete what lies here of somebody's archives and imports."""
        await asyncio.to_thread(_forget_blocking, self._folder, owner)
        await self.takeover.spool.forget(owner)

    async def sweep(self) -> None:
        """Take away what an archive or an import left when the process ended in the middle of it, after a day."""
        await self.takeover.spool.sweep()
        before = self._clock.now() - timedelta(hours=self._rules.archive_hours)
        await asyncio.to_thread(_sweep_blocking, self._folder, before)

    def _since(self, choice: ArchiveChoice) -> datetime:
        days = choice.days
        return datetime(1970, 1, 2, tzinfo=UTC) if days is None else self._clock.now() - timedelta(days=days)

    async def _collect(
        self, owner: int, choice: ArchiveChoice, folder: Path, step: Step | None
    ) -> tuple[list[Entry], list[LeftOut]]:
        """Return what goes in and what can't; pictures are drawn into `folder`, so that memory stays small."""
        since = self._since(choice)
        words = Finished(self._catalogue.words("en"))
        zone = await self._studio.zone(owner)
        entries: list[Entry] = []
        gone: list[LeftOut] = []
        async with self._database.reading(owner):
            digests = await DigestReads(self._database).everything(owner, since)
            bounces, slices = await BounceReads(self._database).everything(owner, since)
            loops = await LoopReads(self._database).changed_since(owner, since)
            names = await LoopReads(self._database).names(owner)
        entries += [Entry(f"digests/{digest.file_name}", digest.markdown.encode()) for digest in digests]
        entries += [Entry(f"loops/{loop.name}.json", to_json(Plan(loop, clips)).encode()) for loop, clips in loops]
        for form in await self._forms.all(owner):
            for place, version in enumerate(form.versions):
                if version.created_at > since:
                    before = form.versions[place - 1].content if place else None
                    text = markdown(form.form.name, version.content, words, before)
                    name = file_name(version.created_at.astimezone(zone), version.content_hash)
                    entries.append(Entry(f"form_maps/{form.form.name}/{name}", text.encode()))
        for view in await self._releases.all(owner):
            name, data = await self._releases.calendar(owner, view.release.id, with_done=True)
            entries.append(Entry(f"releases/{view.release.title}-{name}", data))
        alts = await self._pictures(bounces, entries, gone, folder, step)
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
                path = await self._bounces.audio.path(owner, bounce)
                if path is None:
                    gone.append(LeftOut(f"audio/{bounce.file_name}", "the file is no longer held"))
                else:
                    entries.append(Entry(f"audio/{bounce.file_name}", path))
        return entries, gone

    async def _pictures(
        self, bounces: list[Bounce], entries: list[Entry], gone: list[LeftOut], folder: Path, step: Step | None
    ) -> dict[str, tuple[str, str]]:
        """Draw every waveform; one that can't be drawn is named and skipped. Return bounce id → (file, alt)."""
        say = say_in(self._catalogue.words(None))
        alts: dict[str, tuple[str, str]] = {}
        for number, bounce in enumerate(bounces, 1):
            if step is not None and number % 10 == 1:
                words = self._catalogue.words("en")
                step(words("digest.archive.drawing", number=number, total=len(bounces)))
            name = f"waveforms/{Path(bounce.file_name).stem}-v{bounce.number}.png"
            try:
                drawn = await self._bounces.pictures.waveform(bounce, say)
            except CannotMeasure:
                gone.append(LeftOut(name, "could not be drawn"))
                continue
            path = folder / f"{number}.png"
            await asyncio.to_thread(path.write_bytes, drawn.png)
            entries.append(Entry(name, path))
            alts[bounce.id] = (name, drawn.alt)
        return alts

    async def _coach(self, owner: int, since: date) -> list[Entry]:
        """Weeks and goals; never energy, never load."""
        weeks, goals = await CoachReads(self._database).everything(owner, since)
        told = [
            {
                "week": week.week_start.isoformat(),
                "state": str(week.state),
                "tasks": [
                    {"title": task.title, "area": str(task.focus_area), "status": str(task.status)} for task in tasks
                ],
            }
            for week, tasks in weeks
        ]
        aims = [{"title": goal.title, "category": str(goal.category), "status": str(goal.status)} for goal in goals]
        return [Entry("coach/weeks.json", _json(told)), Entry("coach/goals.json", _json(aims))]


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
    document = {"format": FORMAT, "version": 1, "bounces": full}
    return [Entry("catalogue.csv", _csv(rows)), Entry("catalogue.json", _json(document))]


def _work_folder_blocking(parent: Path, owner: int) -> Path:
    parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = Path(mkdtemp(prefix=f"archive-{owner}-", dir=parent))
    (folder / "waveforms").mkdir()
    return folder


def _room_blocking(folder: Path, needed: int) -> None:
    """Raise Refused where the disk has no room for what will be written."""
    folder.mkdir(parents=True, exist_ok=True)
    free = shutil.disk_usage(folder).free
    if needed + ROOM_LEFT_BYTES > free:
        raise Refused("archive_room", needed=naturalsize(needed), free=naturalsize(free))


def _forget_blocking(parent: Path, owner: int) -> None:
    for folder in parent.glob(f"archive-{owner}-*"):
        shutil.rmtree(folder, ignore_errors=True)


def _sweep_blocking(parent: Path, before: datetime) -> None:
    for folder in parent.glob("archive-*"):
        if datetime.fromtimestamp(folder.stat().st_mtime, UTC) < before:
            shutil.rmtree(folder, ignore_errors=True)


def _csv(rows: list[dict[str, object]]) -> bytes:
    out = io.StringIO()
    writer = csv.DictWriter(out, list(rows[0]), lineterminator="\r\n")
    writer.writeheader()
    for row in rows:
        writer.writerow({name: cell(value) for name, value in row.items()})
    return ("\ufeff" + out.getvalue()).encode()


def _json(value: object) -> bytes:
    return json.dumps(value, ensure_ascii=False, indent=1).encode()
