"""Known weaknesses of the tested set: `python -m tests.audit` (in `make check`), where advisories can be reached.

Where they cannot, it says so and passes: a machine without a network is no weakness.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[1]
WITHIN_S = 120
COMMAND = (
    sys.executable,
    "-m",
    "pip_audit",
    "--requirement",
    "constraints.txt",
    "--no-deps",
    "--disable-pip",
    "--progress-spinner=off",
    "--format=json",
)


def verdict(said: str) -> tuple[int, str]:
    """Return the exit status and a sentence for what pip-audit printed."""
    try:
        dependencies: list[dict[str, Any]] = json.loads(said)["dependencies"]
    except (ValueError, KeyError, TypeError):
        return 0, "Not audited: advisories cannot be reached from here."
    looked_at = [one for one in dependencies if "skip_reason" not in one]
    if not looked_at:
        return 0, "Not audited: advisories cannot be reached from here."
    weak = [f"{one['name']} {one['version']}: {bug['id']}" for one in looked_at for bug in one["vulns"]]
    if weak:
        return 1, "Known weaknesses:\n" + "\n".join(weak)
    return 0, f"No known weakness in {len(looked_at)} dependencies."


def main() -> int:
    try:
        done = subprocess.run(COMMAND, cwd=ROOT, capture_output=True, text=True, timeout=WITHIN_S, check=False)
        said = done.stdout
    except (OSError, subprocess.TimeoutExpired):
        said = ""
    status, sentence = verdict(said)
    sys.stdout.write(sentence + "\n")
    return status


if __name__ == "__main__":
    sys.exit(main())
