"""What the door says of a file."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.rules import Rules


class ImportRules(Rules):
    """Section [imports] of rules.toml."""

    bytes_max: int
    rows_max: int
    loop_bytes_max: int
    """Of one loop's file in an archive."""
    loops_max: int
    depth_max: int
    entries_max: int
    """Files in a zip."""
    ratio_max: int
    """How much larger than packed a file in a zip may be."""
    problems_shown: int
    seconds_min: float
    seconds_per_mb: float
    memory_mb: int
    at_once: int
    """Readers that run, whoever brought their files."""
    batch: int
    """Rows that are written at once; others write between."""
    spool_hours: int
    """How long a file lies here that nobody came back for."""


@dataclass(frozen=True, slots=True)
class Problem:
    """Why a file is refused: the row (1 is the first, 0 the whole file), `import.problem.<code>`, its parts."""

    row: int
    code: str
    parts: Mapping[str, object] = field(default_factory=dict[str, object])


@dataclass(frozen=True, slots=True)
class Checked:
    """A file that was read whole: how many rows it has, or what is wrong with it."""

    rows: int = 0
    problems: tuple[Problem, ...] = ()
