"""What AI may say about somebody's own data, and how little of an answer is kept. Pure.

Only the types asked for, no more of each than asked, only texts that keep to the wording rules.
"""

from collections import Counter
from collections.abc import Mapping, Sequence

from pydantic import Field

from bot.ai.model import JsonValue, Reply
from bot.coach.enriching import WeekContext, acceptable, context_data
from bot.coach.insights import STEPS_MAX, Found
from bot.coach.model import InsightContent, InsightPriority, InsightType, Line

SUMMARY_MAX = 120
DETAIL_MAX = 240
_PRIORITIES = {str(each): each for each in InsightPriority}


class InsightWords(Reply):
    type: str = ""
    summary: str = ""
    detail: str = ""
    steps: list[str] = Field(default_factory=list)
    priority: str = "medium"


class InsightsReply(Reply):
    """The shape of an answer; everything in it may be missing."""

    insights: list[InsightWords] = Field(default_factory=list)

    def is_empty(self) -> bool:
        return not self.insights


def wanted(context: WeekContext) -> dict[InsightType, int]:
    """Return how many insights of each type may be asked for: about creative work only where there is any."""
    found = {InsightType.CAREER: 3, InsightType.BRANDING: 2}
    if context.bounce_titles or context.loops:
        found[InsightType.CREATIVE] = 2
    return found


def insight_data(context: WeekContext) -> Mapping[str, JsonValue]:
    """Return the data of the question, with the number of insights wanted of each type."""
    most: dict[str, JsonValue] = {str(kind): count for kind, count in wanted(context).items()}
    return {**context_data(context), "wanted": most}


def kept_insights(
    reply: InsightsReply, most: Mapping[InsightType, int], evidence: Mapping[InsightType, Sequence[str]]
) -> list[Found]:
    """Return what is kept of an answer; `evidence`: row ids that the data of each type was read from."""
    kinds = {str(kind): kind for kind in most}
    taken: Counter[InsightType] = Counter()
    found: list[Found] = []
    for words in reply.insights:
        kind = kinds.get(words.type)
        summary = acceptable(words.summary, SUMMARY_MAX)
        if kind is None or not summary or taken[kind] >= most[kind]:
            continue
        taken[kind] += 1
        detail = acceptable(words.detail, DETAIL_MAX)
        steps = [text for each in words.steps if (text := acceptable(each, SUMMARY_MAX))]
        content = InsightContent(
            summary=Line.free(summary),
            detail=Line.free(detail) if detail else None,
            steps=tuple(Line.free(text) for text in steps[:STEPS_MAX]),
            priority=_PRIORITIES.get(words.priority, InsightPriority.MEDIUM),
        )
        found.append(Found(kind, content, tuple(evidence.get(kind, ()))))
    return found
