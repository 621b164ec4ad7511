"""Print the coverage of branches and lines by area, from the data that a covered run left behind."""

import json
import subprocess
import sys
import tempfile
from collections import defaultdict
from pathlib import Path

COUNTED = ("covered_lines", "num_statements", "covered_branches", "num_branches")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "coverage.json"
        subprocess.run([sys.executable, "-m", "coverage", "json", "-q", "-o", str(file)], check=True)
        files = json.loads(file.read_text(encoding="utf-8"))["files"]
    areas: dict[str, dict[str, int]] = defaultdict(lambda: dict.fromkeys(COUNTED, 0))
    for name, found in files.items():
        for area in (_area(name), "all"):
            for key in COUNTED:
                areas[area][key] += found["summary"][key]
    print(f"{'area':<16}{'branches':>18}{'lines':>18}")
    for area, count in sorted(areas.items(), key=lambda pair: (pair[0] == "all", pair[0])):
        branches = _share(count["covered_branches"], count["num_branches"])
        print(f"{area:<16}{branches:>18}{_share(count['covered_lines'], count['num_statements']):>18}")


def _area(name: str) -> str:
    """Return "bot/loops" for a file of an area, "bot" for one at the root of a package."""
    first, *rest = Path(name).parts
    return f"{first}/{rest[0]}" if len(rest) > 1 and first == "bot" else first


def _share(part: int, whole: int) -> str:
    return f"{part}/{whole} {100 * part / whole:5.1f}%" if whole else "–"


if __name__ == "__main__":
    main()
