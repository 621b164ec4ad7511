"""Pictures of bounces on demand: composed as plain data, drawn by a worker, kept beside the bounce by content."""

import asyncio
import hashlib
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bot.bounces import facts as wording
from bot.bounces.facts import Said, said
from bot.bounces.families import common_prefix
from bot.bounces.model import Bounce, Comment, Difference, Slice
from bot.bounces.worker import WorkerPool

Say = Callable[[Said], str]
ART_PX = 3000
"""What distributors ask of a cover (releases: artwork.size)."""
SHOWN_ART_PX = 1200


@dataclass(frozen=True, slots=True)
class Drawn:
    """A picture and its words, made from the same data."""

    png: bytes
    alt: str


@dataclass(frozen=True, slots=True)
class Stretch:
    """A part of a form map over a waveform."""

    start_s: float
    end_s: float
    name: str
    is_estimated: bool


class BouncePictures:
    """Draws in the workers. Raises CannotMeasure where the columns are gone or a worker broke."""

    def __init__(self, pool: WorkerPool) -> None:
        self._pool = pool

    async def waveform(
        self,
        bounce: Bounce,
        say: Say,
        *,
        comments: Sequence[Comment] = (),
        slices: Sequence[Slice] = (),
        form: Sequence[Stretch] = (),
        accent: str | None = None,
        is_square: bool = False,
        is_stereo_shown: bool = False,
    ) -> Drawn:
        """Return the picture of one bounce, with comments as ticks and a form map where there is one."""
        facts = bounce.facts
        view: dict[str, object] = {
            "columns": self._columns(bounce),
            "title": bounce.title,
            "version": say(said("bounce.picture.version", number=bounce.number)),
            "tag": "" if bounce.tag is None else say(said(f"bounce.tag.{bounce.tag}")),
            "facts": [say(one) for one in wording.picture_facts(facts)],
            "sections": [(one.start_s, one.end_s, one.label, False) for one in facts.sections],
            "form": [(one.start_s, one.end_s, one.name, one.is_estimated) for one in form],
            "clips_s": list(facts.clipping.places_s),
            "clip_word": say(said("bounce.picture.clipping", count=facts.clipping.runs)) if facts.clipping.runs else "",
            "gaps_s": [list(gap) for gap in facts.silence.gaps_s[:20]],
            "marks_s": [comment.at_s for comment in comments],
            "slices_s": [(one.start_s, one.end_s) for one in slices],
            "is_stereo_shown": is_stereo_shown,
            "accent": accent,
        }
        stretches = [f"{one.name} {wording.whole_clock(one.start_s)}" for one in form]
        alt = say(wording.alt_text(facts, stretches=stretches))
        png = await self._draw("cover" if is_square else "waveform", view, self._pool.folder_of(bounce.content_hash))
        return Drawn(png, alt)

    async def art(self, bounce: Bounce, say: Say, size: int = ART_PX) -> Drawn:
        """Return the square picture without words, for covers: the piece as a ring."""
        view: dict[str, object] = {"columns": self._columns(bounce), "size": size}
        alt = say(said("bounce.alt.art", name=bounce.title, length=wording.whole_clock(bounce.facts.duration_s)))
        return Drawn(await self._draw("art", view, self._pool.folder_of(bounce.content_hash)), alt)

    async def sheet(self, bounces: Sequence[Bounce], title: str, lead: str, say: Say) -> Drawn:
        """Return one sheet for a burst; what all names begin with stands in the title only."""
        names = [Path(bounce.file_name).stem for bounce in bounces]
        prefix = common_prefix([bounce.file_name for bounce in bounces])
        short = [name[len(prefix) :].strip(" _-.") or name for name in names]
        items = [
            {"name": name, "length": wording.clock(bounce.facts.duration_s), "columns": self._columns(bounce)}
            for name, bounce in zip(short, bounces, strict=True)
        ]
        view: dict[str, object] = {"title": title, "lead": lead, "items": items}
        alt = say(said("bounce.alt.sheet", count=len(items), names=", ".join(short)))
        return Drawn(await self._draw("sheet", view, self._pool.folder_of(bounces[0].content_hash)), alt)

    async def compare(self, old: Bounce, new: Bounce, found: Difference, title: str, say: Say) -> Drawn:
        """Return two versions one above the other, and where they differ most."""
        old_name, new_name = _name(old, new), _name(new, old)
        changes = [say(one) for one in wording.changes(found, old_name)]
        view: dict[str, object] = {
            "old": self._columns(old),
            "new": self._columns(new),
            "title": title,
            "old_name": old_name,
            "new_name": new_name,
            "facts": [change.rstrip(".") for change in changes[:4]],
            "apart_s": [list(found.apart_s)] if found.apart_s is not None else [],
            "apart_word": say(said("bounce.picture.apart")),
        }
        alt = say(said("bounce.alt.compare", old=old_name, new=new_name, changes=" ".join(changes)))
        return Drawn(await self._draw("compare", view, self._pool.folder_of(new.content_hash)), alt)

    def _columns(self, bounce: Bounce) -> list[object]:
        return [str(self._pool.columns_of(bounce.content_hash, bounce.owner_id)), bounce.facts.duration_s]

    async def _draw(self, kind: str, view: dict[str, object], folder: Path) -> bytes:
        """Draw, or return what was drawn of the very same data before."""
        mark = hashlib.sha256(json.dumps(view, sort_keys=True).encode()).hexdigest()[:12]
        to = folder / f"{kind}-{mark}.png"
        try:
            return await asyncio.to_thread(to.read_bytes)
        except OSError:
            return await self._pool.draw(kind, view, to)


def _name(bounce: Bounce, other: Bounce) -> str:
    return bounce.version_name if bounce.family == other.family else f"{bounce.title} {bounce.version_name}"
