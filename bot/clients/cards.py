"""Cards of clients, as data."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from bot.clients.model import Client, ClientPerson, Handover, HandoverPreview, Overview, WorkItem, WorkLine
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Option,
    Row,
    Section,
    Select,
    SelectKind,
    State,
    Style,
    join,
    mention,
    plain,
)
from bot.say.dates import day_month
from bot.say.words import Words


def client_card(
    view: Overview, words: Words, now: datetime, *, is_lead: bool, lines: int, theirs: ClientPerson | None = None
) -> Card:
    """Return a client: one sentence, what is late, next and finished, its people. `is_lead`: with notes and controls.

    `theirs`: who from the client's side looks; what the house keeps to itself is left out.
    """
    if theirs is not None:
        # To them a plan that slipped is simply still ahead.
        view = replace(view, work=replace(view.work, late=(), next=(*view.work.late, *view.work.next)))
    client, work = view.client, view.work
    local = now.astimezone(client.zone_info)
    facts = [
        Fact(words("client.card.kind"), words(f"client.kind.{client.kind.value}")),
        Fact(words("client.card.time"), words("client.card.time_there", time=f"{local:%H:%M}", zone=client.zone)),
    ]
    if is_lead and client.notes:
        facts.append(Fact(words("client.card.notes"), client.notes))
    sections = [
        Section(words(f"client.card.{part}"), _lines(found, words, lines, part))
        for part, found in (("late", work.late), ("next", work.next), ("finished", work.finished))
        if found
    ]
    if view.people:
        sections.append(Section(words("client.card.people"), [mention(person.user_id) for person in view.people]))
    return Card(
        title=client.name,
        state=None if theirs else _state(view, words),
        lead=_lead(view, words, to_them=theirs is not None),
        facts=facts,
        sections=sections,
        rows=_rows(client, words) if is_lead else _rows_of(client, theirs, words) if theirs else [],
        meta=[] if theirs else [words("client.card.meta", when=client.created_at)],
    )


def _state(view: Overview, words: Words) -> State | None:
    if view.client.archived_at is not None:
        return State(words("client.state.archived"), "", Accent.IDLE)
    if not view.work.plans:
        return None
    late = bool(view.work.late)
    return State(
        words("client.state.late" if late else "client.state.on_course"), "", Accent.LOOK if late else Accent.GOOD
    )


def _lead(view: Overview, words: Words, *, to_them: bool) -> str:
    if not view.work.plans:
        return words("client.card.empty_theirs" if to_them else "client.card.empty", name=view.client.name)
    plans = words("client.card.plans", count=view.work.plans)
    if to_them:
        return words("client.card.lead_theirs", plans=plans)
    late = (
        words("client.card.tasks_late", count=len(view.work.late)) if view.work.late else words("client.card.none_late")
    )
    return words("client.card.lead", plans=plans, late=late)


def _lines(found: Sequence[WorkLine], words: Words, most: int, part: str) -> list[str]:
    shown = [_line(line, words, part) for line in found[:most]]
    rest = len(found) - len(shown)
    return [*shown, words("card.more", count=rest)] if rest else shown


def _line(line: WorkLine, words: Words, part: str) -> str:
    if line.day is None:
        return words("client.card.line_open", title=line.title, plan=line.plan)
    key = {"finished": "client.card.line_done", "late": "client.card.line_late"}.get(part, "client.card.line_due")
    return words(key, title=line.title, plan=line.plan, day=day_month(line.day))


def _rows(client: Client, words: Words) -> list[Row]:
    def button(action: str) -> Button:
        return _button(client, action, words)

    if client.archived_at is not None:
        return [[button("unarchive"), button("delete")]]
    first = ("people", "invite", "edit", "details", "archive")
    return [[button(action) for action in first], [button("digest"), button("delete")]]


def _rows_of(client: Client, person: ClientPerson, words: Words) -> list[Row]:
    week = "week-none" if person.wants_digest else "week-mine"
    return [[_button(client, week, words), _button(client, "leave", words)]]


def _button(client: Client, action: str, words: Words) -> Button:
    return Button("client", action, words(f"client.button.{action}"), client.id, owner=client.owner_id)


def client_line(client: Client, words: Words) -> str:
    """Return a client as one line of a list."""
    return join(" · ", [client.name, words(f"client.kind.{client.kind.value}"), client.zone])


def people_card(client: Client, people: Sequence[ClientPerson], words: Words) -> Card:
    """Return a client's people, each with what they may, and what a lead may do about it."""
    lines = [
        join(
            " · ",
            [
                mention(person.user_id),
                words("client.people.approves" if person.may_approve else "client.people.looks"),
                words("client.people.since", when=person.joined_at),
            ],
        )
        for person in people
    ]
    rows: list[Row] = []
    if people:
        rows = [
            Select(
                "client",
                "person",
                words("client.people.pick"),
                kind=SelectKind.USER,
                id=client.id,
                owner=client.owner_id,
            )
        ]
    invite = Button("client", "invite", words("client.button.invite"), client.id, owner=client.owner_id)
    return Card(
        words("client.people.title", name=client.name),
        sections=[Section(None, lines or [words("client.people.none")])],
        rows=[*rows, [invite]],
    )


# ---------------------------------------------------------------------- who does it


def work_text(item: WorkItem, words: Words) -> str:
    """Return one line of somebody's work: title, day, plan, client and studio."""
    return join(" · ", [part for part in (item.subject.title, _where(item, words)) if part])


def _where(item: WorkItem, words: Words) -> str:
    when = words("client.work.by_day", day=day_month(item.day)) if item.day is not None else ""
    return join(" · ", [part for part in (when, item.subject.plan, item.client, item.studio) if part])


def work_card(groups: Mapping[str, Sequence[WorkItem]], words: Words, owner: int, *, most: int) -> Card:
    """Return everything that waits for somebody, late first, and a select to do something about one of them."""
    sections: list[Section] = []
    for name, items in groups.items():
        lines = [work_text(item, words) for item in items[:most]]
        if len(items) > most:
            lines.append(words("card.more", count=len(items) - most))
        sections.append(Section(words(f"client.work.{name}"), lines))
    # What is beyond the lines can be done, too.
    given = [item for items in groups.values() for item in items if item.assignment is not None][:25]
    options = [
        Option(item.subject.title, item.assignment.id, plain(_where(item, words))) for item in given if item.assignment
    ]
    rows: list[Row] = [Select("client", "work", words("client.work.pick"), options, owner=owner)] if options else []
    return Card(words("client.work.title"), sections=sections, rows=rows)


def item_card(item: WorkItem, words: Words, person: int) -> Card:
    """Return one thing that was given to somebody, with what they can do about it."""
    one = item.assignment
    by = words("client.work.given_by", name=one.assigned_by_name) if one is not None else ""
    rows: list[Row] = []
    if one is not None:
        rows = [
            [
                Button("client", "w-done", words("client.button.w-done"), one.id, owner=person, style=Style.PRIMARY),
                Button("client", "w-hand", words("client.button.w-hand"), one.id, owner=person),
                Button("client", "w-not", words("client.button.w-not"), one.id, owner=person),
            ]
        ]
    return Card(item.subject.title, lead=join(" · ", [part for part in (_where(item, words), by) if part]), rows=rows)


def news_card(items: Sequence[WorkItem], words: Words, person: int) -> Card:
    """Return what somebody is told of: all that is new, and the way to it."""
    rows: list[Row] = [[Button("client", "my-work", words("client.button.my-work"), owner=person, style=Style.PRIMARY)]]
    only = items[0].assignment if len(items) == 1 else None
    if only is not None:
        rows = [
            [
                Button("client", "my-work", words("client.button.my-work"), owner=person, style=Style.PRIMARY),
                Button("client", "w-not", words("client.button.w-not"), only.id, owner=person),
            ]
        ]
    return Card(
        words("client.work.news", count=len(items)),
        sections=[Section(None, [_news_line(item, words) for item in items])],
        rows=rows,
    )


def news_text(items: Sequence[WorkItem], words: Words) -> str:
    """Return the same in plain words, for the inbox."""
    return "\n".join(plain(_news_line(item, words)) for item in items)


def _news_line(item: WorkItem, words: Words) -> str:
    by = item.assignment.assigned_by_name if item.assignment is not None else ""
    return join(" · ", [work_text(item, words), words("client.work.given_by", name=by)])


# ---------------------------------------------------------------------- handing over


def preview_lines(preview: HandoverPreview, words: Words) -> list[str]:
    """Return what goes along with a loop and what stays."""
    lines: list[str] = [words("client.hand.clips", count=preview.clips)]
    if preview.releases:
        lines.append(words("client.hand.releases", titles=join(", ", preview.releases)))
    if preview.posted:
        lines.append(words("client.hand.posted", count=preview.posted))
    if preview.bounces:
        lines.append(words("client.hand.bounces", titles=join(", ", preview.bounces[:5])))
    return lines


def offer_card(one: Handover, words: Words, server: str, *, to_server: bool) -> Card:
    """Return an offer with the two answers to it. `server`: the one of the two that is a server."""
    key = "client.hand.offered_studio" if to_server else "client.hand.offered_person"
    lead = words(key, who=one.asked_by_name, title=one.title, server=server)
    row = [
        Button("client", "h-yes", words("client.button.h-yes"), one.id, owner=one.to_owner, style=Style.PRIMARY),
        Button("client", "h-no", words("client.button.h-no"), one.id, owner=one.to_owner),
    ]
    return Card(one.title, lead=lead, meta=[words("client.hand.until", when=one.expires_at)], rows=[row])
