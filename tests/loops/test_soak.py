"""The properties of the engines again, on thousands of examples."""

import os
import subprocess
import sys

import pytest


@pytest.mark.soak
@pytest.mark.timeout(3600)
def test_every_property_holds_on_thousands_of_examples():
    files = [f"tests/loops/test_{name}.py" for name in ("momentum", "sequence", "transfer", "whatif")]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", "-n0", "-q", "--timeout", "3000", *files],
        env={**os.environ, "STUDIOHAND_EXAMPLES": "3000"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ran.returncode == 0, ran.stdout[-3000:]
