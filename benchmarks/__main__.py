"""`make bench`: run every module here that measures, write results.json and the tables of docs/performance.md.

One module: `python -m benchmarks foundation`.
"""

import asyncio
import importlib
import inspect
import json
import os
import pkgutil
import platform
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import benchmarks
from benchmarks.rows import Row

HERE = Path(__file__).parent
RESULTS = HERE / "results.json"
PAGE = HERE.parent / "docs" / "performance.md"
BEGIN, END = "<!-- tables: begin -->", "<!-- tables: end -->"


def modules() -> list[str]:
    return [module.name for module in pkgutil.iter_modules(benchmarks.__path__) if not module.name.startswith("_")]


def measured(name: str) -> Mapping[str, Mapping[str, Any]]:
    module = importlib.import_module(f"benchmarks.{name}")
    # A module may import a `measure` of the product: only its own counts.
    found = [getattr(module, name, None) for name in ("measure", "run")]
    work = next((one for one in found if inspect.isfunction(one) and one.__module__ == module.__name__), None)
    if work is None:
        return {}
    rows = asyncio.run(work()) if inspect.iscoroutinefunction(work) else work()
    return {key: row.plain() if isinstance(row, Row) else row for key, row in rows.items()}


def table(area: str, rows: Mapping[str, Mapping[str, Any]]) -> str:
    lines = [f"### {area}", "", "| what | measured | floor | ratio | peers | aim |", "|---|---|---|---|---|---|"]
    for name, row in rows.items():
        peers = ", ".join(f"{peer} {_number(value)}" for peer, value in (row.get("peers") or {}).items())
        unit = row.get("unit", "")
        floor = f"{_number(row['floor'])} {unit}" if row.get("floor") else ""
        ratio = f"{row['ratio']:.2f} ×" if row.get("ratio") else ""
        aim = row.get("aim") or ""
        lines.append(f"| `{name}` | {_number(row['value'])} {unit} | {floor} | {ratio} | {peers} | {aim} |")
    notes = [f"* `{name}`: {row['note']}" for name, row in rows.items() if row.get("note")]
    return "\n".join([*lines, "", *notes, ""] if notes else [*lines, ""])


def _number(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def main() -> None:
    wanted = sys.argv[1:] or modules()
    known: dict[str, Any] = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    areas: dict[str, Any] = known.get("areas", {})
    dates: dict[str, str] = known.get("dates", {})
    for name in wanted:
        rows = measured(name)
        if rows:
            areas[name] = dict(rows)
            dates[name] = datetime.now(UTC).date().isoformat()
            print(table(name, rows), flush=True)
    machine = f"{os.cpu_count()} cores, {platform.system()}, Python {platform.python_version()}"
    known = {"machine": machine, "dates": dates, "areas": areas}
    RESULTS.write_text(json.dumps(known, indent=1, ensure_ascii=False) + "\n")
    if PAGE.exists():
        page = PAGE.read_text()
        before, _, rest = page.partition(BEGIN)
        _, _, after = rest.partition(END)
        tables = "\n".join(table(f"{name}, {dates[name]}", rows) for name, rows in sorted(areas.items()))
        # Each part may be measured alone: the day stands beside it.
        PAGE.write_text(
            f"{before}{BEGIN}\n\nMeasured on {machine}, each part on the day beside it.\n\n{tables}\n{END}{after}"
        )


if __name__ == "__main__":
    main()
