"""Read presets and check them. A broken file is named with row and reason and leaves the others usable."""

import itertools
import re
import tomllib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from bot.errors import NotFound
from bot.loops.model import LANES, PREREQUISITES
from bot.releases.model import EFFORT_DAYS, Anchor, Condition, IfMissed, Preset, PresetTask, TaskKind, Wording

TITLE_MOST, HOW_MOST = 80, 140
PITCH_LEAD_DAYS = 7
"""A pitch closes this many days before its release at the latest (Spotify for Artists)."""

_HEADER = {
    "key", "name", "role", "anchor", "summary", "lanes_unused", "version",
    "notes", "facts", "warning", "instead", "clips_a_week", "task",
}  # fmt: skip
_TASK = {
    "key", "title", "how", "lane", "offset", "effort", "deadline", "foundation", "requires", "when", "kind",
    "release", "if_missed", "clip_pace", "facts", "without",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class PresetProblem:
    """Why a preset file is not used: `row` is a task key, its number, or "header"."""

    file: str
    row: str
    reason: str

    def __str__(self) -> str:
        return f"{self.file}, {self.row}: {self.reason}"


@dataclass(frozen=True, slots=True)
class PresetBook:
    """All usable presets, by key in file order, and what was wrong with the rest."""

    presets: Mapping[str, Preset]
    problems: tuple[PresetProblem, ...] = ()

    def get(self, key: str) -> Preset:
        """Return one preset. Raises NotFound."""
        if key not in self.presets:
            raise NotFound("preset", "/release presets")
        return self.presets[key]


class _Wrong(Exception):
    def __init__(self, row: str, reason: str) -> None:
        self.row, self.reason = row, reason
        super().__init__(reason)


def load_presets(folder: Path, fact_keys: Iterable[str]) -> PresetBook:
    """Read every `*.toml` in `folder`; broken ones are left out and listed."""
    known = frozenset(fact_keys)
    presets: dict[str, Preset] = {}
    problems: list[PresetProblem] = []
    for path in sorted(folder.glob("*.toml")):
        try:
            preset = parse_preset(path.read_text(encoding="utf-8"), path.stem)
        except _Wrong as wrong:
            problems.append(PresetProblem(path.name, wrong.row, wrong.reason))
            continue
        found = [PresetProblem(path.name, row, reason) for row, reason in check_preset(preset, known)]
        if found:
            problems.extend(found)
        else:
            presets[preset.key] = preset
    order = sorted(presets.values(), key=lambda p: (p.anchor is Anchor.FINISH, -len(p.tasks), p.key))
    return PresetBook({preset.key: preset for preset in order}, tuple(problems))


def parse_preset(text: str, stem: str) -> Preset:
    """Turn one file's text into a preset; raises with the row and the reason."""
    try:
        data = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise _Wrong("file", f"not readable as TOML: {error}") from None
    _known_fields(data, _HEADER, "header")
    rows = data.get("task", [])
    if not isinstance(rows, list) or not rows:
        raise _Wrong("header", "no tasks")
    try:
        preset = Preset(
            key=_text(data, "key", "header"),
            name=_text(data, "name", "header"),
            role=str(data.get("role", "artist")),
            anchor=Anchor(_text(data, "anchor", "header")),
            summary=_text(data, "summary", "header"),
            lanes_unused=_texts(data, "lanes_unused", "header"),
            version=int(data.get("version", 1)),
            tasks=tuple(_task(row, number) for number, row in enumerate(rows, 1)),
            notes=_texts(data, "notes", "header"),
            facts=_texts(data, "facts", "header"),
            warning=str(data.get("warning", "")),
            instead=data.get("instead"),
            clips_a_week=dict(data.get("clips_a_week", {})),
        )
    except ValueError as error:
        raise _Wrong("header", str(error)) from None
    if preset.key != stem:
        raise _Wrong("header", f"key {preset.key!r} is not the file's name")
    return preset


def _task(row: Mapping[str, Any], number: int) -> PresetTask:
    name = str(row.get("key", f"task {number}"))
    _known_fields(row, _TASK, name)
    effort = _text(row, "effort", name)
    if effort not in EFFORT_DAYS:
        raise _Wrong(name, f"effort {effort!r} is not l, m or h")
    for field in ("offset", "deadline"):
        value = row.get(field, 0)
        if isinstance(value, bool) or not isinstance(value, int):
            raise _Wrong(name, f"{field} is not a whole number of days")
    if "offset" not in row:
        raise _Wrong(name, "offset is missing")
    try:
        return PresetTask(
            key=_text(row, "key", name),
            title=_text(row, "title", name),
            lane=_text(row, "lane", name),
            offset=row["offset"],
            effort=effort,
            how=str(row.get("how", "")),
            deadline=row.get("deadline"),
            foundation=bool(row.get("foundation", False)),
            requires=_texts(row, "requires", name),
            when=tuple(Condition(value) for value in _texts(row, "when", name)),
            kind=TaskKind(row.get("kind", "task")),
            release=row.get("release"),
            if_missed=IfMissed(row.get("if_missed", "skip")),
            clip_pace=bool(row.get("clip_pace", False)),
            facts=_texts(row, "facts", name),
            without={
                Condition(key): Wording(str(value["title"]), str(value.get("how", "")))
                for key, value in row.get("without", {}).items()
            },
        )
    except (ValueError, KeyError, TypeError) as error:
        raise _Wrong(name, str(error)) from None


def _known_fields(row: Mapping[str, object], known: set[str], name: str) -> None:
    unknown = sorted(set(row) - known)
    if unknown:
        raise _Wrong(name, f"unknown field {unknown[0]!r}")


def _text(row: Mapping[str, object], field: str, name: str) -> str:
    value = row.get(field)
    if not isinstance(value, str) or not value.strip():
        raise _Wrong(name, f"{field} is missing")
    return value


def _texts(row: Mapping[str, Any], field: str, name: str) -> tuple[str, ...]:
    value = row.get(field, [])
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise _Wrong(name, f"{field} is not a list of words")
    return tuple(value)


# ------------------------------------------------------------------ checks


def check_preset(preset: Preset, fact_keys: frozenset[str]) -> list[tuple[str, str]]:
    """Return (row, reason) of everything that is wrong; empty means usable."""
    problems = [*_check_rows(preset, fact_keys), *_check_whole(preset)]
    for combination in _combinations(preset):
        problems += _check_layout(preset.for_conditions(combination), combination)
    return list(dict.fromkeys(problems))


def _combinations(preset: Preset) -> Iterable[frozenset[Condition]]:
    used = preset.open_conditions()
    for size in range(len(used) + 1):
        for chosen in itertools.combinations(used, size):
            yield frozenset(chosen)


def _check_rows(preset: Preset, fact_keys: frozenset[str]) -> Iterable[tuple[str, str]]:
    by_key = {task.key: task for task in preset.tasks}
    seen: set[str] = set()
    for task in preset.tasks:
        if task.key in seen:
            yield task.key, "the key is used twice"
        seen.add(task.key)
        if not re.fullmatch(r"[a-z][a-z0-9_]*", task.key):
            yield task.key, "a key is small letters, digits and underscores"
        if task.lane not in LANES:
            yield task.key, f"lane {task.lane!r} is not one of {', '.join(LANES)}"
        for wording in (Wording(task.title, task.how), *task.without.values()):
            if len(wording.title) > TITLE_MOST:
                yield task.key, f"title over {TITLE_MOST} characters"
            if len(wording.how) > HOW_MOST:
                yield task.key, f"how over {HOW_MOST} characters"
        if task.deadline is not None and not task.offset <= task.deadline <= 0:
            yield task.key, "a hard deadline is on or after the first day and on or before T"
        for key in task.requires:
            other = by_key.get(key)
            if other is None:
                yield task.key, f"requires {key!r}, which is not in this preset"
            elif other.offset >= task.offset:
                yield task.key, f"requires {key!r}, which does not come earlier"
            elif not set(other.when) <= set(task.when):
                yield task.key, f"requires {key!r}, which may be left out"
        for key in task.facts:
            if key not in fact_keys:
                yield task.key, f"fact {key!r} is unknown"
        if task.kind is TaskKind.PITCH:
            yield from _check_pitch(task, by_key)
    for key in preset.facts:
        if key not in fact_keys:
            yield "header", f"fact {key!r} is unknown"


def _check_pitch(task: PresetTask, by_key: Mapping[str, PresetTask]) -> Iterable[tuple[str, str]]:
    release_day = 0
    if task.release is not None:
        release = by_key.get(task.release)
        if release is None or release.kind is not TaskKind.RELEASE:
            yield task.key, f"release {task.release!r} is no release task of this preset"
            return
        release_day = release.offset
    if task.deadline is None or task.deadline > release_day - PITCH_LEAD_DAYS:
        yield task.key, f"a pitch has a hard deadline at least {PITCH_LEAD_DAYS} days before its release"


def _check_whole(preset: Preset) -> Iterable[tuple[str, str]]:
    if any(lane not in LANES for lane in preset.lanes_unused):
        yield "header", "lanes_unused names an unknown lane"
    if any(task.lane in preset.lanes_unused for task in preset.tasks):
        yield "header", "lanes_unused names a lane that has tasks"
    if not any(task.lane == "analysis" and task.offset > 0 for task in preset.tasks):
        yield "header", "no analysis task after T"
    if not any(task.kind is TaskKind.REST or task.title.startswith("Rest") for task in preset.tasks):
        yield "header", "no rest"
    if preset.anchor is Anchor.RELEASE and not any(
        task.kind is TaskKind.RELEASE and task.offset == 0 and not task.when for task in preset.tasks
    ):
        yield "header", "no release task at T"
    for task in preset.tasks:
        if Condition.VINYL not in task.when and "vinyl.lead" in task.facts:
            yield task.key, "needs a paid service outside [vinyl]"


def _check_layout(tasks: Sequence[PresetTask], conditions: frozenset[Condition]) -> Iterable[tuple[str, str]]:
    text = ", ".join(sorted(conditions)) or "no conditions"
    for first, second in conflicts([(task.key, task.lane, task.offset, task.end) for task in tasks]):
        yield first, f"overlaps {second} ({text})"
    for key in blocked([(task.key, task.lane, task.offset, task.end, False) for task in tasks]):
        yield key, f"is blocked ({text})"


def conflicts(clips: Sequence[tuple[str, str, int, int]]) -> list[tuple[str, str]]:
    """Return the pairs of (key, lane, start, end) that overlap within a lane."""
    pairs: list[tuple[str, str]] = []
    for lane in LANES:
        ordered = sorted((c for c in clips if c[1] == lane), key=lambda c: (c[2], c[3]))
        for index, clip in enumerate(ordered):
            for other in ordered[index + 1 :]:
                if other[2] >= clip[3]:
                    break
                pairs.append((clip[0], other[0]))
    return pairs


def blocked(clips: Sequence[tuple[str, str, int, int, bool]]) -> list[str]:
    """Return the keys of (key, lane, start, end, done) that wait for a lane before them (loops.md 2.1)."""
    result: list[str] = []
    for key, lane, start, _, done in clips:
        needs = _needs(lane)
        if not needs or done:
            continue
        if not any(c[0] != key and c[1] in needs and (c[4] or c[3] <= start) for c in clips):
            result.append(key)
    return result


def _needs(lane: str) -> tuple[str, ...]:
    return next((needed for kind, (_, needed) in PREREQUISITES.items() if kind == lane), ())
