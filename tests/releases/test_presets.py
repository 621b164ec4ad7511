"""The shipped presets and the loader: complete, conflict-free, and broken files are named."""

import os
import shutil
from datetime import UTC, date, datetime
from pathlib import Path

import pytest

from bot.errors import NotFound
from bot.paths import assets_dir
from bot.releases.facts import FactFileError, load_facts
from bot.releases.model import Anchor, Condition, TaskKind
from bot.releases.presets import PresetBook, load_presets
from tests.releases.catalogue import Catalogue

EVERYTHING = frozenset(Condition)
FACTS = load_facts(assets_dir() / "facts" / "platform_facts.toml")


@pytest.fixture(scope="module")
def book() -> PresetBook:
    return load_presets(assets_dir() / "presets", FACTS.facts)


def test_every_shipped_preset_is_usable(book: PresetBook) -> None:
    assert [str(problem) for problem in book.problems] == []
    sizes = {key: len(preset.tasks) for key, preset in book.presets.items()}
    assert sizes == {
        "single_8w": 28, "sprint_single_4w": 22, "ep_12w": 38, "album_vinyl_20w": 45, "radio_push_8w": 20,
        "bandcamp_first_3w": 17, "finish_month": 23, "sync_pack_2w": 12, "catalogue_tidy_2w": 11,
    }  # fmt: skip


def test_the_eight_week_single_is_51_days_of_work_in_87_days(book: PresetBook) -> None:
    preset = book.get("single_8w")
    assert sum(task.length for task in preset.tasks) == 51
    assert preset.day_after - preset.first_day == 87


def test_a_false_condition_leaves_its_task_out_and_uk_only_changes_the_wording(book: PresetBook) -> None:
    preset = book.get("single_8w")
    assert {task.key for task in preset.tasks} - {t.key for t in preset.for_conditions(frozenset())} == {"splits"}
    radio = preset.task("radio")
    assert radio is not None
    assert "BBC" in radio.worded(EVERYTHING).title
    assert "BBC" not in radio.worded(frozenset()).title + radio.worded(frozenset()).how
    album = book.get("album_vinyl_20w")
    assert not any("inyl" in t.title for t in album.for_conditions(frozenset()))


def test_only_conditions_that_change_something_are_asked(book: PresetBook) -> None:
    assert book.get("finish_month").open_conditions() == ()
    assert set(book.get("album_vinyl_20w").open_conditions()) == {
        Condition.MULTI_WRITER, Condition.UK, Condition.VINYL,
    }  # fmt: skip


def test_finish_presets_have_no_promotion_and_end_by_themselves(book: PresetBook) -> None:
    month = book.get("finish_month")
    assert month.anchor is Anchor.FINISH
    assert {task.lane for task in month.tasks} == {"creative", "refine", "analysis"}
    assert sum(task.kind is TaskKind.FINISH for task in month.tasks) == 4


@pytest.mark.parametrize(
    ("change", "row", "reason"),
    [
        (('lane = "creative"', 'lane = "creativ"'), "choose", "lane"),
        (('effort = "m"', 'effort = "x"'), "choose", "effort"),
        (("offset = -58", 'offset = "soon"'), "choose", "offset"),
        (('key = "master"', 'key = "choose"'), "choose", "twice"),
        (('requires = ["deliver"]', 'requires = ["review"]'), "pitch", "earlier"),
        (('requires = ["deliver"]', 'requires = ["nothing"]'), "pitch", "not in this preset"),
        (("deadline = -7", "deadline = -3"), "pitch", "at least 7 days"),
        (("deadline = -1", "deadline = 4"), "splits", "on or before T"),
        (('"artwork.size"', '"artwork.colour"'), "artwork", "unknown"),
        (('kind = "release"', 'kind = "task"'), "header", "release task"),
        (('when = ["multi_writer"]', 'when = ["many"]'), "splits", "many"),
        (("offset = -54", "offset = -55"), "splits", "overlaps"),
        (('key = "single_8w"', 'key = "single"'), "header", "file's name"),
        (("version = 1", "versoin = 1"), "header", "versoin"),
        (("version = 1", "version = "), "file", "TOML"),
    ],
)
def test_a_broken_file_is_named_with_row_and_reason_and_the_others_stay(
    tmp_path: Path, change: tuple[str, str], row: str, reason: str
) -> None:
    for path in (assets_dir() / "presets").glob("*.toml"):
        shutil.copy(path, tmp_path)
    broken = tmp_path / "single_8w.toml"
    text = broken.read_text()
    assert change[0] in text
    broken.write_text(text.replace(change[0], change[1], 1))
    book = load_presets(tmp_path, FACTS.facts)
    assert len(book.presets) == 8
    problem = book.problems[0]
    assert (problem.file, problem.row) == ("single_8w.toml", row)
    assert reason in problem.reason
    with pytest.raises(NotFound):
        book.get("single_8w")


# ------------------------------------------------------------------ facts


def test_every_fact_has_a_source_and_is_shipped_unchecked() -> None:
    words = Catalogue()
    today = date(2026, 3, 1)
    for fact in FACTS.facts.values():
        assert fact.source
        line = fact.line(today, words)
        assert fact.source in line
    assert "not checked yet, please check" in FACTS.facts["spotify.pitch_min_days"].line(today, words)


def test_the_words_for_how_fresh_a_fact_is(tmp_path: Path) -> None:
    own = tmp_path / "facts.toml"
    own.write_text('[[fact]]\nkey = "release.day"\nlast_verified = "2026-03-04"\n')
    fact = load_facts(assets_dir() / "facts" / "platform_facts.toml", own).facts["release.day"]
    words = Catalogue()
    assert fact.value == "Friday", "the operator's row keeps what it does not name"
    assert fact.checked(date(2026, 9, 1), words) == "checked Mar 2026"
    assert fact.checked(date(2027, 3, 4), words) == "checked Mar 2026"
    assert fact.checked(date(2027, 3, 5), words) == "please check"


def test_the_operator_gives_bandcamp_dates_and_a_row_without_source_is_refused(tmp_path: Path) -> None:
    own = tmp_path / "facts.toml"
    own.write_text('[[fact]]\nkey = "bandcamp_friday.dates"\ndates = ["2026-05-01"]\n')
    book = load_facts(assets_dir() / "facts" / "platform_facts.toml", own)
    assert book.facts["bandcamp_friday.dates"].dates == (date(2026, 5, 1),)
    own.write_text('[[fact]]\nkey = "my.rule"\nvalue = "x"\n')
    with pytest.raises(FactFileError, match=r"facts.toml, my.rule: source is missing"):
        load_facts(assets_dir() / "facts" / "platform_facts.toml", own)


def test_a_release_build_has_every_fact_behind_a_hard_deadline_checked(book: PresetBook) -> None:
    today = datetime.now(UTC).date()
    used = {key for preset in book.presets.values() for task in preset.tasks if task.is_hard for key in task.facts}
    open_rows = [fact.key for fact in FACTS.unverified(today) if fact.key in used]
    if os.environ.get("STUDIOHAND_RELEASE_BUILD"):
        assert open_rows == [], "look at the source and fill in last_verified"
    else:
        print("facts to check before a release build:", ", ".join(open_rows))
