"""`/studio privacy`: what is kept about a person, all of it as a file, and all of it gone."""

import asyncio
import io
import json
import zipfile
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from discord import app_commands

from bot.say.card import Accent, Button, Card, OutFile, Section, Style, note
from bot.say.words import Words
from bot.studio.kept import how_long
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import verb
from bot.ui.confirm import check_name, name_form
from bot.ui.controls import control, form
from storage.privacy_map import PRIVACY

TYPED = "delete everything"
_ROOM = 4 << 20
"""What goes along in one message as it is; more is packed."""
_ROOM_LEFT = 100_000
"""What a message needs besides its file."""

Tables = Mapping[str, Sequence[Mapping[str, Any]]]


class PrivacyCommands(app_commands.Group):
    """The only group with a second level."""

    def __init__(self) -> None:
        super().__init__(name="privacy", description="…")

    @verb("show", leaves_trace=False)
    async def show(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        studio = turn.services.studio
        counts, named = await studio.privacy_counts(turn.person), await studio.privacy_named(turn.person)
        await turn.reply(privacy_card(turn, counts, sum(map(len, named.values()))))

    @verb("export", leaves_trace=False)
    async def export(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        studio = turn.services.studio
        await turn.defer()
        data, named = await studio.privacy_export(turn.person), await studio.privacy_named(turn.person)
        if not data and not named:
            await turn.reply(note(turn.words("studio.privacy.nothing")))
            return
        files = await asyncio.to_thread(export_blocking, data, named, turn.words, turn.interaction.filesize_limit)
        count = sum(map(len, (*data.values(), *named.values())))
        lead = turn.words("studio.privacy.export_lead", count=count)
        parts = [OutFile(name, content) for name, content in files]
        first, rest = (parts, []) if sum(len(part.data) for part in parts) < _ROOM else (parts[:1], parts[1:])
        meta = [turn.words("studio.privacy.export_parts", count=len(parts))] if rest else []
        await turn.reply(Card(turn.words("studio.privacy.export_title"), lead=lead, files=first, meta=meta))
        for part in rest:
            # Each is a message of its own: together they would be over the limit of one.
            await turn.reply(Card(turn.words("studio.privacy.export_title"), files=[part]), ephemeral=True)

    @verb("delete", leaves_trace=False)
    async def delete(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        counts = await turn.services.studio.privacy_counts(turn.person)
        if not counts:
            await turn.reply(note(turn.words("studio.privacy.nothing")))
            return
        yes = Button(
            "studio", "delete-all", turn.words("studio.privacy.delete_button"), owner=turn.person, style=Style.DANGER
        )
        no = Button("ui", "dismiss", turn.words("card.not_now"), owner=turn.person)
        total = sum(counts.values())
        lead = turn.words("studio.privacy.delete_lead", count=total)
        await turn.reply(
            Card(
                turn.words("studio.privacy.delete_title"),
                lead=lead,
                sections=[
                    Section(None, table_lines(turn, counts)),
                    Section(None, [turn.words("studio.privacy.stays")]),
                ],
                rows=[[yes, no]],
                accent=Accent.LOOK,
            )
        )


def table_lines(turn: Turn, counts: Mapping[str, int]) -> list[str]:
    return [
        turn.words(
            "studio.privacy.line", what=PRIVACY[table].title, count=count, kept=how_long(PRIVACY[table], turn.words)
        )
        for table, count in counts.items()
    ]


def privacy_card(turn: Turn, counts: Mapping[str, int], named: int = 0) -> Card:
    """Return what is kept, how long, who sees it; `named`: how often the person stands in things of others."""
    words = turn.words
    if not counts and not named:
        return note(words("studio.privacy.nothing"))
    elsewhere = [words("studio.privacy.named", count=named)] if named else []
    return Card(
        words("studio.privacy.title"),
        lead=words("studio.privacy.lead"),
        sections=[
            Section(words("studio.privacy.kept"), [*table_lines(turn, counts), *elsewhere]),
            Section(words("studio.privacy.seen"), [words("studio.privacy.seen_text")]),
            Section(words("studio.privacy.ai"), [words("studio.privacy.ai_text")]),
            Section(words("studio.privacy.backups"), [words("studio.privacy.backups_text")]),
        ],
    )


def export_blocking(data: Tables, named: Tables, words: Words, limit: int) -> list[tuple[str, bytes]]:
    """Return the whole export as files: JSON for machines and a page for people; zips in parts where they are large."""
    whole = {**data, **{f"{table}, in things of others": rows for table, rows in named.items()}}
    files = _files(whole, words)
    if sum(len(content) for _, content in files) < min(limit, _ROOM):
        return files
    return _parts(whole, words, limit - _ROOM_LEFT)


def _files(data: Tables, words: Words) -> list[tuple[str, bytes]]:
    title = words("studio.privacy.export_title").plain
    page = "\n\n".join([f"# {title}", *map(_page_section, data.items())])
    told = json.dumps(data, ensure_ascii=False, indent=1, default=_plain)
    return [("studiohand-data.json", told.encode()), ("studiohand-data.md", page.encode())]


def _parts(data: Tables, words: Words, limit: int) -> list[tuple[str, bytes]]:
    """Pack everything, in halves as long as one pack is too large."""
    waiting, packed = [data], list[bytes]()
    while waiting:
        some = waiting.pop(0)
        out = io.BytesIO()
        with zipfile.ZipFile(out, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, content in _files(some, words):
                archive.writestr(name, content)
        rows = sum(map(len, some.values()))
        if len(out.getvalue()) <= limit or rows <= 1:
            packed.append(out.getvalue())
        else:
            waiting[:0] = _halves(some, rows // 2)
    if len(packed) == 1:
        return [("studiohand-data.zip", packed[0])]
    return [(f"studiohand-data_{number}_of_{len(packed)}.zip", one) for number, one in enumerate(packed, 1)]


def _halves(data: Tables, first: int) -> list[Tables]:
    """Split tables after so many rows."""
    one: dict[str, Sequence[Mapping[str, Any]]] = {}
    two: dict[str, Sequence[Mapping[str, Any]]] = {}
    for table, rows in data.items():
        if first > 0:
            one[table] = rows[:first]
        if rows[max(0, first) :]:
            two[table] = rows[max(0, first) :]
        first -= len(rows)
    return [one, two]


def _page_section(item: tuple[str, Sequence[Mapping[str, Any]]]) -> str:
    table, rows = item
    lines = [
        "- " + "; ".join(f"{key}: {_plain(value)}" for key, value in row.items() if value is not None) for row in rows
    ]
    known = PRIVACY.get(table)
    return "\n".join([f"## {known.title if known else table}", *lines])


def _plain(value: object) -> str:
    return value.astimezone(UTC).isoformat() if isinstance(value, datetime) else str(value)


@control("studio", "delete-all", opens_form=True)
async def ask_name(press: Press) -> None:
    await press.open(name_form(press.words, "studio", "delete-all", "-", TYPED))


@form("studio", "delete-all")
async def delete_all(submit: Submit) -> None:
    check_name(submit, TYPED)
    counts = await submit.services.studio.privacy_delete(submit.person)
    lines = [
        submit.words("studio.privacy.gone_line", what=PRIVACY[table].title, count=count)
        for table, count in counts.items()
    ]
    await submit.update(
        Card(
            submit.words("studio.privacy.gone_title"),
            lead=submit.words("studio.privacy.gone_lead"),
            sections=[Section(None, lines)],
        )
    )
