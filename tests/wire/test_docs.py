"""The journey printed in the documentation is run as it stands there."""

import re
from pathlib import Path
from typing import Any

import pytest

from tests.wire.kit import Actor, Place

PAGE = Path(__file__).resolve().parents[2] / "docs" / "local.md"


@pytest.mark.usefixtures("sample")
async def test_the_journey_in_the_documentation_runs(ada: Actor, ben: Actor, general: Place) -> None:
    (story,) = re.findall(r"```python journey\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    space: dict[str, Any] = {}
    exec(story, space)
    await space["test_a_bounce_is_tagged"](ada, ben, general)
