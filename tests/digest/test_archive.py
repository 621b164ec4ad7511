"""The archive: extracts to what was put in, same data gives same bytes, sizes are known before, parts open alone."""

import hashlib
import json
import zipfile
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.archive.zips import Entry, LeftOut, plan_archive_blocking, safe_name, unique_names, write_archive_blocking

README = "What is in here."
names = st.sampled_from(
    [
        "../x",
        "/etc/passwd",
        "a/../../b.md",
        "C:\\x\\y.md",
        "X.md",
        "x.MD",
        "naïve.md",
        "🎛️.md",
        "a" * 300 + ".md",
        "",
        "..",
        "CON?.csv",
    ]
)


def _extract(path: Path) -> tuple[dict[str, bytes], dict[str, Any]]:
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        files = {info.filename: archive.read(info) for info in archive.infolist()}
        assert [info.filename for info in archive.infolist()] == sorted(files)
    manifest = json.loads(files.pop("manifest.json"))
    assert files.pop("README.txt") == README.encode()
    for row in manifest["files"]:
        assert hashlib.sha256(files[row["name"]]).hexdigest() == row["sha256"]
        assert len(files[row["name"]]) == row["size"]
    assert {row["name"] for row in manifest["files"]} == set(files)
    return files, manifest


def test_every_file_comes_out_with_its_hash_and_the_size_was_known(tmp_path: Path) -> None:
    audio = tmp_path / "mix.wav"
    audio.write_bytes(b"RIFF" + b"\x01" * 200_000)
    entries = [
        Entry("digests/a.md", b"# A\n" * 500),
        Entry("waveforms/a.png", b"\x89PNG" * 900),
        Entry("audio/mix.wav", audio),
    ]
    plan = plan_archive_blocking(
        entries, README, {"range": "all"}, left_out=[LeftOut("audio/gone.wav", "no longer kept")]
    )
    (path,) = write_archive_blocking(plan, tmp_path / "out", "archive")
    assert path.stat().st_size == plan.sizes()[0]
    files, manifest = _extract(path)
    assert files["audio/mix.wav"] == audio.read_bytes()
    assert manifest["left_out"] == [{"name": "audio/gone.wav", "reason": "no longer kept"}]
    again = write_archive_blocking(
        plan_archive_blocking(list(reversed(entries)), README, {"range": "all"}, left_out=plan.left_out),
        tmp_path / "two",
        "archive",
    )
    assert again[0].read_bytes() == path.read_bytes(), "same data, same bytes"


def test_a_large_archive_becomes_parts_that_each_open_alone(tmp_path: Path) -> None:
    entries = [Entry(f"waveforms/{n:03}.png", bytes([n]) * 40_000) for n in range(12)]
    entries.append(Entry("audio/huge.wav", b"x" * 400_000))
    plan = plan_archive_blocking(entries, README, {}, limit=150_000)
    paths = write_archive_blocking(plan, tmp_path, "archive")
    assert len(paths) > 3
    assert paths[0].name == f"archive_part1of{len(paths)}.zip"
    found: dict[str, bytes] = {}
    manifest: dict[str, Any] = {}
    for number, path in enumerate(paths, 1):
        assert path.stat().st_size <= 150_000
        assert path.stat().st_size == plan.sizes()[number - 1]
        files, manifest = _extract(path)
        assert (manifest["part"], manifest["parts"]) == (number, len(paths))
        assert not found.keys() & files.keys()
        found |= files
    assert len(found) == 12
    assert {"name": "audio/huge.wav", "reason": "too large for one part"} in manifest["left_out"]


def test_a_file_that_cannot_be_read_is_named_and_the_rest_is_written(tmp_path: Path) -> None:
    plan = plan_archive_blocking([Entry("a.md", b"a"), Entry("b.wav", tmp_path / "gone.wav")], README, {})
    assert [item.name for item in plan.left_out] == ["b.wav"]
    assert plan.files == 1


@settings(max_examples=60, deadline=None)
@given(st.lists(names, min_size=1, max_size=12))
def test_names_are_relative_short_and_unique_without_case(given_names: list[str]) -> None:
    made = [entry.name for entry in unique_names(Entry(name, b"") for name in given_names)]
    assert len({name.casefold() for name in made}) == len(given_names)
    for name in made:
        assert not name.startswith(("/", "."))
        assert ".." not in name.split("/")
        assert "\\" not in name
        assert ":" not in name
        assert len(name.encode()) <= 200


@pytest.mark.parametrize("name", ["a/b.md", "digests/loop_digest_2025-W23.md"])
def test_ordinary_names_stay(name: str) -> None:
    assert safe_name(name) == name
