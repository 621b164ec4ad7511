"""Column types that mean the same on SQLite (STRICT) and on PostgreSQL."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import BigInteger, CheckConstraint, Dialect, Double, Integer, Text, types
from sqlalchemy.dialects.postgresql import BOOLEAN, JSONB
from sqlalchemy.dialects.sqlite import INTEGER, REAL
from sqlalchemy.types import TypeEngine

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def BigInt() -> TypeEngine[int]:
    """64-bit integer: Discord ids, bytes, counters."""
    return BigInteger().with_variant(INTEGER(), "sqlite")


def Real() -> TypeEngine[float]:
    """Double precision number."""
    return Double().with_variant(REAL(), "sqlite")


class Instant(types.TypeDecorator[datetime]):
    """Aware UTC instant, stored as whole milliseconds since 1970; refuses naive values."""

    impl = BigInteger
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(INTEGER() if dialect.name == "sqlite" else BigInteger())

    def process_bind_param(self, value: datetime | None, dialect: Dialect | None) -> int | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("an instant needs a time zone")
        return (value - _EPOCH) // timedelta(milliseconds=1)

    def process_result_value(self, value: int | None, dialect: Dialect | None) -> datetime | None:
        return None if value is None else _EPOCH + timedelta(milliseconds=value)


class Json(types.TypeDecorator[Any]):
    """Plain JSON data: text on SQLite, JSONB on PostgreSQL."""

    impl = Text
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        if dialect.name == "postgresql":
            return dialect.type_descriptor(JSONB(none_as_null=True))
        return dialect.type_descriptor(Text())

    def process_bind_param(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.dumps(value, ensure_ascii=False, separators=(",", ":"))

    def process_result_value(self, value: Any, dialect: Dialect) -> Any:
        if value is None or dialect.name == "postgresql":
            return value
        return json.loads(value)

    def compare_values(self, x: Any, y: Any) -> bool:
        return x == y


class Flag(types.TypeDecorator[bool]):
    """Yes or no: INTEGER 0/1 on SQLite, BOOLEAN on PostgreSQL."""

    impl = Integer
    cache_ok = True

    def load_dialect_impl(self, dialect: Dialect) -> TypeEngine[Any]:
        return dialect.type_descriptor(BOOLEAN() if dialect.name == "postgresql" else INTEGER())

    def process_bind_param(self, value: bool | None, dialect: Dialect) -> int | bool | None:
        if value is None:
            return None
        return bool(value) if dialect.name == "postgresql" else int(bool(value))

    def process_result_value(self, value: int | bool | None, dialect: Dialect) -> bool | None:
        return None if value is None else bool(value)


def one_of(column: str, values: type) -> CheckConstraint:
    """Return the CHECK that keeps `column` inside the StrEnum `values`."""
    allowed = ", ".join(f"'{value}'" for value in values)  # type: ignore[attr-defined]
    return CheckConstraint(f"{column} IN ({allowed})", name=f"{column}_known")
