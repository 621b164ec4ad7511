"""The catalogue and the code agree: nothing missing, nothing unused, nothing scolding, the same parts everywhere.

Used keys are found in the code: whole literals (`"loop.card.title"`), beginnings of built ones
(`f"loop.state.{word}"`), the codes of raised errors, and what commands ask for by their names.
"""

import ast
import json
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import cast

import pytest

from bot.app.app import EXTENSIONS
from bot.client import StudioBot
from bot.clock import SystemClock
from bot.error_kinds import error_kinds
from bot.lifecycle import Supervisor
from bot.metrics import Metrics
from bot.say.words import flatten, lint, placeholders, read_catalogue
from bot.services import Services
from bot.ui.commands import describe
from tests.rig import MemoryStore
from tests.source import ROOT, modules

pytestmark = pytest.mark.xdist_group("source")
CATALOGUE = read_catalogue()
ENGLISH = CATALOGUE.keys()
KEY = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)+")
ERROR_CODE = re.compile(r"[a-z][a-z0-9_]*")
ASKED_BY_NAME = re.compile(r"^[a-z]+\.(command|choice)\.|^thing\.")
CHECKED = frozenset({"studio", "coach", "missions", "loops", "bounces", "releases", "digest", "phases"})
"""Areas that are complete; each joins when its last command is in."""
AREAS = ("bounces", "loops", "missions", "coach", "releases", "digest", "voice", "phases", "studio")
LINK = re.compile(r"^link:(/[a-z -]+)$")


@cache
def code() -> list[tuple[Path, list[ast.AST]]]:
    """Return the texts and calls of every file, looked through once for all tests."""
    looked_at = (ast.Constant, ast.JoinedStr, ast.Call)
    return [
        (source.path, [node for node in source.nodes if isinstance(node, looked_at)]) for source in modules().values()
    ]


@cache
def literals() -> list[tuple[Path, str, bool]]:
    """Return (file, text, is only the beginning of a built key)."""
    found: list[tuple[Path, str, bool]] = []
    for path, nodes in code():
        pieces: set[int] = set()
        for node in nodes:
            if isinstance(node, ast.JoinedStr):
                pieces |= {id(value) for value in node.values}
                if node.values and isinstance(node.values[0], ast.Constant):
                    found.append((path, str(node.values[0].value), True))
            elif isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in pieces:
                found.append((path, node.value, node.value.endswith(".")))
    return found


def area_of(path: Path) -> str:
    """Return the area that a file belongs to ("loops"), "" for the ground."""
    parts = path.relative_to(ROOT).parts
    name = parts[1].removesuffix(".py") if parts[0] == "cogs" else parts[1] if len(parts) > 2 else ""
    return next((area for area in AREAS if name.startswith((area, area.removesuffix("s") + "_"))), "")


@cache
def file_of() -> dict[str, str]:
    """Return the area whose file holds each key."""
    folder = ROOT / "assets" / "locales" / "en"
    return {
        key: file.stem
        for file in folder.glob("*.json")
        for key, _ in flatten(json.loads(file.read_text(encoding="utf-8")), "")
    }


def area_of_group(command: str) -> str:
    """Return the area of a command's first word ("/loop" → "loops"), the word itself when it is none."""
    name = command.removeprefix("/")
    return next((area for area in AREAS if area in {name, f"{name}s"}), name)


def is_checked(area: str) -> bool:
    return area not in AREAS or area in CHECKED


def error_codes() -> Iterator[tuple[Path, str]]:
    """Yield the codes given to error classes: `Refused("code", …)`, and the classes' own `code = "…"`."""
    names = {
        "BotError",
        "NotYours",
        "NotAllowed",
        "Refused",
        "AlreadyDone",
        "Gone",
        "ChangedSince",
        "Busy",
        "Unavailable",
    }
    for path, nodes in code():
        for node in nodes:
            if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in names):
                continue
            if node.args and isinstance(node.args[0], ast.Constant):
                yield path, str(node.args[0].value)


@cache
def used() -> tuple[frozenset[str], tuple[str, ...]]:
    whole = {text for _, text, _ in literals() if KEY.fullmatch(text)}
    # The last words of keys that are put together elsewhere ("error." + code) count as used by their ending.
    words = {text for _, text, _ in literals() if ERROR_CODE.fullmatch(text)}
    whole |= {f"error.{word}" for word in words} | {kind.says for kind in error_kinds().discord.values()}
    beginnings = {text for _, text, partly in literals() if partly and re.match(r"[a-z]+\.", text)}
    return frozenset(whole), tuple(sorted(beginnings))


class AnyService:
    """Stands for every service while cogs are only loaded and looked at."""

    def __getattr__(self, _name: str) -> "AnyService":
        return self

    def __call__(self, *_: object, **__: object) -> "AnyService":
        return self


async def walked_bot() -> tuple[set[str], list[str]]:
    """Return the names of all commands, and what is not described of them."""
    async with StudioBot(
        services=cast("Services", AnyService()),
        clock=SystemClock(),
        catalogue=CATALOGUE,
        supervisor=Supervisor(),
        metrics=Metrics(),
        store=MemoryStore(),
        extensions=EXTENSIONS,
    ) as bot:
        await bot.load_all()
        missing = describe(bot.tree, CATALOGUE)
        return {f"/{command.qualified_name}" for command in bot.tree.walk_commands()}, missing


async def test_every_command_and_option_is_described() -> None:
    _, missing = await walked_bot()
    assert not missing, "\n".join(missing)


async def test_every_link_in_every_string_names_a_command() -> None:
    commands, _ = await walked_bot()
    wrong = [
        f"{key}: {link.group(1)}"
        for key, template in ENGLISH.items()
        for part in placeholders(template)
        if (link := LINK.match(part))
        and link.group(1) not in commands
        and is_checked(area_of_group(link.group(1).split(" ")[0]))
    ]
    assert not wrong, "\n".join(wrong)


def test_every_key_in_the_code_is_in_the_catalogue() -> None:
    areas = {key.split(".")[0] for key in ENGLISH}
    families = {".".join(key.split(".")[:2]) for key in ENGLISH}
    missing = sorted(
        f"{path.relative_to(ROOT)}: {text}"
        for path, text, partly in literals()
        if not partly
        and KEY.fullmatch(text)
        and is_checked(area_of(path))
        and text.split(".")[0] in areas
        and ".".join(text.split(".")[:2]) in families
        and text not in ENGLISH
        and not any(key.startswith(f"{text}.") for key in ENGLISH)
    )
    assert not missing, "\n".join(missing)


def test_every_error_has_a_sentence() -> None:
    missing = sorted(
        f"{path.relative_to(ROOT)}: error.{code}"
        for path, code in error_codes()
        if f"error.{code}" not in ENGLISH and is_checked(area_of(path))
    )
    assert not missing, "\n".join(missing)


def test_every_string_is_used() -> None:
    whole, beginnings = used()
    unused = sorted(
        key
        for key in ENGLISH
        if key not in whole
        and is_checked(file_of()[key])
        and not ASKED_BY_NAME.match(key)
        and not key.startswith(beginnings)
    )
    assert not unused, "\n".join(unused)


def test_no_string_scolds() -> None:
    assert {key: found for key, text in ENGLISH.items() if (found := lint(text))} == {}


SPACED = re.compile(r"[0-9}] %(?![sdrfi(])")


def test_a_percent_sign_stands_at_its_number() -> None:
    """In texts of the catalogue, in what the code puts together, and in the help."""
    texts = {key: one for key, text in ENGLISH.items() for one in ([text] if isinstance(text, str) else text.values())}
    texts |= {
        f"{source.path.relative_to(ROOT)}:{node.lineno}": ast.unparse(node)
        for source in modules().values()
        for node in source.of(ast.JoinedStr)
    }
    texts |= {str(path.relative_to(ROOT)): path.read_text("utf-8") for path in (ROOT / "assets" / "help").glob("*.md")}
    assert sorted(place for place, text in texts.items() if SPACED.search(text)) == []


def test_translations_have_the_same_keys_and_parts() -> None:
    """Whatever languages there are: none today, and the first one is held to this on its first day."""
    english = CATALOGUE.keys()
    odd: dict[str, set[str]] = {}
    for locale in CATALOGUE.locales:
        other = CATALOGUE.keys(locale)
        odd[locale] = set(other) - set(english)
        odd[locale] |= {k for k in set(other) & set(english) if placeholders(other[k]) != placeholders(english[k])}
    assert odd == {locale: set() for locale in CATALOGUE.locales}
