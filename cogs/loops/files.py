"""Exports and files of loops in chat: made, listed, taken, read back in with a preview."""

import json

import discord

from bot.errors import ChangedSince
from bot.loops.area import LoopArea
from bot.loops.handing_out import MadeExport
from bot.loops.import_rows import Problem
from bot.loops.model import Export, ExportState, ExportTarget
from bot.loops.moving import LoopFile, Preview
from bot.loops.wording import names_text
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    OutFile,
    Row,
    Section,
    State,
    Style,
    Text,
    note,
    raw,
    straight,
)
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.pager import Page, Pager
from cogs.loops.panel import which_loop
from cogs.loops.readings import asker_of, origin_text, plain_words

_BLOCK = 1_400
"""Characters of a text shown in the card itself; the file always holds all of it."""


async def export_reply(turn: Turn, target: str, loop_id: str | None, clip_id: str | None) -> Card:
    """Make an export or a file, and return its card."""
    area: LoopArea = turn.services.loops
    if loop_id is None and clip_id is not None:
        loop_id = (await area.clips.get(turn.owner, clip_id))[0].id
    if loop_id is None:
        loop_id = await which_loop(turn, None)
    if target in ("json", "csv"):
        return file_card(await area.transfer.file_of(turn.owner, loop_id, as_csv=target == "csv"), turn)
    made = await area.exports.make(
        turn.actor,
        turn.owner,
        loop_id,
        ExportTarget(target),
        asker_of(turn),
        plain_words(turn.words),
        clip_id=clip_id,
    )
    opened = await area.exports.open(turn.actor, turn.owner, made.export.id)
    return export_card(opened, turn.words)


def file_card(found: LoopFile, turn: Turn) -> Card:
    """Return a loop as a file."""
    words = turn.words
    return Card(
        title=found.loop.name,
        lead=words("loop.file.lead"),
        files=[OutFile(found.name, found.data)],
        rows=[[Button("loop", "show", words("loop.card.show"), id=found.loop.id, owner=turn.owner)]],
    )


def export_card(made: MadeExport, words: Words) -> Card:
    """Return an export: what it is for, the text where it fits, the document and the payload as files."""
    one, loop = made.export, made.loop
    payload = json.dumps(dict(one.payload), ensure_ascii=False, indent=2) + "\n"
    stem = made.file_name.rsplit(".", 1)[0]
    text = made.file_text.strip()
    facts: list[Fact | str] = [
        Fact(words("loop.export.score"), words("loop.export.score_value", percent=round(one.score * 100))),
        words("loop.insight.by", who=one.created_by, when=one.created_at),
    ]
    if one.target is ExportTarget.XP and len(text) <= _BLOCK:
        facts.append(_copy_block(text))
    owner = loop.owner_id
    rows: list[Row] = [
        [
            Button("loop", "x-post", words("loop.card.post"), id=one.id, owner=owner),
            Button("loop", "x-again", words("loop.export.again"), id=one.id, owner=owner),
            Button("loop", "x-archive", words("loop.export.archive"), id=one.id, owner=owner),
        ]
    ]
    return Card(
        title=words(f"loop.export.{one.target.value}.card", name=loop.name),
        state=export_state(one, words),
        lead=words(f"loop.export.{one.target.value}.lead"),
        facts=facts,
        files=[OutFile(made.file_name, made.file_text.encode()), OutFile(f"{stem}.json", payload.encode())],
        meta=[origin_text(None, words, is_ai=one.ai_written)],
        rows=rows,
    )


def _copy_block(text: str) -> Text:
    """Return a text in one block that clients copy whole; a fence inside it cannot end the block."""
    safe = straight(text).replace("```", "` ` `")
    return raw(f"```\n{safe}\n```", straight(text))


def export_state(one: Export, words: Words) -> State:
    accent = Accent.LOOK if one.state is ExportState.FAILED else Accent.IDLE
    return State(words(f"loop.export.state.{one.state.value}"), "", accent)


@control("loop", "x-open", does=Does.SEE)
async def open_export(press: Press) -> None:
    """Open an export from the history."""
    area: LoopArea = press.services.loops
    made = await area.exports.open(press.actor, press.owner, press.id)
    await press.reply(export_card(made, press.words), ephemeral=True)


@control("loop", "x-retry")
async def retry_export(press: Press) -> None:
    """Try an export again that could not be made."""
    area: LoopArea = press.services.loops
    await press.defer(new_message=True)
    made = await area.exports.retry(press.actor, press.owner, press.id, asker_of(press), plain_words(press.words))
    await press.reply(export_card(made, press.words))


@control("loop", "x-again")
async def export_again(press: Press) -> None:
    """Make the same export from the loop as it is today."""
    area: LoopArea = press.services.loops
    await press.defer(new_message=True)
    before = (await area.exports.open(press.actor, press.owner, press.id)).export
    await press.reply(await export_reply(press, before.target.value, before.loop_id, before.clip_id))


@control("loop", "x-post", does=Does.SEE)
async def post_export(press: Press) -> None:
    """Post an export for everybody here."""
    area: LoopArea = press.services.loops
    made = await area.exports.open(press.actor, press.owner, press.id)
    card = export_card(made, press.guild_words)
    await press.post(Card(title=card.title, lead=card.lead, facts=card.facts, files=card.files[:1], meta=card.meta))


@control("loop", "x-archive")
async def archive_export(press: Press) -> None:
    """Put an export away."""
    area: LoopArea = press.services.loops
    group_id = await area.exports.archive(press.actor, press.owner, press.id)
    await press.update(note(press.words("loop.export.archived"), [undo_button(press, group_id)]))


async def _count(turn: Turn, _wanted: str) -> int:
    area: LoopArea = turn.services.loops
    return (await area.exports.page(turn.owner, 0, 1))[1]


async def _rows(turn: Turn, _wanted: str, offset: int, limit: int) -> list[Export]:
    area: LoopArea = turn.services.loops
    return (await area.exports.page(turn.owner, offset, limit))[0]


def _exports_card(page: Page[Export], words: Words) -> Card:
    lines = [
        Line(
            words(
                "loop.export.line",
                target=words(f"loop.export.name.{one.target.value}"),
                state=words(f"loop.export.state.{one.state.value}"),
                percent=round(one.score * 100),
                who=one.created_by,
                when=one.created_at,
            ),
            Button("loop", "x-retry", words("loop.card.retry"), id=one.id, owner=page.owner)
            if one.state in (ExportState.FAILED, ExportState.QUEUED)
            else Button("loop", "x-open", words("loop.card.open"), id=one.id, owner=page.owner),
        )
        for one in page.rows
    ]
    return Card(title=words("loop.export.title", count=page.total), sections=[Section(None, lines)])


exports = Pager(
    "loop",
    "exports",
    _count,
    _rows,
    _exports_card,
    lambda _filter, words: note(words("loop.export.empty")),
    per_page=6,
)


# ---------------------------------------------------------------------- import


async def import_reply(turn: Turn, file: discord.Attachment, loop_id: str | None) -> Card:
    """Read a file and return the preview, or what is wrong with it."""
    area: LoopArea = turn.services.loops
    loop_id = await which_loop(turn, loop_id, Does.EDIT)
    limit = area.rules.transfer.bytes_max
    data = b" " * (limit + 1) if file.size > limit else await file.read()
    is_csv = file.filename.casefold().endswith(".csv")
    preview = await area.transfer.read(turn.owner, loop_id, data, is_csv=is_csv)
    return preview_card(preview, turn)


def preview_card(preview: Preview, turn: Turn, told: str | None = None) -> Card:
    """Return what an import would do, with names, or the list of problems."""
    words, change, loop = turn.words, preview.difference, preview.loop
    title = words("loop.import.title", name=loop.name)
    if preview.problems:
        lines = [_problem_text(problem, words) for problem in preview.problems]
        refused = words("loop.import.refused")
        return Card(title=title, lead=refused, sections=[Section(None, lines)], accent=Accent.LOOK)
    if change.is_empty:
        return note(words("loop.import.same", name=loop.name))
    counts = words("loop.import.counts", new=len(change.new), changed=len(change.changed), removed=len(change.removed))
    named = (
        ("new", [clip.name for clip in change.new]),
        ("changed", [new.name for _, new in change.changed]),
        ("removed", [clip.name for clip in change.removed]),
    )
    facts: list[Fact | str] = [
        Fact(words(f"loop.import.{key}"), names_text(names, words, keep=8)) for key, names in named if names
    ]
    if told:
        facts.insert(0, told)
    apply = Button(
        "loop",
        "im-apply",
        words("loop.import.apply"),
        id=preview.token,
        arg="keep" if preview.keep_missing else "",
        owner=turn.owner,
        style=Style.PRIMARY,
    )
    row = [apply]
    if change.removed:
        row.append(Button("loop", "im-keep", words("loop.import.keep"), id=preview.token, owner=turn.owner))
    row.append(Button("ui", "dismiss", words("card.not_now"), owner=turn.owner))
    return Card(title=title, lead=counts, facts=facts, rows=[row])


def _problem_text(problem: Problem, words: Words) -> str:
    reason = words(f"loop.import.problem.{problem.code}", **problem.parts)
    return words("loop.import.line", line=problem.line, reason=reason) if problem.line else reason


@control("loop", "im-keep")
async def keep_missing(press: Press) -> None:
    """Show the preview without the deletes."""
    area: LoopArea = press.services.loops
    preview = await area.transfer.preview(press.owner, press.id, keep_missing=True)
    await press.update(preview_card(preview, press))


@control("loop", "im-apply")
async def apply_import(press: Press) -> None:
    """Apply the file; when the loop changed since the preview, show a new one."""
    area: LoopArea = press.services.loops
    keep = press.arg == "keep"
    try:
        edited, change = await area.transfer.apply(press.actor, press.owner, press.id, keep_missing=keep)
    except ChangedSince:
        preview = await area.transfer.preview(press.owner, press.id, keep_missing=keep)
        await press.update(preview_card(preview, press, press.words("error.loop_import_stale")))
        return
    told = press.words(
        "loop.import.done",
        name=edited.loop.name,
        new=len(change.new),
        changed=len(change.changed),
        removed=len(change.removed),
    )
    show = Button("loop", "show", press.words("loop.card.show"), id=edited.loop.id, owner=press.owner)
    await press.update(note(told, [undo_button(press, edited.group_id), show]))


controls = (
    open_export,
    retry_export,
    export_again,
    post_export,
    archive_export,
    keep_missing,
    apply_import,
    *exports.controls,
)
