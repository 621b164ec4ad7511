"""What the documents say is so: commands, settings, targets, links, and the table of what is kept."""

import re
from pathlib import Path

import pytest
from discord import app_commands

from bot.ai.cards import sent_sections
from bot.cli import main as cli
from bot.say.card import plain
from bot.say.words import read_catalogue
from bot.settings import PREFIX, Settings
from bot.studio.kept import how_long
from storage.privacy_map import PRIVACY, OnDelete
from tests.product import Product

ROOT = Path(__file__).parents[2]
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def read(document: Path) -> str:
    return document.read_text(encoding="utf-8")


def names(documents: list[Path]) -> list[str]:
    return [str(document.relative_to(ROOT)) for document in documents]


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_link_to_a_file_leads_somewhere(document: Path) -> None:
    links = re.findall(r"\]\((?!https?:|#)([^)#]+)[^)]*\)", read(document))
    assert [link for link in links if not (document.parent / link).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_file_that_is_named_is_there(document: Path) -> None:
    named = re.findall(r"`((?:bot|cogs|storage|assets|tests|benchmarks)/[\w./-]+)`", read(document))
    assert [path for path in named if not (ROOT / path).exists()] == []


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_command_line_that_is_named_is_understood(document: Path) -> None:
    parser = cli._parser()
    actions = next(action for action in parser._actions if action.choices)
    known = set(actions.choices or ())
    named = set(re.findall(r"[`\s]studiohand ([a-z][a-z-]+)(?=[ `\n])", "\n".join(_code(read(document)))))
    assert named - known == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_setting_that_is_named_is_one(document: Path) -> None:
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    named = set(re.findall(rf"{PREFIX}[A-Z][A-Z_]+[A-Z]", read(document)))
    of_tests = {f"{PREFIX}{name}" for name in ("CHROMIUM", "OPENAPI", "RELEASE_BUILD", "TEST_NOW", "TESTS_COMPLETE")}
    assert {name for name in named if name.removesuffix("_FILE") not in known} - of_tests == set()


@pytest.mark.parametrize("document", DOCUMENTS, ids=names(DOCUMENTS))
def test_every_make_target_that_is_named_is_there(document: Path) -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), flags=re.M))
    named = set(re.findall(r"(?:^|`)make ([a-z-]+)", "\n".join(_code(read(document))), flags=re.M))
    assert named - targets == set()


async def test_the_readme_lists_the_commands_that_there_are(product: Product) -> None:
    listed = {
        group: set(re.split(r",\s*", subs.strip()))
        for group, subs in re.findall(r"^\| `/([a-z]+)` \| ([a-z, ]+) \|$", read(ROOT / "README.md"), flags=re.M)
    }
    there: dict[str, set[str]] = {}
    for command in product.bot.tree.get_commands():
        if isinstance(command, app_commands.Group):
            there[command.name] = {sub.name for sub in command.commands}
    listed.pop("help", None)
    assert listed == there


def test_the_table_of_what_is_kept_is_the_map() -> None:
    lines = ["| what | how long | when you delete |", "|---|---|---|"]
    words = read_catalogue().words("en")
    for entry in PRIVACY.values():
        gone = "deleted" if entry.on_delete is OnDelete.ROW else f"stays: {entry.why}"
        lines.append(f"| {entry.title} | {plain(how_long(entry, words))} | {gone} |")
    document = read(ROOT / "docs" / "privacy.md")
    written = document.split("<!-- map: begin -->\n")[1].split("<!-- map: end -->")[0]
    assert written.strip() == "\n".join(lines)


def test_the_list_of_what_is_sent_to_the_ai_is_what_is_declared(product: Product) -> None:
    words = read_catalogue().words("en")
    lines: list[str] = []
    for section in sent_sections(product.services.ai_sends, words):
        lines += [f"**{plain(section.heading or '')}**", "", *(f"* {plain(str(line))}" for line in section.lines), ""]
    document = read(ROOT / "docs" / "privacy.md")
    written = document.split("<!-- sent: begin -->\n")[1].split("<!-- sent: end -->")[0]
    assert written.strip() == "\n".join(lines).strip()


def test_every_threat_names_a_test_that_there_is() -> None:
    document = read(ROOT / "docs" / "security.md")
    rows = document.split("<!-- threats: begin -->\n")[1].split("<!-- threats: end -->")[0].strip().splitlines()[2:]
    assert len(rows) > 10
    for row in rows:
        named = re.findall(r"`(tests/[a-z_/]+\.py)(?:::(test_[a-z_]+))?`", row.rsplit("|", 2)[1])
        assert named, row
        for path, name in named:
            source = read(ROOT / path)
            assert f"def {name}(" in source if name else "def test_" in source, f"{path}::{name}"


def _code(text: str) -> list[str]:
    """Return what stands in code: blocks and spans."""
    return re.findall(r"```.*?```|`[^`\n]+`", text, flags=re.S)
