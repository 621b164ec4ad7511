"""Which tests reach a line: one covered run of the suite, each line with the tests that were there."""

import subprocess
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path
from xml.etree import ElementTree

from coverage import CoverageData

from tests.mutation.operators import Mutant

ENOUGH_S = 40.0
"""Tests of one change are chosen until they take this long together: its own area first, then the quick ones."""


def cover(root: Path, folder: Path) -> None:
    """Run the suite once under coverage, noting the test at each line."""
    folder.mkdir(exist_ok=True)
    packages = [f"--cov={name}" for name in ("bot", "cogs", "storage")]
    command = [sys.executable, "-m", "pytest", "-q", "-m", "not soak", *packages]
    command += [
        "--cov-context=test",
        "--cov-report=",
        f"--junitxml={folder / 'times.xml'}",
        "-o",
        "junit_family=xunit1",
    ]
    # Branches are of no use here, and make the run slower.
    (folder / "coverage.ini").write_text(f"[run]\nbranch = false\ndata_file = {folder / 'reach.db'}\n")
    command += [f"--cov-config={folder / 'coverage.ini'}"]
    subprocess.run(command, cwd=root, check=True)


class Reach:
    """The tests of each line and how long each test takes, in seconds."""

    def __init__(self, root: Path, folder: Path) -> None:
        self._root = root
        self._data = CoverageData(str(folder / "reach.db"))
        self._data.read()
        self._files = {str(Path(name).relative_to(root)): name for name in self._data.measured_files()}
        self.seconds: dict[str, float] = {}
        for case in ElementTree.parse(folder / "times.xml").iter("testcase"):
            name = f"{case.get('file')}::{_in_class(case)}{case.get('name')}"
            self.seconds[_ungrouped(name)] = float(case.get("time") or 0)

    def tests(self, mutant: Mutant) -> list[str]:
        """Return the tests that were on the mutant's lines; for what runs at import, all tests of the module."""
        measured = self._files.get(mutant.path)
        if measured is None:
            return []
        lines = self._data.contexts_by_lineno(measured)
        first, last = mutant.lines
        wanted: Iterable[int] = lines if mutant.function is None else range(first, last + 1)
        found = {_ungrouped(name.rsplit("|", 1)[0]) for line in wanted for name in lines.get(line, ()) if name}
        return self._chosen(mutant.path, found)

    def _chosen(self, path: str, names: set[str]) -> list[str]:
        area = Path(path).parts[1].removesuffix(".py")
        order: Sequence[str] = sorted(
            names, key=lambda name: (f"tests/{area}/" not in name, self.seconds.get(name, 0.5), name)
        )
        chosen: list[str] = []
        left = ENOUGH_S
        for name in order:
            left -= self.seconds.get(name, 0.5)
            if left < 0 and chosen:
                break
            chosen.append(name)
        return chosen


def _ungrouped(name: str) -> str:
    """Return a test's name without xdist's group; an `@` within the brackets belongs to the case."""
    return name.rsplit("@", 1)[0] if name.rfind("@") > name.rfind("]") else name


def _in_class(case: ElementTree.Element) -> str:
    """Return "TestX::" where a test stands in a class."""
    last = (case.get("classname") or "").rsplit(".", 1)[-1]
    return f"{last}::" if last.startswith("Test") else ""
