"""Exports: exact payloads, the golden text, and documents that people can use as they are."""

from dataclasses import replace
from datetime import date

import pytest

from bot.loops.dates import moment_of
from bot.loops.exports import ExportDraft, export
from bot.loops.model import DeadlineKind, ExportTarget, Plan
from bot.loops.momentum import measure
from bot.loops.rules import loop_rules
from bot.loops.sequence import sequence
from bot.loops.wording import alt_text, clip_list, summary_text
from tests.loops.plans import NOW, bounce, clip, g8, loop
from tests.loops.words import say

RULES = loop_rules()

GOLDEN = """LoopOS loop summary: Clips: 8, Momentum: 52% (steady)
Night Drive: 8 clips, 4 done, 5 of 5 lanes. Plan 97%, motion 31%.
Next: Mix pass (bar 4), Teaser edit (bar 4), Pitch note (bar 5).
Watch: no bounce yet."""

ALT = (
    "Timeline of Night Drive, 8 clips on 5 lanes, bars 1 to 6. Momentum 52 percent, steady. Playhead at bar 1. "
    "Next: Mix pass, Teaser edit, Pitch note. Done: 4. Ready: 4. No conflicts, nothing blocked."
)


def read(plan: Plan):
    found = sequence(
        plan.clips,
        moment=moment_of(plan.loop, NOW),
        has_bounce=bool(plan.bounces),
        rules=RULES.sequence,
    )
    return found, measure(plan, NOW, RULES.momentum)


def draft(plan: Plan, selected=None, tips=("finish *Mix pass*", "two")) -> ExportDraft:
    found, momentum = read(plan)
    text = summary_text(plan, found, momentum, say)
    return ExportDraft(plan, found, momentum, text, tips, date(2026, 6, 10), selected)


def test_golden_summary():
    plan = g8()
    assert summary_text(plan, *read(plan), say) == GOLDEN


def test_an_empty_loop_has_one_line():
    plan = Plan(loop())
    assert summary_text(plan, *read(plan), say) == "LoopOS loop summary: Clips: 0, Momentum: 0% (quiet)"


def test_summary_of_a_dated_loop_names_days():
    plan = Plan(loop(days=56, role="manager"), (clip("creative", 32, 34, "Mix"),))
    text = summary_text(plan, *read(plan), say)
    assert "Next: Mix (Fri 3 July)." in text
    assert text.endswith("Watch: nothing urgent.")


def test_golden_alt_text():
    plan = g8()
    assert alt_text(plan, *read(plan), 0, say) == ALT


def test_alt_text_stays_short_and_says_how_many_more():
    made = tuple(clip("promo", 0, 4, f"Clip with quite a long name {n:03d}") for n in range(200))
    text = alt_text(Plan(loop(), made), *read(Plan(loop(), made)), 0, say)
    assert len(text) <= 1024
    assert "and 19897 more" in text
    long = Plan(loop(name="x" * 2000))
    assert len(alt_text(long, *read(long), 0, say)) <= 1024


def test_every_clip_is_in_the_plain_list():
    plan = g8()
    found, _ = read(plan)
    text = "\n".join(clip_list(plan, found, say))
    assert all(one.name in text for one in plan.clips)
    assert "Creative: 2 clips" in text
    assert "Mix pass, beats 12 to 17, ready" in text


def test_aqua_payload_is_exact():
    made = export(draft(g8()), ExportTarget.AQUA, say, RULES)
    assert made.payload == {
        "name": "LoopOS loop summary",
        "notes": GOLDEN,
        "lane": "analysis",
        "summaryText": GOLDEN,
        "momentumLabel": "steady",
        "source": "loopos",
    }
    selected = export(draft(g8(), g8().clips[5]), ExportTarget.AQUA, say, RULES)
    assert (selected.payload["name"], selected.payload["lane"]) == ("Teaser edit", "promo")


def test_aqua_brief_has_its_sections():
    deadline = clip("promo", 30, 32, "Pitch", deadline_kind=DeadlineKind.HARD, deadline=date(2026, 7, 1))
    plan = Plan(loop(days=56, anchor_date=date(2026, 7, 8)), (clip("creative", 0, 2, "Sketch", done=1), deadline))
    text = export(draft(plan), ExportTarget.AQUA, say, RULES).document
    headings = [line for line in text.splitlines() if line.startswith("## ")]
    assert headings == [
        "## Summary",
        "## Story",
        "## Plan by lane",
        "## Dates and hard deadlines",
        "## Next actions",
        "## Watch",
    ]
    assert text.count("______") == 3
    assert "- Wed 1 July: Pitch" in text


@pytest.mark.parametrize(("bounces", "tag"), [((), "idea"), ((bounce(),), "campaign")])
def test_analogue_payload_is_exact(bounces, tag):
    made = export(draft(g8(bounces)), ExportTarget.ANALOGUE, say, RULES)
    assert list(made.payload) == ["title", "body", "lane", "tag", "summaryText", "momentumLabel", "source"]
    assert made.payload["title"] == "LoopOS loop overview"
    assert made.payload["tag"] == tag
    assert made.document.startswith("## Night Drive: loop insight, Wed 10 June")


def test_campaign_is_exactly_strong_and_flying():
    steady = export(draft(g8()), ExportTarget.ANALOGUE, say, RULES)
    flying = export(draft(g8((bounce(),), pace="relaxed")), ExportTarget.ANALOGUE, say, RULES)
    assert (steady.payload["momentumLabel"], steady.payload["tag"]) == ("steady", "idea")
    assert (flying.payload["momentumLabel"], flying.payload["tag"]) == ("flying", "campaign")


def test_xp_is_plain_text_with_tasks():
    made = export(draft(g8()), ExportTarget.XP, say, RULES)
    assert made.payload == {
        "clipboardText": GOLDEN,
        "summaryText": GOLDEN,
        "momentumLabel": "steady",
        "source": "loopos",
    }
    assert made.document == GOLDEN + "\n\n- [ ] finish Mix pass\n- [ ] two\n"
    many = export(draft(g8(), tips=[f"t{n}" for n in range(9)]), ExportTarget.XP, say, RULES)
    assert many.document.count("- [ ] ") == 5


def test_file_names_hold_plain_signs_only():
    plan = replace(g8(), loop=loop(name="Nächt / Drive 夜.exe"))
    assert export(draft(plan), ExportTarget.XP, say, RULES).file_name == "loopos-to-xp-n-cht-drive-exe.txt"
