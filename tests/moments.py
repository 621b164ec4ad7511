"""The present of the tests: one fixed instant, and the others at which `make moments` plays the journeys again.

Nothing here reads the machine's clock, so that a run tells the same on a Monday, on a Sunday and at midnight.
`STUDIOHAND_TEST_NOW` moves the whole run to another instant; `TZ` moves the machine.
"""

import os
from datetime import UTC, datetime

USUAL = datetime(2026, 3, 4, 10, tzinfo=UTC)
"""A Wednesday morning: no month ends, no clock changes nearby, and the week has days before and after it."""

MOMENTS: dict[str, tuple[datetime, str]] = {
    "monday": (datetime(2026, 6, 15, 0, 5, tzinfo=UTC), "UTC"),
    "tuesday": (datetime(2026, 7, 14, 23, 50, tzinfo=UTC), "Pacific/Auckland"),
    "thursday": (datetime(2026, 9, 17, 6, 30, tzinfo=UTC), "America/Los_Angeles"),
    "friday": (datetime(2026, 11, 13, 17, 45, tzinfo=UTC), "Europe/Berlin"),
    "saturday": (datetime(2027, 1, 30, 12, 0, tzinfo=UTC), "Asia/Kathmandu"),
    "sunday": (datetime(2027, 5, 2, 21, 15, tzinfo=UTC), "America/Nuuk"),
    "new year": (datetime(2026, 12, 31, 23, 58, tzinfo=UTC), "Europe/London"),
    "leap day": (datetime(2028, 2, 29, 11, 0, tzinfo=UTC), "Asia/Tokyo"),
    "clocks forward": (datetime(2026, 3, 29, 0, 59, tzinfo=UTC), "Europe/Berlin"),
    "clocks back": (datetime(2026, 10, 25, 0, 59, tzinfo=UTC), "Europe/London"),
}
"""Name → the present, and the zone of the machine. A minute before the European clocks go forward and back."""


def present() -> datetime:
    """Return the instant at which a test begins; it only moves when the test moves it."""
    told = os.environ.get("STUDIOHAND_TEST_NOW")
    return datetime.fromisoformat(told).astimezone(UTC) if told else USUAL
