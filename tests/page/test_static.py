"""Rules about the files of the page."""

import re
from pathlib import Path

from bot.local.page import STATIC

BANNED = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|http://|https://|\son\w+\s*=\s*[\"']"
)


def test_static_files_hold_nothing_that_parses_markup_or_leaves_the_machine() -> None:
    sources = [p for p in STATIC.rglob("*") if p.suffix in (".js", ".css", ".html")]
    found = {p.name: BANNED.findall(p.read_text("utf-8")) for p in sources}
    assert len(sources) > 15
    assert {name: hits for name, hits in found.items() if hits} == {}


def test_the_page_is_handed_over_with_the_package() -> None:
    root = Path(__file__).parents[2]
    assert 'bot = ["local/static/**/*"]' in (root / "pyproject.toml").read_text("utf-8")
