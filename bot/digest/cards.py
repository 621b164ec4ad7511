"""Cards of digests: the stored view model as a card, the settings panel, the archive."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.digest.model import Digest, DigestState, Energy, IsoWeek
from bot.digest.service import Panel, Shown
from bot.digest.studio import StudioPart, StudioParts
from bot.say.card import Accent, Button, Card, Fact, Line, Option, Picture, Row, Section, Select, Style, join, note, raw
from bot.say.dates import day_month, week_span
from bot.say.words import Words

LISTED = 8


def stored_card(
    shown: Shown,
    words: Words,
    owner: int,
    waveform: bytes | None = None,
    *,
    late: bool = False,
    can_plan: bool = False,
    can_post: bool = False,
    offer: Sequence[Row] = (),
    energy: Energy | None = None,
    can_check_in: bool = False,
) -> Card:
    """Return a digest as it was built; its texts are finished markup already.

    `offer`: the answers to the change of phase that is open now. `energy` and `can_check_in`: for the DM copy only.
    """
    week = str(shown.week)
    rows: list[Row] = []
    buttons: list[Button] = []
    if can_plan:
        buttons.append(_button("plan", words, week, owner, Style.PRIMARY))
        buttons.append(_button("lighter", words, week, owner))
    buttons.append(_button("pause", words, week, owner))
    buttons.append(_button("settings", words, week, owner))
    buttons.append(_button("file", words, week if not shown.so_far else "now", owner))
    rows.append(buttons)
    if can_post and shown.public_card is not None:
        rows.append([Button("digest", "post", words("card.post"), week if not shown.so_far else "now", owner=owner)])
    if can_check_in:
        rows.append([Button("coach", "checkin-new", words("digest.card.checkin"), owner=owner)])
    rows += offer
    facts = list(shown.card.facts)
    if energy is not None:
        line = words("digest.energy", count=energy.answers, middle=f"{energy.middle:g}")
        facts.append(Fact(words("digest.card.energy"), line))
    picture = shown.picture
    return replace(
        shown.card,
        facts=facts,
        media=[Picture(picture.file, waveform, picture.alt)] if picture and waveform else [],
        meta=[words("digest.late"), *shown.card.meta] if late else shown.card.meta,
        rows=rows,
    )


def _button(action: str, words: Words, week: str, owner: int, style: Style = Style.SECONDARY) -> Button:
    return Button("digest", action, words(f"digest.card.{action}"), week, style=style, owner=owner)


def public_card(card: Card, words: Words, owner: int) -> Card:
    """Return the copy for a channel; its owner and managers may take it away."""
    return replace(card, rows=[[Button("ui", "remove", words("card.remove"), owner=owner)]])


def quiet_card(words: Words, owner: int) -> Card:
    """Return the one line after an active week, with Pause."""
    return note(words("digest.quiet"), [Button("digest", "pause", words("digest.card.pause"), "-", owner=owner)])


def server_card(
    week: str, lines: Sequence[tuple[str, str]], most: int, words: Words, studio: StudioParts | None = None
) -> Card:
    """Return a server's digest: who finished what, in order of first finish, no totals, no ranking; its own plans."""
    shown: list[str] = [join("", [raw("**"), name, raw("**: "), raw(what)]) for name, what in lines[:most]]
    if len(lines) > most:
        shown.append(words("digest.finished.more", count=len(lines) - most))
    found = IsoWeek.parse(week)
    span = week_span(found.monday, words.locale) if found else week
    sections = [Section(None, shown)] if shown else []
    if studio is not None:
        sections += [_studio_section(part, words) for part in studio.parts]
        if studio.more:
            sections.append(Section(None, [words("digest.studio.clients_more", count=studio.more)], bullets=False))
    meta = (
        "digest.server.meta" if studio is None else "digest.server.meta_both" if shown else "digest.server.meta_studio"
    )
    return Card(
        title=words("digest.server.title_studio" if studio else "digest.server.title", week=span),
        sections=sections,
        meta=[words(meta)],
        rows=[[Button("ui", "remove", words("card.remove"))]],
        accent=Accent.ACCENT,
    )


def _studio_section(part: StudioPart, words: Words) -> Section:
    lines: list[str] = []
    for line in part.lines:
        day = day_month(date.fromisoformat(line.day), words.locale) if line.day else ""
        told = words(f"digest.studio.{line.key}", title=line.title, of=line.of, day=day)
        lines.append(join(" · ", [told, line.who]) if line.who else told)
    if part.more:
        lines.append(words("digest.finished.more", count=part.more))
    return Section(part.client or words("digest.studio.title"), lines)


# ------------------------------------------------------------------ archive


def list_card(digests: Sequence[Digest], words: Words, owner: int, page_from: int = 0) -> Card:
    """Return the stored digests, newest first, each to be opened."""
    lines = [
        Line(
            words(
                "digest.list.line",
                week=week_span(digest.week.monday, words.locale),
                state=words(f"digest.state.{'sent' if digest.state is DigestState.SENT else 'filed'}"),
            ),
            Button("digest", "open", words("digest.list.open"), digest.id, owner=owner),
        )
        for digest in digests[page_from : page_from + LISTED]
    ]
    row = [Button("digest", "archive", words("digest.list.archive"), "-", owner=owner)]
    if len(digests) > page_from + LISTED:
        row.insert(0, Button("digest", "older", words("digest.list.older"), "-", str(page_from + LISTED), owner=owner))
    if not lines:
        return note(words("digest.list.empty"), row)
    options = [
        Option(week_span(digest.week.monday, words.locale), digest.id)
        for digest in digests[page_from : page_from + LISTED]
    ]
    forget = Select("digest", "forget", words("digest.list.forget"), options, owner=owner)
    return Card(words("digest.list.title", count=len(digests)), sections=[Section(None, lines)], rows=[row, forget])


# ------------------------------------------------------------------ settings


def panel_card(panel: Panel, words: Words, owner: int, guild: int | None, *, manager: bool, server_on: bool) -> Card:
    """Return the settings panel; each change saves at once."""
    settings = panel.settings
    on, off = words("digest.panel.on"), words("digest.panel.off")
    facts: list[Fact | str] = [
        Fact(
            words("digest.panel.when"),
            words("digest.panel.when_text", day=words(f"digest.day.{settings.day}"), hour=f"{settings.hour:02}:00"),
        ),
        Fact(words("digest.panel.dm"), on if panel.by_dm else off),
        Fact(words("digest.panel.loops"), on if settings.loops_public else off),
    ]
    channels = [raw(f"<#{share.channel_id}>") for share in panel.shares if share.channel_id]
    facts.append(Fact(words("digest.panel.channels"), join(", ", channels) if channels else words("digest.panel.none")))
    if settings.is_paused(panel.now):
        paused = (
            words("digest.panel.paused_until", when=settings.paused_until)
            if settings.paused_until
            else words("digest.panel.paused")
        )
        facts.append(paused)
    elif panel.next_at is not None and panel.by_dm:
        facts.append(words("digest.panel.next", when=panel.next_at))
    joined = guild is not None and any(s.guild_id == guild and s.channel_id == 0 for s in panel.shares)

    def switch(name: str, value: bool) -> Button:
        key = "stop" if value else "start"
        return Button("digest", "switch", words(f"digest.panel.{key}_{name}"), name, owner=owner)

    buttons = [switch("dm", panel.by_dm), switch("loops", settings.loops_public)]
    if panel.tells_energy:
        facts.append(Fact(words("digest.panel.energy"), on if settings.energy else off))
        buttons.append(switch("energy", settings.energy))
    if guild is not None:
        here = any(s.guild_id == guild and s.channel_id for s in panel.shares)
        buttons.append(switch("channel", here))
        buttons.append(switch("member", joined))
    rows: list[Row] = [
        Select(
            "digest",
            "day",
            words("digest.panel.pick_day"),
            [Option(words(f"digest.day.{day}"), str(day), default=day == settings.day) for day in range(7)],
            owner=owner,
        ),
        Select(
            "digest",
            "hour",
            words("digest.panel.pick_hour"),
            [Option(f"{hour:02}:00", str(hour), default=hour == settings.hour) for hour in range(24)],
            owner=owner,
        ),
        buttons,
    ]
    if guild is not None and manager:
        facts.append(Fact(words("digest.panel.server"), on if server_on else off))
        rows.append([switch("server", server_on)])
    return Card(words("digest.panel.title"), lead=words("digest.panel.lead"), facts=facts, rows=rows)
