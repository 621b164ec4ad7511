"""One row of an import file: every field read, checked and told apart from what was not given. Pure."""

import math
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from enum import StrEnum

from bot.ai.others import SOMEBODY
from bot.imports.texts import BadText, clean
from bot.loops.model import LANES, MILLI, ClipKind, DeadlineKind, Lane, Source
from bot.loops.rules import LoopRules

_KEY = re.compile(r"[\w.:-]{1,80}\Z")

Value = object
"""A field of `Clip`; typed by the column it stands for."""

COLUMNS = frozenset(
    {
        "id",
        "loop_id",
        "lane",
        "start",
        "length",
        "name",
        "notes",
        "ready",
        "loopos_ready",
        "done_at",
        "source",
        "kind",
        "task_key",
        "requires",
        "deadline_kind",
        "deadline",
        "from_message",
        "created_at",
        "updated_at",
    }
)
"""What a clip in a file may carry. Ids of loops and times of rows are read past."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is refused: the line (0 for the whole file), `loop.import.problem.<code>`, its parts."""

    line: int
    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])


class _WrongCell(Exception):
    def __init__(self, code: str, **parts: object) -> None:
        super().__init__(code)
        self.code, self.parts = code, parts


def new_values(rules: LoopRules) -> dict[str, Value]:
    """Return what a new clip has where its row says nothing."""
    return {
        "start_milli": 0,
        "length_milli": round(rules.default_length_units * MILLI),
        "name": rules.default_clip_name,
        "source": Source.IMPORT,
    }


def read_row(
    line: int, raw: Mapping[str, object], *, dated: bool, rules: LoopRules
) -> tuple[dict[str, Value], list[Problem]]:
    """Read one row; each wrong field is one problem. An empty cell leaves the field as it was."""
    values: dict[str, Value] = {}
    problems: list[Problem] = []
    for column, (target, read) in _readers(dated, rules).items():
        if column not in raw:
            continue
        try:
            value = read(raw[column])
        except _WrongCell as wrong:
            problems.append(Problem(line, wrong.code, {"column": column, **wrong.parts}))
            continue
        if value is not _NOTHING:
            values[target] = value
    if not problems and "lane" not in values:
        problems.append(Problem(line, "bad_lane", {"column": "lane", "accepted": ", ".join(LANES)}))
    return values, problems


_NOTHING = object()


def _readers(dated: bool, rules: LoopRules) -> dict[str, tuple[str, Callable[[object], Value]]]:
    def milli(least: int, limit: float) -> Callable[[object], Value]:
        def read(raw: object) -> Value:
            if raw is None or raw == "":
                return _NOTHING
            number = _number(raw)
            if number is None:
                raise _WrongCell("bad_number", typed=_shown(raw), accepted="12 or 12.5")
            # Held against the limit first: the largest numbers of a file have no thousandths.
            value = round(number * MILLI) if abs(number) <= limit else None
            if value is None or value < least:
                raise _WrongCell("out_of_range", typed=_shown(raw), low=least / MILLI, high=f"{limit:g}")
            if dated and value % MILLI:
                raise _WrongCell("whole_days", typed=_shown(raw))
            return value

        return read

    def text(limit: int, default: str | None) -> Callable[[object], Value]:
        def read(raw: object) -> Value:
            if raw is None:
                return _NOTHING
            if not isinstance(raw, str):
                raise _WrongCell("not_words", typed=_shown(raw))
            try:
                words = clean(raw, limit, lines=True, as_is=True)
            except BadText as bad:
                if bad.code == "too_long":
                    raise _WrongCell("too_long", count=len(raw), limit=limit) from None
                raise _WrongCell("bad_text") from None
            return words if words.strip() or default is None else default

        return read

    ready = ("ready", _flag)
    return {
        "lane": ("lane", _word(Lane, "bad_lane")),
        "start": ("start_milli", milli(0, rules.max_start_units)),
        "length": ("length_milli", milli(1, rules.max_length_units)),
        "name": ("name", text(rules.name_max, rules.default_clip_name)),
        "notes": ("notes", text(rules.notes_max, None)),
        "ready": ready,
        "loopos_ready": ready,
        "done_at": ("done_at", _instant),
        "source": ("source", _word(Source, "bad_word")),
        "kind": ("kind", _word(ClipKind, "bad_word")),
        "task_key": ("task_key", _key),
        "requires": ("requires", _keys),
        "deadline_kind": ("deadline_kind", _word(DeadlineKind, "bad_word")),
        "deadline": ("deadline", _day),
        "from_message": ("written_by", _somebody),
    }


def _word(words: type[StrEnum], code: str) -> Callable[[object], Value]:
    def read(raw: object) -> Value:
        if (raw is None or raw == "") and words is not Lane:
            return _NOTHING
        plain = str(raw).strip().casefold()
        if plain not in set(words):
            raise _WrongCell(code, typed=_shown(raw), accepted=", ".join(words))
        return words(plain)

    return read


def _flag(raw: object) -> Value:
    if raw is None or raw == "":
        return _NOTHING
    if isinstance(raw, bool):
        return raw
    plain = str(raw).strip().casefold()
    if plain in ("true", "yes", "1"):
        return True
    if plain in ("false", "no", "0"):
        return False
    raise _WrongCell("bad_flag", typed=_shown(raw))


def _somebody(raw: object) -> Value:
    """Read whether a clip holds somebody else's words: a file may say that, and never whose or that it is over."""
    return SOMEBODY if _flag(raw) is True else _NOTHING


def _instant(raw: object) -> Value:
    if raw is None or raw == "":
        return None
    try:
        moment = datetime.fromisoformat(str(raw).strip())
    except ValueError:
        raise _WrongCell("bad_instant", typed=_shown(raw), accepted="2026-06-14T18:00:00+00:00") from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    try:
        return moment.astimezone(UTC)
    except OverflowError:
        raise _WrongCell("bad_instant", typed=_shown(raw), accepted="2026-06-14T18:00:00+00:00") from None


def _day(raw: object) -> Value:
    if raw is None or raw == "":
        return None
    try:
        return date.fromisoformat(str(raw).strip())
    except ValueError:
        raise _WrongCell("bad_day", typed=_shown(raw), accepted="2026-06-14") from None


def _key(raw: object) -> Value:
    if raw is None or raw == "":
        return None
    if not isinstance(raw, str) or not _KEY.match(raw):
        raise _WrongCell("bad_word", typed=_shown(raw), accepted="deliver")
    return raw


def _keys(raw: object) -> Value:
    if raw is None:
        return _NOTHING
    if (
        not isinstance(raw, list)
        or len(raw) > 20
        or not all(isinstance(one, str) and _KEY.fullmatch(one) for one in raw)
    ):
        raise _WrongCell("bad_word", typed=_shown(raw), accepted='["deliver"]')
    return tuple(raw)


def _number(raw: object) -> float | None:
    if isinstance(raw, bool) or not isinstance(raw, int | float | str):
        return None
    try:
        number = float(raw)
    except (ValueError, OverflowError):
        return None
    return number if math.isfinite(number) else None


def _shown(raw: object) -> str:
    """Return what was typed, short enough to be shown back."""
    text = str(raw)
    return text if len(text) <= 40 else text[:39] + "…"
