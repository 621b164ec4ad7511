"""Progress, insights, history and the load check."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

from bot.coach.cards import history_card, load_accent, said
from bot.coach.load import Load
from bot.coach.model import Insight, InsightType, LoadLevel, WeekState
from bot.coach.picture import Panel, WeekMark
from bot.coach.safety import region_of
from bot.coach.service.progress import ProgressView, Series
from bot.coach.service.tasks import TaskDraft
from bot.coach.service.weeks import WeekView
from bot.coach.trend import RATE_SCALE, Direction, Trend
from bot.error_kinds import kind_of_ai
from bot.errors import NotFound
from bot.phases.model import Offer
from bot.say.card import Button, Card, Line, Option, Picture, Row, Section, Select, State, Style, Text, join, note
from bot.say.words import Words
from bot.ui.base import Press, Turn
from bot.ui.common import text_button, undo_button
from bot.ui.controls import control
from bot.ui.pager import Page, Pager
from cogs.coach.support import support_card

INSIGHTS_SHOWN = 6
HISTORY_SHOWN = 10
ALT_MAX = 1024
GOOD = (Direction.IMPROVING, Direction.RISING)


async def show_progress(turn: Turn, measure: str | None, weeks: int) -> None:
    """Show trends and pictures; with fewer than two values words say it better."""
    service = turn.services.coach.progress
    view: ProgressView = await service.view(turn.person, measure, weeks)
    words = turn.words
    if measure is not None and not view.series:
        raise NotFound("measure", "/coach progress")
    pictures: list[Picture] = []
    chart = await service.picture(view, panels(view, words), words("coach.progress.title", count=view.weeks).plain)
    if chart is not None:
        pictures.append(Picture("progress.png", chart, progress_alt(view, words)))
    if measure is None and view.motion[1]:
        marks = [
            WeekMark(day_label(result.week_start, words), result.state, done, planned)
            for result, (done, planned) in zip(view.results, view.done_counts, strict=True)
        ][-16:]
        legend = {
            state: words(f"coach.week_state.{state}").plain for state in WeekState if state is not WeekState.ACTIVE
        }
        title, line = words("coach.progress.motion_title").plain, motion_line(view, words).plain
        png = await service.weeks_picture(marks, title, line, legend)
        if png is not None:
            pictures.append(Picture("weeks.png", png, weeks_alt(view, words)))
    if len(pictures) > 1:
        png = await service.one_picture([each.data for each in pictures if each.data])
        alt = " ".join(each.alt for each in pictures)[:ALT_MAX]
        pictures = [Picture("progress.png", png, alt)]
    await turn.reply(progress_card(view, pictures, words, turn.person))


def progress_card(view: ProgressView, pictures: list[Picture], words: Words, owner: int) -> Card:
    lines = [series_line(series, words) for series in view.series]
    if not lines and not view.results:
        return Card("", lead=words("coach.progress.empty"), quiet=True)
    facts: list[str] = [motion_line(view, words)] if view.motion[1] else []
    if view.records:
        facts.append(words("coach.progress.records", count=view.records, metrics=view.metrics))
    sections = [Section(None, lines)]
    if view.growth:
        sections.append(
            Section(
                words("coach.progress.growth"),
                [
                    words(
                        "coach.progress.growth_line",
                        metric=metric_name(area.metric, words),
                        change=f"{area.change:+.2g}",
                        confidence=words(f"coach.confidence.{area.confidence}"),
                    )
                    for area in view.growth[:4]
                ],
            )
        )
    return Card(
        title=words("coach.progress.title", count=view.weeks),
        lead=words("coach.progress.lead"),
        facts=facts,
        media=pictures,
        sections=sections,
        meta=[words("coach.meta.rules")],
        rows=[
            [
                Button("coach", "insights", words("coach.button.insights"), owner=owner),
                Button("coach", "history", words("coach.button.history"), owner=owner),
                text_button(words, owner),
            ]
        ],
    )


def metric_name(name: str, words: Words) -> str:
    key = f"coach.metric.{name}"
    return words(key) if words.has(key) else name


def trend_words(trend: Trend, words: Words) -> Text:
    return words(f"coach.trend.{trend.direction}") if trend.confident else words("coach.trend.early")


def series_line(series: Series, words: Words) -> Text:
    """Return one metric in words: range, last value, trend."""
    values = series.values
    is_rate = series.metric.scale == RATE_SCALE

    def shown(value: float) -> str:
        return f"{value:.0%}".replace("%", " %") if is_rate else f"{value:.3g}" if abs(value) < 100 else f"{value:g}"

    return words(
        "coach.progress.series",
        metric=metric_name(series.metric.name, words),
        count=len(values),
        low=shown(min(values)),
        high=shown(max(values)),
        last=shown(values[-1]),
        trend=trend_words(series.trend, words),
    )


def panels(view: ProgressView, words: Words) -> list[Panel]:
    """Return up to four panels; behaviour and outcome are never in one."""
    shown = [series for series in view.series if len(series.values) >= 2][:4]
    return [
        Panel(
            title=metric_name(series.metric.name, words),
            values=[round(value * (100 if series.metric.scale == RATE_SCALE else 1), 1) for value in series.values],
            unit=" %" if series.metric.scale == RATE_SCALE else "",
            words=trend_words(series.trend, words).plain,
            direction=_direction(series.trend),
            bars=series.metric.bars,
            first_week=day_label(series.weeks[0][0], words),
            last_week=day_label(series.weeks[-1][0], words),
        )
        for series in shown
    ]


def day_label(day: date, words: Words) -> str:
    return " ".join(words.day(day).split()[1:])


def progress_alt(view: ProgressView, words: Words) -> str:
    """Return the panels in words, from the same data."""
    shown = [series for series in view.series if len(series.values) >= 2][:4]
    return " ".join(series_line(series, words).plain for series in shown)[:1024]


def weeks_alt(view: ProgressView, words: Words) -> str:
    counts = ", ".join(
        f"{done}/{planned}" if result.state is WeekState.ACTIVE else words(f"coach.week_state.{result.state}").plain
        for result, (done, planned) in zip(view.results[-16:], view.done_counts[-16:], strict=True)
    )
    return f"{motion_line(view, words).plain} {counts}"[:1024]


def motion_line(view: ProgressView, words: Words) -> Text:
    known, of = view.motion
    return words("coach.week.motion", weeks=known, of=of, share=round((view.consistency or 0) * 100))


def _direction(trend: Trend) -> int:
    if not trend.has_direction:
        return 0
    return 1 if trend.direction in GOOD else -1


async def _insights_of(turn: Turn, filter_: str) -> list[Insight]:
    return await turn.services.coach.insights.all(turn.person, InsightType(filter_) if filter_ else None)


async def _insights_count(turn: Turn, filter_: str) -> int:
    return len(await _insights_of(turn, filter_))


async def _insights_rows(turn: Turn, filter_: str, offset: int, limit: int) -> Sequence[tuple[Insight, int]]:
    return [(insight, turn.person) for insight in (await _insights_of(turn, filter_))[offset : offset + limit]]


def _insights_card(page: Page[tuple[Insight, int]], words: Words) -> Card:
    return insights_card([insight for insight, _ in page.rows], words, page.rows[0][1])


def _no_insights(filter_: str, words: Words) -> Card:
    return Card("", lead=words("coach.insights.empty"), quiet=True)


archive = Pager(
    "coach", "insights", _insights_count, _insights_rows, _insights_card, _no_insights, per_page=INSIGHTS_SHOWN
)


async def show_insights(turn: Turn, kind: InsightType | None, *, update: bool = False) -> None:
    """Look for new insights, then show what is kept; AI is asked by its own button only."""
    await turn.services.coach.insights.look(turn.actor, turn.person)
    card = await archive.show(turn, str(kind) if kind else "")
    view = await turn.services.coach.profiles.find(turn.person)
    if view is not None and view.profile.ai_consent:
        ask = Button("coach", "insights-ai", turn.words("coach.insights.ask_ai"), owner=turn.person)
        card = replace(card, rows=[*card.rows, [ask]])
    await (turn.update(card) if update else turn.reply(card))


@control("coach", "insights-ai")
async def ask_ai(press: Press) -> None:
    """Ask once what may be worth a look; without an answer one line says so, and nothing is missing."""
    await press.defer()
    asked = await press.services.coach.enrich.insights(press.actor, press.person, press.guild)
    if asked.reason is not None:
        told = join(" ", [press.words(kind_of_ai(asked.reason).says), press.words("coach.insights.ai_complete")])
    elif not asked.kept:
        told = press.words("coach.insights.ai_none")
    else:
        told = press.words("coach.insights.ai_told", count=asked.kept)
        await show_insights(press, None, update=True)
    await press.reply(note(told))


def insights_card(found: Sequence[Insight], words: Words, owner: int) -> Card:
    """Return one page of insights, the important first."""
    lines: list[str | Line] = [
        Line(
            join(" · ", [words(f"coach.insight_type.{insight.type}"), said(insight.content.summary, words)]),
            Button("coach", "insight", words("coach.button.open"), id=insight.id, owner=owner),
        )
        for insight in found
    ]
    return Card(words("coach.insights.title"), sections=[Section(None, lines)], rows=[type_select(words, owner)])


def insight_card(insight: Insight, words: Words, owner: int) -> Card:
    """Return one insight: what it says, what it was read from, and what could be done."""
    content = insight.content

    def button(action: str, label: str, arg: str = "", style: Style = Style.SECONDARY) -> Button:
        return Button("coach", action, words(label), id=insight.id, arg=arg, style=style, owner=owner)

    buttons = [
        button("insight-task", "coach.button.into_task", style=Style.PRIMARY),
        button("insight-mark", "coach.button.useful", "1"),
        button("insight-mark", "coach.button.not_useful", "0"),
        button("insight-delete", "coach.button.delete"),
    ]
    mark = [] if insight.useful is None else [words(f"coach.insights.marked_{int(insight.useful)}")]
    by = words("coach.meta.ai", model=insight.model or "") if insight.by_ai else words("coach.meta.rules")
    return Card(
        title=words(f"coach.insight_type.{insight.type}"),
        state=State(words(f"coach.insights.priority_{content.priority}")),
        lead=said(content.summary, words),
        facts=[said(content.detail, words)] if content.detail else (),
        next_lines=[said(step, words) for step in content.steps],
        meta=[words("coach.insights.based_on", count=len(insight.evidence)), by, *mark],
        rows=[buttons],
    )


@control("coach", "insights")
async def open_insights(press: Press) -> None:
    await show_insights(press, None)


@control("coach", "insight")
async def open_insight(press: Press) -> None:
    insight = await press.services.coach.insights.get(press.person, press.id)
    await press.reply(insight_card(insight, press.words, press.person))


@control("coach", "insight-mark")
async def mark_insight(press: Press) -> None:
    service = press.services.coach.insights
    marked = await service.mark(press.actor, press.person, press.id, press.arg == "1")
    await press.update(insight_card(marked, press.words, press.person))


@control("coach", "insight-task")
async def insight_into_task(press: Press) -> None:
    """Turn the first step of an insight into a task of this week."""
    insight = await press.services.coach.insights.get(press.person, press.id)
    step = insight.content.steps[0] if insight.content.steps else insight.content.summary
    title = said(step, press.words).plain
    limit = press.services.coach.desk.rules.limits.title
    draft = TaskDraft(title if len(title) <= limit else title[: limit - 1] + "…")
    added = await press.services.coach.tasks.add(press.actor, press.person, draft)
    text = press.words("coach.told.task_added", task=added.task.title)
    await press.reply(note(text, [undo_button(press, added.group_id)]))


@control("coach", "insight-delete")
async def delete_insight(press: Press) -> None:
    group = await press.services.coach.insights.delete(press.actor, press.person, press.id)
    await press.update(note(press.words("coach.told.insight_deleted"), [undo_button(press, group)]))


async def _weeks_count(turn: Turn, filter_: str) -> int:
    return await turn.services.coach.weeks.count(turn.person)


async def _weeks_rows(turn: Turn, filter_: str, offset: int, limit: int) -> Sequence[WeekView]:
    return await turn.services.coach.weeks.history(turn.person, limit, offset)


def _weeks_card(page: Page[WeekView], words: Words) -> Card:
    return history_card(page.rows, words, page.rows[0].profile.user_id)


def _no_weeks(filter_: str, words: Words) -> Card:
    return note(words("coach.history.empty"))


history = Pager("coach", "history", _weeks_count, _weeks_rows, _weeks_card, _no_weeks, per_page=HISTORY_SHOWN)


async def show_history(turn: Turn) -> None:
    await turn.reply(await history.show(turn))


@control("coach", "history")
async def open_history(press: Press) -> None:
    await show_history(press)


async def show_load(turn: Turn, *, says_so: bool = False) -> None:
    """Show the load check. It is worked out now and kept nowhere."""
    load = await turn.services.coach.progress.load(turn.person, says_so)
    await turn.reply(load_card(load, turn.words, turn.person, await _rest_offer(turn, load)))


async def _rest_offer(turn: Turn, load: Load) -> Offer | None:
    """Return the offer of Recovery that a high load makes; nothing of it is kept."""
    if load.level is not LoadLevel.RED:
        return None
    look = await turn.services.phases.look(turn.person, load_red=True)
    return look.offer


def load_card(load: Load, words: Words, owner: int, offer: Offer | None = None) -> Card:
    lines = [words(f"coach.load.signal.{signal}") for signal in load.signals]
    rows: list[Row] = []
    buttons = [
        Button("coach", "lighter", words("coach.button.lighter"), style=Style.PRIMARY, owner=owner),
        Button("ui", "dismiss", words("card.not_now"), owner=owner),
    ]
    if load.level is LoadLevel.RED:
        buttons.insert(1, Button("coach", "support", words("coach.button.support"), owner=owner))
        if offer is not None:
            buttons.insert(1, Button("phase", "accept", words("coach.button.recovery"), offer.id, owner=owner))
    elif load.level is LoadLevel.GREEN:
        buttons = [Button("coach", "load-high", words("coach.button.too_much"), owner=owner)]
    rows.append(buttons)
    return Card(
        title=words("coach.load.title"),
        state=State(words(f"coach.load.{load.level}")),
        lead=words(f"coach.load.lead_{load.level}"),
        sections=[Section(words("coach.load.signals"), lines)] if lines else (),
        meta=[words("coach.load.meta")],
        rows=rows,
        accent=load_accent(load.level),
    )


@control("coach", "load-high")
async def says_too_much(press: Press) -> None:
    """The person says so: that is enough."""
    load = await press.services.coach.progress.load(press.person, True)
    await press.update(load_card(load, press.words, press.person, await _rest_offer(press, load)))


@control("coach", "support")
async def open_support(press: Press) -> None:
    zone = await press.services.studio.zone(press.person, press.guild)
    await press.reply(support_card(region_of(str(zone)), press.words))


def type_options(words: Words) -> list[Option]:
    return [Option(words(f"coach.insight_type.{kind}").plain, kind) for kind in InsightType]


def type_select(words: Words, owner: int) -> Select:
    return Select("coach", "insight-type", words("coach.insights.by_type"), type_options(words), owner=owner)


@control("coach", "insight-type")
async def by_type(press: Press) -> None:
    await show_insights(press, InsightType(press.values[0]), update=True)


controls = (
    ask_ai,
    open_insights,
    open_insight,
    mark_insight,
    insight_into_task,
    delete_insight,
    open_history,
    says_too_much,
    open_support,
    by_type,
    *history.controls,
    *archive.controls,
)
