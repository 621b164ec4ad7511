"""Reading in a process of its own, with limits: whatever a file does to its reader, nobody else notices."""

import asyncio
import contextlib
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import structlog

from bot.imports.model import Checked, ImportRules, Problem

log = structlog.stdlib.get_logger(__name__)

MODULE = "bot.archive.reader"
"""The reader of catalogues and archives (`python -m`)."""


async def read_apart(path: Path, rules: ImportRules, arguments: Sequence[str] = (), module: str = MODULE) -> Checked:
    """Let the reader check a file; its rows lie in `checked.jsonl` beside it afterwards. Never raises for the file."""
    megabytes = (await asyncio.to_thread(path.stat)).st_size / (1 << 20)
    limit = rules.seconds_min + rules.seconds_per_mb * megabytes
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        module,
        str(path),
        *arguments,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        async with asyncio.timeout(limit):
            said, _ = await process.communicate()
    except TimeoutError:
        return Checked(problems=(Problem(0, "too_slow"),))
    finally:
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.wait()
    if process.returncode != 0:
        log.warning("a file ended its reader", code=process.returncode)
        return Checked(problems=(Problem(0, "too_much"),))
    answer: Any = json.loads(said)
    problems = tuple(Problem(one["row"], one["code"], one["parts"]) for one in answer["problems"])
    return Checked(answer["rows"], problems)
