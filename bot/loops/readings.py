"""Suggestions, tips and summaries, by AI where it is on and by the rules always; and the archive of readings.

AI is an extra: the deterministic answer exists first and stands in for every failure, labelled as what it is.
"""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

import structlog

from bot.actors import Actor, OwnerId
from bot.ai.model import Answer, Asker, Assistant, Failed, NoIdeas, Ok, Reason, Usage
from bot.errors import AlreadyDone, Gone, NotFound, Refused
from bot.loops.asking import (
    ClipsReply,
    FixesReply,
    Subject,
    SummaryReply,
    checked_summary,
    fixes_question,
    read_fixes,
    state_hash,
    suggest_question,
    summary_question,
)
from bot.loops.bank import TaskBank
from bot.loops.clips import insert_clips
from bot.loops.model import (
    Clip,
    Insight,
    InsightId,
    InsightKind,
    Loop,
    Plan,
    Source,
    Suggestion,
    SuggestionId,
    SuggestionKind,
    SuggestionState,
)
from bot.loops.momentum import percent
from bot.loops.ports import Say
from bot.loops.saving import Intent
from bot.loops.store import LIST, Edited, LoopStore, LoopView
from bot.loops.suggest import gate, read_suggested, suggest_by_rule
from bot.loops.tips import tips
from bot.loops.whatif import new_clip, with_clip
from bot.loops.who import changed, other_who_did
from bot.loops.wording import summary_text, tip_text
from storage.repositories.loop_sets import InsightRepository, MonthlyCost, SuggestionRepository
from storage.repositories.loops import ClipRepository
from storage.unit import Unit

log = structlog.stdlib.get_logger(__name__)


class Outcome(StrEnum):
    """How a reading came about. The three are never merged."""

    OK = "ok"
    NO_IDEAS = "no_ideas"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a text is from: AI with its model, or the rules and why not AI."""

    outcome: Outcome
    reason: Reason | None = None
    model: str | None = None
    written_at: datetime | None = None
    """Set when it is the day's kept answer, which cost nothing."""

    @property
    def is_ai(self) -> bool:
        return self.outcome is Outcome.OK


@dataclass(frozen=True, slots=True)
class SuggestionSet:
    """The open suggestions of a loop. `origin` is None when the set was read back later."""

    loop: Loop
    clips: tuple[Suggestion, ...]
    ideas: tuple[Suggestion, ...]
    tips: tuple[Suggestion, ...]
    origin: Origin | None = None

    @property
    def is_ai(self) -> bool:
        return any(one.ai_written for one in (*self.clips, *self.ideas, *self.tips))


@dataclass(frozen=True, slots=True)
class Summary:
    """A loop in words."""

    plan: Plan
    text: str
    origin: Origin
    percent: int


@dataclass(frozen=True, slots=True)
class Applied:
    """What Apply all did: how many clips came in, how many no longer fitted, and the group for its one Undo."""

    loop: Loop
    added: int
    left_out: int
    group_id: str


class ReadingService:
    """Suggestions, summaries and the archive."""

    def __init__(self, store: LoopStore, bank: TaskBank, assistant: Assistant | None) -> None:
        self._store = store
        self._rules = store.rules
        self._bank = bank
        self._assistant = assistant
        self._running: set[tuple[OwnerId, str]] = set()

    # ------------------------------------------------------------------ suggestions

    async def generate(
        self, actor: Actor, owner: OwnerId, loop_id: str, asker: Asker, say: Say, *, fresh: bool = False
    ) -> SuggestionSet | None:
        """Make a new set; it supersedes the open one. None while the last press is still at work.

        Raises Refused("loop_empty_generate") for a loop without clips.
        """
        if (owner, loop_id) in self._running:
            return None
        self._running.add((owner, loop_id))
        try:
            subject, told = await self._subjects(owner, loop_id)
            if not subject.plan.clips:
                raise Refused("loop_empty_generate")
            clips, fixes = await asyncio.gather(
                self._ask_clips(told, asker, fresh=fresh), self._ask_fixes(told, asker, fresh=fresh)
            )
            return await self._store_set(actor, owner, subject, clips, fixes, say)
        finally:
            self._running.discard((owner, loop_id))

    async def open_set(self, owner: OwnerId, loop_id: str) -> SuggestionSet:
        """Return the open suggestions of a loop."""
        async with self._store.database.read(owner) as unit:
            loop = await self._store.loop_in(unit, loop_id)
            found = await unit.repo(SuggestionRepository).open_of(loop_id)
        return _set_of(loop, found)

    async def accept(self, actor: Actor, owner: OwnerId, suggestion_id: str) -> Edited:
        """Add a suggested clip through the ordinary edit path. A second press changes nothing."""
        suggestion = await self._open(actor, owner, suggestion_id)
        clip = suggestion.clip
        if clip is None:
            raise AlreadyDone("loop_suggestion_gone")

        async def work(unit: Unit, loop: Loop) -> Edited:
            if not await unit.repo(SuggestionRepository).decide(suggestion_id, SuggestionState.ACCEPTED):
                raise AlreadyDone("loop_suggestion_gone")
            plan = Plan(loop)
            source = Source.AI if suggestion.ai_written else Source.RULE
            made = replace(new_clip(clip, plan, unit.new_id(), self._store.now), source=source)
            await insert_clips(unit, loop, [made], self._rules)
            return Edited(loop, made)

        return await self._store.edit(actor, owner, "loop.accept", suggestion.loop_id, Intent("accept"), work)

    async def dismiss(self, actor: Actor, owner: OwnerId, suggestion_id: str) -> Edited:
        """Take a suggestion away and remember it for 30 days."""
        suggestion = await self._open(actor, owner, suggestion_id)

        async def work(unit: Unit, loop: Loop) -> Edited:
            if not await unit.repo(SuggestionRepository).decide(suggestion_id, SuggestionState.DISMISSED):
                raise AlreadyDone("loop_suggestion_gone")
            return Edited(loop)

        return await self._store.edit(actor, owner, "loop.dismiss", suggestion.loop_id, Intent("loop"), work)

    async def apply_all(self, actor: Actor, owner: OwnerId, loop_id: str) -> Applied:
        """Add every suggested clip that still passes the gate, in one transaction; the tips stay.

        Raises AlreadyDone("loop_suggestion_gone") when no suggested clip is open.
        """
        bounces = (await self._store.plan(owner, loop_id)).bounces
        counts = {"added": 0, "left_out": 0}

        async def work(unit: Unit, loop: Loop) -> Edited:
            repository = unit.repo(SuggestionRepository)
            waiting = [one for one in await repository.open_of(loop_id) if one.kind is SuggestionKind.CLIP]
            if not waiting:
                raise AlreadyDone("loop_suggestion_gone")
            plan = Plan(loop, await unit.repo(ClipRepository).of_loop(loop_id), bounces)
            made: list[Clip] = []
            counts.update(added=0, left_out=0)
            for one in waiting:
                if one.clip is None or not gate([one.clip], plan, self._store.now, self._rules).clips:
                    counts["left_out"] += 1
                    await repository.decide(one.id, SuggestionState.SUPERSEDED)
                    continue
                plan = with_clip(plan, one.clip, self._store.now, one.id)
                source = Source.AI if one.ai_written else Source.RULE
                made.append(replace(new_clip(one.clip, plan, unit.new_id(), self._store.now), source=source))
                counts["added"] += 1
                await repository.decide(one.id, SuggestionState.ACCEPTED)
            await insert_clips(unit, loop, made, self._rules)
            return Edited(loop)

        edited = await self._store.edit(actor, owner, "loop.accept_all", loop_id, Intent("accept"), work)
        return Applied(edited.loop, counts["added"], counts["left_out"], edited.group_id)

    async def suggestion(self, actor: Actor, owner: OwnerId, suggestion_id: str) -> tuple[Loop, Suggestion]:
        """Return an open suggestion with its loop, for Edit and add."""
        suggestion = await self._open(actor, owner, suggestion_id)
        async with self._store.database.read(owner) as unit:
            return await self._store.loop_in(unit, suggestion.loop_id), suggestion

    # ------------------------------------------------------------------ summary

    async def summary(
        self,
        actor: Actor,
        owner: OwnerId,
        loop_id: str,
        asker: Asker,
        say: Say,
        *,
        clip_id: str | None = None,
        fresh: bool = False,
    ) -> Summary:
        """Sum a loop up: by AI where it is on and its text passes the checks, else by the rules."""
        subject, told = await self._subjects(owner, loop_id, clip_id)
        fallback = summary_text(subject.plan, subject.sequenced, subject.momentum, say)
        answer: Answer[SummaryReply] = Failed(Reason.NO_KEY)
        if self._assistant is not None and subject.plan.clips:
            answer = await self._assistant.ask(summary_question(told, asker, fresh=fresh))
        text, origin = fallback, _origin(answer)
        usage: Usage | None = None
        if isinstance(answer, Ok):
            checked = checked_summary(answer.items.summary, told, self._rules)
            if checked is None:
                log.info("ai summary discarded")
                origin = Origin(Outcome.FAILED, Reason.WITHHELD)
            else:
                text, usage = checked, answer.usage
        if subject.plan.clips and origin.written_at is None:
            await self._archive(actor, owner, subject, InsightKind.SUMMARY, [text], usage)
        return Summary(subject.plan, text, origin, subject.momentum.percent)

    async def tip_texts(self, owner: OwnerId, loop_id: str, say: Say) -> list[str]:
        """Return the rule-based tips of a loop."""
        subject, _ = await self._subjects(owner, loop_id)
        return self._rule_tips(subject, say)

    # ------------------------------------------------------------------ archive

    async def insights(
        self, owner: OwnerId, loop_id: str | None, kind: InsightKind | None, offset: int, limit: int
    ) -> tuple[list[Insight], int]:
        """Return archived readings, pinned first, then newest, and how many there are."""
        async with self._store.database.read(owner) as unit:
            return await unit.repo(InsightRepository).page(loop_id, kind, offset, limit)

    async def insight(self, owner: OwnerId, insight_id: str) -> tuple[Loop, Insight, int]:
        """Return a reading with its loop and the loop's score now, in percent. Raises Gone."""
        async with self._store.database.read(owner) as unit:
            found = await unit.repo(InsightRepository).get(insight_id)
            if found is None:
                raise Gone("loop_insight_gone")
        view = await self._store.view(owner, found.loop_id)
        return view.loop, found, view.momentum.percent

    async def pin(self, actor: Actor, owner: OwnerId, insight_id: str, *, pinned: bool) -> None:
        async with self._store.database.write(actor, owner, "loop.insight") as unit:
            if not await unit.repo(InsightRepository).pin(insight_id, pinned):
                raise Gone("loop_insight_gone")

    async def forget(self, actor: Actor, owner: OwnerId, insight_id: str) -> str:
        """Delete a reading; return the group for its Undo."""
        async with self._store.database.write(actor, owner, "loop.forget_insight") as unit:
            if not await unit.repo(InsightRepository).remove(insight_id):
                raise Gone("loop_insight_gone")
            return unit.group_id

    async def costs(self, owner: OwnerId) -> list[MonthlyCost]:
        """Return tokens and cost of AI readings by month."""
        async with self._store.database.read(owner) as unit:
            return await unit.repo(InsightRepository).cost_by_month()

    # ------------------------------------------------------------------ inside

    async def _subjects(self, owner: OwnerId, loop_id: str, clip_id: str | None = None) -> tuple[Subject, Subject]:
        """Return a loop as it is read here, and as the AI may read it."""
        view = await self._store.view(owner, loop_id)
        return _subject(view, clip_id), _subject(await self._store.for_ai(view), clip_id)

    async def _ask_clips(self, subject: Subject, asker: Asker, *, fresh: bool) -> Answer[ClipsReply]:
        if self._assistant is None:
            return Failed(Reason.NO_KEY)
        return await self._assistant.ask(suggest_question(subject, asker, self._rules, fresh=fresh))

    async def _ask_fixes(self, subject: Subject, asker: Asker, *, fresh: bool) -> Answer[FixesReply]:
        if self._assistant is None:
            return Failed(Reason.NO_KEY)
        return await self._assistant.ask(fixes_question(subject, asker, fresh=fresh))

    def _rule_tips(self, subject: Subject, say: Say) -> list[str]:
        found = tips(subject.plan, subject.sequenced, subject.now, self._rules)
        return [tip_text(subject.plan.loop, tip, say) for tip in found]

    async def _store_set(
        self,
        actor: Actor,
        owner: OwnerId,
        subject: Subject,
        clips: Answer[ClipsReply],
        fixes: Answer[FixesReply],
        say: Say,
    ) -> SuggestionSet:
        plan, loop, now = subject.plan, subject.plan.loop, subject.now
        async with self._store.database.read(owner) as unit:
            since = now - timedelta(days=self._rules.suggest.dismissed_days)
            dismissed = await unit.repo(SuggestionRepository).dismissed_since(loop.id, since)
        by_ai = isinstance(clips, Ok)
        if isinstance(clips, Ok):
            read = clips.items.clips[: self._rules.suggest.read_clips]
            wanted = [read_suggested(one, self._rules, dated=loop.is_dated) for one in read]
        elif isinstance(clips, NoIdeas):
            wanted = []
        else:
            wanted = list(suggest_by_rule(plan, self._bank, now, self._rules, phase=subject.phase, dismissed=dismissed))
        result = gate(wanted, plan, now, self._rules, dismissed)
        if result.dropped:
            log.info("suggestions dropped", **result.dropped)
        ai_tips = read_fixes(fixes.items, self._rules) if isinstance(fixes, Ok) else ()
        texts = list(ai_tips) or self._rule_tips(subject, say)
        async with self._store.database.write(actor, owner, "loop.suggest") as unit:
            set_id = unit.new_id()
            made = [
                Suggestion(
                    SuggestionId(unit.new_id()),
                    loop.id,
                    set_id,
                    SuggestionKind.CLIP if one.is_clip else SuggestionKind.IDEA,
                    one.clip,
                    one.idea_because or "",
                    one.fingerprint,
                    one.gain,
                    by_ai,
                    SuggestionState.OPEN,
                    now,
                )
                for one in result.passed
            ]
            made += [
                Suggestion(
                    SuggestionId(unit.new_id()),
                    loop.id,
                    set_id,
                    SuggestionKind.TIP,
                    None,
                    text,
                    "",
                    0,
                    bool(ai_tips),
                    SuggestionState.OPEN,
                    now,
                )
                for text in texts
            ]
            await unit.repo(SuggestionRepository).replace_open(loop.id, made)
        names = [one.clip.name for one in result.passed]
        if isinstance(clips, Ok) and clips.written_at is None:
            await self._archive(actor, owner, subject, InsightKind.SUGGEST, names, clips.usage)
        if isinstance(fixes, Ok) and fixes.written_at is None and ai_tips:
            await self._archive(actor, owner, subject, InsightKind.FIXES, ai_tips, fixes.usage)
        return replace(_set_of(loop, made), origin=_origin(clips))

    async def _archive(
        self,
        actor: Actor,
        owner: OwnerId,
        subject: Subject,
        kind: InsightKind,
        lines: Sequence[str],
        usage: Usage | None,
    ) -> None:
        """Keep a reading; a rule-based one that says the same of the same state is kept once."""
        mark = state_hash(subject)
        async with self._store.database.write(actor, owner, "loop.insight") as unit:
            repository = unit.repo(InsightRepository)
            newest, _ = await repository.page(subject.plan.loop.id, kind, 0, 1)
            same = newest and newest[0].state_hash == mark and newest[0].lines == tuple(lines)
            if usage is None and same:
                return
            await repository.add(
                Insight(
                    InsightId(unit.new_id()),
                    subject.plan.loop.id,
                    kind,
                    self._store.now,
                    tuple(lines),
                    subject.momentum.score,
                    mark,
                    usage is not None,
                    model=usage.model if usage else None,
                    prompt_version=usage.prompt_version if usage else None,
                    tokens_in=usage.tokens_in + usage.cache_read + usage.cache_write if usage else None,
                    tokens_out=usage.tokens_out if usage else None,
                    cost_microusd=usage.cost_microusd if usage else None,
                    created_by=actor.name,
                )
            )

    async def _open(self, actor: Actor, owner: OwnerId, suggestion_id: str) -> Suggestion:
        """Return an open suggestion. Raises AlreadyDone, with who decided it where it was another."""
        async with self._store.database.read(owner) as unit:
            found = await unit.repo(SuggestionRepository).get(suggestion_id)
            if found is None:
                raise NotFound("suggestion", LIST)
            if found.state is SuggestionState.OPEN:
                return found
            other = await other_who_did(unit, actor, "loop_suggestions", suggestion_id, changed("state"))
        if other is None:
            raise AlreadyDone("loop_suggestion_gone")
        raise AlreadyDone("loop_suggestion_decided", who=other.actor_name, when=other.at)


def _subject(view: LoopView, clip_id: str | None) -> Subject:
    selected = view.plan.clip(clip_id) if clip_id else None
    return Subject(view.plan, view.sequenced, view.momentum, view.phase, view.now, selected=selected)


def _origin(answer: Answer[ClipsReply] | Answer[SummaryReply]) -> Origin:
    if isinstance(answer, Ok):
        return Origin(Outcome.OK, model=answer.usage.model, written_at=answer.written_at)
    if isinstance(answer, NoIdeas):
        return Origin(Outcome.NO_IDEAS, model=answer.usage.model, written_at=answer.written_at)
    return Origin(Outcome.FAILED, answer.reason)


def _set_of(loop: Loop, found: Sequence[Suggestion]) -> SuggestionSet:
    def of(kind: SuggestionKind) -> tuple[Suggestion, ...]:
        return tuple(one for one in found if one.kind is kind)

    return SuggestionSet(loop, of(SuggestionKind.CLIP), of(SuggestionKind.IDEA), of(SuggestionKind.TIP))


def compared(then: float, now_percent: int) -> tuple[int, int, int]:
    """Return score then, now, and the difference, in percent."""
    before = percent(then)
    return before, now_percent, now_percent - before
