"""The structure: no import circle, and file names that mean the same in every area."""

import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.meta.imports import circles, imports
from tests.source import files, modules

pytestmark = pytest.mark.xdist_group("source")


def test_no_modules_import_each_other_in_a_circle() -> None:
    assert circles(imports(modules())) == []


def test_a_circle_is_found_wherever_the_import_stands(tmp_path) -> None:
    (tmp_path / "bot").mkdir()
    (tmp_path / "bot/__init__.py").write_text("")
    (tmp_path / "bot/a.py").write_text("from bot import b\n")
    (tmp_path / "bot/b.py").write_text("def late():\n    import bot.c\n")
    (tmp_path / "bot/c.py").write_text("from bot.a import x\n")
    (tmp_path / "bot/d.py").write_text(
        "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from bot.e import y\nelse:\n    import bot.a\n"
    )
    (tmp_path / "bot/e.py").write_text("from bot.d import y\n")
    graph = imports(modules(tmp_path))
    assert circles(graph) == [["bot.a", "bot.b", "bot.c"]]
    assert graph["bot.d"] == {"bot.a"}


AREAS = ("bounces", "coach", "digest", "loops", "missions", "phases", "releases")
SIGNS: dict[str, Callable[[str], bool]] = {
    "cards": lambda source: bool(re.search(r"^def \w+\((?:.|\n)*?\) -> Card:", source, re.M)),
    "messages": lambda source: bool(re.search(r"OutMessage\(|async def draw\(self, posted: PostedCard\)", source)),
    "tools": lambda source: bool(re.search(r"\bTool\($|\bTool\(\"", source, re.M)),
    "week": lambda source: bool(re.search(r"async def fill\(.*-> WeekData:", source)),
    "read": lambda source: bool(re.search(r"^class \w+Reads:", source, re.M)),
}
"""What a file of that name, and no other of an area, holds."""
EXCEPTIONS = {
    "bot/coach/digest_week.py": "the coach's own week.py is the plan of somebody's week",
    "bot/missions/tools.py": "what a tool is; those of missions themselves are in own_tools.py",
    "bot/missions/own_tools.py": "the tools of missions themselves",
    "bot/coach/week.py": "the plan of somebody's week",
    "bot/digest/render.py": "one view becomes a file and a card, within one length",
    "bot/digest/ports.py": "says what a part of the week is",
}


@pytest.mark.parametrize("name", SIGNS)
def test_a_file_name_means_the_same_in_every_area(name: str) -> None:
    shows = SIGNS[name]
    of_areas = tuple(f"bot/{area}/" for area in AREAS)
    sources = {path: source.text for path, source in files().items() if path.startswith(of_areas)}
    elsewhere = [path for path, source in sources.items() if Path(path).stem != name and shows(source)]
    assert [path for path in elsewhere if path not in EXCEPTIONS] == []
    otherwise = [path for path, source in sources.items() if Path(path).stem == name and not shows(source)]
    assert [path for path in otherwise if path not in EXCEPTIONS] == []
    assert any(Path(path).stem == name for path in sources)
