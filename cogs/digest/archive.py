"""The archive: what to pack, a preview with counts and size, the zips, and taking a catalogue over."""

import asyncio
import shutil
from collections.abc import Sequence
from pathlib import Path

from humanize import naturalsize

from bot.errors import Refused
from bot.imports.model import ImportRules, Problem
from bot.imports.wording import reasons
from bot.rules import load_rules
from bot.say.card import Accent, Button, Card, Option, OutFile, Section, Select, Style, note
from bot.say.words import Words
from bot.ui.base import Press, Submit, Turn
from bot.ui.controls import control, form
from bot.ui.inputs import Field, FieldKind, Form
from bot.ui.items import Who
from bot.ui.progress import run
from bot.ui.uploads import blocks_of
from bot.ui.works import Work

SPANS = ("month", "quarter", "all")
FILES_A_MESSAGE = 10


async def archive_card(turn: Turn, span: str, flags: str) -> Card:
    """Return the preview: counts and size, what is ticked, Make the archive."""
    archive = turn.services.archive
    words = turn.words
    preview = await archive.preview(turn.person, archive.choice(span, flags))
    lines = [
        words(f"digest.archive.{name}", count=getattr(preview, name))
        for name in ("digests", "bounces", "loops", "releases", "forms")
        if getattr(preview, name)
    ]
    lead = (
        words("digest.archive.empty")
        if preview.is_empty
        else words("digest.archive.about", size=naturalsize(preview.about_bytes))
    )
    options = [Option(words(f"digest.archive.span_{each}"), each, default=each == span) for each in SPANS]

    def tick(flag: str, name: str) -> Button:
        on = flag in flags
        label = words(f"digest.archive.{'without' if on else 'with'}_{name}")
        changed = flags.replace(flag, "") if on else "".join(sorted(flags + flag))
        return Button("digest", "archive", label, span, changed, owner=turn.person)

    make = Button(
        "digest",
        "pack",
        words("digest.archive.make"),
        span,
        flags,
        style=Style.PRIMARY,
        owner=turn.person,
        disabled=preview.is_empty,
    )
    take = Button("digest", "take", words("digest.archive.take"), owner=turn.person)
    return Card(
        title=words("digest.archive.title"),
        lead=lead,
        sections=[Section(None, lines)] if lines else (),
        rows=[
            Select("digest", "span", words("digest.archive.pick"), options, "-", flags, owner=turn.person),
            [make, tick("c", "coach"), tick("a", "audio"), take],
        ],
    )


@control("digest", "archive", who=Who.OWNER)
async def show_archive(press: Press) -> None:
    span = press.id if press.id in SPANS else "quarter"
    card = await archive_card(press, span, press.arg)
    await (press.update(card) if press.id in SPANS else press.reply(card, ephemeral=True))


@control("digest", "span", who=Who.OWNER)
async def pick_span(press: Press) -> None:
    await press.update(await archive_card(press, press.values[0], press.arg))


@control("digest", "pack", who=Who.OWNER)
async def pack(press: Press) -> None:
    """Build in the background with progress and Cancel; parts as large as this place takes."""
    archive = press.services.archive
    choice = archive.choice(press.id, press.arg)
    limit = press.interaction.filesize_limit
    parts: list[OutFile] = []

    async def job(work: Work) -> Card:
        plan, paths = await archive.build(press.person, choice, limit, work.step)
        try:
            sent = paths[:FILES_A_MESSAGE]
            parts.extend([OutFile(path.name, await asyncio.to_thread(path.read_bytes)) for path in sent])
        finally:
            await asyncio.to_thread(_remove, paths)
        words = press.words
        lines = [words("digest.archive.files", count=plan.files)]
        if plan.left_out:
            lines.append(words("digest.archive.left_out", count=len(plan.left_out)))
        shown = parts[:1]
        if len(parts) > 1:
            lines.append(words("digest.archive.parts", count=len(parts)))
        if len(paths) > len(parts):
            lines.append(words("digest.archive.many", count=len(paths) - len(parts)))
        return Card(words("digest.archive.ready"), sections=[Section(None, lines)], files=shown)

    retry = Button("digest", "pack", press.words("card.try_again"), press.id, press.arg, owner=press.person)
    await run(press, "archive", job, retry=retry)
    # Each part is a message of its own: together they would be over the limit of one.
    for part in parts[1:]:
        await press.reply(Card(press.words("digest.archive.ready"), files=[part]), ephemeral=True)


def _remove(paths: list[Path]) -> None:
    for folder in {path.parent for path in paths}:
        shutil.rmtree(folder, ignore_errors=True)


@control("digest", "take", who=Who.OWNER, opens_form=True)
async def ask_file(press: Press) -> None:
    words = press.words
    fields = [Field("file", words("digest.archive.file"), words("digest.archive.file_help"), kind=FieldKind.FILE)]
    await press.open(Form("digest", "taken", words("digest.archive.take"), fields))


@form("digest", "taken")
async def take_over(submit: Submit) -> None:
    files = submit.values.files("file")
    if not files:
        raise Refused("import_no_file")
    file, words = files[0], submit.words

    async def job(work: Work) -> Card:
        work.step(words("digest.archive.taking"))
        taken = await submit.services.archive.takeover.take(submit.actor, submit.person, file.size, blocks_of(file))
        return refusal_card(taken.problems, words) or note(words("digest.archive.taken", count=taken.new))

    await run(submit, "import", job)


def refusal_card(problems: Sequence[Problem], words: Words) -> Card | None:
    """Return what stands in the way, row by row; None where nothing does."""
    if not problems:
        return None
    lines = reasons(problems, words)
    more = load_rules("imports", ImportRules).problems_shown <= len(lines)
    meta = [words("digest.archive.refused_more", count=len(lines))] if more else []
    title = words("digest.archive.take")
    sections = [Section(None, lines)]
    return Card(title, lead=words("digest.archive.refused"), sections=sections, meta=meta, accent=Accent.LOOK)
