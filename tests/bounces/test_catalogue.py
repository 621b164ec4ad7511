"""The catalogue as files for a spreadsheet: whatever a piece or a slice is called, nothing is run."""

import csv
import io
from datetime import UTC, datetime

import pytest

from bot.bounces.catalogue import as_csv, slices_csv
from bot.bounces.model import BounceId, Slice, SliceId, SliceKind
from bot.sheets import typed

SIGNS = "=+-@\t\r＝＋－＠"
NOW = datetime(2026, 3, 4, 10, tzinfo=UTC)


def rows(table: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table.decode("utf-8-sig"), newline="")))


def one_slice(text: str) -> Slice:
    return Slice(SliceId("s"), BounceId("b"), 1.0, 2.5, text, text, (text,), SliceKind.MANUAL, NOW)


@pytest.mark.parametrize("sign", SIGNS)
def test_a_slice_leaves_as_what_was_typed_and_is_run_by_no_spreadsheet(sign: str) -> None:
    (row,) = rows(slices_csv([(one_slice(f"{sign}1+2"), f"{sign}Song.wav")]))
    said = (row["file_name"], row["name"], row["tags"], row["note"])
    assert all(text.startswith("'") for text in said)
    assert [typed(text) for text in said] == [f"{sign}Song.wav", *[f"{sign}1+2"] * 3]
    assert (row["start_s"], row["end_s"]) == ("1.0", "2.5")


@pytest.mark.parametrize("sign", SIGNS)
def test_a_piece_leaves_as_it_is_called_and_its_numbers_stay_numbers(sign: str) -> None:
    """A loudness is below nought: it is no formula, and a spreadsheet has to add it up."""
    empty = dict.fromkeys(rows_of_nothing())
    (row,) = rows(as_csv([empty | {"title": f"{sign}Song", "integrated_lufs": -9.5, "note": "'tis"}]))
    assert (row["title"], typed(row["title"])) == (f"'{sign}Song", f"{sign}Song")
    assert (row["integrated_lufs"], row["note"], row["bpm"]) == ("-9.5", "'tis", "")


def rows_of_nothing() -> list[str]:
    """Return the columns of the catalogue."""
    return next(csv.reader(io.StringIO(as_csv([]).decode("utf-8-sig"))))
