"""The shipped texts keep to their rules; with no texts yet, the checker itself is still tested."""

from dataclasses import replace

import pytest

from bot.coach.content import (
    bank_path,
    check_bank,
    check_pathways,
    load_bank,
    load_pathways,
    parse_bank,
    parse_pathways,
)
from bot.coach.model import Effort, Experience, FocusArea, Role
from bot.coach.rules import coach_rules
from tests.coach.banks import synthetic_bank


@pytest.fixture(params=list(Role))
def role(request: pytest.FixtureRequest) -> Role:
    return request.param


def test_every_shipped_bank_may_ship(role: Role) -> None:
    if not bank_path(role).exists():
        pytest.skip("the task bank of this role has not been written yet")
    assert check_bank(role, load_bank(role)) == []


@pytest.mark.parametrize("experience", list(Experience))
def test_every_shipped_pathway_may_ship(role: Role, experience: Experience) -> None:
    pathways = load_pathways(role, experience)
    assert check_pathways(pathways, coach_rules().limits) == []
    assert len({each.key for each in pathways}) == len(pathways)


def test_the_checker_of_pathways_names_each_fault() -> None:
    first, *_ = load_pathways(Role.ARTIST, Experience.BEGINNER)
    step = replace(first.milestones[0], description="You must organize this")
    bad = replace(first, name="x" * 61, milestones=(step, *first.milestones[1:2]))
    problems = "\n".join(check_pathways([bad], coach_rules().limits))
    for fault in ("at least 2", "3 to 6 milestones", "too long", "“must”", "“organise”"):
        assert fault in problems
    with pytest.raises(ValueError, match=r"artist_beginner\.json"):
        parse_pathways('[{"name": "x"}]', "artist_beginner.json")


def test_the_checker_names_each_fault() -> None:
    tasks = list(synthetic_bank())
    tasks[0] = replace(tasks[0], title="You must organize this")
    tasks[1] = replace(tasks[1], id=tasks[2].id)
    tasks[3] = replace(tasks[3], title="promo sheet for the tour", window=(5, -5))
    tasks[4] = replace(tasks[4], title="Promo sheet for the tour")
    tasks[-1] = replace(tasks[-1], effort=Effort.HIGH)
    problems = "\n".join(check_bank(Role.ARTIST, tasks))
    for fault in ("“must”", "“organise”", "used twice", "ends before it starts", "alike", "low effort"):
        assert fault in problems
    few = [task for task in tasks if task.area is not FocusArea.CAREER]
    assert "career: 0 tasks" in "\n".join(check_bank(Role.ARTIST, few))


def test_a_broken_row_is_named_with_file_and_place() -> None:
    with pytest.raises(ValueError, match=r"artist\.json, row 1"):
        parse_bank('[{"id": "x"}]', "artist.json")
    with pytest.raises(ValueError, match="belongs to creative_growth"):
        parse_bank(
            '[{"id":"art.cre.001","focus_area":"creative","category":"career_skill","title":"a","how":"b",'
            '"effort":"low","experience":["beginner"]}]',
            "artist.json",
        )
