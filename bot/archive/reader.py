"""The process that reads a catalogue or an archive: `python -m bot.archive.reader FILE`.

Prints one line of JSON: how many rows, or what is wrong. The checked rows are written beside the file, one a line.
"""

import contextlib
import dataclasses
import json
import sys
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import ijson

from bot.archive.rows import FORMAT, LOOPS, ROWS, BadRow, checked_row
from bot.imports.model import ImportRules, Problem
from bot.loops.rules import loop_rules
from bot.loops.transfer import parse
from bot.rules import load_rules

_MARKERS = b"PK\x03\x04"


class _Wrong(Exception):
    def __init__(self, code: str, **parts: object) -> None:
        super().__init__(code)
        self.problem = Problem(0, code, parts)


def main(path: Path) -> int:
    rules = load_rules("imports", ImportRules)
    _limit_memory(rules.memory_mb << 20)
    try:
        rows, problems = read(path, rules)
    except _Wrong as wrong:
        rows, problems = 0, [wrong.problem]
    except MemoryError:
        rows, problems = 0, [Problem(0, "too_much")]
    sys.stdout.write(json.dumps({"rows": rows, "problems": [dataclasses.asdict(one) for one in problems]}))
    return 0


def _limit_memory(limit_bytes: int) -> None:
    """Let a file that wants all the memory end its reader; not every system knows such a limit."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))


def read(path: Path, rules: ImportRules) -> tuple[int, list[Problem]]:
    """Check every row; return how many there are and the first problems."""
    names: set[str] = set()
    with _opened(path, rules) as (source, texts):
        count, problems = _rows(source, path.parent / ROWS, names, rules)
    problems = problems or [
        Problem(0, "loop", {"name": name.removeprefix("loops/")}) for name, text in texts.items() if not _is_loop(text)
    ]
    if not problems:
        place = path.parent / LOOPS
        place.touch(mode=0o600)
        place.write_text(json.dumps({"names": sorted(names), "texts": texts}), encoding="utf-8")
    return count, problems[: rules.problems_shown]


def _is_loop(text: str) -> bool:
    """Tell whether a loop's file reads as one: of days where it has its first day, of beats else."""
    data = text.encode()
    return any(not parse(data, is_csv=False, dated=dated, rules=loop_rules()).problems for dated in (True, False))


@contextmanager
def _opened(path: Path, rules: ImportRules) -> Iterator[tuple[IO[bytes], Mapping[str, str]]]:
    """Open the catalogue, alone or in a zip; and give the texts of the loops in it by their names there."""
    with path.open("rb") as file:
        is_zip = file.read(4) == _MARKERS
    if not is_zip:
        with path.open("rb") as file:
            yield file, {}
        return
    try:
        with zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            if len(infos) > rules.entries_max:
                raise _Wrong("too_many_files", limit=rules.entries_max)
            named = {info.filename: info for info in infos}
            catalogue = named.get("catalogue.json")
            if catalogue is None:
                raise _Wrong("format")
            loops = [info for name, info in named.items() if name.startswith("loops/") and name.endswith(".json")]
            for info in (catalogue, *loops):
                if info.file_size > max(1 << 20, info.compress_size * rules.ratio_max):
                    raise _Wrong("bomb")
            if catalogue.file_size > rules.bytes_max or len(loops) > rules.loops_max:
                raise _Wrong("too_much")
            texts = {info.filename: _small(archive, info, rules) for info in loops}
            with archive.open(catalogue) as source:
                yield source, texts
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, OSError) as error:
        raise _Wrong("format") from error


def _small(archive: zipfile.ZipFile, info: zipfile.ZipInfo, rules: ImportRules) -> str:
    with archive.open(info) as file:
        data = file.read(rules.loop_bytes_max + 1)
    if len(data) > rules.loop_bytes_max:
        raise _Wrong("too_much")
    return data.decode("utf-8", "replace")


def _rows(source: IO[bytes], to: Path, names: set[str], rules: ImportRules) -> tuple[int, list[Problem]]:
    problems: list[Problem] = []
    seen: set[str] = set()
    count = 0
    said: dict[str, object] = {}
    with to.open("x", encoding="utf-8") as checked:
        to.chmod(0o600)
        try:
            for name, row in _items(source, rules):
                if name != "row":
                    said[name] = row
                    continue
                count += 1
                if count > rules.rows_max:
                    return count, [Problem(0, "too_many_rows", {"limit": rules.rows_max})]
                try:
                    taken = checked_row(row)
                    if taken["content_hash"] in seen:
                        raise BadRow("twice", "content_hash")
                except BadRow as bad:
                    problems.append(Problem(count, bad.code, {"field": bad.field}))
                    if len(problems) >= rules.problems_shown:
                        return count, problems
                    continue
                seen.add(taken["content_hash"])
                if taken["loop"]:
                    names.add(taken["loop"])
                    if len(names) > rules.loops_max:
                        return count, [Problem(0, "too_many_loops", {"count": len(names), "limit": rules.loops_max})]
                checked.write(json.dumps(taken, ensure_ascii=False) + "\n")
        except (ijson.JSONError, UnicodeDecodeError, ValueError, zipfile.BadZipFile, EOFError):
            return count, [Problem(0, "not_json")]
    if said.get("format") != FORMAT or said.get("version") != 1 or "bounces" not in said:
        return count, [Problem(0, "format")]
    return count, problems


def _items(source: IO[bytes], rules: ImportRules) -> Iterator[tuple[str, Any]]:
    """Yield ("row", row) for each bounce, and the plain values at the top; nothing is held longer than a row."""
    builder: Any = None
    depth = 0
    for prefix, event, value in ijson.parse(source, use_float=True):
        if event in ("start_map", "start_array"):
            depth += 1
            if depth > rules.depth_max:
                raise _Wrong("too_deep", limit=rules.depth_max)
        if builder is None and prefix == "bounces" and event == "start_array":
            yield "bounces", True
        elif builder is None and prefix == "bounces.item":
            builder = ijson.ObjectBuilder()
            builder.event(event, value)
            if event not in ("start_map", "start_array"):
                yield "row", value
                builder = None
        elif builder is not None:
            builder.event(event, value)
            if prefix == "bounces.item" and event in ("end_map", "end_array"):
                yield "row", builder.value
                builder = None
        elif "." not in prefix and event in ("string", "number", "boolean", "null"):
            yield prefix, value
        if event in ("end_map", "end_array"):
            depth -= 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1])))
