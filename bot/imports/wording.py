"""Why a file is refused, as people read it: in the chat and on the command line."""

from collections.abc import Sequence

from bot.imports.model import Problem
from bot.say.card import Text
from bot.say.words import Words


def reasons(problems: Sequence[Problem], words: Words) -> list[Text]:
    """Return a line a problem, with its row where it has one."""
    lines: list[Text] = []
    for problem in problems:
        reason = words(f"digest.archive.problem.{problem.code}", **problem.parts)
        lines.append(words("digest.archive.refused_row", row=problem.row, reason=reason) if problem.row else reason)
    return lines
