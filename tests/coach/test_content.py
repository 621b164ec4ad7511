"""The shipped texts keep to their rules; with no texts yet, the checker itself is still tested."""

import pytest

from bot.coach.content import (
    bank_path,
    check_bank,
    check_preset,
    load_bank,
    load_preset,
    parse_bank,
    parse_preset_row,
    preset_path,
)
from bot.coach.model import Effort, Experience, FocusArea, Role
from tests.coach.banks import synthetic_bank


@pytest.fixture(params=list(Role))
def role(request: pytest.FixtureRequest) -> Role:
    return request.param


def test_every_shipped_bank_may_ship(role: Role) -> None:
    if not bank_path(role).exists():
        pytest.skip("the task bank of this role has not been written yet")
    assert check_bank(role, load_bank(role)) == []


@pytest.mark.parametrize("experience", list(Experience))
def test_every_shipped_preset_may_ship(role: Role, experience: Experience) -> None:
    path = preset_path(role, experience)
    if not path.exists() or not bank_path(role).exists():
        pytest.skip("the preset or the task bank has not been written yet")
    row = parse_preset_row(path.read_text("utf-8"), path.name)
    assert (row.role, row.experience_level) == (role, experience)
    assert check_preset(row, load_bank(role)) == []
    assert load_preset(role, experience).template_ids


def test_the_checker_names_each_fault() -> None:
    from dataclasses import replace

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
