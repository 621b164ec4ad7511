"""`/studio privacy`: what is kept about a person, all of it as a file, and all of it gone."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from discord import app_commands

from bot.say.card import Accent, Button, Card, OutFile, Section, Style, note
from bot.studio.kept import how_long
from bot.ui.base import Interaction, Press, Submit, Turn
from bot.ui.commands import verb
from bot.ui.confirm import check_name, name_form
from bot.ui.controls import control, form
from storage.privacy_map import PRIVACY

TYPED = "delete everything"


class PrivacyCommands(app_commands.Group):
    """The only group with a second level."""

    def __init__(self) -> None:
        super().__init__(name="privacy", description="…")

    @verb("show", leaves_trace=False)
    async def show(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        counts = await turn.services.studio.privacy_counts(turn.person)
        await turn.reply(privacy_card(turn, counts))

    @verb("export", leaves_trace=False)
    async def export(self, interaction: Interaction) -> None:
        turn = Turn.of(interaction)
        data = await turn.services.studio.privacy_export(turn.person)
        await turn.reply(export_card(turn, data))

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


def privacy_card(turn: Turn, counts: Mapping[str, int]) -> Card:
    """Return what is kept, how long, who sees it."""
    words = turn.words
    if not counts:
        return note(words("studio.privacy.nothing"))
    return Card(
        words("studio.privacy.title"),
        lead=words("studio.privacy.lead"),
        sections=[
            Section(words("studio.privacy.kept"), table_lines(turn, counts)),
            Section(words("studio.privacy.seen"), [words("studio.privacy.seen_text")]),
            Section(words("studio.privacy.ai"), [words("studio.privacy.ai_text")]),
            Section(words("studio.privacy.backups"), [words("studio.privacy.backups_text")]),
        ],
    )


def export_card(turn: Turn, data: Mapping[str, Sequence[Mapping[str, Any]]]) -> Card:
    """Return the whole export: JSON for machines, a page for people."""
    if not data:
        return note(turn.words("studio.privacy.nothing"))
    whole = json.dumps(data, ensure_ascii=False, indent=1, default=_plain).encode()
    page = "\n\n".join([f"# {turn.words('studio.privacy.export_title').plain}", *map(_page_section, data.items())])
    files = [OutFile("studiohand-data.json", whole), OutFile("studiohand-data.md", page.encode())]
    return Card(
        turn.words("studio.privacy.export_title"),
        lead=turn.words("studio.privacy.export_lead", count=sum(map(len, data.values()))),
        files=files,
    )


def _page_section(item: tuple[str, Sequence[Mapping[str, Any]]]) -> str:
    table, rows = item
    lines = [
        "- " + "; ".join(f"{key}: {_plain(value)}" for key, value in row.items() if value is not None) for row in rows
    ]
    return "\n".join([f"## {PRIVACY[table].title}", *lines])


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
