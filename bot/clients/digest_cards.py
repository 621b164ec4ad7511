"""Cards of what clients are told of their week, as data."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from bot.clients.digests import Panel, Preview
from bot.clients.model import Answer, Client, DigestClock, DigestWay
from bot.clients.told_week import ToldLine, ToldPart, ToldWeek
from bot.say.card import Accent, Button, Card, Fact, Option, Row, Section, Select, Style, join, note
from bot.say.dates import day_month
from bot.say.words import Words

PARTS = ("done", "next", "needed", "dates")


def week_card(
    told: ToldWeek,
    words: Words,
    client: Client,
    server: str,
    until: datetime,
    own_words: str = "",
    rows: Sequence[Row] = (),
) -> Card:
    """Return what a client reads of its week. `own_words`: a lead's, on top."""
    day = day_month(until.astimezone(client.zone_info).date(), words.locale)
    needed = len(told.needed.lines) + told.needed.more
    lead = words("client.week.lead", count=needed) if needed else words("client.week.lead_none")
    parts: Mapping[str, ToldPart] = {"done": told.done, "next": told.next, "needed": told.needed, "dates": told.dates}
    return Card(
        words("client.week.title", server=server or words("card.that_server")),
        lead=join("\n", [own_words, lead]) if own_words else lead,
        sections=[
            Section(words(f"client.week.{name}"), _lines(parts[name], words)) for name in PARTS if parts[name].lines
        ],
        meta=[words("client.week.meta", name=client.name, day=day)],
        rows=rows,
        accent=Accent.ACCENT,
    )


def week_text(told: ToldWeek, words: Words) -> str:
    """Return the same in plain words, for the inbox."""
    parts = (told.done, told.next, told.needed, told.dates)
    return "\n".join(line for part in parts for line in map(_plain, _lines(part, words)))


def _plain(text: str) -> str:
    return getattr(text, "plain", text)


def _lines(part: ToldPart, words: Words) -> list[str]:
    lines = [_line(line, words) for line in part.lines]
    return [*lines, words("card.more", count=part.more)] if part.more else lines


def _line(line: ToldLine, words: Words) -> str:
    day = day_month(line.day, words.locale) if line.day is not None else ""
    told = words(f"client.week.line.{line.key}", title=line.title, of=line.of, day=day)
    return join(" · ", [told, join(", ", line.who)]) if line.who else told


def sent_rows(client: Client, words: Words, person: int | None) -> list[Row]:
    """Return what stands under a digest: leads take a post away, a person ends their own messages."""
    if person is None:
        return [[Button("ui", "remove", words("card.remove"))]]
    return [[Button("client", "week-none", words("client.button.week-none"), client.id, owner=client.owner_id)]]


# ---------------------------------------------------------------------- what leads see


def preview_card(view: Preview, words: Words, server: str) -> Card:
    """Return what a client will read, with what a lead can say to it."""
    client, clock = view.client, view.clock
    if view.week is None:
        return note(words("client.week.preview_quiet", name=client.name))
    shown = week_card(view.week, words, client, server, clock.next_at, clock.words)
    state = words(f"client.week.state_{_state(client, clock)}", when=clock.next_at)
    about = words("client.week.preview_lead", name=client.name, where=_where(client, words))
    return Card(
        words("client.week.preview_title", name=client.name),
        lead=join("\n", [about, state]),
        sections=[Section(shown.title, [shown.lead or ""], bullets=False), *shown.sections],
        meta=[words("client.week.preview_meta")],
        rows=[_answers(client, clock, words)],
    )


def _answers(client: Client, clock: DigestClock, words: Words) -> Row:
    def button(action: str, style: Style = Style.SECONDARY) -> Button:
        label = words(f"client.button.{action}")
        return Button("client", action, label, client.id, clock.week, owner=client.owner_id, style=style)

    row: list[Button] = []
    if clock.answer is not Answer.SEND and client.digest_asks:
        row.append(button("week-send", Style.PRIMARY))
    row.append(button("week-change"))
    if clock.answer is not Answer.SKIP:
        row.append(button("week-skip"))
    elif not client.digest_asks:
        row.append(button("week-send", Style.PRIMARY))
    return row


def _state(client: Client, clock: DigestClock) -> str:
    if clock.answer is Answer.WAITING:
        return "waiting" if client.digest_asks else "goes"
    return "goes" if clock.answer is Answer.SEND else "skipped"


def _where(client: Client, words: Words) -> str:
    return words(f"client.week.where_{client.digest.value}")


def asking_text(client: Client, clock: DigestClock, words: Words) -> tuple[str, str]:
    """Return the note in a lead's inbox that asks them to look: title and text."""
    day = day_month(clock.next_at.astimezone(client.zone_info).date(), words.locale)
    return (
        words("client.week.asking_title", name=client.name).plain,
        words("client.week.asking_body", name=client.name, day=day).plain,
    )


def panel_card(panel: Panel, words: Words) -> Card:
    """Return how a client is told of its week, to be changed at once."""
    client, clock = panel.client, panel.clock
    facts: list[Fact | str] = [Fact(words("client.week.way"), words(f"client.week.way_{client.digest.value}"))]
    rows: list[Row] = [
        Select(
            "client",
            "week-way",
            words("client.week.pick_way"),
            [
                Option(words(f"client.week.way_{way.value}"), way.value, default=way is client.digest)
                for way in DigestWay
            ],
            client.id,
            owner=client.owner_id,
        )
    ]
    if client.digest is not DigestWay.OFF:
        when = words(
            "client.week.when_text",
            day=words(f"digest.day.{client.digest_day}"),
            hour=f"{client.digest_hour:02}:00",
            zone=client.zone,
        )
        facts.append(Fact(words("client.week.when"), when))
        facts.append(
            Fact(words("client.week.asks"), words(f"client.week.asks_{'on' if client.digest_asks else 'off'}"))
        )
        rows += _settings_rows(client, words)
    if client.digest is DigestWay.DM:
        facts.append(words("client.week.wanting", count=len(panel.wanting)))
    elif client.digest is DigestWay.CHANNEL and client.channel_id is None:
        facts.append(words("client.week.no_channel"))
    if clock is not None:
        facts.append(words(f"client.week.state_{_state(client, clock)}", when=clock.next_at))
        if clock.last_outcome is not None:
            facts.append(words(f"client.week.last_{clock.last_outcome.value}"))
    return Card(
        words("client.week.panel", name=client.name), lead=words("client.week.panel_lead"), facts=facts, rows=rows
    )


def _settings_rows(client: Client, words: Words) -> list[Row]:
    days = [Option(words(f"digest.day.{day}"), str(day), default=day == client.digest_day) for day in range(7)]
    hours = [Option(f"{hour:02}:00", str(hour), default=hour == client.digest_hour) for hour in range(24)]
    asks = "week-unasked" if client.digest_asks else "week-asked"
    return [
        Select("client", "week-day", words("client.week.pick_day"), days, client.id, owner=client.owner_id),
        Select("client", "week-hour", words("client.week.pick_hour"), hours, client.id, owner=client.owner_id),
        [
            Button("client", "week-look", words("client.button.week-look"), client.id, owner=client.owner_id),
            Button("client", asks, words(f"client.button.{asks}"), client.id, owner=client.owner_id),
        ],
    ]
