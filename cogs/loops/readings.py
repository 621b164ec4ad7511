"""Suggestions, summaries and earlier readings in chat."""

from bot.ai.model import Asker, Reason
from bot.error_kinds import kind_of_ai
from bot.errors import AlreadyDone, BotError
from bot.loops.area import LoopArea
from bot.loops.clips import ClipFields
from bot.loops.dates import units_text
from bot.loops.model import Insight, InsightKind, Suggestion
from bot.loops.momentum import percent
from bot.loops.ports import Say
from bot.loops.readings import MonthlyCost, Origin, Outcome, SuggestionSet, Summary, compared
from bot.loops.wording import when_text
from bot.say.card import (
    Accent,
    Button,
    Card,
    Fact,
    Line,
    Option,
    Row,
    Section,
    Select,
    Style,
    Text,
    join,
    note,
    plain,
    raw,
)
from bot.say.words import Words
from bot.studio.roles import Does
from bot.ui.base import Press, Turn
from bot.ui.common import undo_button
from bot.ui.controls import control
from bot.ui.items import id_on
from bot.ui.pager import Page, Pager
from cogs.loops.clips import clip_form


def asker_of(turn: Turn) -> Asker:
    """Return on whose behalf AI is asked."""
    return Asker(turn.person, turn.guild)


def plain_words(words: Words) -> Say:
    """Return the catalogue as plain texts, for what is stored or written into files."""

    def say(key: str, /, **parts: object) -> str:
        return plain(words(key, **{name: plain(p) if isinstance(p, str) else p for name, p in parts.items()}))

    return say


def italic(text: str) -> Text:
    """Return a stored text with its *names* in italics and everything else escaped."""
    pieces = text.split("*")
    shown = [raw(f"*{join('', [piece])}*", piece) if odd % 2 else piece for odd, piece in enumerate(pieces)]
    if len(pieces) % 2 == 0:
        return join("", [text])
    return join("", [piece for piece in shown if piece])


# ---------------------------------------------------------------------- suggestions


async def suggest(turn: Turn, loop_id: str, *, fresh: bool = False) -> Card | None:
    """Make a set of suggestions and return its card; None while the last press is still at work."""
    area: LoopArea = turn.services.loops
    found = await area.readings.generate(
        turn.actor, turn.owner, loop_id, asker_of(turn), plain_words(turn.words), fresh=fresh
    )
    return None if found is None else suggestion_card(found, turn.words)


def suggestion_card(found: SuggestionSet, words: Words) -> Card:
    """Return the open suggestions: clips to accept, ideas to edit first, tips."""
    loop = found.loop
    clips = [
        Line(
            words(
                "loop.suggest.clip" if percent(max(0.0, one.predicted_gain)) else "loop.suggest.clip_plain",
                name=one.clip.name,
                lane=words(f"loop.lane.{one.clip.lane.value}"),
                when=when_text(loop, one.clip.start_milli, words),
                count=percent(max(0.0, one.predicted_gain)),
            ),
            Button("loop", "s-accept", words("loop.suggest.accept"), id=one.id, owner=loop.owner_id),
        )
        for one in found.clips
        if one.clip is not None
    ]
    ideas = [_idea(one, found, words) for one in found.ideas if one.clip is not None]
    sections: list[Section] = []
    if clips:
        sections.append(Section(words("loop.suggest.clips"), clips))
    if ideas:
        sections.append(Section(words("loop.suggest.ideas"), ideas))
    if found.tips:
        sections.append(Section(words("loop.suggest.tips"), [italic(one.text) for one in found.tips]))
    return Card(
        title=words("loop.suggest.title", name=loop.name),
        lead=_suggest_lead(found, words),
        sections=sections,
        meta=[origin_text(found.origin, words, is_ai=found.is_ai)],
        rows=_suggest_rows(found, words),
        accent=Accent.ACCENT,
    )


def _suggest_lead(found: SuggestionSet, words: Words) -> str | None:
    origin = found.origin
    if origin is not None and origin.outcome is Outcome.NO_IDEAS:
        return words("loop.suggest.no_ideas")
    if origin is not None and origin.outcome is Outcome.FAILED and origin.reason is not Reason.NO_KEY:
        return _why(origin, words)
    if not found.clips and not found.ideas:
        return words("loop.suggest.none_left")
    return None


def _why(origin: Origin, words: Words) -> str:
    return words(kind_of_ai(origin.reason or Reason.SERVER).says)


def _idea(one: Suggestion, found: SuggestionSet, words: Words) -> Line:
    clip = one.clip
    assert clip is not None  # noqa: S101 - ideas always carry one
    text = words(
        "loop.suggest.idea",
        name=clip.name,
        lane=words(f"loop.lane.{clip.lane.value}"),
        why=words(f"loop.suggest.why.{one.text}"),
    )
    button = Button("loop", "s-edit", words("loop.suggest.edit"), id=one.id, owner=found.loop.owner_id)
    return Line(text, button)


def _suggest_rows(found: SuggestionSet, words: Words) -> list[Row]:
    loop = found.loop

    def button(action: str, key: str, *, style: Style = Style.SECONDARY, disabled: bool = False) -> Button:
        return Button(
            "loop", action, words(f"loop.suggest.{key}"), id=loop.id, owner=loop.owner_id, style=style,
            disabled=disabled,
        )  # fmt: skip

    row = [
        button("s-all", "apply_all", style=Style.PRIMARY, disabled=not found.clips),
        button("s-again", "again"),
        Button("loop", "show", words("loop.card.show"), id=loop.id, owner=loop.owner_id),
    ]
    rows: list[Row] = [row]
    if found.clips or found.ideas:
        options = [
            Option(one.clip.name, one.id, words(f"loop.lane.{one.clip.lane.value}"))
            for one in (*found.clips, *found.ideas)
            if one.clip is not None
        ]
        placeholder = words("loop.suggest.dismiss")
        rows.append(Select("loop", "s-dismiss", placeholder, options, id=loop.id, owner=loop.owner_id))
    return rows


def origin_text(origin: Origin | None, words: Words, *, is_ai: bool) -> str:
    """Return the line that says who wrote it: the model, or the rules."""
    if origin is not None and origin.is_ai:
        if origin.written_at is not None:
            return words("loop.ai.by_model_kept", model=origin.model or "AI", when=origin.written_at)
        return words("loop.ai.by_model", model=origin.model or "AI")
    if is_ai:
        return words("loop.ai.by_ai")
    return words("loop.card.meta_rules")


async def stale_set(turn: Turn, told: Text) -> None:
    """Draw the suggestions that are still open, and say what became of the one that was pressed."""
    area: LoopArea = turn.services.loops
    loop_id = id_on(turn.interaction.message, "loop:s-all") or ""
    try:
        left = await area.readings.open_set(turn.owner, loop_id)
    except BotError:
        await turn.update(note(told))
        return
    await turn.update(suggestion_card(left, turn.words))
    await turn.reply(note(told), ephemeral=True)


@control("loop", "suggest")
async def suggest_press(press: Press) -> None:
    """Suggest clips and tips; a second press while it runs does nothing."""
    await press.defer(new_message=True)
    card = await suggest(press, press.id)
    await press.reply(card or note(press.words("loop.suggest.thinking")))


@control("loop", "s-again")
async def suggest_again(press: Press) -> None:
    """Ask again, past the day's kept answer."""
    await press.defer()
    card = await suggest(press, press.id, fresh=True)
    if card is not None:
        await press.update(card)


@control("loop", "s-accept", stale=stale_set)
async def accept(press: Press) -> None:
    """Add one suggested clip."""
    area: LoopArea = press.services.loops
    edited = await area.readings.accept(press.actor, press.owner, press.id)
    left = await area.readings.open_set(press.owner, edited.loop.id)
    await press.update(suggestion_card(left, press.words))
    if edited.clip is not None:
        lane = press.words(f"loop.lane.{edited.clip.lane.value}")
        told = press.words("loop.told.added", clip=edited.clip.name, lane=lane)
        await press.reply(note(told, [undo_button(press, edited.group_id)]), ephemeral=True)


@control("loop", "s-dismiss", stale=stale_set)
async def dismiss(press: Press) -> None:
    """Take one suggestion away and remember it."""
    area: LoopArea = press.services.loops
    edited = await area.readings.dismiss(press.actor, press.owner, press.values[0])
    left = await area.readings.open_set(press.owner, edited.loop.id)
    await press.update(suggestion_card(left, press.words))
    told = press.words("loop.suggest.dismissed")
    await press.reply(note(told, [undo_button(press, edited.group_id)]), ephemeral=True)


@control("loop", "s-all", stale=stale_set)
async def apply_all(press: Press) -> None:
    """Add every suggested clip that still fits; the tips stay."""
    area: LoopArea = press.services.loops
    applied = await area.readings.apply_all(press.actor, press.owner, press.id)
    left = await area.readings.open_set(press.owner, press.id)
    await press.update(suggestion_card(left, press.words))
    told = press.words("loop.suggest.applied", count=applied.added)
    if applied.left_out:
        told = join("\n", [told, press.words("loop.suggest.left_out", count=applied.left_out)])
    await press.reply(note(told, [undo_button(press, applied.group_id)]), ephemeral=True)


@control("loop", "s-edit", opens_form=True, stale=stale_set)
async def edit_idea(press: Press) -> None:
    """Open the clip form filled in with an idea."""
    area: LoopArea = press.services.loops
    loop, found = await area.readings.suggestion(press.actor, press.owner, press.id)
    clip = found.clip
    if clip is None:
        raise AlreadyDone("loop_suggestion_gone")
    fields = ClipFields(
        clip.name,
        clip.lane.value,
        units_text(max(0, clip.start_milli)),
        units_text(clip.length_milli),
        clip.notes,
    )
    await press.open(clip_form(loop, None, press.words, fields))


# ---------------------------------------------------------------------- summary


async def summary_reply(turn: Turn, loop_id: str, *, fresh: bool = False) -> Card:
    """Sum a loop up and return the card."""
    area: LoopArea = turn.services.loops
    found = await area.readings.summary(
        turn.actor, turn.owner, loop_id, asker_of(turn), plain_words(turn.words), fresh=fresh
    )
    return summary_card(found, turn.words)


def summary_card(found: Summary, words: Words) -> Card:
    """Return a summary with who wrote it."""
    loop = found.plan.loop
    facts: list[Fact | str] = []
    origin = found.origin
    if origin.outcome is Outcome.FAILED and origin.reason is not Reason.NO_KEY:
        facts.append(_why(origin, words))

    def button(action: str, label: str) -> Button:
        return Button("loop", action, words(label), id=loop.id, owner=loop.owner_id)

    return Card(
        title=words("loop.summary.title", name=loop.name),
        lead=found.text,
        facts=facts,
        meta=[origin_text(origin, words, is_ai=origin.is_ai)],
        rows=[
            [
                button("sum-again", "loop.suggest.again"),
                button("sum-post", "loop.card.post"),
                button("show", "loop.card.show"),
            ]
        ],
    )


@control("loop", "summary")
async def summary_press(press: Press) -> None:
    """Sum the loop up."""
    await press.defer(new_message=True)
    await press.reply(await summary_reply(press, press.id))


@control("loop", "sum-again")
async def summary_again(press: Press) -> None:
    """Ask again, past the day's kept answer."""
    await press.defer()
    await press.update(await summary_reply(press, press.id, fresh=True))


@control("loop", "sum-post", does=Does.SEE)
async def summary_post(press: Press) -> None:
    """Post the summary for everybody here."""
    card = await summary_reply(press, press.id)
    await press.post(Card(title=card.title, lead=card.lead, meta=card.meta))


# ---------------------------------------------------------------------- earlier readings


async def _count(turn: Turn, wanted: str) -> int:
    loop_id, kind = _filter(wanted)
    area: LoopArea = turn.services.loops
    return (await area.readings.insights(turn.owner, loop_id, kind, 0, 1))[1]


async def _rows(turn: Turn, wanted: str, offset: int, limit: int) -> list[Insight]:
    loop_id, kind = _filter(wanted)
    area: LoopArea = turn.services.loops
    return (await area.readings.insights(turn.owner, loop_id, kind, offset, limit))[0]


def _filter(wanted: str) -> tuple[str | None, InsightKind | None]:
    loop_id, _, kind = wanted.partition(".")
    return loop_id or None, InsightKind(kind) if kind else None


def insight_filter(loop_id: str | None, kind: str | None) -> str:
    """Return the filter of the list as one short word."""
    return f"{loop_id or ''}.{kind or ''}" if loop_id or kind else ""


def _insights_card(page: Page[Insight], words: Words) -> Card:
    lines = []
    for one in page.rows:
        first = one.lines[0] if one.lines else words("loop.insight.empty")
        text = words(
            "loop.insight.line",
            kind=words(f"loop.insight.kind.{one.kind.value}"),
            when=one.generated_at,
            text=first.split("\n")[0][:120],
        )
        if one.pinned:
            text = join(" · ", [text, words("loop.insight.pinned")])
        lines.append(Line(text, Button("loop", "i-open", words("loop.card.open"), id=one.id, owner=page.owner)))
    return Card(
        title=words("loop.insight.title", count=page.total),
        sections=[Section(None, lines)],
        rows=[[Button("loop", "i-costs", words("loop.insight.costs"), owner=page.owner)]],
    )


insights = Pager(
    "loop",
    "insights",
    _count,
    _rows,
    _insights_card,
    lambda _filter, words: note(words("loop.insight.none")),
    per_page=5,
)


async def insight_card(turn: Turn, insight_id: str) -> Card:
    """Return one reading, compared with the loop as it is now."""
    area: LoopArea = turn.services.loops
    loop, one, now = await area.readings.insight(turn.owner, insight_id)
    words = turn.words
    then, now, change = compared(one.score, now)
    facts: list[Fact | str] = [
        words("loop.insight.compared", then=then, now=now, change=f"{change:+d}"),
        words("loop.insight.by", who=one.created_by, when=one.generated_at),
    ]
    if one.ai_written:
        cost = "–" if one.cost_microusd is None else f"${one.cost_microusd / 1_000_000:.4f}"
        facts.append(
            words(
                "loop.insight.cost",
                model=one.model or "AI",
                prompt=one.prompt_version or "–",
                tokens=(one.tokens_in or 0) + (one.tokens_out or 0),
                cost=cost,
            )
        )
    pin = ("i-unpin", "loop.insight.unpin") if one.pinned else ("i-pin", "loop.insight.pin")
    owner = turn.owner
    return Card(
        title=join(": ", [loop.name, words(f"loop.insight.kind.{one.kind.value}")]),
        facts=facts,
        sections=[Section(None, [italic(line) for line in one.lines])],
        meta=[words("loop.ai.by_ai") if one.ai_written else words("loop.card.meta_rules")],
        rows=[
            [
                Button("loop", pin[0], words(pin[1]), id=one.id, owner=owner),
                Button("loop", "show", words("loop.card.show"), id=loop.id, owner=owner),
                Button("loop", "i-delete", words("loop.insight.delete"), id=one.id, owner=owner, style=Style.DANGER),
            ]
        ],
    )


@control("loop", "i-open", does=Does.SEE)
async def open_insight(press: Press) -> None:
    """Open one reading."""
    await press.reply(await insight_card(press, press.id), ephemeral=True)


async def _pin(press: Press, *, pinned: bool) -> None:
    area: LoopArea = press.services.loops
    await area.readings.pin(press.actor, press.owner, press.id, pinned=pinned)
    await press.update(await insight_card(press, press.id))


@control("loop", "i-pin")
async def pin_insight(press: Press) -> None:
    """Keep a reading on top."""
    await _pin(press, pinned=True)


@control("loop", "i-unpin")
async def unpin_insight(press: Press) -> None:
    """Let a reading go down the list again."""
    await _pin(press, pinned=False)


@control("loop", "i-delete")
async def delete_insight(press: Press) -> None:
    """Delete a reading; Undo brings it back."""
    area: LoopArea = press.services.loops
    group_id = await area.readings.forget(press.actor, press.owner, press.id)
    await press.update(note(press.words("loop.insight.deleted"), [undo_button(press, group_id)]))


def _cost(month: MonthlyCost, words: Words) -> str:
    """Return what a month cost; readings at a price that nobody knows are never shown as free."""
    known = raw(f"${month.cost_microusd / 1_000_000:.4f}")
    if not month.unpriced:
        return known
    unknown = words("loop.insight.unpriced", count=month.unpriced)
    return unknown if month.unpriced == month.readings else join(", ", [known, unknown])


@control("loop", "i-costs", does=Does.SEE)
async def show_costs(press: Press) -> None:
    """Show what AI readings took, by month."""
    area: LoopArea = press.services.loops
    words = press.words
    months = await area.readings.costs(press.owner)
    lines = [
        words(
            "loop.insight.month",
            month=one.month,
            count=one.readings,
            tokens=one.tokens,
            cost=_cost(one, words),
        )
        for one in months
    ]
    title = words("loop.insight.costs")
    await press.reply(Card(title, sections=[Section(None, lines or [words("loop.insight.no_costs")])]), ephemeral=True)


controls = (
    suggest_press,
    suggest_again,
    accept,
    dismiss,
    apply_all,
    edit_idea,
    summary_press,
    summary_again,
    summary_post,
    open_insight,
    pin_insight,
    unpin_insight,
    delete_insight,
    show_costs,
    *insights.controls,
)
