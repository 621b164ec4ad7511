"""Every data file parses; every tunable number belongs to a section that somebody reads."""

import json
import tomllib
from pathlib import Path

import pytest

from bot.paths import assets_dir
from bot.say.words import read_catalogue

FILES = [path for path in assets_dir().rglob("*") if path.suffix in (".json", ".toml")]


@pytest.mark.parametrize("file", FILES, ids=lambda path: str(path.relative_to(assets_dir())))
def test_every_data_file_parses(file: Path) -> None:
    text = file.read_text(encoding="utf-8")
    assert json.loads(text) if file.suffix == ".json" else tomllib.loads(text)


def test_the_catalogue_reads() -> None:
    assert len(read_catalogue().keys()) > 300
