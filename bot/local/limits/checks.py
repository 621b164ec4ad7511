"""The few kinds of check that the rules are made of."""

from collections.abc import Collection, Sequence
from typing import Any

from bot.local.errors import Form

Path = tuple[str | int, ...]


class Checks(Form):
    """A form that knows how Discord words the usual mistakes."""

    def required(self, path: Path, value: object) -> bool:
        """Note a missing value; return whether it is there."""
        if value is None or value == "" or value == []:
            self.wrong(path, "BASE_TYPE_REQUIRED", "This field is required")
            return False
        return True

    def length(self, path: Path, value: object, high: int, low: int = 0) -> None:
        """Check the length of a text or a list; None is left alone."""
        if value is None:
            return
        if not isinstance(value, (str, list)):
            self.wrong(path, "BASE_TYPE_BAD_TYPE", "Value has the wrong type.")
        elif low and not low <= len(value) <= high:
            self.wrong(path, "BASE_TYPE_BAD_LENGTH", f"Must be between {low} and {high} in length.")
        elif len(value) > high:
            self.wrong(path, "BASE_TYPE_MAX_LENGTH", f"Must be {high} or fewer in length.")

    def text(self, path: Path, value: object, high: int, low: int = 1) -> None:
        """Check a text that must be there."""
        if self.required(path, value):
            self.length(path, value, high, low)

    def number(self, path: Path, value: object, low: float, high: float) -> None:
        """Check a number against its range; None is left alone."""
        if value is None:
            return
        if not isinstance(value, (int, float)) or isinstance(value, bool):
            self.wrong(path, "NUMBER_TYPE_COERCE", f'Value "{value}" is not a number.')
        elif value < low:
            self.wrong(path, "NUMBER_TYPE_MIN", f"int value should be greater than or equal to {low}.")
        elif value > high:
            self.wrong(path, "NUMBER_TYPE_MAX", f"int value should be less than or equal to {high}.")

    def one_of(self, path: Path, value: object, allowed: Collection[object]) -> None:
        if value not in allowed:
            listed = ", ".join(str(a) for a in allowed)
            self.wrong(path, "BASE_TYPE_CHOICES", f"Value must be one of ({listed}).")

    def keys(self, path: Path, value: dict[str, Any], allowed: Collection[str]) -> None:
        """Note keys that Discord does not know; it drops them in silence, which hides typing errors."""
        for key in sorted(set(value) - set(allowed)):
            self.wrong((*path, key), "UNKNOWN_KEY", "This field does not exist.")

    def unique(self, path: Path, values: Sequence[object], code: str, message: str) -> None:
        """Note every second occurrence, at its index."""
        seen: set[object] = set()
        for index, value in enumerate(values):
            if value is not None and value in seen:
                self.wrong((*path, index), code, message)
            seen.add(value)


def as_dict(value: object) -> dict[str, Any]:
    """Return an object, or an empty one in place of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: object) -> list[Any]:
    """Return a list, or an empty one in place of anything else."""
    return value if isinstance(value, list) else []
