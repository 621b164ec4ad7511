"""The worker process: reads requests from its input, answers on its output, one JSON line each.

A process of its own, because decoders of hostile files crash, hang and eat memory: that must cost one file,
not the
bot. Libraries are imported once, so that a warm request pays for its own work only.
"""

import contextlib
import json
import os
import sys
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

from bot.private import MASK

if TYPE_CHECKING:
    from bot.bounces.rules import BounceRules


def main() -> None:
    """Serve until the input closes. Argument: the rules as JSON."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(name, "1")
    # The bot's own mask comes down to its workers; somebody who starts one otherwise gets private files as well.
    os.umask(MASK)
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # whatever a library prints must not look like an answer
    rules = plain_rules(sys.argv[1])
    _limit_memory(rules.worker_memory_bytes)
    from bot.bounces import picture
    from bot.bounces.work import perform

    picture.warm()

    def answer(data: dict[str, object]) -> None:
        answers.write(json.dumps(data) + "\n")
        answers.flush()

    told = [0.0]

    def tell(share: float) -> None:
        if share - told[0] >= 0.02:
            told[0] = share
            answer({"progress": round(share, 3)})

    answer({"ready": True})
    for line in sys.stdin:
        told[0] = 0.0
        answer(perform(json.loads(line), rules, tell))


def plain_rules(text: str) -> "BounceRules":
    """Return the numbers as they were checked by the bot; checking them again would cost the worker a library."""
    return cast("BounceRules", SimpleNamespace(**json.loads(text)))


def _limit_memory(limit_bytes: int) -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
        if limit_bytes > 0:
            resource.setrlimit(resource.RLIMIT_AS, (limit_bytes, limit_bytes))
    with contextlib.suppress(AttributeError, OSError):
        os.nice(5)  # measuring gives way to answering people


if __name__ == "__main__":
    with contextlib.suppress(KeyboardInterrupt, BrokenPipeError):
        main()
